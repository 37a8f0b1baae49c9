//! Stories over a real SQLite file: who gets in, who does not, and what is on the record.

use std::sync::Arc;
use std::time::Duration;

use tempfile::TempDir;
use tokio::runtime::Handle;
use vouchsafe_audit::{Ledger, Origin};
use vouchsafe_model::{
    AdminScope, Clock, FixedClock, Ids, InstanceId, ManagedBy, OsEntropy, Secret, Tagged, UnixMillis, User,
};
use vouchsafe_store::{Location, Store, StoreOptions, instance, records, users};
use vouchsafe_vault::{FileKeyProvider, Vault};

use crate::{Applied, Parts, SessionOptions, SignIn, SignInError, UserDefinition};

struct World {
    sign_in: SignIn,
    store: Store,
    clock: FixedClock,
    directory: TempDir,
}

impl World {
    fn new() -> Self {
        let directory = TempDir::new().unwrap();
        let clock = FixedClock::at(UnixMillis(1_795_000_000_000));
        let shared: Arc<dyn Clock> = Arc::new(clock.clone());
        let ids = Ids::new(shared.clone(), Arc::new(OsEntropy));
        let id: InstanceId = ids.next();
        let provider = FileKeyProvider::from_file_text(&FileKeyProvider::generate(&ids)).unwrap();
        let (vault, _) = Vault::create(id.clone(), &provider, ids.clone(), clock.now()).unwrap();
        let store = Store::open(
            Location::Sqlite(directory.path().join("db")),
            StoreOptions::default(),
        )
        .unwrap();
        store.migrate().unwrap();
        let now = clock.now();
        store
            .write_blocking(move |tx| instance::insert(tx, &id, now))
            .unwrap();
        let sign_in = SignIn::new(Parts {
            store: store.clone(),
            ledger: Ledger::new(vault.clone(), shared.clone(), ids.clone()),
            vault,
            clock: shared,
            ids,
            issuer: "https://vouchsafe.example".to_owned(),
            handle: Handle::current(),
            options: SessionOptions::default(),
        });
        Self {
            sign_in,
            store,
            clock,
            directory,
        }
    }

    async fn with_ada() -> (Self, User) {
        let world = Self::new();
        let (ada, applied) = world.sign_in.apply_user(ada("correct horse")).await.unwrap();
        assert_eq!(applied, Applied::Changed);
        (world, ada)
    }

    async fn signs_in(
        &self,
        password: &str,
        previous: Option<&Secret<String>>,
    ) -> Result<(crate::SignedIn, Secret<String>), SignInError> {
        let previous = previous.map(|cookie| cookie.expose().as_str());
        self.sign_in
            .with_password("ada", password.into(), previous, &from("192.0.2.1"))
            .await
    }

    fn sql(&self, sql: &str) {
        let location = Location::Sqlite(self.directory.path().join("db"));
        vouchsafe_store::raw_sql::execute(&location, sql);
    }

    async fn is_live(&self, cookie: &Secret<String>) -> bool {
        self.sign_in.session(cookie.expose()).await.unwrap().is_some()
    }

    fn events(&self) -> Vec<String> {
        let records = self
            .store
            .read_blocking(|tx| records::range(tx, 1, 1_000))
            .unwrap();
        records.into_iter().map(|record| record.event).collect()
    }
}

fn ada(password: &str) -> UserDefinition {
    UserDefinition {
        username: "Ada".to_owned(),
        password: Some(password.into()),
        password_hash: None,
        managed_by: ManagedBy::Config,
    }
}

fn from(address: &str) -> Origin {
    Origin {
        request_id: "test".to_owned(),
        address: Some(address.to_owned()),
        ..Origin::default()
    }
}

#[tokio::test]
async fn the_right_password_starts_a_session_and_signing_out_ends_it() {
    let (world, ada) = World::with_ada().await;
    let (signed_in, cookie) = world.signs_in("correct horse", None).await.unwrap();
    assert_eq!(signed_in.user.id, ada.id);
    assert_eq!(
        world
            .sign_in
            .session(cookie.expose())
            .await
            .unwrap()
            .unwrap()
            .session,
        signed_in.session
    );
    world
        .sign_in
        .sign_out(&signed_in, &from("192.0.2.1"))
        .await
        .unwrap();
    world
        .sign_in
        .sign_out(&signed_in, &from("192.0.2.1"))
        .await
        .unwrap();
    assert!(!world.is_live(&cookie).await);
    assert_eq!(
        world.events(),
        ["user.changed", "session.started", "session.ended"]
    );
}

