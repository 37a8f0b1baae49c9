//! The language of PostgreSQL's error messages. A lock that is not granted in time or a deadlock is told from other failures
//! by its words alone, so a server with other words would turn what passes by itself into a failure.

use diesel::connection::SimpleConnection as _;
use diesel::result::Error;
use diesel::sql_types::Text;
use diesel::{PgConnection, QueryableByName, RunQueryDsl as _};

use crate::error::StoreError;

/// Makes the server word its errors in English, or refuses the session. Only superusers, and whom they have allowed it,
/// may set the language; most servers need no change.
pub(crate) fn require_english(conn: &mut PgConnection) -> Result<(), StoreError> {
    #[derive(QueryableByName)]
    struct Setting {
        #[diesel(sql_type = Text)]
        lc_messages: String,
    }
    let setting = diesel::sql_query("SHOW lc_messages").get_result::<Setting>(conn);
    let setting = setting.map_err(|error| StoreError::of_statement(&error))?;
    if is_english(&setting.lc_messages) || conn.batch_execute("SET lc_messages = 'C'").is_ok() {
        return Ok(());
    }
    // The name says little: an empty one means the server's environment, and not every language has translations.
    match conn.batch_execute("SELECT 1/0") {
        Err(Error::DatabaseError(_, information)) if information.message() == "division by zero" => Ok(()),
        Err(Error::DatabaseError(..)) | Ok(()) => Err(StoreError::ForeignLanguage),
        Err(error) => Err(StoreError::of_statement(&error)),
    }
}

/// The messages are written in the English of the United States; nobody has translated them to another.
fn is_english(locale: &str) -> bool {
    let language = locale.split(['.', '_', '@']).next().unwrap_or_default();
    matches!(language, "C" | "POSIX" | "en" | "English")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn english_is_known_by_its_names() {
        for english in [
            "C",
            "POSIX",
            "C.UTF-8",
            "en_US.UTF-8",
            "en_GB",
            "English_United States.1252",
        ] {
            assert!(is_english(english), "{english}");
        }
        for unknown in ["", "de_DE.UTF-8", "fr", "ca_ES@valencia", "Ce"] {
            assert!(!is_english(unknown), "{unknown}");
        }
    }
}
