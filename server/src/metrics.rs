//! What a monitoring system reads at `/metrics`.

use axum::http::header::CONTENT_TYPE;
use axum::response::IntoResponse;
use endpoint::{Flow, Meter};
use prometheus_client::collector::Collector;
use prometheus_client::encoding::{DescriptorEncoder, EncodeLabelSet, EncodeMetric};
use prometheus_client::metrics::MetricType;
use prometheus_client::metrics::counter::{ConstCounter, Counter};
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::registry::{Registry, Unit};
use std::fmt;
use std::sync::Arc;
use trace::Direction;

/// All figures of one server.
#[derive(Debug)]
pub(crate) struct Metrics {
    registry: Registry,
    open: Gauge,
    accepted: Counter,
    turned_away: Family<Why, Counter>,
}

/// Why a connection was closed before it was served.
#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Why {
    reason: &'static str,
}

/// Why a connection was turned away.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Reason {
    /// The server serves as many as it may.
    Full,
    /// So many came from its address already.
    Address,
    /// It said nothing, or nothing that is understood.
    Stranger,
}

/// An open connection, counted until it is dropped.
#[derive(Debug)]
pub(crate) struct Counted(Gauge);

impl Metrics {
    pub(crate) fn new(meter: Arc<Meter>) -> Self {
        let mut registry = Registry::with_prefix("backpressure");
        let (open, accepted) = (Gauge::default(), Counter::default());
        let turned_away = Family::<Why, Counter>::default();
        registry.register("connections_open", "Connections open now", open.clone());
        registry.register("connections", "Connections accepted", accepted.clone());
        let help = "Connections closed before they were served";
        registry.register("connections_turned_away", help, turned_away.clone());
        registry.register_collector(Box::new(Flows(meter)));
        Self { registry, open, accepted, turned_away }
    }

    /// Counts a connection that was accepted.
    pub(crate) fn accepted(&self) -> Counted {
        self.accepted.inc();
        self.open.inc();
        Counted(self.open.clone())
    }

    /// Counts a connection that was turned away.
    pub(crate) fn turned_away(&self, reason: Reason) {
        let reason = match reason {
            Reason::Full => "full",
            Reason::Address => "address",
            Reason::Stranger => "stranger",
        };
        self.turned_away.get_or_create(&Why { reason }).inc();
    }

    /// The text that Prometheus reads.
    pub(crate) fn answer(&self) -> impl IntoResponse + use<> {
        let mut text = String::new();
        prometheus_client::encoding::text::encode(&mut text, &self.registry)
            .expect("a string takes everything");
        ([(CONTENT_TYPE, "application/openmetrics-text; version=1.0.0; charset=utf-8")], text)
    }
}

impl Drop for Counted {
    fn drop(&mut self) {
        self.0.dec();
    }
}

/// What passed, read where it is counted.
#[derive(Debug)]
struct Flows(Arc<Meter>);

#[derive(Debug, EncodeLabelSet)]
struct Way {
    direction: &'static str,
}

impl Collector for Flows {
    fn encode(&self, mut encoder: DescriptorEncoder<'_>) -> Result<(), fmt::Error> {
        let flows = [("upload", Direction::Upload), ("download", Direction::Download)]
            .map(|(direction, way)| (Way { direction }, self.0.flow(way)));
        let mut family = |name, help, unit: Option<Unit>, figure: &dyn Fn(&Flow) -> f64| {
            let mut family = encoder.encode_descriptor(name, help, unit.as_ref(), MetricType::Counter)?;
            for (way, flow) in &flows {
                ConstCounter::new(figure(flow)).encode(family.encode_family(way)?)?;
            }
            Ok(())
        };
        #[expect(clippy::cast_precision_loss, reason = "the text format has floating point alone")]
        let whole = |count: u64| count as f64;
        let help = "Bytes that streams carried, with what frames them";
        family("stream", help, Some(Unit::Bytes), &|flow| whole(flow.bytes))?;
        let help = "How long receive windows were zero, added up over streams";
        family("zero_window", help, Some(Unit::Seconds), &|flow| flow.zero_window.as_secs_f64())?;
        let help = "Writes of this server that waited for 20 ms or longer without progress";
        family("write_stalls", help, None, &|flow| whole(flow.write_stalls))?;
        let help = "How long those writes waited, added up";
        family("write_stalled", help, Some(Unit::Seconds), &|flow| flow.write_stalled.as_secs_f64())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    #[test]
    fn the_text_names_what_passed_by_direction() {
        let meter = Arc::new(Meter::default());
        let metrics = Metrics::new(Arc::clone(&meter));
        let flow = Flow { bytes: 1 << 20, zero_window: Duration::from_millis(1500), ..Flow::default() };
        meter.add(Direction::Upload, flow);
        let _open = metrics.accepted();
        metrics.turned_away(Reason::Full);
        let mut text = String::new();
        prometheus_client::encoding::text::encode(&mut text, &metrics.registry).unwrap();
        for line in [
            "backpressure_stream_bytes_total{direction=\"upload\"} 1048576.0",
            "backpressure_zero_window_seconds_total{direction=\"upload\"} 1.5",
            "backpressure_write_stalls_total{direction=\"download\"} 0.0",
            "backpressure_connections_open 1",
            "backpressure_connections_total 1",
            "backpressure_connections_turned_away_total{reason=\"full\"} 1",
        ] {
            assert!(text.lines().any(|found| found == line), "{line} in:\n{text}");
        }
    }
}
