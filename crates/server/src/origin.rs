//! Where a request came from: the peer, unless the peer is a configured proxy that vouches for another (AR-18).

use std::net::{IpAddr, SocketAddr};

use actix_web::http::header::{HeaderMap, USER_AGENT};
use actix_web::{HttpRequest, web};
use vouchsafe_audit::Origin;

use crate::site::{Peer, Site};
use crate::telemetry;

/// The origin of a request.
pub(crate) fn of(request: &HttpRequest, site: &Site) -> Origin {
    let peer = request.peer_addr().map(|peer| peer.ip());
    let address = peer.map(|peer| client_address(peer, request.headers(), &site.app.options.trusted_proxies));
    let agent = request
        .headers()
        .get(USER_AGENT)
        .and_then(|agent| agent.to_str().ok());
    Origin {
        request_id: telemetry::request_id(request),
        address: address.map(|address| address.to_string()),
        user_agent: agent.map(str::to_owned),
        administrator: None,
    }
}

/// Whether this request may be answered as it came: over our own TLS, or without TLS from this machine and configured
/// proxies.
pub(crate) fn may_speak_plain_http(request: &HttpRequest) -> bool {
    if request.app_config().secure() {
        return true;
    }
    let Some(site) = request.app_data::<web::Data<Site>>() else {
        return false;
    };
    // Nothing leaves the machine over its own socket.
    if site.peer == Peer::LocalOperator {
        return true;
    }
    let Some(peer) = request.peer_addr() else {
        return false;
    };
    let peer = peer.ip().to_canonical();
    peer.is_loopback() || is_trusted(peer, &site.app.options.trusted_proxies)
}

/// Read from the right: each trusted proxy vouches for the address it appended; the first that none vouches for is the
/// client. What stands further left is the client's own invention.
fn client_address(peer: IpAddr, headers: &HeaderMap, trusted: &[IpAddr]) -> IpAddr {
    let mut client = peer.to_canonical();
    let lines: Vec<&str> = headers
        .get_all("x-forwarded-for")
        .map(|line| line.to_str().unwrap_or_default())
        .collect();
    for claimed in lines.iter().rev().flat_map(|line| line.rsplit(',')) {
        if !is_trusted(client, trusted) {
            return client;
        }
        let Some(address) = parse(claimed) else {
            return client;
        };
        client = address;
    }
    client
}

fn is_trusted(address: IpAddr, trusted: &[IpAddr]) -> bool {
    trusted.iter().any(|proxy| proxy.to_canonical() == address)
}

/// An address, perhaps with a port.
fn parse(text: &str) -> Option<IpAddr> {
    let text = text.trim();
    let bare = text.trim_start_matches('[').trim_end_matches(']');
    let address = bare
        .parse()
        .ok()
        .or_else(|| text.parse::<SocketAddr>().ok().map(|address| address.ip()));
    address.map(|address: IpAddr| address.to_canonical())
}

#[cfg(test)]
mod tests {
    use actix_web::http::header::{HeaderName, HeaderValue};

    use super::*;

    fn client(peer: &str, forwarded: &[&str]) -> String {
        let mut headers = HeaderMap::new();
        for line in forwarded {
            let name = HeaderName::from_static("x-forwarded-for");
            headers.append(name, HeaderValue::from_str(line).unwrap());
        }
        let trusted = ["10.0.0.1".parse().unwrap(), "10.0.0.2".parse().unwrap()];
        client_address(peer.parse().unwrap(), &headers, &trusted).to_string()
    }

    #[test]
    fn ar_18__only_a_configured_proxy_is_believed() {
        assert_eq!(client("192.0.2.9", &["198.51.100.1"]), "192.0.2.9");
        assert_eq!(client("10.0.0.1", &["198.51.100.1"]), "198.51.100.1");
        assert_eq!(client("10.0.0.1", &[]), "10.0.0.1");
    }

    #[test]
    fn ar_18__what_the_client_put_in_front_is_not_believed() {
        assert_eq!(client("10.0.0.1", &["1.1.1.1, 198.51.100.1"]), "198.51.100.1");
        assert_eq!(client("10.0.0.1", &["1.1.1.1", "198.51.100.1"]), "198.51.100.1");
        assert_eq!(
            client("10.0.0.1", &["1.1.1.1, 198.51.100.1, 10.0.0.2"]),
            "198.51.100.1"
        );
        assert_eq!(client("10.0.0.1", &["nonsense"]), "10.0.0.1");
        assert_eq!(client("::ffff:10.0.0.1", &["[2001:db8::1]:443"]), "2001:db8::1");
    }
}
