//! The browser that finishes is the user that started.

use vouchsafe_audit::EventKind;
use vouchsafe_fake_upstream::Endpoint;
use vouchsafe_identity_provider::{Callback, ConnectError};
use vouchsafe_model::Secret;

use crate::world::World;

fn redemptions(world: &World) -> usize {
    world.upstream.journal_of("oidc", Endpoint::Token).len()
}

#[tokio::test(flavor = "multi_thread")]
async fn cl_03__each_binding_missing_or_swapped_is_refused_and_nothing_is_stored() {
    let world = World::start().await;
    let provider = world.provider("oidc").await;
    let mallory = world.person("mallory").await;
    let departure = world.depart(World::begin(&world.ada, &provider)).await;
    let honest = world.travel(&world.ada, &provider, &departure).await;
    let like = |change: &dyn Fn(&mut Callback)| {
        let mut callback = Callback {
            provider_id: honest.provider_id.clone(),
            user: honest.user.clone(),
            session: honest.session.clone(),
            code: honest.code.clone(),
            state: honest.state.clone(),
            error: None,
            iss: honest.iss.clone(),
            cookies: honest.cookies.clone(),
            origin: honest.origin.clone(),
        };
        change(&mut callback);
        callback
    };
    let elsewhere = world.person("elsewhere").await;
    let name = departure.cookie_name.clone();
    let wrong: Vec<(&str, Callback)> = vec![
        ("no cookie", like(&|callback| callback.cookies.clear())),
        (
            "another value",
            like(&|callback| callback.cookies = vec![(name.clone(), Secret::from("0"))]),
        ),
        ("another name", like(&|callback| callback.cookies[0].0.push('x'))),
        (
            "two cookies",
            like(&|callback| callback.cookies.push((name.clone(), Secret::from("0")))),
        ),
        (
            "another user",
            like(&|callback| {
                (callback.user, callback.session) = (mallory.user.clone(), mallory.session.clone());
            }),
        ),
        (
            "another session",
            like(&|callback| callback.session = elsewhere.session.clone()),
        ),
        ("no state", like(&|callback| callback.state = None)),
        (
            "another state",
            like(&|callback| callback.state = Some("0".repeat(64))),
        ),
        (
            "a huge state",
            like(&|callback| callback.state = Some("0".repeat(100_000))),
        ),
        (
            "another path",
            like(&|callback| callback.provider_id = "static".parse().unwrap()),
        ),
    ];
    for (what, callback) in wrong {
        let refused = world.idp.finish(callback).await;
        assert!(
            matches!(refused, Err(ConnectError::NotThisBrowser)),
            "{what}: {refused:?}"
        );
    }
    assert_eq!(redemptions(&world), 0);
    assert!(world.connections(&world.ada).await.is_empty() && world.connections(&mallory).await.is_empty());
    // None of that has spent the flow.
    world.idp.finish(honest).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn up_01__a_state_is_good_once_and_for_ten_minutes() {
    let world = World::start().await;
    let provider = world.provider("oidc").await;
    let first = world.depart(World::begin(&world.ada, &provider)).await;
    let second = world.depart(World::begin(&world.ada, &provider)).await;
    let state = |url: &str| {
        let url = url::Url::parse(url).unwrap();
        url.query_pairs()
            .find(|(name, _)| name == "state")
            .unwrap()
            .1
            .into_owned()
    };
    assert_ne!(state(&first.url), state(&second.url));
    assert_eq!(state(&first.url).len(), 64);
    let callback = world.travel(&world.ada, &provider, &first).await;
    world.advance(600);
    assert!(matches!(
        world.idp.finish(callback).await,
        Err(ConnectError::Expired)
    ));
    assert_eq!(redemptions(&world), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn cl_07__a_duplicate_callback_redeems_nothing_and_gets_a_friendly_answer() {
    let world = World::start().await;
    let provider = world.provider("oidc").await;
    let departure = world.depart(World::begin(&world.ada, &provider)).await;
    let callback = world.travel(&world.ada, &provider, &departure).await;
    let again = Callback {
        code: callback.code.clone(),
        ..world.travel(&world.ada, &provider, &departure).await
    };
    world.idp.finish(callback).await.unwrap();
    assert!(matches!(
        world.idp.finish(again).await,
        Err(ConnectError::AlreadyFinished)
    ));
    assert_eq!(redemptions(&world), 1);
    assert_eq!(world.connections(&world.ada).await.len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn cl_07__of_two_callbacks_at_once_one_wins() {
    let world = World::start().await;
    let provider = world.provider("oidc").await;
    let departure = world.depart(World::begin(&world.ada, &provider)).await;
    let first = world.travel(&world.ada, &provider, &departure).await;
    let second = Callback {
        code: first.code.clone(),
        ..world.travel(&world.ada, &provider, &departure).await
    };
    let (first, second) = tokio::join!(world.idp.finish(first), world.idp.finish(second));
    assert!(first.is_ok() != second.is_ok());
    assert_eq!(redemptions(&world), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn cl_08__flows_in_two_tabs_do_not_cross() {
    let world = World::start().await;
    let provider = world.provider("oidc").await;
    let one = world.depart(World::begin(&world.ada, &provider)).await;
    let two = world.depart(World::begin(&world.ada, &provider)).await;
    assert_ne!(one.cookie_name, two.cookie_name);
    assert!(one.cookie_name.starts_with("__Host-"));
    let mut back_from_two = world.travel(&world.ada, &provider, &two).await;
    let mut back_from_one = world.travel(&world.ada, &provider, &one).await;
    // A browser sends both cookies each time.
    back_from_two.cookies.extend(back_from_one.cookies.clone());
    back_from_one.cookies = back_from_two.cookies.clone();
    world.idp.finish(back_from_two).await.unwrap();
    world.idp.finish(back_from_one).await.unwrap();
    assert_eq!(world.connections(&world.ada).await.len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn up_04__an_answer_for_another_providers_path_is_refused() {
    let world = World::start().await;
    let provider = world.provider("oidc").await;
    let twin = world.provider_with("twin", "oidc", "").await;
    let departure = world.depart(World::begin(&world.ada, &provider)).await;
    let mut callback = world.travel(&world.ada, &provider, &departure).await;
    callback.provider_id = twin;
    assert!(matches!(
        world.idp.finish(callback).await,
        Err(ConnectError::NotThisBrowser)
    ));
    assert_eq!(redemptions(&world), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_knocks_with_a_known_state_is_on_the_record() {
    let world = World::start().await;
    let provider = world.provider("oidc").await;
    let mallory = world.person("mallory").await;
    let departure = world.depart(World::begin(&world.ada, &provider)).await;
    let mut callback = world.travel(&world.ada, &provider, &departure).await;
    callback.session = mallory.session.clone();
    callback.user = mallory.user;
    assert!(world.idp.finish(callback).await.is_err());
    let failed = world.facts(EventKind::ConnectFailed).await;
    assert_eq!(failed[0]["reason"], "not_this_browser");
    assert_eq!(failed[0]["presented_session_id"], mallory.session.id.as_str());
}
