//! A server, a provider and time, for one test.

use std::net::TcpListener;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use tempfile::TempDir;
use tokio::sync::watch;
use tokio::task::JoinHandle;
use vouchsafe::wiring::{Background, Instance, Settings};
use vouchsafe_audit::verify::Verifier;
use vouchsafe_audit::{Origin, state};
use vouchsafe_fake_upstream::{ConsentMode, DEFAULT_CLIENT_ID, DEFAULT_CLIENT_SECRET, FakeUpstream, Options};
use vouchsafe_identity_provider::catalogue::template;
use vouchsafe_identity_provider::{EgressOptions, EntryOverrides, ProviderDefinition};
use vouchsafe_model::{
    AdminScope, Ceiling, ClientAuthMethod, Clock as _, FixedClock, Ids, ManagedBy, OsEntropy, ScopeBound,
    Secret, UnixMillis,
};
use vouchsafe_oauth_types::{GrantType, Scope};
use vouchsafe_sign_in::UserDefinition;
use vouchsafe_store::{Location, raw_sql, records};
use vouchsafe_token_exchange::ClientDefinition;
use vouchsafe_vault::FileKeyProvider;

use crate::agent::Agent;
use crate::backend::Backend;
use crate::browser::{Browser, Page};
use crate::leaks::Needles;
use crate::logs;
use crate::pkce::Pkce;

/// The agent that every test has.
pub const AGENT_ID: &str = "briefing-agent";
/// Its secret.
pub const AGENT_SECRET: &str = "the-briefing-agents-secret-0123456789abcdef";
/// The provider that every test has: the fake one's rotating OpenID Connect personality.
pub const PROVIDER: &str = "demo-idp";
/// The password of every user.
pub const PASSWORD: &str = "correct horse battery staple";
/// Where clients get their answers; nobody listens there.
const REDIRECT_URI: &str = "https://agent.test/callback";

/// A running server with a provider beside it.
pub struct TestApp {
    /// The server's base address, which is its issuer.
    pub base: String,
    /// The provider.
    pub upstream: FakeUpstream,
    /// Time.
    pub clock: FixedClock,
    /// What the server is made of.
    pub instance: Instance,
    /// An admin key with every scope.
    pub admin_key: String,
    location: Location,
    secrets: Vec<(String, String)>,
    further_secrets: Mutex<Vec<(String, String)>>,
    logs_from: usize,
    shutdown: watch::Sender<bool>,
    server: JoinHandle<std::io::Result<()>>,
    background: Background,
    _folder: TempDir,
}

/// A client to be registered in a test.
pub struct ClientSetup {
    definition: ClientDefinition,
}

impl ClientSetup {
    /// A confidential client with both grants and nothing it may be given.
    pub fn new(id: &str, secret: &str) -> Self {
        Self {
            definition: ClientDefinition {
                id: id.parse().expect("a client id"),
                name: format!("The {id}"),
                auth_method: ClientAuthMethod::ClientSecretBasic,
                secrets: vec![Secret::from(secret)],
                redirect_uris: vec![REDIRECT_URI.to_owned()],
                grant_types: vec![GrantType::AuthorizationCode, GrantType::TokenExchange],
                scope: scope("exchange"),
                accepts_tokens_of: Vec::new(),
                ceilings: Vec::new(),
                managed_by: ManagedBy::Config,
            },
        }
    }

    /// May be given this much at a provider; `*` = everything.
    pub fn ceiling(mut self, provider: &str, text: &str) -> Self {
        self.definition.ceilings.push(Ceiling {
            provider_id: provider.parse().expect("a provider id"),
            scope: bound(text),
            allow_unbounded_raw: false,
            trusted: None,
        });
        self
    }

    /// The last ceiling also allows raw tokens without bound.
    pub fn unbounded_raw(mut self) -> Self {
        self.last().allow_unbounded_raw = true;
        self
    }

    /// The last ceiling carries an admin's trusted mark for this much.
    pub fn trusted(mut self, text: &str) -> Self {
        self.last().trusted = Some(bound(text));
        self
    }

