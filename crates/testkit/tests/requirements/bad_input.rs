//! Malformed requests, by hand and by the table: each gets the error of its API, kept by nobody, and stores nothing; what
//! the protocol wants on the record is there, and nothing else (TOK-3.2, TOK-5.2, AZ-3.1, ATK-20).

mod admin_api;
mod authorization_endpoint;
mod injection;
mod pages;
mod paths;
mod token_endpoint;

use vouchsafe_testkit::TestApp;

use crate::raw::{self, RawReply};

/// A request, and what must come of it.
struct Case {
    what: String,
    /// Method and target.
    line: String,
    headers: Vec<String>,
    body: Body,
    expected: Expected,
    allow: &'static str,
    record: Option<&'static str>,
}

enum Body {
    /// None, and no header about it.
    Absent,
    /// With its length.
    Of(Vec<u8>),
    /// With this header and these bytes, whatever they say.
    Raw(&'static str, Vec<u8>),
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Expected {
    /// RFC 6749 JSON with this code.
    OAuth(u16, &'static str),
    /// RFC 9457 JSON.
    Problem(u16),
    /// A page.
    Page(u16),
}

impl Case {
    fn new(what: impl Into<String>, line: impl Into<String>, expected: Expected) -> Self {
        Self {
            what: what.into(),
            line: line.into(),
            headers: Vec::new(),
            body: Body::Absent,
            expected,
            allow: "",
            record: None,
        }
    }

    fn header(mut self, line: impl Into<String>) -> Self {
        self.headers.push(line.into());
        self
    }

    fn form(self, body: impl AsRef<[u8]>) -> Self {
        self.header(FORM).body(body)
    }

    fn body(mut self, body: impl AsRef<[u8]>) -> Self {
        self.body = Body::Of(body.as_ref().to_vec());
        self
    }

    fn raw_body(mut self, header: &'static str, body: impl AsRef<[u8]>) -> Self {
        self.body = Body::Raw(header, body.as_ref().to_vec());
        self
    }

    fn allow(mut self, methods: &'static str) -> Self {
        self.allow = methods;
        self
    }

    fn record(mut self, event: &'static str) -> Self {
        self.record = Some(event);
        self
    }

    fn bytes(&self, host: &str) -> Vec<u8> {
        let mut head = format!(
            "{} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\nX-Canary: {CANARY}\r\n",
            self.line
        );
        for header in &self.headers {
            head.extend([header.as_str(), "\r\n"]);
        }
        let body: &[u8] = match &self.body {
            Body::Absent => &[],
            Body::Of(body) => {
                head = head + "Content-Length: " + &body.len().to_string() + "\r\n";
                body
            }
            Body::Raw(header, body) => {
                head.extend([*header, "\r\n"]);
                body
            }
        };
        [head.as_bytes(), b"\r\n", body].concat()
    }

    fn check(&self, reply: &RawReply) {
        let what = &self.what;
        let shown = format!("{what}: {reply:?}");
        let (status, content_type) = match self.expected {
            Expected::OAuth(status, _) => (status, "application/json"),
            Expected::Problem(status) => (status, "application/problem+json"),
            Expected::Page(status) => (status, "text/html; charset=utf-8"),
        };
        assert_eq!(reply.status, status, "{shown}");
        assert_eq!(reply.header("content-type"), content_type, "{shown}");
        assert_eq!(reply.header("cache-control"), "no-store", "{shown}");
        assert_eq!(reply.header("x-content-type-options"), "nosniff", "{shown}");
        assert!(!reply.header("x-request-id").is_empty(), "{shown}");
        assert_eq!(reply.header("allow"), self.allow, "{shown}");
        assert!(
            !format!("{reply:?}").contains(CANARY),
            "{what}: input is echoed: {reply:?}"
        );
        if self.line.starts_with("HEAD ") {
            return;
        }
        match self.expected {
            Expected::OAuth(_, error) => {
                let json: serde_json::Value = serde_json::from_str(&reply.body).expect(&shown);
                assert_eq!(json["error"], error, "{shown}");
                assert!(json["error_description"].is_string(), "{shown}");
            }
            Expected::Problem(_) => {
                let json: serde_json::Value = serde_json::from_str(&reply.body).expect(&shown);
                assert_eq!(json["status"], status, "{shown}");
                assert!(json["detail"].is_string(), "{shown}");
            }
            Expected::Page(_) => {
                assert!(reply.body.starts_with("<!DOCTYPE html>"), "{shown}");
                assert_eq!(reply.header("x-frame-options"), "DENY", "{shown}");
            }
        }
    }
}

/// Sends every case and looks at what it left behind. Gives how many there were.
async fn run(app: &TestApp, cases: Vec<Case>) -> usize {
    let count = cases.len();
    for case in cases {
        let (rows, records) = (rows(app), records(app));
        let reply = raw::request(app, &case.bytes(raw::host(app))).await;
        case.check(&reply);
        assert_eq!(self::rows(app), rows, "{}: something was stored", case.what);
        let new = self::records(app).split_off(records.len());
        let wanted: Vec<&str> = case.record.into_iter().collect();
        assert_eq!(new, wanted, "{}: what is on the record", case.what);
    }
    assert!(!ours(&app.logs()).contains(CANARY), "a log line repeats input");
    assert!(!app.logs().contains("a handler panicked"));
    count
}

/// How many rows there are in every table but the record.
fn rows(app: &TestApp) -> Vec<String> {
    let counts = TABLES.map(|table| format!("SELECT '{table} ' || COUNT(*) AS text FROM {table}"));
    app.texts(&counts.join(" UNION ALL "))
}

fn records(app: &TestApp) -> Vec<String> {
    app.texts("SELECT event AS text FROM records ORDER BY seq")
}

/// What this program logs, without the libraries below it.
fn ours(logs: &str) -> String {
    logs.lines()
        .filter(|line| line.contains(" vouchsafe"))
        .collect::<Vec<_>>()
        .join("\n")
}

fn oauth(status: u16, error: &'static str) -> Expected {
    Expected::OAuth(status, error)
}

const FORM: &str = "Content-Type: application/x-www-form-urlencoded";
/// Stands somewhere in every request, and must stand nowhere in any answer.
const CANARY: &str = "canary-4711";

const TABLES: [&str; 21] = [
    "users",
    "identities",
    "user_credentials",
    "sessions",
    "clients",
    "providers",
    "admin_keys",
    "authorizations",
    "authorization_codes",
    "issued_tokens",
    "connections",
    "upstream_grants",
    "access_tokens",
    "data_keys",
    "server_keys",
    "delegations",
    "interactions",
    "connect_attempts",
    "replay_ids",
    "upstream_revocations",
    "jobs",
];
