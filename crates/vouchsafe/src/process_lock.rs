//! One process per embedded database: `<db>.lock`, held as long as the process lives.

use std::fs::{File, OpenOptions, TryLockError};
use std::path::{Path, PathBuf};

use vouchsafe_store::Location;

use crate::files;

/// The lock; released when dropped, also by a crash.
#[derive(Debug)]
pub struct ProcessLock {
    _file: Option<File>,
}

/// Why the lock was not taken.
#[derive(Debug, thiserror::Error)]
pub enum ProcessLockError {
    /// Somebody has it.
    #[error("another vouchsafe is using this database (it holds {}): stop it first, or give this one a database of its own", path.display())]
    Held {
        /// The lock file.
        path: PathBuf,
    },
    /// The file cannot be made.
    #[error("the lock file {} cannot be made: check that the folder exists and that this user may write there", path.display())]
    File {
        /// The lock file.
        path: PathBuf,
        /// What the system says.
        source: std::io::Error,
    },
}

impl ProcessLock {
    /// Takes the lock of an embedded database. A PostgreSQL server serves many processes: there is nothing to lock.
    pub fn take(location: &Location) -> Result<Self, ProcessLockError> {
        match location {
            Location::Sqlite(database) => take(database),
            Location::Postgres(_) => Ok(Self { _file: None }),
        }
    }

    /// Whether somebody has the lock of an embedded database now. Makes no file, and waits for nobody.
    pub fn is_held(location: &Location) -> bool {
        let Location::Sqlite(database) = location else {
            return false;
        };
        let file = File::open(files::beside(database, ".lock"));
        // Given back at once. Shared, so that two who ask do not take each other for a server.
        file.is_ok_and(|file| matches!(file.try_lock_shared(), Err(TryLockError::WouldBlock)))
    }
}

fn take(database: &Path) -> Result<ProcessLock, ProcessLockError> {
    let path = files::beside(database, ".lock");
    let mut options = OpenOptions::new();
    options.write(true).create(true).truncate(false);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let failed = |path: &Path, source| ProcessLockError::File {
        path: path.to_owned(),
        source,
    };
    let file = options.open(&path).map_err(|source| failed(&path, source))?;
    loop {
        match file.try_lock() {
            Ok(()) => return Ok(ProcessLock { _file: Some(file) }),
            Err(TryLockError::Error(source)) => return Err(failed(&path, source)),
            Err(TryLockError::WouldBlock) => {}
        }
        // A server has it alone; who only asks (`is_held`) shares it, for a moment.
        match file.try_lock_shared() {
            Ok(()) => file.unlock().map_err(|source| failed(&path, source))?,
            Err(TryLockError::WouldBlock) => return Err(ProcessLockError::Held { path }),
            Err(TryLockError::Error(source)) => return Err(failed(&path, source)),
        }
        std::thread::yield_now();
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicBool, Ordering};

    use super::*;

    #[test]
    fn the_second_is_told_and_the_third_may_again() {
        let folder = tempfile::tempdir().unwrap();
        let location = Location::Sqlite(folder.path().join("v.db"));
        let first = ProcessLock::take(&location).unwrap();
        let second = ProcessLock::take(&location).unwrap_err().to_string();
        assert!(
            second.starts_with("another vouchsafe is using this database"),
            "{second}"
        );
        drop(first);
        assert!(!ProcessLock::is_held(&location));
        let third = ProcessLock::take(&location).unwrap();
        assert!(ProcessLock::is_held(&location));
        drop(third);
        assert!(!ProcessLock::is_held(&location));
    }

    #[test]
    fn who_only_asks_keeps_no_server_from_starting() {
        let folder = tempfile::tempdir().unwrap();
        let location = Location::Sqlite(folder.path().join("v.db"));
        drop(ProcessLock::take(&location).unwrap());
        let done = AtomicBool::new(false);
        std::thread::scope(|scope| {
            scope.spawn(|| {
                while !done.load(Ordering::Relaxed) {
                    ProcessLock::is_held(&location);
                }
            });
            let refused = (0..2_000)
                .filter(|_| ProcessLock::take(&location).is_err())
                .count();
            done.store(true, Ordering::Relaxed);
            assert_eq!(refused, 0);
        });
    }
}
