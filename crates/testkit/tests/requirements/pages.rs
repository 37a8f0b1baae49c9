//! What the pages must say, and that what can be done on them is done.

use std::time::Duration;

use vouchsafe_audit::Origin;
use vouchsafe_fake_upstream::{Endpoint, Fault};
use vouchsafe_model::ClientAuthMethod;
use vouchsafe_testkit::{
    AGENT_ID, Agent, Browser, ClientSetup, Connected, PASSWORD, PROVIDER, Page, Pkce, TestApp, both_databases,
};

const SECRET: &str = "a-secret-of-another-agent-0123456789abcdef";

async fn connections(app: &TestApp, browser: &mut Browser) -> String {
    let page = browser.open(&format!("{}/connections", app.base)).await;
    assert_eq!(page.reply.status, 200);
    page.reply.text()
}

/// The element with this id, up to the end of the first of its kind that closes.
fn block(page: &Page, id: &str, end: &str) -> String {
    let text = page.reply.text();
    let at = text
        .find(&format!(" id=\"{id}"))
        .unwrap_or_else(|| panic!("no {id} at {}: {text}", page.url));
    text[at..].split(end).next().unwrap_or_default().to_owned()
}

/// Another agent, which asks for this much and is allowed to.
async fn another(
    app: &mut TestApp,
    browser: &mut Browser,
    id: &str,
    scope: &[(&str, &str)],
) -> (Agent, String) {
    app.client(ClientSetup::new(id, SECRET).ceiling(PROVIDER, "*"))
        .await;
    let agent = Agent::basic(&app.base, id, SECRET);
    let subject_token = app.subject_token(browser, id, &agent).await;
    let asked = agent.exchange(&subject_token, PROVIDER, scope).await;
    assert_eq!(asked.error(), "interaction_required");
    let done = app.approve(browser, asked.member("interaction_uri")).await;
    assert_eq!(done.reply.status, 200, "{}", done.reply.text());
    (agent, subject_token)
}

