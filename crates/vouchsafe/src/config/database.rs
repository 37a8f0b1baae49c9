//! Where the rows are.

use std::path::PathBuf;

use toml::Spanned;
use vouchsafe_store::Location;

use super::error::{ConfigError, Place};
use super::secret_source::Source;
use super::table::DatabaseTable;

/// `sqlite:<path>`, or an address of PostgreSQL; without the table a file beside the configuration.
pub(super) fn location(
    place: &Place<'_>,
    table: Option<Spanned<DatabaseTable>>,
) -> Result<Location, ConfigError> {
    let default = || Location::Sqlite(place.path(None, "vouchsafe.db"));
    let Some(table) = table else { return Ok(default()) };
    let span = table.span();
    let DatabaseTable { url, url_file } = table.into_inner();
    let from_file = url_file.is_some();
    let source = Source {
        inline: url,
        file: url_file,
        label: "database.".to_owned(),
        key: "url",
    };
    let Some(url) = source.read(place, &span)? else {
        return Ok(default());
    };
    let text = url.expose();
    let wrong = |problem, remedy| {
        // The key that is there: the other one is not in the table.
        let key = if from_file { "url_file" } else { "url" };
        Err(place.of_key(&span, ("database.", key), problem, remedy))
    };
    if let Some(path) = text.strip_prefix("sqlite:") {
        let path = path.strip_prefix("//").unwrap_or(path);
        if path.is_empty() || path.contains(":memory:") || path.contains(['?', '\0']) {
            return wrong("this names no file", "write it as \"sqlite:vouchsafe.db\"");
        }
        return Ok(Location::Sqlite(place.resolve(&PathBuf::from(path))));
    }
    if text.starts_with("postgres://") || text.starts_with("postgresql://") {
        return Ok(Location::Postgres(url));
    }
    wrong(
        "this is no database that Vouchsafe knows",
        "use \"sqlite:vouchsafe.db\" or \"postgres://user@host/database\"",
    )
}
