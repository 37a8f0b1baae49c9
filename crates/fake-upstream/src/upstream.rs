//! Starting and stopping the server.

use std::net::{Ipv4Addr, TcpListener};
use std::ops::Deref;
use std::sync::{Arc, mpsc};
use std::thread::JoinHandle;

use actix_web::dev::ServerHandle;
use actix_web::rt::System;
use actix_web::{App, HttpServer, web};

use crate::dispatch::dispatch;
use crate::options::Options;
use crate::state::State;

/// A running fake provider on a thread of its own. It dereferences to its [`State`], so every control can be called
/// on it directly; dropping it stops the server.
#[derive(Debug)]
pub struct FakeUpstream {
    state: Arc<State>,
    handle: ServerHandle,
    thread: Option<JoinHandle<std::io::Result<()>>>,
}

impl FakeUpstream {
    /// Binds 127.0.0.1 and serves; connections are accepted when this returns.
    pub fn start(options: Options) -> std::io::Result<Self> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, options.port))?;
        let base_url = format!("http://{}", listener.local_addr()?);
        let state = Arc::new(State::new(base_url, options)?);
        let (started, starting) = mpsc::channel();
        let served = web::Data::from(Arc::clone(&state));
        let thread = std::thread::Builder::new()
            .name("fake-upstream".to_owned())
            .spawn(move || System::new().block_on(serve(listener, served, started)))?;
        match starting.recv() {
            Ok(handle) => Ok(Self {
                state,
                handle,
                thread: Some(thread),
            }),
            Err(_) => Err(match thread.join() {
                Ok(Err(error)) => error,
                _ => std::io::Error::other("the server thread ended before it served"),
            }),
        }
    }

    /// `http://127.0.0.1:PORT`
    pub fn base_url(&self) -> &str {
        &self.state.base_url
    }

    /// The controls, to be kept beside the server.
    pub fn state(&self) -> &Arc<State> {
        &self.state
    }

    /// Stops the server and waits until it has stopped.
    pub fn stop(self) {
        drop(self);
    }
}

impl Deref for FakeUpstream {
    type Target = State;

    fn deref(&self) -> &State {
        &self.state
    }
}

impl Drop for FakeUpstream {
    fn drop(&mut self) {
        // The command is sent by the call itself; the future only waits for it, and the join does that.
        drop(self.handle.stop(false));
        if let Some(thread) = self.thread.take() {
            drop(thread.join());
        }
    }
}

async fn serve(
    listener: TcpListener,
    state: web::Data<State>,
    started: mpsc::Sender<ServerHandle>,
) -> std::io::Result<()> {
    let app = move || {
        App::new()
            .app_data(state.clone())
            .app_data(web::PayloadConfig::new(LARGEST_REQUEST))
            .default_service(web::to(dispatch))
    };
    let server = HttpServer::new(app)
        .workers(1)
        .disable_signals()
        .shutdown_timeout(0)
        .listen(listener)?
        .run();
    // The receiver is gone only if `start` gave up, and then nobody is served anyway.
    drop(started.send(server.handle()));
    server.await
}

const LARGEST_REQUEST: usize = 16 * 1024 * 1024;
