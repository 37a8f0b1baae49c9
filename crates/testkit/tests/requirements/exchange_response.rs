//! RFC 8693 section 2.2.1: the successful response.

use std::time::Duration;

use vouchsafe_testkit::{AGENT_ID, AGENT_SECRET, ClientSetup, Connected, PROVIDER, TestApp, both_databases};

both_databases! {
    async fn te_2_2_1_01_02_03_05_06_09__the_members_of_a_success(app: TestApp) {
        let Connected { agent, subject_token, .. } = app.connected("ada").await;
        let answer = agent.exchange(&subject_token, PROVIDER, &[]).await;
        answer.token();
        let mut members: Vec<&str> = answer.json.as_object().unwrap().keys().map(String::as_str).collect();
        members.sort_unstable();
        assert_eq!(members, ["access_token", "expires_in", "issued_token_type", "scope", "token_type"]);
        assert_eq!(answer.member("issued_token_type"), "urn:ietf:params:oauth:token-type:access_token");
        assert_eq!(answer.member("scope"), "openid read write");
        assert!(answer.reply.header("vouchsafe-record").starts_with("rec_"));
        app.finish().await;
    }

    async fn te_2_2_1_04__expires_in_is_what_is_really_left(app: TestApp) {
        let Connected { agent, subject_token, .. } = app.connected("ada").await;
        let first = agent.exchange(&subject_token, PROVIDER, &[]).await;
        app.advance(Duration::from_secs(100));
        let later = agent.exchange(&subject_token, PROVIDER, &[]).await;
        assert_eq!(later.token(), first.token());
        let left = |answer: &vouchsafe_testkit::Answer| answer.json["expires_in"].as_u64().unwrap();
        assert_eq!(left(&first) - left(&later), 100);
        app.finish().await;
    }

    async fn te_2_2_1_08__what_is_released_lies_inside_every_bound(app: TestApp) {
        let mut app = app;
        let Connected { agent, subject_token, .. } = app.connected("ada").await;
        let token = agent.exchange(&subject_token, PROVIDER, &[]).await.token().to_owned();
        assert_eq!(app.power(&token), "openid read write");
        // The ceiling is lowered below what the grant can do: the very next exchange releases nothing.
        app.client(ClientSetup::new(AGENT_ID, AGENT_SECRET).ceiling(PROVIDER, "openid read")).await;
        assert_eq!(agent.exchange(&subject_token, PROVIDER, &[]).await.error(), "invalid_scope");
        app.finish().await;
    }
}
