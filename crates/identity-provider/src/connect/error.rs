//! Why a flow does not end in a connection.

use vouchsafe_store::StoreError;
use vouchsafe_vault::VaultError;

use crate::catalogue::CatalogueError;
use crate::identity_provider::Transient;
use crate::provider::ProviderError;

/// Why there is no connection. In every case nothing was stored that could be used. No variant shows what the provider
/// or the browser sent (UP-07).
#[derive(Debug, thiserror::Error)]
pub enum ConnectError {
    /// No enabled provider of this name.
    #[error("there is no such provider")]
    ProviderNotFound,
    /// The connection to renew is not this user's, not at this provider, or revoked (AR-06).
    #[error("there is no such connection")]
    ConnectionNotFound,
    /// The entry cannot be used for this.
    #[error("the provider's entry cannot be used for this")]
    Misconfigured(#[source] CatalogueError),
    /// The provider's row cannot be used.
    #[error("the provider cannot be used")]
    Provider(#[source] ProviderError),
    /// State, cookie, session, user and provider do not belong together: another browser, another person, or nobody's
    /// flow. Nothing was changed.
    #[error("this browser did not start this flow")]
    NotThisBrowser,
    /// It took too long.
    #[error("the flow has expired")]
    Expired,
    /// The same callback came before.
    #[error("the flow has already ended")]
    AlreadyFinished,
    /// The provider sent the browser back with an error.
    #[error("the provider did not grant access")]
    Refused(ProviderRefusal),
    /// `iss` is missing or another one (RFC 9207): the code was not redeemed.
    #[error("the answer does not come from the expected issuer")]
    IssuerMismatch,
    /// The operator changed the provider while the browser was away.
    #[error("the provider was changed during the flow")]
    ProviderChanged,
    /// Something the flow rests on was revoked, disabled or withdrawn while it ran (AR-19).
    #[error("something this flow rests on has changed")]
    AuthorityChanged,
    /// The provider did not redeem the code.
    #[error("the provider did not redeem the code")]
    NotRedeemed,
    /// The provider could not be reached, or did not answer.
    #[error("the provider could not answer")]
    UpstreamUnavailable,
    /// Whose account it is cannot be told, or not believed.
    #[error("the account could not be verified")]
    IdentityUnverified,
    /// Access was granted, but the provider could not yet tell whose account it is: this goes on by itself.
    #[error("the account is still being verified")]
    IdentityPending,
    /// Renewing brought back another account (UP-17).
    #[error("this is another account")]
    DifferentAccount,
    /// Another user has connected this account (CL-12).
    #[error("another user has connected this account")]
    AccountTaken,
    /// The database failed.
    #[error("the database failed")]
    Store(#[from] StoreError),
    /// A secret does not open.
    #[error("a secret of the flow does not open")]
    Vault(#[from] VaultError),
    /// The task that ran the flow was stopped.
    #[error("the flow was interrupted")]
    Interrupted,
}

/// What the provider's error says, without its words.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ProviderRefusal {
    /// The person said no.
    Declined,
    /// It may work later.
    Temporary,
    /// Anything else.
    Other,
}

impl ProviderRefusal {
    /// Reads `error` (RFC 6749 section 4.1.2.1, OpenID Connect Core section 3.1.2.6).
    pub(super) fn of(error: &str) -> Self {
        match error {
            "access_denied" | "consent_required" | "interaction_required" | "login_required" => {
                Self::Declined
            }
            "server_error" | "temporarily_unavailable" => Self::Temporary,
            _ => Self::Other,
        }
    }
}

impl ConnectError {
    /// A fixed word for the record.
    pub const fn reason(&self) -> &'static str {
        match self {
            Self::ProviderNotFound => "provider_not_found",
            Self::ConnectionNotFound => "connection_not_found",
            Self::Misconfigured(_) | Self::Provider(_) => "misconfigured",
            Self::NotThisBrowser => "not_this_browser",
            Self::Expired => "expired",
            Self::AlreadyFinished => "already_finished",
            Self::Refused(ProviderRefusal::Declined) => "declined",
            Self::Refused(ProviderRefusal::Temporary) => "refused_temporarily",
            Self::Refused(ProviderRefusal::Other) => "refused",
            Self::IssuerMismatch => "issuer_mismatch",
            Self::ProviderChanged => "provider_changed",
            Self::AuthorityChanged => "authority_changed",
            Self::NotRedeemed => "not_redeemed",
            Self::UpstreamUnavailable => "upstream_unavailable",
            Self::IdentityUnverified => "identity_unverified",
            Self::IdentityPending => "identity_pending",
            Self::DifferentAccount => "different_account",
            Self::AccountTaken => "account_taken",
            Self::Store(_) => "store",
            Self::Vault(_) => "vault",
            Self::Interrupted => "interrupted",
        }
    }
}

impl Transient for ConnectError {
    fn is_transient(&self) -> bool {
        matches!(self, Self::Store(error) if error.is_transient())
    }
}

impl From<ProviderError> for ConnectError {
    fn from(error: ProviderError) -> Self {
        match error {
            ProviderError::Store(error) => Self::Store(error),
            ProviderError::Secret(error) => Self::Vault(error),
            ProviderError::NotFound => Self::ProviderNotFound,
            error => Self::Provider(error),
        }
    }
}
