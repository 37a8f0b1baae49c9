//! The requirements, each as a story over real sockets, on both databases. A test is named after the id it proves.

#![expect(non_snake_case, reason = "tests carry requirement ids")]

mod admin_client_secrets;
mod admin_clients;
mod admin_connections;
mod admin_keys;
#[cfg(unix)]
mod admin_local;
mod admin_providers;
mod admin_records;
mod admin_revoke_all;
mod admin_scopes;
mod admin_support;
mod admin_users;
mod attack_review;
mod bad_input;
mod bad_input_flows;
mod bad_input_raw;
mod bad_input_rows;
mod client_authentication;
mod codes;
mod configuration;
mod connect;
mod decisions;
mod erasure;
mod exchange_claims;
mod exchange_errors;
mod exchange_request;
mod exchange_response;
mod exchange_target;
mod forge;
mod pages;
mod races;
mod raw;
mod remembered;
mod remembered_elsewhere;
mod replicas;
mod restarts;
mod rotation;
mod row_comparison;
mod throttling;
mod transport;
mod vault;
mod vault_exchange;
mod verify_order;
