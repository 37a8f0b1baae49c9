//! The database of a test.

use tempfile::TempDir;
use vouchsafe_store::{Location, ThrowawayPostgres};

/// Where a test's rows are.
pub struct Backend {
    pub(crate) location: Location,
    pub(crate) folder: TempDir,
}

impl Backend {
    /// A file in a folder of its own.
    pub fn sqlite() -> Self {
        let folder = tempfile::tempdir().expect("a temporary folder can be made");
        Self {
            location: Location::Sqlite(folder.path().join("vouchsafe.db")),
            folder,
        }
    }

    /// A database of its own on the throw-away server; `None`, said loudly, where no PostgreSQL is installed.
    pub fn postgres() -> Option<Self> {
        let server = ThrowawayPostgres::shared()?;
        let folder = tempfile::tempdir().expect("a temporary folder can be made");
        Some(Self {
            location: Location::Postgres(server.database()),
            folder,
        })
    }
}