both_databases! {
    async fn az_4_1_11__the_consent_page_names_client_host_scopes_targets_and_an_unverified_client(app: TestApp) {
        let mut app = app;
        let mut browser = app.signed_in("ada").await;
        let page = browser.open(&app.authorize_url(AGENT_ID)).await;
        let shown = |id: &str| block(&page, id, "</dd>");
        assert!(page.reply.text().contains("The briefing-agent"));
        assert!(shown("client-id").contains(AGENT_ID));
        assert!(shown("redirect-host").contains("https://agent.test"));
        assert!(shown("targets").contains(&app.base));
        assert!(page.reply.text().contains("<code>exchange</code>"));
        assert!(!page.reply.text().contains("Unverified"));
        app.client(ClientSetup::new("on-a-laptop", SECRET).with(|client| {
            client.auth_method = ClientAuthMethod::None;
            client.secrets.clear();
            client.grant_types.truncate(1);
            client.redirect_uris = vec!["http://127.0.0.1/callback".to_owned()];
        })).await;
        let query = url::form_urlencoded::Serializer::new(String::new())
            .append_pair("response_type", "code")
            .append_pair("client_id", "on-a-laptop")
            .append_pair("redirect_uri", "http://127.0.0.1:4711/callback")
            .append_pair("code_challenge", &Pkce::default().challenge)
            .append_pair("code_challenge_method", "S256")
            .finish();
        let page = browser.open(&format!("{}/oauth/authorize?{query}", app.base)).await;
        assert!(block(&page, "identity", "</dd>").contains("Unverified"));
        assert!(block(&page, "redirect-host", "</dd>").contains("http://127.0.0.1:4711"));
        app.finish().await;
    }

    async fn cl_06__the_page_before_leaving_says_who_asks_where_for_what_and_whom_it_affects(app: TestApp) {
        let mut app = app;
        let mut browser = app.signed_in("ada").await;
        let url = format!("{}/connect/{PROVIDER}?scope=write", app.base);
        let page = browser.open(&url).await;
        let text = page.reply.text();
        for shown in ["Signed in as", "ada", "<code>write</code>", "<code>openid</code>"] {
            assert!(text.contains(shown), "{shown}: {text}");
        }
        assert!(block(&page, "asked-by", "</dd>").contains("no agent"));
        assert!(block(&page, "provider", "</dd>").contains("OpenID Connect"));
        assert!(!text.contains("id=\"widens\""));
        // An admin's trusted mark lets an agent use a new account without another question.
        app.client(ClientSetup::new("trusted-agent", SECRET).ceiling(PROVIDER, "write").trusted("write")).await;
        let page = browser.open(&url).await;
        assert!(block(&page, "widens", "</ul>").contains("<code>trusted-agent</code>"));
        // Renewing with more gives more to whoever was allowed everything.
        another(&mut app, &mut browser, "everything-agent", &[]).await;
        let connection = app.texts("SELECT id AS text FROM connections").remove(0);
        let wider = format!("{}/connect/{PROVIDER}?scope=admin&reconnect={connection}", app.base);
        let page = browser.open(&wider).await;
        let widens = block(&page, "widens", "</ul>");
        assert!(widens.contains("<code>everything-agent</code>") && !widens.contains("trusted-agent"), "{widens}");
        app.finish().await;
    }

    async fn cl_06__the_interaction_page_names_other_agents_that_get_more(app: TestApp) {
        let mut app = app;
        let mut browser = app.signed_in("ada").await;
        app.upstream.state().next_account("oidc", "ada");
        another(&mut app, &mut browser, "everything-agent", &[]).await;
        app.client(ClientSetup::new("trusted-agent", SECRET).ceiling(PROVIDER, "read").trusted("read")).await;
        let agent = app.agent();
        let subject_token = app.subject_token(&mut browser, AGENT_ID, &agent).await;
        let connection = app.texts("SELECT id AS text FROM connections").remove(0);
        // Asks for what the account cannot do yet: the provider will be asked for more.
        let asked = agent.exchange(&subject_token, PROVIDER, &[("scope", "write")]).await;
        let page = browser.open(asked.member("interaction_uri")).await;
        let widens = block(&page, &format!("widens-{connection}"), "</ul>");
        assert!(widens.contains("<code>everything-agent</code>"), "{widens}");
        assert!(!widens.contains(AGENT_ID) && !widens.contains("trusted-agent"), "{widens}");
        assert!(block(&page, &format!("there-{connection}"), "</ul>").contains("<code>write</code>"));
        let new = block(&page, "widens-new", "</ul>");
        assert!(new.contains("<code>trusted-agent</code>") && !new.contains("everything-agent"), "{new}");
        // Once the account can do it, nobody else gets more.
        app.upstream.state().next_account("oidc", "ada");
        assert_eq!(app.approve(&mut browser, asked.member("interaction_uri")).await.reply.status, 200);
        app.client(ClientSetup::new("third-agent", SECRET).ceiling(PROVIDER, "write")).await;
        let third = Agent::basic(&app.base, "third-agent", SECRET);
        let third_subject = app.subject_token(&mut browser, "third-agent", &third).await;
        let asked = third.exchange(&third_subject, PROVIDER, &[("scope", "write")]).await;
        let page = browser.open(asked.member("interaction_uri")).await;
        assert!(!page.reply.text().contains(&format!("widens-{connection}")));
        // And the answer is told as it was.
        let done = app.approve(&mut browser, asked.member("interaction_uri")).await;
        assert!(done.reply.text().contains("<h1>Allowed</h1>") && done.reply.text().contains("The third-agent"));
        app.finish().await;
    }

    async fn ar_19__a_trusted_agent_is_denied_on_the_page(app: TestApp) {
        let mut app = app;
        let Connected { mut browser, .. } = app.connected("ada").await;
        app.client(ClientSetup::new("trusted-agent", SECRET).ceiling(PROVIDER, "openid read write").trusted("openid read write")).await;
        let trusted = Agent::basic(&app.base, "trusted-agent", SECRET);
        let subject_token = app.subject_token(&mut browser, "trusted-agent", &trusted).await;
        trusted.exchange(&subject_token, PROVIDER, &[]).await.token();
        let connection = app.texts("SELECT id AS text FROM connections").remove(0);
        let page = browser.open(&format!("{}/connections", app.base)).await;
        let item = block(&page, &format!("agent-{connection}-trusted-agent"), "</li></ul>");
        assert!(item.contains("the operator of this server trusts it") && item.contains("<code>read</code>"), "{item}");
        let form = format!("deny-{connection}-trusted-agent");
        let denied = browser.submit(&page, Some(&form), &[]).await;
        let page = browser.follow(denied).await;
        let item = block(&page, &format!("agent-{connection}-trusted-agent"), "</li>");
        assert!(item.contains("you denied it") && !page.reply.text().contains(&form), "{item}");
        let refused = trusted.exchange(&subject_token, PROVIDER, &[]).await;
        assert_eq!(refused.error(), "interaction_required");
        app.finish().await;
    }

    async fn a_client_that_the_operator_switched_off_is_called_so(app: TestApp) {
        let mut browser = app.signed_in("ada").await;
        let (server, origin) = (&app.instance.authorization_server, Origin::background());
        server.disable_client(&AGENT_ID.parse().unwrap(), &origin).await.unwrap();
        let page = browser.open(&app.authorize_url(AGENT_ID)).await;
        assert_eq!((page.reply.status, page.redirect()), (400, None));
        assert!(page.reply.text().contains("The operator of this server has switched off the application"));
        app.finish().await;
    }

    async fn the_operator_sees_in_what_a_refused_redirect_uri_differs_and_nobody_what_was_sent(app: TestApp) {
        let mut browser = app.signed_in("ada").await;
        let asked = app.authorize_url(AGENT_ID).replace("agent.test%2Fcallback", "agent.test%2Fpwned-callback");
        let page = browser.open(&asked).await;
        assert_eq!(page.reply.status, 400);
        assert!(page.reply.text().contains("compare the redirect_uri") && !page.reply.text().contains("pwned"));
        let logs = app.logs();
        let lines: Vec<&str> = logs.lines().filter(|line| line.contains("names a redirect URI that is not")).collect();
        assert!(lines.iter().any(|line| line.contains(AGENT_ID) && line.contains("agent.test/callback")), "{lines:?}");
        assert!(lines.iter().any(|line| line.contains("differs_in") && line.contains("path")), "{lines:?}");
        assert!(!lines.iter().any(|line| line.contains("pwned")), "{lines:?}");
        app.finish().await;
    }

    async fn too_many_attempts_keep_the_form(app: TestApp) {
        app.user("ada").await;
        let mut browser = Browser::default();
        let mut page = browser.open(&format!("{}/login?return_to=%2Fconnections", app.base)).await;
        for _ in 0..20 {
            page = browser.submit(&page, Some("sign-in"), &[("username", "ada"), ("password", "wrong")]).await;
            if page.reply.status == 429 {
                break;
            }
        }
        assert_eq!(page.reply.status, 429);
        let pause: u64 = page.reply.header("retry-after").parse().unwrap();
        assert!(page.reply.text().contains("too many failed attempts") && page.reply.text().contains("value=\"ada\""));
        app.advance(Duration::from_secs(pause));
        let welcome = browser.submit(&page, Some("sign-in"), &[("username", "ada"), ("password", PASSWORD)]).await;
        assert_eq!(welcome.redirect().unwrap().path(), "/connections");
        app.finish().await;
    }

    async fn an_answer_that_was_no_is_told_to_the_one_who_gave_it(app: TestApp) {
        app.user("bob").await;
        let mut browser = app.signed_in("ada").await;
        let agent = app.agent();
        let subject_token = app.subject_token(&mut browser, AGENT_ID, &agent).await;
        let asked = agent.exchange(&subject_token, PROVIDER, &[]).await;
        let uri = asked.member("interaction_uri");
        let waiting = connections(&app, &mut browser).await;
        assert!(waiting.contains(uri.strip_prefix(&app.base).unwrap()) && waiting.contains("Answer until"));
        let page = browser.open(uri).await;
        let denied = browser.submit(&page, Some("interaction"), &[("decision", "deny")]).await;
        let told = browser.follow(denied).await.reply.text();
        assert!(told.contains("<h1>Not allowed</h1>") && told.contains("The briefing-agent"), "{told}");
        let mut other = app.signed_in("bob").await;
        let other = other.open(uri).await;
        assert_eq!(other.reply.status, 404);
        assert!(!other.reply.text().contains("briefing-agent"));
        app.finish().await;
    }

    async fn the_connections_page_says_what_is_connected_and_what_became_of_it(app: TestApp) {
        let Connected { mut browser, agent, subject_token } = app.connected("ada").await;
        let text = connections(&app, &mut browser).await;
        assert!(text.contains("<dd>Never</dd>") && text.contains("No agent holds a token"));
        agent.exchange(&subject_token, PROVIDER, &[]).await.token();
        let text = connections(&app, &mut browser).await;
        for shown in ["<bdi class=\"quoted\">ada</bdi>", "The briefing-agent", "you allowed it", "<code>write</code>", "<time datetime=\""] {
            assert!(text.contains(shown), "{shown}: {text}");
        }
        assert!(!text.contains("<dd>Never</dd>") && text.contains("can work until"));
        let connection = app.texts("SELECT id AS text FROM connections").remove(0);
        // Locked by a reset of the password: as an exchange finds it.
        app.advance(Duration::from_secs(1));
        app.reset_password("ada", "another password of some length").await;
        app.reset_password("ada", PASSWORD).await;
        app.advance(Duration::from_secs(1));
        app.sign_in(&mut browser, "ada").await;
        let text = connections(&app, &mut browser).await;
        assert!(text.contains("Needs your consent again.") && text.contains("Your password was reset"), "{text}");
        assert!(text.contains(&format!("/connect/{PROVIDER}?reconnect={connection}")));
        // The provider does not confirm the end: the page says so until it does.
        let down = Fault::Status { code: 503, body: String::new(), retry_after: None };
        app.upstream.state().fault("oidc", Endpoint::Revoke, down, 20);
        let page = browser.open(&format!("{}/connections", app.base)).await;
        let gone = browser.submit(&page, Some(&format!("disconnect-{connection}")), &[]).await;
        let page = browser.follow(gone).await;
        let ended = block(&page, &format!("ended-{connection}"), "</div>");
        assert!(ended.contains("has not confirmed yet"), "{ended}");
        assert!(page.reply.text().contains("Nothing is connected, so no agent"));
        app.finish().await;
    }

    async fn az_4_1_09__the_mark_is_ours_and_errors_lead_back(app: TestApp) {
        let mut browser = app.signed_in("ada").await;
        let icon = browser.open(&format!("{}/favicon.svg", app.base)).await;
        assert_eq!(icon.reply.status, 200);
        assert_eq!(icon.reply.header("content-type"), "image/svg+xml");
        assert_eq!(icon.reply.header("x-content-type-options"), "nosniff");
        assert!(icon.reply.header("content-security-policy").starts_with("default-src 'none';"));
        let missing = browser.open(&format!("{}/nowhere", app.base)).await;
        assert_eq!(missing.reply.status, 404);
        assert!(missing.reply.text().contains("href=\"/favicon.svg\""));
        assert!(missing.reply.text().contains("id=\"way-on\" href=\"/connections\""));
        let forged = browser.post(&format!("{}/logout", app.base), &[("csrf", "forged")]).await;
        assert_eq!(forged.reply.status, 403);
        assert!(forged.reply.text().contains("href=\"/connections\""));
        app.finish().await;
    }

    async fn what_was_settled_meanwhile_waits_no_longer(app: TestApp) {
        let mut app = app;
        let Connected { mut browser, .. } = app.connected("ada").await;
        app.client(ClientSetup::new("second", SECRET).ceiling(PROVIDER, "*")).await;
        let agent = Agent::basic(&app.base, "second", SECRET);
        let subject_token = app.subject_token(&mut browser, "second", &agent).await;
        let mut links = Vec::new();
        for scope in ["read", "write", "read write"] {
            let asked = agent.exchange(&subject_token, PROVIDER, &[("scope", scope)]).await;
            links.push(asked.member("interaction_uri").to_owned());
        }
        let ids: Vec<String> = links.iter().map(|link| format!("id=\"interaction-{}\"", link.rsplit('/').next().unwrap())).collect();
        let waits = |text: &str| ids.iter().map(|id| text.contains(id)).collect::<Vec<_>>();
        assert_eq!(waits(&connections(&app, &mut browser).await), [true, true, true]);
        app.approve(&mut browser, &links[0]).await;
        assert_eq!(waits(&connections(&app, &mut browser).await), [false, true, true]);
        app.approve(&mut browser, &links[2]).await;
        assert_eq!(waits(&connections(&app, &mut browser).await), [false, false, false]);
        // What the operator has taken from the agent is nothing to decide either.
        let asked = agent.exchange(&subject_token, PROVIDER, &[]).await;
        let id = format!("id=\"interaction-{}\"", asked.member("interaction_uri").rsplit('/').next().unwrap());
        assert!(connections(&app, &mut browser).await.contains(&id));
        app.client(ClientSetup::new("second", SECRET).ceiling(PROVIDER, "read")).await;
        assert!(!connections(&app, &mut browser).await.contains(&id));
        app.finish().await;
    }

    async fn up_18__connecting_an_account_once_more_loses_nothing_of_it(app: TestApp) {
        let Connected { mut browser, agent, subject_token } = app.connected("ada").await;
        let operator = crate::admin_support::Operator::of(&app).await;
        let before = operator.get("/connections").await["items"][0]["id"].as_str().unwrap().to_owned();
        let page = browser.open(&format!("{}/connect/{PROVIDER}?scope=openid", app.base)).await;
        assert!(page.reply.text().contains("<code>write</code>"), "{}", page.reply.text());
        let left = browser.submit(&page, Some("connect"), &[]).await;
        let done = browser.follow(left).await;
        // It says who may use it now, by name.
        assert!(done.reply.text().contains("The briefing-agent"), "{}", done.reply.text());
        let after = operator.get(&format!("/connections/{before}")).await;
        assert_eq!(after["scope"], "openid read write");
        assert_eq!(app.power(agent.exchange(&subject_token, PROVIDER, &[]).await.token()), "openid read write");
        app.finish().await;
    }
}