    /// Any other change of the definition.
    pub fn with(mut self, change: impl FnOnce(&mut ClientDefinition)) -> Self {
        change(&mut self.definition);
        self
    }

    /// The definition, for applying it otherwise.
    pub fn into_definition(self) -> ClientDefinition {
        self.definition
    }

    fn last(&mut self) -> &mut Ceiling {
        self.definition
            .ceilings
            .last_mut()
            .expect("a ceiling comes first")
    }
}

impl TestApp {
    /// A server with the rotating OpenID Connect provider, one agent, and the user `ada`.
    pub async fn start(backend: Backend) -> Self {
        Self::start_with(backend, |_| {}).await
    }

    /// The same with other settings.
    pub async fn start_with(backend: Backend, change: impl FnOnce(&mut Settings)) -> Self {
        logs::capture();
        let logs_from = logs::mark();
        let upstream = FakeUpstream::start(Options {
            consent: ConsentMode::Auto,
            ..Options::default()
        })
        .expect("the provider starts");
        let now = i64::try_from(upstream.state().now()).expect("a time of this age");
        let clock = FixedClock::at(UnixMillis::from_seconds(now));
        let ids = Ids::new(Arc::new(clock.clone()), Arc::new(OsEntropy));
        let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
        let base = format!("http://{}", listener.local_addr().expect("a bound port"));
        let key_file = FileKeyProvider::generate(&ids);
        let keys = FileKeyProvider::from_file_text(&key_file).expect("a generated key file is good");
        let Backend { location, folder } = backend;
        let mut settings = Settings::new(
            &base,
            location.clone(),
            Box::new(keys),
            tokio::runtime::Handle::current(),
        );
        settings.clock = Arc::new(clock.clone());
        settings.egress = EgressOptions {
            internal_hosts: vec![upstream.base_url().trim_start_matches("http://").to_owned()],
            ..EgressOptions::default()
        };
        change(&mut settings);
        let instance = tokio::task::spawn_blocking(|| Instance::open(settings))
            .await
            .expect("opening does not panic")
            .unwrap_or_else(|error| panic!("the instance opens: {error:?}"));
        let (shutdown, stopped) = watch::channel(false);
        let background = instance.background(&stopped).await;
        let mut stop = stopped.clone();
        let until = async move {
            let _ = stop.wait_for(|stop| *stop).await;
        };
        let server = tokio::spawn(vouchsafe_server::serve(instance.app(), listener, until));
        let mut app = Self {
            base,
            upstream,
            clock,
            instance,
            admin_key: String::new(),
            location,
            secrets: vec![("the key file".to_owned(), key_file.expose().trim().to_owned())],
            further_secrets: Mutex::default(),
            logs_from,
            shutdown,
            server,
            background,
            _folder: folder,
        };
        app.furnish().await;
        app
    }

    async fn furnish(&mut self) {
        for secret in [
            ("the agent's secret", AGENT_SECRET),
            ("a password", PASSWORD),
            ("our secret upstream", DEFAULT_CLIENT_SECRET),
        ] {
            self.secrets.push((secret.0.to_owned(), secret.1.to_owned()));
        }
        self.oidc_provider(PROVIDER, "oidc").await;
        self.client(ClientSetup::new(AGENT_ID, AGENT_SECRET).ceiling(PROVIDER, "openid read write"))
            .await;
        self.user("ada").await;
        let scopes = vec![
            AdminScope::Read,
            AdminScope::Revoke,
            AdminScope::Manage,
            AdminScope::Trust,
        ];
        let created = self.instance.sign_in.create_admin_key("test", scopes, None).await;
        let (_, key) = created.expect("an admin key can be made");
        key.expose().clone_into(&mut self.admin_key);
        let secret = self.admin_key.rsplit('_').next().unwrap_or_default().to_owned();
        self.secrets.push(("the admin key".to_owned(), secret));
    }

    /// A provider by discovery from one of the fake one's OpenID Connect personalities.
    pub async fn oidc_provider(&self, id: &str, personality: &str) {
        let issuer = self.upstream.issuer(personality);
        let fields = format!(
            "issuer = \"{issuer}\"\n[api]\nhosts = [\"{}\"]\nresources = [\"{}\"]",
            self.upstream.base_url(),
            self.resource(personality)
        );
        self.provider(id, "generic-oidc", &fields).await;
    }

