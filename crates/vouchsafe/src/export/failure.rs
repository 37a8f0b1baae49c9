//! Why entries did not arrive.

use std::io;
use std::time::Duration;

use vouchsafe_identity_provider::EgressFailureKind;

use crate::files;

/// What is written down and logged: it names no address and nothing that was sent.
#[derive(Debug, thiserror::Error)]
pub(super) enum Failure {
    /// The file.
    #[error("the file cannot be written ({}): check its folder, its owner and the space that is left", files::words(.0.kind()))]
    File(#[source] io::Error),
    /// The file is not ours.
    #[error("the file does not end with an entry of an export: name another one")]
    ForeignFile,
    /// The receiver is not there.
    #[error("no connection ({}): check the address and that the receiver listens", files::words(.0.kind()))]
    Connect(#[source] io::Error),
    /// The receiver was there.
    #[error("the connection broke ({})", files::words(.0.kind()))]
    Broken(#[source] io::Error),
    /// The other side closed.
    #[error("the receiver closed the connection")]
    Closed,
    /// Nothing moved.
    #[error("the deadline passed")]
    Deadline,
    /// The call of a webhook failed.
    #[error("{0}: check `url`, and `egress.internal_hosts` if it is inside your network")]
    Call(EgressFailureKind),
    /// The webhook answered.
    #[error("the receiver answered {status}")]
    Status {
        /// With this.
        status: u16,
        /// And wants to be left alone for this long.
        retry_after: Option<Duration>,
    },
}

impl Failure {
    /// How long the receiver wants to be left alone.
    pub(super) const fn retry_after(&self) -> Option<Duration> {
        match self {
            Self::Status { retry_after, .. } => *retry_after,
            _ => None,
        }
    }
}
