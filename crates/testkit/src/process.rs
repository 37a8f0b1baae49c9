//! `vouchsafe serve` as a process, which may be killed and stopped.

use std::fs::OpenOptions;
use std::process::{Child, ExitStatus, Stdio};
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process};

use crate::http::Http;
use crate::program::Program;

/// A server that runs. Dropped, it is killed.
pub struct Process {
    /// Where it listens.
    pub base: String,
    child: Child,
}

impl Process {
    /// Starts it with this configuration file of the program's folder, and waits until it answers. What it logs is added
    /// to `<config>.log` there.
    pub async fn start(program: &Program, config: &str, base: &str) -> Self {
        let name = format!("{config}.log");
        let log = OpenOptions::new()
            .create(true)
            .append(true)
            .open(program.path(&name));
        let mut command = program.command(&["serve", "--config", config]);
        let child = command
            .stdout(Stdio::null())
            .stderr(log.expect("a log file can be made"))
            .spawn();
        let mut process = Self {
            base: base.to_owned(),
            child: child.expect("the program starts"),
        };
        let (http, health) = (Http::default(), format!("{base}/healthz"));
        for _ in 0..3_000 {
            let asked = http.try_send("GET", &health, &[], None);
            if asked.await.is_ok_and(|reply| reply.status == 200) {
                return process;
            }
            let ended = process.child.try_wait().expect("a child can be asked");
            assert!(
                ended.is_none(),
                "the server ended by itself: {}",
                program.read(&name)
            );
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        panic!("the server does not answer: {}", program.read(&name));
    }

    /// Its process id.
    pub fn id(&self) -> u32 {
        self.child.id()
    }

    /// Sends it a signal.
    pub fn signal(&self, signal: Signal) {
        kill_process(Pid::from_child(&self.child), signal).expect("the process is there");
    }

    /// Sends it a signal that ends it, and waits.
    pub fn end_by(mut self, signal: Signal) -> ExitStatus {
        self.signal(signal);
        self.child.wait().expect("a child can be waited for")
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        // Neither does anything to a process that has ended already.
        drop(self.child.kill());
        drop(self.child.wait());
    }
}
