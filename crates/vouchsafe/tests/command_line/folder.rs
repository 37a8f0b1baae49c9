//! A folder for a server, and the program run in it, with an environment of its own.

use std::fs::{self, Permissions};
use std::io::{Read, Write as _};
use std::net::{Ipv4Addr, TcpListener};
use std::os::unix::fs::{PermissionsExt as _, chown};
use std::os::unix::process::CommandExt as _;
use std::path::PathBuf;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use tempfile::TempDir;
use vouchsafe_store::{Location, raw_sql};

pub(crate) struct Folder {
    root: TempDir,
    variables: Vec<(String, String)>,
    as_nobody: bool,
}

pub(crate) struct Ran {
    pub(crate) status: ExitStatus,
    pub(crate) out: String,
    pub(crate) err: String,
}

/// A process that runs until it is stopped.
pub(crate) struct Running {
    child: Child,
    out: JoinHandle<String>,
    err: JoinHandle<String>,
}

impl Folder {
    /// Empty.
    pub(crate) fn empty() -> Self {
        Self {
            root: tempfile::tempdir().unwrap(),
            variables: Vec::new(),
            as_nobody: false,
        }
    }

    /// With everything that `vouchsafe init` makes. It listens on a port that nobody else has.
    pub(crate) fn new() -> Self {
        let folder = Self::empty();
        let made = folder.run(&["init"]);
        assert!(made.status.success(), "{}", made.err);
        folder.with("VOUCHSAFE__LISTEN", "127.0.0.1:0")
    }

    pub(crate) fn with(mut self, name: &str, value: &str) -> Self {
        self.variables.retain(|(known, _)| known != name);
        self.variables.push((name.to_owned(), value.to_owned()));
        self
    }

    /// Issuer and address on a free port.
    pub(crate) fn on_a_free_port(self) -> (Self, String) {
        let port = free_port();
        let issuer = format!("http://127.0.0.1:{port}");
        let folder = self
            .with("VOUCHSAFE__ISSUER", &issuer)
            .with("VOUCHSAFE__LISTEN", &format!("127.0.0.1:{port}"));
        (folder, issuer)
    }

    /// Permissions mean nothing to root: run as somebody to whom they do, who owns everything here.
    pub(crate) fn of_an_ordinary_user(mut self) -> Self {
        if is_root() {
            self.as_nobody = true;
            let entries = fs::read_dir(self.root.path()).unwrap();
            let paths = entries.map(|entry| entry.unwrap().path());
            for path in paths.chain([self.root.path().to_owned()]) {
                chown(path, Some(NOBODY), Some(NOBODY)).unwrap();
            }
        }
        self
    }

    fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_vouchsafe"));
        command
            .args(arguments)
            .current_dir(self.root.path())
            .env_clear()
            .envs(self.variables.iter().map(|(name, value)| (name, value)))
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        if self.as_nobody {
            command.uid(NOBODY).gid(NOBODY);
        }
        command
    }

    pub(crate) fn start(&self, arguments: &[&str]) -> Running {
        let mut child = self.command(arguments).spawn().unwrap();
        Running {
            out: read_all(child.stdout.take().unwrap()),
            err: read_all(child.stderr.take().unwrap()),
            child,
        }
    }

    /// Runs a command that ends by itself.
    pub(crate) fn run(&self, arguments: &[&str]) -> Ran {
        let mut running = self.start(arguments);
        let begun = Instant::now();
        while running.child.try_wait().unwrap().is_none() {
            if begun.elapsed() > PATIENCE {
                running.child.kill().unwrap();
                panic!("{arguments:?} does not end: {}", running.ended().err);
            }
            std::thread::sleep(Duration::from_millis(10));
        }
        running.ended()
    }

    /// The same, with something on its standard input.
    pub(crate) fn run_with(&self, arguments: &[&str], input: &str) -> Ran {
        let mut command = self.command(arguments);
        let mut child = command.stdin(Stdio::piped()).spawn().unwrap();
        let (out, err) = (child.stdout.take().unwrap(), child.stderr.take().unwrap());
        // It may end without reading all of it.
        drop(child.stdin.take().unwrap().write_all(input.as_bytes()));
        Running {
            out: read_all(out),
            err: read_all(err),
            child,
        }
        .ended()
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.root.path().join(name)
    }

    pub(crate) fn read(&self, name: &str) -> String {
        fs::read_to_string(self.path(name)).unwrap()
    }

    pub(crate) fn write(&self, name: &str, text: impl AsRef<[u8]>) {
        fs::write(self.path(name), text).unwrap();
    }

    pub(crate) fn remove(&self, name: &str) {
        fs::remove_file(self.path(name)).unwrap();
    }

    pub(crate) fn set_mode(&self, name: &str, mode: u32) {
        fs::set_permissions(self.path(name), Permissions::from_mode(mode)).unwrap();
    }

    /// Runs SQL past the program.
    pub(crate) fn sql(&self, sql: &str) {
        raw_sql::execute(&Location::Sqlite(self.path("vouchsafe.db")), sql);
    }

    /// Takes the file of another folder.
    pub(crate) fn take(&self, other: &Self, name: &str) {
        fs::copy(other.path(name), self.path(name)).unwrap();
    }
}

