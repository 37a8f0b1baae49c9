//! The program in a folder of its own, and a server of it beside a pretended provider.

use std::fs;
use std::net::{Ipv4Addr, TcpListener};
use std::os::unix::fs::PermissionsExt as _;
use std::path::PathBuf;
use std::process::{Child, Command, ExitStatus, Output, Stdio};
use std::time::Duration;

use tempfile::TempDir;
use url::Url;
use vouchsafe::demo::{Exchanged, Journey, Parties, SubjectToken, configuration};
use vouchsafe_fake_upstream::{FakeUpstream, Options};
use vouchsafe_store::{Location, ThrowawayPostgres, raw_sql};

pub(crate) struct Program {
    folder: TempDir,
}

pub(crate) struct Ran {
    pub(crate) status: ExitStatus,
    output: Output,
}

impl Ran {
    /// Everything it said.
    pub(crate) fn text(&self) -> String {
        let (out, err) = (&self.output.stdout, &self.output.stderr);
        format!("{}{}", String::from_utf8_lossy(out), String::from_utf8_lossy(err))
    }
}

impl Program {
    pub(crate) fn new() -> Self {
        Self {
            folder: tempfile::tempdir().unwrap(),
        }
    }

    fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_vouchsafe"));
        command
            .args(arguments)
            .current_dir(self.folder.path())
            .env_remove("VOUCHSAFE_CONFIG")
            .stdin(Stdio::null());
        command
    }

    pub(crate) fn run(&self, arguments: &[&str]) -> Ran {
        let output = self.command(arguments).output().unwrap();
        Ran {
            status: output.status,
            output,
        }
    }

    /// What lies in its folder.
    pub(crate) fn names(&self) -> Vec<String> {
        let entries = fs::read_dir(self.folder.path()).unwrap();
        entries
            .map(|entry| entry.unwrap().file_name().to_string_lossy().into_owned())
            .collect()
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    pub(crate) fn read(&self, name: &str) -> String {
        fs::read_to_string(self.path(name)).unwrap()
    }

    pub(crate) fn write(&self, name: &str, text: &str) {
        fs::write(self.path(name), text).unwrap();
        // As `vouchsafe init` makes them: a key file that others may read is refused.
        fs::set_permissions(self.path(name), fs::Permissions::from_mode(0o600)).unwrap();
    }

    /// The database with what SQLite keeps beside it.
    pub(crate) fn database(&self) -> Files {
        let names = ["vouchsafe.db", "vouchsafe.db-wal", "vouchsafe.db-shm"];
        names
            .map(|name| (name.to_owned(), fs::read(self.path(name)).ok()))
            .into()
    }

    /// Puts an older database in the place of today's.
    pub(crate) fn restore(&self, database: Files) {
        for (name, content) in database {
            drop(fs::remove_file(self.path(&name)));
            if let Some(content) = content {
                fs::write(self.path(&name), content).unwrap();
            }
        }
    }

    pub(crate) fn remove(&self, name: &str) {
        fs::remove_file(self.path(name)).unwrap();
    }

    pub(crate) fn mode(&self, name: &str) -> u32 {
        fs::metadata(self.path(name)).unwrap().permissions().mode() & 0o777
    }
}

/// Names, and what is in them, where they are there.
pub(crate) type Files = Vec<(String, Option<Vec<u8>>)>;

pub(crate) struct Server {
    pub(crate) program: Program,
    pub(crate) upstream: FakeUpstream,
    /// The database that an older one was put in the place of.
    pub(crate) newer: Option<Files>,
    child: Option<Child>,
    location: Location,
    issuer: String,
    admin_key: String,
}

/// As in the configuration of the demo.
const SECRET: &str = "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef";
/// Seconds; long enough for a restart within the half of it in which a token counts as warm.
pub(crate) const SHORT_LIFE: u64 = 12;

impl Server {
    /// On the embedded database.
    pub(crate) async fn start() -> Self {
        let program = Program::new();
        let location = Location::Sqlite(program.path("vouchsafe.db"));
        Self::start_on(program, location, "").await
    }

    /// On a PostgreSQL of its own; `None` when none is installed, which is said loudly.
    pub(crate) async fn start_on_postgresql() -> Option<Self> {
        let database = ThrowawayPostgres::shared()?.database();
        let section = format!("[database]\nurl = \"{}\"\n", database.expose());
        Some(Self::start_on(Program::new(), Location::Postgres(database), &section).await)
    }

