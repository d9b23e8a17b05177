//! Reads a mapping's keys so that every mistake in them is reported where it stands.
//!
//! Derived code reports a key that is given twice, or that does not go with another, at the head of the mapping, if at all.
//! So the keys are checked as they are read, against the fields of the struct they go to.

use super::text::{meant, named};
use serde::de::value::StrDeserializer;
use serde::de::{DeserializeSeed, Deserializer, Error, IntoDeserializer, MapAccess, Visitor};
use serde::{Deserialize, forward_to_deserialize_any};
use std::fmt;

/// Pairs of keys that cannot both be given.
pub(super) type Exclusive = &'static [(&'static str, &'static str)];

/// The struct `K` from the entries of `map`, each of which names another field of it.
pub(super) fn keys<'de, K: Deserialize<'de>, A: MapAccess<'de>>(
    map: A,
    exclusive: Exclusive,
) -> Result<K, A::Error> {
    K::deserialize(Entries { map, exclusive })
}

/// A mapping whose head has been read.
struct Entries<A> {
    map: A,
    exclusive: Exclusive,
}

impl<'de, A: MapAccess<'de>> Deserializer<'de> for Entries<A> {
    type Error = A::Error;

    fn deserialize_struct<V: Visitor<'de>>(
        self,
        _name: &'static str,
        known: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, A::Error> {
        visitor.visit_map(Checked {
            map: self.map,
            keys: Keys { known, exclusive: self.exclusive, given: Vec::new() },
        })
    }

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, A::Error> {
        visitor.visit_map(self.map)
    }

    forward_to_deserialize_any! {
        bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char str string bytes byte_buf option unit unit_struct
        newtype_struct seq tuple tuple_struct map enum identifier ignored_any
    }
}

/// A mapping of which each key is checked before the struct sees it.
struct Checked<A> {
    map: A,
    keys: Keys,
}

impl<'de, A: MapAccess<'de>> MapAccess<'de> for Checked<A> {
    type Error = A::Error;

    fn next_key_seed<K: DeserializeSeed<'de>>(&mut self, seed: K) -> Result<Option<K::Value>, A::Error> {
        let Some(key) = self.map.next_key_seed(&mut self.keys)? else { return Ok(None) };
        let key: StrDeserializer<'_, A::Error> = key.into_deserializer();
        seed.deserialize(key).map(Some)
    }

    fn next_value_seed<V: DeserializeSeed<'de>>(&mut self, seed: V) -> Result<V::Value, A::Error> {
        self.map.next_value_seed(seed)
    }
}

struct Keys {
    known: &'static [&'static str],
    exclusive: Exclusive,
    given: Vec<&'static str>,
}

impl Keys {
    /// The key that is written `text`, unless something is wrong with it here.
    fn accept(&mut self, text: &str) -> Result<&'static str, String> {
        let Some(key) = self.known.iter().copied().find(|known| *known == text) else {
            let known = self.known.join(", ");
            let proposal =
                meant(text, self.known).map(|key| format!("did you mean `{key}`? ")).unwrap_or_default();
            return Err(format!("unknown key `{}`; {proposal}known are {known}", named(text)));
        };
        if self.given.contains(&key) {
            return Err(format!("`{key}` is given twice"));
        }
        if let Some(other) = self.given.iter().find(|given| excludes(self.exclusive, given, key)) {
            return Err(format!(
                "`{key}` does not go with `{other}`, which is given above; leave one of them out"
            ));
        }
        self.given.push(key);
        Ok(key)
    }
}

fn excludes(exclusive: Exclusive, one: &str, other: &str) -> bool {
    exclusive.contains(&(one, other)) || exclusive.contains(&(other, one))
}

impl<'de> DeserializeSeed<'de> for &mut Keys {
    type Value = &'static str;

    fn deserialize<D: Deserializer<'de>>(self, key: D) -> Result<Self::Value, D::Error> {
        key.deserialize_str(self)
    }
}

impl Visitor<'_> for &mut Keys {
    type Value = &'static str;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a key")
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<Self::Value, E> {
        self.accept(text).map_err(E::custom)
    }
}
