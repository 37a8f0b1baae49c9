//! The servers, each in its own process: what the parent asks for on standard input is answered on standard output.

use std::io::BufRead as _;

use rustix::time::{ClockId, clock_gettime};
use tokio::sync::mpsc;
use vouchsafe_testkit::{AGENT_ID, Backend, TestApp};

use super::bare;
use super::child::Ready;

/// Serves `what` until the parent has enough.
pub(crate) async fn run(arguments: &[String]) {
    match arguments.first().map(String::as_str) {
        Some("bare") => {
            let key = arguments
                .get(1)
                .map(|key| serde_json::from_str(key).expect("a key"));
            say(&bare::serve(key));
            answer(|| 0).await;
        }
        Some(database @ ("sqlite" | "postgres")) => {
            let backend = match database {
                "sqlite" => Some(Backend::sqlite()),
                _ => Backend::postgres(),
            };
            let Some(backend) = backend else {
                return println!("no such database here");
            };
            let many = arguments.get(1).and_then(|many| many.parse().ok()).unwrap_or(0);
            let app = TestApp::start(backend).await;
            say(&ready(&app, many).await);
            let store = app.instance.store.clone();
            answer(move || store.transactions()).await;
        }
        other => panic!("no such server: {other:?}"),
    }
}

async fn ready(app: &TestApp, many: usize) -> Ready {
    let mut connected = app.connected("ada").await;
    let mut unpresented = Vec::with_capacity(many);
    for _ in 0..many {
        let token = app.subject_token(&mut connected.browser, AGENT_ID, &connected.agent);
        unpresented.push(token.await);
    }
    let keys = app.instance.vault.verification_keys();
    Ready {
        address: app.base.trim_start_matches("http://").to_owned(),
        subject_token: connected.subject_token,
        unpresented,
        key: keys[0].public,
    }
}

fn say(ready: &Ready) {
    println!("{}", serde_json::to_string(ready).expect("plain data"));
}

/// Until the parent says that it is enough, or is gone.
async fn answer(transactions: impl Fn() -> u64) {
    let (sender, mut lines) = mpsc::unbounded_channel();
    std::thread::spawn(move || {
        for line in std::io::stdin().lock().lines().map_while(Result::ok) {
            if line == "end" || sender.send(line).is_err() {
                break;
            }
        }
    });
    while let Some(line) = lines.recv().await {
        if line == "cpu" {
            let used = clock_gettime(ClockId::ProcessCPUTime);
            println!("{}", used.tv_sec * 1_000_000_000 + used.tv_nsec);
        } else {
            println!("{}", transactions());
        }
    }
}
