//! How we are reached: issuer, certificate, proxies, address.

use std::io::ErrorKind;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, TcpListener};
use std::time::Duration;

use serde_json::Value;
use url::Url;
use vouchsafe_identity_provider::catalogue::{Method, UpstreamRequest};
use vouchsafe_identity_provider::{Egress, EgressOptions};

use super::super::Failure;
use super::finding::Finding;
use crate::config::Config;
use crate::config::issuer::is_loopback;
use crate::files;
use crate::process_lock::ProcessLock;
use crate::tls::Identity;

pub(super) async fn look(config: &Config) -> Vec<Finding> {
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
    findings.push(address(config).await);
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

async fn address(config: &Config) -> Finding {
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
        Err(error) if error.kind() == ErrorKind::AddrInUse => taken(config, held).await,
        Err(error) => Finding::fail(
            "listen",
            format!(
                "{listen} cannot be listened on ({}): change `listen`",
                files::words(error.kind())
            ),
        ),
    }
}

async fn taken(config: &Config, held: bool) -> Finding {
    let listen = config.listen;
    let ours = || Finding::ok("listen", format!("{listen} is served by this Vouchsafe"));
    // Our certificate is for a name that leads here only from outside: with TLS the lock must do.
    if config.tls.is_some() {
        return if held {
            ours()
        } else {
            let text = format!(
                "{listen} is taken: if not by a Vouchsafe of this configuration, stop what listens there"
            );
            Finding::warn("listen", text)
        };
    }
    if answers_as(&config.issuer, reachable(listen)).await {
        return ours();
    }
    Finding::fail(
        "listen",
        format!("{listen} is taken by something else: stop what listens there, or change `listen`"),
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
async fn answers_as(issuer: &str, address: SocketAddr) -> bool {
    let path = Url::parse(issuer).map(|url| url.path().trim_end_matches('/').to_owned());
    let url = format!(
        "http://{address}/.well-known/oauth-authorization-server{}",
        path.unwrap_or_default()
    );
    let egress = Egress::new(EgressOptions {
        internal_hosts: vec![address.to_string()],
        timeout: PATIENCE,
        ..EgressOptions::default()
    });
    let Ok(egress) = egress else { return false };
    let request = UpstreamRequest {
        method: Method::Get,
        url,
        headers: Vec::new(),
        body: None,
        content_type: None,
    };
    let Ok(answer) = egress.send(request).await else {
        return false;
    };
    serde_json::from_slice::<Value>(answer.as_upstream().body)
        .is_ok_and(|metadata| metadata["issuer"] == issuer)
}

const PATIENCE: Duration = Duration::from_secs(3);
