//! A server's certificate in files.

use super::strict;
use super::value::{FromText, Scalar};
use schemars::{JsonSchema, Schema, json_schema};
use serde::Deserialize;
use serde::de::{Deserializer, Error, MapAccess, Visitor};
use std::fmt;
use std::path::PathBuf;

/// The two files by which a server answers TLS.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CertificateFiles {
    /// Its certificate (PEM), followed by those between it and its root.
    pub cert: PathBuf,
    /// The certificate's private key (PEM).
    pub key: PathBuf,
}

/// The certificate with which TLS is answered, beside plain connections: both files in PEM, as seen from the folder in which
/// the server is started.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "Certificate")]
pub(super) struct CertificateKeys {
    /// The file of the certificate, followed by those between it and its root, such as `server.pem`.
    cert: Option<Scalar<PathBuf>>,
    /// The file of the certificate's private key, such as `server.key`.
    key: Option<Scalar<PathBuf>>,
}

/// A certificate in a file.
#[derive(Debug)]
pub(super) struct Certificate(pub(super) CertificateFiles);

impl<'de> Deserialize<'de> for Certificate {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(CertificateVisitor).map(Self)
    }
}

struct CertificateVisitor;

impl<'de> Visitor<'de> for CertificateVisitor {
    type Value = CertificateFiles;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("two files, such as `{cert: server.pem, key: server.key}`")
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<CertificateFiles, A::Error> {
        match strict::keys(map, &[])? {
            CertificateKeys { cert: Some(Scalar(cert)), key: Some(Scalar(key)) } => {
                Ok(CertificateFiles { cert, key })
            }
            CertificateKeys { cert: None, .. } => Err(A::Error::custom("`cert` is missing: the certificate")),
            CertificateKeys { key: None, .. } => {
                Err(A::Error::custom("`key` is missing: the certificate's private key"))
            }
        }
    }
}

impl FromText for PathBuf {
    fn from_text(text: &str) -> Option<Self> {
        (!text.is_empty() && !text.contains('\0')).then(|| Self::from(text))
    }

    fn must_be() -> String {
        "the name of a file".to_owned()
    }

    fn schema() -> Schema {
        json_schema!({ "type": "string", "minLength": 1 })
    }
}
