//! What is served while nothing may be served: the database contradicts a checkpoint of its record (AR-15).

use std::future::Future;
use std::io;
use std::net::TcpListener;

use actix_web::dev::Server;
use actix_web::http::StatusCode;
use actix_web::middleware::DefaultHeaders;
use actix_web::{App as ActixApp, HttpRequest, HttpResponse, HttpServer, web};
use rustls::ServerConfig;
use tracing_actix_web::TracingLogger;

use crate::edge::Surface;
use crate::listening::listening;
use crate::site;
use crate::telemetry::RequestSpan;
use crate::wire_error;

/// Answers every request with 503, and `/healthz` with 200, until `shutdown` is ready. `/readyz` says why.
pub async fn serve_sealed(
    issuer: &str,
    listener: TcpListener,
    tls: Option<ServerConfig>,
    shutdown: impl Future<Output = ()> + Send + 'static,
) -> io::Result<()> {
    let (base, _) = site::parts_of(issuer)?;
    build(base, listener, tls, shutdown)?.await
}

/// Apart from the wait, because its parts belong to one thread and the running server does not.
fn build(
    base: String,
    listener: TcpListener,
    tls: Option<ServerConfig>,
    shutdown: impl Future<Output = ()> + Send + 'static,
) -> io::Result<Server> {
    let base = web::Data::new(base);
    let server = HttpServer::new(move || {
        ActixApp::new()
            .app_data(base.clone())
            .wrap(DefaultHeaders::new().add(("X-Content-Type-Options", "nosniff")))
            .wrap(TracingLogger::<RequestSpan>::new())
            .default_service(web::route().to(answer))
    })
    .workers(1)
    .shutdown_timeout(1)
    .disable_signals()
    .shutdown_signal(shutdown);
    Ok(listening!(server, listener, tls)?.run())
}

async fn answer(request: HttpRequest, base: web::Data<String>) -> HttpResponse {
    let path = request.path();
    let path = path.strip_prefix(base.as_str()).unwrap_or(path);
    match path {
        "/healthz" => wire_error::json(StatusCode::OK, br#"{"status":"ok"}"#.to_vec()),
        "/readyz" => {
            let checks = serde_json::json!({ "database": SEALED, "key": "ok", "record": SEALED });
            let body = serde_json::json!({ "status": "not_ready", "checks": checks });
            wire_error::json(StatusCode::SERVICE_UNAVAILABLE, body.to_string().into_bytes())
        }
        path => Surface::of(path).unavailable(),
    }
}

const SEALED: &str = "sealed: the database is not the one of which the last checkpoint was signed: restore the right one, or \
                      see `vouchsafe audit adopt`";
