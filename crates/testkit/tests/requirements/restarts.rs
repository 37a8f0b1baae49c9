//! What a process that starts makes of what others hold. A server that is really killed is in `crates/vouchsafe/tests`.

use std::net::TcpListener;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::watch;
use tokio::task::JoinHandle;
use vouchsafe::{Background, Instance, Settings, SystemClock};
use vouchsafe_fake_upstream::Endpoint;
use vouchsafe_identity_provider::EgressOptions;
use vouchsafe_model::{Clock as _, Ids, OsEntropy, Secret};
use vouchsafe_testkit::{AGENT_ID, AGENT_SECRET, Agent, Answer, Backend, Connected, PROVIDER, TestApp};
use vouchsafe_vault::FileKeyProvider;

/// The agent and a fresh subject token, after the upstream token has expired: the next exchange refreshes.
async fn with_a_cold_connection(app: &TestApp) -> (Agent, String) {
    let Connected {
        mut browser, agent, ..
    } = app.connected("ada").await;
    app.advance(Duration::from_secs(4_000));
    app.sign_in(&mut browser, "ada").await;
    let subject_token = app.subject_token(&mut browser, AGENT_ID, &agent).await;
    (agent, subject_token)
}

fn exchanging(agent: &Agent, subject_token: &str) -> JoinHandle<Answer> {
    let (agent, subject_token) = (agent.clone(), subject_token.to_owned());
    tokio::spawn(async move { agent.exchange(&subject_token, PROVIDER, &[]).await })
}

/// Who holds leases.
fn holders(app: &TestApp) -> Vec<String> {
    app.texts("SELECT lease_owner AS text FROM upstream_grants WHERE lease_until IS NOT NULL")
}

/// Leaves what a process leaves that was killed while it refreshed.
fn leave_a_lease(app: &TestApp) {
    let until = app.clock.now() + Duration::from_secs(60);
    app.sql(&format!(
        "UPDATE upstream_grants SET lease_owner = '{DEAD}', lease_until = {}",
        until.0
    ));
}

/// How often the provider was asked for tokens.
fn asked(app: &TestApp) -> usize {
    app.upstream.state().journal_of("oidc", Endpoint::Token).len()
}

/// Another process on the same database, with an address of its own.
struct Replica {
    base: String,
    instance: Instance,
    stop: watch::Sender<bool>,
    server: JoinHandle<std::io::Result<()>>,
    background: Background,
}

impl Replica {
    async fn start(app: &TestApp, key: &Secret<String>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let base = format!("http://{}", listener.local_addr().unwrap());
        let settings = Settings {
            clock: Arc::new(app.clock.clone()),
            egress: EgressOptions {
                internal_hosts: vec![app.upstream.base_url().trim_start_matches("http://").to_owned()],
                ..EgressOptions::default()
            },
            ..Settings::new(
                &app.base,
                app.location(),
                Box::new(FileKeyProvider::from_file_text(key).unwrap()),
                tokio::runtime::Handle::current(),
            )
        };
        let opened = tokio::task::spawn_blocking(|| Instance::open(settings)).await;
        let instance = opened.unwrap().unwrap();
        let (stop, stopped) = watch::channel(false);
        let background = instance.background(&stopped).await;
        let mut until = stopped.clone();
        let until = async move {
            until.wait_for(|stop| *stop).await.ok();
        };
        let server = tokio::spawn(vouchsafe_server::serve(instance.app(), listener, until));
        Self {
            base,
            instance,
            stop,
            server,
            background,
        }
    }

    async fn end(self) {
        self.stop.send_replace(true);
        self.server.await.unwrap().unwrap();
        self.background.finish().await;
    }
}

