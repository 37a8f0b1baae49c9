//! Words, ids, texts and times, as the OpenAPI document describes them: exactly as strictly as they are read.

use utoipa::openapi::schema::{ArrayBuilder, KnownFormat, Object, ObjectBuilder, SchemaFormat, Type};
use vouchsafe_model::{
    AdminScope, ClientAuthMethod, ClientStatus, DelegationDecision, ManagedBy, ReconnectReason,
    RevocationState, TypedId, UserStatus,
};
use vouchsafe_oauth_types::GrantType;
use vouchsafe_token_exchange::Obstacle;

use super::users::ERASURE;
use crate::admin::EVERY_SCOPE;

pub(super) fn text(pattern: &str) -> ObjectBuilder {
    ObjectBuilder::new()
        .schema_type(Type::String)
        .pattern(Some(pattern))
}

pub(super) fn words(words: impl IntoIterator<Item = &'static str>) -> ObjectBuilder {
    ObjectBuilder::new()
        .schema_type(Type::String)
        .enum_values(Some(words))
}

fn id_of<T: TypedId>() -> Object {
    text(&format!("^{}_[0-9a-hjkmnp-tv-z]{{26}}$", T::PREFIX)).build()
}

pub(super) fn user_id() -> Object {
    id_of::<vouchsafe_model::UserId>()
}

pub(super) fn connection_id() -> Object {
    id_of::<vouchsafe_model::ConnectionId>()
}

pub(super) fn delegation_id() -> Object {
    id_of::<vouchsafe_model::DelegationId>()
}

pub(super) fn admin_key_id() -> Object {
    id_of::<vouchsafe_model::AdminKeyId>()
}

pub(super) fn record_id() -> Object {
    id_of::<vouchsafe_model::RecordId>()
}

pub(super) fn client_id() -> Object {
    text("^[A-Za-z0-9_-][A-Za-z0-9._-]{0,127}$").build()
}

pub(super) fn provider_id() -> Object {
    text("^[a-z][a-z0-9-]{0,63}$").build()
}

pub(super) fn secret_id() -> Object {
    text("^[0-9a-f]{12}$").build()
}

pub(super) fn username() -> Object {
    text("^[A-Za-z0-9._+@-]{1,128}$").build()
}

/// A name for people.
pub(super) fn display_name() -> Object {
    text("^[^\\u0000-\\u001f\\u007f-\\u009f]+$")
        .max_length(Some(128))
        .build()
}

/// Scopes, at least one, or everything.
pub(super) fn scope_bound() -> Object {
    text(SOME_SCOPE)
        .description(Some(
            "Scopes with single spaces between, or `*` for everything a token can do.",
        ))
        .build()
}

/// What is there: everything, or scopes, perhaps none.
pub(super) fn scope_or_everything() -> Object {
    text(&format!("^$|{SOME_SCOPE}"))
        .description(Some(
            "Scopes with single spaces between, or `*` for everything a token can do.",
        ))
        .build()
}

/// Scopes, perhaps none.
pub(super) fn scope() -> Object {
    text(&format!("^$|{SOME_SCOPE}"))
        .description(Some("Scopes with single spaces between."))
        .build()
}

pub(super) fn time() -> Object {
    ObjectBuilder::new()
        .schema_type(Type::String)
        .format(Some(SchemaFormat::KnownFormat(KnownFormat::DateTime)))
        .build()
}

pub(super) fn user_status() -> Object {
    words([UserStatus::Active, UserStatus::Disabled, UserStatus::Erased].map(UserStatus::as_str)).build()
}

pub(super) fn erasure() -> Object {
    words(ERASURE).build()
}

pub(super) fn client_status() -> Object {
    words([ClientStatus::Active, ClientStatus::Disabled].map(ClientStatus::as_str)).build()
}

pub(super) fn managed_by() -> Object {
    words([ManagedBy::Config, ManagedBy::Admin].map(ManagedBy::as_str))
        .description(Some(
            "Who maintains it: `config` = the configuration file, and this API cannot change it.",
        ))
        .build()
}

pub(super) fn auth_method() -> Object {
    use ClientAuthMethod::{ClientSecretBasic, ClientSecretPost, None};
    words([ClientSecretBasic, ClientSecretPost, None].map(ClientAuthMethod::as_str)).build()
}

pub(super) fn grant_types() -> utoipa::openapi::schema::Array {
    let grants = [GrantType::AuthorizationCode, GrantType::TokenExchange].map(GrantType::as_str);
    ArrayBuilder::new()
        .items(words(grants).build())
        .min_items(Some(1))
        .unique_items(true)
        .build()
}

