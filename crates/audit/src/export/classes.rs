//! Which class of OCSF each kind of event is of.

use crate::event::EventKind;

/// A class, by the number that the schema gives it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Class {
    Base,
    AccountChange,
    Authentication,
    AuthorizeSession,
    EntityManagement,
    UserAccess,
    ApiActivity,
}

impl Class {
    pub(super) const fn uid(self) -> i32 {
        match self {
            Self::Base => 0,
            Self::AccountChange => 3001,
            Self::Authentication => 3002,
            Self::AuthorizeSession => 3003,
            Self::EntityManagement => 3004,
            Self::UserAccess => 3005,
            Self::ApiActivity => 6003,
        }
    }
}

/// How much somebody should care, by the numbers of the schema.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Severity {
    Informational = 1,
    Low = 2,
    Medium = 3,
    High = 4,
    Critical = 5,
}

/// What an event is.
#[derive(Debug, Clone, Copy)]
pub(super) struct Mapping {
    pub(super) class: Class,
    pub(super) activity: i32,
    pub(super) severity: Severity,
    pub(super) success: bool,
    /// What an entity is, and which facts name it, the best first.
    pub(super) entity: (&'static str, &'static [&'static str]),
}

impl Mapping {
    pub(super) const UNKNOWN: Self = Self::of(Class::Base, OTHER);

    const fn of(class: Class, activity: i32) -> Self {
        Self {
            class,
            activity,
            severity: Severity::Informational,
            success: true,
            entity: ("", &[]),
        }
    }

    const fn entity(activity: i32, kind: &'static str, named: &'static [&'static str]) -> Self {
        Self {
            entity: (kind, named),
            ..Self::of(Class::EntityManagement, activity)
        }
    }

    const fn severity(mut self, severity: Severity) -> Self {
        self.severity = severity;
        self
    }

    const fn failure(mut self, severity: Severity) -> Self {
        self.success = false;
        self.severity(severity)
    }
}

/// The mapping of a kind, by its stable name; `None` for one that this program does not know.
pub(super) fn mapping(event: &str) -> Option<Mapping> {
    let known = EventKind::ALL.iter().find(|kind| kind.as_str() == event)?;
    Some(of_kind(*known))
}

fn of_kind(kind: EventKind) -> Mapping {
    use Class::{AccountChange, ApiActivity, Authentication, AuthorizeSession, UserAccess};
    use EventKind as E;
    use Severity::{Critical, High, Low, Medium};
    let connection = |activity| {
        Mapping::entity(
            activity,
            "connection",
            &["connection_id", "attempt_id", "provider_id"],
        )
    };
    match kind {
        E::TokenExchanged | E::TokenIssued => Mapping::of(AuthorizeSession, ASSIGN),
        E::ExchangeRefused | E::CodeRefused => Mapping::of(AuthorizeSession, ASSIGN).failure(Low),
        E::CodeReplayed => Mapping::of(AuthorizeSession, ASSIGN).failure(High),
        E::ClientAuthenticationFailed | E::SignInFailed => Mapping::of(Authentication, LOGON).failure(Medium),
        E::SessionStarted => Mapping::of(Authentication, LOGON),
        E::SessionEnded => Mapping::of(Authentication, LOGOFF),
        E::AuthorizationGranted | E::DelegationGranted => Mapping::of(UserAccess, ASSIGN),
        E::AuthorizationDenied | E::DelegationDenied | E::DelegationWithdrawn => {
            Mapping::of(UserAccess, REVOKE)
        }
        E::ConnectStarted => connection(OTHER),
        E::ConnectFailed => connection(CREATE).failure(Low),
        E::ConnectionConnected => connection(CREATE),
        E::ConnectionRefreshed => connection(UPDATE),
        E::RefreshFailed => connection(UPDATE).failure(Low),
        E::ConnectionNeedsConsent => connection(SUSPEND).severity(Low),
        E::ConnectionRevoked | E::ConnectionErased => connection(DELETE).severity(Low),
        E::AccessRevoked => {
            Mapping::entity(DELETE, "access", &["user_id", "client_id", "provider_id"]).severity(Medium)
        }
        E::UpstreamRevocation => Mapping::entity(UPDATE, "upstream_revocation", &["revocation_id"]),
        E::InteractionRequested => Mapping::entity(CREATE, "interaction", &["interaction_id"]),
        E::InteractionDecided => Mapping::entity(UPDATE, "interaction", &["interaction_id"]),
        E::ClientChanged => Mapping::entity(UPDATE, "client", &["client_id"]),
        E::ClientDisabled => Mapping::entity(DISABLE, "client", &["client_id"]).severity(Low),
        E::UserChanged => Mapping::of(AccountChange, OTHER),
        E::UserDisabled => Mapping::of(AccountChange, DISABLE_ACCOUNT).severity(Low),
        E::UserErased | E::UserErasureFinished => Mapping::of(AccountChange, DELETE_ACCOUNT).severity(Medium),
        E::ProviderChanged => Mapping::entity(UPDATE, "provider", &["provider_id"]),
        E::ProviderDisabled => Mapping::entity(DISABLE, "provider", &["provider_id"]).severity(Low),
        E::AdminKeyCreated => Mapping::entity(CREATE, "admin_key", &["key_id"]).severity(Low),
        E::AdminKeyDeleted => Mapping::entity(DELETE, "admin_key", &["key_id"]).severity(Low),
        E::AdminRefused => Mapping::of(ApiActivity, OTHER).failure(Medium),
        E::InstanceCreated => Mapping::entity(CREATE, "instance", &["key_id"]),
        E::RecordAdopted => Mapping::entity(OTHER, "record", &["checkpoint_root"]).severity(Critical),
        E::TamperedRow => Mapping::entity(OTHER, "row", &["row", "table", "row_kind"]).severity(Critical),
    }
}

const CREATE: i32 = 1;
const UPDATE: i32 = 3;
const DELETE: i32 = 4;
const DISABLE: i32 = 9;
const SUSPEND: i32 = 12;
const OTHER: i32 = 99;
/// Of Authentication.
const LOGON: i32 = 1;
const LOGOFF: i32 = 2;
/// Of Authorize Session and User Access Management.
const ASSIGN: i32 = 1;
const REVOKE: i32 = 2;
/// Of Account Change.
const DISABLE_ACCOUNT: i32 = 5;
const DELETE_ACCOUNT: i32 = 6;
