//! Providers: rows under a MAC.

use vouchsafe_audit::EventKind;
use vouchsafe_identity_provider::{Applied, ConnectError, ProviderError, load_provider};
use vouchsafe_model::{Provider, Tagged};
use vouchsafe_store::providers;

use crate::world::World;

#[tokio::test(flavor = "multi_thread")]
async fn an_unchanged_definition_writes_nothing() {
    let world = World::start().await;
    world.provider("oidc").await;
    let before = world.records().await.len();
    let entry = world.entry("oidc", "").await;
    assert_eq!(world.apply("oidc", entry).await, Applied::Unchanged);
    assert_eq!(world.records().await.len(), before);
    let entry = world.entry("oidc", "display_name = 'Another'").await;
    assert_eq!(world.apply("oidc", entry).await, Applied::Changed);
    let facts = world.facts(EventKind::ProviderChanged).await;
    assert_eq!(
        (&facts[0]["created"], &facts[1]["created"]),
        (&true.into(), &false.into())
    );
    assert_eq!(facts[1]["hosts_changed"], false);
}

#[tokio::test(flavor = "multi_thread")]
async fn up_15__the_client_secret_is_sealed() {
    let world = World::start().await;
    world.provider("oidc").await;
    let secret = vouchsafe_fake_upstream::DEFAULT_CLIENT_SECRET.as_bytes();
    assert!(
        !world
            .database_bytes()
            .windows(secret.len())
            .any(|bytes| bytes == secret)
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn ar_04__a_row_changed_by_sql_is_unusable() {
    let world = World::start().await;
    let provider = world.provider("oidc").await;
    let id = provider.clone();
    let row = world.read(move |tx| providers::by_id(tx, &id)).await.unwrap();
    let (row, tag) = row.into_parts();
    let forged = Tagged::new(
        Provider {
            client_id: "mallory".to_owned(),
            ..row
        },
        tag,
    );
    world.write(move |tx| providers::put(tx, &forged)).await;
    let outcome = world.idp.begin(World::begin(&world.ada, &provider)).await;
    assert!(
        matches!(outcome, Err(ConnectError::Provider(ProviderError::Tampered(_)))),
        "{outcome:?}"
    );
    // Applying the definition puts it right, and says so.
    let entry = world.entry("oidc", "").await;
    assert_eq!(world.apply("oidc", entry).await, Applied::Changed);
    assert_eq!(world.facts(EventKind::TamperedRow).await.len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_disabled_provider_is_not_used() {
    let world = World::start().await;
    let provider = world.provider("grace").await;
    let departure = world.depart(World::begin(&world.ada, &provider)).await;
    let callback = world.travel(&world.ada, &provider, &departure).await;
    assert_eq!(
        world.idp.disable_provider(&provider).await.unwrap(),
        Applied::Changed
    );
    assert_eq!(
        world.idp.disable_provider(&provider).await.unwrap(),
        Applied::Unchanged
    );
    assert!(matches!(
        world.idp.finish(callback).await,
        Err(ConnectError::ProviderChanged)
    ));
    let outcome = world.idp.begin(World::begin(&world.ada, &provider)).await;
    assert!(
        matches!(outcome, Err(ConnectError::ProviderNotFound)),
        "{outcome:?}"
    );
    let vault = world.vault.clone();
    let loaded = world
        .store
        .read(move |tx| load_provider(tx, &vault, &provider))
        .await;
    assert_eq!(
        loaded.unwrap_or_else(|error: ProviderError| panic!("{error}")),
        None
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn up_16__metadata_of_another_issuer_is_refused() {
    let world = World::start().await;
    let entry = world.entry("oidc", "").await;
    assert_eq!(world.idp.discover(&entry).await.unwrap(), entry);
    let base = format!("{}/oidc", world.upstream.base_url());
    let slash = vouchsafe_identity_provider::EntryOverrides {
        fields: format!("issuer = '{base}/'").parse().unwrap(),
        internal_hosts: vec![
            world
                .upstream
                .base_url()
                .strip_prefix("http://")
                .unwrap()
                .to_owned(),
        ],
        ..Default::default()
    };
    let entry = vouchsafe_identity_provider::catalogue::template("generic-oidc")
        .unwrap()
        .resolve(slash)
        .unwrap();
    let outcome = world.idp.discover(&entry).await;
    assert!(matches!(outcome, Err(ProviderError::Entry(_))), "{outcome:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn all_providers_are_listed_but_the_tampered_ones() {
    let world = World::start().await;
    world.provider("oidc").await;
    world.provider("grace").await;
    let listed = world.idp.providers().await.unwrap();
    let ids: Vec<&str> = listed.iter().map(|provider| provider.row.id.as_str()).collect();
    assert_eq!(ids, ["grace", "oidc"]);
}
