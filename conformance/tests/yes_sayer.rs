//! A server that says yes to everything: each check that asks for a refusal must notice.

use std::collections::BTreeSet;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::json;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use vouchsafe_conformance::{Api, AuthMethod, Client, Exchange, Fixture, User, Verdict, run};

/// What a server that refuses nothing still meets: what needs only a yes, or is about its documents alone.
const MET: &[&str] = &[
    "TE-2.1-19",
    "TE-2.1-26",
    "TE-2.1.1-03",
    "BT-2.1-01",
    "MD-3-01",
    "MD-2-01",
];

#[tokio::test]
async fn a_server_that_refuses_nothing_passes_nothing_that_asks_for_a_refusal() {
    // It calls itself by its loopback address, and is open to other machines too.
    let listener = TcpListener::bind("0.0.0.0:0").await.unwrap();
    let base = format!("http://127.0.0.1:{}", listener.local_addr().unwrap().port());
    let server = tokio::spawn(serve(listener, base.clone()));
    let report = run(&base, fixture(&base), &[]).await;
    server.abort();
    let lines = report.lines.iter();
    let not_checked: Vec<_> = lines
        .filter(|line| matches!(line.verdict, Verdict::NotChecked(_)))
        .collect();
    assert!(not_checked.is_empty(), "{not_checked:#?}");
    let passed = report.lines.iter().filter(|line| line.verdict == Verdict::Passed);
    let passed: BTreeSet<&str> = passed.map(|line| line.id.as_str()).collect();
    assert_eq!(passed, MET.iter().copied().collect());
}

async fn serve(listener: TcpListener, base: String) {
    while let Ok((mut stream, _)) = listener.accept().await {
        let base = base.clone();
        tokio::spawn(async move {
            let request = read(&mut stream).await;
            let _ = stream.write_all(answer(&request, &base).as_bytes()).await;
        });
    }
}

/// The head and as much of the body as it announces.
async fn read(stream: &mut TcpStream) -> String {
    let mut bytes = Vec::new();
    let mut chunk = [0; 4096];
    loop {
        let text = String::from_utf8_lossy(&bytes).to_ascii_lowercase();
        if let Some((head, _)) = text.split_once("\r\n\r\n") {
            let length = head.split("content-length: ").nth(1);
            let length = length.and_then(|rest| rest.lines().next()?.trim().parse().ok());
            if bytes.len() >= head.len() + 4 + length.unwrap_or(0) {
                return String::from_utf8_lossy(&bytes).into_owned();
            }
        }
        match stream.read(&mut chunk).await {
            Ok(read) if read > 0 => bytes.extend_from_slice(&chunk[..read]),
            _ => return String::new(),
        }
    }
}

fn answer(request: &str, base: &str) -> String {
    let target = request.split(' ').nth(1).unwrap_or_default();
    let (head, body) = match target.split('?').next().unwrap_or_default() {
        "/.well-known/oauth-authorization-server" => (
            "200 OK\r\ncontent-type: application/json",
            metadata(request, base),
        ),
        "/jwks" => (
            "200 OK\r\ncontent-type: application/json",
            r#"{"keys":[{"kty":"oct","k":"x"}]}"#.to_owned(),
        ),
        "/authorize" if target.contains("client_id=a-client-that-does-not-exist") => {
            ("200 OK\r\ncontent-type: text/html", "<p>hello</p>".to_owned())
        }
        "/authorize" => {
            let cookie = format!("302 Found\r\nset-cookie: t={}", access_token());
            return response(
                &format!("{cookie}\r\nlocation: https://client.test/back?code=c"),
                "",
            );
        }
        "/interaction" => (
            "200 OK\r\ncontent-type: text/html",
            r#"<form method="post" action="/leave"><button name="go" value="1">Go</button></form>"#
                .to_owned(),
        ),
        "/leave" => {
            // Another origin.
            let provider = base.replace("127.0.0.1", "localhost");
            let head = format!("302 Found\r\nlocation: {provider}/provider?redirect_uri={base}/back");
            return response(&head, "");
        }
        "/provider" => return response(&format!("302 Found\r\nlocation: {base}/back?state=s&code=c"), ""),
        _ if request.contains("scope=more") => (
            "400 Bad Request\r\ncontent-type: application/json",
            json!({"error": "interaction_required", "interaction_uri": format!("{base}/interaction")})
                .to_string(),
        ),
        "/api" => ("200 OK\r\ncontent-type: text/plain", String::new()),
        _ => (
            "200 OK\r\ncontent-type: application/json; charset=utf-8\r\naccess-control-allow-origin: *",
            token(request),
        ),
    };
    response(head, &body)
}

