//! TLS to NATS from certificates in memory: what came out of a Secret never becomes a file.

use std::error::Error as _;

use async_nats::ConnectError;
use async_nats::rustls::pki_types::pem::PemObject;
use async_nats::rustls::pki_types::{CertificateDer, PrivateKeyDer};
use async_nats::rustls::{ClientConfig, RootCertStore};

use super::LiveError;
use super::target::NatsTarget;

/// The settings of a connection over TLS; `None` where the target says nothing, and the system's
/// authorities are trusted.
///
/// # Errors
/// Certificates or keys that cannot be used. What is in them is not repeated.
pub(super) fn config(target: &NatsTarget) -> Result<Option<ClientConfig>, LiveError> {
    if target.authorities.is_none() && target.certificate.is_none() {
        return Ok(None);
    }
    let roots = match &target.authorities {
        Some(pem) => trusted(pem)?,
        None => system()?,
    };
    let builder = ClientConfig::builder().with_root_certificates(roots);
    let config = match &target.certificate {
        None => builder.with_no_client_auth(),
        Some((certificate, key)) => {
            let chain = certificates(certificate, "the client's certificate")?;
            let key = PrivateKeyDer::from_pem_slice(key.as_bytes())
                .map_err(|_| unusable("the client's key", "it holds no private key in PEM"))?;
            builder
                .with_client_auth_cert(chain, key)
                .map_err(|error| unusable("the client's certificate and key", &error.to_string()))?
        }
    };
    Ok(Some(config))
}

/// What TLS has to say about a connection that came to nothing; `None` where it was not the trouble.
pub(super) fn trouble(error: &ConnectError) -> Option<String> {
    let source = error.source()?;
    let inner = source.downcast_ref::<std::io::Error>()?.get_ref()?;
    inner.downcast_ref::<async_nats::rustls::Error>().map(ToString::to_string)
}

fn trusted(pem: &str) -> Result<RootCertStore, LiveError> {
    let what = "the authorities' certificate";
    let mut roots = RootCertStore::empty();
    for certificate in certificates(pem, what)? {
        roots.add(certificate).map_err(|error| unusable(what, &error.to_string()))?;
    }
    Ok(roots)
}

fn system() -> Result<RootCertStore, LiveError> {
    let found = rustls_native_certs::load_native_certs();
    let mut roots = RootCertStore::empty();
    roots.add_parsable_certificates(found.certs);
    match found.errors.first() {
        Some(error) if roots.is_empty() => {
            Err(unusable("the system's authorities", &error.to_string()))
        }
        _ => Ok(roots),
    }
}

fn certificates(pem: &str, what: &str) -> Result<Vec<CertificateDer<'static>>, LiveError> {
    let read: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(pem.as_bytes()).collect();
    match read {
        Ok(certificates) if !certificates.is_empty() => Ok(certificates),
        _ => Err(unusable(what, "it holds no certificate in PEM")),
    }
}

fn unusable(what: &str, why: &str) -> LiveError {
    LiveError::new(
        format!("{what} for NATS cannot be used"),
        why,
        "name PEM files, or keys of a Secret that hold PEM: `-----BEGIN CERTIFICATE-----` …",
    )
}
