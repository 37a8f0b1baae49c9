//! The refresh token of an answer that cannot be used otherwise (F10).

use std::time::Duration;

use vouchsafe_audit::EventKind;
use vouchsafe_fake_upstream::{Endpoint, Fault, SecretKind};
use vouchsafe_identity_provider::{RefreshError, Want};
use vouchsafe_model::{Connection, ConnectionState, UpstreamGrant};
use vouchsafe_store::{access_tokens, changes};

use crate::world::World;

const UNAVAILABLE: Result<(), RefreshError> = Err(RefreshError::Unavailable { retry_after: None });

async fn cold(world: &World, personality: &str, fields: &str) -> (Connection, Want) {
    let provider = world.provider_with(personality, personality, fields).await;
    let connection = world.connect(&provider).await;
    world.advance(40_000);
    let want = world.want(&connection.id).await;
    (connection, want)
}

/// The newest refresh token of a personality.
fn newest(world: &World, personality: &str) -> String {
    let issued = world.upstream.issued_secrets().into_iter();
    let mut refresh_tokens = issued
        .filter(|secret| secret.personality == personality && secret.kind == SecretKind::RefreshToken)
        .map(|secret| secret.value);
    refresh_tokens.next_back().unwrap()
}

/// The refresh tokens that were sent, in order.
fn sent(world: &World, personality: &str) -> Vec<String> {
    let entries = world.upstream.journal_of(personality, Endpoint::Token);
    let tokens = entries
        .iter()
        .filter_map(|entry| entry.parameter("refresh_token"));
    tokens.map(str::to_owned).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn up_10__a_token_that_came_in_a_refused_answer_is_sent_next() {
    let world = World::start().await;
    let (connection, want) = cold(&world, "oidc", "").await;
    let before = world.grant(&connection.id).await;
    world
        .upstream
        .fault("oidc", Endpoint::Token, Fault::NoAccessToken, 1);
    assert_eq!(world.idp.refresh(&connection.id, want.clone()).await, UNAVAILABLE);
    let kept = newest(&world, "oidc");
    let after = world.grant(&connection.id).await;
    assert_eq!(after.version, before.version + 1);
    assert_ne!(after.refresh_token, before.refresh_token);
    assert_eq!(
        (after.lease_owner, after.outcome_unknown_since),
        (None, None),
        "nothing is uncertain any more"
    );
    let failed = world.facts(EventKind::RefreshFailed).await.remove(0);
    assert_eq!(
        (&failed["kind"], &failed["code"]),
        (&"invalid_answer".into(), &"access_token".into())
    );
    assert_eq!(
        (&failed["rotated"], &failed["outcome_unknown"]),
        (&true.into(), &false.into())
    );
    world.idp.refresh(&connection.id, want.clone()).await.unwrap();
    assert_eq!(sent(&world, "oidc").last(), Some(&kept));
    let fresh = world.warm(&connection, &want).await.unwrap();
    assert!(world.upstream.is_live(fresh.token.expose()));
}

#[tokio::test(flavor = "multi_thread")]
async fn up_11__a_refused_answer_with_the_same_refresh_token_changes_nothing() {
    let world = World::start().await;
    let (connection, want) = cold(&world, "static", "").await;
    let before = world.grant(&connection.id).await;
    world.idp.refresh(&connection.id, want.clone()).await.unwrap();
    let same = sent(&world, "static").remove(0);
    world.advance(40_000);
    let spoilt = Fault::Status {
        code: 200,
        body: serde_json::json!({"refresh_token": same, "token_type": "Bearer"}).to_string(),
        retry_after: None,
    };
    world.upstream.fault("static", Endpoint::Token, spoilt, 1);
    assert_eq!(world.idp.refresh(&connection.id, want.clone()).await, UNAVAILABLE);
    let after = world.grant(&connection.id).await;
    assert_eq!(after.version, before.version + 1, "only the good refresh counts");
    assert_eq!(world.facts(EventKind::RefreshFailed).await[0]["rotated"], false);
    world.idp.refresh(&connection.id, want).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn up_13__a_refresh_token_beside_an_error_is_not_believed() {
    for (personality, error) in [
        ("oidc", "temporarily_unavailable"),
        ("oidc", "something_new"),
        ("github-app", "something_new"),
    ] {
        let world = World::start().await;
        let (connection, want) = cold(&world, personality, "").await;
        let before = world.grant(&connection.id).await;
        let spoilt = Fault::Status {
            code: 200,
            body: serde_json::json!({"error": error, "refresh_token": "planted"}).to_string(),
            retry_after: None,
        };
        world.upstream.fault(personality, Endpoint::Token, spoilt, 1);
        assert_eq!(
            world.idp.refresh(&connection.id, want.clone()).await,
            UNAVAILABLE,
            "{personality} {error}"
        );
        let after = world.grant(&connection.id).await;
        assert_eq!(
            (after.version, after.refresh_token),
            (before.version, before.refresh_token)
        );
        world.idp.refresh(&connection.id, want).await.unwrap();
        assert!(!sent(&world, personality).contains(&"planted".to_owned()));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refused_answer_of_a_provider_with_grace_is_asked_for_again_at_once() {
    let world = World::start().await;
    let (connection, want) = cold(&world, "grace", "[refresh]\nrotation = 'always'\ngrace_s = 600\n").await;
    world
        .upstream
        .fault("grace", Endpoint::Token, Fault::NoAccessToken, 1);
    world.idp.refresh(&connection.id, want.clone()).await.unwrap();
    let sent = sent(&world, "grace");
    assert_eq!(sent.len(), 2);
    assert_ne!(sent[0], sent[1], "the kept token was sent");
    assert!(world.warm(&connection, &want).await.is_some());
}

#[tokio::test(flavor = "multi_thread")]
async fn ar_05__a_refused_refresh_that_kills_the_access_token_is_an_authority_change() {
    let world = World::start().await;
    let (connection, want) = cold(&world, "github-app", "").await;
    world
        .upstream
        .fault("github-app", Endpoint::Token, Fault::TokenType("foo".into()), 1);
    let before = world.change_seq().await;
    assert_eq!(world.idp.refresh(&connection.id, want.clone()).await, UNAVAILABLE);
    let since = world.read(move |tx| changes::since(tx, before)).await;
    assert_eq!(since[0].1.id, want.grant_id.as_str());
    let id = connection.id.clone();
    let held = world.read(move |tx| access_tokens::of_connection(tx, &id)).await;
    assert_eq!(
        held.len(),
        0,
        "what is dead at the provider is not kept for release"
    );
    world.idp.refresh(&connection.id, want.clone()).await.unwrap();
    assert!(world.warm(&connection, &want).await.is_some());
}

#[tokio::test(flavor = "multi_thread")]
async fn up_10__two_chains_keep_their_tokens_apart() {
    let world = World::start().await;
    let provider = world.provider("slack").await;
    let connection = world.connect(&provider).await;
    world.advance(50_000);
    for (part, other) in [("bot", "user"), ("user", "bot")] {
        for fault in [Fault::NoAccessToken, Fault::TokenType("foo".into())] {
            let of = async |part: &str| -> UpstreamGrant {
                let grants = world.grants(&connection.id).await;
                grants.into_iter().find(|grant| grant.part == part).unwrap()
            };
            let (own, others) = (of(part).await, of(other).await);
            let want = Want {
                grant_id: own.id.clone(),
                audience: String::new(),
                narrow: None,
            };
            world.upstream.fault("slack", Endpoint::Token, fault.clone(), 1);
            assert_eq!(world.idp.refresh(&connection.id, want.clone()).await, UNAVAILABLE);
            assert_eq!(of(part).await.version, own.version + 1, "{part} {fault:?}");
            let untouched = of(other).await;
            assert_eq!(
                (untouched.version, untouched.refresh_token),
                (others.version, others.refresh_token)
            );
            world.idp.refresh(&connection.id, want.clone()).await.unwrap();
            let fresh = world.warm(&connection, &want).await.unwrap();
            assert!(world.upstream.is_live(fresh.token.expose()));
            world.advance(50_000);
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn up_14__a_kept_token_whose_connection_was_revoked_meanwhile_is_revoked_too() {
    let world = World::start().await;
    let (connection, want) = cold(&world, "oidc", "").await;
    world
        .upstream
        .fault("oidc", Endpoint::Token, Fault::NoAccessToken, 1);
    world.upstream.set_delay("oidc", Endpoint::Token, 500);
    // The old token reaches the provider last, so that it is not what ends the new one.
    world.upstream.set_delay("oidc", Endpoint::Revoke, 1_200);
    let (idp, id, asked) = (world.idp.clone(), connection.id.clone(), want.clone());
    let refresh = tokio::spawn(async move { idp.refresh(&id, asked).await });
    tokio::time::sleep(Duration::from_millis(200)).await;
    world.revoke(&connection).await;
    assert_eq!(refresh.await.unwrap(), UNAVAILABLE);
    world.settle_jobs().await;
    let revoked = world.upstream.journal_of("oidc", Endpoint::Revoke);
    let kept = newest(&world, "oidc");
    assert!(
        revoked
            .iter()
            .any(|entry| entry.parameter("token") == Some(&kept)),
        "the token that came too late was not revoked"
    );
    assert!(!world.upstream.is_live(&kept));
    assert_eq!(world.grants(&connection.id).await.len(), 0);
    assert!(matches!(
        world.connection(&connection.id).await.unwrap().state,
        ConnectionState::Revoked { .. }
    ));
}

#[tokio::test(flavor = "multi_thread")]
async fn up_12__a_kept_token_does_not_replace_what_another_replica_has_stored() {
    let world = World::start().await;
    let (connection, want) = cold(&world, "oidc", "").await;
    world
        .upstream
        .fault("oidc", Endpoint::Token, Fault::NoAccessToken, 1);
    world.upstream.set_delay("oidc", Endpoint::Token, 400);
    let (idp, id, asked) = (world.idp.clone(), connection.id.clone(), want.clone());
    let loser = tokio::spawn(async move { idp.refresh(&id, asked).await });
    tokio::time::sleep(Duration::from_millis(150)).await;
    world.bump_version(&connection, &want).await;
    let winners = world.grant(&connection.id).await;
    assert_eq!(loser.await.unwrap(), UNAVAILABLE);
    let after = world.grant(&connection.id).await;
    assert_eq!(
        (after.version, after.refresh_token),
        (winners.version, winners.refresh_token)
    );
    assert_eq!(world.facts(EventKind::RefreshFailed).await[0]["rotated"], false);
}
