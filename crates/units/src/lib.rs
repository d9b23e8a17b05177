//! Sizes, rates, durations and instants that carry their unit in the type.
//!
//! A bare number appears only where it leaves the program; everything that comes in is parsed
//! here, and a number without a unit is refused unless it is 0.

mod duration;
mod quantity;
mod rate;
mod ratio;
mod size;
mod timestamp;

pub use duration::{Span, format_duration, parse_duration};
pub use quantity::QuantityError;
pub use rate::ByteRate;
pub use ratio::{Ratio, RatioError};
pub use size::ByteSize;
pub use timestamp::{Clock, Timestamp};