#[tokio::test]
async fn atk_30__signing_in_gives_a_new_id_and_ends_the_session_the_browser_brought() {
    let (world, _) = World::with_ada().await;
    let (first, planted) = world.signs_in("correct horse", None).await.unwrap();
    let (second, cookie) = world.signs_in("correct horse", Some(&planted)).await.unwrap();
    assert_ne!(first.session.id, second.session.id);
    assert_ne!(planted.expose(), cookie.expose());
    assert!(!world.is_live(&planted).await);
    assert!(world.is_live(&cookie).await);
}

#[tokio::test]
async fn atk_19__an_unknown_name_a_wrong_password_and_a_disabled_user_get_one_answer() {
    let (world, ada) = World::with_ada().await;
    let refused = world.signs_in("wrong", None).await.unwrap_err();
    assert!(matches!(refused, SignInError::Refused));
    for name in ["nobody", "", "a b", &"x".repeat(1_000)] {
        let answer = world
            .sign_in
            .with_password(name, "correct horse".into(), None, &from("192.0.2.2"))
            .await;
        assert!(matches!(answer, Err(SignInError::Refused)), "{name}");
    }
    world
        .sign_in
        .disable_user(&ada.id, &Origin::background())
        .await
        .unwrap();
    assert!(matches!(
        world.signs_in("correct horse", None).await,
        Err(SignInError::Refused)
    ));
}

#[tokio::test]
async fn atk_18__after_too_many_failures_only_another_source_gets_in() {
    let (world, _) = World::with_ada().await;
    for _ in 0..6 {
        assert!(matches!(
            world.signs_in("wrong", None).await,
            Err(SignInError::Refused)
        ));
    }
    assert!(matches!(
        world.signs_in("correct horse", None).await,
        Err(SignInError::Throttled { .. })
    ));
    let elsewhere = world
        .sign_in
        .with_password("ada", "correct horse".into(), None, &from("198.51.100.9"))
        .await;
    assert!(elsewhere.is_ok());
    world.clock.advance(Duration::from_secs(5));
    assert!(world.signs_in("correct horse", None).await.is_ok());
    let failures = world
        .events()
        .iter()
        .filter(|event| *event == "sign_in.failed")
        .count();
    assert_eq!(failures, 5, "a flood becomes a few records");
}

#[tokio::test]
async fn atk_18__an_attempt_that_nobody_decided_forgives_nothing() {
    let (world, _) = World::with_ada().await;
    let refused = |outcome| matches!(outcome, Err(SignInError::Refused));
    for _ in 0..5 {
        assert!(refused(world.signs_in("wrong", None).await));
    }
    world.sql("ALTER TABLE users RENAME TO users_away");
    for _ in 0..3 {
        let outcome = world.signs_in("wrong", None).await;
        assert!(matches!(outcome, Err(SignInError::Unavailable(_))));
    }
    world.sql("ALTER TABLE users_away RENAME TO users");
    assert!(refused(world.signs_in("wrong", None).await));
    assert!(matches!(
        world.signs_in("correct horse", None).await,
        Err(SignInError::Throttled { .. })
    ));
}

#[tokio::test]
async fn ar_04__a_row_that_was_changed_keeps_no_other_user_from_being_listed() {
    let (world, ada) = World::with_ada().await;
    let bob = UserDefinition {
        username: "bob".to_owned(),
        ..self::ada("another horse")
    };
    world.sign_in.apply_user(bob).await.unwrap();
    world.sql("UPDATE users SET managed_by = 'admin' WHERE username = 'bob'");
    let listed = world.sign_in.users_managed_by(ManagedBy::Config).await.unwrap();
    assert_eq!(listed, [ada]);
    assert_eq!(
        world.sign_in.users_managed_by(ManagedBy::Admin).await.unwrap(),
        []
    );
}

#[tokio::test]
async fn a_session_is_recent_for_a_while_and_ends_with_its_time() {
    let (world, _) = World::with_ada().await;
    let (signed_in, cookie) = world.signs_in("correct horse", None).await.unwrap();
    assert!(world.sign_in.is_recent(&signed_in.session));
    world.clock.advance(Duration::from_secs(15 * 60));
    assert!(!world.sign_in.is_recent(&signed_in.session));
    assert!(world.is_live(&cookie).await);
    world.clock.advance(Duration::from_secs(12 * 60 * 60));
    assert!(!world.is_live(&cookie).await);
}

