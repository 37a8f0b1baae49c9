//! Deleting what has had its time.

use std::time::Duration;

use vouchsafe_store::{
    StoreError, authorization_codes, connect_attempts, interactions, issued_tokens, jobs, replay_ids,
    sessions,
};

use crate::identity_provider::IdentityProvider;

impl IdentityProvider {
    /// Each table in a transaction of its own, so that none is held for long. A failure waits for the next round.
    pub(crate) async fn purge(&self) {
        self.abandon_interrupted().await;
        let store = &self.inner().store;
        let now = self.inner().clock.now();
        let (yesterday, last_week) = (now - DAY, now - 7 * DAY);
        let outcomes: [Result<usize, StoreError>; 7] = [
            store
                .write(move |tx| connect_attempts::purge_expired(tx, yesterday))
                .await,
            // Also for the answer to the same request a moment after a refusal: a cool-down lasts minutes.
            store
                .write(move |tx| interactions::purge_expired(tx, yesterday))
                .await,
            store
                .write(move |tx| authorization_codes::purge_expired(tx, yesterday))
                .await,
            store
                .write(move |tx| issued_tokens::purge_expired(tx, yesterday))
                .await,
            store
                .write(move |tx| sessions::purge_expired(tx, last_week))
                .await,
            store.write(move |tx| replay_ids::purge(tx, yesterday)).await,
            store.write(move |tx| jobs::purge_ended(tx, last_week)).await,
        ];
        for error in outcomes.into_iter().filter_map(Result::err) {
            tracing::warn!(error = %error, "expired rows could not be deleted");
        }
    }
}

const DAY: Duration = Duration::from_secs(24 * 3600);
