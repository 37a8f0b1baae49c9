//! The checks against our own server, with a fixture that leaves nothing out, and with none.

use std::process::Command;

use vouchsafe_conformance::{Api, AuthMethod, Client, Exchange, Fixture, Line, User, Verdict, run};
use vouchsafe_model::ClientAuthMethod;
use vouchsafe_oauth_types::GrantType;
use vouchsafe_testkit::{AGENT_ID, AGENT_SECRET, Backend, ClientSetup, PASSWORD, PROVIDER, TestApp};

const REDIRECT_URI: &str = "https://agent.test/callback";

/// A server with everything that the checks can use: a connected user and one client of each kind.
async fn server() -> (TestApp, Fixture) {
    let mut app = TestApp::start(Backend::sqlite()).await;
    app.oidc_provider("forbidden-idp", "static").await;
    app.connected("ada").await;
    let secret = |name: &str| format!("a-secret-of-the-{name}-0123456789abcdef");
    let mut clients = vec![client(AGENT_ID, Some(AGENT_SECRET.to_owned()), true)];
    let second = ClientSetup::new("second-agent", &secret("second")).ceiling(PROVIDER, "openid read write");
    app.client(second).await;
    clients.push(client("second-agent", Some(secret("second")), true));
    let reader = ClientSetup::new("reader", &secret("reader")).with(|definition| {
        definition.grant_types = vec![GrantType::AuthorizationCode];
        definition.auth_method = ClientAuthMethod::ClientSecretPost;
    });
    app.client(reader).await;
    clients.push(Client {
        method: AuthMethod::ClientSecretPost,
        ..client("reader", Some(secret("reader")), false)
    });
    let public = ClientSetup::new("public-app", "").with(|definition| {
        definition.auth_method = ClientAuthMethod::None;
        definition.secrets.clear();
        definition.grant_types = vec![GrantType::AuthorizationCode];
    });
    app.client(public).await;
    clients.push(client("public-app", None, false));
    let fixture = Fixture {
        clients,
        user: Some(User {
            username: "ada".to_owned(),
            password: PASSWORD.to_owned(),
        }),
        exchange: Some(Exchange {
            audience: PROVIDER.to_owned(),
            resource: Some(app.resource("oidc")),
            forbidden: Some("forbidden-idp".to_owned()),
            connected: true,
        }),
        api: Some(Api {
            url: format!("{}/admin/v1/records", app.base),
            bearer: Some(app.admin_key.clone()),
        }),
    };
    (app, fixture)
}

fn client(id: &str, secret: Option<String>, exchange: bool) -> Client {
    Client {
        id: id.to_owned(),
        method: if secret.is_some() {
            AuthMethod::ClientSecretBasic
        } else {
            AuthMethod::None
        },
        secret,
        redirect_uri: Some(REDIRECT_URI.to_owned()),
        scope: "exchange".to_owned(),
        exchange,
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn our_server_passes_everything_that_can_be_asked() {
    let (app, fixture) = server().await;
    // As the program reads it.
    let text = toml::to_string(&fixture).unwrap();
    let lines = run(&app.base, toml::from_str(&text).unwrap()).await;
    let others: Vec<&Line> = lines
        .iter()
        .filter(|line| line.verdict != Verdict::Pass)
        .collect();
    assert!(others.is_empty(), "{others:#?}");
    let ids: Vec<&str> = lines.iter().map(|line| line.id.as_str()).collect();
    assert_eq!(ids.join(" "), CHECKED);
    app.finish().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn without_a_fixture_only_what_needs_none_is_checked() {
    let app = TestApp::start(Backend::sqlite()).await;
    let issuer = app.base.clone();
    let output = tokio::task::spawn_blocking(move || {
        Command::new(env!("CARGO_BIN_EXE_vouchsafe-conformance"))
            .args(["--issuer", &issuer])
            .output()
            .unwrap()
    });
    let output = output.await.unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    assert!(output.status.success(), "{text}");
    let passed: Vec<&str> = text
        .lines()
        .filter(|line| line.ends_with(" pass"))
        .map(|line| line.split(' ').next().unwrap())
        .collect();
    assert_eq!(passed.join(" "), WITHOUT_FIXTURE);
    let summary = format!(
        "{} pass, 0 fail, {} not checked",
        passed.len(),
        CHECKED.split(' ').count() - passed.len()
    );
    assert_eq!(text.lines().last().unwrap(), summary);
    app.finish().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_a_server_does_otherwise_is_a_failure() {
    let (app, mut fixture) = server().await;
    // The issuer is written otherwise, and a client is registered for another method.
    fixture.clients[0].method = AuthMethod::ClientSecretPost;
    let lines = run(&format!("{}/", app.base), fixture).await;
    let failed = |id: &str| {
        let line = lines.iter().find(|line| line.id == id).unwrap();
        matches!(line.verdict, Verdict::Fail(_))
    };
    assert!(failed("MD-3-02") && failed("TOK-2.3-02"), "{lines:#?}");
    app.finish().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn where_nobody_listens_nothing_passes() {
    let lines = run("http://127.0.0.1:9", Fixture::default()).await;
    assert!(lines.iter().all(|line| line.verdict != Verdict::Pass));
    assert!(lines.iter().any(|line| matches!(line.verdict, Verdict::Fail(_))));
}

/// What needs no fixture.
const WITHOUT_FIXTURE: &str = "TOK-3.2-01 TOK-3.2-02 TOK-5.2-01 TOK-5.2-03 PK-7-01 ISS-3-01 MD-3-01 MD-3-02 MD-2-01 MD-2-02 \
    MD-3.2-01 MD-K-01";

/// What can be asked at all.
const CHECKED: &str = "TE-2.1-01 TE-2.1-02 TE-2.1-03 TE-2.1-04 TE-2.1-06 TE-2.1-07 TE-2.1-08 TE-2.1-09 TE-2.1-10 TE-2.1-11 \
    TE-2.1-12 TE-2.1-13 TE-2.1-14 TE-2.1-15 TE-2.1-16 TE-2.1-19 TE-2.1-21 TE-2.1-22 TE-2.1-26 TE-2.1-28 \
    TE-2.1.1-03 TE-2.1.1-04 TE-2.1.1-05 TE-2.1.1-06 TE-2.2.1-01 TE-2.2.1-02 TE-2.2.1-03 TE-2.2.1-05 \
    TE-2.2.1-06 TE-2.2.1-09 TE-2.2.2-01 TE-2.2.2-02 TE-2.2.2-03 TE-2.2.2-04 TE-2.2.2-05 TE-2.2.2-09 \
    TE-4.2-01 TOK-3.2-01 TOK-3.2-02 TOK-3.2-03 TOK-3.2-04 TOK-3.2-05 TOK-3.2-06 TOK-3.2-10 TOK-5.1-01 \
    TOK-5.2-01 TOK-5.2-02 TOK-5.2-03 TOK-5.2-04 TOK-5.2-05 TOK-2.3-01 TOK-2.3-02 TOK-2.3-04 TOK-2.3-10 \
    AZ-3.1-02 AZ-3.1-03 AZ-3.1-05 AZ-4.1-01 AZ-4.1-02 AZ-4.1-09 BT-2.1-01 BT-2.3-01 BT-3-01 BT-3-02 \
    BT-3-04 PK-4.3-01 PK-4.3-02 PK-4.2-01 PK-7-01 ISS-2-01 ISS-3-01 MD-3-01 MD-3-02 MD-2-01 MD-2-02 \
    MD-3.2-01 MD-K-01 AT-2.1-01 AT-2.2-01 AT-2.2-02 AT-2.2-03";
