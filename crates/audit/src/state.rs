//! Compares today's rows with the record: finds a row that was rolled back, removed, inserted or changed by SQL.

use std::collections::BTreeMap;

use vouchsafe_model::{Tagged, UserId};
use vouchsafe_store::{
    StoreError, Tx, admin_keys, clients, connections, delegations, providers, upstream_grants, users,
};
use vouchsafe_vault::Vault;

use crate::verify::Finding;

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

/// Checks today's rows against their last events, and the MACs of rows that grant.
pub fn verify(tx: &mut Tx<'_>, vault: &Vault, versions: &Versions) -> Result<Vec<Finding>, StoreError> {
    let mut findings = Vec::new();
    connections_and_grants(tx, versions, &mut findings)?;
    granted_rows(tx, vault, versions, &mut findings)?;
    Ok(findings)
}

fn connections_and_grants(
    tx: &mut Tx<'_>,
    versions: &Versions,
    findings: &mut Vec<Finding>,
) -> Result<(), StoreError> {
    for (id, version, seq) in versions.ids("connections") {
        let row = match id.parse() {
            Ok(id) => connections::by_id(tx, &id)?,
            Err(_) => None,
        };
        let found = row.as_ref().map(|connection| connection.version);
        compare(
            findings,
            Row {
                table: "connections",
                id,
            },
            (version, seq),
            found,
        );
    }
    for (id, version, seq) in versions.ids("upstream_grants") {
        let row = match id.parse() {
            Ok(id) => upstream_grants::by_id(tx, &id)?,
            Err(_) => None,
        };
        compare(
            findings,
            Row {
                table: "upstream_grants",
                id,
            },
            (version, seq),
            row.map(|grant| grant.version),
        );
    }
    for connection in connections::all_live(tx)? {
        unknown(
            findings,
            versions,
            Row {
                table: "connections",
                id: connection.id.as_str(),
            },
        );
        for grant in upstream_grants::of_connection(tx, &connection.id)? {
            unknown(
                findings,
                versions,
                Row {
                    table: "upstream_grants",
                    id: grant.id.as_str(),
                },
            );
        }
    }
    Ok(())
}

fn granted_rows(
    tx: &mut Tx<'_>,
    vault: &Vault,
    versions: &Versions,
    findings: &mut Vec<Finding>,
) -> Result<(), StoreError> {
    for client in clients::all(tx)? {
        let id = client.unverified().id.clone();
        tag(
            findings,
            vault,
            Row {
                table: "clients",
                id: id.as_str(),
            },
            client,
        );
    }
    for provider in providers::all(tx)? {
        let id = provider.unverified().id.clone();
        tag(
            findings,
            vault,
            Row {
                table: "providers",
                id: id.as_str(),
            },
            provider,
        );
    }
    for key in admin_keys::all(tx)? {
        let id = key.unverified().id.clone();
        tag(
            findings,
            vault,
            Row {
                table: "admin_keys",
                id: id.as_str(),
            },
            key,
        );
    }
    for (id, version, seq) in versions.ids("delegations") {
        let row = match id.parse() {
            Ok(id) => delegations::by_id(tx, &id)?,
            Err(_) => None,
        };
        let found = row.as_ref().map(|delegation| delegation.unverified().version);
        compare(
            findings,
            Row {
                table: "delegations",
                id,
            },
            (version, seq),
            found,
        );
    }
    let mut after: Option<UserId> = None;
    loop {
        let page = users::page(tx, after.as_ref(), PAGE)?;
        let Some(last) = page.last() else { return Ok(()) };
        after = Some(last.unverified().id.clone());
        for user in page {
            let id = user.unverified().id.clone();
            for delegation in delegations::of_user(tx, &id)? {
                let delegation_id = delegation.unverified().id.clone();
                let row = Row {
                    table: "delegations",
                    id: delegation_id.as_str(),
                };
                unknown(findings, versions, row);
                tag(findings, vault, row, delegation);
            }
            tag(
                findings,
                vault,
                Row {
                    table: "users",
                    id: id.as_str(),
                },
                user,
            );
        }
    }
}

#[derive(Clone, Copy)]
struct Row<'a> {
    table: &'static str,
    id: &'a str,
}

fn compare(findings: &mut Vec<Finding>, row: Row<'_>, recorded: (i64, i64), found: Option<i64>) {
    let Row { table, id } = row;
    let (version, seq) = recorded;
    let what = match found {
        None if version == 0 => return,
        Some(found) if found == version => return,
        None => format!("row {id} of {table} is gone, but record {seq} left it at version {version}"),
        Some(found) if version == 0 => {
            format!("row {id} of {table} is back at version {found}, but record {seq} removed it")
        }
        Some(found) if found < version => {
            format!(
                "row {id} of {table} was rolled back to version {found}: record {seq} left it at {version}"
            )
        }
        Some(found) => {
            format!("row {id} of {table} is at version {found}, of which the record knows nothing")
        }
    };
    findings.push(Finding { seq: None, what });
}

fn unknown(findings: &mut Vec<Finding>, versions: &Versions, row: Row<'_>) {
    let Row { table, id } = row;
    if versions.of(table, id).is_none() {
        let what = format!("row {id} of {table} is not on the record: it was inserted past the server");
        findings.push(Finding { seq: None, what });
    }
}

fn tag<T: vouchsafe_model::Authority>(
    findings: &mut Vec<Finding>,
    vault: &Vault,
    row: Row<'_>,
    tagged: Tagged<T>,
) {
    if vault.verify(tagged).is_err() {
        let Row { table, id } = row;
        let what = format!("row {id} of {table} was changed past the server: its MAC does not hold");
        findings.push(Finding { seq: None, what });
    }
}

const PAGE: i64 = 500;
