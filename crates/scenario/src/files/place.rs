//! Where a key stands in a file.

use serde::de::{DeserializeSeed, Deserializer, Error, IgnoredAny, MapAccess, Visitor};
use std::fmt;

/// Line and column, from 1, of the key at this path, such as `tls` and within it `ca`.
pub(super) fn place_of(text: &str, path: &[&str]) -> Option<(usize, usize)> {
    // Only errors have places: so the one that is looked for is made one.
    let error = Seek { path }.deserialize(serde_yaml::Deserializer::from_str(text)).err()?;
    let location = error.location().filter(|_| error.to_string().contains(FOUND))?;
    Some((location.line(), location.column()))
}

/// What the error says that is none.
const FOUND: &str = "this is the key that is looked for";

#[derive(Clone, Copy)]
struct Seek<'a> {
    path: &'a [&'a str],
}

impl<'de> DeserializeSeed<'de> for Seek<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_map(self)
    }
}

impl<'de> Visitor<'de> for Seek<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("keys")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        let Some((wanted, rest)) = self.path.split_first() else { return Ok(()) };
        while let Some(found) = map.next_key_seed(Key { wanted, is_last: rest.is_empty() })? {
            if found {
                map.next_value_seed(Self { path: rest })?;
            } else {
                map.next_value::<IgnoredAny>()?;
            }
        }
        Ok(())
    }
}

/// A key: whether it is the wanted one, or an error where that is the last of the path.
struct Key<'a> {
    wanted: &'a str,
    is_last: bool,
}

impl<'de> DeserializeSeed<'de> for Key<'_> {
    type Value = bool;

    fn deserialize<D: Deserializer<'de>>(self, key: D) -> Result<bool, D::Error> {
        key.deserialize_str(self)
    }
}

impl Visitor<'_> for Key<'_> {
    type Value = bool;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a key")
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<bool, E> {
        match text == self.wanted {
            true if self.is_last => Err(E::custom(FOUND)),
            found => Ok(found),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_is_found_in_blocks_and_within_brackets() {
        let text = "# ca: no\nport: 1\ntls:\n  cert: a\n  ca: b\nlimits: {idle: 1s, ca: c}\n";
        assert_eq!(place_of(text, &["port"]), Some((2, 1)));
        assert_eq!(place_of(text, &["tls", "ca"]), Some((5, 3)));
        assert_eq!(place_of(text, &["limits", "ca"]), Some((6, 20)));
        assert_eq!(place_of("{output: runs}", &["output"]), Some((1, 2)));
    }

    #[test]
    fn a_key_that_is_not_there_has_no_place() {
        for text in ["", "ca: 1", "tls: 5", "tls: {cert: a}", "- tls"] {
            assert_eq!(place_of(text, &["tls", "ca"]), None, "{text}");
        }
    }
}
