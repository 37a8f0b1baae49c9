//! How we are reached: issuer, certificate, proxies, address.

use std::io::ErrorKind;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, TcpListener};
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::Value;
use url::Url;
use vouchsafe_identity_provider::catalogue::{Method, UpstreamRequest};
use vouchsafe_identity_provider::{Egress, EgressOptions};
use vouchsafe_store::Location;
use vouchsafe_vault::Vault;

use super::super::Failure;
use super::finding::Finding;
use crate::config::Config;
use crate::config::issuer::is_loopback;
use crate::files;
use crate::process_lock::ProcessLock;
use crate::tls::Identity;

pub(super) async fn look(config: &Config, vault: Option<&Vault>) -> Vec<Finding> {
    let mut findings = vec![issuer(config)];
    if let Some(files) = &config.tls {
        findings.push(match Identity::open(files.clone()) {
            Ok(_) => Finding::ok(
                "certificate",
                format!("{} and its key belong together", files.certificate_file.display()),
            ),
            Err(error) => Finding::fail("certificate", Failure::from(error).to_string()),
        });
    }
    findings.push(proxies(config));
    findings.push(address(config, vault).await);
    findings
}

fn issuer(config: &Config) -> Finding {
    let issuer = &config.issuer;
    if let Some(port) = elsewhere(config) {
        let listen = config.listen;
        let text = format!(
            "{issuer} leads to port {port} of this machine, but `listen` is {listen}: write the same port in both, unless \
             something on this machine leads from one to the other"
        );
        return Finding::warn("issuer", text);
    }
    if issuer.starts_with("http:") {
        return Finding::ok("issuer", format!("{issuer}, for this machine alone"));
    }
    Finding::ok("issuer", issuer.clone())
}

/// The port of the issuer, when it is one of this machine, as `listen` is, and not the same.
fn elsewhere(config: &Config) -> Option<u16> {
    let url = Url::parse(&config.issuer).ok()?;
    let port = url.port_or_known_default()?;
    let both_here = is_loopback(&url) && config.listen.ip().is_loopback();
    (both_here && config.trusted_proxies.is_empty() && port != config.listen.port()).then_some(port)
}

fn proxies(config: &Config) -> Finding {
    let https = config.issuer.starts_with("https:");
    if config.trusted_proxies.is_empty() {
        return if https && config.tls.is_none() {
            let text = "the issuer is https but nothing here speaks it: set [tls], or put a proxy on this machine in front \
                        and name its address in `trusted_proxies`, so that records show the addresses of clients";
            Finding::warn("proxies", text)
        } else {
            Finding::ok("proxies", "none: the peer is the client")
        };
    }
    let named: Vec<String> = config.trusted_proxies.iter().map(ToString::to_string).collect();
    Finding::ok(
        "proxies",
        format!("{} may say who the client is", named.join(", ")),
    )
}

async fn address(config: &Config, vault: Option<&Vault>) -> Finding {
    let listen = config.listen;
    let held = ProcessLock::is_held(&config.database);
    match TcpListener::bind(listen) {
        Ok(_) if held => Finding::warn(
            "listen",
            format!(
                "{listen} is free although a server is running on this database: it runs with another configuration"
            ),
        ),
        Ok(_) => Finding::ok("listen", format!("{listen} is free")),
        Err(error) if error.kind() == ErrorKind::AddrInUse => match &config.database {
            Location::Sqlite(_) => taken(config, held).await,
            Location::Postgres(_) => taken_beside_others(config, vault).await,
        },
        Err(error) => Finding::fail(
            "listen",
            format!(
                "{listen} cannot be listened on ({}): change `listen`",
                files::words(error.kind())
            ),
        ),
    }
}

