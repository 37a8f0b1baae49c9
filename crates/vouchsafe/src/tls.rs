//! Our own TLS: the certificate, and its renewal without a restart.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use rustls::crypto::{CryptoProvider, aws_lc_rs};
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::server::{ClientHello, ResolvesServerCert};
use rustls::sign::CertifiedKey;
use rustls::{Error, InconsistentKeys, ServerConfig};
use vouchsafe_model::{Clock, Secret};

use crate::config::TlsFiles;

/// Why there is no certificate to serve with.
#[derive(Debug, thiserror::Error)]
pub enum TlsError {
    /// One of the files cannot be read.
    #[error("`tls.{key}`, {}, cannot be read: name a file that this user may read", path.display())]
    Unreadable {
        /// Which one.
        key: &'static str,
        /// Where.
        path: PathBuf,
        /// What the system says.
        source: io::Error,
    },
    /// The first file holds no certificate.
    #[error("`tls.certificate_file`, {}, holds no certificate: it is PEM, our own certificate first, then those that lead to its root", path.display())]
    NoCertificate {
        /// Where.
        path: PathBuf,
    },
    /// The second file holds no key.
    #[error("`tls.key_file`, {}, holds no private key that can be used: it is PEM, and not encrypted", path.display())]
    NoKey {
        /// Where.
        path: PathBuf,
    },
    /// There is a key, of a kind that TLS does not know.
    #[error("`tls.key_file`, {}, holds a key of a kind that cannot be used: take ECDSA (P-256, P-384), Ed25519, or RSA of 2048 bits or more", path.display())]
    KeyUnsupported {
        /// Where.
        path: PathBuf,
    },
    /// They are not a pair.
    #[error("the key {} does not belong to the certificate {}: name the two that were issued together", key.display(), certificate.display())]
    Mismatch {
        /// The certificate.
        certificate: PathBuf,
        /// The key.
        key: PathBuf,
    },
    /// The TLS library refuses its own defaults.
    #[error("TLS cannot be set up")]
    Setup(#[source] Error),
}

/// The certificate and key that we show, exchanged under running connections when their files change.
#[derive(Debug, Clone)]
pub struct Identity {
    files: TlsFiles,
    shown: Arc<Shown>,
}

#[derive(Debug)]
struct Shown(RwLock<Arc<CertifiedKey>>);

impl Identity {
    /// Opens the files.
    pub fn open(files: TlsFiles) -> Result<Self, TlsError> {
        let shown = Arc::new(Shown(RwLock::new(Arc::new(read(&files)?))));
        Ok(Self { files, shown })
    }

    /// How to serve with it: TLS 1.2 and 1.3.
    pub fn server_config(&self) -> Result<ServerConfig, TlsError> {
        let config = ServerConfig::builder_with_provider(provider())
            .with_safe_default_protocol_versions()
            .map_err(TlsError::Setup)?;
        Ok(config
            .with_no_client_auth()
            .with_cert_resolver(self.shown.clone()))
    }

    /// Our certificate, DER.
    pub fn certificate(&self) -> Option<CertificateDer<'static>> {
        self.shown.now().cert.first().cloned()
    }

    /// Reads the files again; says whether a new certificate is shown from now on. With files that cannot be used, the
    /// old one stays.
    pub fn renew(&self) -> Result<bool, TlsError> {
        let read = read(&self.files)?;
        if read.cert == self.shown.now().cert {
            return Ok(false);
        }
        *self.shown.0.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(read);
        Ok(true)
    }

    /// Renews whenever the files have changed, for as long as it is polled.
    pub async fn keep_fresh(self, clock: impl Clock) {
        loop {
            clock.sleep(EVERY).await;
            let identity = self.clone();
            let Ok(renewed) = tokio::task::spawn_blocking(move || identity.renew()).await else {
                return;
            };
            match renewed {
                Ok(true) => tracing::info!("a new TLS certificate is in use"),
                Ok(false) => {}
                Err(error) => {
                    tracing::error!(error = %error, "the TLS certificate stays as it was");
                }
            }
        }
    }
}

impl Shown {
    fn now(&self) -> Arc<CertifiedKey> {
        self.0.read().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

impl ResolvesServerCert for Shown {
    fn resolve(&self, _: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        Some(self.now())
    }
}

fn read(files: &TlsFiles) -> Result<CertifiedKey, TlsError> {
    let (certificate, key) = (&files.certificate_file, &files.key_file);
    let pem = bytes("certificate_file", certificate)?;
    let chain: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(pem.expose()).collect();
    let chain = chain.ok().filter(|chain| !chain.is_empty());
    let no_certificate = || TlsError::NoCertificate {
        path: certificate.clone(),
    };
    let chain = chain.ok_or_else(no_certificate)?;
    let pem = bytes("key_file", key)?;
    let private =
        PrivateKeyDer::from_pem_slice(pem.expose()).map_err(|_| TlsError::NoKey { path: key.clone() })?;
    CertifiedKey::from_der(chain, private, &provider()).map_err(|error| match error {
        Error::InconsistentKeys(InconsistentKeys::KeyMismatch) => TlsError::Mismatch {
            certificate: certificate.clone(),
            key: key.clone(),
        },
        Error::InvalidCertificate(_) => no_certificate(),
        _ => TlsError::KeyUnsupported { path: key.clone() },
    })
}

fn bytes(key: &'static str, path: &Path) -> Result<Secret<Vec<u8>>, TlsError> {
    fs::read(path)
        .map(Secret::new)
        .map_err(|source| TlsError::Unreadable {
            key,
            path: path.to_owned(),
            source,
        })
}

pub(crate) fn provider() -> Arc<CryptoProvider> {
    Arc::new(aws_lc_rs::default_provider())
}

const EVERY: Duration = Duration::from_secs(60);
