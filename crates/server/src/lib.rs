//! Speaks HTTP: routes, forms, pages, the admin API. No decision is made here: a request becomes a call of
//! `token-exchange`, `identity-provider` or `sign-in`, and their answer becomes a response.
//!
//! One file per URL under `routes/`. `wire_error` alone knows which refusal is which status; `pages/` holds every
//! page, all of them without script; `html` gives each page its headers. Store work runs on the main runtime behind the
//! asynchronous functions of the other crates, never on an actix worker, whose runtime dies at a graceful stop.

#![cfg_attr(test, expect(non_snake_case, reason = "tests carry requirement ids"))]

mod admin;
mod app;
mod body;
mod cookies;
mod csrf;
mod departure;
mod edge;
mod html;
mod listening;
mod openapi;
mod origin;
mod page_error;
mod pages;
mod path;
mod problem;
mod return_to;
mod routes;
mod sealed;
mod serve;
#[cfg(unix)]
mod serve_local;
mod site;
mod telemetry;
mod time_text;
mod visitor;
mod wire_error;

pub use app::{App, ServerOptions};
pub use routes::admin::{AdminOperation, admin_operations};
pub use sealed::serve_sealed;
pub use serve::{serve, serve_tls};
#[cfg(unix)]
pub use serve_local::serve_local;
pub use time_text::parse_rfc3339;
