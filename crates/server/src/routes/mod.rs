//! The URLs, one file each (`architecture` section 11).

pub(crate) mod admin;
mod audit_checkpoint;
mod authorize;
mod connect;
mod connect_callback;
mod connections;
mod deny_agent;
mod disconnect;
mod favicon;
mod healthz;
mod interaction;
mod jwks;
mod login;
mod logout;
mod metadata;
mod openapi;
mod readyz;
mod root;
mod token;
mod withdraw;

use actix_web::web::{self, ServiceConfig};
use actix_web::{HttpRequest, Resource};

use crate::edge;

/// Every route of ours, below `base`.
pub(crate) fn configure(config: &mut ServiceConfig, base: &str) {
    // Where the issuer has a path, RFC 8414 puts the well-known segment in front of it.
    config.service(metadata::resource(base));
    if !base.is_empty() {
        config.service(root::resource(base));
    }
    config.service(
        web::scope(base)
            .service(token::resource())
            .service(authorize::resource())
            .service(jwks::resource())
            .service(login::resource())
            .service(logout::resource())
            .service(connect_callback::resource())
            .service(connect::resource())
            .service(interaction::resource())
            .service(connections::resource())
            .service(disconnect::resource())
            .service(deny_agent::resource())
            .service(withdraw::resource())
            .configure(admin::configure)
            .service(openapi::resource())
            .service(favicon::resource())
            .service(audit_checkpoint::resource())
            .service(audit_checkpoint::witnessed())
            .service(healthz::resource())
            .service(readyz::resource())
            .service(root::resource("/")),
    );
}

/// The routes behind a local socket.
#[cfg(unix)]
pub(crate) fn configure_local(config: &mut ServiceConfig) {
    admin::configure(config);
    config.service(openapi::resource());
}

/// A URL whose other methods get 405 with `Allow`.
fn only(path: &str, allow: &'static str) -> Resource {
    web::resource(path).default_service(web::to(move |request: HttpRequest| async move {
        edge::method_not_allowed(&request, allow)
    }))
}