/// What can be registered, as far as a pattern can tell: https, http on this machine, or a private-use scheme.
pub(super) fn redirect_uris() -> utoipa::openapi::schema::Array {
    let uri = text(&format!(
        r"^(?:https://(?:{NAME}|{IPV4})|http://(?:localhost|127\.0\.0\.1|\[::1\])){PORT}{PATH}$|^{PRIVATE_USE}$"
    ));
    ArrayBuilder::new()
        .items(uri.max_length(Some(2048)).build())
        .build()
}

/// An argon2id PHC string of a cost that this server bears.
pub(super) fn password_hash() -> Object {
    text(&format!(
        r"^\$argon2id\$v=19\$m=(?:[1-9][0-9]{{3,4}}|1[0-4][0-9]{{4}}),t=(?:[1-9]|1[0-6]),p=[1-8]\${SALT}\${HASH}$"
    ))
    .build()
}

pub(super) fn client_ids() -> utoipa::openapi::schema::Array {
    ArrayBuilder::new().items(client_id()).build()
}

pub(super) fn admin_scopes() -> utoipa::openapi::schema::Array {
    ArrayBuilder::new()
        .items(words(EVERY_SCOPE.map(AdminScope::as_str)).build())
        .min_items(Some(1))
        .unique_items(true)
        .build()
}

pub(super) fn connection_state() -> Object {
    words(CONNECTION_STATES).build()
}

pub(super) fn reconnect_reason() -> Object {
    use ReconnectReason::{CredentialsReset, GrantDead, HostsChanged};
    words([GrantDead, HostsChanged, CredentialsReset].map(ReconnectReason::as_str)).build()
}

pub(super) fn obstacle() -> Object {
    use ReconnectReason::{CredentialsReset, GrantDead, HostsChanged};
    let reconnect = [GrantDead, HostsChanged, CredentialsReset].map(Obstacle::Reconnect);
    let all = [Obstacle::Revoked, Obstacle::UserOff, Obstacle::ProviderOff]
        .into_iter()
        .chain(reconnect);
    words(all.map(Obstacle::as_str)).build()
}

pub(super) fn revocation_state() -> Object {
    use RevocationState::{Abandoned, PendingUpstream, RevokedUpstream};
    words([PendingUpstream, RevokedUpstream, Abandoned].map(RevocationState::as_str)).build()
}

pub(super) fn decision() -> Object {
    use DelegationDecision::{Denied, Granted, Revoked, Withdrawn};
    words([Granted, Denied, Withdrawn, Revoked].map(DelegationDecision::as_str)).build()
}

/// The stored names of the states of a connection.
pub(super) const CONNECTION_STATES: [&str; 3] = ["active", "needs_consent", "revoked"];
const NAME: &str =
    "(?:[A-Za-z0-9](?:[A-Za-z0-9-]{0,60}[A-Za-z0-9])?\\.)*[A-Za-z](?:[A-Za-z0-9-]{0,60}[A-Za-z0-9])?";
const IPV4: &str =
    "(?:(?:25[0-5]|2[0-4][0-9]|1[0-9]{2}|[1-9]?[0-9])\\.){3}(?:25[0-5]|2[0-4][0-9]|1[0-9]{2}|[1-9]?[0-9])";
const PORT: &str = "(?::[1-5]?[0-9]{1,4})?";
const PATH: &str = "(?:[/?][A-Za-z0-9._~!$&'()+,;=:@/?%-]*)?";
const PRIVATE_USE: &str = "[a-z][a-z0-9+-]*(?:\\.[a-z0-9+-]+)+:/[A-Za-z0-9._~!$&'()+,;=:@/?%-]*";
/// Base 64 without padding, of 8 to 44 bytes and of 12 to 62 bytes: what is left over in the last digit is zero.
const SALT: &str = "(?:[A-Za-z0-9+/]{10}[AEIMQUYcgkosw048]|(?:[A-Za-z0-9+/]{4}){3,14}(?:[A-Za-z0-9+/][AQgw]|[A-Za-z0-9+/]{2}[AEIMQUYcgkosw048])?)";
const HASH: &str = "(?:[A-Za-z0-9+/]{4}){4,20}(?:[A-Za-z0-9+/][AQgw]|[A-Za-z0-9+/]{2}[AEIMQUYcgkosw048])?";
const SOME_SCOPE: &str = r"^[!#-\[\]-~]+( [!#-\[\]-~]+)*$";
