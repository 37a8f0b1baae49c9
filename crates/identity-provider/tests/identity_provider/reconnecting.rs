//! Connecting again.

use vouchsafe_audit::Origin;
use vouchsafe_fake_upstream::Endpoint;
use vouchsafe_identity_provider::{Begin, ConnectError, RevokedBy};
use vouchsafe_model::{ConnectionState, EffectiveScope};

use crate::world::{World, scope};

#[tokio::test(flavor = "multi_thread")]
async fn the_same_account_again_renews_and_makes_no_duplicate() {
    let world = World::start().await;
    let provider = world.provider("grace").await;
    let first = world.connect(&provider).await;
    let old_grant = world.grant(&first.id).await;
    let second = world.connect(&provider).await;
    assert_eq!(second.id, first.id);
    assert_eq!(second.version, first.version + 1);
    assert_ne!(world.grant(&first.id).await.id, old_grant.id);
    assert_eq!(world.connections(&world.ada).await.len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn up_17__renewing_with_another_account_replaces_nothing() {
    let world = World::start().await;
    let provider = world.provider("grace").await;
    let connection = world.connect(&provider).await;
    let before = world.grant(&connection.id).await;
    world.upstream.next_account("grace", "bob");
    let begin = Begin {
        reconnect: Some(connection.id.clone()),
        ..World::begin(&world.ada, &provider)
    };
    let outcome = world.try_connect(&world.ada, begin).await;
    assert!(
        matches!(outcome, Err(ConnectError::DifferentAccount)),
        "{outcome:?}"
    );
    assert_eq!(world.grant(&connection.id).await, before);
    let fresh = world
        .warm(&connection, &world.want(&connection.id).await)
        .await
        .unwrap();
    assert!(world.upstream.is_live(fresh.token.expose()));
}

#[tokio::test(flavor = "multi_thread")]
async fn up_17__two_accounts_are_two_connections() {
    let world = World::start().await;
    let provider = world.provider("grace").await;
    let ada = world.connect(&provider).await;
    world.upstream.next_account("grace", "bob");
    let bob = world.connect(&provider).await;
    assert_ne!(ada.id, bob.id);
    assert_eq!(world.connections(&world.ada).await.len(), 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn cl_12__an_account_that_another_user_has_connected_is_refused() {
    let world = World::start().await;
    let provider = world.provider("grace").await;
    let connection = world.connect(&provider).await;
    let bob = world.person("bob").await;
    let outcome = world.try_connect(&bob, World::begin(&bob, &provider)).await;
    assert!(matches!(outcome, Err(ConnectError::AccountTaken)), "{outcome:?}");
    assert!(world.connections(&bob).await.is_empty());
    let by = RevokedBy::User(world.ada.user.id.clone());
    world
        .idp
        .revoke_connection(&connection.id, by, Origin::background())
        .await
        .unwrap();
    world
        .try_connect(&bob, World::begin(&bob, &provider))
        .await
        .unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn up_18__renewing_asks_for_old_and_new_scopes_together() {
    let world = World::start().await;
    let provider = world.provider("grace").await;
    let begin = Begin {
        scope: Some(scope("read")),
        ..World::begin(&world.ada, &provider)
    };
    let connection = world.try_connect(&world.ada, begin).await.unwrap().connection;
    let begin = Begin {
        scope: Some(scope("admin")),
        reconnect: Some(connection.id.clone()),
        ..World::begin(&world.ada, &provider)
    };
    world.try_connect(&world.ada, begin).await.unwrap();
    let asked = world.upstream.journal_of("grace", Endpoint::Authorize);
    assert_eq!(asked.last().unwrap().query_parameter("scope"), Some("admin read"));
    assert_eq!(
        world.grant(&connection.id).await.scope,
        EffectiveScope::Known(scope("admin read"))
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn ar_13__replaced_tokens_are_revoked_where_that_kills_only_them() {
    let world = World::start().await;
    let provider = world.provider("grace").await;
    let connection = world.connect(&provider).await;
    let old = world
        .warm(&connection, &world.want(&connection.id).await)
        .await
        .unwrap();
    world.connect(&provider).await;
    world.settle_jobs().await;
    assert!(!world.upstream.is_live(old.token.expose()));
    let fresh = world
        .warm(&connection, &world.want(&connection.id).await)
        .await
        .unwrap();
    assert!(world.upstream.is_live(fresh.token.expose()));
    // Not at a provider where it would end the new grant too.
    let provider = world.provider("static").await;
    let connection = world.connect(&provider).await;
    world.connect(&provider).await;
    world.settle_jobs().await;
    assert!(world.upstream.journal_of("static", Endpoint::Revoke).is_empty());
    let fresh = world
        .warm(&connection, &world.want(&connection.id).await)
        .await
        .unwrap();
    assert!(world.upstream.is_live(fresh.token.expose()));
}

#[tokio::test(flavor = "multi_thread")]
async fn up_11__a_renewal_without_a_refresh_token_keeps_the_old_one() {
    let world = World::start().await;
    let provider = world.provider("static").await;
    let connection = world.connect(&provider).await;
    let missing = vouchsafe_fake_upstream::Fault::Field {
        pointer: "/refresh_token".to_owned(),
        value: None,
    };
    world.upstream.fault("static", Endpoint::Token, missing, 1);
    world.connect(&provider).await;
    assert!(world.grant(&connection.id).await.refresh_token.is_some());
    world.advance(3600);
    world
        .idp
        .refresh(&connection.id, world.want(&connection.id).await)
        .await
        .unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn ar_06__a_revoked_connection_cannot_be_renewed_and_a_new_one_has_a_new_id() {
    let world = World::start().await;
    let provider = world.provider("grace").await;
    let connection = world.connect(&provider).await;
    let by = RevokedBy::User(world.ada.user.id.clone());
    world
        .idp
        .revoke_connection(&connection.id, by, Origin::background())
        .await
        .unwrap();
    let begin = Begin {
        reconnect: Some(connection.id.clone()),
        ..World::begin(&world.ada, &provider)
    };
    let outcome = world.idp.begin(begin).await;
    assert!(
        matches!(outcome, Err(ConnectError::ConnectionNotFound)),
        "{outcome:?}"
    );
    let again = world.connect(&provider).await;
    assert_ne!(again.id, connection.id);
    let old = world.connection(&connection.id).await.unwrap();
    assert!(matches!(old.state, ConnectionState::Revoked { .. }));
}

#[tokio::test(flavor = "multi_thread")]
async fn ar_06__a_renewal_that_was_under_way_does_not_revive_a_revoked_connection() {
    let world = World::start().await;
    let provider = world.provider("grace").await;
    let connection = world.connect(&provider).await;
    let begin = Begin {
        reconnect: Some(connection.id.clone()),
        ..World::begin(&world.ada, &provider)
    };
    let departure = world.depart(begin).await;
    let callback = world.travel(&world.ada, &provider, &departure).await;
    let by = RevokedBy::User(world.ada.user.id.clone());
    world
        .idp
        .revoke_connection(&connection.id, by, Origin::background())
        .await
        .unwrap();
    let outcome = world.idp.finish(callback).await;
    assert!(
        matches!(outcome, Err(ConnectError::AuthorityChanged)),
        "{outcome:?}"
    );
    assert!(world.grants(&connection.id).await.is_empty());
}
