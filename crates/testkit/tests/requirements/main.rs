//! The requirements, each as a story over real sockets, on both databases. A test is named after the id it proves.

#![expect(non_snake_case, reason = "tests carry requirement ids")]

mod attack_review;
mod client_authentication;
mod codes;
mod configuration;
mod connect;
mod exchange_claims;
mod exchange_errors;
mod exchange_request;
mod exchange_response;
mod exchange_target;
mod forge;
mod races;
mod restarts;
mod rotation;
mod row_comparison;
mod vault;
mod vault_exchange;