    /// A provider from a template, with the operator's own fields.
    pub async fn provider(&self, id: &str, from: &str, fields: &str) {
        self.provider_with_hosts(id, from, fields, &[]).await;
    }

    /// The same where further hosts count as internal.
    pub async fn provider_with_hosts(&self, id: &str, from: &str, fields: &str, hosts: &[&str]) {
        let definition = self.provider_definition(id, from, fields, hosts).await;
        self.instance
            .identity_provider
            .apply_provider(definition)
            .await
            .expect("the provider is stored");
    }

    /// The same, not applied yet.
    pub async fn provider_definition(
        &self,
        id: &str,
        from: &str,
        fields: &str,
        hosts: &[&str],
    ) -> ProviderDefinition {
        let mut internal_hosts = self.internal_hosts();
        internal_hosts.extend(
            hosts
                .iter()
                .map(|host| host.trim_start_matches("http://").to_owned()),
        );
        let overrides = EntryOverrides {
            fields: fields.parse().expect("fields are TOML"),
            internal_hosts,
            ..EntryOverrides::default()
        };
        let entry = template(from).expect("a shipped template").resolve(overrides);
        let entry = entry.unwrap_or_else(|error| panic!("the entry resolves: {error}"));
        let entry = match entry.discovery_url() {
            Some(_) => self
                .instance
                .identity_provider
                .discover(&entry)
                .await
                .expect("discovery answers"),
            None => entry,
        };
        ProviderDefinition {
            id: id.parse().expect("a provider id"),
            entry,
            client_id: DEFAULT_CLIENT_ID.to_owned(),
            client_secret: Some(Secret::from(DEFAULT_CLIENT_SECRET)),
            managed_by: ManagedBy::Config,
        }
    }

    /// The resource URI of a personality's protected API.
    pub fn resource(&self, personality: &str) -> String {
        format!("{}/{personality}/api", self.upstream.base_url())
    }

    /// Registers or changes a client.
    pub async fn client(&mut self, setup: ClientSetup) {
        for secret in &setup.definition.secrets {
            self.secrets.push((
                format!("the secret of {}", setup.definition.id),
                secret.expose().clone(),
            ));
        }
        let applied = self
            .instance
            .authorization_server
            .apply_client(setup.definition, &Origin::background())
            .await;
        applied.unwrap_or_else(|error| panic!("the client is stored: {error}"));
    }

    /// Creates a user with [`PASSWORD`].
    pub async fn user(&self, username: &str) {
        self.reset_password(username, PASSWORD).await;
    }

    /// Sets a user's password, as the configuration would.
    pub async fn reset_password(&self, username: &str, password: &str) {
        let definition = UserDefinition {
            username: username.to_owned(),
            password: Some(Secret::from(password)),
            password_hash: None,
            managed_by: ManagedBy::Config,
        };
        let applied = self.instance.sign_in.apply_user(definition).await;
        applied.expect("the user is stored");
    }

    /// Also looks for this secret at the end.
    pub fn secret(&self, name: &str, value: &str) {
        self.further_secrets
            .lock()
            .expect("no test panics here")
            .push((name.to_owned(), value.to_owned()));
    }

    /// Moves both clocks.
    pub fn advance(&self, duration: Duration) {
        self.clock.advance(duration);
        self.upstream
            .state()
            .advance(i64::try_from(duration.as_secs()).expect("a short time"));
    }

    /// The agent.
    pub fn agent(&self) -> Agent {
        Agent::basic(&self.base, AGENT_ID, AGENT_SECRET)
    }

    /// A browser in which this user has signed in.
    pub async fn signed_in(&self, username: &str) -> Browser {
        let mut browser = Browser::default();
        self.sign_in(&mut browser, username).await;
        browser
    }

