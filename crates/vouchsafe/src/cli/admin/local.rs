//! Who is asked on the machine itself: the server that runs here, or the instance, opened by this process.

use std::io::ErrorKind;
use std::os::unix::fs::MetadataExt as _;
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::time::Duration;

use tokio::runtime::Handle;
use vouchsafe_model::Clock as _;

use super::call::Birth;
use super::http::Http;
use super::own_instance::{self, OwnInstance};
use crate::cli::Failure;
use crate::clock::SystemClock;
use crate::config::Config;
use crate::files;
use crate::process_lock::ProcessLockError;
use crate::service::ServiceError;

/// The server at the socket if somebody answers there, else the instance itself. A server that is just starting or
/// stopping, and another command, hold the database for a moment: they are waited for.
pub(super) async fn reach(
    config: &Config,
    birth: Birth,
    handle: Handle,
) -> Result<(Http, Option<OwnInstance>), Failure> {
    let socket = config.admin_socket.as_deref();
    let mut waited = Duration::ZERO;
    loop {
        let unreachable = match socket.map(connects) {
            Some(Ok(path)) => return Ok((Http::at_socket(path)?, None)),
            Some(Err(error)) => Some(error),
            None => None,
        };
        if birth == Birth::Refused && waited.is_zero() {
            own_instance::require_database(config)?;
        }
        match OwnInstance::open(config, handle.clone()).await {
            Ok((http, own)) => return Ok((http, Some(own))),
            Err(Failing::Held(lock)) if waited >= PATIENCE => {
                return Err(out_of_reach(config, &lock, unreachable));
            }
            Err(Failing::Held(_)) => {}
            Err(Failing::Otherwise(failure)) => return Err(failure),
        }
        SystemClock.sleep(BETWEEN).await;
        waited += BETWEEN;
    }
}

/// Why this process does not have the instance for itself.
pub(super) enum Failing {
    /// Somebody else has it.
    Held(ProcessLockError),
    /// It does not open.
    Otherwise(Failure),
}

impl From<ServiceError> for Failing {
    fn from(error: ServiceError) -> Self {
        match error {
            ServiceError::Lock(lock @ ProcessLockError::Held { .. }) => Self::Held(lock),
            error => Self::Otherwise(error.into()),
        }
    }
}

fn connects(socket: &Path) -> Result<&Path, ErrorKind> {
    let probe = || {
        UnixStream::connect(socket)?;
        std::fs::symlink_metadata(socket)
    };
    let owner = probe().map_err(|error| error.kind())?.uid();
    // Passwords and secrets go there: only to whom the file system proves to be us, or root.
    if owner != 0 && owner != rustix::process::geteuid().as_raw() {
        return Err(ErrorKind::PermissionDenied);
    }
    Ok(socket)
}

fn out_of_reach(config: &Config, lock: &ProcessLockError, reason: Option<ErrorKind>) -> Failure {
    let holder = match lock {
        ProcessLockError::Held { path } => format!(" (it holds {})", path.display()),
        ProcessLockError::File { .. } => String::new(),
    };
    let socket = match (&config.admin_socket, reason) {
        (Some(path), Some(reason)) => format!(
            "its socket {} cannot be reached ({})",
            path.display(),
            files::words(reason)
        ),
        _ => "it has no socket".to_owned(),
    };
    Failure::new(format!(
        "another vouchsafe is using this database{holder}, and {socket}: run this as the user that runs the server, look \
         for a warning about `admin_socket` in its log, or ask it over the network with --server and --admin-key-file"
    ))
}

const BETWEEN: Duration = Duration::from_millis(100);
const PATIENCE: Duration = Duration::from_secs(3);
