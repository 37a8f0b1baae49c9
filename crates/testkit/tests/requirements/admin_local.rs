//! The admin API over a Unix socket: whoever can open it needs no key.

use std::os::unix::net::UnixListener;
use std::path::PathBuf;

use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;
use vouchsafe_testkit::{Connected, PROVIDER, TestApp, both_databases};

use crate::admin_support::Operator;

/// The socket of a running server, and somebody who may open it.
struct Socket {
    client: reqwest::Client,
    stop: oneshot::Sender<()>,
    server: JoinHandle<std::io::Result<()>>,
    _folder: TempDir,
}

impl Socket {
    fn of(app: &TestApp) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let path: PathBuf = folder.path().join("vouchsafe.sock");
        let listener = UnixListener::bind(&path).unwrap();
        let (stop, stopped) = oneshot::channel();
        let shutdown = async move {
            let _ = stopped.await;
        };
        Self {
            server: tokio::spawn(vouchsafe_server::serve_local(
                app.instance.app(),
                listener,
                shutdown,
            )),
            client: reqwest::Client::builder()
                .unix_socket(path)
                .no_proxy()
                .build()
                .unwrap(),
            stop,
            _folder: folder,
        }
    }

    async fn send(&self, method: &str, path: &str, key: Option<&str>, body: Option<Value>) -> (u16, Value) {
        let method = reqwest::Method::from_bytes(method.as_bytes()).unwrap();
        let mut request = self.client.request(method, format!("http://localhost{path}"));
        if let Some(key) = key {
            request = request.header("authorization", format!("Bearer {key}"));
        }
        if let Some(body) = body {
            request = request
                .header("content-type", "application/json")
                .body(body.to_string());
        }
        let answer = request.send().await.unwrap();
        let (status, text) = (answer.status().as_u16(), answer.text().await.unwrap());
        (status, serde_json::from_str(&text).unwrap_or(Value::Null))
    }

    async fn end(self) {
        self.stop.send(()).unwrap();
        self.server.await.unwrap().unwrap();
    }
}

both_databases! {
    async fn whoever_may_open_the_socket_is_the_local_operator(app: TestApp) {
        let socket = Socket::of(&app);
        let (status, who) = socket.send("GET", "/admin/v1/whoami", None, None).await;
        assert_eq!((status, who), (200, json!({ "kind": "local_operator", "scopes": ["read", "revoke", "manage", "trust"] })));
        let (status, made) = socket.send("POST", "/admin/v1/users", None, Some(json!({ "username": "grace" }))).await;
        assert_eq!((status, &made["username"]), (201, &json!("grace")));
        let record = app.records("user.changed").await.pop().unwrap();
        assert_eq!(record["facts"]["by"], "local");
        assert!(record["facts"].get("admin_key_id").is_none());
        let Connected { agent, subject_token, .. } = app.connected("ada").await;
        let (_, connections) = socket.send("GET", "/admin/v1/connections", None, None).await;
        let id = connections["items"][0]["id"].as_str().unwrap();
        let (status, answer) = socket.send("POST", &format!("/admin/v1/connections/{id}/revoke"), None, None).await;
        assert_eq!((status, &answer["forgotten"]), (200, &json!(true)));
        assert_eq!(app.records("connection.revoked").await.pop().unwrap()["facts"]["by"], "local");
        assert_eq!(agent.exchange(&subject_token, PROVIDER, &[]).await.error(), "interaction_required");
        socket.end().await;
        app.finish().await;
    }

    async fn the_socket_serves_the_admin_api_and_nothing_else(app: TestApp) {
        let socket = Socket::of(&app);
        let (status, document) = socket.send("GET", "/openapi.json", None, None).await;
        assert_eq!((status, &document["openapi"]), (200, &json!("3.1.0")));
        for path in ["/", "/login", "/oauth/token", "/oauth/jwks", "/connections", "/healthz", "/readyz", "/.well-known/oauth-authorization-server"] {
            let (status, answer) = socket.send("GET", path, None, None).await;
            assert_eq!((status, &answer["status"]), (404, &json!(404)), "{path}");
        }
        assert_eq!(socket.send("PUT", "/admin/v1/whoami", None, None).await.0, 405);
        socket.end().await;
        app.finish().await;
    }

    async fn a_key_that_is_sent_to_the_socket_counts(app: TestApp) {
        let socket = Socket::of(&app);
        let (_, made) = socket.send("POST", "/admin/v1/admin-keys", None, Some(json!({ "name": "less", "scopes": ["read"] }))).await;
        let (id, key) = (made["admin_key"]["id"].as_str().unwrap(), made["key"].as_str().unwrap());
        Operator::holding(&app, key);
        let (status, who) = socket.send("GET", "/admin/v1/whoami", Some(key), None).await;
        assert_eq!((status, &who["id"]), (200, &json!(id)));
        let (status, _) = socket.send("POST", "/admin/v1/users", Some(key), Some(json!({ "username": "x" }))).await;
        assert_eq!(status, 403);
        assert_eq!(socket.send("GET", "/admin/v1/whoami", Some("nonsense"), None).await.0, 401);
        // The local operator may delete the very last key with trust.
        let (_, keys) = socket.send("GET", "/admin/v1/admin-keys", None, None).await;
        for key in keys["items"].as_array().unwrap() {
            let path = format!("/admin/v1/admin-keys/{}", key["id"].as_str().unwrap());
            assert_eq!(socket.send("DELETE", &path, None, None).await.0, 204);
        }
        assert_eq!(socket.send("GET", "/admin/v1/admin-keys", None, None).await.1, json!({ "items": [] }));
        socket.end().await;
        app.finish().await;
    }

    async fn without_the_socket_there_is_no_local_operator(app: TestApp) {
        // The same call over the network, from this very machine.
        let reply = vouchsafe_testkit::Http::default().get(&format!("{}/admin/v1/whoami", app.base)).await;
        assert_eq!(reply.status, 401);
        app.finish().await;
    }
}
