//! What a client shows to a server that does not serve everybody.

use std::fmt;
use std::str::FromStr;

/// A secret of 8 to 256 visible ASCII characters. It is neither printed nor recorded.
#[derive(Clone, PartialEq, Eq)]
pub struct Token(String);

/// A text that is no token. It is not repeated.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a token has 8 to 256 visible ASCII characters")]
pub struct TokenError;

impl Token {
    /// The secret, to be shown to a server.
    pub fn secret(&self) -> &str {
        &self.0
    }

    /// Whether `shown` is this one. It takes as long wherever the first difference lies.
    pub fn is(&self, shown: &str) -> bool {
        let (own, shown) = (self.0.as_bytes(), shown.as_bytes());
        let differences = own.iter().zip(shown).fold(0, |found, (own, shown)| found | (own ^ shown));
        own.len() == shown.len() && differences == 0
    }
}

impl FromStr for Token {
    type Err = TokenError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let fits = (8..=256).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_graphic());
        fits.then(|| Self(text.to_owned())).ok_or(TokenError)
    }
}

impl fmt::Debug for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Token")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_is_recognised_as_a_whole_and_never_told() {
        let token: Token = "correct-horse".parse().unwrap();
        assert!(token.is("correct-horse"));
        for other in ["", "correct-hors", "correct-horsf", "correct-horse-"] {
            assert!(!token.is(other), "{other}");
        }
        assert_eq!(format!("{token:?}"), "Token");
    }

    #[test]
    fn what_no_header_carries_is_no_token() {
        for text in ["", "short", "with space", "tab\there", "ünicode!", &"x".repeat(257)] {
            assert_eq!(text.parse::<Token>(), Err(TokenError), "{text}");
        }
    }
}