    /// Signs in.
    pub async fn sign_in(&self, browser: &mut Browser, username: &str) -> Page {
        let page = browser.open(&format!("{}/login", self.base)).await;
        let fields = [("username", username), ("password", PASSWORD)];
        let done = browser.submit(&page, Some("sign-in"), &fields).await;
        assert_eq!(done.reply.status, 303, "signing in: {}", done.reply.text());
        let host = self.base.trim_start_matches("http://");
        if let Some(cookie) = browser.cookies(host).get("__Host-vouchsafe-session") {
            self.secret("a session cookie", cookie);
        }
        done
    }

    /// A subject token for a client in this browser's name, by the authorization code grant.
    pub async fn subject_token(&self, browser: &mut Browser, client_id: &str, agent: &Agent) -> String {
        let code = self.code(browser, client_id).await;
        self.redeem(agent, &code).await
    }

    /// Redeems a code.
    pub async fn redeem(&self, agent: &Agent, code: &str) -> String {
        let pkce = Pkce::default();
        let parameters = [
            ("grant_type", "authorization_code"),
            ("code", code),
            ("redirect_uri", REDIRECT_URI),
            ("code_verifier", &pkce.verifier),
        ];
        let token = agent.request(&parameters).await.token().to_owned();
        self.secret("a subject token", &token);
        token
    }

    /// The address that begins an authorization.
    pub fn authorize_url(&self, client_id: &str) -> String {
        let query = url::form_urlencoded::Serializer::new(String::new())
            .append_pair("response_type", "code")
            .append_pair("client_id", client_id)
            .append_pair("redirect_uri", REDIRECT_URI)
            .append_pair("scope", "exchange")
            .append_pair("state", "a state of the client's own")
            .append_pair("code_challenge", &Pkce::default().challenge)
            .append_pair("code_challenge_method", "S256")
            .finish();
        format!("{}/oauth/authorize?{query}", self.base)
    }

    /// An authorization code, with the person's consent.
    pub async fn code(&self, browser: &mut Browser, client_id: &str) -> String {
        let page = browser.visit(&self.authorize_url(client_id)).await;
        let done = match page.redirect() {
            Some(_) => page,
            None => {
                browser
                    .submit(&page, Some("consent"), &[("decision", "approve")])
                    .await
            }
        };
        let code = done
            .redirect_parameter("code")
            .unwrap_or_else(|| panic!("no code: {:?} {}", done.redirect(), done.reply.text()));
        self.secret("a code of ours", &code);
        code
    }

    /// The person opens the link of an `interaction_required` answer and approves, all the way through the provider.
    pub async fn approve(&self, browser: &mut Browser, interaction_uri: &str) -> Page {
        let page = browser.open(interaction_uri).await;
        let left = browser
            .submit(&page, Some("interaction"), &[("decision", "approve")])
            .await;
        assert_eq!(left.reply.status, 303, "approving: {}", left.reply.text());
        browser.follow(left).await
    }

    /// Everything up to the first upstream token: sign in, consent, ask, approve, exchange.
    pub async fn connected(&self, username: &str) -> Connected {
        let mut browser = self.signed_in(username).await;
        let agent = self.agent();
        let subject_token = self.subject_token(&mut browser, AGENT_ID, &agent).await;
        self.upstream.state().next_account("oidc", username);
        let asked = agent.exchange(&subject_token, PROVIDER, &[]).await;
        assert_eq!(asked.error(), "interaction_required");
        let page = self.approve(&mut browser, asked.member("interaction_uri")).await;
        assert_eq!(page.reply.status, 200, "connecting: {}", page.reply.text());
        Connected {
            browser,
            agent,
            subject_token,
        }
    }

    /// Calls the admin API.
    pub async fn admin(&self, method: &str, path: &str) -> crate::http::Reply {
        let bearer = format!("Bearer {}", self.admin_key);
        let url = format!("{}/admin/v1/{path}", self.base);
        crate::http::Http::default()
            .send(method, &url, &[("authorization", &bearer)], None)
            .await
    }

    /// Runs SQL past the server, as somebody with write access to the database would. What the server remembers is
    /// forgotten, as it is a minute later.
    pub fn sql(&self, sql: &str) {
        raw_sql::execute(&self.location, sql);
        self.instance.authorization_server.forget();
    }

