//! `[[export]]`: where the record goes, entry by entry.

use std::collections::BTreeSet;
use std::ops::Range;
use std::path::Path;
use std::sync::Arc;

use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject as _;
use rustls::{ClientConfig, RootCertStore};
use rustls_platform_verifier::BuilderVerifierExt as _;
use toml::Spanned;
use url::{Host, Url};
use vouchsafe_audit::export::webhook::WebhookKey;
use vouchsafe_audit::export::{Format, Persons};
use vouchsafe_model::Secret;
use vouchsafe_store::export_cursors::Beginning;

use super::error::{ConfigError, Place};
use super::secret_source::{Hidden, Source};
use super::table::ExportTable;
use crate::export::{Destination, Export, SyslogAddress};
use crate::tls;

pub(super) fn lines(
    place: &Place<'_>,
    tables: Vec<Spanned<ExportTable>>,
    internal_hosts: &[String],
) -> Result<Vec<Export>, ConfigError> {
    let mut seen = BTreeSet::new();
    let mut lines = Vec::new();
    for table in tables {
        let span = table.span();
        let line = Line::of(place, &span, table.get_ref())?;
        if !seen.insert(table.get_ref().name.clone()) {
            return Err(line.wrong("name", "there are two of this name", "rename or remove one"));
        }
        lines.push(line.export(table.into_inner(), internal_hosts)?);
    }
    Ok(lines)
}

/// One table, for its sentences.
struct Line<'a> {
    place: &'a Place<'a>,
    span: &'a Range<usize>,
    label: String,
}

impl<'a> Line<'a> {
    fn of(place: &'a Place<'a>, span: &'a Range<usize>, table: &ExportTable) -> Result<Self, ConfigError> {
        let name = &table.name;
        let plain = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-' || b == b'_';
        if name.is_empty() || name.len() > 64 || !name.bytes().all(plain) {
            let problem = "it is not 1 to 64 of the characters a-z 0-9 - _";
            return Err(place.of_key(span, ("export.", "name"), problem, "choose such a name"));
        }
        Ok(Self {
            place,
            span,
            label: format!("export {name}, "),
        })
    }

    fn wrong(&self, key: &str, problem: impl Into<String>, remedy: &str) -> ConfigError {
        self.place.of_key(self.span, (&self.label, key), problem, remedy)
    }

    fn export(&self, table: ExportTable, internal_hosts: &[String]) -> Result<Export, ConfigError> {
        self.only_keys_of_its_kind(&table)?;
        let ExportTable {
            name,
            to,
            format,
            persons,
            from,
            path,
            address,
            ca_file,
            url,
            url_file,
            secret,
            secret_file,
        } = table;
        let needs = |key: &str| {
            self.wrong(
                key,
                format!("it is missing, and `to` is \"{to}\""),
                "write where entries go",
            )
        };
        let to = match to.as_str() {
            "file" => Destination::File(self.place.resolve(&path.ok_or_else(|| needs("path"))?)),
            "syslog" => {
                let address = address.ok_or_else(|| needs("address"))?;
                Destination::Syslog(self.syslog(&address, ca_file.as_deref())?)
            }
            _ => {
                let url = self.secret("url", url, url_file)?.ok_or_else(|| needs("url"))?;
                self.check_url(&url, internal_hosts)?;
                let key = self
                    .secret("secret", secret, secret_file)?
                    .ok_or_else(|| needs("secret"))?;
                let key = WebhookKey::parse(&key).map_err(|error| {
                    let remedy =
                        "make one with `echo whsec_$(openssl rand -base64 32)`, and give it to the receiver";
                    self.wrong("secret", error.to_string(), remedy)
                })?;
                Destination::Webhook {
                    url,
                    key: Arc::new(key),
                }
            }
        };
        Ok(Export {
            name,
            format: if format.as_deref() == Some("ocsf") {
                Format::Ocsf
            } else {
                Format::Record
            },
            persons: if persons {
                Persons::Named
            } else {
                Persons::Pseudonyms
            },
            from: if from.as_deref() == Some("beginning") {
                Beginning::FirstEntry
            } else {
                Beginning::Now
            },
            to,
        })
    }

    /// A key that has no effect is a mistake.
    fn only_keys_of_its_kind(&self, table: &ExportTable) -> Result<(), ConfigError> {
        let set = [
            ("path", "file", table.path.is_some()),
            ("address", "syslog", table.address.is_some()),
            ("ca_file", "syslog", table.ca_file.is_some()),
            ("url", "webhook", table.url.is_some()),
            ("url_file", "webhook", table.url_file.is_some()),
            ("secret", "webhook", table.secret.is_some()),
            ("secret_file", "webhook", table.secret_file.is_some()),
        ];
        match set.iter().find(|(_, kind, is_set)| *is_set && *kind != table.to) {
            Some((key, kind, _)) => {
                let problem = format!("it has no effect where `to` is \"{}\"", table.to);
                Err(self.wrong(key, problem, &format!("remove it, or write to = \"{kind}\"")))
            }
            None => Ok(()),
        }
    }

