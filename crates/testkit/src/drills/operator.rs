//! An operator's script, which may find the server gone.

use serde_json::Value;
use vouchsafe::demo::Problem;

use crate::http::Http;

/// Holds an admin key.
#[derive(Clone)]
pub(super) struct Operator {
    http: Http,
    bearer: String,
}

impl Operator {
    pub(super) fn new(admin_key: &str) -> Self {
        Self {
            http: Http::default(),
            bearer: format!("Bearer {admin_key}"),
        }
    }

    /// The path of the connection that is in force.
    pub(super) async fn connection(&self, base: &str) -> Result<String, Problem> {
        let id = self.find(base, "/connections?state=active", |_| true).await?;
        Ok(format!("/connections/{id}"))
    }

    /// The path of the delegation that is in force.
    pub(super) async fn delegation(&self, base: &str) -> Result<String, Problem> {
        let connection = self.find(base, "/connections?state=active", |_| true).await?;
        let list = format!("/delegations?connection_id={connection}");
        let granted = |delegation: &Value| delegation["decision"] == "granted";
        let id = self.find(base, &list, granted).await?;
        Ok(format!("/delegations/{id}"))
    }

    /// The path of this user.
    pub(super) async fn user(&self, base: &str, username: &str) -> Result<String, Problem> {
        let list = format!("/users?username={username}");
        let id = self.find(base, &list, |_| true).await?;
        Ok(format!("/users/{id}"))
    }

    async fn find(&self, base: &str, list: &str, is_it: impl Fn(&Value) -> bool) -> Result<String, Problem> {
        let found = self.get(base, list).await?;
        let items = found["items"].as_array().into_iter().flatten();
        let id = items
            .filter(|item| is_it(item))
            .find_map(|item| item["id"].as_str());
        id.map(str::to_owned)
            .ok_or_else(|| Problem::new(format!("{list} has nothing in force: {found}")))
    }

    async fn get(&self, base: &str, path: &str) -> Result<Value, Problem> {
        self.call("GET", base, path, None).await
    }

    /// Does something that needs no body.
    pub(super) async fn post(&self, base: &str, path: &str) -> Result<Value, Problem> {
        self.call("POST", base, path, None).await
    }

    /// Makes something.
    pub(super) async fn create(&self, base: &str, path: &str, body: &Value) -> Result<Value, Problem> {
        self.call("POST", base, path, Some(body)).await
    }

    async fn call(
        &self,
        method: &str,
        base: &str,
        path: &str,
        body: Option<&Value>,
    ) -> Result<Value, Problem> {
        let body = body.map(|body| body.to_string().into_bytes());
        let headers = [
            ("authorization", self.bearer.as_str()),
            ("content-type", "application/json"),
        ];
        let headers = &headers[..=usize::from(body.is_some())];
        let url = format!("{base}/admin/v1{path}");
        let reply = self.http.try_send(method, &url, headers, body.as_deref()).await?;
        match reply.status {
            200 | 201 => Ok(reply.json()),
            204 => Ok(Value::Null),
            status => Err(Problem::new(format!(
                "{method} {path}: {status} {}",
                reply.text()
            ))),
        }
    }
}
