//! Samples in some twenty bytes each, a tenth of what they are in memory: thousands of streams keep tens of them each.
//!
//! Most of a sample is as it was in the one before. What is not is written as the difference.

use crate::Sample;
use socket::TcpState;
use std::iter::from_fn;
use units::Timestamp;

/// Samples in the order in which they were kept, packed. Reading it unpacks them one by one.
#[derive(Debug, Clone, Default)]
pub struct SampleLog {
    /// For each sample which columns differ from the sample before it, then the differences.
    bytes: Vec<u8>,
    length: usize,
    last: Option<Sample>,
}

/// The fields of a sample as numbers, those that change most often first.
type Columns = [u64; 23];

impl SampleLog {
    /// Keeps another sample.
    pub fn push(&mut self, sample: Sample) {
        let before = self.last.as_ref().map_or([0; _], columns);
        let now = columns(&sample);
        let differs = |(column, (now, before)): (u32, (&u64, &u64))| u64::from(now != before) << column;
        let mask = (0..).zip(now.iter().zip(&before)).map(differs).sum();
        // Twice the room whenever it is short would be half of it empty, ten thousand times over.
        if self.bytes.capacity() - self.bytes.len() < LONGEST {
            self.bytes.reserve_exact(self.bytes.len() / 4 + LONGEST);
        }
        put(&mut self.bytes, mask);
        for (now, before) in now.iter().zip(&before).filter(|(now, before)| now != before) {
            put(&mut self.bytes, folded(now.wrapping_sub(*before)));
        }
        self.length += 1;
        self.last = Some(sample);
    }

    /// All of them in order.
    pub fn iter(&self) -> impl Iterator<Item = Sample> {
        let (mut rest, mut columns) = (self.bytes.as_slice(), [0u64; _]);
        from_fn(move || {
            let mask = take(&mut rest)?;
            for (at, column) in columns.iter_mut().enumerate() {
                if mask >> at & 1 == 1 {
                    *column = column.wrapping_add(unfolded(take(&mut rest)?));
                }
            }
            Some(sample(&columns))
        })
    }

    /// The first.
    pub fn first(&self) -> Option<Sample> {
        self.iter().next()
    }

    /// The last.
    pub fn last(&self) -> Option<&Sample> {
        self.last.as_ref()
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.length
    }

    /// There are none.
    pub fn is_empty(&self) -> bool {
        self.length == 0
    }

    /// Forgets all of them.
    pub fn clear(&mut self) {
        self.bytes.clear();
        (self.length, self.last) = (0, None);
    }
}

/// What a sample of which everything differs may take: its mask and ten bytes a column at most.
const LONGEST: usize = 4 + 10 * size_of::<Columns>() / size_of::<u64>();

fn columns(sample: &Sample) -> Columns {
    let narrow = |value: Option<u32>| u64::from(value.unwrap_or_default());
    let known = [
        sample.waiting,
        sample.snd_wnd.is_some(),
        sample.rcv_wnd.is_some(),
        sample.unsent.is_some(),
        sample.bytes_acked.is_some(),
        sample.bytes_received.is_some(),
        sample.rwnd_limited_us.is_some(),
    ];
    let known = (0..).zip(known).map(|(bit, known)| u64::from(known) << bit).sum();
    [
        sample.at.as_nanos(),
        sample.last_ack_received_ms.into(),
        sample.stream_bytes,
        sample.send_queue,
        sample.receive_queue,
        sample.bytes_acked.unwrap_or_default(),
        sample.bytes_received.unwrap_or_default(),
        narrow(sample.snd_wnd),
        narrow(sample.rcv_wnd),
        narrow(sample.unsent),
        sample.rtt_us.into(),
        sample.rto_us.into(),
        sample.rwnd_limited_us.unwrap_or_default(),
        known,
        sample.user_bytes,
        sample.unacked.into(),
        sample.probes.into(),
        sample.backoff.into(),
        sample.retransmits.into(),
        sample.total_retransmits.into(),
        sample.snd_cwnd.into(),
        sample.snd_mss.into(),
        u8::from(sample.state).into(),
    ]
}

fn sample(columns: &Columns) -> Sample {
    let [
        at,
        last_ack_received_ms,
        stream_bytes,
        send_queue,
        receive_queue,
        bytes_acked,
        bytes_received,
        snd_wnd,
        rcv_wnd,
        unsent,
        rtt_us,
        rto_us,
        rwnd_limited_us,
        known,
        user_bytes,
        unacked,
        probes,
        backoff,
        retransmits,
        total_retransmits,
        snd_cwnd,
        snd_mss,
        state,
    ] = *columns;
    // Each comes from a field of the same width, so it fits.
    let short = |value: u64| u8::try_from(value).unwrap_or_default();
    let narrow = |value: u64| u32::try_from(value).unwrap_or_default();
    let is_known = |bit: u32| known >> bit & 1 == 1;
    Sample {
        at: Timestamp::from_nanos(at),
        stream_bytes,
        user_bytes,
        waiting: is_known(0),
        state: TcpState::from(short(state)),
        snd_wnd: is_known(1).then_some(narrow(snd_wnd)),
        rcv_wnd: is_known(2).then_some(narrow(rcv_wnd)),
        send_queue,
        unsent: is_known(3).then_some(narrow(unsent)),
        receive_queue,
        bytes_acked: is_known(4).then_some(bytes_acked),
        bytes_received: is_known(5).then_some(bytes_received),
        unacked: narrow(unacked),
        rtt_us: narrow(rtt_us),
        rto_us: narrow(rto_us),
        snd_cwnd: narrow(snd_cwnd),
        snd_mss: narrow(snd_mss),
        retransmits: short(retransmits),
        total_retransmits: narrow(total_retransmits),
        probes: short(probes),
        backoff: short(backoff),
        last_ack_received_ms: narrow(last_ack_received_ms),
        rwnd_limited_us: is_known(6).then_some(rwnd_limited_us),
    }
}

