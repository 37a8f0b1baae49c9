//! RFC 8693 section 2.1.1: resource, audience and scope.

use vouchsafe_testkit::{AGENT_ID, AGENT_SECRET, ClientSetup, Connected, PROVIDER, TestApp, both_databases};

both_databases! {
    async fn te_2_1_1_01__a_scope_that_the_target_does_not_have_fails(app: TestApp) {
        let Connected { agent, subject_token, .. } = app.connected("ada").await;
        let answer = agent.exchange(&subject_token, PROVIDER, &[("scope", "openid read write repo")]).await;
        assert_eq!(answer.error(), "invalid_scope");
        app.finish().await;
    }

    async fn te_2_1_1_02__two_targets_that_are_two_connections_are_refused(app: TestApp) {
        let mut app = app;
        app.oidc_provider("second-idp", "static").await;
        let both = ClientSetup::new(AGENT_ID, AGENT_SECRET)
            .ceiling(PROVIDER, "openid read write")
            .ceiling("second-idp", "openid read write");
        app.client(both).await;
        let Connected { agent, subject_token, .. } = app.connected("ada").await;
        let answer = agent.exchange(&subject_token, PROVIDER, &[("audience", "second-idp")]).await;
        assert_eq!(answer.error(), "invalid_target");
        app.finish().await;
    }

    async fn te_2_1_1_03__a_name_and_its_resource_are_one_target(app: TestApp) {
        let Connected { agent, subject_token, .. } = app.connected("ada").await;
        let before = app.records("token.exchanged").await.len();
        agent.exchange(&subject_token, PROVIDER, &[("resource", &app.resource("oidc"))]).await.token();
        assert_eq!(app.records("token.exchanged").await.len(), before + 1);
        app.finish().await;
    }

    async fn te_2_1_1_04__a_forbidden_target_looks_exactly_like_an_unknown_one(app: TestApp) {
        app.oidc_provider("forbidden-idp", "static").await;
        let Connected { agent, subject_token, .. } = app.connected("ada").await;
        let forbidden = agent.exchange(&subject_token, "forbidden-idp", &[]).await;
        let unknown = agent.exchange(&subject_token, "no-such-idp", &[]).await;
        assert_eq!(forbidden.error(), "invalid_target");
        assert_eq!(forbidden.reply.body, unknown.reply.body);
        app.finish().await;
    }

    async fn te_2_1_1_05__without_a_target_nothing_is_issued(app: TestApp) {
        let Connected { agent, subject_token, .. } = app.connected("ada").await;
        let answer = agent.request(&[
            ("grant_type", "urn:ietf:params:oauth:grant-type:token-exchange"),
            ("subject_token", &subject_token),
            ("subject_token_type", "urn:ietf:params:oauth:token-type:access_token"),
        ]).await;
        assert_eq!(answer.error(), "invalid_target");
        app.finish().await;
    }

    async fn te_2_1_1_06__no_prefix_port_or_user_info_matches_a_resource(app: TestApp) {
        let Connected { agent, subject_token, .. } = app.connected("ada").await;
        let resource = app.resource("oidc");
        for near in [
            format!("{resource}.evil.test"),
            format!("{resource}/"),
            resource.replace("http://", "HTTP://"),
            resource.replace("127.0.0.1", "127.0.0.1@evil.test"),
            resource.replace("127.0.0.1:", "127.0.0.1:1"),
        ] {
            let answer = agent.request(&[
                ("grant_type", "urn:ietf:params:oauth:grant-type:token-exchange"),
                ("subject_token", &subject_token),
                ("subject_token_type", "urn:ietf:params:oauth:token-type:access_token"),
                ("resource", &near),
            ]).await;
            assert_eq!(answer.error(), "invalid_target", "{near}");
        }
        app.finish().await;
    }
}
