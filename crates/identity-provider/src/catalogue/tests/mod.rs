//! Contract tests of the shipped entries: requests byte by byte, and answers as providers write them.

mod authorize;
mod discovery;
mod errors;
mod identity;
mod matchers;
mod properties;
mod refresh;
mod refresh_answers;
mod requests;
mod resolve;
mod revoke;
mod scopes;
mod slack;
mod tokens;

use vouchsafe_model::{EffectiveScope, Secret, UnixMillis};
use vouchsafe_oauth_types::Scope;

use super::{
    Entry, EntryOverrides, TokenAnswer, TokenPart, UpstreamAnswer, UpstreamClient, UpstreamFailure,
    UpstreamRequest, template,
};

const NOW: UnixMillis = UnixMillis(1_795_000_000_000);

/// A shipped entry that needs nothing from the operator.
fn shipped(name: &str) -> Entry {
    template(name)
        .expect("shipped")
        .resolve(EntryOverrides::default())
        .expect("needs nothing")
}

/// A shipped entry with an operator's TOML over it.
fn with(name: &str, toml: &str) -> Entry {
    let fields = toml.parse().expect("TOML");
    template(name)
        .expect("shipped")
        .resolve(EntryOverrides {
            fields,
            ..EntryOverrides::default()
        })
        .expect("resolves")
}

fn generic_oauth2() -> Entry {
    with("generic-oauth2", GENERIC_OAUTH2)
}

const GENERIC_OAUTH2: &str = r#"
display_name = "Acme"
authorize_url = "https://as.example/authorize?tenant=7"
token_url = "https://as.example/token"
identity.url = "https://api.example/me"
api.hosts = ["api.example"]
"#;

fn scope(text: &str) -> Scope {
    text.parse().expect("scope")
}

fn known(text: &str) -> EffectiveScope {
    EffectiveScope::Known(scope(text))
}

fn client(secret: &Secret<String>) -> UpstreamClient<'_> {
    UpstreamClient {
        client_id: "client-1",
        client_secret: Some(secret),
    }
}

fn answer(status: u16, body: &str) -> UpstreamAnswer<'_> {
    UpstreamAnswer {
        status,
        content_type: None,
        retry_after: None,
        body: body.as_bytes(),
    }
}

fn read(entry: &Entry, status: u16, body: &str) -> Result<TokenAnswer, UpstreamFailure> {
    entry.read_token_answer(&answer(status, body), NOW, &scope("asked"))
}

fn failure(entry: &Entry, status: u16, body: &str) -> UpstreamFailure {
    read(entry, status, body).expect_err("no tokens")
}

/// A failure as one line.
fn verdict(entry: &Entry, status: u16, body: &str) -> String {
    match failure(entry, status, body) {
        UpstreamFailure::Soft { .. } => "soft".into(),
        UpstreamFailure::Operator { code } => format!("operator {code}"),
        UpstreamFailure::Dead { code } => format!("dead {code}"),
        UpstreamFailure::Unknown { status, code } => format!("unknown {status} {}", code.unwrap_or_default()),
        UpstreamFailure::InvalidAnswer { what } => format!("invalid {what}"),
    }
}

/// The only part of a good answer.
fn part(entry: &Entry, body: &str) -> TokenPart {
    let mut parts = read(entry, 200, body).expect("tokens").parts;
    assert_eq!(parts.len(), 1);
    parts.remove(0)
}

/// A request as it goes out, with its secrets.
fn shown(request: &UpstreamRequest) -> String {
    let mut lines = vec![format!("{} {}", request.method.as_str(), request.url)];
    lines.extend(
        request
            .headers
            .iter()
            .map(|(name, value)| format!("{name}: {}", value.expose())),
    );
    lines.extend(
        request
            .content_type
            .map(|content_type| format!("content-type: {content_type}")),
    );
    if let Some(body) = &request.body {
        lines.push(String::from_utf8(body.expose().clone()).expect("UTF-8"));
    }
    lines.join("\n")
}
