//! A second server of the same database, with a memory of its own.

use std::net::TcpListener;
use std::sync::Arc;

use tokio::sync::watch;
use tokio::task::JoinHandle;
use vouchsafe::wiring::{Background, Instance, Settings};
use vouchsafe_identity_provider::EgressOptions;
use vouchsafe_model::Secret;
use vouchsafe_vault::FileKeyProvider;

use crate::agent::Agent;
use crate::app::{AGENT_ID, AGENT_SECRET, TestApp};

/// Another replica. End it before the test ends.
pub struct Replica {
    /// Where it listens.
    pub base: String,
    /// What it is made of.
    pub instance: Instance,
    shutdown: watch::Sender<bool>,
    server: JoinHandle<std::io::Result<()>>,
    background: Background,
}

impl Replica {
    /// Of this server: same database, issuer, key and clock. For PostgreSQL: SQLite has one process.
    pub async fn of(app: &TestApp) -> Self {
        Self::with(app, |_| {}).await
    }

    /// The same with other settings.
    pub async fn with(app: &TestApp, change: impl FnOnce(&mut Settings)) -> Self {
        let keys = FileKeyProvider::from_file_text(&Secret::from(app.key_file()));
        let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
        let base = format!("http://{}", listener.local_addr().expect("a bound port"));
        let mut settings = Settings::new(
            &app.base,
            app.location(),
            Box::new(keys.expect("a generated key file is good")),
            tokio::runtime::Handle::current(),
        );
        settings.clock = Arc::new(app.clock.clone());
        settings.egress = EgressOptions {
            internal_hosts: app.internal_hosts(),
            ..EgressOptions::default()
        };
        change(&mut settings);
        let instance = tokio::task::spawn_blocking(|| Instance::open(settings))
            .await
            .expect("opening does not panic")
            .unwrap_or_else(|error| panic!("the instance opens: {error:?}"));
        let (shutdown, stopped) = watch::channel(false);
        let background = instance.background(&stopped).await;
        let mut stop = stopped;
        let until = async move {
            let _ = stop.wait_for(|stop| *stop).await;
        };
        let server = tokio::spawn(vouchsafe_server::serve(instance.app(), listener, until));
        Self {
            base,
            instance,
            shutdown,
            server,
            background,
        }
    }

    /// The agent that every test has, here.
    pub fn agent(&self) -> Agent {
        Agent::basic(&self.base, AGENT_ID, AGENT_SECRET)
    }

    /// Ends it.
    pub async fn finish(self) {
        self.shutdown.send_replace(true);
        self.server
            .await
            .expect("the server ends")
            .expect("the server drains");
        self.background.finish().await;
    }
}
