//! Encryption that is verified: the server shows a certificate of the name that it is called by.

use std::path::Path;
use std::sync::Arc;

use rustls::crypto::ring;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;
use rustls::{ClientConfig, RootCertStore};
use rustls_platform_verifier::BuilderVerifierExt;
use thiserror::Error;
use tokio_postgres_rustls::MakeRustlsConnect;

/// Why no connection can be encrypted.
#[derive(Debug, Error)]
#[error("could not take {} for what signs the certificate of the server (sslrootcert)", .path)]
pub struct TlsError {
    path: String,
    #[source]
    source: Box<dyn std::error::Error + Send + Sync>,
}

/// Connects to servers whose certificates one of `roots` has signed, or one that the system trusts.
pub(super) fn connector(roots: Option<&Path>) -> Result<MakeRustlsConnect, TlsError> {
    let path =
        roots.map_or_else(|| "the certificates of the system".to_owned(), |path| path.display().to_string());
    let config = client_config(roots).map_err(|source| TlsError { path, source })?;
    Ok(MakeRustlsConnect::new(config))
}

fn client_config(roots: Option<&Path>) -> Result<ClientConfig, Box<dyn std::error::Error + Send + Sync>> {
    let builder = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()?;
    let Some(path) = roots else {
        return Ok(builder.with_platform_verifier()?.with_no_client_auth());
    };
    let mut trusted = RootCertStore::empty();
    for certificate in CertificateDer::pem_file_iter(path)? {
        trusted.add(certificate?)?;
    }
    if trusted.is_empty() {
        return Err("expected certificates in PEM, found none".into());
    }
    Ok(builder.with_root_certificates(trusted).with_no_client_auth())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::error_chain::error_chain;

    #[test]
    fn a_file_without_certificates_is_named() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("root.pem");
        for (text, said) in [(Some("nothing"), "found none"), (None, "No such file")] {
            match text {
                Some(text) => std::fs::write(&path, text).unwrap(),
                None => std::fs::remove_file(&path).unwrap(),
            }
            let refusal = connector(Some(&path)).err().map(|error| error_chain(&error)).unwrap_or_default();
            assert!(refusal.contains("root.pem for what signs") && refusal.contains(said), "{refusal}");
        }
    }
}
