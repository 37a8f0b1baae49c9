//! How the endpoints are reached: not in the clear, and not from any page.

use std::net::{IpAddr, UdpSocket};

use reqwest::Method;
use url::{Host, Url};

use super::checks;
use crate::http::{FORM, Reply};
use crate::target::{Target, well_known};
use crate::verdict::{Checked, Miss, ensure};

checks![
    tok_3_2_08__plain_http_is_not_served_to_others,
    tok_3_2_11__no_page_of_others_reads_the_token_endpoint,
];

/// RFC 6749 section 3.2. Where the server is on this machine's loopback address, its port must not be open at another
/// address of the machine; where it speaks TLS, neither its port nor port 80 may take a request in the clear.
async fn tok_3_2_08__plain_http_is_not_served_to_others(target: &Target) -> Checked {
    let url = target.endpoint("token_endpoint")?;
    let url = Url::parse(url).map_err(|_| Miss::failed("the token endpoint is no URL"))?;
    for open in in_the_clear(&url)? {
        let body = Some(b"grant_type=nonsense".to_vec());
        let reply = target.http.send(Method::POST, open.as_str(), &[FORM], body);
        if let Ok(reply) = reply.await {
            ensure!(!is_processed(&reply), "{open} answers {}", reply.seen());
        }
    }
    Ok(())
}

/// Ours: nobody reads the token endpoint from a page that no client registered, and documents that everybody may read
/// are read without credentials.
async fn tok_3_2_11__no_page_of_others_reads_the_token_endpoint(target: &Target) -> Checked {
    let token = target.endpoint("token_endpoint")?;
    let preflight = [
        ("origin", EVIL),
        ("access-control-request-method", "POST"),
        ("access-control-request-headers", "authorization"),
    ];
    let asked = target.http.send(Method::OPTIONS, token, &preflight, None).await?;
    let posted = [FORM, ("origin", EVIL)];
    let posted = target
        .http
        .send(Method::POST, token, &posted, Some(b"grant_type=x".to_vec()))
        .await?;
    for reply in [asked, posted] {
        let allowed = reply.header("access-control-allow-origin");
        ensure!(
            allowed != "*" && allowed != EVIL,
            "the token endpoint allows {allowed}"
        );
    }
    let document = well_known(&target.issuer).unwrap_or_default();
    for url in [document.as_str(), target.endpoint("jwks_uri")?] {
        let reply = target
            .http
            .send(Method::GET, url, &[("origin", EVIL)], None)
            .await?;
        let credentials = reply.header("access-control-allow-credentials");
        ensure!(
            !credentials.eq_ignore_ascii_case("true"),
            "{url} is read with credentials"
        );
    }
    Ok(())
}

/// Where the token endpoint must not be: addresses in the clear that reach others than this machine.
fn in_the_clear(url: &Url) -> Result<Vec<Url>, Miss> {
    let moved = |host: &str, port: Option<u16>| {
        let mut open = url.clone();
        let put = open.set_scheme("http").is_ok() && open.set_host(Some(host)).is_ok();
        (put && open.set_port(port).is_ok()).then_some(open)
    };
    let host = url.host_str().unwrap_or_default();
    let port = url.port_or_known_default();
    if url.scheme() == "https" {
        return Ok([Some(80), port]
            .into_iter()
            .filter_map(|p| moved(host, p))
            .collect());
    }
    let loopback = match url.host() {
        Some(Host::Domain(name)) => name == "localhost",
        Some(Host::Ipv4(address)) => address.is_loopback(),
        Some(Host::Ipv6(address)) => address.is_loopback(),
        None => false,
    };
    ensure!(loopback, "the token endpoint is plain HTTP at {host}");
    let outer =
        outer_address().ok_or_else(|| Miss::not_checked("this machine has no address but loopback"))?;
    let outer = if outer.is_ipv6() {
        format!("[{outer}]")
    } else {
        outer.to_string()
    };
    Ok(moved(&outer, port).into_iter().collect())
}

/// The address that this machine would use towards others. Nothing is sent.
fn outer_address() -> Option<IpAddr> {
    let socket = UdpSocket::bind("0.0.0.0:0").ok()?;
    socket.connect("192.0.2.1:9").ok()?;
    let address = socket.local_addr().ok()?.ip();
    (!address.is_loopback() && !address.is_unspecified()).then_some(address)
}

/// A success, or an answer that only somebody gives who has read the request.
fn is_processed(reply: &Reply) -> bool {
    let json = reply.json();
    let read = matches!(
        json["error"].as_str(),
        Some("invalid_client" | "unsupported_grant_type" | "unauthorized_client")
    );
    matches!(reply.status, 200..=299) || read
}

const EVIL: &str = "https://evil.example";

#[cfg(test)]
mod tests {
    use super::*;

    fn open(url: &str) -> Result<Vec<String>, Miss> {
        let open = in_the_clear(&Url::parse(url).unwrap())?;
        Ok(open.iter().map(Url::to_string).collect())
    }

    #[test]
    fn where_tls_is_spoken_the_same_port_and_port_80_are_tried() {
        let tried = open("https://v.example:8443/oauth/token");
        let expected = [
            "http://v.example/oauth/token",
            "http://v.example:8443/oauth/token",
        ];
        assert_eq!(tried.unwrap(), expected);
        let expected = ["http://v.example/oauth/token", "http://v.example:443/oauth/token"];
        assert_eq!(open("https://v.example/oauth/token").unwrap(), expected);
    }

    #[test]
    fn in_the_clear_only_this_machine_is_fit() {
        assert!(matches!(
            open("http://v.example/oauth/token"),
            Err(Miss::Failed(_))
        ));
        assert!(matches!(
            open("http://192.0.2.1/oauth/token"),
            Err(Miss::Failed(_))
        ));
        for loopback in [
            "http://127.0.0.1:8080/t",
            "http://[::1]:8080/t",
            "http://localhost:8080/t",
        ] {
            if let Ok(tried) = open(loopback) {
                assert!(tried.iter().all(|url| url.ends_with(":8080/t")), "{tried:?}");
                assert!(!tried.contains(&loopback.to_owned()), "{tried:?}");
            }
        }
    }
}
