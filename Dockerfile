# The server as an image: docker build -t backpressure . && docker run -p 8080:8080 backpressure
ARG BUILD_IMAGE=rust:1.95-bookworm
ARG RUN_IMAGE=debian:bookworm-slim

FROM ${BUILD_IMAGE} AS build
WORKDIR /src
COPY . .
RUN cargo build --release --locked && cp target/release/backpressure /backpressure

FROM ${RUN_IMAGE}
COPY --from=build /backpressure /backpressure
COPY configs /configs
USER 65534:65534
ENV PORT=8080
EXPOSE 8080
ENTRYPOINT ["/backpressure"]
CMD ["-server", "/configs/server.yml"]
