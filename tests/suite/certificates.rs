//! Certificates as a person would have them in files: a CA's, and a server's that it signed.

use rcgen::{
    BasicConstraints, Certificate, CertificateParams, CertifiedIssuer, IsCa, KeyPair, date_time_ymd,
};
use std::fs;
use std::path::Path;
use tempfile::TempDir;

/// The files, gone when it is dropped.
#[derive(Debug)]
pub(crate) struct Certificates {
    folder: TempDir,
}

/// Until when a certificate is valid.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Until {
    LongAfter,
    Past,
}

impl Certificates {
    /// A CA, and the certificate of a server with this name.
    pub(crate) fn for_name(name: &str, until: Until) -> Self {
        let key = || KeyPair::generate().expect("a key can be made");
        let mut params = CertificateParams::new(Vec::new()).expect("no names are fine");
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let ca = CertifiedIssuer::self_signed(params, key()).expect("a CA signs itself");
        let mut params = CertificateParams::new(vec![name.to_owned()]).expect("it is a name");
        if matches!(until, Until::Past) {
            params.not_after = date_time_ymd(2020, 1, 2);
        }
        let server = key();
        let signed = params.signed_by(&server, &ca).expect("a CA signs");
        Self::of(ca.as_ref(), &signed, &server)
    }

    /// A certificate that is its own CA, as `openssl req -x509` makes them.
    pub(crate) fn self_signed(name: &str) -> Self {
        let key = KeyPair::generate().expect("a key can be made");
        let mut params = CertificateParams::new(vec![name.to_owned()]).expect("it is a name");
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let own = params.self_signed(&key).expect("a certificate can be signed");
        Self::of(&own, &own, &key)
    }

    fn of(ca: &Certificate, server: &Certificate, key: &KeyPair) -> Self {
        let folder = tempfile::tempdir().expect("a folder can be made");
        let write = |name: &str, text: &str| {
            fs::write(folder.path().join(name), text).expect("a file can be written");
        };
        write("ca.pem", &ca.pem());
        write("server.pem", &server.pem());
        write("server.key", &key.serialize_pem());
        write("both.pem", &(server.pem() + &key.serialize_pem()));
        Self { folder }
    }

    /// Who signed.
    pub(crate) fn ca(&self) -> String {
        self.file("ca.pem")
    }

    /// The server's certificate.
    pub(crate) fn certificate(&self) -> String {
        self.file("server.pem")
    }

    /// Its key.
    pub(crate) fn key(&self) -> String {
        self.file("server.key")
    }

    /// Certificate and key in one file, as `HAProxy` wants them.
    pub(crate) fn both(&self) -> String {
        self.file("both.pem")
    }

    fn file(&self, name: &str) -> String {
        let path: &Path = self.folder.path();
        path.join(name).display().to_string()
    }
}
