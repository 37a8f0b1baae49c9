//! The providers, in one table.

use super::{
    Access, Authorization, Grants, Narrowing, Offline, Openid, Personality, Pkce, Refresh, Revocation,
    Rotation, Wire, routes,
};

/// All personalities.
pub(crate) static ALL: &[Personality] = &[
    Personality {
        name: "oidc",
        models: "a strict OpenID Provider: PKCE required, rotation, reuse kills the family (P1, P9)",
        authorization: Authorization {
            pkce: Pkce::Required,
            ..PLAIN_AUTHORIZATION
        },
        openid: Openid::ProviderWithIss,
        refresh: Refresh {
            rotation: Rotation::KillsFamily,
            narrowing: Narrowing::Honoured,
            ..PLAIN_REFRESH
        },
        routes: routes::OPENID,
        ..PLAIN
    },
    Personality {
        name: "static",
        models: "Google: a refresh token that never changes (P2)",
        authorization: Authorization {
            offline: Offline::AccessType,
            ..PLAIN_AUTHORIZATION
        },
        openid: Openid::Provider,
        access: Access {
            ttl: Some(3599),
            prefix: "ya29.",
            cap: None,
        },
        refresh: Refresh {
            prefix: "1//0",
            ..PLAIN_REFRESH
        },
        revocation: Revocation::ClientAndAccount,
        routes: routes::GOOGLE,
        ..PLAIN
    },
    Personality {
        name: "github",
        models: "a GitHub OAuth App: form answers, errors as 200, no expiry (P3)",
        authorization: Authorization {
            offline: Offline::Never,
            comma_scopes: true,
            ..PLAIN_AUTHORIZATION
        },
        access: Access {
            ttl: None,
            prefix: "gho_",
            cap: Some(10),
        },
        wire: Wire::GithubOauthApp,
        revocation: Revocation::None,
        routes: routes::GITHUB,
        ..PLAIN
    },
    Personality {
        name: "github-app",
        models: "a GitHub App: refresh kills the old pair at once, empty scope (P4)",
        authorization: Authorization {
            registered_permissions: &["contents:write", "issues:write", "metadata:read"],
            ..PLAIN_AUTHORIZATION
        },
        access: Access {
            ttl: Some(28_800),
            prefix: "ghu_",
            cap: None,
        },
        refresh: Refresh {
            rotation: Rotation::Strict,
            prefix: "ghr_",
            kills_access_tokens: true,
            announced_ttl: Some(15_811_200),
            ..PLAIN_REFRESH
        },
        wire: Wire::GithubApp,
        revocation: Revocation::None,
        routes: routes::GITHUB,
        ..PLAIN
    },
    Personality {
        name: "slack",
        models: "Slack v2: a bot chain and a user chain, ok:false on 200 (P5)",
        authorization: Authorization {
            comma_scopes: true,
            ..PLAIN_AUTHORIZATION
        },
        grants: Grants::Additive,
        // The bot's prefix; the user's is in `ledger::issue`.
        access: Access {
            ttl: Some(43_200),
            prefix: "xoxe.xoxb-1-",
            cap: None,
        },
        refresh: Refresh {
            rotation: Rotation::Strict,
            prefix: "xoxe-1-",
            ..PLAIN_REFRESH
        },
        wire: Wire::Slack,
        revocation: Revocation::None,
        routes: routes::SLACK,
        ..PLAIN
    },
    Personality {
        name: "entra",
        models: "Microsoft Entra: rolling refresh tokens, one audience per token (P6)",
        authorization: Authorization {
            offline: Offline::Scope,
            ..PLAIN_AUTHORIZATION
        },
        openid: Openid::Provider,
        grants: Grants::AdditivePerResource,
        access: Access {
            ttl: Some(4_200),
            prefix: "EwB",
            cap: None,
        },
        refresh: Refresh {
            rotation: Rotation::Rolling,
            narrowing: Narrowing::ResourceOnly,
            prefix: "1.AXkA",
            ..PLAIN_REFRESH
        },
        wire: Wire::Entra,
        revocation: Revocation::None,
        routes: routes::ENTRA,
    },
    Personality {
        name: "atlassian",
        models: "Atlassian: one grant per app and account, dead grants as 403 (P19)",
        authorization: Authorization {
            offline: Offline::Scope,
            ..PLAIN_AUTHORIZATION
        },
        grants: Grants::Additive,
        refresh: Refresh {
            rotation: Rotation::GraceNewPair(600),
            ..PLAIN_REFRESH
        },
        wire: Wire::Atlassian,
        revocation: Revocation::None,
        routes: routes::ATLASSIAN,
        ..PLAIN
    },
    Personality {
        name: "subset",
        models: "Dropbox: a smaller scope on refresh gives a smaller token (P18 mode A)",
        refresh: Refresh {
            narrowing: Narrowing::Honoured,
            ..PLAIN_REFRESH
        },
        ..PLAIN
    },
    Personality {
        name: "subset-shrink",
        models: "Doorkeeper: a smaller scope on refresh shrinks the grant for good (P18 mode B)",
        refresh: Refresh {
            rotation: Rotation::Strict,
            narrowing: Narrowing::Shrinks,
            ..PLAIN_REFRESH
        },
        ..PLAIN
    },
    Personality {
        name: "grace",
        models: "Linear: the spent refresh token gets the same pair for 600 s (P7)",
        refresh: Refresh {
            rotation: Rotation::GraceSamePair(600),
            ..PLAIN_REFRESH
        },
        ..PLAIN
    },
];

/// RFC 6749 with nothing special; the other rows say how they differ.
const PLAIN: Personality = Personality {
    name: "",
    models: "",
    authorization: PLAIN_AUTHORIZATION,
    openid: Openid::No,
    grants: Grants::Independent,
    access: Access {
        ttl: Some(3600),
        prefix: "at_",
        cap: None,
    },
    refresh: PLAIN_REFRESH,
    wire: Wire::Plain,
    revocation: Revocation::TokenOrFamily,
    routes: routes::PLAIN,
};

const PLAIN_AUTHORIZATION: Authorization = Authorization {
    pkce: Pkce::Optional,
    comma_scopes: false,
    registered_permissions: &[],
    offline: Offline::Always,
};

const PLAIN_REFRESH: Refresh = Refresh {
    rotation: Rotation::Never,
    narrowing: Narrowing::Ignored,
    prefix: "rt_",
    kills_access_tokens: false,
    announced_ttl: None,
};
