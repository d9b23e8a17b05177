//! The files' JSON Schema, made from the structs that read them.

use super::client::ClientKeys;
use super::server::ServerKeys;
use schemars::generate::SchemaSettings;
use serde_json::{Value, json};

/// Which end of a pair a file is of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FileKind {
    /// A server's.
    Server,
    /// A client's.
    Client,
}

/// A JSON Schema (draft 2020-12) of one kind of file, or of both; `#/$defs/ServerFile` and `#/$defs/ClientFile` are those of
/// one.
///
/// It says what can be said of one key by itself; bounds of texts with units, and which keys go together, are in the
/// descriptions.
pub fn schema(of: Option<FileKind>) -> Value {
    let mut generator = SchemaSettings::draft2020_12().into_generator();
    let (title, files) = match of {
        Some(FileKind::Server) => {
            ("A file of a backpressure server", vec![generator.subschema_for::<ServerKeys>()])
        }
        Some(FileKind::Client) => {
            ("A file of a backpressure client", vec![generator.subschema_for::<ClientKeys>()])
        }
        None => {
            let both = [generator.subschema_for::<ServerKeys>(), generator.subschema_for::<ClientKeys>()];
            ("A file of a backpressure server or client", both.into())
        }
    };
    json!({
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": title,
        "anyOf": files,
        "$defs": generator.take_definitions(true),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bounds::LIMITS;

    fn properties(file: &str) -> serde_json::Map<String, Value> {
        schema(None)["$defs"][file]["properties"].as_object().unwrap().clone()
    }

    #[test]
    fn every_key_is_documented() {
        for (file, keys) in [
            ("ServerFile", 20),
            ("Certificate", 2),
            ("ClientFile", 25),
            ("Tls", 3),
            ("ReadPhase", 5),
            ("Slow", 2),
            ("Limits", 3),
            ("Expectations", 6),
        ] {
            assert_eq!(properties(file).len(), keys, "{file}");
            for (key, property) in properties(file) {
                let description = property["description"].as_str().unwrap_or_default();
                assert!(description.ends_with('.') && description.len() > 20, "{file}.{key}: {property}");
            }
            assert!(schema(None)["$defs"][file]["description"].is_string(), "{file}");
            assert_eq!(schema(None)["$defs"][file]["additionalProperties"], false, "{file}");
            assert_eq!(schema(None)["$defs"][file]["required"], Value::Null, "{file}");
        }
    }

    #[test]
    fn the_schema_of_one_file_does_not_speak_of_the_other() {
        for (kind, own, other) in
            [(FileKind::Server, "ServerFile", "ClientFile"), (FileKind::Client, "ClientFile", "ServerFile")]
        {
            let definitions = &schema(Some(kind))["$defs"];
            assert!(definitions[own].is_object() && definitions[other].is_null(), "{definitions}");
        }
    }

    #[test]
    fn what_the_schema_says_of_a_key_is_what_is_checked() {
        assert_eq!(properties("ServerFile")["bufsize"]["minimum"], 1);
        assert_eq!(properties("ServerFile")["bufsize"]["maximum"], 16 * 1024 * 1024);
        assert_eq!(properties("ServerFile")["read"]["maxItems"], LIMITS.read_phases_max);
        assert_eq!(properties("ClientFile")["server_port"]["minimum"], 1);
        assert!(properties("ReadPhase").contains_key("for"));
    }
}
