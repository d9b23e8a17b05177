//! What a request of ours over HTTP is about, as its headers say.
//!
//! Nothing depends on bytes that pass promptly: proxies may hold a request back until it is complete, and a response until
//! there is much of it. So a stream is asked for by a complete request, and begins in another; control messages travel in
//! complete requests and responses.

use crate::{Opening, OpeningError, RunId};

/// What a request is about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Errand {
    /// Who is there? The response's body is a reply; where the opening is for control, the run begins.
    Ask(Opening),
    /// Its body, or that of its response, is the stream.
    Carry(Opening),
    /// Its body is control messages, the first of which has this number.
    Say {
        /// From the reply that began the run.
        token: RunId,
        /// Counted from 0, so that what is sent again is taken once.
        first: u64,
    },
    /// The response's body is to be the next control messages.
    Hear {
        /// From the reply that began the run.
        token: RunId,
        /// So many were received: they need not be kept.
        received: u64,
    },
}

impl Errand {
    /// The header that names the errand.
    pub const NAME: &'static str = "backpressure-errand";

    /// The header that names what it is about.
    pub const ABOUT: &'static str = "backpressure-about";

    /// The values of the two headers.
    pub fn headers(&self) -> (&'static str, String) {
        match self {
            Self::Ask(opening) => ("ask", opening.to_header()),
            Self::Carry(opening) => ("carry", opening.to_header()),
            Self::Say { token, first } => ("say", format!("{token} {first}")),
            Self::Hear { token, received } => ("hear", format!("{token} {received}")),
        }
    }

    /// From the values of the two headers.
    pub fn parse(name: &[u8], about: &[u8]) -> Result<Self, OpeningError> {
        match name {
            b"ask" => Opening::from_header(about).map(Self::Ask),
            b"carry" => Opening::from_header(about).map(Self::Carry),
            b"say" => numbered(about).map(|(token, first)| Self::Say { token, first }),
            b"hear" => numbered(about).map(|(token, received)| Self::Hear { token, received }),
            other => Err(OpeningError::Stranger(crate::opening::excerpt(other))),
        }
    }
}

fn numbered(about: &[u8]) -> Result<(RunId, u64), OpeningError> {
    let parts = std::str::from_utf8(about).ok().and_then(|about| about.split_once(' '));
    let parsed = parts
        .and_then(|(token, number)| Some((RunId::try_from(token.to_owned()).ok()?, number.parse().ok()?)));
    parsed.ok_or_else(|| OpeningError::Malformed("a token and a number are needed".to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn an_errand_comes_back_from_its_headers() {
        let opening = Opening::of_stream(RunId::from_random(7), 3);
        let token = RunId::from_random(9);
        for errand in [
            Errand::Ask(opening.clone()),
            Errand::Carry(opening),
            Errand::Say { token, first: 17 },
            Errand::Hear { token, received: u64::MAX },
        ] {
            let (name, about) = errand.headers();
            assert_eq!(Errand::parse(name.as_bytes(), about.as_bytes()), Ok(errand));
        }
    }

    proptest! {
        #[test]
        fn any_headers_are_an_errand_or_an_error(name in ".{0,8}", about in ".{0,80}") {
            prop_assert!(Errand::parse(name.as_bytes(), about.as_bytes()).is_err());
        }
    }
}
