//! How a token request is refused: what the caller is told, and what only we know.

use std::time::Duration;

use vouchsafe_audit::ReleaseError;
use vouchsafe_oauth_types::{ErrorCode, ErrorResponse, InteractionHint, TokenRequestError};
use vouchsafe_store::StoreError;

/// What the transport must do with a refusal. Status codes are the server's business.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RefusalKind {
    /// The request is at fault.
    BadRequest,
    /// Client authentication failed; with a challenge when HTTP Basic was tried.
    ClientAuthentication {
        /// Whether `Authorization` was used.
        basic: bool,
    },
    /// Client authentication failed, and too often from there.
    Throttled {
        /// For `Retry-After`.
        retry_after: Duration,
    },
    /// Nothing is wrong with the request; it may be sent again after this long.
    Unavailable {
        /// For `Retry-After`.
        retry_after: Duration,
    },
}

/// A refused token request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TokenRefusal {
    /// The body.
    pub response: ErrorResponse,
    /// What the transport must do.
    pub kind: RefusalKind,
    /// Why, for the record and the log; never for the caller.
    pub reason: Reason,
}

macro_rules! reasons {
    ($($(#[$doc:meta])* $variant:ident = $text:literal => $code:ident, $description:literal;)+) => {
        /// Why a token request was refused. The text is stable and stands on the record.
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        pub enum Reason {
            $($(#[$doc])* $variant,)+
            /// The request itself is malformed.
            Malformed(TokenRequestError),
        }

        impl Reason {
            /// The stable text.
            pub const fn as_str(self) -> &'static str {
                match self {
                    $(Self::$variant => $text,)+
                    Self::Malformed(_) => "malformed_request",
                }
            }

            /// What the caller is told. Reasons that must look alike share code and sentence.
            pub fn response(self) -> ErrorResponse {
                match self {
                    $(Self::$variant => ErrorResponse::new(ErrorCode::$code, $description),)+
                    Self::Malformed(error) => ErrorResponse::new(error.error_code(), error.description()),
                }
            }
        }
    };
}

reasons! {
    /// More than one way of authenticating at once.
    SeveralAuthenticationMethods = "several_authentication_methods" => InvalidRequest, "use one client authentication method, not several";
    /// `client_id` in the body names another client.
    ClientIdMismatch = "client_id_mismatch" => InvalidRequest, "client_id does not belong to the authenticated client";
    /// No credentials, or credentials that cannot be read.
    NoCredentials = "no_credentials" => InvalidClient, "client authentication failed";
    /// Unknown client.
    UnknownClient = "unknown_client" => InvalidClient, "client authentication failed";
    /// The client is disabled.
    ClientDisabled = "client_disabled" => InvalidClient, "client authentication failed";
    /// The row's MAC does not hold.
    ClientTampered = "client_tampered" => InvalidClient, "client authentication failed";
    /// Wrong secret.
    WrongSecret = "wrong_secret" => InvalidClient, "client authentication failed";
    /// Not the registered method.
    WrongMethod = "wrong_authentication_method" => InvalidClient, "client authentication failed";
    /// The grant is not registered for this client.
    GrantNotAllowed = "grant_not_allowed" => UnauthorizedClient, "this client is not registered for this grant";
    /// A public client asks for an exchange.
    PublicClient = "public_client" => UnauthorizedClient, "token exchange needs a client that authenticates";
    /// The grant is off.
    GrantDisabled = "grant_disabled" => UnsupportedGrantType, "this grant_type is not supported; see grant_types_supported in the metadata";
    /// A token type we know but do not accept here.
    SubjectTypeNotAccepted = "subject_token_type_not_accepted" => InvalidRequest, "subject_token_type is not a token type this server accepts";
    /// The same for actors.
    ActorTypeNotAccepted = "actor_token_type_not_accepted" => InvalidRequest, "actor_token_type is not a token type this server accepts";
    /// A requested type that is not issued here.
    RequestedTypeNotIssued = "requested_token_type_not_issued" => InvalidRequest, "requested_token_type is not issued for this target; omit it or ask for an access token";
    /// The subject token does not verify, or is no token of the declared type.
    SubjectInvalid = "subject_token_invalid" => InvalidRequest, "subject_token is not valid";
    /// Expired.
    SubjectExpired = "subject_token_expired" => InvalidRequest, "subject_token is not valid";
    /// Revoked, or what it rests on has ended.
    SubjectRevoked = "subject_token_revoked" => InvalidRequest, "subject_token is not valid";
    /// Its user is disabled or gone.
    SubjectUserDisabled = "subject_user_disabled" => InvalidRequest, "subject_token is not valid";
    /// Presented by a client that it was not issued to or meant for.
    SubjectPresenter = "subject_token_presenter" => InvalidRequest, "subject_token is not valid";
    /// The actor token does not verify.
    ActorInvalid = "actor_token_invalid" => InvalidRequest, "actor_token is not valid";
    /// The actor is not the one that `may_act` names.
    ActorNotAllowed = "actor_not_allowed" => InvalidRequest, "the actor may not act for this subject";
    /// The chain of actors would be too long.
    ActorChainTooLong = "actor_chain_too_long" => InvalidRequest, "the chain of actors is too long";
    /// Neither audience nor resource.
    NoTarget = "no_target" => InvalidTarget, "the target is unknown or not allowed for this client";
    /// Unknown target.
    UnknownTarget = "unknown_target" => InvalidTarget, "the target is unknown or not allowed for this client";
    /// A target outside the client's allow-list.
    ForbiddenTarget = "forbidden_target" => InvalidTarget, "the target is unknown or not allowed for this client";
    /// Two targets that are not one.
    SeveralTargets = "several_targets" => InvalidTarget, "the target is unknown or not allowed for this client";
    /// The raw token would live without bound, or could not be revoked.
    RawNotAllowed = "raw_not_allowed" => InvalidTarget, "the target is unknown or not allowed for this client";
    /// Scope beyond the client's ceiling.
    ScopeBeyondCeiling = "scope_beyond_ceiling" => InvalidScope, "the scope is beyond what this client may be given";
    /// The provider cannot narrow, and what the token can do is more than may be released.
    CannotNarrow = "cannot_narrow" => InvalidScope, "the provider cannot issue a token for exactly this scope";
    /// The user refused a short while ago.
    RecentlyDenied = "recently_denied" => AccessDenied, "the user refused; do not ask again for some minutes";
    /// A person must act.
    InteractionRequired = "interaction_required" => InteractionRequired, "a person must act: open interaction_uri, then send the same request again";
    /// The code is unknown, expired, another client's, or already used.
    CodeInvalid = "code_invalid" => InvalidGrant, "the code is invalid, expired or already used";
    /// The code was redeemed before.
    CodeReplayed = "code_replayed" => InvalidGrant, "the code is invalid, expired or already used";
    /// `redirect_uri` is not the one the code was sent to.
    RedirectUriMismatch = "redirect_uri_mismatch" => InvalidGrant, "the code is invalid, expired or already used";
    /// `code_verifier` is missing or wrong.
    VerifierMismatch = "verifier_mismatch" => InvalidGrant, "the code is invalid, expired or already used";
    /// The provider is not reachable or misbehaves.
    UpstreamUnavailable = "upstream_unavailable" => TemporarilyUnavailable, "the provider is not available right now; try again";
    /// The provider refuses *us*: the operator must act.
    UpstreamMisconfigured = "upstream_misconfigured" => TemporarilyUnavailable, "the provider is not available right now; try again";
    /// Our own database or record.
    Unavailable = "unavailable" => TemporarilyUnavailable, "the server cannot complete the request right now; try again";
    /// Authority kept changing while we decided.
    KeptChanging = "kept_changing" => TemporarilyUnavailable, "the server cannot complete the request right now; try again";
}

impl Reason {
    /// The refusal for this reason.
    pub fn refusal(self) -> TokenRefusal {
        let response = self.response();
        let kind = match response.error {
            ErrorCode::InvalidClient => RefusalKind::ClientAuthentication { basic: false },
            ErrorCode::TemporarilyUnavailable => RefusalKind::Unavailable {
                retry_after: DEFAULT_RETRY,
            },
            _ => RefusalKind::BadRequest,
        };
        TokenRefusal {
            response,
            kind,
            reason: self,
        }
    }
}

impl TokenRefusal {
    /// The same refusal of a client, one too many from where it came. The record still says what was wrong.
    ///
    /// `slow_down` and not `invalid_client`: for that, RFC 6749 section 5.2 wants a 401 where Basic was tried, and there
    /// are clients that throw their registration away when they read it. 429 with `Retry-After` is what HTTP clients
    /// wait for by themselves; `slow_down` is registered (RFC 8628) and makes nobody discard anything.
    pub(crate) fn throttled(self, retry_after: Duration) -> Self {
        Self {
            response: ErrorResponse::new(
                ErrorCode::SlowDown,
                "client authentication failed too often from here; check the client's credentials, then wait",
            ),
            kind: RefusalKind::Throttled { retry_after },
            reason: self.reason,
        }
    }

    /// A person must act, here.
    pub(crate) fn interaction(hint: InteractionHint) -> Self {
        let mut refusal = Reason::InteractionRequired.refusal();
        refusal.response.interaction = Some(hint);
        refusal
    }

    /// The same with another pause.
    pub(crate) fn retry_after(mut self, pause: Option<Duration>) -> Self {
        if let (RefusalKind::Unavailable { retry_after }, Some(pause)) = (&mut self.kind, pause) {
            *retry_after = pause.clamp(Duration::from_secs(1), Duration::from_secs(300));
        }
        self
    }
}

impl From<Reason> for TokenRefusal {
    fn from(reason: Reason) -> Self {
        reason.refusal()
    }
}

impl From<TokenRequestError> for TokenRefusal {
    fn from(error: TokenRequestError) -> Self {
        Reason::Malformed(error).refusal()
    }
}

/// The store failed: logged here, once; the caller learns only that it may try again.
pub(crate) fn unavailable(error: &StoreError) -> TokenRefusal {
    tracing::error!(error = %error, "the store failed, and a token request was refused");
    Reason::Unavailable.refusal()
}

/// A release failed for a reason other than a stale decision.
pub(crate) fn release_failed(error: &ReleaseError) -> TokenRefusal {
    match error {
        ReleaseError::Unavailable(error) => unavailable(error),
        ReleaseError::Stale => Reason::KeptChanging.refusal(),
        ReleaseError::Replayed => Reason::SubjectInvalid.refusal(),
        ReleaseError::Lost => Reason::CodeReplayed.refusal(),
    }
}

const DEFAULT_RETRY: Duration = Duration::from_secs(5);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn te_2_1_1_04__unknown_and_forbidden_targets_look_alike() {
        for reason in [
            Reason::ForbiddenTarget,
            Reason::SeveralTargets,
            Reason::NoTarget,
            Reason::RawNotAllowed,
        ] {
            assert_eq!(
                reason.response().to_json(),
                Reason::UnknownTarget.response().to_json()
            );
        }
    }

    #[test]
    fn tok_5_2_04__an_unknown_client_looks_like_a_wrong_secret() {
        for reason in [
            Reason::UnknownClient,
            Reason::ClientDisabled,
            Reason::ClientTampered,
            Reason::WrongMethod,
        ] {
            assert_eq!(
                reason.response().to_json(),
                Reason::WrongSecret.response().to_json()
            );
        }
    }

    #[test]
    fn te_2_2_2_01__a_bad_subject_token_is_an_invalid_request_and_says_no_more() {
        for reason in [
            Reason::SubjectExpired,
            Reason::SubjectRevoked,
            Reason::SubjectUserDisabled,
            Reason::SubjectPresenter,
        ] {
            assert_eq!(
                reason.response().to_json(),
                Reason::SubjectInvalid.response().to_json()
            );
            assert_eq!(reason.response().error, ErrorCode::InvalidRequest);
        }
    }
}
