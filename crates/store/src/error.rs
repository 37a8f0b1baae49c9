//! What can go wrong, without a word of what is stored.

use diesel::ConnectionError;
use diesel::result::{DatabaseErrorInformation, DatabaseErrorKind, Error};

/// Why a transaction or a query failed. No variant carries a stored value, a bound value or a part of the database's
/// address.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum StoreError {
    /// No connection came free in time, or a lock was not granted in time. Nothing was written.
    #[error("the database is busy")]
    Busy,
    /// The database cannot be reached, or was lost before COMMIT. Nothing was written.
    #[error("the database cannot be reached")]
    Unavailable,
    /// The database was lost during COMMIT: the changes are there or not.
    #[error("the database was lost during a commit, whose outcome is unknown")]
    CommitOutcomeUnknown,
    /// A stored value is not what this program writes.
    #[error("{} of `{table}` is damaged: column `{what}` cannot be read", name_of(row.as_deref()))]
    Corrupt {
        /// The table.
        table: &'static str,
        /// The row, by its key.
        row: Option<String>,
        /// The column.
        what: &'static str,
    },
    /// A row with the same key exists (unique violation).
    #[error("a row with the same key exists already")]
    Conflict,
    /// The row names another one that does not exist (foreign key violation).
    #[error("the row refers to one that does not exist")]
    MissingReference,
    /// An earlier statement of the transaction failed and the closure went on: nothing is written.
    #[error("an earlier statement of the transaction failed")]
    TransactionFailed,
    /// The schema is older than this program.
    #[error("the schema of the database is older than this program: migrate it first")]
    SchemaOld,
    /// The schema is newer than this program.
    #[error("the schema of the database is newer than this program: use a newer program")]
    SchemaNewer,
    /// The database server words its errors in another language, and this user may not change that.
    #[error(
        "the database server answers in another language than English; let a superuser run: ALTER DATABASE … SET lc_messages = 'C'"
    )]
    ForeignLanguage,
    /// A write on a store that was opened for reading.
    #[error("the database was opened for reading only")]
    ReadOnly,
    /// The closure panicked; its transaction was rolled back.
    #[error("the transaction was rolled back because its code panicked")]
    Panicked,
    /// The database file cannot be made or opened.
    #[error("the database file cannot be opened: {0}")]
    File(std::io::ErrorKind),
    /// Anything else, in the engine's own words without what it quotes.
    #[error("the database refused: {0}")]
    Engine(String),
}

fn name_of(row: Option<&str>) -> String {
    row.map_or_else(|| "a row".to_owned(), |row| format!("row {row}"))
}

impl StoreError {
    /// Of a value that cannot be read, before its row is known.
    pub(crate) const fn corrupt(table: &'static str, what: &'static str) -> Self {
        Self::Corrupt {
            table,
            row: None,
            what,
        }
    }

    /// Names the row. A key that does not look like one was written by somebody else: it is not repeated.
    pub(crate) fn in_row(self, key: &str) -> Self {
        let plain = |c: u8| c.is_ascii_alphanumeric() || matches!(c, b'_' | b'-' | b'.');
        match self {
            Self::Corrupt {
                table,
                row: None,
                what,
            } if key.len() <= 64 && key.bytes().all(plain) => Self::Corrupt {
                table,
                row: Some(key.to_owned()),
                what,
            },
            error => error,
        }
    }

    /// Of a failed statement.
    pub(crate) fn of_statement(error: &Error) -> Self {
        match error {
            Error::DatabaseError(kind, information) => Self::of_database(*kind, information.as_ref()),
            Error::BrokenTransactionManager => Self::Unavailable,
            Error::DeserializationError(_) => Self::Engine("a stored value cannot be decoded".to_owned()),
            Error::SerializationError(_) => Self::Engine("a value cannot be encoded".to_owned()),
            Error::NotFound => Self::Engine("a row that must exist does not".to_owned()),
            _ => Self::Engine("the statement cannot be run".to_owned()),
        }
    }

    /// Of a failed COMMIT. Only what the engine itself says before it ends the transaction is definite.
    pub(crate) fn of_commit(error: &Error) -> Self {
        match error {
            Error::DatabaseError(
                kind @ (DatabaseErrorKind::SerializationFailure
                | DatabaseErrorKind::UniqueViolation
                | DatabaseErrorKind::ForeignKeyViolation),
                information,
            ) => Self::of_database(*kind, information.as_ref()),
            _ => Self::CommitOutcomeUnknown,
        }
    }

