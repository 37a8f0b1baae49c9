//! Sinks on sockets, beside a server whose clock the test moves.

use std::sync::Arc;
use std::time::Duration;

use serde_json::Value;
use syslog_loose::Variant;
use tokio::net::{UdpSocket, UnixDatagram};
use vouchsafe::config::{Config, Environment};
use vouchsafe::export::Export;
use vouchsafe::wiring::Settings;
use vouchsafe_audit::export::webhook::WebhookKey;
use vouchsafe_audit::{Event, EventKind};
use vouchsafe_model::{Clock as _, Secret};
use vouchsafe_store::{export_cursors, head};
use vouchsafe_testkit::{AGENT_ID, AGENT_SECRET, Backend, Http, PROVIDER, Replica, TestApp};

use crate::{syslog_receiver, webhook_receiver};

const KEY: &str = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";

/// As the file would have it.
fn exports(lines: &str, hosts: &[&str]) -> Arc<[Export]> {
    let text = format!(
        "issuer = \"http://127.0.0.1:1\"\n[egress]\ninternal_hosts = {hosts:?}\n[[export]]\nname = \"siem\"\nfrom = \"beginning\"\n{lines}"
    );
    let config = Config::parse("vouchsafe.toml".as_ref(), &text, &Environment::default());
    config.unwrap_or_else(|error| panic!("{error}")).exports.into()
}

fn webhook(receiver: &webhook_receiver::Receiver) -> Arc<[Export]> {
    let lines = format!(
        "to = \"webhook\"\nurl = \"http://{}/hook\"\nsecret = \"{KEY}\"\n",
        receiver.host
    );
    exports(&lines, &[&receiver.host])
}

/// The settings of a server with these exports.
fn with(exports: Arc<[Export]>, host: &str) -> impl FnOnce(&mut Settings) + use<> {
    let host = host.to_owned();
    move |settings| {
        settings.exports = exports;
        settings.egress.internal_hosts.push(host);
    }
}

async fn note(app: &TestApp, count: usize) {
    for _ in 0..count {
        app.instance
            .recorder
            .note(Event::new(EventKind::SignInFailed))
            .await
            .unwrap();
    }
}

async fn last(app: &TestApp) -> i64 {
    app.instance.store.read(head::peek).await.unwrap().seq
}

