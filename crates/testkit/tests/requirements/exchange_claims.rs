//! RFC 8693 sections 4 and 5: actors, `may_act`, and authority at the time of use.

use serde_json::json;
use vouchsafe_testkit::{AGENT_ID, Agent, ClientSetup, Connected, PROVIDER, TestApp, both_databases};

use crate::forge;

const ACTOR_TYPE: (&str, &str) = (
    "actor_token_type",
    "urn:ietf:params:oauth:token-type:access_token",
);

both_databases! {
    async fn te_4_1_02_03_04_08__the_chain_of_actors_is_recorded_newest_first_and_bounded(app: TestApp) {
        let Connected { agent, subject_token, .. } = app.connected("ada").await;
        agent.exchange(&subject_token, PROVIDER, &[]).await.token();
        assert_eq!(app.records("token.exchanged").await.last().unwrap()["facts"]["actors"], json!([AGENT_ID]));
        let before = json!({"sub": "first", "client_id": "first-agent", "act": {"sub": "zeroth", "client_id": "zeroth-agent"}});
        let nested = forge::with(&app, &subject_token, "act", before);
        agent.exchange(&nested, PROVIDER, &[]).await.token();
        let recorded = app.records("token.exchanged").await.last().unwrap()["facts"]["actors"].clone();
        assert_eq!(recorded, json!([AGENT_ID, "first-agent", "zeroth-agent"]));
        let chain = |depth: usize| (0..depth).fold(json!(null), |inner, n| match inner {
            serde_json::Value::Null => json!({"sub": format!("a{n}")}),
            inner => json!({"sub": format!("a{n}"), "act": inner}),
        });
        let longest = forge::with(&app, &subject_token, "act", chain(4));
        agent.exchange(&longest, PROVIDER, &[]).await.token();
        let longer = forge::with(&app, &subject_token, "act", chain(5));
        assert_eq!(agent.exchange(&longer, PROVIDER, &[]).await.error(), "invalid_request");
        app.finish().await;
    }

    async fn te_4_1_05_07__no_actor_by_parameter_and_no_power_by_a_nested_one(app: TestApp) {
        let mut app = app;
        let Connected { mut browser, subject_token, .. } = app.connected("ada").await;
        let secret = "a-secret-of-a-second-agent-0123456789";
        app.client(ClientSetup::new("second-agent", secret).ceiling(PROVIDER, "openid read write")).await;
        let second = Agent::basic(&app.base, "second-agent", secret);
        // Its own token, with the agent that has leave nested inside: still without leave.
        let own = app.subject_token(&mut browser, "second-agent", &second).await;
        let nested = forge::with(&app, &own, "act", json!({"sub": AGENT_ID, "client_id": AGENT_ID}));
        assert_eq!(second.exchange(&nested, PROVIDER, &[]).await.error(), "interaction_required");
        let act = [("act", r#"{"sub":"briefing-agent"}"#), ("actor", AGENT_ID)];
        assert_eq!(second.exchange(&own, PROVIDER, &act).await.error(), "interaction_required");
        // The agent's own token, with an actor that somebody else signed into it: no token at all.
        let mut claims = forge::claims(&subject_token);
        claims["act"] = json!({"sub": "second-agent"});
        let forged = forge::signed_by_another_key(&app, &claims);
        assert_eq!(app.agent().exchange(&forged, PROVIDER, &[]).await.error(), "invalid_request");
        let genuine = forge::signed(&app, &claims);
        app.agent().exchange(&genuine, PROVIDER, &[]).await.token();
        app.finish().await;
    }

    async fn te_4_4_01_02__may_act_names_who_may_and_its_absence_lets_nobody_else(app: TestApp) {
        let mut app = app;
        let Connected { agent, subject_token, .. } = app.connected("ada").await;
        let secret = "a-secret-of-a-second-agent-0123456789";
        app.client(ClientSetup::new("second-agent", secret).ceiling(PROVIDER, "openid read write")).await;
        let second = Agent::basic(&app.base, "second-agent", secret);
        assert_eq!(second.exchange(&subject_token, PROVIDER, &[]).await.error(), "invalid_request");
        let named = forge::with(&app, &subject_token, "may_act", json!({"sub": "second-agent"}));
        assert_eq!(second.exchange(&named, PROVIDER, &[]).await.error(), "interaction_required");
        assert_eq!(agent.exchange(&named, PROVIDER, &[]).await.error(), "invalid_request");
        let foreign = json!({"sub": "second-agent", "iss": "https://other.example"});
        let foreign = forge::with(&app, &subject_token, "may_act", foreign);
        assert_eq!(second.exchange(&foreign, PROVIDER, &[]).await.error(), "invalid_request");
        app.finish().await;
    }

    async fn te_4_4_04__a_leaked_actor_token_is_useless_to_another_client(app: TestApp) {
        let mut app = app;
        let Connected { mut browser, agent, subject_token } = app.connected("ada").await;
        let secret = "a-secret-of-a-second-agent-0123456789";
        app.client(ClientSetup::new("second-agent", secret).ceiling(PROVIDER, "openid read write")).await;
        let second = Agent::basic(&app.base, "second-agent", secret);
        let theirs = app.subject_token(&mut browser, "second-agent", &second).await;
        let answer = agent.exchange(&subject_token, PROVIDER, &[("actor_token", &theirs), ACTOR_TYPE]).await;
        assert_eq!(answer.error(), "invalid_request");
        app.finish().await;
    }

    async fn te_5_01__leave_taken_back_makes_the_very_next_exchange_fail(app: TestApp) {
        let Connected { mut browser, agent, subject_token } = app.connected("ada").await;
        agent.exchange(&subject_token, PROVIDER, &[]).await.token();
        let page = browser.open(&format!("{}/connections", app.base)).await;
        let delegation = app.texts("SELECT id AS text FROM delegations").remove(0);
        let done = browser.submit(&page, Some(&format!("withdraw-{delegation}")), &[]).await;
        assert_eq!(done.reply.status, 303);
        assert_eq!(agent.exchange(&subject_token, PROVIDER, &[]).await.error(), "interaction_required");
        app.finish().await;
    }

    async fn te_5_03__a_token_in_the_query_is_refused(app: TestApp) {
        let Connected { subject_token, .. } = app.connected("ada").await;
        let url = format!("{}/oauth/token?subject_token={subject_token}", app.base);
        let form = [("content-type", "application/x-www-form-urlencoded")];
        let reply = vouchsafe_testkit::Http::default().send("POST", &url, &form, Some(b"grant_type=x")).await;
        assert_eq!((reply.status, reply.json()["error"].as_str()), (400, Some("invalid_request")));
        app.finish().await;
    }
}
