//! Serves the admin API on a Unix socket, to whoever may open it.

use std::future::Future;
use std::io;
use std::os::unix::net::UnixListener;
use std::time::Duration;

use actix_web::dev::Server;
use actix_web::middleware::from_fn;
use actix_web::{App as ActixApp, HttpServer, web};
use tracing_actix_web::TracingLogger;

use crate::app::App;
use crate::site::Site;
use crate::telemetry::RequestSpan;
use crate::{edge, routes};

/// Serves `/admin/v1` and `/openapi.json` of `app`, and nothing else, on `listener` until `shutdown` is ready, then lets
/// open requests finish.
///
/// Whoever can open the socket is the local operator and has every scope: the caller makes sure that only the right
/// people can, by the permissions of the socket and of its folder. On the record they are `by = "local"`. An admin key that
/// is sent nonetheless is checked as usual, and then counts. The path of the issuer is not part of the URLs here.
pub async fn serve_local(
    app: App,
    listener: UnixListener,
    shutdown: impl Future<Output = ()> + Send + 'static,
) -> io::Result<()> {
    let site = web::Data::new(Site::local(app)?);
    build(site, listener, shutdown)?.await
}

/// Apart from the wait, because its parts belong to one thread and the running server does not.
fn build(
    site: web::Data<Site>,
    listener: UnixListener,
    shutdown: impl Future<Output = ()> + Send + 'static,
) -> io::Result<Server> {
    let server = HttpServer::new(move || {
        ActixApp::new()
            .app_data(site.clone())
            .wrap(from_fn(edge::guard))
            .wrap(TracingLogger::<RequestSpan>::new())
            .configure(routes::configure_local)
            .default_service(web::route().to(edge::not_found))
    })
    .workers(1)
    .client_request_timeout(HEADERS_WITHIN)
    .shutdown_timeout(DRAIN_SECONDS)
    .disable_signals()
    .shutdown_signal(shutdown)
    .listen_uds(listener)?;
    Ok(server.run())
}

const HEADERS_WITHIN: Duration = Duration::from_secs(10);
const DRAIN_SECONDS: u64 = 30;
