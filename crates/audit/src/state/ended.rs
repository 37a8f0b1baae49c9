//! What has ended must not count again; what waits for a person must say what was asked.

use std::collections::BTreeMap;

use vouchsafe_store::{
    StoreError, Tx, authorization_codes, authorizations, interactions, issued_tokens, revoked_access,
    sessions,
};

use super::{Row, State};
use crate::event::{INTERACTION_ENDS, REVOKED_ACCESS};
use crate::print;

impl State<'_> {
    pub(super) fn what_has_ended(&mut self, tx: &mut Tx<'_>) -> Result<(), StoreError> {
        let versions = self.versions;
        for (id, version, seq) in versions.ids("authorizations") {
            let found = self.by_id(id, |id| authorizations::by_id(tx, &id))?;
            let row = Row {
                table: "authorizations",
                id,
            };
            // Nothing withdraws one yet: a mark that says so came from elsewhere, and so did a row without its MAC.
            let found = found.map(|(row, withdrawn_at)| {
                let genuine = withdrawn_at.is_none() && self.vault.verify(row.clone()).is_ok();
                if genuine { print::tagged(&row) } else { -1 }
            });
            self.print(row, (version, seq), found);
        }
        // Codes, tokens and sessions of ours are purged when their time is over; what must not be is one that counts
        // again.
        for (id, version, seq) in versions.ids("authorization_codes") {
            let found = self.by_id(id, |id| authorization_codes::by_id(tx, &id))?;
            let revived = found.filter(|(_, redeemed_at)| redeemed_at.is_none()).map(|_| 1);
            let row = Row {
                table: "authorization_codes",
                id,
            };
            self.version(row, (version, seq), revived);
        }
        for (id, version, seq) in versions.ids("issued_tokens") {
            let found = self.by_id(id, |id| issued_tokens::by_id(tx, &id))?;
            let revived = found.filter(|token| token.revoked_at.is_none()).map(|_| 1);
            let row = Row {
                table: "issued_tokens",
                id,
            };
            self.version(row, (version, seq), revived);
        }
        for (id, version, seq) in versions.ids("sessions").filter(|(_, version, _)| *version == 0) {
            let found = self.by_id(id, |id| sessions::by_id(tx, &id))?;
            let revived = found.filter(|(_, ended_at)| ended_at.is_none()).map(|_| 1);
            let row = Row {
                table: "sessions",
                id,
            };
            self.version(row, (version, seq), revived);
        }
        Ok(())
    }

    /// Without its row, what was revoked with everything of somebody would live again until a job has come to it.
    pub(super) fn revoked_access(&mut self, tx: &mut Tx<'_>) -> Result<(), StoreError> {
        let found: BTreeMap<_, _> = revoked_access::all(tx)?.into_iter().collect();
        for (id, recorded, seq) in self.versions.ids(REVOKED_ACCESS) {
            let row = Row {
                table: REVOKED_ACCESS,
                id,
            };
            self.print(row, (recorded, seq), found.get(id).map(|at| at.0));
        }
        for id in found.keys() {
            self.unknown(Row {
                table: REVOKED_ACCESS,
                id,
            });
        }
        Ok(())
    }

    pub(super) fn interactions(&mut self, tx: &mut Tx<'_>) -> Result<(), StoreError> {
        let versions = self.versions;
        for (id, recorded, seq) in versions.ids("interactions") {
            let found = self.by_id(id, |id| interactions::by_id(tx, &id))?;
            let over = versions
                .of(INTERACTION_ENDS, id)
                .is_some_and(|(end, _)| end <= self.now.0);
            if over && found.is_none() {
                continue;
            }
            let row = Row {
                table: "interactions",
                id,
            };
            self.print(row, (recorded, seq), found.as_ref().map(print::interaction));
        }
        let pending = interactions::each_pending(tx)?;
        for interaction in self.all_readable(pending)? {
            let id = interaction.id.as_str();
            self.unknown(Row {
                table: "interactions",
                id,
            });
        }
        Ok(())
    }
}
