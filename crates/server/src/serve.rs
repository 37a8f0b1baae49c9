//! Runs the HTTP server until it is told to stop, then drains it.

use std::future::Future;
use std::io;
use std::net::TcpListener;
use std::time::Duration;

use actix_web::dev::Server;
use actix_web::middleware::from_fn;
use actix_web::{App as ActixApp, HttpServer, web};
use rustls::ServerConfig;
use tracing_actix_web::TracingLogger;

use crate::app::App;
use crate::edge;
use crate::listening::listening;
use crate::routes;
use crate::site::Site;
use crate::telemetry::RequestSpan;

/// Serves `app` on `listener` until `shutdown` is ready, then lets open requests finish.
///
/// Plain HTTP: refuses a listener that is open to other machines unless a trusted proxy is configured, and then answers
/// only this machine and those proxies (TOK-3.2-08).
pub async fn serve(
    app: App,
    listener: TcpListener,
    shutdown: impl Future<Output = ()> + Send + 'static,
) -> io::Result<()> {
    let address = listener.local_addr()?;
    if !address.ip().is_loopback() && app.options.trusted_proxies.is_empty() {
        return Err(io::Error::new(
            io::ErrorKind::InvalidInput,
            "plain HTTP is served only on a loopback address, or behind a configured trusted proxy",
        ));
    }
    run(app, listener, None, shutdown).await
}

/// As [`serve`], over TLS with our own certificate, on any address. HTTP/2 and HTTP/1.1.
pub async fn serve_tls(
    app: App,
    listener: TcpListener,
    tls: ServerConfig,
    shutdown: impl Future<Output = ()> + Send + 'static,
) -> io::Result<()> {
    run(app, listener, Some(tls), shutdown).await
}

async fn run(
    app: App,
    listener: TcpListener,
    tls: Option<ServerConfig>,
    shutdown: impl Future<Output = ()> + Send + 'static,
) -> io::Result<()> {
    let (address, with_tls) = (listener.local_addr()?, tls.is_some());
    let site = web::Data::new(Site::new(app)?);
    let server = build(site, listener, tls, shutdown)?;
    tracing::info!(server.address = %address, server.tls = with_tls, "serving");
    server.await
}

/// Apart from the wait, because its parts belong to one thread and the running server does not.
fn build(
    site: web::Data<Site>,
    listener: TcpListener,
    tls: Option<ServerConfig>,
    shutdown: impl Future<Output = ()> + Send + 'static,
) -> io::Result<Server> {
    let server = HttpServer::new(move || {
        let site = site.clone();
        let base = site.base.clone();
        ActixApp::new()
            .app_data(site)
            .wrap(from_fn(edge::guard))
            .wrap(TracingLogger::<RequestSpan>::new())
            .configure(|config| routes::configure(config, &base))
            .default_service(web::route().to(edge::not_found))
    })
    .client_request_timeout(HEADERS_WITHIN)
    .keep_alive(KEEP_ALIVE)
    .shutdown_timeout(DRAIN_SECONDS)
    .disable_signals()
    .shutdown_signal(shutdown);
    Ok(listening!(server, listener, tls)?.run())
}

const HEADERS_WITHIN: Duration = Duration::from_secs(10);
const KEEP_ALIVE: Duration = Duration::from_secs(75);
const DRAIN_SECONDS: u64 = 30;
