//! What a relay can do wrong, and which rules make it do so.

use std::{net::SocketAddr, time::Duration};

use super::{
    batches::Batches,
    byte_edit::{ByteChange, ByteEdit},
    delay::Delay,
    drip::Drip,
    editing::Editing,
    endings::{EndAfter, EndWhenIdle, EndWhenStalled},
    frame_edit::{FrameChange, FrameEdit},
    pauses::Pauses,
    plain::Plain,
    pump::{End, Rules},
    turns::{self, Buffer},
    unlimited::Unlimited,
};

/// How every connection through a relay is treated, in both directions unless said otherwise.
///
/// Capacities, bursts and offsets are bytes, rates bytes a second. A half-close passes as a half-close and
/// a reset as a reset, at once, whatever is still waiting. "Stalled" is a direction from the first write
/// that the far socket refuses until it takes a byte again.
#[derive(Clone, Debug)]
pub(crate) enum Behaviour {
    /// Holds 64 KiB a direction, and the kernel's small buffers.
    Plain,
    /// Reads whatever comes, without any bound.
    Unlimited,
    /// Lets `after` bytes pass at full speed, then reads at `rate`, for ever, into `capacity` bytes.
    Drip { capacity: usize, rate: u64, after: u64 },
    /// Plain, but reads on at `rate` into `capacity` bytes while stalled.
    DripWhenStalled { capacity: usize, rate: u64 },
    /// Plain, but while stalled reads `burst` bytes, pauses, and again, without any bound.
    Pauses { pause: Duration, burst: usize },
    /// Fewer than `up_to` waiting bytes are held until the first has waited for `window`, or the end comes.
    Batches { window: Duration, up_to: usize },
    /// Resets both sides once this many bytes were passed on in either direction. A reset may overtake
    /// bytes that the far side's window had not yet let out of the relay's kernel.
    ResetAfter(u64),
    /// Ends both sides by FIN once this many bytes were passed on in either direction; what still comes is
    /// read and thrown away until the ends close, for 5 s at most: unread bytes would turn the FIN into a reset.
    CloseAfter(u64),
    /// Stops reading and writing for ever once this many bytes were passed on in either direction.
    HangAfter(u64),
    /// Resets both sides when a direction has been stalled for so long.
    ResetWhenStalled(Duration),
    /// As `CloseAfter`, when a direction has been stalled for so long.
    CloseWhenStalled(Duration),
    /// As `CloseAfter`, when no byte moved in either direction for so long.
    EndsWhenIdle(Duration),
    /// Accepts, and resets at once.
    ResetAtConnect,
    /// Accepts, and does nothing for ever.
    SilentAtConnect,
    /// Loses byte `at`. Like all edits below: in the direction that carries frames, from 0 at its first frame.
    DropByte { at: u64 },
    /// Inverts the lowest bit of byte `at`.
    FlipBit { at: u64 },
    /// Puts a foreign byte before byte `at`.
    InsertByte { at: u64 },
    /// Exchanges frame `at_frame` and the next.
    SwapFrames { at_frame: u64 },
    /// Sends frame `at_frame` twice.
    DuplicateFrame { at_frame: u64 },
    /// Loses frame `at_frame`.
    DropFrame { at_frame: u64 },
    /// Each byte, and the half-close, leaves so long after it arrived. Holds 64 MiB a direction, and reads
    /// nothing while stalled, as a path that is long rather than slow.
    Delay(Duration),
    /// One buffer for both directions of a connection: while one waits to write, the other waits too.
    StallsBoth,
    /// One small buffer for all connections: while one of them waits to write, all wait.
    SharedBuffer,
    /// Plain; connections go to these in turn, and never to the relay's own upstream.
    Alternates(Vec<SocketAddr>),
}

/// What carries the bytes of one connection.
pub(super) enum Carrier {
    /// Each direction by its own rules, first client to server.
    Pumps([Box<dyn Rules>; 2]),
    /// Both directions through a buffer that somebody else may be using.
    Turns(Buffer),
}

impl Behaviour {
    /// For a new connection; `shared` is the relay's buffer for all.
    pub(super) fn carrier(&self, shared: Buffer) -> Carrier {
        match self {
            Self::SharedBuffer => Carrier::Turns(shared),
            Self::StallsBoth => Carrier::Turns(turns::buffer()),
            Self::EndsWhenIdle(limit) => {
                let [up, down] = EndWhenIdle::both_directions(*limit);
                Carrier::Pumps([Box::new(up), Box::new(down)])
            }
            _ => Carrier::Pumps([self.rules(), self.rules()]),
        }
    }

    fn rules(&self) -> Box<dyn Rules> {
        match *self {
            Self::Unlimited => Box::new(Unlimited),
            Self::Drip { capacity, rate, after } => Box::new(Drip::after(after, rate, capacity)),
            Self::DripWhenStalled { capacity, rate } => Box::new(Drip::when_stalled(rate, capacity)),
            Self::Pauses { pause, burst } => Box::new(Pauses::new(pause, burst)),
            Self::Batches { window, up_to } => Box::new(Batches::new(window, up_to)),
            Self::ResetAfter(bytes) => Box::new(EndAfter { bytes, end: End::Reset }),
            Self::CloseAfter(bytes) => Box::new(EndAfter { bytes, end: End::Close }),
            Self::HangAfter(bytes) => Box::new(EndAfter { bytes, end: End::Hang }),
            Self::ResetWhenStalled(limit) => Box::new(EndWhenStalled { limit, end: End::Reset }),
            Self::CloseWhenStalled(limit) => Box::new(EndWhenStalled { limit, end: End::Close }),
            Self::DropByte { at } => byte_edit(at, ByteChange::Drop),
            Self::FlipBit { at } => byte_edit(at, ByteChange::Flip),
            Self::InsertByte { at } => byte_edit(at, ByteChange::Insert),
            Self::SwapFrames { at_frame } => frame_edit(at_frame, FrameChange::Swap),
            Self::DuplicateFrame { at_frame } => frame_edit(at_frame, FrameChange::Duplicate),
            Self::DropFrame { at_frame } => frame_edit(at_frame, FrameChange::Drop),
            Self::Delay(delay) => Box::new(Delay(delay)),
            Self::Plain
            | Self::EndsWhenIdle(_)
            | Self::ResetAtConnect
            | Self::SilentAtConnect
            | Self::StallsBoth
            | Self::SharedBuffer
            | Self::Alternates(_) => Box::new(Plain),
        }
    }
}

fn byte_edit(at: u64, change: ByteChange) -> Box<dyn Rules> {
    Box::new(Editing::new(ByteEdit::new(at, change)))
}

fn frame_edit(at_frame: u64, change: FrameChange) -> Box<dyn Rules> {
    Box::new(Editing::new(FrameEdit::new(at_frame, change)))
}