    /// Of a failed connection. The reason goes to the log, without what it quotes: it may quote the address.
    pub(crate) fn of_connection(error: &ConnectionError) -> Self {
        let reason = match error {
            ConnectionError::BadConnection(message) => reason_of(message),
            ConnectionError::CouldntSetupConfiguration(_) => "the session cannot be set up".to_owned(),
            _ => "the address cannot be understood".to_owned(),
        };
        tracing::warn!(error.reason = reason, "cannot connect to the database");
        Self::Unavailable
    }

    fn of_database(kind: DatabaseErrorKind, information: &dyn DatabaseErrorInformation) -> Self {
        match kind {
            DatabaseErrorKind::UniqueViolation => Self::Conflict,
            DatabaseErrorKind::ForeignKeyViolation => Self::MissingReference,
            DatabaseErrorKind::ClosedConnection | DatabaseErrorKind::UnableToSendCommand => Self::Unavailable,
            DatabaseErrorKind::SerializationFailure => Self::Busy,
            DatabaseErrorKind::ReadOnlyTransaction => Self::ReadOnly,
            _ => Self::of_message(information),
        }
    }

    /// diesel shows neither SQLSTATE nor SQLite's result code, so the words decide; a session whose server has others is
    /// not opened.
    fn of_message(information: &dyn DatabaseErrorInformation) -> Self {
        let message = information.message();
        if BUSY.iter().any(|words| message.contains(words)) {
            return Self::Busy;
        }
        if LOST.iter().any(|words| message.contains(words)) {
            return Self::Unavailable;
        }
        if message.starts_with("attempt to write a readonly database") {
            return Self::ReadOnly;
        }
        let mut text = message
            .split(['"', '\'', '\n'])
            .next()
            .unwrap_or_default()
            .trim_end()
            .to_owned();
        // Names of tables and constraints are ours and hold no values.
        for name in [information.table_name(), information.constraint_name()]
            .into_iter()
            .flatten()
        {
            text.extend([" (", name, ")"]);
        }
        Self::Engine(text)
    }
}

const BUSY: [&str; 5] = [
    "database is locked",
    "database table is locked",
    "due to lock timeout",
    "due to statement timeout",
    "deadlock detected",
];

const LOST: [&str; 5] = [
    "terminating connection",
    "server closed the connection",
    "no connection to the server",
    "could not receive data from server",
    "the database system is",
];

/// What libpq says, without what it quotes; the reason itself often stands between two quotations, so the usual ones are
/// recognised.
fn reason_of(message: &str) -> String {
    match REASONS.iter().find(|reason| message.contains(**reason)) {
        Some(reason) => (*reason).to_owned(),
        None => without_quotes(message),
    }
}

const REASONS: [&str; 11] = [
    "password authentication failed",
    "no password supplied",
    "Connection refused",
    "could not translate host name",
    "timeout expired",
    "no pg_hba.conf entry",
    "certificate verify failed",
    "server does not support SSL",
    "too many clients already",
    "remaining connection slots are reserved",
    "does not exist",
];

/// Everything before the first and after the last quotation mark: what stands between may be a value, and may itself
/// contain quotation marks.
fn without_quotes(message: &str) -> String {
    let message = message.replace('\n', " ");
    match (message.find(['"', '\'']), message.rfind(['"', '\''])) {
        (Some(first), Some(last)) => format!("{}…{}", &message[..first], &message[last + 1..]),
        _ => message,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn engine(message: &str) -> StoreError {
        let error = Error::DatabaseError(DatabaseErrorKind::CheckViolation, Box::new(message.to_owned()));
        StoreError::of_statement(&error)
    }

    #[test]
    fn nothing_that_the_engine_quotes_is_repeated() {
        assert_eq!(
            engine("invalid input syntax for type bigint: \"hunter2\""),
            StoreError::Engine("invalid input syntax for type bigint:".to_owned())
        );
        assert_eq!(
            without_quotes("connection failed: password for user \"a\"b\" with \"x\" refused"),
            "connection failed: password for user … refused"
        );
    }

    #[test]
    fn a_lost_commit_is_never_called_a_failure() {
        let lost = Error::DatabaseError(DatabaseErrorKind::ClosedConnection, Box::new(String::new()));
        assert_eq!(StoreError::of_commit(&lost), StoreError::CommitOutcomeUnknown);
        assert_eq!(StoreError::of_statement(&lost), StoreError::Unavailable);
    }
}
