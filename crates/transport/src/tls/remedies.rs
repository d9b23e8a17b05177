//! What helps where a server is not trusted, in the words of whoever runs the client.

/// How a client is told whom it trusts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Remedies {
    /// These certificates are trusted.
    pub(super) ca: &'static str,
    /// Whoever answers is trusted.
    pub(super) insecure: &'static str,
    /// The server is asked for by this name.
    pub(super) sni: &'static str,
}

impl Remedies {
    /// By options of the command line.
    pub const OPTIONS: Self = Self { ca: "--ca FILE", insecure: "--insecure", sni: "--sni NAME" };
    /// By keys of a client's file.
    pub const KEYS: Self =
        Self { ca: "`tls: {ca: FILE}`", insecure: "`tls: {insecure: true}`", sni: "`tls: {sni: NAME}`" };
}
