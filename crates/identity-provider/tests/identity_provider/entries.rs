//! Provider entries for the personalities of the fake.

/// Template and fields for a personality of the fake.
pub(crate) fn fields_of(personality: &str, base: &str) -> (&'static str, String) {
    let host = base.strip_suffix(&format!("/{personality}")).unwrap();
    match personality {
        "oidc" => (
            "generic-oidc",
            format!(
                "issuer = '{base}'\n[refresh]\nrotation = 'always'\nreuse = 'kills_family'\nsend_scope = 'narrow'\n\
             [narrow]\nrefresh_scope = 'yes'\n[api]\nhosts = ['{host}']\n[expires]\nalways = true\n"
            ),
        ),
        "static" => (
            "google",
            format!(
                "issuer = '{base}'\nauthorize_url = '{base}/authorize'\ntoken_url = '{base}/token'\n\
             jwks_uri = '{base}/jwks'\n[revoke]\nurl = '{base}/revoke'\n[identity]\nurl = '{base}/userinfo'\n\
             [api]\nhosts = ['{host}']\nresources = []\n"
            ),
        ),
        "github" | "github-app" => (
            if personality == "github" {
                "github-oauth-app"
            } else {
                "github-app"
            },
            format!(
                "authorize_url = '{base}/login/oauth/authorize'\ntoken_url = '{base}/login/oauth/access_token'\n\
             [revoke]\nurl = '{base}/api/applications/{{client_id}}/grant'\n\
             [introspect]\nurl = '{base}/api/applications/{{client_id}}/token'\n\
             [identity]\nurl = '{base}/api/user'\n[api]\nhosts = ['{host}']\nresources = []\n"
            ),
        ),
        "slack" => (
            "slack",
            format!(
                "authorize_url = '{base}/oauth/v2/authorize'\ntoken_url = '{base}/api/oauth.v2.access'\n\
             default_scopes = ['chat:write', 'user:search:read']\n\
             [revoke]\nurl = '{base}/api/auth.revoke'\n[introspect]\nurl = '{base}/api/auth.test'\n\
             [api]\nhosts = ['{host}']\nresources = []\n"
            ),
        ),
        _ => (
            "generic-oauth2",
            format!(
                "authorize_url = '{base}/authorize'\ntoken_url = '{base}/token'\ndefault_scopes = ['read', 'write']\n\
             [revoke]\nshape = 'rfc7009'\nurl = '{base}/revoke'\n\
             [identity]\nurl = '{base}/userinfo'\naccount_id = ['/sub']\n[api]\nhosts = ['{host}']\n"
            ),
        ),
    }
}

/// Two TOML texts as one table; the second wins.
pub(crate) fn merged(fields: &str, more: &str) -> toml::Table {
    fn merge(base: &mut toml::Table, over: toml::Table) {
        for (key, value) in over {
            match (base.get_mut(&key), value) {
                (Some(toml::Value::Table(below)), toml::Value::Table(above)) => merge(below, above),
                (_, value) => {
                    base.insert(key, value);
                }
            }
        }
    }
    let mut table: toml::Table = fields.parse().unwrap();
    merge(&mut table, more.parse().unwrap());
    table
}
