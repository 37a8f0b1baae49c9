//! Revoking everything of a user, a client or a provider in one call.

use super::operation::Operation;

pub(super) const OPERATIONS: &[Operation] = &[];
