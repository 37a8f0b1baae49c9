//! The Unix socket of a running server: whoever may open it is the local operator, and needs no key.
//!
//! It is made under a name in a folder that nobody else may enter, closed to others (0600), and only then put in its
//! place: there is no moment at which somebody else could connect.

use std::fs::{self, Metadata, Permissions};
use std::io;
use std::os::unix::ffi::OsStrExt as _;
use std::os::unix::fs::{FileTypeExt as _, MetadataExt as _, PermissionsExt as _};
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::{Path, PathBuf};

use tempfile::TempDir;
use tokio::sync::watch;
use tokio::task::JoinHandle;
use vouchsafe_server::App;

use crate::wiring::Instance;

/// Why there is no socket.
#[derive(Debug, thiserror::Error)]
pub enum LocalSocketError {
    /// The system has no room for its name.
    #[error("{} is longer than the {MOST_BYTES} bytes that a socket's path may have", path.display())]
    TooLong {
        /// Where it was to be.
        path: PathBuf,
    },
    /// Another server has it.
    #[error("another server answers at {}", path.display())]
    InUse {
        /// Where it was to be.
        path: PathBuf,
    },
    /// There is something that was not made by a server.
    #[error("{} is there already, and is no socket", path.display())]
    Occupied {
        /// Where it was to be.
        path: PathBuf,
    },
    /// It cannot be made.
    #[error("{} cannot be made", path.display())]
    Unmakeable {
        /// Where it was to be.
        path: PathBuf,
        /// What the system says.
        source: io::Error,
    },
}

/// A server at a socket.
pub struct Serving(JoinHandle<()>);

impl Serving {
    /// Waits until it has drained and the socket is gone.
    pub async fn ended(self) {
        if self.0.await.is_err() {
            tracing::error!("the server of the local socket ended by a panic");
        }
    }
}

/// Serves the admin API at `path`, if there is one, until `draining` says `true`. Without the socket everything else is
/// served all the same: agents do not wait until their operator has repaired a path.
pub(crate) fn serve(
    instance: &Instance,
    path: Option<&Path>,
    draining: watch::Receiver<bool>,
) -> Option<Serving> {
    match begin(instance, path?, draining) {
        Ok(serving) => Some(serving),
        Err(error) => {
            let cause = std::error::Error::source(&error).map(ToString::to_string);
            tracing::warn!(
                error = %error,
                error.cause = cause,
                "there is no local socket, so the commands of this machine do not reach this server: set `admin_socket` \
                 to a path that fits and that nobody else uses"
            );
            None
        }
    }
}

fn begin(
    instance: &Instance,
    path: &Path,
    draining: watch::Receiver<bool>,
) -> Result<Serving, LocalSocketError> {
    let socket = LocalSocket::bind(path)?;
    tracing::info!(socket = %path.display(), "serving the local operator");
    Ok(Serving(instance.handle.spawn(serve_on(
        socket,
        instance.app(),
        draining,
    ))))
}

/// A socket that is listened on, in its place. The file goes when this is dropped.
#[derive(Debug)]
pub struct LocalSocket {
    listener: UnixListener,
    place: Place,
}

/// The file, as long as it is ours.
#[derive(Debug)]
struct Place {
    path: PathBuf,
    file: (u64, u64),
}

impl Drop for Place {
    fn drop(&mut self) {
        // Somebody may have put another one there, which is theirs.
        if fs::symlink_metadata(&self.path).is_ok_and(|now| identity(&now) == self.file) {
            drop(fs::remove_file(&self.path));
        }
    }
}

impl LocalSocket {
    /// Makes it. What a killed server has left there is replaced; a socket at which somebody answers is not.
    pub fn bind(path: &Path) -> Result<Self, LocalSocketError> {
        let path = path.to_owned();
        let unmakeable = |source| LocalSocketError::Unmakeable {
            path: path.clone(),
            source,
        };
        if let Ok(found) = fs::symlink_metadata(&path) {
            if !found.file_type().is_socket() {
                return Err(LocalSocketError::Occupied { path });
            }
            if UnixStream::connect(&path).is_ok() {
                return Err(LocalSocketError::InUse { path });
            }
        }
        let folder = path.parent().unwrap_or(Path::new(""));
        // Not the path that `tempfile` gives, which is absolute and so may be too long.
        let named = |private: &TempDir| {
            folder
                .join(private.path().file_name().unwrap_or_default())
                .join("s")
        };
        let too_long = |path: &Path| path.as_os_str().as_bytes().len() > MOST_BYTES;
        if too_long(&path) {
            return Err(LocalSocketError::TooLong { path });
        }
        let private = private_folder(folder).map_err(unmakeable)?;
        let made = named(&private);
        if too_long(&made) {
            return Err(LocalSocketError::TooLong { path });
        }
        let listener = UnixListener::bind(&made).map_err(unmakeable)?;
        let closed = fs::set_permissions(&made, Permissions::from_mode(0o600));
        let file = closed
            .and_then(|()| fs::symlink_metadata(&made))
            .map_err(unmakeable)?;
        fs::rename(&made, &path).map_err(unmakeable)?;
        let place = Place {
            file: identity(&file),
            path,
        };
        Ok(Self { listener, place })
    }
}

