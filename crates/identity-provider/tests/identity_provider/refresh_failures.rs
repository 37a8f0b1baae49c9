//! What a failed refresh means for the grant.

use vouchsafe_audit::EventKind;
use vouchsafe_fake_upstream::{Endpoint, Fault};
use vouchsafe_identity_provider::{RefreshError, Want};
use vouchsafe_model::{Connection, ConnectionState, ReconnectReason};
use vouchsafe_store::changes;

use crate::world::World;

async fn cold(world: &World, personality: &str, fields: &str) -> (Connection, Want) {
    let provider = world.provider_with(personality, personality, fields).await;
    let connection = world.connect(&provider).await;
    world.advance(40_000);
    let want = world.want(&connection.id).await;
    (connection, want)
}

async fn is_active(world: &World, connection: &Connection) -> bool {
    world.connection(&connection.id).await.unwrap().state == ConnectionState::Active
}

#[tokio::test(flavor = "multi_thread")]
async fn up_13__a_dead_grant_needs_consent_and_keeps_its_secrets() {
    let world = World::start().await;
    let (connection, want) = cold(&world, "grace", "").await;
    world.upstream.revoke_by_user("grace", "ada");
    let before = world.change_seq().await;
    let dead = Err(RefreshError::NeedsConsent(ReconnectReason::GrantDead));
    assert_eq!(world.idp.refresh(&connection.id, want.clone()).await, dead);
    let now = world.connection(&connection.id).await.unwrap();
    assert!(matches!(
        now.state,
        ConnectionState::NeedsConsent {
            reason: ReconnectReason::GrantDead,
            ..
        }
    ));
    assert_eq!(now.version, connection.version + 1);
    assert!(world.grant(&connection.id).await.refresh_token.is_some());
    let since = world.read(move |tx| changes::since(tx, before)).await;
    assert_eq!(since[0].1.id, connection.id.as_str());
    // No more calls.
    assert_eq!(world.idp.refresh(&connection.id, want).await, dead);
    assert_eq!(world.upstream.refresh_count("grace"), 1);
    // The same account brings it back under the same id.
    let provider = "grace".parse().unwrap();
    let again = world.connect(&provider).await;
    assert_eq!(again.id, connection.id);
    assert!(is_active(&world, &connection).await);
}

#[tokio::test(flavor = "multi_thread")]
async fn up_13__nothing_but_the_providers_word_kills_a_grant() {
    let world = World::start().await;
    let (connection, want) = cold(&world, "oidc", "").await;
    for fault in [
        Fault::status(500),
        Fault::status(503),
        Fault::status(429),
        Fault::HtmlPage { status: 200 },
        Fault::HtmlPage { status: 503 },
        Fault::HangUpBeforeProcessing,
        Fault::HugeBody(5_000_000),
        Fault::Redirect("http://127.0.0.1:9/".to_owned()),
        Fault::Status {
            code: 400,
            body: "{\"error\":\"something_new\"}".to_owned(),
            retry_after: None,
        },
    ] {
        world.upstream.fault("oidc", Endpoint::Token, fault.clone(), 1);
        let outcome = world.idp.refresh(&connection.id, want.clone()).await;
        assert!(
            matches!(outcome, Err(RefreshError::Unavailable { .. })),
            "{fault:?}: {outcome:?}"
        );
        assert!(is_active(&world, &connection).await, "{fault:?}");
        assert_eq!(world.grant(&connection.id).await.lease_until, None, "{fault:?}");
    }
    assert_eq!(world.facts(EventKind::RefreshFailed).await.len(), 9);
    assert_eq!(world.facts(EventKind::ConnectionNeedsConsent).await.len(), 0);
    world.idp.refresh(&connection.id, want.clone()).await.unwrap();
    assert!(world.warm(&connection, &want).await.is_some());
    assert_eq!(world.grant(&connection.id).await.outcome_unknown_since, None);
}

