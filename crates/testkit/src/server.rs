//! The program serving, beside a pretended provider that outlives it.

use std::net::{Ipv4Addr, TcpListener};
use std::process::ExitStatus;
use std::time::Duration;

use rustix::process::Signal;
use url::Url;
use vouchsafe::demo::{Parties, configuration};
use vouchsafe_fake_upstream::{FakeUpstream, Options};
use vouchsafe_store::{Location, ThrowawayPostgres, raw_sql};

use crate::http::Http;
use crate::process::Process;
use crate::program::{Files, Program};

/// A server that may be ended in every way and started again, with the configuration of the demo.
pub struct Server {
    /// Its folder, and its other commands.
    pub program: Program,
    /// The provider.
    pub upstream: FakeUpstream,
    /// An admin key with every scope.
    pub admin_key: String,
    /// The database that an older one was put in the place of.
    pub newer: Option<Files>,
    issuer: String,
    location: Location,
    process: Option<Process>,
}

/// As in the configuration of the demo.
const SECRET: &str = "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef";
/// The server's own configuration file.
const CONFIG: &str = "vouchsafe.toml";

impl Server {
    /// On the embedded database.
    pub async fn start(executable: &str) -> Self {
        let program = Program::new(executable);
        let location = Location::Sqlite(program.path("vouchsafe.db"));
        Self::start_on(program, location, "").await
    }

    /// On a PostgreSQL of its own; `None` when none is installed, which is said loudly.
    pub async fn start_on_postgresql(executable: &str) -> Option<Self> {
        let database = ThrowawayPostgres::shared()?.database();
        let section = format!("[database]\nurl = \"{}{NAMED}first\"\n", database.expose());
        let program = Program::new(executable);
        Some(Self::start_on(program, Location::Postgres(database), &section).await)
    }

    async fn start_on(program: Program, location: Location, section: &str) -> Self {
        let upstream = FakeUpstream::start(Options::default()).expect("the provider starts");
        upstream.set_access_ttl("oidc", 600);
        let issuer = free_address();
        let config = configuration(&issuer, upstream.base_url(), SECRET) + section;
        program.write(CONFIG, &config);
        let scopes = ["read", "revoke", "manage", "trust"].map(|scope| ["--scope", scope]);
        let create = [&["admin-key", "create", "--name", "test"], scopes.as_flattened()].concat();
        let created = program.run(&create);
        assert!(created.status.success(), "{}", created.text());
        let mut server = Self {
            admin_key: created.text().trim().to_owned(),
            newer: None,
            program,
            upstream,
            issuer,
            location,
            process: None,
        };
        server.restart().await;
        server
    }

    /// Everybody of the demo.
    pub fn parties(&self) -> Parties {
        Parties {
            issuer: Url::parse(&self.issuer).expect("an address"),
            client_id: "briefing-agent".to_owned(),
            client_secret: SECRET.to_owned(),
            redirect_uri: "http://127.0.0.1:9877/callback".to_owned(),
            username: "ada".to_owned(),
            password: "correct horse battery staple".to_owned(),
            audience: "demo-idp".to_owned(),
            scope: "calendar.read".to_owned(),
            admin_key: self.admin_key.clone(),
            api: format!("{}/api/resource", self.upstream.issuer("oidc")),
        }
    }

    /// Starts what was ended.
    pub async fn restart(&mut self) {
        self.process = Some(Process::start(&self.program, CONFIG, &self.issuer).await);
    }

    /// A second server of the same PostgreSQL, with an address and a checkpoint file of its own. Its sessions are named
    /// `second`, those of this one `first`.
    pub async fn another(&self) -> Process {
        let base = free_address();
        let listen = |base: &str| format!("listen = \"{}\"", base.trim_start_matches("http://"));
        let config = self
            .program
            .read(CONFIG)
            .replace(&listen(&self.issuer), &listen(&base))
            .replace(&format!("{NAMED}first"), &format!("{NAMED}second"));
        let audit = "[audit]\ncheckpoint_file = \"second.checkpoint\"\n";
        self.program.write("second.toml", &(config + audit));
        Process::start(&self.program, "second.toml", &base).await
    }

    /// Where it listens.
    pub fn issuer(&self) -> &str {
        &self.issuer
    }

    /// Waits until it serves.
    pub async fn is_ready(&self) {
        self.readiness(200).await;
    }

    /// Waits until it serves no longer.
    pub async fn is_sealed(&self) {
        self.readiness(503).await;
    }

    async fn readiness(&self, status: u16) {
        let (http, url) = (Http::default(), format!("{}/readyz", self.issuer));
        for _ in 0..400 {
            let asked = http.try_send("GET", &url, &[], None).await;
            if asked.is_ok_and(|reply| reply.status == status) {
                return;
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        panic!("/readyz does not come to answer {status}");
    }

    /// The process, while it runs.
    pub fn process(&self) -> &Process {
        self.process.as_ref().expect("the server runs")
    }

    fn take_process(&mut self) -> Process {
        self.process.take().expect("the server runs")
    }

    /// `kill -9`.
    pub fn kill(&mut self) {
        self.take_process().end_by(Signal::KILL);
    }

    /// `kill -9`, and up again.
    pub async fn kill_and_restart(&mut self) {
        self.kill();
        self.restart().await;
    }

    /// As an abort of its own would end it: by SIGABRT, which writes a core where it may.
    pub fn abort(&mut self) -> ExitStatus {
        self.take_process().end_by(Signal::ABORT)
    }

    /// SIGTERM, and wait.
    pub async fn stop(&mut self) -> ExitStatus {
        let process = self.take_process();
        let ended = tokio::task::spawn_blocking(|| process.end_by(Signal::TERM)).await;
        ended.expect("waiting does not panic")
    }

    /// Where the rows are.
    pub const fn location(&self) -> &Location {
        &self.location
    }

    /// Runs SQL past the server, as somebody with write access to the database would.
    pub fn sql(&self, sql: &str) {
        raw_sql::execute(&self.location, sql);
    }

    /// The column `text` of every row of a query.
    pub fn texts(&self, sql: &str) -> Vec<String> {
        raw_sql::texts(&self.location, sql)
    }

    /// The record that the checkpoint file names.
    pub fn checkpoint(&self) -> i64 {
        let note = self.program.read("vouchsafe.checkpoint");
        let size = note.lines().nth(1).and_then(|size| size.parse().ok());
        size.expect("a checkpoint names a record")
    }

    /// Waits until the checkpoint file names the last record, and says which that is.
    pub async fn checkpointed(&self) -> i64 {
        for _ in 0..100 {
            let last = self.texts("SELECT CAST(max(seq) AS TEXT) AS text FROM records");
            if last == [self.checkpoint().to_string()] {
                return self.checkpoint();
            }
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
        panic!("the checkpoint file does not follow the record");
    }

    /// Waits until so many grants are being refreshed, as far as their rows say.
    pub async fn leases_are(&self, expected: usize) {
        let held = "SELECT id AS text FROM upstream_grants WHERE lease_until IS NOT NULL";
        for _ in 0..200 {
            if self.texts(held).len() == expected {
                return;
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        panic!("there are not {expected} leases");
    }
}

/// What gives the sessions of a server a name in PostgreSQL.
const NAMED: &str = "&application_name=";

fn free_address() -> String {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a free port");
    format!("http://{}", listener.local_addr().expect("a bound port"))
}
