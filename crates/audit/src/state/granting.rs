//! Rows under a MAC: genuine, and the very ones that their last events left.

use std::collections::BTreeMap;

use vouchsafe_model::{Authority, Tagged, UserId};
use vouchsafe_store::{
    StoreError, Tx, admin_keys, clients, delegations, identities, providers, user_credentials, users,
};

use super::{Row, State};
use crate::print;

impl State<'_> {
    pub(super) fn granting_rows(&mut self, tx: &mut Tx<'_>) -> Result<(), StoreError> {
        self.tagged("clients", clients::all(tx)?, |client| client.id.to_string());
        self.tagged("providers", providers::all(tx)?, |provider| {
            provider.id.to_string()
        });
        self.tagged("admin_keys", admin_keys::all(tx)?, |key| key.id.to_string());
        let (mut people, mut credentials) = (Vec::new(), Vec::new());
        let (mut known_as, mut delegated) = (BTreeMap::new(), BTreeMap::new());
        let mut after: Option<UserId> = None;
        loop {
            let page = users::page(tx, after.as_ref(), PAGE)?;
            let Some(last) = page.last() else { break };
            after = Some(last.unverified().id.clone());
            for user in page {
                let id = user.unverified().id.clone();
                credentials.extend(user_credentials::of_user(tx, &id)?);
                for identity in identities::of_user(tx, &id)? {
                    let name = print::identity_name(&identity);
                    self.genuine("identities", &name, identity);
                    known_as.insert(name, 1);
                }
                for delegation in delegations::of_user(tx, &id)? {
                    let row = delegation.unverified();
                    let (id, version) = (row.id.to_string(), row.version);
                    self.genuine("delegations", &id, delegation);
                    delegated.insert(id, version);
                }
                people.push(user);
            }
        }
        self.tagged("users", people, |user| user.id.to_string());
        self.tagged("user_credentials", credentials, |credential| {
            credential.user_id.to_string()
        });
        self.left("identities", &known_as);
        self.left("delegations", &delegated);
        Ok(())
    }

    /// All rows of a table, which the record knows by their MACs.
    fn tagged<T: Authority>(
        &mut self,
        table: &'static str,
        rows: Vec<Tagged<T>>,
        name: impl Fn(&T) -> String,
    ) {
        let mut found = BTreeMap::new();
        for row in rows {
            let id = name(row.unverified());
            found.insert(id.clone(), print::tagged(&row));
            self.genuine(table, &id, row);
        }
        for (id, recorded, seq) in self.versions.ids(table) {
            self.print(Row { table, id }, (recorded, seq), found.get(id).copied());
        }
    }

    /// All rows of a table, which the record knows by versions that count up.
    fn left(&mut self, table: &'static str, found: &BTreeMap<String, i64>) {
        for (id, recorded, seq) in self.versions.ids(table) {
            self.version(Row { table, id }, (recorded, seq), found.get(id).copied());
        }
    }

    fn genuine<T: Authority>(&mut self, table: &'static str, id: &str, row: Tagged<T>) {
        self.unknown(Row { table, id });
        if self.vault.verify(row).is_err() {
            self.find(format!(
                "row {id} of {table} was changed past the server: its MAC does not hold"
            ));
        }
    }
}

const PAGE: i64 = 500;
