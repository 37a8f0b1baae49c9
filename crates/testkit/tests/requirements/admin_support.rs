//! An operator's script: calls the admin API with a key of its own, and checks that every answer is a documented one.

use std::sync::OnceLock;

use serde_json::{Value, json};
use vouchsafe_model::AdminScope;
use vouchsafe_testkit::{Agent, Browser, Http, PROVIDER, Reply, TestApp};

/// A script with a key.
pub(crate) struct Operator {
    api: String,
    key: String,
    /// Id of the key.
    pub(crate) id: String,
}

/// Every scope.
pub(crate) const ALL: [AdminScope; 4] = [
    AdminScope::Read,
    AdminScope::Revoke,
    AdminScope::Manage,
    AdminScope::Trust,
];

impl Operator {
    /// One who may do everything.
    pub(crate) async fn of(app: &TestApp) -> Self {
        Self::with(app, &ALL).await
    }

    /// One who may do this much.
    pub(crate) async fn with(app: &TestApp, scopes: &[AdminScope]) -> Self {
        let created = app
            .instance
            .sign_in
            .create_admin_key("script", scopes.to_vec(), None);
        let (key, text) = created.await.unwrap();
        let mut operator = Self::holding(app, text.expose());
        operator.id = key.id.to_string();
        operator
    }

    /// One who holds this text.
    pub(crate) fn holding(app: &TestApp, key: &str) -> Self {
        if let Some((_, secret)) = key.rsplit_once('_').filter(|(_, secret)| secret.len() == 64) {
            app.secret("an admin key", secret);
        }
        Self {
            api: format!("{}/admin/v1", app.base),
            key: key.to_owned(),
            id: String::new(),
        }
    }

    /// Sends a body as JSON.
    pub(crate) async fn call(&self, method: &str, path: &str, body: Option<&Value>) -> Reply {
        let body = body.map(|body| body.to_string().into_bytes());
        let json = [("content-type", "application/json")];
        let headers: &[(&str, &str)] = if body.is_some() { &json } else { &[] };
        self.raw(method, path, headers, body.as_deref()).await
    }

    /// Sends what it is told, with the key.
    pub(crate) async fn raw(
        &self,
        method: &str,
        path: &str,
        headers: &[(&str, &str)],
        body: Option<&[u8]>,
    ) -> Reply {
        let bearer = format!("Bearer {}", self.key);
        let mut all = vec![("authorization", bearer.as_str())];
        all.extend_from_slice(headers);
        let url = format!("{}{path}", self.api);
        let reply = Http::default().send(method, &url, &all, body).await;
        is_documented(method, path, &reply);
        reply
    }

    pub(crate) async fn get(&self, path: &str) -> Value {
        done(self.call("GET", path, None).await)
    }

    pub(crate) async fn post(&self, path: &str) -> Value {
        done(self.call("POST", path, None).await)
    }

    pub(crate) async fn send(&self, method: &str, path: &str, body: Value) -> Value {
        done(self.call(method, path, Some(&body)).await)
    }

    /// The status and the sentence of a refusal.
    pub(crate) async fn refused(&self, method: &str, path: &str, body: Option<Value>) -> (u16, String) {
        let reply = self.call(method, path, body.as_ref()).await;
        assert!(reply.status >= 400, "{method} {path}: {}", reply.text());
        assert_eq!(reply.json()["status"], reply.status);
        (reply.status, reply.json()["detail"].as_str().unwrap().to_owned())
    }

    /// All items of a list, page by page.
    pub(crate) async fn all(&self, path: &str, limit: usize) -> Vec<Value> {
        let (mut items, mut cursor) = (Vec::new(), String::new());
        let separator = if path.contains('?') { '&' } else { '?' };
        loop {
            let page = self.get(&format!("{path}{separator}limit={limit}{cursor}")).await;
            let found = page["items"].as_array().unwrap();
            assert!(found.len() <= limit);
            items.extend(found.iter().cloned());
            match page["next_cursor"].as_str() {
                Some(next) => cursor = format!("&cursor={next}"),
                None => return items,
            }
        }
    }
}

