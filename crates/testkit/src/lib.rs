//! The whole stack in a test: a server on a database of its own, a real provider, a browser and an agent.
//!
//! Nothing is mocked: the server is built by the same wiring as the binary and spoken to over loopback sockets; only time
//! stands still until [`TestApp::advance`]. [`TestApp::finish`] ends each test with the checks that every run must pass:
//! the record verifies, and no secret of the run is in the database or the logs.
//!
//! Where it matters that a server is a process, which can be killed, there is [`Server`]: the built program itself.

mod agent;
mod app;
mod backend;
mod browser;
pub mod drills;
mod html;
mod http;
mod leaks;
mod line;
mod logs;
mod pkce;
mod process;
mod program;
mod providers;
mod replica;
mod server;
mod witness;

pub use agent::{Agent, Answer};
pub use app::{AGENT_ID, AGENT_SECRET, ClientSetup, Connected, PASSWORD, PROVIDER, TestApp};
pub use backend::Backend;
pub use browser::{Browser, Page};
pub use http::{Http, Reply};
pub use line::{Line, Received, exchange_request};
pub use pkce::Pkce;
pub use process::Process;
pub use program::{Files, Program, Ran};
pub use replica::Replica;
pub use server::Server;
pub use witness::Witness;

/// Runs tests on SQLite, and on PostgreSQL where one is installed. The modules are named by database, so a failure says
/// which.
#[macro_export]
macro_rules! both_databases {
    ($(async fn $name:ident($app:ident: TestApp) $body:block)+) => {
        mod sqlite {
            use super::*;
            $(#[tokio::test(flavor = "multi_thread", worker_threads = 2)] async fn $name() {
                super::$name($crate::TestApp::start($crate::Backend::sqlite()).await).await;
            })+
        }
        mod postgres {
            use super::*;
            $(#[tokio::test(flavor = "multi_thread", worker_threads = 2)] async fn $name() {
                if let Some(backend) = $crate::Backend::postgres() {
                    super::$name($crate::TestApp::start(backend).await).await;
                }
            })+
        }
        $(async fn $name($app: TestApp) $body)+
    };
}