fn response(head: &str, body: &str) -> String {
    let length = body.len();
    format!("HTTP/1.1 {head}\r\ncontent-length: {length}\r\nconnection: close\r\n\r\n{body}")
}

/// Takes its issuer from the `Host` header, and lists what it should not.
fn metadata(request: &str, base: &str) -> String {
    let host = request
        .lines()
        .find_map(|line| line.strip_prefix("host: "))
        .unwrap_or_default();
    json!({
        "issuer": format!("http://{host}"),
        "authorization_endpoint": format!("{base}/authorize"),
        "token_endpoint": format!("{base}/token"),
        "jwks_uri": format!("{base}/jwks"),
        "scopes_supported": [],
        "response_types_supported": ["code", "token"],
        "grant_types_supported": ["authorization_code"],
        "code_challenge_methods_supported": ["plain", "S256"],
        "token_endpoint_auth_methods_supported": ["private_key_jwt"],
    })
    .to_string()
}

/// The same token for everybody, echoing what was asked.
fn token(request: &str) -> String {
    let echo = request.rsplit("\r\n\r\n").next().unwrap_or_default().len();
    json!({
        "access_token": access_token(),
        "token_type": "N_A",
        "refresh_token": "r",
        "connection": echo,
    })
    .to_string()
}

fn access_token() -> String {
    let encode = |value: serde_json::Value| URL_SAFE_NO_PAD.encode(value.to_string());
    let header = encode(json!({"typ": "JWT", "alg": "HS256"}));
    let claims =
        encode(json!({"aud": "agent", "client_id": "agent", "scope": ["a"], "iat": 0, "exp": 1_000_000}));
    format!("{header}.{claims}.x")
}

fn fixture(base: &str) -> Fixture {
    let client = |id: &str, method, exchange| Client {
        id: id.to_owned(),
        secret: (method != AuthMethod::None).then(|| "secret".to_owned()),
        method,
        redirect_uri: Some("https://client.test/back".to_owned()),
        scope: String::new(),
        exchange,
        guess: id == "guessed",
    };
    let user = |name: &str| User {
        username: name.to_owned(),
        password: "password".to_owned(),
    };
    Fixture {
        clients: vec![
            client("agent", AuthMethod::ClientSecretBasic, true),
            client("second", AuthMethod::ClientSecretBasic, true),
            client("reader", AuthMethod::ClientSecretPost, false),
            client("public", AuthMethod::None, false),
            client("guessed", AuthMethod::ClientSecretBasic, true),
        ],
        user: Some(user("ada")),
        other_user: Some(user("bob")),
        exchange: Some(Exchange {
            audience: "there".to_owned(),
            resource: Some("https://there.example/api".to_owned()),
            forbidden: Some("elsewhere".to_owned()),
            connected: true,
            provider: None,
            scope: None,
            beyond: Some("more".to_owned()),
        }),
        api: Some(Api {
            url: format!("{base}/api"),
            bearer: Some("token".to_owned()),
            bearer_file: None,
            weak_bearer_file: None,
            weak_bearer: Some("weak".to_owned()),
        }),
        ..Fixture::default()
    }
}
