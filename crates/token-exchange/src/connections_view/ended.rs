//! Connections that are dead here: whether the provider has confirmed it.

use std::time::Duration;

use vouchsafe_model::{Connection, ConnectionState, RevocationState, UnixMillis};
use vouchsafe_store::{StoreError, Tx, connections, upstream_revocations};

use super::{EndedView, Look, name_of};
use crate::usability::provider_in_use;

impl Look {
    /// What ended lately, newest first; what the provider has not confirmed stands longer, because the person may have
    /// to do it there by hand.
    pub(super) fn ended(
        &mut self,
        tx: &mut Tx<'_>,
        all: &[Connection],
    ) -> Result<Vec<EndedView>, StoreError> {
        let revoked = all.iter().filter_map(|connection| match connection.state {
            ConnectionState::Revoked { at } if at + UNCONFIRMED_FOR > self.now => Some((at, connection)),
            _ => None,
        });
        let mut revoked: Vec<(UnixMillis, &Connection)> = revoked.collect();
        revoked.sort_by_key(|(at, _)| std::cmp::Reverse(*at));
        let mut ended = Vec::new();
        for (at, connection) in revoked.into_iter().take(MOST) {
            let revocations = upstream_revocations::of_connection(tx, &connection.id);
            let Some(mut revocations) = self.or_left_out(revocations)? else {
                continue;
            };
            let last = revocations.pop();
            let state = match (&last, connections::stored(tx, &connection.id)?) {
                (Some(last), _) => last.state,
                // It ended with everything of somebody, and its turn at the provider is still to come.
                (None, Some(stored)) if stored.state != connection.state => RevocationState::PendingUpstream,
                (None, _) => RevocationState::Abandoned,
            };
            if state == RevocationState::RevokedUpstream && at + CONFIRMED_FOR <= self.now {
                continue;
            }
            let provider = provider_in_use(tx, &self.vault, &connection.provider_id)?;
            ended.push(EndedView {
                id: connection.id.clone(),
                provider_name: name_of(provider.as_ref(), &connection.provider_id),
                account_label: connection.account_label.clone(),
                at,
                state,
                deadline_at: last.map(|last| last.deadline_at),
            });
        }
        Ok(ended)
    }
}

const CONFIRMED_FOR: Duration = Duration::from_secs(24 * 3_600);
const UNCONFIRMED_FOR: Duration = Duration::from_secs(30 * 24 * 3_600);
/// A page stays a page, and each line costs a query.
const MOST: usize = 20;
