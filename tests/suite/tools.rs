//! Where other people's programs are that `cargo xtask test` installed for the tests.

/// A Python with its packages.
pub(crate) const PYTHON: &str = "BACKPRESSURE_TEST_PYTHON";

/// The folder of Node.js packages.
pub(crate) const NODE_MODULES: &str = "BACKPRESSURE_TEST_NODE_PATH";

/// A tool that the test cannot do without.
pub(crate) fn tool(variable: &str) -> String {
    std::env::var(variable).unwrap_or_else(|_| {
        panic!("{variable} is not set: run the tests with `cargo xtask test`, which installs what they need")
    })
}
