//! Leaving, coming back, and what is stored.

use vouchsafe_audit::EventKind;
use vouchsafe_fake_upstream::{DEFAULT_CLIENT_ID, Endpoint, Fault};
use vouchsafe_identity_provider::{Callback, ConnectError, ProviderRefusal};
use vouchsafe_model::{ConnectionState, EffectiveScope, Secret};

use crate::world::{ISSUER, World, scope};

#[tokio::test(flavor = "multi_thread")]
async fn an_account_is_connected_and_its_token_is_warm() {
    let world = World::start().await;
    for personality in ["oidc", "static", "github", "github-app", "grace"] {
        let provider = world.provider(personality).await;
        let connection = world.connect(&provider).await;
        assert_eq!(connection.state, ConnectionState::Active);
        assert_eq!(
            connection.account_id,
            world.upstream.account_id(personality, "ada"),
            "{personality}"
        );
        let fresh = world
            .warm(&connection, &world.want(&connection.id).await)
            .await
            .unwrap();
        assert!(world.upstream.is_live(fresh.token.expose()), "{personality}");
    }
    let connected = world.facts(EventKind::ConnectionConnected).await;
    assert_eq!(connected.len(), 5);
    assert_eq!(
        world.facts(EventKind::ConnectStarted).await[0]["attempt_id"],
        connected[0]["attempt_id"]
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn an_answer_of_two_parts_gives_two_grants() {
    let world = World::start().await;
    let provider = world.provider("slack").await;
    let connection = world.connect(&provider).await;
    let mut parts: Vec<String> = world
        .grants(&connection.id)
        .await
        .into_iter()
        .map(|grant| grant.part)
        .collect();
    parts.sort();
    assert_eq!(parts, ["bot", "user"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn up_02__pkce_is_s256_and_the_verifier_never_travels_with_the_browser() {
    let world = World::start().await;
    let provider = world.provider("oidc").await;
    world.connect(&provider).await;
    let authorize = &world.upstream.journal_of("oidc", Endpoint::Authorize)[0];
    let token = &world.upstream.journal_of("oidc", Endpoint::Token)[0];
    assert_eq!(authorize.query_parameter("code_challenge_method"), Some("S256"));
    assert_eq!(authorize.query_parameter("code_challenge").unwrap().len(), 43);
    let verifier = token.parameter("code_verifier").unwrap();
    assert!((43..=128).contains(&verifier.len()));
    assert!(!authorize.query.iter().any(|(_, value)| value.contains(verifier)));
}

#[tokio::test(flavor = "multi_thread")]
async fn up_04__the_redirect_uri_is_the_providers_own() {
    let world = World::start().await;
    let provider = world.provider("oidc").await;
    world.connect(&provider).await;
    let expected = format!("{ISSUER}/connect/callback/oidc");
    let authorize = &world.upstream.journal_of("oidc", Endpoint::Authorize)[0];
    assert_eq!(authorize.query_parameter("redirect_uri"), Some(expected.as_str()));
    assert_eq!(authorize.query_parameter("client_id"), Some(DEFAULT_CLIENT_ID));
    let token = &world.upstream.journal_of("oidc", Endpoint::Token)[0];
    assert_eq!(token.parameter("redirect_uri"), Some(expected.as_str()));
}

#[tokio::test(flavor = "multi_thread")]
async fn up_05__a_wrong_or_missing_iss_aborts_before_redemption() {
    let world = World::start().await;
    let provider = world.provider("oidc").await;
    for fault in [Fault::WrongIss, Fault::MissingIss] {
        world.upstream.fault("oidc", Endpoint::Authorize, fault, 1);
        let refused = world
            .try_connect(&world.ada, World::begin(&world.ada, &provider))
            .await;
        assert!(
            matches!(refused, Err(ConnectError::IssuerMismatch)),
            "{refused:?}"
        );
    }
    assert!(world.upstream.journal_of("oidc", Endpoint::Token).is_empty());
    assert!(world.connections(&world.ada).await.is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn up_05__an_iss_that_nobody_advertised_is_still_compared() {
    let world = World::start().await;
    let provider = world.provider("static").await;
    for (iss, accepted) in [
        ("https://evil.example", false),
        (world.upstream.issuer("static").as_str(), true),
    ] {
        let departure = world.depart(World::begin(&world.ada, &provider)).await;
        let callback = world.travel(&world.ada, &provider, &departure).await;
        assert_eq!(callback.iss, None);
        let outcome = world
            .idp
            .finish(Callback {
                iss: Some(iss.to_owned()),
                ..callback
            })
            .await;
        assert_eq!(outcome.is_ok(), accepted, "{iss}");
    }
    assert_eq!(world.upstream.journal_of("static", Endpoint::Token).len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn up_06__a_code_is_redeemed_only_where_the_flow_began() {
    let world = World::start().await;
    let provider = world.provider("static").await;
    let departure = world.depart(World::begin(&world.ada, &provider)).await;
    let callback = world.travel(&world.ada, &provider, &departure).await;
    let elsewhere = format!("token_url = '{}/oidc/token'\n", world.upstream.base_url());
    let entry = world.entry("static", &elsewhere).await;
    world.apply("static", entry).await;
    assert!(matches!(
        world.idp.finish(callback).await,
        Err(ConnectError::ProviderChanged)
    ));
    assert!(world.upstream.journal_of("oidc", Endpoint::Token).is_empty());
    assert!(world.upstream.journal_of("static", Endpoint::Token).is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn up_07__the_providers_error_becomes_a_fixed_word() {
    let world = World::start().await;
    let provider = world.provider("static").await;
    for (error, refusal) in [
        ("access_denied", ProviderRefusal::Declined),
        ("temporarily_unavailable", ProviderRefusal::Temporary),
        ("<script>alert(1)</script>", ProviderRefusal::Other),
    ] {
        let departure = world.depart(World::begin(&world.ada, &provider)).await;
        let callback = world.travel(&world.ada, &provider, &departure).await;
        let outcome = world
            .idp
            .finish(Callback {
                code: None,
                error: Some(error.to_owned()),
                ..callback
            })
            .await;
        let Err(outcome) = outcome else {
            panic!("connected after {error}")
        };
        assert!(
            matches!(outcome, ConnectError::Refused(found) if found == refusal),
            "{error}: {outcome:?}"
        );
        assert!(!format!("{outcome} {outcome:?}").contains("script"));
    }
    assert!(world.upstream.journal_of("static", Endpoint::Token).is_empty());
    assert!(!String::from_utf8_lossy(&world.database_bytes()).contains("alert(1)"));
}

#[tokio::test(flavor = "multi_thread")]
async fn up_09__scopes_and_lives_are_stored_as_granted_not_as_asked() {
    let world = World::start().await;
    let provider = world.provider("grace").await;
    world.upstream.next_untick("grace", &["write"]);
    let connection = world.connect(&provider).await;
    let grant = world.grant(&connection.id).await;
    assert_eq!(grant.scope, EffectiveScope::Known(scope("read")));
    let github = world.provider("github").await;
    let connection = world.connect(&github).await;
    let fresh = world
        .warm(&connection, &world.want(&connection.id).await)
        .await
        .unwrap();
    assert_eq!(fresh.expires_at, None);
    let app = world.provider("github-app").await;
    let connection = world.connect(&app).await;
    assert_eq!(world.grant(&connection.id).await.scope, EffectiveScope::Unknown);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_code_that_is_not_redeemed_ends_the_flow() {
    let world = World::start().await;
    let provider = world.provider("grace").await;
    let departure = world.depart(World::begin(&world.ada, &provider)).await;
    let callback = world.travel(&world.ada, &provider, &departure).await;
    let outcome = world
        .idp
        .finish(Callback {
            code: Some(Secret::from("guessed")),
            ..callback
        })
        .await;
    assert!(matches!(outcome, Err(ConnectError::NotRedeemed)), "{outcome:?}");
    world
        .upstream
        .fault("grace", Endpoint::Token, Fault::status(503), 1);
    let outcome = world
        .try_connect(&world.ada, World::begin(&world.ada, &provider))
        .await;
    assert!(
        matches!(outcome, Err(ConnectError::UpstreamUnavailable)),
        "{outcome:?}"
    );
    assert!(world.connections(&world.ada).await.is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_caller_that_goes_away_cancels_nothing() {
    let world = World::start().await;
    let provider = world.provider("grace").await;
    world.upstream.set_delay("grace", Endpoint::Token, 300);
    let departure = world.depart(World::begin(&world.ada, &provider)).await;
    let callback = world.travel(&world.ada, &provider, &departure).await;
    let gone = tokio::time::timeout(std::time::Duration::from_millis(100), world.idp.finish(callback)).await;
    assert!(gone.is_err());
    for _ in 0..100 {
        if !world.connections(&world.ada).await.is_empty() {
            return;
        }
        tokio::time::sleep(std::time::Duration::from_millis(50)).await;
    }
    panic!("the tokens were lost");
}