/// Nobody else can hold a lease there, so whoever starts frees them all.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn up_12__on_the_embedded_database_a_start_frees_the_lease_of_the_dead() {
    let app = TestApp::start(Backend::sqlite()).await;
    let (agent, subject_token) = with_a_cold_connection(&app).await;
    leave_a_lease(&app);
    let before = asked(&app);
    let waiting = exchanging(&agent, &subject_token);
    tokio::time::sleep(Duration::from_millis(300)).await;
    assert!(!waiting.is_finished() && asked(&app) == before);
    app.instance.identity_provider.recover_attempts().await;
    assert_eq!(holders(&app), Vec::<String>::new());
    // What the provider answered the dead is lost, and that is known.
    let unknown = "SELECT id AS text FROM upstream_grants WHERE outcome_unknown_since IS NOT NULL";
    assert_eq!(app.texts(unknown).len(), 1);
    app.advance(Duration::from_secs(1));
    let answer = tokio::time::timeout(Duration::from_secs(20), waiting).await;
    let answer = answer.expect("nobody waits for the dead").unwrap();
    assert!(app.upstream.state().is_live(answer.token()));
    assert_eq!(asked(&app), before + 1);
    assert_eq!(app.texts(unknown).len(), 0);
    app.finish().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn up_12__a_replica_that_starts_leaves_the_lease_of_a_live_one_and_waits_for_it() {
    let Some(backend) = Backend::postgres() else {
        return;
    };
    let key = FileKeyProvider::generate(&Ids::new(Arc::new(SystemClock), Arc::new(OsEntropy)));
    let provider = Box::new(FileKeyProvider::from_file_text(&key).unwrap());
    let app = TestApp::start_with(backend, |settings| settings.key_provider = provider).await;
    app.secret("the key file", key.expose().trim());
    let (agent, subject_token) = with_a_cold_connection(&app).await;
    let before = asked(&app);
    app.upstream.state().set_delay("oidc", Endpoint::Token, 3_000);
    let first = exchanging(&agent, &subject_token);
    while asked(&app) == before {
        assert!(!first.is_finished());
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    let held = holders(&app);
    assert_eq!(held.len(), 1);
    let replica = Replica::start(&app, &key).await;
    // As the start itself does beside serving; here it is known to be over.
    replica.instance.identity_provider.recover_attempts().await;
    assert_eq!(holders(&app), held);
    let second = exchanging(
        &Agent::basic(&replica.base, AGENT_ID, AGENT_SECRET),
        &subject_token,
    );
    tokio::time::sleep(Duration::from_millis(500)).await;
    assert!(!second.is_finished());
    let first = first.await.unwrap();
    app.advance(Duration::from_secs(1));
    let second = second.await.unwrap();
    assert_eq!(second.token(), first.token());
    assert_eq!(asked(&app), before + 1, "one refresh for both");
    replica.end().await;
    app.finish().await;
}

/// Nobody can tell a dead replica from a slow one: its lease holds until it is over.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn up_12__the_lease_of_a_replica_that_died_is_waited_out() {
    let Some(backend) = Backend::postgres() else {
        return;
    };
    let app = TestApp::start(backend).await;
    let (agent, subject_token) = with_a_cold_connection(&app).await;
    leave_a_lease(&app);
    let before = asked(&app);
    app.instance.identity_provider.recover_attempts().await;
    assert_eq!(holders(&app), [DEAD]);
    let waiting = exchanging(&agent, &subject_token);
    for _ in 0..20 {
        if !waiting.is_finished() {
            tokio::time::sleep(Duration::from_millis(100)).await;
            app.advance(Duration::from_secs(1));
        }
    }
    assert_eq!(waiting.await.unwrap().error(), "temporarily_unavailable");
    assert_eq!((holders(&app), asked(&app)), (vec![DEAD.to_owned()], before));
    app.advance(Duration::from_secs(60));
    agent.exchange(&subject_token, PROVIDER, &[]).await.token();
    assert_eq!((holders(&app), asked(&app)), (Vec::new(), before + 1));
    app.finish().await;
}

const DEAD: &str = "a process that was killed";
