//! ATK-22: line breaks and escape sequences in parameters and headers split no header and no log line.

use vouchsafe_testkit::{AGENT_ID, AGENT_SECRET, Agent, Browser, Http, PROVIDER, TestApp, both_databases};

use super::ours;

/// What must never begin a line, anywhere.
const INJECTED: &str = "Set-Cookie: pwned=1";
const PAYLOAD: &str = "x\r\nSet-Cookie: pwned=1\r\n\r\n\u{1b}[31mred\u{2028}\u{202e}";

const PARAMETERS: [&str; 18] = [
    "grant_type",
    "client_id",
    "client_secret",
    "code",
    "code_verifier",
    "redirect_uri",
    "subject_token",
    "subject_token_type",
    "actor_token",
    "actor_token_type",
    "requested_token_type",
    "audience",
    "resource",
    "scope",
    "login_hint",
    "state",
    "nonce",
    "iss",
];

fn clean(what: &str, reply: &vouchsafe_testkit::Reply) {
    for (name, value) in &reply.headers {
        let text = String::from_utf8_lossy(value.as_bytes());
        assert!(
            !(name == "set-cookie" && text.contains("pwned")),
            "{what}: {text}"
        );
        assert!(
            text.bytes().all(|b| (b' '..0x7f).contains(&b)),
            "{what}: {name}: {text}"
        );
    }
    assert!(
        !reply.text().contains('\u{1b}') && !reply.text().contains(INJECTED),
        "{what}: {}",
        reply.text()
    );
}

async fn at_the_pages(app: &TestApp, browser: &mut Browser) {
    let encoded: String = url::form_urlencoded::byte_serialize(PAYLOAD.as_bytes()).collect();
    for name in PARAMETERS {
        let url = format!(
            "{}&{name}={encoded}",
            app.authorize_url(AGENT_ID).replace(&format!("&{name}="), "&was=")
        );
        clean(name, &browser.open(&url).await.reply);
        for page in [
            "login?return_to",
            "connections?x",
            "connect/demo-idp?scope",
            "connect/callback/demo-idp?error",
        ] {
            clean(
                page,
                &browser
                    .open(&format!("{}/{page}={encoded}&state={encoded}", app.base))
                    .await
                    .reply,
            );
        }
    }
    let path: String = encoded.replace('+', "%20");
    clean(
        "a path",
        &browser
            .open(&format!("{}/connections/{path}", app.base))
            .await
            .reply,
    );
}

both_databases! {
    async fn atk_22__nothing_that_is_sent_splits_a_header_or_a_log_line(app: TestApp) {
        let mut browser = app.signed_in("ada").await;
        at_the_pages(&app, &mut browser).await;
        // A state comes back as it was sent, inside the address.
        let consent = browser.open(&app.authorize_url(AGENT_ID).replace("state=", "was=")).await;
        assert_eq!(consent.reply.status, 200);
        let encoded: String = url::form_urlencoded::byte_serialize(PAYLOAD.as_bytes()).collect();
        let asked = format!("{}&state={encoded}", app.authorize_url(AGENT_ID).replace("&state=", "&was="));
        let page = browser.open(&asked).await;
        let back = browser.submit(&page, Some("consent"), &[("decision", "deny")]).await;
        clean("a denied consent", &back.reply);
        assert_eq!(back.redirect_parameter("state").as_deref(), Some(PAYLOAD));
        // The token endpoint, by clients that authenticate and by some that do not.
        let agent = app.agent();
        for name in PARAMETERS {
            let exchange = [
                ("grant_type", "urn:ietf:params:oauth:grant-type:token-exchange"),
                ("subject_token", "x"),
                ("subject_token_type", "urn:ietf:params:oauth:token-type:access_token"),
                ("audience", PROVIDER),
            ];
            let mut parameters: Vec<(&str, &str)> = exchange.into_iter().filter(|(n, _)| *n != name).collect();
            parameters.push((name, PAYLOAD));
            clean(name, &agent.request(&parameters).await.reply);
            clean(name, &Agent::post(&app.base, AGENT_ID, AGENT_SECRET).request(&[(name, PAYLOAD)]).await.reply);
        }
        // What a header can carry of it.
        for header in ["user-agent", "x-forwarded-for", "x-request-id", "cookie", "origin", "referer", "authorization"] {
            let value = "x\u{e9}\u{202e}\tSet-Cookie: pwned=1";
            let reply = Http::default().send("GET", &format!("{}/login", app.base), &[(header, value)], None).await;
            clean(header, &reply);
        }
        let logs = app.logs();
        assert!(logs.lines().all(|line| !line.trim_start().starts_with(INJECTED)));
        assert!(!ours(&logs).contains("pwned") && !logs.contains('\u{1b}'));
        // Nor does an entry of the record, or a line of its export.
        let exported = app.admin("GET", "records?after=0&limit=1000").await.text();
        assert!(!exported.contains('\u{1b}') && !exported.contains("\nSet-Cookie"));
        app.finish().await;
    }
}
