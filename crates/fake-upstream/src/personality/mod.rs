//! What makes one provider differ from the next, as data.
//!
//! Every endpoint is written once and asks the [`Personality`]; [`catalogue`] is the list of them.

pub(crate) mod catalogue;
mod routes;

pub(crate) use routes::{Operation, described, find_route};

/// One provider, declaratively.
#[derive(Debug)]
pub(crate) struct Personality {
    /// The first path segment.
    pub(crate) name: &'static str,
    /// What it is modelled on, for people.
    pub(crate) models: &'static str,
    pub(crate) authorization: Authorization,
    pub(crate) openid: Openid,
    pub(crate) grants: Grants,
    pub(crate) access: Access,
    pub(crate) refresh: Refresh,
    pub(crate) wire: Wire,
    pub(crate) revocation: Revocation,
    /// Routes beyond the ones all providers have.
    pub(crate) routes: &'static [routes::Route],
}

/// The authorization request.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Authorization {
    pub(crate) pkce: Pkce,
    /// Whether commas separate scopes too.
    pub(crate) comma_scopes: bool,
    /// Power that every token has because the app was registered with it; nothing to tick.
    pub(crate) registered_permissions: &'static [&'static str],
    /// When a refresh token is issued.
    pub(crate) offline: Offline,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Pkce {
    Optional,
    Required,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Offline {
    Never,
    Always,
    /// With the scope `offline_access`.
    Scope,
    /// With `access_type=offline`, on the first consent or with `prompt=consent`.
    AccessType,
}

/// OpenID Connect.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Openid {
    No,
    /// Metadata, keys and ID tokens.
    Provider,
    /// The same, and `iss` in the authorization response (RFC 9207).
    ProviderWithIss,
}

/// What a second consent does to the first.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Grants {
    Independent,
    /// One grant per client, account and part; what is added reaches the tokens that are already out.
    Additive,
    /// The same, and every access token is for one resource, which is the part of a scope before its last slash.
    AdditivePerResource,
}

/// Access tokens.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Access {
    /// Seconds; `None` never expires and sends no `expires_in`.
    pub(crate) ttl: Option<u64>,
    pub(crate) prefix: &'static str,
    /// Live tokens per client, account and scope set; one more kills the oldest.
    pub(crate) cap: Option<usize>,
}

/// Refresh tokens.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Refresh {
    pub(crate) rotation: Rotation,
    pub(crate) narrowing: Narrowing,
    pub(crate) prefix: &'static str,
    /// Whether a refresh kills the access tokens issued before it.
    pub(crate) kills_access_tokens: bool,
    /// `refresh_token_expires_in`, where it is sent.
    pub(crate) announced_ttl: Option<u64>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Rotation {
    /// The same token for ever, never echoed.
    Never,
    /// A new one each time, the old one stays valid.
    Rolling,
    /// A new one each time; the old one is refused.
    Strict,
    /// A new one each time; the old one voids the whole family.
    KillsFamily,
    /// A new one each time; the old one gets a fresh pair for so many seconds.
    GraceNewPair(u64),
    /// A new one each time; the old one gets the pair it got before, for so many seconds.
    GraceSamePair(u64),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Narrowing {
    /// `scope` on refresh is ignored: the full token comes back.
    Ignored,
    /// Honoured and echoed; the refresh token keeps its scope.
    Honoured,
    /// Honoured, and the grant never gets the rest back.
    Shrinks,
    /// `scope` chooses the resource; the token can do everything consented there.
    ResourceOnly,
}

/// How the token endpoint speaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Wire {
    /// RFC 6749.
    Plain,
    /// A form unless JSON is asked for, errors as 200, comma-separated scopes.
    GithubOauthApp,
    /// The same with refresh tokens and an empty scope.
    GithubApp,
    /// `ok` in the body, chains side by side.
    Slack,
    /// RFC 6749 with `ext_expires_in` and AADSTS error bodies.
    Entra,
    /// RFC 6749 with 403 for dead grants.
    Atlassian,
}

/// What revoking a token through the revocation endpoint does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Revocation {
    /// An access token dies alone, a refresh token takes its grant along.
    TokenOrFamily,
    /// Either token kills everything of this client and account; no client authentication.
    ClientAndAccount,
    /// Not there, or only in a vendor's own shape.
    None,
}

impl Personality {
    /// Splits a `scope` parameter.
    pub(crate) fn split_scopes(&self, text: &str) -> Vec<String> {
        let comma = self.authorization.comma_scopes;
        let words = text.split(|c: char| c == ' ' || (comma && c == ','));
        let mut scopes: Vec<String> = Vec::new();
        for word in words.filter(|word| !word.is_empty()) {
            if !scopes.iter().any(|scope| scope == word) {
                scopes.push(word.to_owned());
            }
        }
        scopes
    }

    /// Whether this one issues ID tokens.
    pub(crate) fn is_openid_provider(&self) -> bool {
        self.openid != Openid::No
    }

    /// Whether grants are added to rather than made anew.
    pub(crate) fn is_additive(&self) -> bool {
        self.grants != Grants::Independent
    }
}

/// The resource a scope belongs to at a per-resource provider.
pub(crate) fn resource_of(scope: &str) -> &str {
    match scope.rsplit_once('/') {
        Some((resource, _)) => resource,
        None => DEFAULT_RESOURCE,
    }
}

/// Scopes about signing in, which belong to every resource.
pub(crate) fn is_sign_in_scope(scope: &str) -> bool {
    matches!(scope, "openid" | "profile" | "email" | "offline_access")
}

const DEFAULT_RESOURCE: &str = "https://graph.microsoft.com";
