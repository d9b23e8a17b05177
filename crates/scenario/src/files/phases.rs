//! Read plans in files.

use super::number::{PHASE_MAX_MS, Size, Time};
use super::strict;
use super::value::Scalar;
use crate::bounds::LIMITS;
use crate::read_plan::{Manner, PhaseEnd, ReadPhase, ReadPlan};
use schemars::JsonSchema;
use serde::Deserialize;
use serde::de::{DeserializeSeed, Deserializer, Error, MapAccess, SeqAccess, Visitor};
use std::fmt;

/// A phase in which a consumer reads in one manner: either `rate`, or `chunk` and `every`. Every phase but the last ends by
/// `for` or by `bytes`; the last one stays.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "ReadPhase")]
pub(super) struct PhaseKeys {
    /// How fast it reads: `unlimited`, 0 for a stall (the window closes), or bytes a second such as `64KiB/s`.
    rate: Option<Scalar<Manner>>,
    /// The most that one read takes, 1 B to 16 MiB, such as `512B`; together with `every`.
    chunk: Option<Scalar<Size<1, { LIMITS.read_max.as_u64() }, false>>>,
    /// The pause after each read, 0 to 1 h, such as `10ms`; together with `chunk`.
    every: Option<Scalar<Time<0, PHASE_MAX_MS, false>>>,
    /// How long the phase lasts, 1 ms to 1 h, such as `2s`.
    #[serde(rename = "for")]
    lasts: Option<Scalar<Time<1, PHASE_MAX_MS, false>>>,
    /// How many bytes are read in the phase, 1 B to 1 TiB, such as `10MiB`.
    bytes: Option<Scalar<Size<1, { LIMITS.stream_max.as_u64() }, false>>>,
}

const EXCLUSIVE: strict::Exclusive = &[("rate", "chunk"), ("rate", "every"), ("for", "bytes")];

impl PhaseKeys {
    fn manner(&self) -> Result<Manner, &'static str> {
        match (self.rate, self.chunk, self.every) {
            (Some(Scalar(manner)), _, _) => Ok(manner),
            (None, Some(Scalar(Size(chunk))), Some(Scalar(Time(every)))) => {
                Ok(Manner::Chunks { chunk, every })
            }
            (None, Some(_), None) => Err("`chunk` needs `every`, the pause after each read"),
            (None, None, Some(_)) => Err("`every` needs `chunk`, the most that one read takes"),
            (None, None, None) => Err("a phase needs `rate`, or `chunk` and `every`"),
        }
    }

    fn end(&self) -> Option<PhaseEnd> {
        let time = self.lasts.map(|Scalar(Time(span))| PhaseEnd::After(span));
        time.or(self.bytes.map(|Scalar(Size(bytes))| PhaseEnd::Bytes(bytes)))
    }

    fn checked(&self) -> Result<Phase, &'static str> {
        match (self.manner()?, self.end()) {
            (Manner::Stalled, Some(PhaseEnd::Bytes(_))) => {
                Err("a phase of rate 0 reads no `bytes`, so it would never end; give it `for`")
            }
            (manner, end) => Ok(Phase { manner, end }),
        }
    }
}

/// A phase before it is known whether it is the last one.
#[derive(Debug, Clone, Copy)]
struct Phase {
    manner: Manner,
    end: Option<PhaseEnd>,
}

/// A read plan in a file.
#[derive(Debug)]
pub(super) struct Phases(pub(super) ReadPlan);

impl<'de> Deserialize<'de> for Phases {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_seq(PlanVisitor).map(Self)
    }
}

struct PlanVisitor;

impl<'de> Visitor<'de> for PlanVisitor {
    type Value = ReadPlan;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a list of phases, such as `- {for: 2s, rate: unlimited}`")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<ReadPlan, A::Error> {
        let (mut ending, mut latest) = (Vec::new(), None);
        while let Some((before, phase)) =
            list.next_element_seed(Following { number: ending.len(), latest })?
        {
            ending.extend(before);
            latest = Some(phase);
        }
        match latest {
            Some(last) => Ok(ReadPlan::of_checked(ending, last.manner)),
            None => Err(A::Error::custom("is empty; it must be a list of at least one phase")),
        }
    }
}

/// Reads the next phase, which shows that the latest one is not the last: so a mistake in their order is reported where it
/// stands.
struct Following {
    /// Phases before the latest one.
    number: usize,
    latest: Option<Phase>,
}

impl Following {
    /// The latest phase, now that another one follows.
    fn latest(&self) -> Result<Option<ReadPhase>, String> {
        let Some(Phase { manner, end }) = self.latest else { return Ok(None) };
        let most = LIMITS.read_phases_max;
        if self.number + 2 > most {
            return Err(format!("a plan has at most {most} phases"));
        }
        let end = end.ok_or("is never reached, for the phase before it has neither `for` nor `bytes`")?;
        Ok(Some(ReadPhase { manner, end }))
    }
}

impl<'de> DeserializeSeed<'de> for Following {
    type Value = (Option<ReadPhase>, Phase);

    fn deserialize<D: Deserializer<'de>>(self, phase: D) -> Result<Self::Value, D::Error> {
        phase.deserialize_map(self)
    }
}

impl<'de> Visitor<'de> for Following {
    type Value = (Option<ReadPhase>, Phase);

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a phase, such as `{for: 2s, rate: unlimited}`")
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Self::Value, A::Error> {
        let latest = self.latest().map_err(A::Error::custom)?;
        let keys: PhaseKeys = strict::keys(map, EXCLUSIVE)?;
        Ok((latest, keys.checked().map_err(A::Error::custom)?))
    }
}