/// Whether this answer stands in the OpenAPI document.
pub(crate) fn is_documented(method: &str, path: &str, reply: &Reply) {
    let path = path.split('?').next().unwrap_or_default();
    let fits = |template: &str| {
        let (template, path) = (template.split('/'), path.split('/'));
        template.clone().count() == path.clone().count()
            && template
                .zip(path)
                .all(|(part, text)| part == text || part.starts_with('{'))
    };
    let paths = document()["paths"].as_object().unwrap();
    let found = paths
        .iter()
        .filter_map(|(template, item)| Some((template.strip_prefix("/admin/v1")?, item)))
        .find(|(template, _)| fits(template));
    let operation = found.map(|(_, item)| &item[method.to_lowercase()]);
    let Some(operation) = operation.filter(|found| found.is_object()) else {
        assert!(
            matches!(reply.status, 404 | 405),
            "{method} {path} is not documented"
        );
        return;
    };
    let status = reply.status.to_string();
    let mut answer = &operation["responses"][&status];
    assert!(
        answer.is_object(),
        "{method} {path}: {status} is not documented: {}",
        reply.text()
    );
    if let Some(reference) = answer["$ref"].as_str() {
        answer = document().pointer(&reference[1..]).unwrap();
    }
    let documented = answer["content"].as_object();
    let documented = documented.map(|content| content.keys().next().unwrap().as_str());
    assert_eq!(
        documented.unwrap_or_default(),
        reply.header("content-type"),
        "{method} {path}: {status}"
    );
    assert_eq!(reply.header("cache-control"), "no-store", "{method} {path}");
}

fn document() -> &'static Value {
    static DOCUMENT: OnceLock<Value> = OnceLock::new();
    DOCUMENT.get_or_init(|| serde_json::from_str(include_str!("../../../../docs/openapi.json")).unwrap())
}

/// The body of a success.
#[track_caller]
#[expect(clippy::needless_pass_by_value, reason = "callers have just received it")]
pub(crate) fn done(reply: Reply) -> Value {
    match reply.status {
        200 | 201 => reply.json(),
        204 => Value::Null,
        status => panic!("{status}: {}", reply.text()),
    }
}

/// A client over the API, with both grants.
pub(crate) fn client(id: &str) -> Value {
    json!({
        "id": id,
        "name": format!("The {id}"),
        "redirect_uris": ["https://agent.test/callback"],
        "grant_types": ["authorization_code", "urn:ietf:params:oauth:grant-type:token-exchange"],
        "scope": "exchange",
        "ceilings": [{ "provider": PROVIDER, "scope": "openid read write" }],
    })
}

/// Registers such a client; its agent.
pub(crate) async fn registered(app: &TestApp, operator: &Operator, id: &str) -> Agent {
    let created = operator.send("POST", "/clients", client(id)).await;
    let secret = created["client_secret"].as_str().unwrap();
    app.secret("a generated client secret", secret);
    Agent::basic(&app.base, id, secret)
}

/// Everything up to the first upstream token of this client in this browser's name; the subject token.
pub(crate) async fn connect(
    app: &TestApp,
    browser: &mut Browser,
    client_id: &str,
    agent: &Agent,
    account: &str,
) -> String {
    let subject_token = app.subject_token(browser, client_id, agent).await;
    app.upstream.state().next_account("oidc", account);
    let asked = agent.exchange(&subject_token, PROVIDER, &[]).await;
    assert_eq!(asked.error(), "interaction_required");
    let page = app.approve(browser, asked.member("interaction_uri")).await;
    assert_eq!(page.reply.status, 200, "{}", page.reply.text());
    agent.exchange(&subject_token, PROVIDER, &[]).await.token();
    subject_token
}
