//! Compares today's rows with the record: finds a row that was rolled back, removed, inserted or changed by SQL.

use std::collections::{BTreeMap, BTreeSet};
use std::str::FromStr;

use vouchsafe_model::UnixMillis;
use vouchsafe_store::{Each, Store, StoreError, Tx, changes, head, records};
use vouchsafe_vault::Vault;

use crate::verify::{Finding, Report, TreeRows, Verifier};

mod ended;
mod granting;
mod vault_rows;

/// The last version of each row that the record speaks of: `(table, id)` -> `(version, seq)`.
#[derive(Debug, Clone, Default)]
pub struct Versions(BTreeMap<(String, String), (i64, i64)>);

impl Versions {
    pub(crate) fn apply(&mut self, seq: i64, versions: &[(String, String, i64)]) {
        for (table, id, version) in versions {
            self.0.insert((table.clone(), id.clone()), (*version, seq));
        }
    }

    fn of(&self, table: &str, id: &str) -> Option<(i64, i64)> {
        self.0.get(&(table.to_owned(), id.to_owned())).copied()
    }

    fn ids<'a>(&'a self, table: &'a str) -> impl Iterator<Item = (&'a str, i64, i64)> {
        self.0
            .iter()
            .filter(move |((of, _), _)| of == table)
            .map(|((_, id), (version, seq))| (id.as_str(), *version, *seq))
    }
}

/// What a look at a database found.
#[derive(Debug)]
pub struct Look {
    /// About the record itself.
    pub report: Report,
    /// About today's rows; none where they were not compared.
    pub rows: Option<Vec<Finding>>,
    /// Whether the record still grew while rows were compared, so that a finding may be of a row that is newer than what was
    /// read of the record.
    pub moved: bool,
}

/// Reads the whole record into `verifier`, with the change feed and the tree beside it, and compares today's rows with it;
/// they can be compared with the vault only, whose MAC keys that needs. The record is read in short transactions, so that a
/// server beside it is not held up; the rows in one, which sees what the record grew by meanwhile.
///
/// # Errors
/// The database cannot be read. Rows that are damaged are findings.
pub fn look(
    store: &Store,
    mut verifier: Verifier,
    vault: Option<&Vault>,
    now: UnixMillis,
) -> Result<Look, StoreError> {
    store.read_blocking(|tx| verifier.checkpoint_in_database(tx))?;
    while store.read_blocking(|tx| page(tx, &mut verifier))? {}
    store.read_blocking(|tx| -> Result<(), StoreError> {
        // Before the records that it is of, so that all of them are read.
        let tree = TreeRows::last(tx)?;
        while page(tx, &mut verifier)? {}
        verifier.tree(tx, &tree)
    })?;
    let mut last = None;
    for _ in 0..TRIES {
        let (rows, moved) = store.read_blocking(|tx| -> Result<_, StoreError> {
            while page(tx, &mut verifier)? {}
            let rows = vault.map(|vault| compare(tx, vault, verifier.versions(), now));
            let moved = head::peek(tx)?.seq != verifier.last_seq();
            Ok((rows.transpose()?, moved))
        })?;
        let settled = !moved || rows.as_ref().is_none_or(Vec::is_empty);
        last = Some((rows, moved));
        if settled {
            break;
        }
    }
    store.read_blocking(|tx| -> Result<(), StoreError> {
        // Whatever the feed says is of a record that was there before it.
        let feed = changes::texts(tx, verifier.last_seq() + 1, i64::MAX)?;
        let end = head::peek(tx)?.seq;
        let of_none: Vec<_> = feed.into_iter().filter(|(seq, ..)| *seq > end).collect();
        verifier.changes(&of_none);
        Ok(())
    })?;
    let (rows, moved) = last.unwrap_or_default();
    let report = verifier.finish();
    Ok(Look { report, rows, moved })
}

/// Verifies the next page; whether there was one.
fn page(tx: &mut Tx<'_>, verifier: &mut Verifier) -> Result<bool, StoreError> {
    let next = verifier.last_seq() + 1;
    let rows = records::range(tx, next, PAGE)?;
    let Some(last) = rows.last() else { return Ok(false) };
    for row in &rows {
        verifier.next(row);
    }
    verifier.changes(&changes::texts(tx, next, last.seq)?);
    Ok(true)
}

