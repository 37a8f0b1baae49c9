//! The file as structs: every key, nothing checked but its type. `settings` says what each means; a test compares.

use std::collections::BTreeMap;
use std::path::PathBuf;

use serde::Deserialize;
use toml::{Spanned, Table};

use super::LogFormat;
use super::secret_source::Hidden;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct ConfigTable {
    pub(super) issuer: Spanned<String>,
    pub(super) listen: Option<Spanned<String>>,
    #[serde(default)]
    pub(super) trusted_proxies: Vec<Spanned<String>>,
    pub(super) admin_socket: Option<PathBuf>,
    pub(super) tls: Option<Spanned<TlsTable>>,
    pub(super) database: Option<Spanned<DatabaseTable>>,
    pub(super) keys: Option<KeysTable>,
    pub(super) audit: Option<AuditTable>,
    pub(super) memory: Option<MemoryTable>,
    pub(super) egress: Option<EgressTable>,
    pub(super) log: Option<LogTable>,
    #[serde(default, rename = "witness")]
    pub(super) witnesses: Vec<Spanned<WitnessTable>>,
    #[serde(default, rename = "provider")]
    pub(super) providers: Vec<Spanned<ProviderTable>>,
    #[serde(default, rename = "client")]
    pub(super) clients: Vec<Spanned<ClientTable>>,
    #[serde(default, rename = "user")]
    pub(super) users: Vec<Spanned<UserTable>>,
    #[serde(default, rename = "export")]
    pub(super) exports: Vec<Spanned<ExportTable>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct TlsTable {
    pub(super) certificate_file: PathBuf,
    pub(super) key_file: PathBuf,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct DatabaseTable {
    pub(super) url: Option<Hidden>,
    pub(super) url_file: Option<PathBuf>,
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct KeysTable {
    pub(super) file: Option<PathBuf>,
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct AuditTable {
    pub(super) public_key_file: Option<PathBuf>,
    pub(super) checkpoint_file: Option<PathBuf>,
    pub(super) checkpoint_interval: Option<String>,
    pub(super) witness_interval: Option<String>,
    pub(super) wait_limit: Option<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct WitnessTable {
    pub(super) url: String,
    pub(super) key: String,
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct MemoryTable {
    pub(super) limit_mib: Option<u64>,
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct EgressTable {
    #[serde(default)]
    pub(super) internal_hosts: Vec<Spanned<String>>,
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct LogTable {
    #[serde(default)]
    pub(super) format: LogFormat,
    pub(super) level: Option<Spanned<String>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct ProviderTable {
    pub(super) id: String,
    pub(super) template: String,
    pub(super) client_id: String,
    pub(super) client_secret: Option<Hidden>,
    pub(super) client_secret_file: Option<PathBuf>,
    #[serde(default)]
    pub(super) vars: BTreeMap<String, String>,
    #[serde(default, rename = "override")]
    pub(super) fields: Table,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct ClientTable {
    pub(super) id: String,
    pub(super) name: Option<String>,
    pub(super) secret: Option<Hidden>,
    pub(super) secret_file: Option<PathBuf>,
    #[serde(default)]
    pub(super) secrets: Vec<Hidden>,
    #[serde(default)]
    pub(super) secret_files: Vec<PathBuf>,
    pub(super) auth_method: Option<String>,
    #[serde(default)]
    pub(super) redirect_uris: Vec<String>,
    pub(super) grant_types: Vec<String>,
    pub(super) scope: Option<String>,
    #[serde(default)]
    pub(super) accepts_tokens_of: Vec<String>,
    #[serde(default, rename = "ceiling")]
    pub(super) ceilings: Vec<Spanned<CeilingTable>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct CeilingTable {
    pub(super) provider: String,
    pub(super) scope: String,
    #[serde(default)]
    pub(super) allow_unbounded_raw: bool,
    pub(super) trusted: Option<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct UserTable {
    pub(super) username: String,
    pub(super) password: Option<Hidden>,
    pub(super) password_file: Option<PathBuf>,
    pub(super) password_hash: Option<Hidden>,
    pub(super) password_hash_file: Option<PathBuf>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct ExportTable {
    pub(super) name: String,
    pub(super) to: String,
    pub(super) format: Option<String>,
    #[serde(default)]
    pub(super) persons: bool,
    pub(super) from: Option<String>,
    pub(super) path: Option<PathBuf>,
    pub(super) address: Option<String>,
    pub(super) ca_file: Option<PathBuf>,
    pub(super) url: Option<Hidden>,
    pub(super) url_file: Option<PathBuf>,
    pub(super) secret: Option<Hidden>,
    pub(super) secret_file: Option<PathBuf>,
}
