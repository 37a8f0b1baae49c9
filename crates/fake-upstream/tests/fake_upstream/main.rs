//! The fake provider, driven over real sockets.

mod consent;
mod controls;
mod entra_and_atlassian;
mod every_personality;
mod faults;
mod github;
mod narrowing_and_grace;
mod oidc;
mod slack;
mod static_refresh_token;
mod support;
