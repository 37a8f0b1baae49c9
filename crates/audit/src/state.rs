//! Compares today's rows with the record: finds a row that was rolled back, removed, inserted or changed by SQL.

use std::collections::BTreeMap;
use std::str::FromStr;

use vouchsafe_model::{Authority, Delegation, Tagged, UserId};
use vouchsafe_store::{
    StoreError, Tx, admin_keys, authorization_codes, authorizations, clients, connections, delegations,
    issued_tokens, providers, sessions, upstream_grants, user_credentials, users,
};
use vouchsafe_vault::Vault;

use crate::event::{CONNECTION_STATES, mac_version, state_version};
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
    consents_and_ends(tx, vault, versions, &mut findings)?;
    granted_rows(tx, vault, versions, &mut findings)?;
    Ok(findings)
}

fn connections_and_grants(
    tx: &mut Tx<'_>,
    versions: &Versions,
    findings: &mut Vec<Finding>,
) -> Result<(), StoreError> {
    for (id, version, seq) in versions.ids("connections") {
        let found = by_id(findings, id, |id| connections::by_id(tx, &id))?;
        compare(
            findings,
            Row {
                table: "connections",
                id,
            },
            (version, seq),
            found.as_ref().map(|row| row.version),
        );
        if let (Some(row), Some((state, seq))) = (&found, versions.of(CONNECTION_STATES, id))
            && state_version(row) != state
        {
            let what = format!("row {id} of connections is in another state than record {seq} left it in");
            findings.push(Finding { seq: None, what });
        }
    }
    for (id, version, seq) in versions.ids("upstream_grants") {
        let found = by_id(findings, id, |id| upstream_grants::by_id(tx, &id))?;
        compare(
            findings,
            Row {
                table: "upstream_grants",
                id,
            },
            (version, seq),
            found.map(|grant| grant.version),
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

/// Consents at our own server, and what has ended there: it must not count again.
fn consents_and_ends(
    tx: &mut Tx<'_>,
    vault: &Vault,
    versions: &Versions,
    findings: &mut Vec<Finding>,
) -> Result<(), StoreError> {
    for (id, version, seq) in versions.ids("authorizations") {
        let found = by_id(findings, id, |id| authorizations::by_id(tx, &id))?;
        let what = match found {
            Some((row, None)) if mac_version(&row) == version && vault.verify(row.clone()).is_ok() => {
                continue;
            }
            Some(_) => format!(
                "row {id} of authorizations is not the one that record {seq} left: it was put back or replaced"
            ),
            None => format!("row {id} of authorizations is gone, but record {seq} left it there"),
        };
        findings.push(Finding { seq: None, what });
    }
    // Codes and tokens of ours are purged when their time is over; what must not be is one that counts again.
    for (id, version, seq) in versions.ids("authorization_codes") {
        let found = by_id(findings, id, |id| authorization_codes::by_id(tx, &id))?;
        let revived = found.filter(|(_, redeemed_at)| redeemed_at.is_none()).map(|_| 1);
        compare(
            findings,
            Row {
                table: "authorization_codes",
                id,
            },
            (version, seq),
            revived,
        );
    }
    for (id, version, seq) in versions.ids("issued_tokens") {
        let found = by_id(findings, id, |id| issued_tokens::by_id(tx, &id))?;
        let revived = found.filter(|token| token.revoked_at.is_none()).map(|_| 1);
        compare(
            findings,
            Row {
                table: "issued_tokens",
                id,
            },
            (version, seq),
            revived,
        );
    }
    for (id, version, seq) in versions.ids("sessions").filter(|(_, version, _)| *version == 0) {
        let found = by_id(findings, id, |id| sessions::by_id(tx, &id))?;
        let revived = found.filter(|(_, ended_at)| ended_at.is_none()).map(|_| 1);
        compare(
            findings,
            Row {
                table: "sessions",
                id,
            },
            (version, seq),
            revived,
        );
    }
    Ok(())
}

fn granted_rows(
    tx: &mut Tx<'_>,
    vault: &Vault,
    versions: &Versions,
    findings: &mut Vec<Finding>,
) -> Result<(), StoreError> {
    let mut check = Granting {
        vault,
        versions,
        findings,
    };
    check.all("clients", clients::all(tx)?, |client| client.id.to_string());
    check.all("providers", providers::all(tx)?, |provider| {
        provider.id.to_string()
    });
    check.all("admin_keys", admin_keys::all(tx)?, |key| key.id.to_string());
    let (mut people, mut credentials) = (Vec::new(), Vec::new());
    let mut after: Option<UserId> = None;
    loop {
        let page = users::page(tx, after.as_ref(), PAGE)?;
        let Some(last) = page.last() else { break };
        after = Some(last.unverified().id.clone());
        for user in page {
            let id = user.unverified().id.clone();
            credentials.extend(user_credentials::of_user(tx, &id)?);
            for delegation in delegations::of_user(tx, &id)? {
                check.delegation(delegation);
            }
            people.push(user);
        }
    }
    check.all("users", people, |user| user.id.to_string());
    check.all("user_credentials", credentials, |credential| {
        credential.user_id.to_string()
    });
    for (id, version, seq) in versions.ids("delegations") {
        let found = by_id(findings, id, |id| delegations::by_id(tx, &id))?;
        let found = found.as_ref().map(|delegation| delegation.unverified().version);
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
    Ok(())
}

/// Rows under a MAC: genuine, and the very ones that their last events left.
struct Granting<'a> {
    vault: &'a Vault,
    versions: &'a Versions,
    findings: &'a mut Vec<Finding>,
}

impl Granting<'_> {
    fn all<T: Authority>(&mut self, table: &'static str, rows: Vec<Tagged<T>>, name: impl Fn(&T) -> String) {
        let mut seen = BTreeMap::new();
        for row in rows {
            let id = name(row.unverified());
            unknown(self.findings, self.versions, Row { table, id: &id });
            seen.insert(id.clone(), mac_version(&row));
            tag(self.findings, self.vault, Row { table, id: &id }, row);
        }
        for (id, version, seq) in self.versions.ids(table) {
            match seen.get(id) {
                Some(found) if *found != version && version != 0 => {
                    let what = format!(
                        "row {id} of {table} is not the one that record {seq} left: it was put back or replaced"
                    );
                    self.findings.push(Finding { seq: None, what });
                }
                found => {
                    let found = found.copied();
                    compare(self.findings, Row { table, id }, (version, seq), found);
                }
            }
        }
    }

    fn delegation(&mut self, delegation: Tagged<Delegation>) {
        let id = delegation.unverified().id.to_string();
        let row = Row {
            table: "delegations",
            id: &id,
        };
        unknown(self.findings, self.versions, row);
        tag(self.findings, self.vault, row, delegation);
    }
}

/// The row of a recorded id; none when the id cannot be one. A row that cannot be read is a finding, not the end.
fn by_id<I: FromStr, R>(
    findings: &mut Vec<Finding>,
    id: &str,
    find: impl FnOnce(I) -> Result<Option<R>, StoreError>,
) -> Result<Option<R>, StoreError> {
    match id.parse().map_or(Ok(None), find) {
        Err(StoreError::Corrupt { table, what }) => {
            let what = format!("row {id} of {table} cannot be read: {what} is damaged");
            findings.push(Finding { seq: None, what });
            Ok(None)
        }
        found => found,
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

fn tag<T: Authority>(findings: &mut Vec<Finding>, vault: &Vault, row: Row<'_>, tagged: Tagged<T>) {
    if vault.verify(tagged).is_err() {
        let Row { table, id } = row;
        let what = format!("row {id} of {table} was changed past the server: its MAC does not hold");
        findings.push(Finding { seq: None, what });
    }
}

const PAGE: i64 = 500;
