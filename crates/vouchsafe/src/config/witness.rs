//! `[[witness]]`: who cosigns checkpoints of the record.

use std::collections::BTreeSet;

use toml::Spanned;
use url::Url;

use super::error::{ConfigError, Place};
use super::table::WitnessTable;
use crate::witnesses::WitnessLine;

pub(super) fn lines(
    place: &Place<'_>,
    tables: Vec<Spanned<WitnessTable>>,
) -> Result<Vec<WitnessLine>, ConfigError> {
    let mut seen = BTreeSet::new();
    let mut lines = Vec::new();
    for table in tables {
        let span = table.span();
        let WitnessTable { url, key } = table.into_inner();
        let wrong = |name: &str, problem: &str, remedy: &str| {
            Err(place.of_key(&span, ("witness.", name), problem, remedy))
        };
        let plain = |url: &Url| {
            let nameless = url.username().is_empty() && url.password().is_none();
            matches!(url.scheme(), "https" | "http")
                && nameless
                && url.query().is_none()
                && url.fragment().is_none()
        };
        if !Url::parse(&url).is_ok_and(|url| plain(&url)) {
            return wrong(
                "url",
                "it is no address that a witness can have",
                "write https://, its host, and what stands before /add-checkpoint",
            );
        }
        let Ok(key) = key.parse() else {
            return wrong(
                "key",
                "it is not the key of a witness",
                "copy the whole name+id+key that the witness publishes for cosignatures",
            );
        };
        let line = WitnessLine {
            url: url.trim_end_matches('/').to_owned(),
            key,
        };
        if !seen.insert(line.key.to_string()) {
            return wrong("key", "there are two with this key", "remove one");
        }
        lines.push(line);
    }
    Ok(lines)
}