#[tokio::test]
async fn applying_the_same_definition_writes_nothing() {
    let (world, ada_before) = World::with_ada().await;
    let (ada_after, applied) = world.sign_in.apply_user(ada("correct horse")).await.unwrap();
    assert_eq!((ada_after, applied), (ada_before, Applied::Unchanged));
    assert_eq!(world.events(), ["user.changed"]);
}

#[tokio::test]
async fn rt_6_10__a_new_password_ends_all_sessions_and_marks_the_reset() {
    let (world, _) = World::with_ada().await;
    let (_, cookie) = world.signs_in("correct horse", None).await.unwrap();
    let (ada, applied) = world.sign_in.apply_user(ada("battery staple")).await.unwrap();
    assert_eq!(
        (applied, ada.credentials_reset_at),
        (Applied::Changed, Some(world.clock.now()))
    );
    assert!(!world.is_live(&cookie).await);
    assert!(matches!(
        world.signs_in("correct horse", None).await,
        Err(SignInError::Refused)
    ));
    assert!(world.signs_in("battery staple", None).await.is_ok());
}

#[tokio::test]
async fn a_disabled_user_is_nobody_until_defined_again() {
    let (world, user) = World::with_ada().await;
    let (_, cookie) = world.signs_in("correct horse", None).await.unwrap();
    let disable = || async {
        world
            .sign_in
            .disable_user(&user.id, &Origin::background())
            .await
            .unwrap()
    };
    assert_eq!(disable().await, Applied::Changed);
    assert_eq!(disable().await, Applied::Unchanged);
    assert!(!world.is_live(&cookie).await);
    world.sign_in.apply_user(ada("correct horse")).await.unwrap();
    assert!(world.signs_in("correct horse", None).await.is_ok());
    assert_eq!(
        world
            .sign_in
            .users_managed_by(ManagedBy::Config)
            .await
            .unwrap()
            .len(),
        1
    );
    assert!(
        world
            .sign_in
            .users_managed_by(ManagedBy::Admin)
            .await
            .unwrap()
            .is_empty()
    );
}

#[tokio::test]
async fn ar_04__a_user_changed_past_the_server_cannot_sign_in_and_raises_an_alarm() {
    let (world, ada) = World::with_ada().await;
    let (_, cookie) = world.signs_in("correct horse", None).await.unwrap();
    let stolen = move |tx: &mut vouchsafe_store::Tx<'_>| {
        let tag = users::by_id(tx, &ada.id)?.unwrap().into_parts().1;
        users::put(
            tx,
            &Tagged::new(
                User {
                    pseudonym: "x".to_owned(),
                    ..ada
                },
                tag,
            ),
        )
    };
    world.store.write(stolen).await.unwrap();
    assert!(!world.is_live(&cookie).await);
    assert!(matches!(
        world.signs_in("correct horse", None).await,
        Err(SignInError::Refused)
    ));
    assert!(world.events().contains(&"row.tampered".to_owned()));
}

#[tokio::test]
async fn an_admin_key_opens_with_its_own_secret_until_it_ends() {
    let world = World::new();
    let ends = world.clock.now() + Duration::from_secs(60);
    let scopes = vec![AdminScope::Revoke];
    let (key, text) = world
        .sign_in
        .create_admin_key("ci", scopes.clone(), Some(ends))
        .await
        .unwrap();
    let (other, other_text) = world
        .sign_in
        .create_admin_key("other", scopes, None)
        .await
        .unwrap();
    assert_eq!(
        world.sign_in.admin(text.expose()).await.unwrap(),
        Some(key.clone())
    );

    let crossed = format!("{}_{}", key.id, &other_text.expose()[31..]);
    let unknown = format!("adm_{}_{}", "0".repeat(26), &text.expose()[31..]);
    for bearer in [&crossed, &unknown, "", "adm_x"] {
        assert_eq!(world.sign_in.admin(bearer).await.unwrap(), None, "{bearer}");
    }
    world.clock.advance(Duration::from_secs(60));
    assert_eq!(world.sign_in.admin(text.expose()).await.unwrap(), None);
    assert!(
        world
            .sign_in
            .delete_admin_key(&other.id, &Origin::background())
            .await
            .unwrap()
    );
    assert_eq!(world.sign_in.admin(other_text.expose()).await.unwrap(), None);
    assert_eq!(
        world.events(),
        ["admin_key.created", "admin_key.created", "admin_key.deleted"]
    );
}
