//! Rows under a MAC: genuine, and the very ones that their last events left.

use std::collections::BTreeMap;

use vouchsafe_model::{Authority, Tagged, UserId};
use vouchsafe_store::{
    StoreError, Tx, admin_keys, clients, delegations, identities, providers, user_credentials, users,
};

use super::{Row, State};
use crate::print;

impl State<'_> {
    pub(super) fn clients(&mut self, tx: &mut Tx<'_>) -> Result<(), StoreError> {
        let rows = self.all_readable(clients::each(tx)?)?;
        self.tagged("clients", rows, |client| client.id.to_string());
        Ok(())
    }

    pub(super) fn providers(&mut self, tx: &mut Tx<'_>) -> Result<(), StoreError> {
        let rows = self.all_readable(providers::each(tx)?)?;
        self.tagged("providers", rows, |provider| provider.id.to_string());
        Ok(())
    }

    pub(super) fn admin_keys(&mut self, tx: &mut Tx<'_>) -> Result<(), StoreError> {
        let rows = self.all_readable(admin_keys::each(tx)?)?;
        self.tagged("admin_keys", rows, |key| key.id.to_string());
        Ok(())
    }

    /// Users, and what is theirs.
    pub(super) fn people(&mut self, tx: &mut Tx<'_>) -> Result<(), StoreError> {
        let (mut people, mut credentials) = (Vec::new(), Vec::new());
        let (mut known_as, mut delegated) = (BTreeMap::new(), BTreeMap::new());
        let mut after = String::new();
        loop {
            let page = users::each_after(tx, &after, PAGE)?;
            let Some((last, _)) = page.last() else { break };
            after.clone_from(last);
            for (id, user) in page {
                people.extend(self.readable(user)?);
                let Ok(id) = id.parse::<UserId>() else { continue };
                let credential = user_credentials::of_user(tx, &id);
                credentials.extend(self.readable(credential)?.flatten());
                let identities = identities::each_of_user(tx, &id)?;
                for identity in self.all_readable(identities)? {
                    let name = print::identity_name(&identity);
                    self.genuine("identities", &name, identity);
                    known_as.insert(name, 1);
                }
                let delegations = delegations::each_of_user(tx, &id)?;
                for delegation in self.all_readable(delegations)? {
                    let row = delegation.unverified();
                    let (id, version) = (row.id.to_string(), row.version);
                    self.genuine("delegations", &id, delegation);
                    delegated.insert(id, version);
                }
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
