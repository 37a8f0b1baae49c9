//! Our own TLS, over a real socket.

use std::fs;
use std::net::TcpListener;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use rcgen::{CertificateParams, CertifiedKey, KeyPair, generate_simple_self_signed};
use reqwest::{Certificate, Client, Version};
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{ClientConfig, ClientConnection, RootCertStore};
use vouchsafe::config::TlsFiles;
use vouchsafe::tls::Identity;
use vouchsafe_model::{FixedClock, UnixMillis};

use super::folder::{Folder, free_port};

/// Certificate and key, PEM.
fn pair() -> (String, String) {
    let CertifiedKey { cert, signing_key } = generate_simple_self_signed(["localhost".to_owned()]).unwrap();
    (cert.pem(), signing_key.serialize_pem())
}

fn write(folder: &Path, (certificate, key): &(String, String)) -> TlsFiles {
    let files = TlsFiles {
        certificate_file: folder.join("c.pem"),
        key_file: folder.join("k.pem"),
    };
    fs::write(&files.certificate_file, certificate).unwrap();
    fs::write(&files.key_file, key).unwrap();
    files
}

fn client(certificate: &str) -> Client {
    Client::builder()
        .tls_certs_only([Certificate::from_pem(certificate.as_bytes()).unwrap()])
        .build()
        .unwrap()
}

fn with_tls(folder: Folder) -> Folder {
    folder
        .with("VOUCHSAFE__TLS__CERTIFICATE_FILE", "c.pem")
        .with("VOUCHSAFE__TLS__KEY_FILE", "k.pem")
}

/// `[::]` is open to everyone: with TLS that is allowed, and whoever comes is answered.
#[tokio::test]
async fn tok_3_2_08__with_tls_any_address_is_served_and_plain_http_is_not() {
    let pair = pair();
    let port = free_port();
    let issuer = format!("https://localhost:{port}");
    let folder = with_tls(Folder::new())
        .with("VOUCHSAFE__ISSUER", &issuer)
        .with("VOUCHSAFE__LISTEN", &format!("0.0.0.0:{port}"));
    write(&folder.path(""), &pair);
    let mut server = folder.start(&["serve"]);
    let client = client(&pair.0);
    server.answers_to(&client, &format!("{issuer}/healthz")).await;
    let metadata = format!("{issuer}/.well-known/oauth-authorization-server");
    let answer = client.get(&metadata).send().await.unwrap();
    assert_eq!(answer.version(), Version::HTTP_2);
    assert!(
        answer
            .text()
            .await
            .unwrap()
            .contains(&format!("\"issuer\":\"{issuer}\""))
    );
    let plain = reqwest::get(format!("http://localhost:{port}/healthz")).await;
    assert!(plain.is_err(), "{plain:?}");
    // Who does not trust our certificate does not talk to us.
    assert!(self::client(&self::pair().0).get(&metadata).send().await.is_err());
    let seen = folder.run(&["doctor"]);
    assert!(seen.status.success(), "{}", seen.out);
    for line in [
        "certificate: c.pem and its key belong together",
        "is served by this Vouchsafe",
    ] {
        assert!(seen.out.contains(line), "{}", seen.out);
    }
    assert!(server.stop().status.success());
}

/// A request over TLS from another machine is answered; the peer is then no loopback address.
#[tokio::test]
async fn tok_3_2_08__over_tls_a_peer_that_is_not_this_machine_is_answered() {
    let Some(address) = own_address() else { return };
    let key = KeyPair::generate().unwrap();
    let certificate = CertificateParams::new(vec![address.to_string()])
        .unwrap()
        .self_signed(&key)
        .unwrap();
    let pair = (certificate.pem(), key.serialize_pem());
    let port = free_port();
    let folder = with_tls(Folder::new())
        .with("VOUCHSAFE__ISSUER", "https://v.example")
        .with("VOUCHSAFE__LISTEN", &format!("0.0.0.0:{port}"));
    write(&folder.path(""), &pair);
    let mut server = folder.start(&["serve"]);
    server
        .answers_to(&client(&pair.0), &format!("https://{address}:{port}/healthz"))
        .await;
    assert!(server.stop().status.success());
}

/// The address under which this machine reaches others; nothing is sent.
fn own_address() -> Option<std::net::IpAddr> {
    let socket = std::net::UdpSocket::bind("0.0.0.0:0").ok()?;
    socket.connect("192.0.2.1:9").ok()?;
    let address = socket.local_addr().ok()?.ip();
    (!address.is_loopback() && !address.is_unspecified()).then_some(address)
}