/// A difference of which small ones of either sign are small numbers.
fn folded(difference: u64) -> u64 {
    let signed = difference.cast_signed();
    (signed << 1 ^ signed >> 63).cast_unsigned()
}

fn unfolded(number: u64) -> u64 {
    number >> 1 ^ (number & 1).wrapping_neg()
}

/// Seven bits a byte, the lowest first; the last byte is below 128 (LEB128).
fn put(bytes: &mut Vec<u8>, mut number: u64) {
    while number > 0x7f {
        bytes.push(number.to_le_bytes()[0] | 0x80);
        number >>= 7;
    }
    bytes.push(number.to_le_bytes()[0]);
}

fn take(rest: &mut &[u8]) -> Option<u64> {
    let mut number = 0;
    for shift in (0..64).step_by(7) {
        let (byte, after) = rest.split_first()?;
        *rest = after;
        number |= u64::from(byte & 0x7f) << shift;
        if byte & 0x80 == 0 {
            break;
        }
    }
    Some(number)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::collection::vec;
    use proptest::prelude::*;

    fn logged(samples: &[Sample]) -> SampleLog {
        let mut log = SampleLog::default();
        for sample in samples {
            log.push(sample.clone());
        }
        log
    }

    fn any_sample() -> impl Strategy<Value = Sample> {
        let counters = (any::<u64>(), any::<u64>(), any::<u64>(), any::<u64>(), any::<u64>());
        let known = (any::<Option<u32>>(), any::<Option<u32>>(), any::<Option<u32>>());
        let totals = (any::<Option<u64>>(), any::<Option<u64>>(), any::<Option<u64>>());
        let path = (any::<u32>(), any::<u32>(), any::<u32>(), any::<u32>(), any::<u32>(), any::<u32>());
        let rest = (any::<u32>(), any::<u8>(), any::<u8>(), any::<u8>(), any::<u8>(), any::<bool>());
        (counters, known, totals, path, rest).prop_map(|(counters, known, totals, path, rest)| Sample {
            at: Timestamp::from_nanos(counters.0),
            stream_bytes: counters.1,
            user_bytes: counters.2,
            waiting: rest.5,
            state: TcpState::from(rest.4 % 13),
            snd_wnd: known.0,
            rcv_wnd: known.1,
            send_queue: counters.3,
            unsent: known.2,
            receive_queue: counters.4,
            bytes_acked: totals.0,
            bytes_received: totals.1,
            unacked: path.0,
            rtt_us: path.1,
            rto_us: path.2,
            snd_cwnd: path.3,
            snd_mss: path.4,
            retransmits: rest.1,
            total_retransmits: path.5,
            probes: rest.2,
            backoff: rest.3,
            last_ack_received_ms: rest.0,
            rwnd_limited_us: totals.2,
        })
    }

    proptest! {
        #[test]
        fn whatever_is_kept_comes_back(samples in vec(any_sample(), 0..20)) {
            let log = logged(&samples);
            prop_assert_eq!((log.len(), log.is_empty()), (samples.len(), samples.is_empty()));
            prop_assert_eq!(log.first(), samples.first().cloned());
            prop_assert_eq!(log.last(), samples.last());
            prop_assert_eq!(log.iter().collect::<Vec<_>>(), samples);
        }

        #[test]
        fn samples_that_follow_each_other_take_little_room(mut sample in any_sample()) {
            let mut log = SampleLog::default();
            for second in 0..50 {
                sample.at = Timestamp::from_nanos(second * 1_000_000_000);
                sample.stream_bytes = sample.stream_bytes.wrapping_add(50_000);
                sample.rtt_us ^= 5;
                log.push(sample.clone());
            }
            prop_assert!(log.bytes.capacity() < 50 * 25, "{} bytes", log.bytes.capacity());
        }

        #[test]
        fn what_was_forgotten_does_not_come_back(samples in vec(any_sample(), 3), later in any_sample()) {
            let mut log = logged(&samples);
            log.clear();
            prop_assert!(log.is_empty() && log.last().is_none());
            log.push(later.clone());
            prop_assert_eq!(log.iter().collect::<Vec<_>>(), [later]);
        }
    }
}
