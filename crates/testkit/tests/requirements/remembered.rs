//! What a server remembers of its database: how little it asks, and that memory is never the reason of a refusal.

use std::time::Duration;

use vouchsafe_testkit::{Agent, Backend, ClientSetup, Connected, PROVIDER, TestApp, both_databases};

use crate::admin_support::Operator;

both_databases! {
    async fn a_warm_exchange_is_one_transaction_its_record(app: TestApp) {
        let Connected { agent, subject_token, .. } = app.connected("ada").await;
        agent.exchange(&subject_token, PROVIDER, &[]).await.token();
        // When the connection was last used is noted behind the answer.
        for _ in 0..200 {
            if app.texts("SELECT CAST(last_used_at AS TEXT) AS text FROM connections WHERE last_used_at IS NOT NULL").len() == 1 {
                break;
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        let before = app.instance.store.transactions();
        for _ in 0..MANY {
            agent.exchange(&subject_token, PROVIDER, &[]).await.token();
        }
        // Jobs look after themselves now and then; what is not remembered costs two more each.
        let asked = app.instance.store.transactions() - before;
        assert!((MANY..2 * MANY).contains(&asked), "{asked} transactions for {MANY} exchanges");
        assert_eq!(app.records("token.exchanged").await.len() as u64, MANY + 1);
        app.finish().await;
    }

    async fn a_token_that_was_just_issued_is_known(app: TestApp) {
        let Connected { mut browser, agent, subject_token } = app.connected("ada").await;
        agent.exchange(&subject_token, PROVIDER, &[]).await.token();
        let mut asked = 0;
        for _ in 0..MANY {
            let another = app.subject_token(&mut browser, vouchsafe_testkit::AGENT_ID, &agent).await;
            let before = app.instance.store.transactions();
            agent.exchange(&another, PROVIDER, &[]).await.token();
            asked += app.instance.store.transactions() - before;
        }
        // One that is not known is looked up: that would be twice as many.
        assert!((MANY..MANY * 3 / 2).contains(&asked), "{asked} transactions for {MANY} exchanges");
        app.finish().await;
    }

    async fn ar_17__what_is_remembered_of_a_token_ends_with_it(app: TestApp) {
        let Connected { agent, subject_token, .. } = app.connected("ada").await;
        for _ in 0..2 {
            agent.exchange(&subject_token, PROVIDER, &[]).await.token();
        }
        app.advance(Duration::from_secs(601));
        assert_eq!(agent.exchange(&subject_token, PROVIDER, &[]).await.error(), "invalid_request");
        app.finish().await;
    }
}

async fn ar_07__what_is_remembered_of_leave_ends_when_everything_of_a_user_is_revoked(app: TestApp) {
    let mut app = app;
    let secret = "a-secret-of-a-second-agent-0123456789";
    let second = ClientSetup::new("second-agent", secret).ceiling(PROVIDER, "openid read write");
    app.client(second.trusted("openid read write")).await;
    let second = Agent::basic(&app.base, "second-agent", secret);
    let operator = Operator::of(&app).await;
    // The job that writes it into each connection never gets there, as where the server was killed behind its answer.
    app.sql("ALTER TABLE upstream_revocations RENAME TO out_of_reach");
    for everything in ["users", "providers"] {
        let Connected {
            mut browser,
            agent,
            subject_token,
        } = app.connected("ada").await;
        let others = app.subject_token(&mut browser, "second-agent", &second).await;
        for _ in 0..2 {
            agent.exchange(&subject_token, PROVIDER, &[]).await.token();
            second.exchange(&others, PROVIDER, &[]).await.token();
        }
        let id = match everything {
            "users" => operator.get("/users?username=ada").await["items"][0]["id"]
                .as_str()
                .unwrap()
                .to_owned(),
            _ => PROVIDER.to_owned(),
        };
        operator.post(&format!("/{everything}/{id}/revoke")).await;
        // The first one lets the server know; what it remembers for the second one is over all the same.
        for (agent, token) in [(&agent, &subject_token), (&second, &others)] {
            let refused = agent.exchange(token, PROVIDER, &[]).await;
            assert_eq!(refused.error(), "interaction_required", "{everything}");
        }
        let written = app.texts("SELECT id AS text FROM connections WHERE state = 'revoked'");
        assert_eq!(written, Vec::<String>::new(), "{everything}");
    }
    app.sql("ALTER TABLE out_of_reach RENAME TO upstream_revocations");
    // The jobs try again by this clock, and are waited for at the end.
    let clock = app.clock.clone();
    let goes_on = tokio::spawn(async move {
        loop {
            tokio::time::sleep(Duration::from_millis(20)).await;
            clock.advance(Duration::from_secs(1));
        }
    });
    app.finish().await;
    goes_on.abort();
}

/// Whoever revokes is answered without waiting for what follows from it.
async fn impatient(backend: Backend) -> TestApp {
    TestApp::start_with(backend, |settings| {
        settings.connect.revocation_wait = Duration::ZERO;
    })
    .await
}

mod impatient_on_sqlite {
    use super::*;

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn ar_07__what_is_remembered_of_leave_ends_when_everything_of_a_user_is_revoked() {
        let app = impatient(Backend::sqlite()).await;
        super::ar_07__what_is_remembered_of_leave_ends_when_everything_of_a_user_is_revoked(app).await;
    }
}

mod impatient_on_postgres {
    use super::*;

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn ar_07__what_is_remembered_of_leave_ends_when_everything_of_a_user_is_revoked() {
        if let Some(backend) = Backend::postgres() {
            let app = impatient(backend).await;
            super::ar_07__what_is_remembered_of_leave_ends_when_everything_of_a_user_is_revoked(app).await;
        }
    }
}

const MANY: u64 = 60;
