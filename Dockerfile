# The server as an image:
#
#   docker build -t backpressure . && docker run -p 8080:8080 backpressure
#
# Anything else the program does: docker run backpressure check --target ws://example.net/ws
ARG BUILD_IMAGE=rust:1.95-bookworm
ARG RUN_IMAGE=debian:bookworm-slim

FROM ${BUILD_IMAGE} AS build
WORKDIR /source
COPY . .
RUN cargo build --release --locked

FROM ${RUN_IMAGE}
COPY --from=build /source/target/release/backpressure /usr/local/bin/backpressure
# Nobody: it needs no rights. Where it runs it may write, for recordings go to ./runs by default.
RUN install -d -o 65534 -g 65534 /work
WORKDIR /work
COPY configs configs
USER 65534:65534
EXPOSE 8080
ENTRYPOINT ["/usr/local/bin/backpressure"]
CMD ["-server", "configs/server.yml"]
