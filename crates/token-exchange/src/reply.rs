//! What leaves the token endpoint, with the event that must be durable first.

use vouchsafe_audit::{Event, Releasable};
use vouchsafe_oauth_types::TokenResponse;
use vouchsafe_vault::Vault;

/// A token response on its way out. Its event carries the fingerprint of exactly the token that it writes.
pub struct TokenReply {
    response: TokenResponse,
    /// Until it is taken.
    event: Event,
}

impl TokenReply {
    pub(crate) const fn new(response: TokenResponse, event: Event) -> Self {
        Self { response, event }
    }
}

impl Releasable for TokenReply {
    fn event(&mut self, vault: &Vault) -> Event {
        let fingerprint = vault.fingerprint(self.response.access_token.expose());
        self.event
            .take()
            .fact("token_fingerprint", fingerprint.to_string())
            .fact_if(
                "granted_scope",
                self.response.scope.as_ref().map(ToString::to_string),
            )
            .fact_if("expires_in", self.response.expires_in)
    }

    fn write_body(&self, out: &mut Vec<u8>) {
        self.response.write_json(out);
    }
}
