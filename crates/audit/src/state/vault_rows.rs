//! What the vault holds: connections, grants, access tokens, the keys that seal them, and what waits to be revoked.

use std::collections::BTreeMap;

use vouchsafe_model::{Connection, UpstreamGrant};
use vouchsafe_store::{
    StoreError, Tx, access_tokens, connections, data_keys, upstream_grants, upstream_revocations,
};

use super::{Row, State};
use crate::event::{CONNECTION_PRINTS, GRANT_PRINTS};
use crate::print;

impl State<'_> {
    pub(super) fn connections_and_grants(&mut self, tx: &mut Tx<'_>) -> Result<(), StoreError> {
        let versions = self.versions;
        for (id, version, seq) in versions.ids("connections") {
            let found = self.by_id(id, |id| connections::stored(tx, &id))?;
            let row = Row {
                table: "connections",
                id,
            };
            self.version(row, (version, seq), found.as_ref().map(|row| row.version));
            let found = found.filter(|found| found.version == version);
            self.edited(row, CONNECTION_PRINTS, found.as_ref().map(print::connection));
        }
        for (id, version, seq) in versions.ids("upstream_grants") {
            let found = self.by_id(id, |id| upstream_grants::by_id(tx, &id))?;
            let row = Row {
                table: "upstream_grants",
                id,
            };
            self.version(row, (version, seq), found.as_ref().map(|grant| grant.version));
            let found = found.filter(|found| found.version == version);
            self.edited(row, GRANT_PRINTS, found.as_ref().map(print::upstream_grant));
        }
        let live = connections::each_live(tx)?;
        for connection in self.all_readable(live)? {
            let id = connection.id.as_str();
            self.unknown(Row {
                table: "connections",
                id,
            });
            let grants = upstream_grants::each_of_connection(tx, &connection.id)?;
            for grant in self.all_readable(grants)? {
                let id = grant.id.as_str();
                self.unknown(Row {
                    table: "upstream_grants",
                    id,
                });
                self.data_key(tx, &connection, &grant)?;
            }
        }
        Ok(())
    }

    /// A row at its recorded version that says something else.
    fn edited(&mut self, row: Row<'_>, prints: &str, found: Option<i64>) {
        let Row { table, id } = row;
        if let (Some(found), Some((print, seq))) = (found, self.versions.of(prints, id))
            && found != print
        {
            self.find(format!(
                "row {id} of {table} was changed past the server: record {seq} left it otherwise"
            ));
        }
    }

    /// Without its key a grant is lost.
    fn data_key(
        &mut self,
        tx: &mut Tx<'_>,
        connection: &Connection,
        grant: &UpstreamGrant,
    ) -> Result<(), StoreError> {
        let (id, owner) = (&grant.data_key_id, &connection.id);
        let key = data_keys::by_id(tx, id);
        match self.readable(key)?.flatten() {
            None if self.damaged.contains(&("data_keys", id.to_string())) => {}
            None => self.find(format!(
                "row {id} of data_keys is gone: what it sealed for connection {owner} is lost"
            )),
            Some(key) if key.connection_id != *owner || self.vault.open_data_key(&key).is_err() => {
                self.find(format!(
                    "row {id} of data_keys was changed past the server: it does not open"
                ));
            }
            Some(_) => {}
        }
        Ok(())
    }

    /// The record knows them by the place that each takes; findings name the row too when there is one.
    pub(super) fn access_tokens(&mut self, tx: &mut Tx<'_>) -> Result<(), StoreError> {
        let mut found = BTreeMap::new();
        let tokens = access_tokens::each(tx)?;
        for token in self.all_readable(tokens)? {
            found.insert(print::slot(&token), token);
        }
        let versions = self.versions;
        for (slot, recorded, seq) in versions.ids("access_tokens") {
            let grant_lives = versions
                .of("upstream_grants", print::grant_of_slot(slot))
                .is_some_and(|(version, _)| version != 0);
            let recorded = if grant_lives { recorded } else { 0 };
            let token = found.remove(slot);
            let name = token.as_ref().map_or(slot, |token| token.id.as_str());
            let row = Row {
                table: "access_tokens",
                id: name,
            };
            self.print(row, (recorded, seq), token.as_ref().map(print::access_token));
        }
        for token in found.into_values() {
            self.find(format!(
                "row {} of access_tokens is not on the record: it was inserted past the server",
                token.id
            ));
        }
        Ok(())
    }

    pub(super) fn upstream_revocations(&mut self, tx: &mut Tx<'_>) -> Result<(), StoreError> {
        for (id, state, seq) in self.versions.ids("upstream_revocations") {
            let found = self.by_id(id, |id| upstream_revocations::by_id(tx, &id))?;
            let row = Row {
                table: "upstream_revocations",
                id,
            };
            let found = found.as_ref().map(|found| print::revocation_state(found.state));
            self.print(row, (state, seq), found);
        }
        Ok(())
    }
}
