//! The fixtures in `examples/` name what the servers beside them have.

use std::fs;

use toml::Value;
use vouchsafe_conformance::{Client, Fixture, User, table};

#[test]
fn the_example_fixtures_fit_their_servers() {
    for (server, fixture) in [
        ("quickstart/vouchsafe.toml", "quickstart/conformance.toml"),
        ("conformance/vouchsafe.toml", "conformance/fixture.toml"),
    ] {
        let read = |name: &str| fs::read_to_string(table::root().join("examples").join(name)).unwrap();
        let server: Value = toml::from_str(&read(server)).unwrap();
        let fixture: Fixture = toml::from_str(&read(fixture)).unwrap();
        for client in &fixture.clients {
            let line = line(&server, "client", "id", &client.id);
            assert_eq!(text(line, "secret"), client.secret.as_deref(), "{}", client.id);
            fits(client, line);
        }
        for user in [&fixture.user, &fixture.other_user].into_iter().flatten() {
            let User { username, password } = user;
            let line = line(&server, "user", "username", username);
            assert_eq!(text(line, "password"), Some(password.as_str()), "{username}");
        }
        let exchange = fixture.exchange.unwrap();
        for audience in [Some(exchange.audience), exchange.forbidden]
            .into_iter()
            .flatten()
        {
            line(&server, "provider", "id", &audience);
        }
        let issuer = text(&server, "issuer").unwrap();
        assert!(fixture.api.unwrap().url.starts_with(issuer));
    }
}

fn fits(client: &Client, line: &Value) {
    let list = |name: &str| {
        line.get(name)
            .and_then(Value::as_array)
            .cloned()
            .unwrap_or_default()
    };
    let redirects = list("redirect_uris");
    let named = |uri: &String| redirects.iter().any(|known| known.as_str() == Some(uri));
    assert!(client.redirect_uri.iter().all(named), "{}", client.id);
    let exchange = list("grant_types")
        .iter()
        .any(|grant| grant.as_str().unwrap().ends_with("token-exchange"));
    assert_eq!(exchange, client.exchange, "{}", client.id);
    assert_eq!(
        text(line, "scope").unwrap_or_default(),
        client.scope,
        "{}",
        client.id
    );
    let method = Value::try_from(client.method).unwrap();
    let registered = text(line, "auth_method").unwrap_or("client_secret_basic");
    assert_eq!(method.as_str(), Some(registered), "{}", client.id);
}

/// The entry of this kind that is named so.
fn line<'a>(server: &'a Value, kind: &str, name: &str, value: &str) -> &'a Value {
    let entries = server.get(kind).and_then(Value::as_array).unwrap();
    let entry = entries.iter().find(|entry| text(entry, name) == Some(value));
    entry.unwrap_or_else(|| panic!("there is no {kind} {value}"))
}

fn text<'a>(entry: &'a Value, name: &str) -> Option<&'a str> {
    entry.get(name).and_then(Value::as_str)
}
