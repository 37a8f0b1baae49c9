//! Section 26: connecting, with real browsers. What the provider can do to a flow is tested in `identity-provider`.

use vouchsafe_testkit::{AGENT_ID, Browser, PROVIDER, Page, TestApp, both_databases};

/// A browser that has left for the provider: where it must go next.
async fn departed(app: &TestApp, browser: &mut Browser) -> Page {
    let page = browser.open(&format!("{}/connect/{PROVIDER}", app.base)).await;
    assert_eq!(page.reply.status, 200, "{}", page.reply.text());
    let left = browser.submit(&page, Some("connect"), &[]).await;
    assert_eq!(left.reply.status, 303, "{}", left.reply.text());
    left
}

/// The address of the callback, as the provider sends the browser there.
async fn callback(left: &Page) -> String {
    let at_provider = Browser::default().open(left.redirect().unwrap().as_str()).await;
    at_provider.redirect().unwrap().to_string()
}

fn connections(app: &TestApp) -> Vec<String> {
    app.texts("SELECT id AS text FROM connections")
}

both_databases! {
    async fn cl_01_02__a_flow_belongs_to_a_signed_in_user(app: TestApp) {
        let mut nobody = Browser::default();
        let page = nobody.open(&format!("{}/connect/{PROVIDER}", app.base)).await;
        assert!(page.redirect().unwrap().path().starts_with("/login"));
        let forced = nobody.post(&format!("{}/connect/{PROVIDER}", app.base), &[("user", "ada")]).await;
        assert_ne!(forced.reply.status, 200);
        assert!(app.upstream.state().journal_of("oidc", vouchsafe_fake_upstream::Endpoint::Authorize).is_empty());
        assert!(connections(&app).is_empty());
        app.finish().await;
    }

    async fn cl_03__the_callback_needs_cookie_session_and_state(app: TestApp) {
        app.user("bob").await;
        let mut browser = app.signed_in("ada").await;
        let host = app.base.trim_start_matches("http://").to_owned();
        // Without the per-flow cookie.
        let url = callback(&departed(&app, &mut browser).await).await;
        let mut without = browser.clone();
        without.cookies(&host).retain(|name, _| name.contains("session"));
        assert!((400..500).contains(&without.visit(&url).await.reply.status));
        // Without the session.
        let url = callback(&departed(&app, &mut browser).await).await;
        let mut without = browser.clone();
        without.cookies(&host).retain(|name, _| !name.contains("session"));
        without.visit(&url).await;
        // With another user's session.
        let url = callback(&departed(&app, &mut browser).await).await;
        let mut swapped = app.signed_in("bob").await;
        let flow: Vec<(String, String)> =
            browser.cookies(&host).iter().filter(|(n, _)| !n.contains("session")).map(|(n, v)| (n.clone(), v.clone())).collect();
        swapped.cookies(&host).extend(flow);
        assert!((400..500).contains(&swapped.visit(&url).await.reply.status));
        // With another state, or none.
        let url = callback(&departed(&app, &mut browser).await).await;
        let state = url::Url::parse(&url).unwrap().query_pairs().find(|(n, _)| n == "state").unwrap().1.into_owned();
        assert!((400..500).contains(&browser.clone().visit(&url.replace(&state, "another")).await.reply.status));
        assert!((400..500).contains(&browser.clone().visit(&url.replace("state=", "stat=")).await.reply.status));
        assert!(connections(&app).is_empty());
        // No code was ever redeemed for any of them.
        assert!(app.upstream.state().journal_of("oidc", vouchsafe_fake_upstream::Endpoint::Token).is_empty());
        // And with all three it works.
        assert_eq!(browser.visit(&url).await.reply.status, 200);
        assert_eq!(connections(&app).len(), 1);
        app.finish().await;
    }

    async fn cl_04__neither_the_starter_nor_the_finisher_can_be_somebody_else(app: TestApp) {
        app.user("mallory").await;
        // Mallory starts; Ada opens the address at the provider, and comes back with her own account.
        let mut mallory = app.signed_in("mallory").await;
        let left = departed(&app, &mut mallory).await;
        let mut ada = app.signed_in("ada").await;
        app.upstream.state().next_account("oidc", "ada");
        let at_provider = ada.open(left.redirect().unwrap().as_str()).await;
        let back = ada.follow(at_provider).await;
        assert!((400..500).contains(&back.reply.status));
        assert!(connections(&app).is_empty());
        // Mallory finishes at the provider with an account of her own and hands Ada the callback.
        app.upstream.state().next_account("oidc", "mallory");
        let url = callback(&departed(&app, &mut mallory).await).await;
        assert!((400..500).contains(&ada.visit(&url).await.reply.status));
        assert!(connections(&app).is_empty());
        app.finish().await;
    }

    async fn cl_06__nothing_leaves_before_a_click_on_a_page_that_says_what_happens(app: TestApp) {
        let mut browser = app.signed_in("ada").await;
        let agent = app.agent();
        let subject_token = app.subject_token(&mut browser, AGENT_ID, &agent).await;
        let asked = agent.exchange(&subject_token, PROVIDER, &[]).await;
        let page = browser.open(asked.member("interaction_uri")).await;
        let text = page.reply.text();
        for shown in ["ada", "The briefing-agent", AGENT_ID, "OpenID Connect", "write"] {
            assert!(text.contains(shown), "{shown} is not on the page");
        }
        assert!(app.upstream.state().journal_of("oidc", vouchsafe_fake_upstream::Endpoint::Authorize).is_empty());
        let forged = browser.post(&format!("{}/connect/{PROVIDER}", app.base), &[("csrf", "forged")]).await;
        assert_eq!(forged.reply.status, 403);
        app.finish().await;
    }

    async fn cl_07__a_flow_is_used_once_and_ends_after_ten_minutes(app: TestApp) {
        let mut browser = app.signed_in("ada").await;
        let url = callback(&departed(&app, &mut browser).await).await;
        let replay = browser.clone();
        assert_eq!(browser.visit(&url).await.reply.status, 200);
        let before = connections(&app);
        replay.clone().visit(&url).await;
        assert_eq!(connections(&app), before);
        let codes = app.upstream.state().journal_of("oidc", vouchsafe_fake_upstream::Endpoint::Token).len();
        assert_eq!(codes, 1);
        let late = callback(&departed(&app, &mut browser).await).await;
        app.advance(std::time::Duration::from_secs(601));
        app.sign_in(&mut browser, "ada").await;
        assert!((400..500).contains(&browser.visit(&late).await.reply.status));
        app.finish().await;
    }

    async fn cl_08__two_tabs_do_not_disturb_each_other(app: TestApp) {
        let mut browser = app.signed_in("ada").await;
        app.upstream.state().next_account("oidc", "first");
        let one = callback(&departed(&app, &mut browser).await).await;
        app.upstream.state().next_account("oidc", "second");
        let two = callback(&departed(&app, &mut browser).await).await;
        assert_eq!(browser.visit(&two).await.reply.status, 200);
        assert_eq!(browser.visit(&one).await.reply.status, 200);
        assert_eq!(connections(&app).len(), 2);
        app.finish().await;
    }

    async fn cl_09_up_07__what_the_provider_says_is_never_shown_as_it_is(app: TestApp) {
        let mut browser = app.signed_in("ada").await;
        let left = departed(&app, &mut browser).await;
        let state = left.redirect_parameter("state").unwrap();
        let issuer = app.upstream.issuer("oidc");
        let url = format!(
            "{}/connect/callback/{PROVIDER}?error=access_denied&error_description=%3Cscript%3Ecanary%3C/script%3E&state={state}&iss={issuer}",
            app.base
        );
        let page = browser.visit(&url).await;
        assert!(!page.reply.text().contains("canary"));
        assert!(connections(&app).is_empty());
        app.finish().await;
    }

    async fn up_04__an_answer_at_another_providers_callback_is_refused(app: TestApp) {
        app.oidc_provider("second-idp", "static").await;
        let mut browser = app.signed_in("ada").await;
        let url = callback(&departed(&app, &mut browser).await).await;
        let crossed = url.replace(&format!("/callback/{PROVIDER}"), "/callback/second-idp");
        assert!((400..500).contains(&browser.visit(&crossed).await.reply.status));
        assert!(connections(&app).is_empty());
        app.finish().await;
    }

    async fn az_4_1_09_16__pages_and_cookies_are_locked_down(app: TestApp) {
        let mut browser = Browser::default();
        let login = browser.open(&format!("{}/login", app.base)).await;
        let mut signed_in = app.signed_in("ada").await;
        let connections = signed_in.open(&format!("{}/connections", app.base)).await;
        let missing = signed_in.open(&format!("{}/nowhere", app.base)).await;
        for page in [&login, &connections, &missing] {
            let csp = page.reply.header("content-security-policy");
            assert!(csp.contains("default-src 'none'") && csp.contains("frame-ancestors 'none'"), "{csp}");
            assert!(!csp.contains("unsafe"));
            assert_eq!(page.reply.header("x-frame-options"), "DENY");
            assert_eq!(page.reply.header("referrer-policy"), "no-referrer");
            assert!(!page.reply.text().contains("<script"));
        }
        let again = browser.submit(&login, Some("sign-in"), &[("username", "ada"), ("password", vouchsafe_testkit::PASSWORD)]).await;
        let cookies: Vec<&str> = again.reply.headers.get_all("set-cookie").iter().map(|c| c.to_str().unwrap()).collect();
        let session = cookies.iter().find(|c| c.starts_with("__Host-vouchsafe-session=")).unwrap();
        for attribute in ["Secure", "HttpOnly", "SameSite=Lax", "Path=/"] {
            assert!(session.contains(attribute), "{session}");
        }
        // Signing in again gives another session, and ends the one before (ATK-30).
        let host = app.base.trim_start_matches("http://").to_owned();
        let before = browser.cookies(&host)["__Host-vouchsafe-session"].clone();
        app.sign_in(&mut browser, "ada").await;
        assert_ne!(browser.cookies(&host)["__Host-vouchsafe-session"], before);
        app.finish().await;
    }
}
