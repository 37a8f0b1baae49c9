//! Dead here at once, dead at the provider as soon as it can be.

use vouchsafe_audit::{EventKind, Origin};
use vouchsafe_fake_upstream::{Endpoint, Fault};
use vouchsafe_identity_provider::{RefreshError, RevokeAnswer, RevokeError, RevokedBy, Want};
use vouchsafe_model::{AdminKeyId, Connection, ConnectionState, RevocationState};
use vouchsafe_store::{changes, upstream_revocations};

use crate::world::World;

impl World {
    pub(crate) async fn revoke(&self, connection: &Connection) -> RevokeAnswer {
        let by = RevokedBy::User(self.ada.user.id.clone());
        self.idp
            .revoke_connection(&connection.id, by, Origin::background())
            .await
            .unwrap()
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn up_14__revoking_ends_the_tokens_at_the_provider_and_forgets_them() {
    let world = World::start().await;
    for personality in ["oidc", "static", "github", "github-app", "slack", "grace"] {
        let provider = world.provider(personality).await;
        let connection = world.connect(&provider).await;
        let before = world.change_seq().await;
        let answer = world.revoke(&connection).await;
        assert_eq!(
            answer.state,
            RevocationState::RevokedUpstream,
            "{personality}: {answer:?}"
        );
        assert!(answer.forgotten, "{personality}");
        assert!(answer.raw_releases_alive.is_empty());
        let live: Vec<_> = world.upstream.live_tokens(personality);
        let access: Vec<_> = live
            .iter()
            .filter(|token| world.upstream.token_can(&token.token).is_some())
            .collect();
        assert!(access.is_empty(), "{personality}: {access:?}");
        let now = world.connection(&connection.id).await.unwrap();
        assert!(matches!(now.state, ConnectionState::Revoked { .. }));
        let since = world.read(move |tx| changes::since(tx, before)).await;
        assert!(
            since
                .iter()
                .any(|(_, change)| change.id == connection.id.as_str())
        );
    }
    let facts = world.facts(EventKind::UpstreamRevocation).await;
    assert_eq!(facts.len(), 6);
    assert!(
        facts
            .iter()
            .all(|facts| facts["state"] == "revoked_upstream" && facts["forgotten"] == true)
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn ar_05__while_the_provider_is_away_the_secret_is_out_of_reach_but_not_lost() {
    let world = World::start().await;
    let provider = world.provider("grace").await;
    let connection = world.connect(&provider).await;
    let want = world.want(&connection.id).await;
    world
        .upstream
        .fault("grace", Endpoint::Revoke, Fault::status(503), 3);
    let answer = world.revoke(&connection).await;
    assert_eq!(
        (answer.state, answer.forgotten),
        (RevocationState::PendingUpstream, false)
    );
    assert_eq!(answer.reason.as_deref(), Some("upstream_unavailable"));
    assert!(world.grants(&connection.id).await.is_empty());
    assert_eq!(
        world.idp.refresh(&connection.id, want).await,
        Err(RefreshError::Gone)
    );
    assert!(!world.upstream.live_tokens("grace").is_empty());
    // The first pause is seconds, the next ones are longer; the provider comes back.
    for _ in 0..4 {
        world.advance(300);
        world.settle_jobs().await;
    }
    assert!(world.upstream.live_tokens("grace").is_empty());
    let answer = world.revoke(&connection).await;
    assert_eq!(
        (answer.state, answer.forgotten),
        (RevocationState::RevokedUpstream, true)
    );
    assert_eq!(world.facts(EventKind::ConnectionRevoked).await.len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn ar_05__past_the_deadline_it_is_abandoned_and_then_forgotten() {
    let world = World::start().await;
    let provider = world.provider("grace").await;
    let connection = world.connect(&provider).await;
    world
        .upstream
        .fault("grace", Endpoint::Revoke, Fault::status(500), 100);
    assert_eq!(
        world.revoke(&connection).await.state,
        RevocationState::PendingUpstream
    );
    world.advance(8 * 24 * 3600);
    world.settle_jobs().await;
    let answer = world.revoke(&connection).await;
    assert_eq!(
        (answer.state, answer.forgotten),
        (RevocationState::Abandoned, true)
    );
    let facts = world.facts(EventKind::UpstreamRevocation).await;
    assert_eq!(
        (&facts[0]["state"], &facts[0]["reason"]),
        (&"abandoned".into(), &"upstream_unavailable".into())
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn up_14__a_provider_that_cannot_revoke_is_abandoned_at_once_and_says_so() {
    let world = World::start().await;
    let provider = world
        .provider_with("grace", "grace", "[revoke]\nshape = 'none'\nurl = ''\n")
        .await;
    let connection = world.connect(&provider).await;
    let answer = world.revoke(&connection).await;
    assert_eq!(answer.state, RevocationState::Abandoned);
    assert_eq!(answer.reason.as_deref(), Some("not_supported"));
    assert!(answer.forgotten);
}

#[tokio::test(flavor = "multi_thread")]
async fn up_14__a_token_that_is_dead_already_counts_as_revoked() {
    let world = World::start().await;
    let provider = world.provider("static").await;
    let connection = world.connect(&provider).await;
    world.upstream.revoke_by_user("static", "ada");
    let answer = world.revoke(&connection).await;
    assert_eq!(
        (answer.state, answer.forgotten),
        (RevocationState::RevokedUpstream, true),
        "{answer:?}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn ar_14__a_grant_that_another_connection_shares_is_not_ended() {
    let world = World::start().await;
    let one = world.provider("static").await;
    let two = world.provider_with("static-too", "static", "").await;
    let first = world.connect(&one).await;
    let second = world.connect(&two).await;
    let answer = world.revoke(&first).await;
    assert_eq!(answer.state, RevocationState::Abandoned);
    assert_eq!(answer.reason.as_deref(), Some("shared_grant"));
    assert!(world.upstream.journal_of("static", Endpoint::Revoke).is_empty());
    let fresh = world.warm(&second, &world.want(&second.id).await).await.unwrap();
    assert!(world.upstream.is_live(fresh.token.expose()));
    // The last one may.
    assert_eq!(
        world.revoke(&second).await.state,
        RevocationState::RevokedUpstream
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn ar_03__a_queued_secret_goes_only_where_it_was_sealed_for() {
    let world = World::start().await;
    let provider = world.provider("grace").await;
    let connection = world.connect(&provider).await;
    let entry = world
        .entry("grace", "[api]\nhosts = ['elsewhere.example']\n")
        .await;
    world.apply("grace", entry).await;
    let answer = world.revoke(&connection).await;
    assert_eq!(answer.state, RevocationState::PendingUpstream);
    assert_eq!(answer.reason.as_deref(), Some("hosts_changed"));
    assert!(world.upstream.journal_of("grace", Endpoint::Revoke).is_empty());
    // Put back, it goes.
    let entry = world.entry("grace", "").await;
    world.apply("grace", entry).await;
    world.advance(60);
    world.settle_jobs().await;
    assert!(world.upstream.live_tokens("grace").is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_disabled_provider_can_still_be_asked_to_revoke() {
    let world = World::start().await;
    let provider = world.provider("grace").await;
    let connection = world.connect(&provider).await;
    world.idp.disable_provider(&provider).await.unwrap();
    assert_eq!(
        world.revoke(&connection).await.state,
        RevocationState::RevokedUpstream
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn only_the_owner_and_admins_find_a_connection() {
    let world = World::start().await;
    let provider = world.provider("grace").await;
    let connection = world.connect(&provider).await;
    let mallory = world.person("mallory").await;
    let by = RevokedBy::User(mallory.user.id);
    let outcome = world
        .idp
        .revoke_connection(&connection.id, by, Origin::background())
        .await;
    assert!(matches!(outcome, Err(RevokeError::NotFound)), "{outcome:?}");
    let key_id: AdminKeyId = world.ids.next();
    let by = RevokedBy::Admin {
        key_id: key_id.clone(),
    };
    world
        .idp
        .revoke_connection(&connection.id, by, Origin::background())
        .await
        .unwrap();
    let facts = world.facts(EventKind::ConnectionRevoked).await;
    assert_eq!(
        (&facts[0]["by"], &facts[0]["admin_key_id"]),
        (&"admin".into(), &key_id.as_str().into())
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn the_answer_waits_only_a_moment() {
    let world = World::start().await;
    let provider = world.provider("grace").await;
    let connection = world.connect(&provider).await;
    world.upstream.set_delay("grace", Endpoint::Revoke, 1_000);
    let (idp, id, by) = (
        world.idp.clone(),
        connection.id.clone(),
        RevokedBy::User(world.ada.user.id.clone()),
    );
    let answer = tokio::spawn(async move { idp.revoke_connection(&id, by, Origin::background()).await });
    tokio::time::sleep(std::time::Duration::from_millis(300)).await;
    world.clock.advance(std::time::Duration::from_secs(4));
    let answer = answer.await.unwrap().unwrap();
    assert_eq!(answer.state, RevocationState::PendingUpstream);
    // The attempt goes on.
    for _ in 0..100 {
        if world.read(upstream_revocations::pending).await.is_empty() {
            return;
        }
        tokio::time::sleep(std::time::Duration::from_millis(50)).await;
    }
    panic!("the attempt was lost");
}

#[tokio::test(flavor = "multi_thread")]
async fn revoking_twice_at_once_revokes_once() {
    let world = World::start().await;
    let provider = world.provider("grace").await;
    let connection = world.connect(&provider).await;
    let want = Want {
        narrow: None,
        ..world.want(&connection.id).await
    };
    let (one, two) = tokio::join!(world.revoke(&connection), world.revoke(&connection));
    assert_eq!(one.connection_id, two.connection_id);
    assert_eq!(world.facts(EventKind::ConnectionRevoked).await.len(), 1);
    assert!(world.warm(&connection, &want).await.is_none());
}
