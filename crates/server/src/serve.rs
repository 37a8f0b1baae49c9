//! Runs the HTTP server until it is told to stop, then drains it.

use std::future::Future;
use std::io;
use std::net::TcpListener;
use std::time::Duration;

use actix_web::dev::Server;
use actix_web::middleware::from_fn;
use actix_web::{App as ActixApp, HttpServer, web};
use tracing_actix_web::TracingLogger;

use crate::app::App;
use crate::edge;
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
    let site = web::Data::new(Site::new(app)?);
    let server = build(site, listener, shutdown)?;
    tracing::info!(server.address = %address, "serving");
    server.await
}

/// Apart from the wait, because its parts belong to one thread and the running server does not.
fn build(
    site: web::Data<Site>,
    listener: TcpListener,
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
    .shutdown_signal(shutdown)
    .listen(listener)?
    .run();
    Ok(server)
}

const HEADERS_WITHIN: Duration = Duration::from_secs(10);
const KEEP_ALIVE: Duration = Duration::from_secs(75);
const DRAIN_SECONDS: u64 = 30;
