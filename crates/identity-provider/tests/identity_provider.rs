//! The flows against a real provider on loopback, with SQLite in a temporary directory and a clock that stands still.

#![expect(non_snake_case, reason = "tests carry requirement ids")]

#[path = "identity_provider/entries.rs"]
mod entries;
#[path = "identity_provider/world.rs"]
mod world;

#[path = "identity_provider/bindings.rs"]
mod bindings;
#[path = "identity_provider/connecting.rs"]
mod connecting;
#[path = "identity_provider/exposure.rs"]
mod exposure;
#[path = "identity_provider/identity.rs"]
mod identity;
#[path = "identity_provider/keeping.rs"]
mod keeping;
#[path = "identity_provider/providers.rs"]
mod providers;
#[path = "identity_provider/recheck.rs"]
mod recheck;
#[path = "identity_provider/reconnecting.rs"]
mod reconnecting;
#[path = "identity_provider/recovering.rs"]
mod recovering;
#[path = "identity_provider/refresh_failures.rs"]
mod refresh_failures;
#[path = "identity_provider/refreshing.rs"]
mod refreshing;
#[path = "identity_provider/revoking.rs"]
mod revoking;
#[path = "identity_provider/vault.rs"]
mod vault;
