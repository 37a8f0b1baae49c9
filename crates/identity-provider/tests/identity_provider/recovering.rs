//! A code can be redeemed once: its tokens survive whatever comes next.

use std::time::Duration;

use vouchsafe_audit::EventKind;
use vouchsafe_fake_upstream::{Endpoint, Fault};
use vouchsafe_identity_provider::ConnectError;
use vouchsafe_model::ConnectAttemptState;
use vouchsafe_store::{Location, connect_attempts, raw_sql};

use crate::world::World;

#[tokio::test(flavor = "multi_thread")]
async fn up_10__tokens_wait_in_quarantine_while_the_account_is_unknown() {
    let world = World::start().await;
    let provider = world.provider("grace").await;
    world
        .upstream
        .fault("grace", Endpoint::Userinfo, Fault::status(503), 2);
    let outcome = world
        .try_connect(&world.ada, World::begin(&world.ada, &provider))
        .await;
    assert!(
        matches!(outcome, Err(ConnectError::IdentityPending)),
        "{outcome:?}"
    );
    let waiting = world.read(connect_attempts::unfinished).await;
    assert_eq!(waiting[0].state, ConnectAttemptState::Quarantined);
    assert!(world.connections(&world.ada).await.is_empty());
    // The first job fails too, the second finds out.
    world.settle_jobs().await;
    assert!(world.connections(&world.ada).await.is_empty());
    world.advance(60);
    world.settle_jobs().await;
    let connections = world.connections(&world.ada).await;
    let fresh = world
        .warm(&connections[0], &world.want(&connections[0].id).await)
        .await
        .unwrap();
    assert!(world.upstream.is_live(fresh.token.expose()));
    assert_eq!(world.upstream.journal_of("grace", Endpoint::Token).len(), 1);
    assert!(world.read(connect_attempts::unfinished).await.is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn up_10__after_a_crash_quarantined_attempts_are_completed() {
    let world = World::start().await;
    let provider = world.provider("oidc").await;
    world
        .upstream
        .fault("oidc", Endpoint::Jwks, Fault::status(500), 1);
    let outcome = world
        .try_connect(&world.ada, World::begin(&world.ada, &provider))
        .await;
    assert!(
        matches!(outcome, Err(ConnectError::IdentityPending)),
        "{outcome:?}"
    );
    world.idp.recover_attempts().await;
    world.settle_jobs().await;
    assert_eq!(world.connections(&world.ada).await.len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn up_10__after_a_crash_attempts_that_were_being_redeemed_are_over() {
    let world = World::start().await;
    let provider = world.provider("grace").await;
    world
        .upstream
        .fault("grace", Endpoint::Token, Fault::StallMillis(1_500), 1);
    let departure = world.depart(World::begin(&world.ada, &provider)).await;
    let callback = world.travel(&world.ada, &provider, &departure).await;
    let idp = world.idp.clone();
    let flow = tokio::spawn(async move { idp.finish(callback).await });
    for _ in 0..100 {
        if !world.read(connect_attempts::unfinished).await.is_empty() {
            break;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    world.idp.recover_attempts().await;
    assert!(world.read(connect_attempts::unfinished).await.is_empty());
    // The answer that comes after all finds its attempt ended, and is given back to the provider.
    let outcome = flow.await.unwrap();
    assert!(
        matches!(outcome, Err(ConnectError::AuthorityChanged)),
        "{outcome:?}"
    );
    assert!(world.connections(&world.ada).await.is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn up_10__an_attempt_that_a_lost_process_was_redeeming_ends_with_its_time() {
    let world = World::start().await;
    let provider = world.provider("grace").await;
    world.depart(World::begin(&world.ada, &provider)).await;
    // As a process leaves it that dies between the call and the answer, and that restarts while others serve.
    let location = Location::Sqlite(world.directory.path().join("db"));
    raw_sql::execute(&location, "UPDATE connect_attempts SET state = 'redeeming'");
    let (stop, until) = tokio::sync::watch::channel(false);
    let idp = world.idp.clone();
    let jobs = tokio::spawn(async move { idp.run_jobs(until).await });
    world.advance(2 * 3600);
    let ended = async {
        while !world.read(connect_attempts::unfinished).await.is_empty() {
            world.advance(3600);
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(Duration::from_secs(30), ended)
        .await
        .expect("the attempt ends");
    stop.send(true).unwrap();
    jobs.await.unwrap();
    assert_eq!(
        world.facts(EventKind::ConnectFailed).await[0]["reason"],
        "interrupted"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn quarantined_tokens_are_given_up_when_nobody_can_say_whose_they_are() {
    let world = World::start().await;
    let provider = world.provider("grace").await;
    world
        .upstream
        .fault("grace", Endpoint::Userinfo, Fault::status(503), 1);
    let outcome = world
        .try_connect(&world.ada, World::begin(&world.ada, &provider))
        .await;
    assert!(
        matches!(outcome, Err(ConnectError::IdentityPending)),
        "{outcome:?}"
    );
    world.advance(2 * 3600);
    world.settle_jobs().await;
    assert!(world.read(connect_attempts::unfinished).await.is_empty());
    assert!(world.connections(&world.ada).await.is_empty());
    assert!(world.upstream.live_tokens("grace").is_empty());
}
