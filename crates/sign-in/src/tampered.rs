//! What happens when a stored row does not carry its MAC: nothing of it is used, and it is on the record (AR-04).

use vouchsafe_audit::{Event, EventKind};
use vouchsafe_vault::TagError;

use crate::sign_in::SignIn;

impl SignIn {
    /// Alarms the log and, some times a minute, the record.
    pub(crate) async fn alarm(&self, error: &TagError) {
        let inner = self.inner();
        let kind = match error {
            TagError::KeyUnknown { kind, .. } | TagError::Mismatch { kind } => *kind,
        };
        tracing::error!(
            row.kind = kind,
            "a stored row was changed past the server and is not used"
        );
        let Some(tally) = inner.alarms.admit(Some(kind), inner.clock.now()) else {
            return;
        };
        let event = tally.note(Event::new(EventKind::TamperedRow).fact("row_kind", kind));
        let ledger = inner.ledger.clone();
        let noted = inner.store.write(move |tx| ledger.append(tx, event)).await;
        if let Err(error) = noted {
            tracing::error!(
                error = &error as &dyn std::error::Error,
                "the alarm could not be recorded"
            );
        }
    }
}
