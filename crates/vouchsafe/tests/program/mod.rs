//! The program in a folder of its own, and a server of it beside a pretended provider.

use std::time::Duration;

use vouchsafe::demo::{Exchanged, Journey, SubjectToken};
use vouchsafe_testkit::{Program, Server};

/// The program that these tests were built with.
const EXECUTABLE: &str = env!("CARGO_BIN_EXE_vouchsafe");
/// Seconds; long enough for a restart within the half of it in which a token counts as warm.
pub(crate) const SHORT_LIFE: u64 = 12;

pub(crate) fn program() -> Program {
    Program::new(EXECUTABLE)
}

pub(crate) async fn server() -> Server {
    Server::start(EXECUTABLE).await
}

pub(crate) async fn server_on_postgresql() -> Option<Server> {
    Server::start_on_postgresql(EXECUTABLE).await
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
