//! Against real sockets on loopback.

use std::io::{Read as _, Write as _};
use std::net::TcpListener;
use std::time::Instant;

use super::*;

/// Answers one connection with these bytes, and goes on sending the last ones for ever if told.
fn serve(answer: &'static [u8], forever: bool) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap().to_string();
    std::thread::spawn(move || {
        while let Ok((mut stream, _)) = listener.accept() {
            let mut request = [0; 4096];
            let _ = stream.read(&mut request);
            let _ = stream.write_all(answer);
            while forever && stream.write_all(&[b'x'; 4096]).is_ok() {}
        }
    });
    address
}

fn egress(internal: &[&str], timeout: Duration) -> Egress {
    let internal_hosts = internal.iter().map(|host| (*host).to_owned()).collect();
    let options = EgressOptions {
        internal_hosts,
        timeout,
        max_body: 64 * 1024,
        ..EgressOptions::default()
    };
    Egress::new(options).unwrap()
}

fn get(url: &str) -> UpstreamRequest {
    crate::provider::discover::get_json(url.to_owned())
}

async fn refused(egress: &Egress, url: &str) -> EgressFailure {
    match egress.send(get(url)).await {
        Ok(answer) => panic!("{url} answered {}", answer.status),
        Err(failure) => failure,
    }
}

#[tokio::test]
async fn up_16__only_https_and_public_addresses_unless_declared_internal() {
    let egress = egress(&["127.0.0.1:1"], Duration::from_secs(2));
    for url in [
        "http://example.com/",
        "http://127.0.0.1:2/",
        "https://127.0.0.1/",
        "https://127.0.0.1:2/",
        "https://[::1]/",
        "https://[::ffff:10.0.0.1]/",
        "https://169.254.169.254/latest/meta-data",
        "https://2130706433/",
        "https://user:password@example.com/",
        "ftp://example.com/",
        "file:///etc/passwd",
        "nonsense",
    ] {
        let failure = refused(&egress, url).await;
        assert_eq!(
            failure,
            EgressFailure {
                sent: false,
                kind: EgressFailureKind::Forbidden
            },
            "{url}"
        );
    }
}

#[tokio::test]
async fn up_16__a_name_that_resolves_to_an_inner_address_is_not_connected_to() {
    let failure = refused(&egress(&[], Duration::from_secs(5)), "https://localhost:1/").await;
    assert_eq!(
        failure,
        EgressFailure {
            sent: false,
            kind: EgressFailureKind::Connect
        }
    );
}

#[tokio::test]
async fn up_22__a_redirect_is_an_answer_and_is_not_followed() {
    let host = serve(
        b"HTTP/1.1 307 x\r\nlocation: http://127.0.0.1:1/\r\ncontent-length: 0\r\n\r\n",
        false,
    );
    let answer = egress(&[&host], Duration::from_secs(5))
        .send(get(&format!("http://{host}/")))
        .await;
    assert_eq!(answer.map(|answer| answer.status).unwrap(), 307);
}

#[tokio::test]
async fn up_22__a_body_without_end_is_cut_off_at_the_cap() {
    let host = serve(b"HTTP/1.1 200 OK\r\nconnection: close\r\n\r\n", true);
    let failure = refused(
        &egress(&[&host], Duration::from_secs(10)),
        &format!("http://{host}/"),
    )
    .await;
    assert_eq!(
        failure,
        EgressFailure {
            sent: true,
            kind: EgressFailureKind::TooLarge
        }
    );
}

#[tokio::test]
async fn up_22__a_body_announced_as_too_large_is_not_read() {
    let host = serve(b"HTTP/1.1 200 OK\r\ncontent-length: 100000000\r\n\r\n{", false);
    let failure = refused(
        &egress(&[&host], Duration::from_secs(10)),
        &format!("http://{host}/"),
    )
    .await;
    assert_eq!(failure.kind, EgressFailureKind::TooLarge);
}

#[tokio::test]
async fn up_22__the_deadline_covers_headers_and_body() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let host = listener.local_addr().unwrap().to_string();
    let started = Instant::now();
    // Accepted by the kernel, never answered.
    let failure = refused(
        &egress(&[&host], Duration::from_millis(200)),
        &format!("http://{host}/"),
    )
    .await;
    assert_eq!(
        failure,
        EgressFailure {
            sent: true,
            kind: EgressFailureKind::Timeout
        }
    );
    assert!(started.elapsed() < Duration::from_secs(5));
}

#[tokio::test]
async fn a_refused_connection_has_sent_nothing() {
    let free = TcpListener::bind("127.0.0.1:0")
        .unwrap()
        .local_addr()
        .unwrap()
        .to_string();
    let failure = refused(
        &egress(&[&free], Duration::from_secs(5)),
        &format!("http://{free}/"),
    )
    .await;
    assert_eq!(
        failure,
        EgressFailure {
            sent: false,
            kind: EgressFailureKind::Connect
        }
    );
}

#[test]
fn no_failure_shows_where_or_what() {
    let failure = EgressFailure {
        sent: true,
        kind: EgressFailureKind::Broken,
    };
    assert_eq!(failure.to_string(), "the call failed: the connection broke");
    assert_eq!(
        format!("{:?}", egress(&["secret.internal:1"], Duration::from_secs(1))),
        "Egress(..)"
    );
}
