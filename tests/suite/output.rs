//! What a check prints and leaves behind, as people, scripts and continuous integration read it.

mod expectations;
mod help;
mod json;
mod recording;
mod screen;
mod shape;

use crate::command::{Background, program};
use crate::workplace::Workplace;
use std::process::Stdio;

/// The program at work in `place`; the arguments are parted by spaces.
fn start(place: &Workplace, arguments: &str) -> Background {
    let mut command = program();
    command.current_dir(place.path()).args(arguments.split_whitespace()).stdin(Stdio::null());
    let process = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn();
    Background(process.expect("the program starts"))
}

/// Short phases, for what does not depend on the defaults.
const QUICK: &str = "--direction upload --baseline 0s --hold 100ms";

const WARM: &str = "--direction upload --baseline 300ms --hold 300ms";
