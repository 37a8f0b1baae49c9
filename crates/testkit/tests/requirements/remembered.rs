//! What a server remembers of its database: how little it asks, and that memory is never the reason of a refusal.

use std::time::Duration;

use vouchsafe_testkit::{Connected, PROVIDER, TestApp, both_databases};

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

const MANY: u64 = 60;
