//! What a client asks for over HTTP, in files.

use super::value::{FromText, Scalar};
use crate::transport::HttpRequest;
use http::{HeaderName, HeaderValue};
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::de::{Deserialize, DeserializeSeed, Deserializer, Error, MapAccess, Visitor};
use std::borrow::Cow;
use std::fmt;

/// Path and query.
#[derive(Debug, Clone)]
pub(super) struct Path(pub(super) HttpRequest);

impl FromText for Path {
    fn from_text(text: &str) -> Option<Self> {
        HttpRequest::to_written(text).ok().map(Self)
    }

    fn must_be() -> String {
        "a path that begins with `/`, such as `/app/ws`".to_owned()
    }

    fn schema() -> Schema {
        json_schema!({ "type": "string", "pattern": "^/", "examples": ["/ws", "/app/ws"] })
    }
}

/// Headers by name, each once.
#[derive(Debug, Clone, Default)]
pub(super) struct Headers(Vec<(HeaderName, String)>);

impl Headers {
    /// Adds them to a `request`.
    pub(super) fn add_to(self, request: &mut HttpRequest) {
        for (name, value) in self.0 {
            request.set_header(&name, value);
        }
    }
}

impl<'de> Deserialize<'de> for Headers {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(HeadersVisitor)
    }
}

struct HeadersVisitor;

impl<'de> Visitor<'de> for HeadersVisitor {
    type Value = Headers;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("headers by name, such as `{Host: app.example}`")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Headers, A::Error> {
        let mut headers = Headers::default();
        while let Some(name) = map.next_key_seed(Name { given: &headers })? {
            let Scalar(Value(value)) = map.next_value()?;
            headers.0.push((name, value));
        }
        Ok(headers)
    }
}

/// A header's name that was not given before.
struct Name<'a> {
    given: &'a Headers,
}

impl<'de> DeserializeSeed<'de> for Name<'_> {
    type Value = HeaderName;

    fn deserialize<D: Deserializer<'de>>(self, name: D) -> Result<HeaderName, D::Error> {
        name.deserialize_str(self)
    }
}

impl Visitor<'_> for Name<'_> {
    type Value = HeaderName;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a header's name, such as `Origin`")
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<HeaderName, E> {
        let name: HeaderName = text.parse().map_err(|_| {
            E::custom(format_args!("`{}` is no header's name, such as `Origin`", super::text::named(text)))
        })?;
        if self.given.0.iter().any(|(given, _)| *given == name) {
            return Err(E::custom(format_args!("`{name}` is given twice")));
        }
        Ok(name)
    }
}

/// A header's value.
struct Value(String);

impl FromText for Value {
    fn from_text(text: &str) -> Option<Self> {
        HeaderValue::from_str(text).ok().map(|_| Self(text.to_owned()))
    }

    fn must_be() -> String {
        "a header's value, without control characters".to_owned()
    }

    fn schema() -> Schema {
        json_schema!({ "type": ["string", "number", "boolean"] })
    }
}

impl JsonSchema for Headers {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> Cow<'static, str> {
        "Headers".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "type": "object",
            "additionalProperties": Value::schema(),
            "examples": [{ "Host": "app.example", "Origin": "https://app.example" }],
        })
    }
}
