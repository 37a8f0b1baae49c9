//! What the process does for its own safety before it holds a secret.

use rustix::process::{Resource, Rlimit, setrlimit};

/// No core dumps, and no look into our memory by other processes of the same user: both would hold every key.
pub fn harden() {
    let none = Rlimit {
        current: Some(0),
        maximum: Some(0),
    };
    if setrlimit(Resource::Core, none).is_err() {
        tracing::warn!("core dumps could not be switched off");
    }
    not_dumpable();
}

#[cfg(target_os = "linux")]
fn not_dumpable() {
    use rustix::process::{DumpableBehavior, set_dumpable_behavior};
    if set_dumpable_behavior(DumpableBehavior::NotDumpable).is_err() {
        tracing::warn!("this process could not be closed to debuggers");
    }
}

#[cfg(not(target_os = "linux"))]
const fn not_dumpable() {}
