//! The only way out for a token.

use vouchsafe_vault::Vault;

use crate::event::Event;
use crate::ledger::Receipt;

/// Something that may leave once it is on the record.
pub trait Releasable {
    /// The event, from the value itself: it cannot be recorded as something else. Tokens appear as fingerprints. Asked for
    /// once.
    fn event(&mut self, vault: &Vault) -> Event;
    /// The bytes of the response body.
    fn write_body(&self, out: &mut Vec<u8>);
}

/// A value whose event is durable. Made by [`Recorder::release`](crate::Recorder::release) alone; it cannot be mapped,
/// cloned or changed, only written.
pub struct Recorded<T> {
    value: T,
    receipt: Receipt,
}

impl<T: Releasable> Recorded<T> {
    pub(crate) const fn new(value: T, receipt: Receipt) -> Self {
        Self { value, receipt }
    }

    /// The body of the response.
    pub fn body(&self) -> Vec<u8> {
        let mut out = Vec::with_capacity(512);
        self.value.write_body(&mut out);
        out
    }

    /// Names the record.
    pub const fn receipt(&self) -> &Receipt {
        &self.receipt
    }
}
