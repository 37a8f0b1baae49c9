//! Replicas that start together with the same configuration: one of them changes what has changed, and all of them start.

use std::future::Future;

use vouchsafe_audit::Origin;
use vouchsafe_model::ManagedBy;
use vouchsafe_sign_in::UserDefinition;
use vouchsafe_testkit::{ClientSetup, PASSWORD, TestApp, both_databases};

/// Runs it many times at once.
async fn at_once<T>(work: impl Fn() -> T) -> Vec<T::Output>
where
    T: Future + Send + 'static,
    T::Output: Send + 'static,
{
    let running: Vec<_> = (0..8).map(|_| tokio::spawn(work())).collect();
    let mut outcomes = Vec::new();
    for one in running {
        outcomes.push(one.await.expect("it ends"));
    }
    outcomes
}

both_databases! {
    async fn a_client_is_made_and_changed_by_one_of_them(app: TestApp) {
        let secret = "a-secret-of-a-client-of-many-replicas-01";
        app.secret("the secret of many", secret);
        let before = app.records("client.changed").await.len();
        for round in 1..=5 {
            let definition = ClientSetup::new("many", secret).with(|client| client.name = format!("Round {round}")).into_definition();
            let outcomes = at_once(|| {
                let (server, definition) = (app.instance.authorization_server.clone(), definition.clone());
                async move { server.apply_client(definition, &Origin::background()).await }
            }).await;
            assert!(outcomes.iter().all(Result::is_ok), "{outcomes:?}");
            assert_eq!(app.records("client.changed").await.len(), before + round);
        }
        for _ in 0..2 {
            let outcomes = at_once(|| {
                let server = app.instance.authorization_server.clone();
                async move { server.disable_client(&"many".parse().unwrap(), &Origin::background()).await }
            }).await;
            assert!(outcomes.iter().all(Result::is_ok), "{outcomes:?}");
            assert_eq!(app.records("client.disabled").await.len(), 1);
        }
        app.finish().await;
    }

    async fn a_provider_is_made_and_changed_by_one_of_them(app: TestApp) {
        let before = app.records("provider.changed").await.len();
        for round in 1..=5 {
            let issuer = app.upstream.issuer("oidc");
            let fields = format!("display_name = \"Round {round}\"\nissuer = \"{issuer}\"\n[api]\nhosts = [\"{}\"]\nresources = [\"{}\"]", app.upstream.base_url(), app.resource("oidc"));
            let definition = app.provider_definition("many", "generic-oidc", &fields, &[]).await;
            let outcomes = at_once(|| {
                let (idp, definition) = (app.instance.identity_provider.clone(), definition.clone());
                async move { idp.apply_provider(definition).await }
            }).await;
            assert!(outcomes.iter().all(Result::is_ok), "{outcomes:?}");
            assert_eq!(app.records("provider.changed").await.len(), before + round);
        }
        app.finish().await;
    }

    async fn a_user_is_made_and_changed_by_one_of_them(app: TestApp) {
        let before = app.records("user.changed").await.len();
        for (round, password) in (1..).zip([None, Some(PASSWORD), Some("another password"), None, Some(PASSWORD)]) {
            if let Some(password) = password {
                app.secret("a password of many", password);
            }
            let outcomes = at_once(|| {
                let sign_in = app.instance.sign_in.clone();
                let definition = UserDefinition {
                    username: "many".to_owned(),
                    password: password.map(Into::into),
                    password_hash: None,
                    managed_by: ManagedBy::Config,
                };
                async move { sign_in.apply_user(definition).await }
            }).await;
            assert!(outcomes.iter().all(Result::is_ok), "{outcomes:?}");
            assert_eq!(app.records("user.changed").await.len(), before + round);
        }
        app.finish().await;
    }
}
