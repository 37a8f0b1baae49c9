//! A person in one browser.

use serde::{Deserialize, Serialize};

use crate::clock::UnixMillis;
use crate::id::{SessionId, UserId};
use crate::sealed::Digest;
use crate::tagged::Authority;
use crate::user::User;

/// A signed-in browser. The cookie holds a random secret; the row holds its keyed digest.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Session {
    /// Id.
    pub id: SessionId,
    /// Who signed in.
    pub user_id: UserId,
    /// Digest of the cookie's secret.
    pub secret: Digest<Self>,
    /// When the person last proved who they are; sensitive actions want this to be recent.
    pub authenticated_at: UnixMillis,
    /// End, whatever happens.
    pub expires_at: UnixMillis,
}

impl Session {
    /// Whether the person proved who they are after an admin last reset the credentials. One that did not is dead, also
    /// if it began while the reset was under way.
    pub fn outlives_reset_of(&self, user: &User) -> bool {
        user.credentials_reset_at
            .is_none_or(|reset| self.authenticated_at > reset)
    }
}

impl Authority for Session {
    const KIND: &'static str = "sessions/1";
}
