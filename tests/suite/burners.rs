//! Something else that keeps the cores busy.

use std::process::{Child, Command, Stdio};

/// Processes that burn a core each, ended by their ids when this is dropped.
#[derive(Debug)]
pub(crate) struct Burners(Vec<Child>);

impl Burners {
    pub(crate) fn start(count: usize) -> Self {
        let mut burners = Self(Vec::new());
        for _ in 0..count {
            let burner = Command::new("sh").args(["-c", BURN]).stdin(Stdio::null()).spawn();
            burners.0.push(burner.expect("there is a shell"));
        }
        burners
    }
}

impl Drop for Burners {
    fn drop(&mut self) {
        for burner in &mut self.0 {
            drop(burner.kill());
            drop(burner.wait());
        }
    }
}

/// Ends by itself once the test is gone, however that went.
const BURN: &str =
    r#"while kill -0 "$PPID" 2>/dev/null; do i=0; while [ $i -lt 100000 ]; do i=$((i + 1)); done; done"#;
