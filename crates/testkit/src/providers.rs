//! The fake provider's other personalities, as an operator would configure them.

use crate::app::TestApp;

impl TestApp {
    /// OAuth 2.0 whose refresh really narrows (like Dropbox): personality `subset`.
    pub async fn narrowing_provider(&self, id: &str) {
        let at = format!("{}/subset", self.upstream.base_url());
        let fields = format!(
            r#"
            authorize_url = "{at}/authorize"
            token_url = "{at}/token"
            default_scopes = ["read"]
            authorize_params = {{ }}
            revoke = {{ shape = "rfc7009", url = "{at}/revoke", tokens = "any" }}
            identity = {{ url = "{at}/userinfo", method = "get", body = "", account_id = ["/sub"], label = ["/email"], scopes = [] }}
            api = {{ hosts = ["{host}"], resources = ["{at}/api"] }}
            "#,
            host = self.upstream.base_url(),
        );
        self.provider(id, "dropbox", &fields).await;
    }

    /// The OpenID Connect provider with its token endpoint at another host.
    pub async fn moved_provider(&self, id: &str, personality: &str, host: &str) {
        let issuer = self.upstream.issuer(personality);
        let fields = format!(
            r#"
            issuer = "{issuer}"
            token_url = "{host}/{personality}/token"
            api = {{ hosts = ["{base}"], resources = ["{resource}"] }}
            "#,
            base = self.upstream.base_url(),
            resource = self.resource(personality),
        );
        self.provider_with_hosts(id, "generic-oidc", &fields, &[host])
            .await;
    }

    /// A GitHub OAuth App: personality `github`.
    pub async fn github_provider(&self, id: &str) {
        self.hub(id, "github-oauth-app", "github").await;
    }

    /// A GitHub App's user tokens: personality `github-app`.
    pub async fn github_app_provider(&self, id: &str) {
        self.hub(id, "github-app", "github-app").await;
    }

    async fn hub(&self, id: &str, from: &str, personality: &str) {
        let at = format!("{}/{personality}", self.upstream.base_url());
        let fields = format!(
            r#"
            authorize_url = "{at}/login/oauth/authorize"
            token_url = "{at}/login/oauth/access_token"
            revoke = {{ url = "{at}/api/applications/{{client_id}}/grant" }}
            introspect = {{ url = "{at}/api/applications/{{client_id}}/token" }}
            identity = {{ url = "{at}/api/user" }}
            api = {{ hosts = ["{host}"], resources = ["{at}/api"] }}
            "#,
            host = self.upstream.base_url(),
        );
        self.provider(id, from, &fields).await;
    }
}
