//! The checks against our own server, with a fixture that leaves nothing out, and with none.

use std::process::Command;
use std::time::Duration;

use vouchsafe_conformance::{
    Api, AuthMethod, Client, Exchange, Fixture, Line, Report, User, Verdict, run, table,
};
use vouchsafe_model::{AdminScope, ClientAuthMethod};
use vouchsafe_oauth_types::GrantType;
use vouchsafe_testkit::{AGENT_ID, AGENT_SECRET, Backend, ClientSetup, PASSWORD, PROVIDER, TestApp};

const REDIRECT_URI: &str = "https://agent.test/callback";

/// A server with everything that the checks can use: two users and one client of each kind. Nothing is connected yet.
async fn server() -> (TestApp, Fixture) {
    let mut app = TestApp::start(Backend::sqlite()).await;
    app.oidc_provider("forbidden-idp", "static").await;
    app.user("bob").await;
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
    app.client(ClientSetup::new("guessed", &secret("guessed"))).await;
    clients.push(Client {
        guess: true,
        ..client("guessed", Some(secret("guessed")), true)
    });
    let weak = app
        .instance
        .sign_in
        .create_admin_key("weak", vec![AdminScope::Revoke], None);
    let (_, weak) = weak.await.unwrap();
    let fixture = Fixture {
        clients,
        user: Some(user("ada")),
        other_user: Some(user("bob")),
        exchange: Some(Exchange {
            audience: PROVIDER.to_owned(),
            resource: Some(app.resource("oidc")),
            forbidden: Some("forbidden-idp".to_owned()),
            connected: false,
            provider: Some(app.upstream.base_url().to_owned()),
            scope: Some("openid read".to_owned()),
            beyond: Some("write".to_owned()),
        }),
        api: Some(Api {
            url: format!("{}/admin/v1/records", app.base),
            bearer: Some(app.admin_key.clone()),
            bearer_file: None,
            weak_bearer_file: None,
            weak_bearer: Some(weak.expose().clone()),
        }),
        ..Fixture::default()
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
        guess: false,
    }
}

fn user(name: &str) -> User {
    User {
        username: name.to_owned(),
        password: PASSWORD.to_owned(),
    }
}

/// What did not pass.
fn others(report: &Report) -> Vec<&Line> {
    let lines = report.lines.iter();
    lines.filter(|line| line.verdict != Verdict::Passed).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn our_server_passes_everything_that_can_be_asked() {
    let (app, fixture) = server().await;
    // As the program reads it. The second time what the first one connected is there, and is asked again.
    let text = toml::to_string(&fixture).unwrap();
    for time in ["first", "second"] {
        let report = run(&app.base, toml::from_str(&text).unwrap(), &[]).await;
        assert_eq!(others(&report), Vec::<&Line>::new(), "the {time} time");
        let ids: Vec<&str> = report.lines.iter().map(|line| line.id.as_str()).collect();
        assert_eq!(ids, asked());
        // Wrong secrets are forgotten by then.
        app.advance(Duration::from_secs(3 * 60 * 60));
    }
    app.finish().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn without_a_fixture_only_what_needs_none_is_checked() {
    let app = TestApp::start(Backend::sqlite()).await;
    let (text, code) = program(&["--issuer", &app.base]).await;
    assert_eq!(code, 0, "{text}");
    let passed: Vec<&str> = text
        .lines()
        .filter(|line| line.ends_with(" passed"))
        .map(|line| line.split(' ').next().unwrap())
        .collect();
    assert_eq!(passed.join(" "), WITHOUT_FIXTURE);
    let summary = format!(
        "{} passed, 0 failed, {} not checked",
        passed.len(),
        asked().len() - passed.len()
    );
    assert_eq!(text.lines().last().unwrap(), summary);
    app.finish().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_program_asks_for_some_and_answers_machines() {
    let app = TestApp::start(Backend::sqlite()).await;
    let issuer = ["--issuer", &app.base];
    let only = ["--only", "TOK-5", "--only", "ISS-3", "--json"];
    let (text, code) = program(&[issuer.as_slice(), &only].concat()).await;
    assert_eq!(code, 0, "{text}");
    let json: serde_json::Value = serde_json::from_str(&text).unwrap();
    let lines = json["requirements"].as_array().unwrap();
    let ids = lines.iter().map(|line| line["id"].as_str().unwrap());
    assert!(
        ids.clone().all(|id| id.starts_with("TOK-5") || id == "ISS-3-01"),
        "{text}"
    );
    assert!(ids.count() > 5 && json["failed"] == 0, "{text}");
    assert_eq!(json["requirements"][0]["priority"], "P0");
    // What is not there is not a success, and what is wrong with a fixture is said without repeating it.
    let (text, code) = program(&[issuer.as_slice(), &["--only", "NO-"]].concat()).await;
    assert!(
        code == 2 && text.contains("no check's id begins with NO-"),
        "{text}"
    );
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("fixture.toml");
    std::fs::write(&file, "[[clients]]\nid = \"a\"\nsecrte = \"canary\"\n").unwrap();
    let fixture = ["--fixture", file.to_str().unwrap()];
    let (text, code) = program(&[issuer.as_slice(), &fixture].concat()).await;
    let said = text.contains("is wrong in line 3") && text.contains("secrte");
    assert!(code == 2 && said && !text.contains("canary"), "{text}");
    app.finish().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_a_server_does_otherwise_is_a_failure() {
    let (app, mut fixture) = server().await;
    // The issuer is written otherwise, a client is registered for another method, and the user has another password.
    fixture.clients[2].method = AuthMethod::ClientSecretBasic;
    fixture.user.as_mut().unwrap().password = "another".to_owned();
    let report = run(&format!("{}/", app.base), fixture, &[]).await;
    for id in ["MD-3-02", "TOK-2.3-02", "TOK-5.1-01"] {
        let line = report.lines.iter().find(|line| line.id == id).unwrap();
        assert!(matches!(line.verdict, Verdict::Failed(_)), "{line}");
    }
    app.finish().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn where_nobody_listens_nothing_passes() {
    let report = run("http://127.0.0.1:9", Fixture::default(), &[]).await;
    assert_eq!(report.passed(), 0);
    assert!(report.failed() > 0);
}

/// The program's output and status.
async fn program(arguments: &[&str]) -> (String, i32) {
    let mut command = Command::new(env!("CARGO_BIN_EXE_vouchsafe-conformance"));
    command.args(arguments);
    let output = tokio::task::spawn_blocking(move || command.output()).await;
    let output = output.unwrap().unwrap();
    let text = [output.stdout, output.stderr].concat();
    (String::from_utf8(text).unwrap(), output.status.code().unwrap())
}

/// What needs no fixture.
const WITHOUT_FIXTURE: &str = "TOK-3.2-01 TOK-3.2-02 TOK-3.2-08 TOK-3.2-11 TOK-5.2-01 TOK-5.2-03 PK-7-01 ISS-3-01 MD-3-01 MD-3-02 MD-2-01 MD-2-02 \
    MD-3.2-01 MD-K-01";

/// What can be asked at all, as the table has it.
fn asked() -> Vec<String> {
    let table = std::fs::read_to_string(table::readme_path(table::root())).unwrap();
    let rows = table.lines().filter(|line| line.contains("| **asked** "));
    rows.map(|row| row.split(' ').nth(1).unwrap().to_owned())
        .collect()
}