/// Lets time pass until it is so.
async fn until(app: &TestApp, what: &str, mut is_so: impl AsyncFnMut() -> bool) {
    for _ in 0..1_500 {
        if is_so().await {
            return;
        }
        app.clock.advance(Duration::from_secs(1));
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    panic!("{what} does not come about");
}

/// Until the cursor stands behind the last entry.
async fn until_all_arrived(app: &TestApp) {
    let store = app.instance.store.clone();
    until(app, "the arrival of everything", async || {
        let read = store
            .read(|tx| Ok::<_, vouchsafe_store::StoreError>((export_cursors::all(tx)?, head::peek(tx)?.seq)));
        let (cursors, head) = read.await.unwrap();
        cursors.first().is_some_and(|cursor| cursor.next_seq == head + 1)
    })
    .await;
}

/// In order, each at least once: where it goes back, it goes back to what it has sent already.
fn assert_at_least_once(seqs: &[i64], last: i64) {
    let mut reached = 0;
    for seq in seqs {
        assert!(
            *seq <= reached + 1,
            "{seq} came before what is in front of it: {seqs:?}"
        );
        reached = reached.max(*seq);
    }
    assert_eq!(reached, last, "{seqs:?}");
}

/// What somebody else's parser makes of a message.
fn parsed(message: &str) -> (i64, Value) {
    let read = syslog_loose::parse_message(message, Variant::RFC5424);
    assert_eq!(read.appname, Some("vouchsafe"), "{message}");
    assert_eq!(
        read.facility,
        Some(syslog_loose::SyslogFacility::LOG_AUDIT),
        "{message}"
    );
    assert!(read.timestamp.is_some() && read.hostname.is_some(), "{message}");
    let meta = read
        .structured_data
        .iter()
        .find(|data| data.id == "meta")
        .unwrap();
    let (_, sequence) = meta.params().next().unwrap();
    let entry: Value = serde_json::from_str(read.msg).unwrap();
    assert_eq!(read.msgid, entry["event"].as_str(), "{message}");
    assert_eq!(*sequence, entry["seq"].to_string());
    (entry["seq"].as_i64().unwrap(), entry)
}

async fn syslog_through_an_outage(backend: Backend, mut receiver: syslog_receiver::Receiver, lines: &str) {
    receiver.stop().await;
    let app = TestApp::start_with(backend, with(exports(lines, &[]), "nowhere")).await;
    note(&app, 300).await;
    let base = format!("{}/readyz", app.base);
    until(&app, "the outage", async || {
        app.logs().contains("an export stands still")
    })
    .await;
    assert_eq!(
        Http::default().get(&base).await.status,
        200,
        "an outage of a sink is none of the server"
    );
    receiver.start_again().await;
    until_all_arrived(&app).await;
    assert!(app.logs().contains("the export goes on"));
    // Cut off with entries on their way, which the server cannot know to have arrived.
    note(&app, 50).await;
    until(&app, "some of them", async || receiver.messages().len() > 310).await;
    receiver.stop().await;
    note(&app, 50).await;
    receiver.start_again().await;
    until_all_arrived(&app).await;
    let seqs: Vec<i64> = receiver
        .messages()
        .iter()
        .map(|message| parsed(message).0)
        .collect();
    assert_at_least_once(&seqs, last(&app).await);
    app.finish().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn syslog_over_tcp_gets_everything_through_an_outage() {
    let receiver = syslog_receiver::Receiver::start(None).await;
    let lines = format!("to = \"syslog\"\naddress = \"tcp://{}\"\n", receiver.address);
    syslog_through_an_outage(Backend::sqlite(), receiver, &lines).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn syslog_over_tls_gets_everything_through_an_outage_on_postgresql() {
    let Some(backend) = Backend::postgres() else {
        return;
    };
    let (acceptor, authority) = syslog_receiver::tls();
    let folder = tempfile::tempdir().unwrap();
    let ca_file = folder.path().join("ca.pem");
    std::fs::write(&ca_file, authority).unwrap();
    let receiver = syslog_receiver::Receiver::start(Some(acceptor)).await;
    let lines = format!(
        "to = \"syslog\"\naddress = \"tls://localhost:{}\"\nca_file = \"{}\"\n",
        receiver.address.port(),
        ca_file.display()
    );
    syslog_through_an_outage(backend, receiver, &lines).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_receiver_whose_certificate_is_by_somebody_else_gets_nothing() {
    let (acceptor, _) = syslog_receiver::tls();
    let (_, other_authority) = syslog_receiver::tls();
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("ca.pem"), other_authority).unwrap();
    let receiver = syslog_receiver::Receiver::start(Some(acceptor)).await;
    let lines = format!(
        "to = \"syslog\"\naddress = \"tls://localhost:{}\"\nca_file = \"{}/ca.pem\"\n",
        receiver.address.port(),
        folder.path().display()
    );
    let app = TestApp::start_with(Backend::sqlite(), with(exports(&lines, &[]), "nowhere")).await;
    until(&app, "the refusal", async || {
        app.logs().contains("an export stands still")
    })
    .await;
    assert_eq!(receiver.messages(), Vec::<String>::new());
    app.finish().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn syslog_in_datagrams_over_udp_and_a_unix_socket() {
    let udp = UdpSocket::bind("127.0.0.1:0").await.unwrap();
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("log");
    let unix = UnixDatagram::bind(&path).unwrap();
    let udp_lines = format!(
        "to = \"syslog\"\naddress = \"udp://{}\"\n",
        udp.local_addr().unwrap()
    );
    let unix_lines = format!("to = \"syslog\"\naddress = \"unix:{}\"\n", path.display());
    for lines in [&udp_lines, &unix_lines] {
        let app = TestApp::start_with(Backend::sqlite(), with(exports(lines, &[]), "nowhere")).await;
        let mut message = vec![0; 65_536];
        let last = last(&app).await;
        let mut arrived = Vec::new();
        until(&app, "the last datagram", async || {
            let read = |message: &mut [u8]| {
                if lines == &udp_lines {
                    udp.try_recv(message)
                } else {
                    unix.try_recv(message)
                }
            };
            while let Ok(length) = read(&mut message) {
                arrived.push(parsed(std::str::from_utf8(&message[..length]).unwrap()).0);
            }
            arrived.last() == Some(&last)
        })
        .await;
        assert_eq!(arrived, (1..=last).collect::<Vec<_>>());
        app.finish().await;
    }
}

async fn webhooks_through_refusals(backend: Backend) {
    let receiver = webhook_receiver::Receiver::start(&[500, 410, 302, 204, 204, 429, 503]);
    let app = TestApp::start_with(backend, with(webhook(&receiver), &receiver.host)).await;
    note(&app, 40).await;
    until_all_arrived(&app).await;
    let posts = receiver.posts();
    let taken: Vec<i64> = posts.iter().filter(|post| post.status == 204).map(seq).collect();
    assert_eq!(
        taken,
        (1..=last(&app).await).collect::<Vec<_>>(),
        "each was taken once, in order"
    );
    let all: Vec<i64> = posts.iter().map(seq).collect();
    assert_at_least_once(&all, last(&app).await);
    let key = WebhookKey::parse(&Secret::from(KEY)).unwrap();
    for post in &posts {
        assert_eq!(
            post.signature,
            key.signature(&post.id, post.timestamp, &post.body)
        );
        assert_eq!(post.content_type, "application/json");
        let body: Value = serde_json::from_str(&post.body).unwrap();
        assert_eq!(body["data"]["id"], post.id);
        assert_eq!(body["type"], body["data"]["event"]);
        assert!((app.clock.now().as_seconds() - post.timestamp).abs() < 3_600);
    }
    app.secret("the key of the webhook", KEY);
    app.finish().await;
}

fn seq(post: &webhook_receiver::Post) -> i64 {
    let body: Value = serde_json::from_str(&post.body).unwrap();
    body["data"]["seq"].as_i64().unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_webhook_is_posted_until_it_is_taken() {
    webhooks_through_refusals(Backend::sqlite()).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_webhook_is_posted_until_it_is_taken_on_postgresql() {
    if let Some(backend) = Backend::postgres() {
        webhooks_through_refusals(backend).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_of_two_replicas_feeds_an_export_and_the_other_goes_on_when_it_ends() {
    let Some(backend) = Backend::postgres() else {
        return;
    };
    let receiver = webhook_receiver::Receiver::start(&[]);
    let app = TestApp::start_with(backend, with(webhook(&receiver), &receiver.host)).await;
    let replica = Replica::with(&app, with(webhook(&receiver), &receiver.host)).await;
    note(&app, 60).await;
    until_all_arrived(&app).await;
    let seqs = || receiver.posts().iter().map(seq).collect::<Vec<_>>();
    assert_eq!(
        seqs(),
        (1..=last(&app).await).collect::<Vec<_>>(),
        "each once, although two could"
    );
    // One that ends lets go of it; one that dies holds it for a minute more, and what it sent last may come again.
    replica.finish().await;
    app.sql("UPDATE export_cursors SET holder = 'dead', lease_until = lease_until + 60000");
    note(&app, 20).await;
    until_all_arrived(&app).await;
    assert_at_least_once(&seqs(), last(&app).await);
    app.finish().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_a_stranger_writes_drives_no_console_and_no_secret_leaves() {
    let receiver = webhook_receiver::Receiver::start(&[]);
    let stream = syslog_receiver::Receiver::start(None).await;
    let folder = tempfile::tempdir().unwrap();
    let (file, ocsf) = (
        folder.path().join("record.jsonl"),
        folder.path().join("ocsf.jsonl"),
    );
    let lines = format!(
        "to = \"webhook\"\npersons = true\nurl = \"http://{0}/hook\"\nsecret = \"{KEY}\"\n\
         [[export]]\nname = \"stream\"\nfrom = \"beginning\"\npersons = true\nto = \"syslog\"\naddress = \"tcp://{1}\"\n\
         [[export]]\nname = \"file\"\nfrom = \"beginning\"\npersons = true\nto = \"file\"\npath = \"{2}\"\n\
         [[export]]\nname = \"ocsf\"\nfrom = \"beginning\"\npersons = true\nformat = \"ocsf\"\nto = \"file\"\npath = \"{3}\"\n",
        receiver.host,
        stream.address,
        file.display(),
        ocsf.display()
    );
    let exports = exports(&lines, &[&receiver.host]);
    let app = TestApp::start_with(Backend::sqlite(), with(exports, &receiver.host)).await;
    let connected = app.connected("ada").await;
    let exchanged = connected
        .agent
        .exchange(&connected.subject_token, PROVIDER, &[])
        .await;
    let upstream_token = exchanged.token().to_owned();
    // HTTP lets no more than ASCII through in a header; a form lets everything through.
    let hostile = "evil\u{202e}txt.exe\u{9b}31m\u{1b}]0;x\u{7}\r\n\u{2066}\u{feff}\u{e0041}";
    let refused = connected
        .agent
        .exchange(&connected.subject_token, hostile, &[])
        .await;
    assert_eq!(refused.error(), "invalid_target");
    let agent = "<evil>/1 \"x\" ${jndi:ldap://x}";
    let headers = [
        ("user-agent", agent),
        ("content-type", "application/x-www-form-urlencoded"),
    ];
    let body = format!("grant_type=x&client_id={AGENT_ID}&client_secret=not-the-secret-of-this-agent");
    let url = format!("{}/oauth/token", app.base);
    Http::default()
        .send("POST", &url, &headers, Some(body.as_bytes()))
        .await;
    let last = last(&app).await;
    let read = |path: &std::path::Path| std::fs::read_to_string(path).unwrap_or_default();
    until(&app, "the arrival everywhere", async || {
        let whole =
            |text: &str| text.lines().count() == usize::try_from(last).unwrap() && text.ends_with('\n');
        whole(&read(&file))
            && whole(&read(&ocsf))
            && receiver.posts().last().map(seq) == Some(last)
            && stream.messages().len() == usize::try_from(last).unwrap()
    })
    .await;
    let posted = receiver
        .posts()
        .iter()
        .map(|post| post.body.clone())
        .collect::<Vec<_>>()
        .join("\n");
    for (name, out) in [
        ("file", read(&file)),
        ("ocsf", read(&ocsf)),
        ("webhook", posted),
        ("syslog", stream.messages().join("\n")),
    ] {
        let drives = |character: char| character != '\n' && vouchsafe_audit::escape::drives(character);
        assert!(!out.contains(drives), "{name}");
        let escaped = ["evil\\u202etxt.exe\\u009b31m", "\\u2066\\ufeff\\udb40\\udc41"];
        assert!(escaped.iter().all(|text| out.contains(text)), "{name}: {out}");
        for secret in [
            AGENT_SECRET,
            KEY,
            &connected.subject_token,
            &upstream_token,
            app.admin_key.as_str(),
        ] {
            assert!(!out.contains(secret), "a secret in {name}");
        }
        for secret in app.upstream.state().issued_secrets() {
            assert!(!out.contains(&secret.value), "{:?} in {name}", secret.kind);
        }
    }
    let text = read(&file);
    let entries = || {
        text.lines()
            .map(|line| serde_json::from_str::<Value>(line).unwrap())
    };
    let by_agent = entries().filter(|entry| entry["details"]["user_agent"] == agent);
    let to_hostile = entries().filter(|entry| entry["body"]["facts"]["audience"][0] == hostile);
    assert_eq!(
        (by_agent.count(), to_hostile.count()),
        (1, 1),
        "the texts themselves arrive"
    );
    app.finish().await;
}
