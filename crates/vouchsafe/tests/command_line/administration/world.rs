//! A server in a folder, with a pretended provider, where a user has connected an account.

use serde_json::Value;
use url::Url;
use vouchsafe::demo::{Exchanged, Journey, Parties, configuration};
use vouchsafe_fake_upstream::{DEFAULT_CLIENT_SECRET, FakeUpstream, Options};
use vouchsafe_store::ThrowawayPostgres;

use crate::folder::{Folder, Ran, Running, free_port};

pub(super) struct World {
    pub(super) folder: Folder,
    pub(super) upstream: FakeUpstream,
    pub(super) issuer: String,
    /// With every scope.
    pub(super) key: String,
    server: Option<Running>,
}

impl World {
    /// On the embedded database. Nothing runs yet but the provider.
    pub(super) fn new() -> Self {
        Self::on(Folder::empty())
    }

    /// On a PostgreSQL of its own; `None` when none is installed, which is said loudly.
    pub(super) fn on_postgresql() -> Option<Self> {
        let database = ThrowawayPostgres::shared()?.database();
        Some(Self::on(
            Folder::empty().with("VOUCHSAFE__DATABASE__URL", database.expose()),
        ))
    }

    fn on(folder: Folder) -> Self {
        let upstream = FakeUpstream::start(Options::default()).unwrap();
        upstream.set_access_ttl("oidc", 600);
        let issuer = format!("http://127.0.0.1:{}", free_port());
        folder.write(
            "vouchsafe.toml",
            configuration(&issuer, upstream.base_url(), CLIENT_SECRET),
        );
        let mut world = Self {
            folder,
            upstream,
            issuer,
            key: String::new(),
            server: None,
        };
        world.key = world.key_with(&["read", "revoke", "manage", "trust"]);
        world
    }

    /// With a setting of the environment.
    pub(super) fn with(mut self, name: &str, value: &str) -> Self {
        self.folder = self.folder.with(name, value);
        self
    }

    pub(super) async fn start(&mut self) {
        let mut server = self.folder.start(&["serve"]);
        server.answers(&format!("{}/healthz", self.issuer)).await;
        self.server = Some(server);
    }

    pub(super) fn stop(&mut self) -> Ran {
        let ran = self.server.take().unwrap().stop();
        assert!(ran.status.success(), "{}", ran.err);
        ran
    }

    pub(super) fn kill(&mut self) {
        self.server.take().unwrap().kill();
    }

    /// Ada has connected an account, and the agent has leave to use it.
    pub(super) async fn connected(&self) -> Journey {
        let mut journey = Journey::begin(self.parties()).await.unwrap();
        let login = journey.arrive().await.unwrap();
        let consent = journey.sign_in(&login).await.unwrap();
        let code = journey.allow(&consent).await.unwrap();
        let subject = journey.redeem(&code).await.unwrap();
        let Exchanged::Ask { interaction_uri, .. } = journey.exchange(&subject).await.unwrap() else {
            panic!("nobody has agreed yet");
        };
        let interaction = journey.open_link(&interaction_uri).await.unwrap();
        let departure = journey.approve(&interaction).await.unwrap();
        let consent = journey.visit_provider(&departure).await.unwrap();
        let callback = journey.agree(&consent).await.unwrap();
        journey.come_back(&callback).await.unwrap();
        journey
    }

    fn parties(&self) -> Parties {
        Parties {
            issuer: Url::parse(&self.issuer).unwrap(),
            client_id: "briefing-agent".to_owned(),
            client_secret: CLIENT_SECRET.to_owned(),
            redirect_uri: "http://127.0.0.1:9877/callback".to_owned(),
            username: "ada".to_owned(),
            password: PASSWORD.to_owned(),
            audience: "demo-idp".to_owned(),
            scope: "calendar.read".to_owned(),
            admin_key: self.key.clone(),
            api: format!("{}/api/resource", self.upstream.issuer("oidc")),
        }
    }

    /// Runs a command that succeeds, and says what it printed.
    #[track_caller]
    pub(super) fn ok(&self, arguments: &[&str]) -> String {
        let ran = self.folder.run(arguments);
        assert!(ran.status.success(), "{arguments:?}: {}{}", ran.out, ran.err);
        ran.out
    }

    /// The body of the answer.
    #[track_caller]
    pub(super) fn json(&self, arguments: &[&str]) -> Value {
        let arguments = [arguments, &["--json"]].concat();
        serde_json::from_str(&self.ok(&arguments)).unwrap()
    }

    #[track_caller]
    pub(super) fn key_with(&self, scopes: &[&str]) -> String {
        let mut arguments = vec!["admin-key", "create", "--name", "test"];
        arguments.extend(scopes.iter().flat_map(|scope| ["--scope", scope]));
        let out = self.ok(&arguments);
        let key = out.strip_suffix('\n').unwrap();
        assert!(
            key.starts_with("adm_") && !key.contains(char::is_whitespace),
            "{out}"
        );
        key.to_owned()
    }

    /// What the admin API says over HTTP, with the key.
    pub(super) async fn http(&self, path: &str) -> Value {
        let client = reqwest::Client::builder().no_proxy().build().unwrap();
        let call = client.get(format!("{}/admin/v1{path}", self.issuer));
        let answer = call
            .header("authorization", format!("Bearer {}", self.key))
            .send();
        serde_json::from_str(&answer.await.unwrap().text().await.unwrap()).unwrap()
    }

    /// What nobody may be shown, ever.
    pub(super) fn secrets(&self) -> Vec<String> {
        let known = [CLIENT_SECRET, DEFAULT_CLIENT_SECRET, PASSWORD, &self.key];
        known.map(str::to_owned).into()
    }
}

pub(super) const CLIENT_SECRET: &str = "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef";
pub(super) const PASSWORD: &str = "correct horse battery staple";
