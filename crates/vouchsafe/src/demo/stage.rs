//! Where the demo plays: a temporary folder, a pretended provider, a configuration, one user, one agent.

use std::net::{Ipv4Addr, TcpListener};
use std::path::Path;

use tempfile::TempDir;
use url::Url;
use vouchsafe_fake_upstream::{DEFAULT_CLIENT_ID, DEFAULT_CLIENT_SECRET, FakeUpstream, Options};
use vouchsafe_model::{AdminScope, Clock as _, Ids, OsEntropy};
use vouchsafe_vault::VerificationKey;

use super::parties::Parties;
use crate::SystemClock;
use crate::cli::{Failure, Output};
use crate::config::{Config, Environment};
use crate::files::{self, Readers};
use crate::wiring::Instance;
use crate::{checkpoint_file, logging, public_keys};

/// The scenery.
pub struct Stage {
    folder: TempDir,
    /// The provider.
    pub upstream: FakeUpstream,
    listener: Option<TcpListener>,
    issuer: String,
    client_secret: String,
}

impl Stage {
    /// Sets it up; nothing serves yet but the provider.
    pub fn set(port: u16) -> Result<Self, Failure> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, port)).map_err(|error| {
            Failure::new(format!(
                "cannot listen on 127.0.0.1:{port} ({}): name another --port",
                files::words(error.kind())
            ))
        })?;
        let issuer = format!("http://{}", listener.local_addr()?);
        let upstream = FakeUpstream::start(Options::default())?;
        let folder = tempfile::Builder::new().prefix("vouchsafe-demo-").tempdir()?;
        let ids = Ids::new(std::sync::Arc::new(SystemClock), std::sync::Arc::new(OsEntropy));
        let client_secret = ids.secret_text().expose().clone();
        let stage = Self {
            folder,
            upstream,
            listener: Some(listener),
            issuer,
            client_secret,
        };
        let text = configuration(&stage.issuer, stage.upstream.base_url(), &stage.client_secret);
        files::create(&stage.config_file(), text.as_bytes(), Readers::Owner)?;
        Ok(stage)
    }

    /// The address, once.
    pub(super) fn listener(&mut self) -> Result<TcpListener, Failure> {
        self.listener
            .take()
            .ok_or_else(|| Failure::new("the demo runs already"))
    }

    /// The configuration, read like any other.
    pub(super) fn config(&self) -> Result<Config, Failure> {
        let config = Config::read(&self.config_file(), &Environment::default())?;
        logging::begin(&config.log);
        Ok(config)
    }

    /// The parties, with a new admin key for the operator.
    pub(super) async fn parties(&self, instance: &Instance) -> Result<Parties, Failure> {
        let scopes = vec![AdminScope::Read, AdminScope::Revoke];
        let (_, admin_key) = instance.sign_in.create_admin_key("demo", scopes, None).await?;
        Ok(Parties {
            issuer: Url::parse(&self.issuer)?,
            client_id: CLIENT_ID.to_owned(),
            client_secret: self.client_secret.clone(),
            redirect_uri: REDIRECT_URI.to_owned(),
            username: USERNAME.to_owned(),
            password: PASSWORD.to_owned(),
            audience: PROVIDER.to_owned(),
            scope: "calendar.read".to_owned(),
            admin_key: admin_key.expose().clone(),
            api: format!("{}/api/resource", self.upstream.issuer(PERSONALITY)),
        })
    }

    /// What the record is verified with: files outside the database.
    pub(super) fn pinned(
        &self,
    ) -> Result<(Vec<VerificationKey>, Option<vouchsafe_audit::Checkpoint>), Failure> {
        let keys = public_keys::read(&self.folder.path().join("vouchsafe.audit-keys"))?;
        let checkpoint = checkpoint_file::read(&self.folder.path().join("vouchsafe.checkpoint"), &keys)?;
        Ok((keys, checkpoint))
    }

    /// Where Vouchsafe is.
    pub(super) fn issuer(&self) -> &str {
        &self.issuer
    }

    /// Where the database and the keys are.
    pub(super) fn folder(&self) -> &Path {
        self.folder.path()
    }

    fn config_file(&self) -> std::path::PathBuf {
        self.folder.path().join("vouchsafe.toml")
    }

    /// For whoever wants to go on by hand.
    pub(super) fn introduce(&self, parties: &Parties, output: &mut Output) {
        output.line(format_args!(
            "\nStill serving, on this machine alone, until Ctrl-C:"
        ));
        output.line(format_args!("  Vouchsafe        {}", self.issuer));
        output.line(format_args!("  connections      {}/connections", self.issuer));
        output.line(format_args!(
            "  provider         {}",
            self.upstream.issuer(PERSONALITY)
        ));
        output.line(format_args!(
            "  user             {} / {}",
            parties.username, parties.password
        ));
        output.line(format_args!(
            "  agent            {} / {}",
            parties.client_id, parties.client_secret
        ));
        output.line(format_args!("  redirect URI     {}", parties.redirect_uri));
        output.line(format_args!("  admin key        {}", parties.admin_key));
        output.line(format_args!(
            "  configuration    {}  (gone when the demo ends)",
            self.config_file().display()
        ));
        output.line(format_args!(
            "  started          {}",
            crate::cli::utc(SystemClock.now().0)
        ));
    }
}

/// The demo's configuration, for a server at `issuer` and a provider at `upstream`.
pub fn configuration(issuer: &str, upstream: &str, client_secret: &str) -> String {
    let listen = issuer.trim_start_matches("http://");
    let upstream_host = upstream.trim_start_matches("http://");
    TEMPLATE
        .replace("{issuer}", issuer)
        .replace("{listen}", listen)
        .replace("{upstream}", upstream)
        .replace("{upstream_host}", upstream_host)
        .replace("{upstream_client_id}", DEFAULT_CLIENT_ID)
        .replace("{upstream_client_secret}", DEFAULT_CLIENT_SECRET)
        .replace("{client_secret}", client_secret)
}

pub(super) const PERSONALITY: &str = "oidc";
pub(super) const PROVIDER: &str = "demo-idp";
const CLIENT_ID: &str = "briefing-agent";
const REDIRECT_URI: &str = "http://127.0.0.1:9877/callback";
const USERNAME: &str = "ada";
const PASSWORD: &str = "correct horse battery staple";
const TEMPLATE: &str = include_str!("vouchsafe.toml");