    /// The column `text` of every row of a query.
    pub fn texts(&self, sql: &str) -> Vec<String> {
        raw_sql::texts(&self.location, sql)
    }

    /// What was logged since this server started, by any test that runs beside this one.
    pub fn logs(&self) -> String {
        String::from_utf8_lossy(&logs::since(self.logs_from)).into_owned()
    }

    /// Everything that does not hold about record and state.
    pub async fn findings(&self) -> Vec<String> {
        let vault = self.instance.vault.clone();
        let now = self.clock.now();
        let store = self.instance.store.clone();
        let look = tokio::task::spawn_blocking(move || {
            let verifier = Verifier::new(vault.instance().clone(), vault.head_keys(), Vec::new());
            state::look(&store, verifier, Some(&vault), now)
        });
        let look = look.await.expect("nothing panics");
        let look = look.expect("the record and the rows can be read");
        let (report, rows) = (look.report.findings, look.rows.unwrap_or_default());
        report.iter().chain(&rows).map(ToString::to_string).collect()
    }

    /// The bodies of all records of an event, oldest first.
    pub async fn records(&self, event: &str) -> Vec<serde_json::Value> {
        let rows = self
            .instance
            .store
            .read(|tx| records::range(tx, 1, 100_000))
            .await
            .expect("the record is there");
        rows.iter()
            .filter(|row| row.event == event)
            .map(|row| serde_json::from_slice(&row.body).expect("a body is JSON"))
            .collect()
    }

    /// The text of the key file.
    pub(crate) fn key_file(&self) -> &str {
        &self.secrets[0].1
    }

    /// The checks that end every test.
    pub async fn finish(self) {
        assert_eq!(
            self.findings().await,
            Vec::<String>::new(),
            "the record does not verify"
        );
        self.finish_tampered().await;
    }

    /// The same without the record, for tests that damage it.
    pub async fn finish_tampered(mut self) {
        self.secrets
            .append(self.further_secrets.get_mut().expect("no test panics here"));
        self.shutdown.send_replace(true);
        self.server
            .await
            .expect("the server ends")
            .expect("the server drains");
        self.background.finish().await;
        let issued = self.upstream.state().issued_secrets();
        let mut secrets: Vec<(&str, &str)> = self
            .secrets
            .iter()
            .map(|(n, v)| (n.as_str(), v.as_str()))
            .collect();
        let kinds: Vec<String> = issued
            .iter()
            .map(|secret| format!("{:?} of {}", secret.kind, secret.personality))
            .collect();
        secrets.extend(
            kinds
                .iter()
                .zip(&issued)
                .map(|(kind, secret)| (kind.as_str(), secret.value.as_str())),
        );
        let needles = Needles::of(secrets);
        let mut found = needles.found_in("the logs", &logs::since(self.logs_from));
        found.extend(needles.found_in("the database", &raw_sql::dump(&self.location)));
        assert_eq!(found, Vec::<String>::new(), "secrets leaked");
    }
}

/// A user with a connection that the agent may use.
pub struct Connected {
    /// The user's browser.
    pub browser: Browser,
    /// The agent.
    pub agent: Agent,
    /// A subject token in the user's name.
    pub subject_token: String,
}

fn scope(text: &str) -> Scope {
    Scope::parse(text).expect("a scope")
}

fn bound(text: &str) -> ScopeBound {
    if text == "*" {
        ScopeBound::Everything
    } else {
        ScopeBound::Scopes(scope(text))
    }
}

impl TestApp {
    pub(crate) fn internal_hosts(&self) -> Vec<String> {
        vec![self.upstream.base_url().trim_start_matches("http://").to_owned()]
    }
}

impl TestApp {
    /// Where the rows are.
    pub fn location(&self) -> Location {
        self.location.clone()
    }
}

impl TestApp {
    /// What an upstream token can really do, by the provider's own word; `offline_access` is no power of a token.
    pub fn power(&self, token: &str) -> String {
        let mut scopes = self
            .upstream
            .state()
            .token_can(token)
            .expect("a token of the provider");
        scopes.retain(|scope| scope != "offline_access");
        scopes.sort_unstable();
        scopes.join(" ")
    }
}