/// The certificate that a server with this identity shows right now.
fn shown(identity: &Identity, trusted: &[&str]) -> CertificateDer<'static> {
    let mut roots = RootCertStore::empty();
    for pem in trusted {
        roots
            .add(CertificateDer::from_pem_slice(pem.as_bytes()).unwrap())
            .unwrap();
    }
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_root_certificates(roots)
        .with_no_client_auth();
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let mut server = rustls::ServerConnection::new(Arc::new(identity.server_config().unwrap())).unwrap();
    let serving = std::thread::spawn(move || {
        let (mut stream, _) = listener.accept().unwrap();
        server.complete_io(&mut stream).unwrap();
    });
    let name = ServerName::try_from("localhost").unwrap();
    let mut client = ClientConnection::new(Arc::new(config), name).unwrap();
    let mut stream = std::net::TcpStream::connect(address).unwrap();
    client.complete_io(&mut stream).unwrap();
    serving.join().unwrap();
    client.peer_certificates().unwrap()[0].clone().into_owned()
}

#[tokio::test]
async fn a_renewed_certificate_is_shown_without_a_restart_and_a_bad_one_is_not() {
    let folder = tempfile::tempdir().unwrap();
    let (first, second) = (pair(), pair());
    let trusted = [first.0.as_str(), second.0.as_str()];
    let der = |pem: &str| CertificateDer::from_pem_slice(pem.as_bytes()).unwrap();
    let identity = Identity::open(write(folder.path(), &first)).unwrap();
    assert_eq!(shown(&identity, &trusted), der(&first.0));
    let clock = FixedClock::at(UnixMillis(0));
    let renewing = tokio::spawn(identity.clone().keep_fresh(clock.clone()));
    // Half renewed: the key does not fit yet.
    write(folder.path(), &(second.0.clone(), first.1.clone()));
    assert!(identity.renew().is_err());
    assert_eq!(shown(&identity, &trusted), der(&first.0));
    write(folder.path(), &second);
    let renewed = async {
        while identity.certificate() != Some(der(&second.0)) {
            clock.advance(Duration::from_secs(61));
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(Duration::from_secs(10), renewed)
        .await
        .unwrap();
    assert_eq!(shown(&identity, &trusted), der(&second.0));
    renewing.abort();
}

#[test]
fn each_bad_pair_is_told_in_one_sentence() {
    let (good, other) = (pair(), pair());
    let none = String::new();
    for (certificate, key, sentence) in [
        (
            None,
            Some(&good.1),
            "`tls.certificate_file`, c.pem, cannot be read: name a file that this user may read: ",
        ),
        (
            Some(&good.0),
            None,
            "`tls.key_file`, k.pem, cannot be read: name a file that this user may read: ",
        ),
        (
            Some(&none),
            Some(&good.1),
            "`tls.certificate_file`, c.pem, holds no certificate: it is PEM, our own certificate first",
        ),
        (
            Some(&good.1),
            Some(&good.1),
            "`tls.certificate_file`, c.pem, holds no certificate: ",
        ),
        (
            Some(&good.0),
            Some(&none),
            "`tls.key_file`, k.pem, holds no private key that can be used: it is PEM, and not encrypted",
        ),
        (
            Some(&good.0),
            Some(&good.0),
            "`tls.key_file`, k.pem, holds no private key that can be used",
        ),
        (
            Some(&good.0),
            Some(&other.1),
            "the key k.pem does not belong to the certificate c.pem: name the two that were issued together",
        ),
        (
            Some(&"-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n".to_owned()),
            Some(&good.1),
            "`tls.certificate_file`, c.pem, holds no certificate",
        ),
        (
            Some(&good.0),
            Some(&"-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n".to_owned()),
            "`tls.key_file`, k.pem, holds a key of a kind that cannot be used",
        ),
        (
            Some(&good.0),
            Some(&good.1.replace("PRIVATE KEY", "ENCRYPTED PRIVATE KEY")),
            "`tls.key_file`, k.pem, holds no private key that can be used",
        ),
    ] {
        let folder = with_tls(Folder::new()).with("VOUCHSAFE__ISSUER", "https://v.example");
        for (name, content) in [("c.pem", certificate), ("k.pem", key)] {
            if let Some(content) = content {
                folder.write(name, content);
            }
        }
        let ran = folder.run(&["serve"]);
        let told = ran.refused(&folder);
        assert!(told.starts_with(sentence), "{told}");
        let line = good.1.lines().nth(1).unwrap();
        assert!(!ran.err.contains(line), "{}", ran.err);
        let seen = folder.run(&["doctor"]);
        assert_eq!(seen.status.code(), Some(1));
        assert!(seen.out.contains("FAIL  certificate: "), "{}", seen.out);
    }
}
