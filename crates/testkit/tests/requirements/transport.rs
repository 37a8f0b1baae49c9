//! Sections 2.1, 2.2 and 3: how requests reach the endpoints, what the metadata says of it, and where tokens never are.

use std::io::{self, ErrorKind, Write as _};
use std::net::{IpAddr, TcpListener, UdpSocket};

use serde_json::json;
use vouchsafe_fake_upstream::SecretKind;
use vouchsafe_model::{ClientAuthMethod, Secret};
use vouchsafe_testkit::{
    AGENT_ID, AGENT_SECRET, Agent, Backend, Browser, ClientSetup, Connected, Http, PROVIDER, Page, TestApp,
    both_databases,
};

const FORM: (&str, &str) = ("content-type", "application/x-www-form-urlencoded");
const EVIL: &str = "https://evil.test";

/// The address that this machine would use towards others. Nothing is sent.
fn outer_address() -> Option<IpAddr> {
    let socket = UdpSocket::bind("0.0.0.0:0").ok()?;
    socket.connect("192.0.2.1:9").ok()?;
    let address = socket.local_addr().ok()?.ip();
    (!address.is_loopback() && !address.is_unspecified()).then_some(address)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn tok_3_2_08__a_listener_open_to_other_machines_is_refused() {
    let app = TestApp::start(Backend::sqlite()).await;
    for open in ["0.0.0.0:0", "[::]:0"] {
        // Where the machine has no IPv6 there is nothing to refuse.
        let Ok(listener) = TcpListener::bind(open) else {
            continue;
        };
        let refused = vouchsafe_server::serve(app.instance.app(), listener, std::future::pending());
        let error = refused.await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::InvalidInput, "{open}");
        assert!(error.to_string().contains("loopback"), "{error}");
    }
    app.finish().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn tok_3_2_08__behind_a_proxy_nobody_else_is_served_in_the_clear() {
    let Some(outer) = outer_address() else {
        let _ = writeln!(io::stderr(), "skipped: this machine has no address but loopback");
        return;
    };
    let proxy = "192.0.2.1".parse().unwrap();
    let app = TestApp::start_with(Backend::sqlite(), |settings| {
        settings.trusted_proxies = vec![proxy];
    })
    .await;
    let listener = TcpListener::bind("0.0.0.0:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    let (stop, stopped) = tokio::sync::oneshot::channel::<()>();
    let until = async move {
        let _ = stopped.await;
    };
    let server = tokio::spawn(vouchsafe_server::serve(app.instance.app(), listener, until));
    // The same request: from an address that is no proxy of ours it is refused before the client is looked at.
    for (host, status, error) in [
        ("127.0.0.1".to_owned(), 400, "unsupported_grant_type"),
        (outer.to_string(), 403, "invalid_request"),
    ] {
        let url = format!("http://{host}:{port}");
        let answer = Agent::basic(&url, AGENT_ID, AGENT_SECRET)
            .request(&[("grant_type", "nonsense")])
            .await;
        assert_eq!(
            (answer.reply.status, answer.member("error")),
            (status, error),
            "{host}"
        );
        let page = Http::default().get(&format!("{url}/login")).await;
        assert_eq!(page.text().contains("type=\"password\""), status == 400, "{host}");
    }
    drop(stop);
    server.await.unwrap().unwrap();
    app.finish().await;
}

/// Every page that a browser was shown at the server, and all that came with it.
struct Trail(Vec<(&'static str, String)>);

impl Trail {
    fn note(&mut self, page: &Page) {
        self.0.push(("an address", page.url.to_string()));
        self.0.push(("a page", page.reply.text()));
        for (name, value) in &page.reply.headers {
            self.0.push((
                "a header",
                format!("{name}: {}", String::from_utf8_lossy(value.as_bytes())),
            ));
        }
    }

    /// Opens an address and follows to the end, noting what the server itself sends.
    async fn walk(&mut self, app: &TestApp, browser: &mut Browser, mut page: Page) -> Page {
        loop {
            if page.url.as_str().starts_with(&app.base) {
                self.note(&page);
            }
            match page.redirect() {
                Some(next) if next.host_str() == Some("127.0.0.1") => {
                    page = browser.open(next.as_str()).await;
                }
                _ => return page,
            }
        }
    }
}

both_databases! {
    async fn bt_5_3_01__tokens_are_in_no_cookie_address_or_page(app: TestApp) {
        let mut trail = Trail(Vec::new());
        let mut browser = Browser::default();
        trail.note(&browser.open(&format!("{}/login", app.base)).await);
        trail.note(&app.sign_in(&mut browser, "ada").await);
        let agent = app.agent();
        let consent = browser.open(&app.authorize_url(AGENT_ID)).await;
        trail.note(&consent);
        let code = browser.submit(&consent, Some("consent"), &[("decision", "approve")]).await;
        trail.note(&code);
        let subject_token = app.redeem(&agent, &code.redirect_parameter("code").unwrap()).await;
        let asked = agent.exchange(&subject_token, PROVIDER, &[]).await;
        let link = browser.open(asked.member("interaction_uri")).await;
        trail.note(&link);
        let left = browser.submit(&link, Some("interaction"), &[("decision", "approve")]).await;
        let connected = trail.walk(&app, &mut browser, left).await;
        assert_eq!(connected.reply.status, 200, "{}", connected.reply.text());
        let released = agent.exchange(&subject_token, PROVIDER, &[]).await.token().to_owned();
        // Now that there are tokens: everything that the person can look at, and what operators read.
        for path in ["/", "/login", "/connections", "/connect/demo-idp"] {
            let page = browser.open(&format!("{}{path}", app.base)).await;
            trail.walk(&app, &mut browser, page).await;
        }
        for again in [asked.member("interaction_uri"), &app.authorize_url(AGENT_ID)] {
            let page = browser.open(again).await;
            trail.walk(&app, &mut browser, page).await;
        }
        trail.0.push(("the record", app.admin("GET", "records?limit=1000").await.text()));
        let issued = app.upstream.state().issued_secrets();
        let tokens = issued.iter().filter(|secret| secret.kind != SecretKind::AuthorizationCode);
        let mut tokens: Vec<&str> = tokens.map(|secret| secret.value.as_str()).collect();
        assert!(tokens.contains(&released.as_str()));
        tokens.extend([subject_token.as_str(), app.admin_key.as_str()]);
        for (place, text) in &trail.0 {
            let found = tokens.iter().find(|token| text.contains(**token));
            assert!(found.is_none(), "a token stands in {place}");
        }
        app.finish().await;
    }

    async fn tok_3_2_07__query_and_body_never_merge(app: TestApp) {
        let Connected { agent, subject_token, .. } = app.connected("ada").await;
        let body = |audience: &str| {
            format!(
                "grant_type=urn:ietf:params:oauth:grant-type:token-exchange&subject_token={subject_token}\
                 &subject_token_type=urn:ietf:params:oauth:token-type:access_token{audience}"
            )
        };
        agent.raw(body("&audience=demo-idp").as_bytes()).await.token();
        let pair = base64::Engine::encode(
            &base64::engine::general_purpose::STANDARD,
            format!("{AGENT_ID}:{AGENT_SECRET}"),
        );
        let basic = format!("Basic {pair}");
        let headers = [FORM, ("authorization", basic.as_str())];
        for (query, audience) in [
            ("audience=demo-idp", "&audience=demo-idp"),
            ("audience=elsewhere", "&audience=demo-idp"),
            ("audience=demo-idp", ""),
            ("scope=read", "&audience=demo-idp"),
            ("x", "&audience=demo-idp"),
        ] {
            let url = format!("{}/oauth/token?{query}", app.base);
            let reply = Http::default().send("POST", &url, &headers, Some(body(audience).as_bytes())).await;
            assert_eq!((reply.status, &reply.json()["error"]), (400, &json!("invalid_request")), "{query}");
        }
        // Nor do credentials there help.
        let url = format!("{}/oauth/token?client_id={AGENT_ID}&client_secret={AGENT_SECRET}", app.base);
        let reply = Http::default().send("POST", &url, &[FORM], Some(body("&audience=demo-idp").as_bytes())).await;
        assert_eq!((reply.status, &reply.json()["error"]), (400, &json!("invalid_request")));
        app.finish().await;
    }

    async fn tok_3_2_11__no_page_of_others_reads_the_token_endpoint(app: TestApp) {
        let origin = ("origin", EVIL);
        for method in ["POST", "OPTIONS"] {
            let headers = [origin, FORM, ("access-control-request-method", "POST")];
            let url = format!("{}/oauth/token", app.base);
            let reply = Http::default().send(method, &url, &headers, Some(b"grant_type=x")).await;
            assert_eq!(reply.header("access-control-allow-origin"), "", "{method}");
        }
        for path in ["/.well-known/oauth-authorization-server", "/oauth/jwks"] {
            let url = format!("{}{path}", app.base);
            let reply = Http::default().send("GET", &url, &[origin], None).await;
            assert_eq!((reply.status, reply.header("access-control-allow-credentials")), (200, ""), "{path}");
        }
        app.finish().await;
    }

    async fn tok_2_3_07__two_secrets_live_side_by_side_and_a_retired_one_dies_at_once(app: TestApp) {
        let mut app = app;
        let (old, new) = ("the-old-secret-of-the-agent-0123456789", "the-new-secret-of-the-agent-0123456789");
        let rotating = |secrets: &[&str]| {
            let secrets: Vec<Secret<String>> = secrets.iter().map(|secret| Secret::from(*secret)).collect();
            ClientSetup::new("rotating", old).with(|client| client.secrets = secrets)
        };
        let base = app.base.clone();
        let error = async |secret: &str| {
            let agent = Agent::basic(&base, "rotating", secret);
            agent.request(&[("grant_type", "nonsense")]).await.error().to_owned()
        };
        let (good, bad) = ("unsupported_grant_type", "invalid_client");
        app.client(rotating(&[old])).await;
        assert_eq!([error(old).await, error(new).await], [good, bad]);
        app.client(rotating(&[old, new])).await;
        assert_eq!([error(old).await, error(new).await], [good, good]);
        app.client(rotating(&[new])).await;
        assert_eq!([error(old).await, error(new).await], [bad, good]);
        app.finish().await;
    }

    async fn md_2_04__extension_members_appear_exactly_with_their_feature(app: TestApp) {
        let url = format!("{}/.well-known/oauth-authorization-server", app.base);
        let document = Http::default().get(&url).await.json();
        // What is on: every answer names its issuer, and comes in the query.
        assert_eq!(document["authorization_response_iss_parameter_supported"], true);
        assert_eq!(document["response_modes_supported"], json!(["query"]));
        let mut browser = app.signed_in("ada").await;
        let page = browser.visit(&app.authorize_url(AGENT_ID)).await;
        let back = browser.submit(&page, Some("consent"), &[("decision", "deny")]).await;
        assert_eq!(back.redirect_parameter("iss").as_deref(), Some(&*app.base));
        // What is not there is not promised.
        for member in [
            "pushed_authorization_request_endpoint", "require_pushed_authorization_requests", "dpop_signing_alg_values_supported",
            "tls_client_certificate_bound_access_tokens", "mtls_endpoint_aliases", "device_authorization_endpoint",
            "authorization_details_types_supported", "registration_endpoint", "client_id_metadata_document_supported",
            "introspection_endpoint", "introspection_signing_alg_values_supported", "revocation_endpoint", "acr_values_supported",
            "protected_resources", "identity_chaining_requested_token_types_supported", "authorization_grant_profiles_supported",
            "prompt_values_supported",
        ] {
            assert!(document.get(member).is_none(), "{member}");
        }
        app.finish().await;
    }

    async fn tok_2_3_09__the_metadata_lists_the_methods_that_are_on(app: TestApp) {
        let mut app = app;
        let secret = "a-secret-of-a-client-of-one-method-0123";
        let url = format!("{}/.well-known/oauth-authorization-server", app.base);
        let listed = Http::default().get(&url).await.json()["token_endpoint_auth_methods_supported"].clone();
        assert_eq!(listed, json!(["client_secret_basic", "client_secret_post", "none"]));
        for (id, method) in [
            ("by-basic", ClientAuthMethod::ClientSecretBasic),
            ("by-post", ClientAuthMethod::ClientSecretPost),
            ("by-none", ClientAuthMethod::None),
        ] {
            let setup = ClientSetup::new(id, secret).with(|client| {
                client.auth_method = method;
                if method == ClientAuthMethod::None {
                    client.secrets.clear();
                    client.grant_types.retain(|grant| *grant == vouchsafe_oauth_types::GrantType::AuthorizationCode);
                }
            });
            app.client(setup).await;
            // Each works where it is registered, and nowhere else: posting is on for nobody who did not ask for it.
            for (presented, agent) in [
                (ClientAuthMethod::ClientSecretBasic, Agent::basic(&app.base, id, secret)),
                (ClientAuthMethod::ClientSecretPost, Agent::post(&app.base, id, secret)),
            ] {
                let error = agent.request(&[("grant_type", "nonsense")]).await.error().to_owned();
                let right = presented == method;
                assert_eq!(error == "unsupported_grant_type", right, "{id} by {presented:?}: {error}");
            }
            let bare = [("grant_type", "nonsense"), ("client_id", id)];
            let error = Agent::anonymous(&app.base).request(&bare).await.error().to_owned();
            assert_eq!(error == "unsupported_grant_type", method == ClientAuthMethod::None, "{id} bare: {error}");
        }
        // What is not listed does not work.
        let assertion = [
            ("grant_type", "nonsense"),
            ("client_id", "by-none"),
            ("client_assertion", "x.y.z"),
            ("client_assertion_type", "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"),
        ];
        assert_eq!(Agent::anonymous(&app.base).request(&assertion).await.error(), "invalid_client");
        app.finish().await;
    }
}