    async fn start_on(program: Program, location: Location, section: &str) -> Self {
        let upstream = FakeUpstream::start(Options::default()).unwrap();
        upstream.set_access_ttl("oidc", 600);
        let issuer = format!("http://127.0.0.1:{}", free_port());
        program.write(
            "vouchsafe.toml",
            &(configuration(&issuer, upstream.base_url(), SECRET) + section),
        );
        let created = program.run(&[
            "admin-key",
            "create",
            "--name",
            "test",
            "--scope",
            "read",
            "--scope",
            "revoke",
        ]);
        assert!(created.status.success(), "{}", created.text());
        let admin_key = created.text().trim().to_owned();
        let mut server = Self {
            program,
            upstream,
            newer: None,
            child: None,
            location,
            issuer,
            admin_key,
        };
        server.restart().await;
        server
    }

    pub(crate) fn parties(&self) -> Parties {
        Parties {
            issuer: Url::parse(&self.issuer).unwrap(),
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

    pub(crate) async fn restart(&mut self) {
        let child = self
            .program
            .command(&["serve"])
            .stdout(Stdio::null())
            .spawn()
            .unwrap();
        self.child = Some(child);
        for _ in 0..600 {
            if let Ok(answer) = reqwest::get(format!("{}/healthz", self.issuer)).await
                && answer.status().is_success()
            {
                return;
            }
            let ended = self.child.as_mut().unwrap().try_wait().unwrap();
            assert!(ended.is_none(), "the server ended by itself: {ended:?}");
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        panic!("the server does not answer");
    }

    /// Where it listens.
    pub(crate) fn issuer(&self) -> &str {
        &self.issuer
    }

    /// Waits until it serves.
    pub(crate) async fn is_ready(&self) {
        self.readiness(200).await;
    }

    /// Waits until it serves no longer.
    pub(crate) async fn is_sealed(&self) {
        self.readiness(503).await;
    }

    async fn readiness(&self, status: u16) {
        for _ in 0..400 {
            if let Ok(answer) = reqwest::get(format!("{}/readyz", self.issuer)).await
                && answer.status() == status
            {
                return;
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        panic!("/readyz does not come to answer {status}");
    }

    /// `kill -9`.
    pub(crate) fn kill(&mut self) {
        let mut child = self.child.take().unwrap();
        child.kill().unwrap();
        child.wait().unwrap();
    }

    /// `kill -9`, and up again.
    pub(crate) async fn kill_and_restart(&mut self) {
        self.kill();
        self.restart().await;
    }

    /// As an abort of its own would end it: by SIGABRT, which writes a core where it may.
    pub(crate) fn abort(&mut self) -> ExitStatus {
        let mut child = self.child.take().unwrap();
        let pid = rustix::process::Pid::from_child(&child);
        rustix::process::kill_process(pid, rustix::process::Signal::ABORT).unwrap();
        child.wait().unwrap()
    }

    pub(crate) fn process_id(&self) -> u32 {
        self.child.as_ref().unwrap().id()
    }

    /// Runs SQL past the server, as somebody with write access to the database would.
    pub(crate) fn sql(&self, sql: &str) {
        raw_sql::execute(&self.location, sql);
    }

    /// The column `text` of every row of a query.
    pub(crate) fn texts(&self, sql: &str) -> Vec<String> {
        raw_sql::texts(&self.location, sql)
    }

    /// The record that the checkpoint file names.
    pub(crate) fn checkpoint(&self) -> i64 {
        let note = self.program.read("vouchsafe.checkpoint");
        note.lines().nth(1).unwrap().parse().unwrap()
    }

    /// Waits until the checkpoint file names the last record, and says which that is.
    pub(crate) async fn checkpointed(&self) -> i64 {
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
    pub(crate) async fn leases_are(&self, expected: usize) {
        let held = "SELECT id AS text FROM upstream_grants WHERE lease_until IS NOT NULL";
        for _ in 0..200 {
            if self.texts(held).len() == expected {
                return;
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        panic!("there are not {expected} leases");
    }

    /// SIGTERM, and wait.
    pub(crate) async fn stop(&mut self) -> ExitStatus {
        let mut child = self.child.take().unwrap();
        let pid = rustix::process::Pid::from_child(&child);
        rustix::process::kill_process(pid, rustix::process::Signal::TERM).unwrap();
        tokio::task::spawn_blocking(move || child.wait().unwrap())
            .await
            .unwrap()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        if let Some(mut child) = self.child.take() {
            child.kill().ok();
            child.wait().ok();
        }
    }
}

/// Waits until tokens of [`SHORT_LIFE`] are dead, at the provider and here.
pub(crate) async fn short_tokens_expire() {
    tokio::time::sleep(Duration::from_secs(SHORT_LIFE + 1)).await;
}

/// Everything up to the connected account.
pub(crate) async fn connected(journey: &mut Journey) -> SubjectToken {
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
    subject
}

fn free_port() -> u16 {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    listener.local_addr().unwrap().port()
}
