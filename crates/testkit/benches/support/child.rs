//! A server in a process of its own, so that what it costs can be told from what asking costs.

use std::io::{BufRead as _, BufReader, Write as _};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::time::Duration;

use serde::{Deserialize, Serialize};

/// What a server says once it is ready.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Ready {
    /// `host:port`.
    pub(crate) address: String,
    /// A subject token that may be presented any number of times.
    pub(crate) subject_token: String,
    /// Subject tokens that nobody has presented yet.
    pub(crate) unpresented: Vec<String>,
    /// Its verification key.
    pub(crate) key: [u8; 32],
}

pub(crate) struct Served {
    pub(crate) ready: Ready,
    child: Child,
    stdin: ChildStdin,
    stdout: BufReader<ChildStdout>,
}

impl Served {
    /// Starts this program again as a server.
    pub(crate) fn start(arguments: &[&str]) -> Option<Self> {
        let program = std::env::current_exe().expect("this program");
        let mut child = Command::new(program)
            .arg("serve")
            .args(arguments)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("this program starts");
        let stdin = child.stdin.take().expect("a pipe");
        let mut stdout = BufReader::new(child.stdout.take().expect("a pipe"));
        let mut line = String::new();
        stdout
            .read_line(&mut line)
            .expect("the server says that it is ready");
        let Ok(ready) = serde_json::from_str(&line) else {
            drop(child.wait());
            return None;
        };
        Some(Self {
            ready,
            child,
            stdin,
            stdout,
        })
    }

    /// The processor time that it has used so far, user and system, in all its threads.
    pub(crate) fn cpu(&mut self) -> Duration {
        Duration::from_nanos(self.ask("cpu"))
    }

    /// Its resident memory, in bytes.
    pub(crate) fn resident(&self) -> u64 {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.child.id())).unwrap_or_default();
        let kib = status.lines().find_map(|line| {
            let (name, value) = line.split_once(':')?;
            (name == "VmRSS").then(|| value.trim().trim_end_matches(" kB").parse::<u64>().ok())?
        });
        kib.unwrap_or(0) * 1024
    }

    /// How many transactions it has written and read so far.
    pub(crate) fn transactions(&mut self) -> u64 {
        self.ask("transactions")
    }

    fn ask(&mut self, what: &str) -> u64 {
        writeln!(self.stdin, "{what}").expect("the server listens");
        let mut line = String::new();
        self.stdout.read_line(&mut line).expect("the server answers");
        line.trim().parse().expect("a number")
    }
}

impl Drop for Served {
    fn drop(&mut self) {
        // Waiting gives it time to clean up; nothing depends on it.
        drop(writeln!(self.stdin, "end"));
        drop(self.child.wait());
    }
}