/// Serves the admin API of `app` there until `draining` says `true`, or nobody can say it any more.
pub async fn serve_on(socket: LocalSocket, app: App, mut draining: watch::Receiver<bool>) {
    let LocalSocket { listener, place } = socket;
    let shutdown = async move {
        drop(draining.wait_for(|draining| *draining).await);
    };
    if let Err(error) = vouchsafe_server::serve_local(app, listener, shutdown).await {
        tracing::error!(error = %error, "the server of the local socket failed");
    }
    drop(place);
}

/// A socket that only this process and its user know of, in a folder of its own.
#[derive(Debug)]
pub struct Private {
    /// Where.
    pub path: PathBuf,
    /// Gone with everything in it when this is dropped.
    _folder: TempDir,
}

impl Private {
    /// Makes it, in the system's folder for such things.
    pub fn bind() -> Result<(Self, LocalSocket), LocalSocketError> {
        let system = std::env::temp_dir();
        let folder = private_folder(&system)
            .map_err(|source| LocalSocketError::Unmakeable { path: system, source })?;
        let path = folder.path().join("s");
        let socket = LocalSocket::bind(&path)?;
        let private = Self {
            path,
            _folder: folder,
        };
        Ok((private, socket))
    }
}

fn private_folder(beside: &Path) -> io::Result<TempDir> {
    let beside = if beside.as_os_str().is_empty() {
        Path::new(".")
    } else {
        beside
    };
    tempfile::Builder::new()
        .prefix(".v")
        .permissions(Permissions::from_mode(0o700))
        .tempdir_in(beside)
}

fn identity(file: &Metadata) -> (u64, u64) {
    (file.dev(), file.ino())
}

/// `sun_path` has 108 bytes on Linux, the last of which is 0.
const MOST_BYTES: usize = 107;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_closed_to_others_and_goes_with_its_server() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("v.sock");
        let socket = LocalSocket::bind(&path).unwrap();
        assert_eq!(crate::files::mode(&path), Some(0o600));
        assert!(UnixStream::connect(&path).is_ok());
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
        let second = LocalSocket::bind(&path).unwrap_err();
        assert!(matches!(second, LocalSocketError::InUse { .. }));
        drop(socket);
        assert!(!path.exists());
    }

    #[test]
    fn what_a_killed_server_left_is_replaced_and_anything_else_is_not() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("v.sock");
        drop(UnixListener::bind(&path).unwrap());
        let socket = LocalSocket::bind(&path).unwrap();
        // Another server's file is not taken along.
        fs::remove_file(&path).unwrap();
        let other = UnixListener::bind(&path).unwrap();
        drop(socket);
        assert!(UnixStream::connect(&path).is_ok());
        drop(other);
        let letter = folder.path().join("letter");
        fs::write(&letter, "to my aunt").unwrap();
        let refused = LocalSocket::bind(&letter).unwrap_err();
        assert!(matches!(refused, LocalSocketError::Occupied { .. }));
        assert_eq!(fs::read_to_string(&letter).unwrap(), "to my aunt");
    }

    #[test]
    fn a_path_without_room_is_refused_by_its_length_and_the_longest_is_not() {
        let folder = tempfile::tempdir().unwrap();
        let of = |bytes: usize| -> PathBuf {
            let rest = bytes - folder.path().as_os_str().len() - 1;
            folder.path().join("s".repeat(rest))
        };
        assert!(LocalSocket::bind(&of(MOST_BYTES)).is_ok());
        let refused = LocalSocket::bind(&of(MOST_BYTES + 1)).unwrap_err();
        assert!(matches!(refused, LocalSocketError::TooLong { .. }), "{refused}");
        let (private, socket) = Private::bind().unwrap();
        assert!(UnixStream::connect(&private.path).is_ok());
        drop((private, socket));
    }
}
