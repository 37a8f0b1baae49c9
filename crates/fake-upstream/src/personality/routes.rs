//! Which path means which operation.

use super::Personality;
use crate::fault::Endpoint;

/// A path below the personality; `*` stands for one segment, a trailing `**` for any rest.
#[derive(Debug)]
pub(crate) struct Route {
    pub(super) methods: &'static [&'static str],
    pub(super) path: &'static str,
    pub(super) operation: Operation,
}

/// What the server does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Operation {
    Authorize,
    Decide,
    Token,
    Revoke,
    Introspect,
    Userinfo,
    Discovery,
    Jwks,
    Resource,
    Echo,
    GithubUser,
    GithubCheckToken,
    GithubDeleteToken,
    GithubDeleteGrant,
    SlackRevoke,
    SlackTest,
    AtlassianSites,
}

impl Operation {
    /// The endpoint faults and the journal know it by.
    pub(crate) fn endpoint(self) -> Endpoint {
        match self {
            Self::Authorize | Self::Decide => Endpoint::Authorize,
            Self::Token => Endpoint::Token,
            Self::Revoke | Self::GithubDeleteToken | Self::GithubDeleteGrant | Self::SlackRevoke => {
                Endpoint::Revoke
            }
            Self::Introspect | Self::GithubCheckToken | Self::SlackTest => Endpoint::Introspect,
            Self::Userinfo | Self::GithubUser => Endpoint::Userinfo,
            Self::Discovery => Endpoint::Discovery,
            Self::Jwks => Endpoint::Jwks,
            Self::Resource | Self::Echo | Self::AtlassianSites => Endpoint::Api,
        }
    }
}

/// The operation behind a path, or `None`.
pub(crate) fn find_route(personality: &Personality, method: &str, tail: &str) -> Option<Operation> {
    let all = personality.routes.iter().chain(COMMON);
    let mut fitting = all.filter(|route| {
        (route.methods.is_empty() || route.methods.contains(&method)) && matches(route.path, tail)
    });
    fitting.next().map(|route| route.operation)
}

/// The paths of a personality with their methods, for people.
pub(crate) fn described(personality: &Personality) -> Vec<String> {
    let all = COMMON.iter().chain(personality.routes);
    all.map(|route| {
        let methods = if route.methods.is_empty() {
            "ANY".to_owned()
        } else {
            route.methods.join("|")
        };
        format!("{methods} /{}/{}", personality.name, route.path)
    })
    .collect()
}

fn matches(pattern: &str, tail: &str) -> bool {
    let mut segments = tail.split('/');
    for expected in pattern.split('/') {
        if expected == "**" {
            return true;
        }
        match segments.next() {
            Some(segment) if expected == segment || (expected == "*" && !segment.is_empty()) => {}
            _ => return false,
        }
    }
    segments.next().is_none()
}

const fn route(methods: &'static [&'static str], path: &'static str, operation: Operation) -> Route {
    Route {
        methods,
        path,
        operation,
    }
}

const GET: &[&str] = &["GET"];
const POST: &[&str] = &["POST"];
const DELETE: &[&str] = &["DELETE"];
const GET_OR_POST: &[&str] = &["GET", "POST"];
const ANY: &[&str] = &[];

/// What every provider has.
const COMMON: &[Route] = &[
    route(GET, "authorize", Operation::Authorize),
    route(POST, "authorize/decision", Operation::Decide),
    route(POST, "token", Operation::Token),
    route(GET_OR_POST, "userinfo", Operation::Userinfo),
    route(ANY, "api/echo", Operation::Echo),
    route(ANY, "api/resource", Operation::Resource),
    route(ANY, "api/resource/**", Operation::Resource),
];

pub(super) const OPENID: &[Route] = &[
    route(GET, ".well-known/openid-configuration", Operation::Discovery),
    route(GET, "jwks", Operation::Jwks),
    route(POST, "revoke", Operation::Revoke),
    route(POST, "introspect", Operation::Introspect),
];

pub(super) const GOOGLE: &[Route] = &[
    route(GET, ".well-known/openid-configuration", Operation::Discovery),
    route(GET, "jwks", Operation::Jwks),
    route(POST, "revoke", Operation::Revoke),
];

pub(super) const PLAIN: &[Route] = &[
    route(POST, "revoke", Operation::Revoke),
    route(POST, "introspect", Operation::Introspect),
];

pub(super) const GITHUB: &[Route] = &[
    route(GET, "login/oauth/authorize", Operation::Authorize),
    route(POST, "login/oauth/access_token", Operation::Token),
    route(GET, "api/user", Operation::GithubUser),
    route(POST, "api/applications/*/token", Operation::GithubCheckToken),
    route(DELETE, "api/applications/*/token", Operation::GithubDeleteToken),
    route(DELETE, "api/applications/*/grant", Operation::GithubDeleteGrant),
];

pub(super) const SLACK: &[Route] = &[
    route(GET, "oauth/v2/authorize", Operation::Authorize),
    route(POST, "api/oauth.v2.access", Operation::Token),
    route(POST, "api/oauth.v2.user.access", Operation::Token),
    route(GET_OR_POST, "api/auth.revoke", Operation::SlackRevoke),
    route(GET_OR_POST, "api/auth.test", Operation::SlackTest),
];

pub(super) const ENTRA: &[Route] = &[
    route(GET, "oauth2/v2.0/authorize", Operation::Authorize),
    route(POST, "oauth2/v2.0/token", Operation::Token),
    route(GET, ".well-known/openid-configuration", Operation::Discovery),
    route(GET, "jwks", Operation::Jwks),
    route(GET, "api/me", Operation::Userinfo),
];

pub(super) const ATLASSIAN: &[Route] = &[
    route(POST, "oauth/token", Operation::Token),
    route(GET, "me", Operation::Userinfo),
    route(GET, "api/me", Operation::Userinfo),
    route(GET, "oauth/token/accessible-resources", Operation::AtlassianSites),
    route(
        GET,
        "api/oauth/token/accessible-resources",
        Operation::AtlassianSites,
    ),
];

#[cfg(test)]
mod tests {
    use super::matches;

    #[test]
    fn a_pattern_matches_whole_segments() {
        assert!(matches("token", "token"));
        assert!(!matches("token", "token/x"));
        assert!(matches("api/applications/*/grant", "api/applications/abc/grant"));
        assert!(!matches("api/applications/*/grant", "api/applications//grant"));
        assert!(matches("api/resource/**", "api/resource/a/b"));
        assert!(!matches("api/resource/**", "api/resources"));
    }
}