impl Running {
    /// SIGTERM, and wait.
    pub(crate) fn stop(self) -> Ran {
        let pid = rustix::process::Pid::from_child(&self.child);
        rustix::process::kill_process(pid, rustix::process::Signal::TERM).unwrap();
        self.ended()
    }

    /// `kill -9`.
    pub(crate) fn kill(mut self) -> Ran {
        self.child.kill().unwrap();
        self.ended()
    }

    /// Waits until `url` answers, or the process ends.
    pub(crate) async fn answers(&mut self, url: &str) {
        self.answers_to(&reqwest::Client::builder().build().unwrap(), url)
            .await;
    }

    /// The same, for a client that trusts its certificate.
    pub(crate) async fn answers_to(&mut self, client: &reqwest::Client, url: &str) {
        let begun = Instant::now();
        while begun.elapsed() < PATIENCE {
            if client
                .get(url)
                .send()
                .await
                .is_ok_and(|answer| answer.status().is_success())
            {
                return;
            }
            assert!(self.child.try_wait().unwrap().is_none(), "it ended by itself");
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        panic!("{url} does not answer");
    }

    /// Waits until it has ended.
    pub(crate) fn ended(mut self) -> Ran {
        let status = self.child.wait().unwrap();
        Ran {
            status,
            out: self.out.join().unwrap(),
            err: self.err.join().unwrap(),
        }
    }
}

impl Ran {
    /// One sentence, as the last line; status 1; nothing that looks like a defect.
    #[track_caller]
    pub(crate) fn refused(&self, folder: &Folder) -> String {
        assert_eq!(self.status.code(), Some(1), "{}{}", self.out, self.err);
        assert!(!self.err.contains("panicked"), "{}", self.err);
        let last = self.err.lines().last().unwrap_or_default();
        let told = self
            .err
            .lines()
            .filter(|line| line.starts_with("vouchsafe: "))
            .count();
        assert_eq!(told, 1, "{}", self.err);
        let sentence = last.strip_prefix("vouchsafe: ").expect("the sentence comes last");
        sentence.replace(folder.root.path().to_str().unwrap(), "FOLDER")
    }
}

/// All that comes, on a thread of its own: a full pipe would stop the process.
fn read_all(mut from: impl Read + Send + 'static) -> JoinHandle<String> {
    std::thread::spawn(move || {
        let mut bytes = Vec::new();
        drop(from.read_to_end(&mut bytes));
        String::from_utf8_lossy(&bytes).into_owned()
    })
}

pub(crate) fn is_root() -> bool {
    rustix::process::geteuid().is_root()
}

pub(crate) fn free_port() -> u16 {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    listener.local_addr().unwrap().port()
}

const NOBODY: u32 = 65_534;
const PATIENCE: Duration = Duration::from_secs(30);
