//! The exports of the record: whether each of them gets on.

use vouchsafe_store::Store;

use super::super::audit_exports::standings;
use super::finding::Finding;
use crate::config::Config;

pub(super) fn look(config: &Config, store: &Store, findings: &mut Vec<Finding>) {
    // A database that does not answer has been told of already.
    for standing in standings(config, store).unwrap_or_default() {
        let (name, state, behind) = (&standing.name, standing.state(), standing.behind());
        let failing = standing
            .cursor
            .as_ref()
            .is_some_and(|cursor| cursor.failing.is_some());
        findings.push(match (standing.to, &standing.cursor) {
            (Some(_), None) => Finding::warn(
                "exports",
                format!("{name}: {state}; the next start of `vouchsafe serve` begins it"),
            ),
            (Some(to), Some(_)) if failing => Finding::warn(
                "exports",
                format!("{name} ({to}) {state}; {behind} record(s) wait, none is left out"),
            ),
            (Some(to), Some(_)) => Finding::ok("exports", format!("{name} ({to}): {state}, {behind} record(s) behind")),
            (None, _) => Finding::warn(
                "exports",
                format!("{name}: {state}; nothing goes there any more, and the name would go on {behind} record(s) behind"),
            ),
        });
    }
}
