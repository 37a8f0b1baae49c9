//! Which raw tokens may still work after a revocation.

use std::time::Duration;

use vouchsafe_audit::{Event, EventKind};
use vouchsafe_fake_upstream::{Endpoint, Fault};
use vouchsafe_model::{Clock as _, Connection, RevocationState};

use crate::world::World;

impl World {
    async fn release(&self, connection: &Connection, client: &str, expires_in: Option<u64>) {
        self.note(
            Event::new(EventKind::TokenExchanged)
                .fact("connection_id", connection.id.as_str())
                .fact("client_id", client)
                .fact_if("expires_in", expires_in),
        )
        .await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn ar_08__releases_that_may_still_work_are_listed_until_the_provider_confirms() {
    let world = World::start().await;
    let provider = world.provider("grace").await;
    let connection = world.connect(&provider).await;
    let other = {
        world.upstream.next_account("grace", "bob");
        world.connect(&provider).await
    };
    world.release(&connection, "early", Some(60)).await;
    world.release(&connection, "agent", Some(3600)).await;
    world.release(&other, "agent", Some(3600)).await;
    world.advance(120);
    world.release(&connection, "second", Some(600)).await;
    world
        .upstream
        .fault("grace", Endpoint::Revoke, Fault::status(503), 1);
    let answer = world.revoke(&connection).await;
    assert_eq!(answer.state, RevocationState::PendingUpstream);
    let clients: Vec<&str> = answer
        .raw_releases_alive
        .iter()
        .map(|release| release.client_id.as_str())
        .collect();
    assert_eq!(clients, ["second", "agent"]);
    assert_eq!(
        answer.exposed_until,
        Some(world.clock.now() + Duration::from_secs(3480))
    );
    assert_eq!(answer.raw_releases_alive[0].released_at, world.clock.now());
    world.advance(60);
    world.settle_jobs().await;
    let answer = world.revoke(&connection).await;
    assert_eq!(answer.state, RevocationState::RevokedUpstream);
    assert!(answer.raw_releases_alive.is_empty());
    assert_eq!(answer.exposed_until, None);
}

#[tokio::test(flavor = "multi_thread")]
async fn ar_08__a_token_released_before_the_last_refresh_is_not_forgotten() {
    let world = World::start().await;
    let provider = world
        .provider_with("grace", "grace", "[revoke]\nshape = 'none'\nurl = ''\n")
        .await;
    let connection = world.connect(&provider).await;
    world.release(&connection, "agent", Some(3600)).await;
    world.advance(3_000);
    world
        .idp
        .refresh(&connection.id, world.want(&connection.id).await)
        .await
        .unwrap();
    let answer = world.revoke(&connection).await;
    assert_eq!(answer.raw_releases_alive.len(), 1);
    assert_eq!(
        answer.exposed_until,
        Some(world.clock.now() + Duration::from_secs(600))
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn ar_08__a_release_without_end_has_no_until() {
    let world = World::start().await;
    let provider = world
        .provider_with("github", "github", "[revoke]\nshape = 'none'\nurl = ''\n")
        .await;
    let connection = world.connect(&provider).await;
    world.release(&connection, "agent", None).await;
    world.advance(1_000_000);
    let answer = world.revoke(&connection).await;
    assert_eq!(answer.raw_releases_alive[0].expires_at, None);
    assert_eq!(answer.exposed_until, None);
}
