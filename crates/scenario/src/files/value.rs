//! A value that is written as one scalar, and refused where it stands.

use super::text::named;
use schemars::{JsonSchema, Schema, SchemaGenerator};
use serde::de::{Deserialize, Deserializer, Error, Visitor};
use std::borrow::Cow;
use std::fmt;
use std::marker::PhantomData;

/// What a scalar can be turned into. Numbers are seen as they are written, quoted or not.
pub(super) trait FromText: Sized {
    /// The value; `None` where `text` is not what it [must be](Self::must_be).
    fn from_text(text: &str) -> Option<Self>;

    /// What the text must be, with bounds and units, as a sentence goes on after "it must be".
    fn must_be() -> String;

    /// The same for machines.
    fn schema() -> Schema;
}

/// A `T` in a file.
#[derive(Debug, Clone, Copy)]
pub(super) struct Scalar<T>(pub(super) T);

impl<'de, T: FromText> Deserialize<'de> for Scalar<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_str(ScalarVisitor(PhantomData)).map(Self)
    }
}

struct ScalarVisitor<T>(PhantomData<T>);

impl<T: FromText> Visitor<'_> for ScalarVisitor<T> {
    type Value = T;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&T::must_be())
    }

    // The error is made here and not around the call: only what a visitor returns gets its line and column.
    fn visit_str<E: Error>(self, text: &str) -> Result<T, E> {
        T::from_text(text)
            .ok_or_else(|| E::custom(format_args!("is {}; it must be {}", named(text), T::must_be())))
    }
}

impl<T: FromText> JsonSchema for Scalar<T> {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> Cow<'static, str> {
        "Scalar".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        T::schema()
    }
}
