//! What the admin API's bodies have in common: words, ids and times, as they are written and as the OpenAPI document
//! describes them.

use std::fmt;
use std::marker::PhantomData;

use serde::de::value::MapAccessDeserializer;
use serde::de::{MapAccess, Visitor};
use serde::{Deserialize, Deserializer, Serializer};
use utoipa::openapi::schema::{ArrayBuilder, KnownFormat, Object, ObjectBuilder, SchemaFormat, Type};
use vouchsafe_model::{
    AdminScope, ClientAuthMethod, ClientStatus, DelegationDecision, ManagedBy, ReconnectReason,
    RevocationState, ScopeBound, TypedId, UserStatus,
};
use vouchsafe_oauth_types::{GrantType, Scope};

use crate::admin::EVERY_SCOPE;

/// Declares the body of a list: items, and the cursor of the next page.
macro_rules! list_of {
    ($name:ident, $item:ty, $what:literal) => {
        #[doc = concat!("A page of ", $what, ".")]
        #[derive(serde::Serialize, utoipa::ToSchema)]
        pub(crate) struct $name {
            /// In order of id.
            pub(crate) items: Vec<$item>,
            /// The `cursor` of the next page; absent on the last. A page may have fewer items than `limit`, even none, and
            /// still have one.
            #[serde(skip_serializing_if = "Option::is_none")]
            #[schema(nullable = false)]
            pub(crate) next_cursor: Option<String>,
        }

        impl $name {
            pub(crate) fn of<T>(page: vouchsafe_store::Page<T>, wire: impl FnMut(T) -> $item) -> Self {
                Self {
                    items: page.items.into_iter().map(wire).collect(),
                    next_cursor: page.next,
                }
            }
        }
    };
}
pub(super) use list_of;

/// An object and nothing else: serde would read an array as the fields of a struct in their order.
pub(super) struct Strict<T>(pub(super) T);

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Strict<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Members<T>(PhantomData<T>);

        impl<'de, T: Deserialize<'de>> Visitor<'de> for Members<T> {
            type Value = T;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, members: A) -> Result<T, A::Error> {
                T::deserialize(MapAccessDeserializer::new(members))
            }
        }

        deserializer.deserialize_map(Members(PhantomData)).map(Self)
    }
}

/// An array of objects.
pub(super) fn objects<'de, T: Deserialize<'de>, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<Vec<T>, D::Error> {
    let objects = Vec::<Strict<T>>::deserialize(deserializer)?;
    Ok(objects.into_iter().map(|Strict(object)| object).collect())
}

/// An array of objects that may be absent.
pub(super) fn objects_if_present<'de, T: Deserialize<'de>, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<Option<Vec<T>>, D::Error> {
    objects(deserializer).map(Some)
}

/// A field that may be absent, but not `null`: absent means unchanged, and `null` could be meant as anything.
pub(crate) fn present<'de, T: Deserialize<'de>, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<Option<T>, D::Error> {
    T::deserialize(deserializer).map(Some)
}

/// A whole number that may be absent. JSON has one kind of number: `30.0` is thirty.
pub(super) fn whole_if_present<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<i64>, D::Error> {
    let number = serde_json::Number::deserialize(deserializer)?;
    let whole = number.as_i64().or_else(|| {
        let float = number.as_f64().filter(|float| float.fract() == 0.0)?;
        format!("{float:.0}").parse().ok()
    });
    let wrong = || serde::de::Error::custom("expected a whole number");
    whole.map(Some).ok_or_else(wrong)
}

/// How much, in one text: `*` = everything a token can do, otherwise scopes.
pub(super) fn bound_text(bound: &ScopeBound) -> String {
    match bound {
        ScopeBound::Everything => "*".to_owned(),
        ScopeBound::Scopes(scope) => scope.to_string(),
    }
}

/// Writes it as such a text.
pub(super) fn write_bound<S: Serializer>(bound: &ScopeBound, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(&bound_text(bound))
}

/// Writes such a text where there is one.
#[expect(clippy::ref_option, reason = "serde hands over a reference to the field")]
pub(super) fn write_bound_if_present<S: Serializer>(
    bound: &Option<ScopeBound>,
    serializer: S,
) -> Result<S::Ok, S::Error> {
    match bound {
        Some(bound) => write_bound(bound, serializer),
        None => serializer.serialize_none(),
    }
}

/// Reads such a text.
pub(super) fn bound<'de, D: Deserializer<'de>>(deserializer: D) -> Result<ScopeBound, D::Error> {
    let text = String::deserialize(deserializer)?;
    read_bound(&text).map_err(serde::de::Error::custom)
}

/// Reads such a text where it may be absent.
pub(super) fn bound_if_present<'de, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<Option<ScopeBound>, D::Error> {
    bound(deserializer).map(Some)
}

fn read_bound(text: &str) -> Result<ScopeBound, String> {
    match text {
        "" => Err("expected scopes with single spaces between, or \"*\" for everything".to_owned()),
        "*" => Ok(ScopeBound::Everything),
        text => match Scope::parse(text) {
            Ok(scope) => Ok(ScopeBound::Scopes(scope)),
            Err(error) => Err(error.to_string()),
        },
    }
}

pub(super) fn text(pattern: &str) -> ObjectBuilder {
    ObjectBuilder::new()
        .schema_type(Type::String)
        .pattern(Some(pattern))
}

fn words(words: impl IntoIterator<Item = &'static str>) -> ObjectBuilder {
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
    text("^[A-Za-z0-9._-]{1,128}$").build()
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
    words([UserStatus::Active, UserStatus::Disabled].map(UserStatus::as_str)).build()
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

pub(super) fn revocation_state() -> Object {
    use RevocationState::{Abandoned, PendingUpstream, RevokedUpstream};
    words([PendingUpstream, RevokedUpstream, Abandoned].map(RevocationState::as_str)).build()
}

pub(super) fn decision() -> Object {
    use DelegationDecision::{Denied, Granted, Withdrawn};
    words([Granted, Denied, Withdrawn].map(DelegationDecision::as_str)).build()
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
