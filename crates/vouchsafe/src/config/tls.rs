//! `[tls]`: where certificate and key are. Whether they fit is seen when they are opened, at every start and renewal.

use std::path::PathBuf;

use toml::Spanned;

use super::error::Place;
use super::table::TlsTable;

/// The files of a certificate.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TlsFiles {
    /// The chain, PEM.
    pub certificate_file: PathBuf,
    /// The private key, PEM.
    pub key_file: PathBuf,
}

impl TlsFiles {
    pub(super) fn of(place: &Place<'_>, table: Spanned<TlsTable>) -> Self {
        let TlsTable {
            certificate_file,
            key_file,
        } = table.into_inner();
        Self {
            certificate_file: place.resolve(&certificate_file),
            key_file: place.resolve(&key_file),
        }
    }
}
