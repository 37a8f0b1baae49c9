//! Refreshing: never twice, never lost.

use std::time::Duration;

use vouchsafe_audit::EventKind;
use vouchsafe_fake_upstream::{Endpoint, Fault};
use vouchsafe_identity_provider::{Narrowed, RefreshError, Want};
use vouchsafe_model::{Connection, EffectiveScope, UpstreamGrantId};
use vouchsafe_store::changes;

use crate::world::{World, scope};

/// A connection whose access token has run out.
async fn cold(world: &World, personality: &str) -> (Connection, Want) {
    let provider = world.provider(personality).await;
    let connection = world.connect(&provider).await;
    world.advance(40_000);
    let want = world.want(&connection.id).await;
    assert!(world.warm(&connection, &want).await.is_none());
    (connection, want)
}

#[tokio::test(flavor = "multi_thread")]
async fn up_12__fifty_at_once_cause_one_call_upstream() {
    let world = World::start().await;
    let (connection, want) = cold(&world, "oidc").await;
    world.upstream.set_delay("oidc", Endpoint::Token, 100);
    let callers: Vec<_> = (0..50)
        .map(|_| {
            let (idp, id, want) = (world.idp.clone(), connection.id.clone(), want.clone());
            tokio::spawn(async move { idp.refresh(&id, want).await })
        })
        .collect();
    for caller in callers {
        caller.await.unwrap().unwrap();
    }
    assert_eq!(world.upstream.refresh_count("oidc"), 1);
    let fresh = world.warm(&connection, &want).await.unwrap();
    assert!(world.upstream.is_live(fresh.token.expose()));
    assert_eq!(world.facts(EventKind::ConnectionRefreshed).await.len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn up_12__who_comes_just_after_finds_it_done() {
    let world = World::start().await;
    let (connection, want) = cold(&world, "oidc").await;
    world.idp.refresh(&connection.id, want.clone()).await.unwrap();
    world.idp.refresh(&connection.id, want).await.unwrap();
    assert_eq!(world.upstream.refresh_count("oidc"), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn up_12__different_wants_of_one_grant_take_turns() {
    let world = World::start().await;
    let (connection, want) = cold(&world, "oidc").await;
    world.upstream.set_delay("oidc", Endpoint::Token, 100);
    let narrow = Want {
        narrow: Some(scope("openid")),
        ..want.clone()
    };
    let (whole, narrowed) = tokio::join!(
        world.idp.refresh(&connection.id, want.clone()),
        world.idp.refresh(&connection.id, narrow.clone())
    );
    whole.unwrap();
    narrowed.unwrap();
    assert_eq!(world.upstream.max_concurrent_refreshes("oidc"), 1);
    assert!(
        world
            .upstream
            .is_live(world.warm(&connection, &want).await.unwrap().token.expose())
    );
    assert!(
        world
            .upstream
            .is_live(world.warm(&connection, &narrow).await.unwrap().token.expose())
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn up_12__another_process_with_the_lease_is_waited_for() {
    let world = World::start().await;
    let (connection, want) = cold(&world, "oidc").await;
    let (grant, now) = (want.grant_id.clone(), vouchsafe_model::Clock::now(&world.clock));
    let until = now + Duration::from_secs(1);
    let taken = world
        .write(move |tx| vouchsafe_store::upstream_grants::take_lease(tx, &grant, "another", until, now))
        .await;
    assert!(taken);
    let (idp, id, asked) = (world.idp.clone(), connection.id.clone(), want.clone());
    let waiting = tokio::spawn(async move { idp.refresh(&id, asked).await });
    tokio::time::sleep(Duration::from_millis(200)).await;
    assert!(!waiting.is_finished());
    assert_eq!(world.upstream.refresh_count("oidc"), 0);
    world.advance(2);
    waiting.await.unwrap().unwrap();
    assert_eq!(world.upstream.refresh_count("oidc"), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn up_10__the_rotated_token_is_stored_with_its_record() {
    let world = World::start().await;
    let (connection, want) = cold(&world, "oidc").await;
    let before = world.grant(&connection.id).await;
    for round in 1..=3 {
        world.idp.refresh(&connection.id, want.clone()).await.unwrap();
        let after = world.grant(&connection.id).await;
        assert_eq!(after.version, before.version + round);
        assert_eq!(after.lease_until, None);
        world.advance(40_000);
    }
    let refreshed = world.facts(EventKind::ConnectionRefreshed).await;
    assert_eq!(refreshed.len(), 3);
    assert_eq!(refreshed[0]["rotated"], true);
    assert_eq!(refreshed[0]["connection_id"], connection.id.as_str());
}

#[tokio::test(flavor = "multi_thread")]
async fn up_11__no_new_refresh_token_means_keep_the_old_one() {
    let world = World::start().await;
    let (connection, want) = cold(&world, "static").await;
    for _ in 0..2 {
        world.idp.refresh(&connection.id, want.clone()).await.unwrap();
        world.advance(40_000);
    }
    let sent: Vec<_> = world.upstream.journal_of("static", Endpoint::Token);
    let tokens: Vec<_> = sent
        .iter()
        .filter_map(|entry| entry.parameter("refresh_token"))
        .collect();
    assert_eq!(tokens.len(), 2);
    assert_eq!(tokens[0], tokens[1]);
    assert_eq!(
        world.facts(EventKind::ConnectionRefreshed).await[0]["rotated"],
        false
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn up_11__blank_and_null_refresh_tokens_are_none() {
    let world = World::start().await;
    for value in [serde_json::json!(""), serde_json::Value::Null] {
        let provider = world
            .provider_with("static", "static", &format!("display_name = '{value}'"))
            .await;
        let connection = world.connect(&provider).await;
        world.advance(4_000);
        let spoilt = Fault::Field {
            pointer: "/refresh_token".to_owned(),
            value: Some(value),
        };
        world.upstream.fault("static", Endpoint::Token, spoilt, 1);
        let want = world.want(&connection.id).await;
        world.idp.refresh(&connection.id, want.clone()).await.unwrap();
        world.advance(4_000);
        world.idp.refresh(&connection.id, want).await.unwrap();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn up_10__a_waiter_that_goes_away_cancels_nothing() {
    let world = World::start().await;
    let (connection, want) = cold(&world, "oidc").await;
    world.upstream.set_delay("oidc", Endpoint::Token, 300);
    let gone = tokio::time::timeout(
        Duration::from_millis(100),
        world.idp.refresh(&connection.id, want.clone()),
    )
    .await;
    assert!(gone.is_err());
    // The next one boards the same flight.
    world.idp.refresh(&connection.id, want.clone()).await.unwrap();
    assert_eq!(world.upstream.refresh_count("oidc"), 1);
    assert!(world.warm(&connection, &want).await.is_some());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_narrower_token_is_verified_by_the_providers_word() {
    let world = World::start().await;
    let fields = "[refresh]\nsend_scope = 'narrow'\n[narrow]\nrefresh_scope = 'yes'\n";
    let provider = world.provider_with("subset", "subset", fields).await;
    let connection = world.connect(&provider).await;
    let want = Want {
        narrow: Some(scope("read")),
        ..world.want(&connection.id).await
    };
    world.idp.refresh(&connection.id, want.clone()).await.unwrap();
    let fresh = world.warm(&connection, &want).await.unwrap();
    assert_eq!(fresh.narrowed, Narrowed::Verified);
    assert_eq!(fresh.scope, EffectiveScope::Known(scope("read")));
    assert_eq!(world.upstream.token_can(fresh.token.expose()).unwrap(), ["read"]);
    // The grant is as wide as before.
    assert_eq!(
        world.grant(&connection.id).await.scope,
        EffectiveScope::Known(scope("read write"))
    );
    let wider = Want {
        narrow: Some(scope("admin")),
        ..want
    };
    assert_eq!(
        world.idp.refresh(&connection.id, wider).await,
        Err(RefreshError::CannotNarrow)
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_provider_that_ignores_the_narrower_scope_passes_nothing_off() {
    let world = World::start().await;
    let fields = "[refresh]\nsend_scope = 'narrow'\n[narrow]\nrefresh_scope = 'yes'\n";
    let provider = world.provider_with("grace", "grace", fields).await;
    let connection = world.connect(&provider).await;
    let want = Want {
        narrow: Some(scope("read")),
        ..world.want(&connection.id).await
    };
    assert_eq!(
        world.idp.refresh(&connection.id, want.clone()).await,
        Err(RefreshError::CannotNarrow)
    );
    assert!(world.warm(&connection, &want).await.is_none());
    // What came is a token of the whole grant, and the rotation is not lost.
    let whole = Want {
        narrow: None,
        ..want.clone()
    };
    assert!(
        world
            .upstream
            .is_live(world.warm(&connection, &whole).await.unwrap().token.expose())
    );
    // Silence is no word either.
    world.upstream.fault(
        "grace",
        Endpoint::Token,
        Fault::Field {
            pointer: "/scope".to_owned(),
            value: None,
        },
        1,
    );
    assert_eq!(
        world.idp.refresh(&connection.id, want).await,
        Err(RefreshError::CannotNarrow)
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refresh_that_kills_the_token_before_is_an_authority_change() {
    let world = World::start().await;
    let (connection, want) = cold(&world, "github-app").await;
    let before = world.change_seq().await;
    world.idp.refresh(&connection.id, want.clone()).await.unwrap();
    let since = world.read(move |tx| changes::since(tx, before)).await;
    assert_eq!(since.len(), 1);
    assert_eq!(since[0].1.id, want.grant_id.as_str());
}

#[tokio::test(flavor = "multi_thread")]
async fn scopes_that_shrink_on_refresh_are_stored_and_are_an_authority_change() {
    let world = World::start().await;
    let (connection, want) = cold(&world, "grace").await;
    let before = world.change_seq().await;
    world
        .upstream
        .fault("grace", Endpoint::Token, Fault::Scope("read".into()), 1);
    world.idp.refresh(&connection.id, want).await.unwrap();
    assert_eq!(
        world.grant(&connection.id).await.scope,
        EffectiveScope::Known(scope("read"))
    );
    assert!(world.change_seq().await > before);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refresh_that_ends_after_a_revocation_leaves_nothing_behind() {
    let world = World::start().await;
    let (connection, want) = cold(&world, "grace").await;
    // The provider rotates at once, and keeps us waiting for the answer.
    world
        .upstream
        .fault("grace", Endpoint::Token, Fault::StallMillis(1_000), 1);
    let (idp, id) = (world.idp.clone(), connection.id.clone());
    let refreshing = tokio::spawn(async move { idp.refresh(&id, want).await });
    for _ in 0..100 {
        if world.upstream.successful_refresh_count("grace") == 1 {
            break;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    let by = vouchsafe_identity_provider::RevokedBy::User(world.ada.user.id.clone());
    world
        .idp
        .revoke_connection(&connection.id, by, vouchsafe_audit::Origin::background())
        .await
        .unwrap();
    assert_eq!(refreshing.await.unwrap(), Err(RefreshError::Gone));
    world.settle_jobs().await;
    let id = connection.id.clone();
    let revocations = world
        .read(move |tx| vouchsafe_store::upstream_revocations::of_connection(tx, &id))
        .await;
    assert_eq!(revocations.len(), 2);
    assert!(
        revocations
            .iter()
            .all(|revocation| revocation.forgotten_at.is_some())
    );
    assert!(world.grants(&connection.id).await.is_empty());
    assert!(
        world.upstream.live_tokens("grace").is_empty(),
        "{:?}",
        world.upstream.live_tokens("grace")
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_not_there_is_gone() {
    let world = World::start().await;
    let provider = world.provider("grace").await;
    let connection = world.connect(&provider).await;
    let grant_id: UpstreamGrantId = world.ids.next();
    let want = Want {
        grant_id,
        audience: String::new(),
        narrow: None,
    };
    assert_eq!(
        world.idp.refresh(&connection.id, want.clone()).await,
        Err(RefreshError::Gone)
    );
    assert_eq!(
        world.idp.refresh(&world.ids.next(), want).await,
        Err(RefreshError::Gone)
    );
}