    fn secret(
        &self,
        key: &'static str,
        inline: Option<Hidden>,
        file: Option<std::path::PathBuf>,
    ) -> Result<Option<Secret<String>>, ConfigError> {
        let source = Source {
            inline,
            file,
            label: self.label.clone(),
            key,
        };
        source.read(self.place, self.span)
    }

    /// https, or a host that the operator declared internal: as the client for outgoing calls sees it.
    fn check_url(&self, url: &Secret<String>, internal_hosts: &[String]) -> Result<(), ConfigError> {
        let remedy = "write it as \"https://siem.example.com/path\"; name a host inside your network in egress.internal_hosts";
        let url = Url::parse(url.expose()).map_err(|_| self.wrong("url", "this is no URL", remedy))?;
        let (host, port) = (url.host_str().unwrap_or_default(), url.port_or_known_default());
        let exact = port.map(|port| format!("{host}:{port}")).unwrap_or_default();
        let is_internal = internal_hosts.iter().any(|declared| {
            declared.eq_ignore_ascii_case(&exact)
                || url.port().is_none() && declared.eq_ignore_ascii_case(host)
        });
        let scheme = url.scheme() == "https" || url.scheme() == "http" && is_internal;
        if !scheme || !url.username().is_empty() || url.password().is_some() {
            let problem =
                "it is neither https nor at a host of egress.internal_hosts, or it holds a user name";
            return Err(self.wrong("url", problem, remedy));
        }
        Ok(())
    }

    fn syslog(&self, address: &str, ca_file: Option<&Path>) -> Result<SyslogAddress, ConfigError> {
        let remedy = "write it as \"tls://siem.example.com:6514\", with tcp:// or udp:// instead, or as \"unix:/dev/log\"";
        let wrong = |problem: &str| self.wrong("address", problem, remedy);
        if ca_file.is_some() && !address.starts_with("tls://") {
            return Err(self.wrong(
                "ca_file",
                "it has no effect without TLS",
                "remove it, or write the address with tls://",
            ));
        }
        if let Some(path) = address.strip_prefix("unix:") {
            if path.is_empty() {
                return Err(wrong("there is no path behind unix:"));
            }
            return Ok(SyslogAddress::Unix(self.place.resolve(Path::new(path))));
        }
        let url = Url::parse(address).map_err(|_| wrong("this is no address of a syslog receiver"))?;
        let (Some(host), Some(port)) = (url.host(), url.port()) else {
            return Err(wrong("it does not name a host and a port"));
        };
        if !matches!(url.path(), "" | "/") || !url.username().is_empty() || url.query().is_some() {
            return Err(wrong("it holds more than a host and a port"));
        }
        let bare = match &host {
            Host::Ipv6(address) => address.to_string(),
            host => host.to_string(),
        };
        match url.scheme() {
            "udp" => Ok(SyslogAddress::Udp(format!("{host}:{port}"))),
            "tcp" => Ok(SyslogAddress::Tcp(format!("{host}:{port}"))),
            "tls" => Ok(SyslogAddress::Tls(bare, port, Arc::new(self.trust(ca_file)?))),
            _ => Err(wrong("this is no way to reach a syslog receiver")),
        }
    }

    /// The roots of the operating system, or only these.
    fn trust(&self, ca_file: Option<&Path>) -> Result<ClientConfig, ConfigError> {
        let builder =
            ClientConfig::builder_with_provider(tls::provider()).with_safe_default_protocol_versions();
        let setup = |_| self.wrong("address", "TLS cannot be set up", "set ca_file");
        let builder = builder.map_err(setup)?;
        let Some(ca_file) = ca_file else {
            return Ok(builder
                .with_platform_verifier()
                .map_err(setup)?
                .with_no_client_auth());
        };
        let path = self.place.resolve(ca_file);
        let no_roots = || {
            let problem = format!("{} holds no certificate that this user may read", path.display());
            self.wrong("ca_file", problem, "name a PEM file with the roots of trust")
        };
        let pem = std::fs::read(&path).map_err(|_| no_roots())?;
        let mut roots = RootCertStore::empty();
        for certificate in CertificateDer::pem_slice_iter(&pem) {
            let certificate = certificate.map_err(|_| no_roots())?;
            roots.add(certificate).map_err(|_| no_roots())?;
        }
        if roots.is_empty() {
            return Err(no_roots());
        }
        Ok(builder.with_root_certificates(roots).with_no_client_auth())
    }
}