/// A server of an embedded database holds its lock: who has the address without it is somebody else, and no server of ours
/// could start.
async fn taken(config: &Config, held: bool) -> Finding {
    let listen = config.listen;
    // Our certificate is for a name that leads here only from outside: with TLS the lock must do.
    if held && (config.tls.is_some() || answers_as(config).await) {
        return Finding::ok("listen", format!("{listen} is served by this Vouchsafe"));
    }
    if !held && answers_as(config).await {
        return Finding::fail("listen", another(config));
    }
    Finding::fail(
        "listen",
        format!("{listen} is taken by something else: stop what listens there, or change `listen`"),
    )
}

/// A database of many servers has no lock: who has its keys is one of them.
async fn taken_beside_others(config: &Config, vault: Option<&Vault>) -> Finding {
    let listen = config.listen;
    if config.tls.is_some() {
        let text = format!(
            "{listen} is taken: if not by a Vouchsafe of this configuration, stop what listens there"
        );
        return Finding::warn("listen", text);
    }
    if !answers_as(config).await {
        let text =
            format!("{listen} is taken by something else: stop what listens there, or change `listen`");
        return Finding::fail("listen", text);
    }
    match vault {
        // Why it does not open has been said; whose the server is cannot be told.
        None => Finding::warn(
            "listen",
            format!("{listen} is served by a Vouchsafe with this issuer, of this database or of another one"),
        ),
        Some(vault) if has_our_keys(config, vault).await => {
            Finding::ok("listen", format!("{listen} is served by this Vouchsafe"))
        }
        Some(_) => Finding::fail("listen", another(config)),
    }
}

fn another(config: &Config) -> String {
    format!(
        "{} is taken by a Vouchsafe of another database, with the same issuer: stop it, or give this one another `listen` and \
         `issuer`",
        config.listen
    )
}

/// The address under which this machine reaches its own listener.
fn reachable(listen: SocketAddr) -> SocketAddr {
    let address = match listen.ip() {
        IpAddr::V4(address) if address.is_unspecified() => Ipv4Addr::LOCALHOST.into(),
        IpAddr::V6(address) if address.is_unspecified() => Ipv6Addr::LOCALHOST.into(),
        address => address,
    };
    SocketAddr::new(address, listen.port())
}

/// Whether the metadata served there names our issuer.
async fn answers_as(config: &Config) -> bool {
    let path = Url::parse(&config.issuer).map(|url| url.path().trim_end_matches('/').to_owned());
    let path = path.unwrap_or_default();
    let metadata = served(config, &format!("/.well-known/oauth-authorization-server{path}")).await;
    metadata.is_some_and(|metadata| metadata["issuer"] == config.issuer)
}

/// Whether the keys served there are those of our database.
async fn has_our_keys(config: &Config, vault: &Vault) -> bool {
    let path = Url::parse(&config.issuer).map(|url| url.path().trim_end_matches('/').to_owned());
    let path = path.unwrap_or_default();
    let served = served(config, &format!("{path}/oauth/jwks"))
        .await
        .unwrap_or_default();
    let ours: Vec<String> = vault
        .verification_keys()
        .iter()
        .map(|key| URL_SAFE_NO_PAD.encode(key.public))
        .collect();
    let theirs = served["keys"].as_array().into_iter().flatten();
    theirs
        .filter_map(|key| key["x"].as_str())
        .any(|x| ours.iter().any(|ours| ours == x))
}

/// The JSON at this path of whoever listens where we would.
async fn served(config: &Config, path: &str) -> Option<Value> {
    let address = reachable(config.listen);
    let egress = Egress::new(EgressOptions {
        internal_hosts: vec![address.to_string()],
        timeout: PATIENCE,
        ..EgressOptions::default()
    });
    let request = UpstreamRequest {
        method: Method::Get,
        url: format!("http://{address}{path}"),
        headers: Vec::new(),
        body: None,
        content_type: None,
    };
    let answer = egress.ok()?.send(request).await.ok()?;
    serde_json::from_slice(answer.as_upstream().body).ok()
}

const PATIENCE: Duration = Duration::from_secs(3);
