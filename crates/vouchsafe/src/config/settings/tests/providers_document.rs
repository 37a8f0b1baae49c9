//! `docs/PROVIDERS.md` names every field of an entry, with every word it takes, and its samples are sound.

use vouchsafe_identity_provider::Entry;
use vouchsafe_identity_provider::catalogue::{
    Api, BodyFormat, ClientAuth, EchoMissing, ErrorDetection, ErrorRules, ErrorSign, ExpiryRules, ExpiryUnit,
    GrantModel, IdentityOrigin, IdentityRules, IntrospectRules, IntrospectShape, IssuerCheck,
    Kind as EntryKind, Matcher, Method, NarrowRules, Part, Pkce, RefreshNarrowing, RefreshRules,
    RefreshSupport, ResponseFormat, Reuse, RevokeEffect, RevokeRules, RevokeShape, RevokeTokens, Rotation,
    ScopeParam, ScopeResponse, ScopeRules, ScopeSeparator, SendScope, TokenPointers, Var, VarPattern,
    template_names,
};

use super::super::super::Config;
use super::*;

const DOCUMENT: &str = include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/PROVIDERS.md"));

#[test]
fn every_field_of_an_entry_is_documented() {
    let groups = [
        ("scope.", fields::<ScopeRules>()),
        ("scope.response.", fields::<ScopeResponse>()),
        ("scope.params.", fields::<ScopeParam>()),
        ("error.", fields::<ErrorDetection>()),
        ("token_pointer.", fields::<TokenPointers>()),
        ("expires.", fields::<ExpiryRules>()),
        ("refresh.", fields::<RefreshRules>()),
        ("errors.", fields::<ErrorRules>()),
        ("revoke.", fields::<RevokeRules>()),
        ("introspect.", fields::<IntrospectRules>()),
        ("identity.", fields::<IdentityRules>()),
        ("narrow.", fields::<NarrowRules>()),
        ("api.", fields::<Api>()),
        ("parts.", fields::<Part>()),
        ("vars.<name>.", fields::<Var>()),
        ("", fields::<Entry>()),
    ];
    let listed: BTreeSet<&str> = rows().map(|(field, _)| field).collect();
    let known: BTreeSet<String> = groups
        .into_iter()
        .flat_map(|(group, fields)| fields.iter().map(move |field| format!("{group}{field}")))
        .collect();
    for field in &known {
        let below = format!("{field}.");
        let stands = listed.contains(field.as_str()) || listed.iter().any(|row| row.starts_with(&below));
        assert!(stands, "`{field}` has no row");
    }
    for row in listed {
        assert!(known.contains(row), "there is no field `{row}`");
    }
    for field in fields::<Matcher>() {
        assert!(DOCUMENT.contains(&format!("`{field}`")), "{field}");
    }
    for name in template_names() {
        assert!(DOCUMENT.contains(&format!("| `{name}` |")), "{name}");
    }
}

#[test]
fn every_word_that_a_field_takes_is_documented() {
    for (field, words) in [
        ("kind", fields::<EntryKind>()),
        ("issuer_check", fields::<IssuerCheck>()),
        ("vars.<name>.pattern", fields::<VarPattern>()),
        ("pkce", fields::<Pkce>()),
        ("grant_model", fields::<GrantModel>()),
        ("scope.separator", fields::<ScopeSeparator>()),
        ("scope.echo_missing_means", fields::<EchoMissing>()),
        ("client_auth", fields::<ClientAuth>()),
        ("body", fields::<BodyFormat>()),
        ("format", fields::<ResponseFormat>()),
        ("expires.unit", fields::<ExpiryUnit>()),
        ("refresh.support", fields::<RefreshSupport>()),
        ("refresh.rotation", fields::<Rotation>()),
        ("refresh.reuse", fields::<Reuse>()),
        ("refresh.send_scope", fields::<SendScope>()),
        ("narrow.refresh_scope", fields::<RefreshNarrowing>()),
        ("error.detect", fields::<ErrorSign>()),
        ("revoke.shape", fields::<RevokeShape>()),
        ("revoke.method", fields::<Method>()),
        ("revoke.tokens", fields::<RevokeTokens>()),
        ("revoke.effect", fields::<RevokeEffect>()),
        ("introspect.shape", fields::<IntrospectShape>()),
        ("identity.source", fields::<IdentityOrigin>()),
        ("identity.method", fields::<Method>()),
    ] {
        let (_, row) = rows().find(|(name, _)| *name == field).expect(field);
        assert!(!words.is_empty(), "{field}");
        // Older spellings of a word are read, and not taught.
        for word in words.iter().filter(|word| !OLDER.contains(word)) {
            assert!(row.contains(&format!("`{word}`")), "{field}: {word}");
        }
    }
}

#[test]
fn the_samples_are_whole_configurations() {
    let samples: Vec<&str> = DOCUMENT
        .split("```toml\n")
        .skip(1)
        .filter_map(|rest| rest.split("```").next())
        .collect();
    assert_eq!(samples.len(), 2);
    for sample in samples {
        let read = Config::parse(Path::new("vouchsafe.toml"), sample, &Environment::default());
        let display_names: Vec<String> = read
            .unwrap_or_else(|error| panic!("{error}\n{sample}"))
            .providers
            .iter()
            .map(|line| line.entry.display_name().to_owned())
            .collect();
        assert!(sample.contains(&format!("display_name = \"{}\"", display_names[0])));
    }
    // The first is the one of the quickstart.
    let quickstart = include_str!(concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/../../examples/quickstart/vouchsafe.toml"
    ));
    let provider = |text: &'static str| -> toml::Table {
        let table: toml::Table = text.parse().expect("it was read");
        table["provider"][0].as_table().expect("a table").clone()
    };
    let first = DOCUMENT
        .split("```toml\n")
        .nth(1)
        .and_then(|rest| rest.split("```").next());
    assert_eq!(provider(first.expect("counted")), provider(quickstart));
}

/// The rows of the tables of fields: the field, and the whole row.
fn rows() -> impl Iterator<Item = (&'static str, &'static str)> {
    let (_, tables) = DOCUMENT
        .split_once("## Every field")
        .expect("the section is there");
    tables.lines().filter_map(|line| {
        let (field, _) = line.strip_prefix("| `")?.split_once('`')?;
        Some((field, line))
    })
}

const OLDER: [&str; 2] = ["json_basic", "api_call_with_token"];