#[tokio::test(flavor = "multi_thread")]
async fn up_13__a_timeout_keeps_the_grant_and_is_remembered() {
    let world = World::start().await;
    let (connection, want) = cold(&world, "static", "").await;
    world
        .upstream
        .fault("static", Endpoint::Token, Fault::StallMillis(4_500), 1);
    let outcome = world.idp.refresh(&connection.id, want.clone()).await;
    assert_eq!(outcome, Err(RefreshError::Unavailable { retry_after: None }));
    assert!(is_active(&world, &connection).await);
    // This provider never rotates, so nothing is uncertain.
    assert_eq!(world.grant(&connection.id).await.outcome_unknown_since, None);
    world.idp.refresh(&connection.id, want).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn up_13__retry_after_holds_for_all_grants_of_the_provider() {
    let world = World::start().await;
    let (connection, want) = cold(&world, "grace", "").await;
    world
        .upstream
        .fault("grace", Endpoint::Token, Fault::too_many_requests("30"), 1);
    let asked = Some(std::time::Duration::from_secs(30));
    let outcome = world.idp.refresh(&connection.id, want.clone()).await;
    assert_eq!(outcome, Err(RefreshError::Unavailable { retry_after: asked }));
    world.upstream.next_account("grace", "bob");
    let other = world.connect(&"grace".parse().unwrap()).await;
    let others = Want {
        narrow: None,
        ..world.want(&other.id).await
    };
    world.clock.advance(std::time::Duration::from_secs(11));
    let outcome = world.idp.refresh(&other.id, others).await;
    assert!(
        matches!(outcome, Err(RefreshError::Unavailable { retry_after: Some(_) })),
        "{outcome:?}"
    );
    assert_eq!(world.upstream.refresh_count("grace"), 1);
    world.advance(30);
    world.idp.refresh(&connection.id, want).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_lost_rotation_is_asked_for_again_at_once_where_the_provider_allows_it() {
    let world = World::start().await;
    let (connection, want) = cold(&world, "grace", "[refresh]\nrotation = 'always'\ngrace_s = 600\n").await;
    world
        .upstream
        .fault("grace", Endpoint::Token, Fault::HangUpAfterProcessing, 1);
    world.idp.refresh(&connection.id, want.clone()).await.unwrap();
    assert_eq!(world.upstream.refresh_count("grace"), 2);
    assert_eq!(world.grant(&connection.id).await.outcome_unknown_since, None);
    let fresh = world.warm(&connection, &want).await.unwrap();
    assert!(world.upstream.is_live(fresh.token.expose()));
    world.advance(40_000);
    world.idp.refresh(&connection.id, want).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_lost_rotation_without_grace_is_uncertain_until_the_provider_says_so() {
    let world = World::start().await;
    let (connection, want) = cold(&world, "oidc", "").await;
    world
        .upstream
        .fault("oidc", Endpoint::Token, Fault::HangUpAfterProcessing, 1);
    let outcome = world.idp.refresh(&connection.id, want.clone()).await;
    assert_eq!(outcome, Err(RefreshError::Unavailable { retry_after: None }));
    let grant = world.grant(&connection.id).await;
    assert!(grant.outcome_unknown_since.is_some());
    assert!(is_active(&world, &connection).await);
    assert_eq!(
        world.facts(EventKind::RefreshFailed).await[0]["outcome_unknown"],
        true
    );
    let outcome = world.idp.refresh(&connection.id, want).await;
    assert_eq!(
        outcome,
        Err(RefreshError::NeedsConsent(ReconnectReason::GrantDead))
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn an_answer_that_cannot_be_one_keeps_the_old_state() {
    let world = World::start().await;
    let (connection, want) = cold(&world, "static", "").await;
    for fault in [
        Fault::NoAccessToken,
        Fault::TruncatedJson,
        Fault::Field {
            pointer: "/token_type".to_owned(),
            value: Some("mac".into()),
        },
    ] {
        let before = world.grant(&connection.id).await;
        world.upstream.fault("static", Endpoint::Token, fault.clone(), 1);
        let outcome = world.idp.refresh(&connection.id, want.clone()).await;
        assert!(
            matches!(outcome, Err(RefreshError::Unavailable { .. })),
            "{fault:?}: {outcome:?}"
        );
        assert_eq!(
            world.grant(&connection.id).await.refresh_token,
            before.refresh_token
        );
    }
    world.idp.refresh(&connection.id, want).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn an_operators_mistake_disconnects_nobody() {
    let world = World::start().await;
    for personality in ["oidc", "github-app"] {
        let (connection, want) = cold(&world, personality, "").await;
        world
            .upstream
            .fault(personality, Endpoint::Token, Fault::InvalidClient, 1);
        let outcome = world.idp.refresh(&connection.id, want.clone()).await;
        assert_eq!(outcome, Err(RefreshError::Misconfigured), "{personality}");
        assert!(is_active(&world, &connection).await);
        world.idp.refresh(&connection.id, want).await.unwrap();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_dead_answer_that_another_replica_caused_is_not_believed() {
    let world = World::start().await;
    let (connection, want) = cold(&world, "oidc", "").await;
    world.upstream.set_delay("oidc", Endpoint::Token, 400);
    world
        .upstream
        .fault("oidc", Endpoint::Token, Fault::InvalidGrant, 1);
    let (idp, id, asked) = (world.idp.clone(), connection.id.clone(), want.clone());
    let loser = tokio::spawn(async move { idp.refresh(&id, asked).await });
    // The winner has stored its successor while the loser's call is under way. Here it is the same token once more, so
    // that the second look can use it.
    tokio::time::sleep(std::time::Duration::from_millis(150)).await;
    world.bump_version(&connection, &want).await;
    loser.await.unwrap().unwrap();
    assert!(is_active(&world, &connection).await);
}

#[tokio::test(flavor = "multi_thread")]
async fn ar_03__after_a_change_of_hosts_nothing_is_sent_and_the_user_is_asked() {
    let world = World::start().await;
    let (connection, want) = cold(&world, "grace", "").await;
    let entry = world
        .entry("grace", "[api]\nhosts = ['elsewhere.example']\n")
        .await;
    world.apply("grace", entry).await;
    world.upstream.clear_journal();
    let outcome = world.idp.refresh(&connection.id, want).await;
    assert_eq!(
        outcome,
        Err(RefreshError::NeedsConsent(ReconnectReason::HostsChanged))
    );
    assert!(world.upstream.journal().is_empty());
    // Connecting again seals for the new hosts.
    let again = world.connect(&"grace".parse().unwrap()).await;
    assert_eq!(again.id, connection.id);
    assert_ne!(again.hosts, connection.hosts);
    let want = world.want(&again.id).await;
    world.advance(40_000);
    world.idp.refresh(&again.id, want).await.unwrap();
}

impl World {
    /// What another replica's refresh leaves: the same grant, one version on.
    pub(crate) async fn bump_version(&self, connection: &Connection, want: &Want) {
        use vouchsafe_model::SealContext;
        let grant = self.grant(&connection.id).await;
        let key_id = grant.data_key_id.clone();
        let key = self
            .read(move |tx| vouchsafe_store::data_keys::by_id(tx, &key_id))
            .await
            .unwrap();
        let key = self.vault.open_data_key(&key).unwrap();
        let context = |version| SealContext {
            table: "upstream_grants",
            column: "refresh_token",
            row: want.grant_id.as_str(),
            user: connection.user_id.as_str(),
            provider: connection.provider_id.as_str(),
            hosts: connection.hosts,
            version,
        };
        let token = self
            .vault
            .open(
                &key,
                &context(grant.version),
                grant.refresh_token.as_ref().unwrap(),
            )
            .unwrap();
        let next = vouchsafe_model::UpstreamGrant {
            version: grant.version + 1,
            refresh_token: Some(self.vault.seal(&key, &context(grant.version + 1), &token)),
            lease_owner: None,
            lease_until: None,
            ..grant.clone()
        };
        let rotated = self
            .write(move |tx| vouchsafe_store::upstream_grants::rotate(tx, &next, grant.version))
            .await;
        assert!(rotated);
    }
}
