//! What lies in the database.

use vouchsafe_audit::Origin;
use vouchsafe_identity_provider::{RefreshError, RevokedBy};
use vouchsafe_model::AccessToken;
use vouchsafe_store::{access_tokens, data_keys, upstream_grants};

use crate::world::World;

#[tokio::test(flavor = "multi_thread")]
async fn va_01__swapped_ciphertexts_do_not_open() {
    let world = World::start().await;
    let provider = world.provider("grace").await;
    let ada = world.connect(&provider).await;
    world.upstream.next_account("grace", "bob");
    let bob = world.connect(&provider).await;
    let (mine, theirs) = (world.grant(&ada.id).await, world.grant(&bob.id).await);
    let swapped = vouchsafe_model::UpstreamGrant {
        refresh_token: theirs.refresh_token.clone(),
        data_key_id: theirs.data_key_id.clone(),
        ..mine.clone()
    };
    let version = mine.version;
    assert!(
        world
            .write(move |tx| upstream_grants::rotate(tx, &swapped, version))
            .await
    );
    let (a, b) = (ada.id.clone(), bob.id.clone());
    let (of_ada, of_bob) = world
        .read(move |tx| {
            Ok((
                access_tokens::of_connection(tx, &a)?,
                access_tokens::of_connection(tx, &b)?,
            ))
        })
        .await;
    let token = AccessToken {
        token: of_bob[0].token.clone(),
        data_key_id: of_bob[0].data_key_id.clone(),
        ..of_ada[0].clone()
    };
    world.write(move |tx| access_tokens::put(tx, &token)).await;
    world.advance(40_000);
    let outcome = world.idp.refresh(&ada.id, world.want(&ada.id).await).await;
    assert_eq!(outcome, Err(RefreshError::Misconfigured));
    assert_eq!(world.upstream.refresh_count("grace"), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn va_02__no_secret_of_the_run_stands_in_the_database() {
    let world = World::start().await;
    for personality in ["oidc", "static", "github", "slack", "grace"] {
        let provider = world.provider(personality).await;
        let connection = world.connect(&provider).await;
        for grant in world.grants(&connection.id).await {
            let want = vouchsafe_identity_provider::Want {
                grant_id: grant.id,
                audience: String::new(),
                narrow: None,
            };
            world.advance(60);
            let _ = world.idp.refresh(&connection.id, want).await;
        }
    }
    let bytes = world.database_bytes();
    let secrets = world.upstream.issued_secrets();
    assert!(secrets.len() > 15);
    for secret in secrets {
        for form in forms(&secret.value) {
            assert!(
                !bytes.windows(form.len()).any(|window| window == form),
                "{:?}",
                secret.kind
            );
        }
    }
}

fn forms(secret: &str) -> Vec<Vec<u8>> {
    use base64::Engine as _;
    use base64::engine::general_purpose::{STANDARD_NO_PAD, URL_SAFE_NO_PAD};
    let hex = secret
        .bytes()
        .fold(String::new(), |hex, byte| format!("{hex}{byte:02x}"));
    let encoded: String = url::form_urlencoded::byte_serialize(secret.as_bytes()).collect();
    vec![
        secret.as_bytes().to_vec(),
        STANDARD_NO_PAD.encode(secret).into_bytes(),
        URL_SAFE_NO_PAD.encode(secret).into_bytes(),
        hex.into_bytes(),
        encoded.into_bytes(),
    ]
}

#[tokio::test(flavor = "multi_thread")]
async fn va_06__revoking_destroys_ciphertext_and_key() {
    let world = World::start().await;
    let provider = world.provider("grace").await;
    let connection = world.connect(&provider).await;
    let by = RevokedBy::User(world.ada.user.id.clone());
    let answer = world
        .idp
        .revoke_connection(&connection.id, by, Origin::background())
        .await
        .unwrap();
    assert!(answer.forgotten);
    let id = connection.id.clone();
    assert!(
        world
            .read(move |tx| data_keys::of_connection(tx, &id))
            .await
            .is_empty()
    );
    assert!(world.grants(&connection.id).await.is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn va_06__renewing_leaves_one_key() {
    let world = World::start().await;
    let provider = world.provider("grace").await;
    let connection = world.connect(&provider).await;
    let old = world.grant(&connection.id).await.data_key_id;
    world.connect(&provider).await;
    world.settle_jobs().await;
    let id = connection.id.clone();
    let keys = world.read(move |tx| data_keys::of_connection(tx, &id)).await;
    assert_eq!(keys.len(), 1);
    assert_ne!(keys[0].id, old);
}