fn compare(
    tx: &mut Tx<'_>,
    vault: &Vault,
    versions: &Versions,
    now: UnixMillis,
) -> Result<Vec<Finding>, StoreError> {
    let mut state = State {
        vault,
        versions,
        now,
        findings: Vec::new(),
        damaged: BTreeSet::new(),
    };
    let sections: [Section<'_>; 10] = [
        State::connections_and_grants,
        State::access_tokens,
        State::upstream_revocations,
        State::what_has_ended,
        State::revoked_access,
        State::interactions,
        State::clients,
        State::providers,
        State::admin_keys,
        State::people,
    ];
    for section in sections {
        match section(&mut state, tx) {
            Err(damaged @ StoreError::Corrupt { .. }) => state.find(damaged.to_string()),
            result => result?,
        }
    }
    Ok(state.findings)
}

type Section<'a> = fn(&mut State<'a>, &mut Tx<'_>) -> Result<(), StoreError>;

/// A comparison under way.
struct State<'a> {
    vault: &'a Vault,
    versions: &'a Versions,
    now: UnixMillis,
    findings: Vec<Finding>,
    /// Rows that are there and cannot be read, by table and id: each is one finding, and not missing as well.
    damaged: BTreeSet<(&'static str, String)>,
}

/// A row, as findings name it.
#[derive(Clone, Copy)]
struct Row<'a> {
    table: &'static str,
    id: &'a str,
}

impl State<'_> {
    fn find(&mut self, what: String) {
        self.findings.push(Finding { seq: None, what });
    }

    /// What can be compared; what cannot be read is a finding, not the end.
    fn readable<R>(&mut self, row: Result<R, StoreError>) -> Result<Option<R>, StoreError> {
        match row {
            Ok(row) => Ok(Some(row)),
            Err(damaged @ StoreError::Corrupt { .. }) => {
                let what = damaged.to_string();
                let found_before = match damaged {
                    StoreError::Corrupt {
                        table, row: Some(id), ..
                    } => !self.damaged.insert((table, id)),
                    _ => false,
                };
                if !found_before {
                    self.find(what);
                }
                Ok(None)
            }
            Err(error) => Err(error),
        }
    }

    fn all_readable<R>(&mut self, rows: Each<R>) -> Result<Vec<R>, StoreError> {
        let mut readable = Vec::with_capacity(rows.len());
        for row in rows {
            readable.extend(self.readable(row)?);
        }
        Ok(readable)
    }

    /// The row of a recorded id; none when the id cannot be one.
    fn by_id<I: FromStr, R>(
        &mut self,
        id: &str,
        find: impl FnOnce(I) -> Result<Option<R>, StoreError>,
    ) -> Result<Option<R>, StoreError> {
        let found = id.parse().map_or(Ok(None), find);
        Ok(self.readable(found)?.flatten())
    }

    /// Versions that count up: they also tell which of the two is older.
    fn version(&mut self, row: Row<'_>, recorded: (i64, i64), found: Option<i64>) {
        let Row { table, id } = row;
        let (version, seq) = recorded;
        let what = match found {
            None if version == 0 || self.damaged.contains(&(table, id.to_owned())) => return,
            Some(found) if found == version => return,
            None => format!("row {id} of {table} is gone, but record {seq} left it there"),
            Some(_) if version == 0 => format!("row {id} of {table} is back, but record {seq} removed it"),
            Some(found) if found < version => {
                format!(
                    "row {id} of {table} was rolled back to version {found}: record {seq} left it at {version}"
                )
            }
            Some(found) => {
                format!("row {id} of {table} is at version {found}, of which the record knows nothing")
            }
        };
        self.find(what);
    }

    /// Prints: the same, or another row.
    fn print(&mut self, row: Row<'_>, recorded: (i64, i64), found: Option<i64>) {
        let Row { table, id } = row;
        match (recorded, found) {
            ((print, seq), Some(found)) if print != 0 && found != print => {
                self.find(format!(
                    "row {id} of {table} is not the one that record {seq} left: it was put back or replaced"
                ));
            }
            _ => self.version(row, recorded, found),
        }
    }

    fn unknown(&mut self, row: Row<'_>) {
        let Row { table, id } = row;
        if self.versions.of(table, id).is_none() {
            self.find(format!(
                "row {id} of {table} is not on the record: it was inserted past the server"
            ));
        }
    }
}

/// How often rows are compared again that a busy server changes meanwhile.
const TRIES: usize = 5;
const PAGE: i64 = 1_000;
