//! An agent's program: speaks to the token endpoint.

use serde_json::Value;

use crate::http::{Http, Reply, form};

/// How a client speaks to the token endpoint.
#[derive(Clone)]
pub struct Agent {
    http: Http,
    token_endpoint: String,
    basic: Option<String>,
    /// Parameters sent with every request.
    always: Vec<(String, String)>,
}

/// An answer of the token endpoint.
#[derive(Debug, Clone)]
pub struct Answer {
    /// The response.
    pub reply: Reply,
    /// Its body.
    pub json: Value,
}

/// The grant type of RFC 8693.
const EXCHANGE: &str = "urn:ietf:params:oauth:grant-type:token-exchange";
/// The token type of access tokens.
const ACCESS_TOKEN: &str = "urn:ietf:params:oauth:token-type:access_token";

impl Agent {
    /// A client that authenticates with HTTP Basic.
    pub fn basic(base: &str, id: &str, secret: &str) -> Self {
        use base64::Engine as _;
        let pair = base64::engine::general_purpose::STANDARD.encode(format!("{id}:{secret}"));
        Self {
            basic: Some(format!("Basic {pair}")),
            ..Self::anonymous(base)
        }
    }

    /// A client that sends its credentials in the form.
    pub fn post(base: &str, id: &str, secret: &str) -> Self {
        let pair = [("client_id", id), ("client_secret", secret)];
        Self {
            always: pair.map(|(n, v)| (n.to_owned(), v.to_owned())).to_vec(),
            ..Self::anonymous(base)
        }
    }

    /// No credentials at all.
    pub fn anonymous(base: &str) -> Self {
        Self {
            http: Http::default(),
            token_endpoint: format!("{base}/oauth/token"),
            basic: None,
            always: Vec::new(),
        }
    }

    /// Sends a token request.
    pub async fn request(&self, parameters: &[(&str, &str)]) -> Answer {
        let mut all: Vec<(&str, &str)> = self
            .always
            .iter()
            .map(|(n, v)| (n.as_str(), v.as_str()))
            .collect();
        all.extend_from_slice(parameters);
        self.raw(&form(&all)).await
    }

    /// Sends a body as it is.
    pub async fn raw(&self, body: &[u8]) -> Answer {
        let mut headers = vec![("content-type", "application/x-www-form-urlencoded")];
        if let Some(basic) = &self.basic {
            headers.push(("authorization", basic));
        }
        let reply = self
            .http
            .send("POST", &self.token_endpoint, &headers, Some(body))
            .await;
        let json = serde_json::from_slice(&reply.body).unwrap_or(Value::Null);
        Answer { reply, json }
    }

    /// Exchanges a subject token for an audience, with further parameters.
    pub async fn exchange(&self, subject_token: &str, audience: &str, more: &[(&str, &str)]) -> Answer {
        let mut parameters = vec![
            ("grant_type", EXCHANGE),
            ("subject_token", subject_token),
            ("subject_token_type", ACCESS_TOKEN),
            ("audience", audience),
        ];
        parameters.extend_from_slice(more);
        self.request(&parameters).await
    }
}

impl Answer {
    /// A text member of the body.
    pub fn member(&self, name: &str) -> &str {
        self.json[name].as_str().unwrap_or_default()
    }

    /// `error`, after checking that status, media type and caching are as they must be (TOK-5.2-01).
    #[track_caller]
    pub fn error(&self) -> &str {
        let error = self.member("error");
        let status = match error {
            "invalid_client" => 401,
            "temporarily_unavailable" => 503,
            _ => 400,
        };
        assert_eq!(self.reply.status, status, "{}", self.reply.text());
        self.is_uncached_json();
        error
    }

    /// `access_token` of a success, after checking everything that every success must have (TE-2.2.1-01).
    #[track_caller]
    pub fn token(&self) -> &str {
        assert_eq!(self.reply.status, 200, "{}", self.reply.text());
        self.is_uncached_json();
        assert_eq!(self.member("token_type"), "Bearer");
        assert!(self.json.get("refresh_token").is_none() && self.json.get("id_token").is_none());
        let token = self.member("access_token");
        assert!(!token.is_empty());
        token
    }

    #[track_caller]
    fn is_uncached_json(&self) {
        assert_eq!(self.reply.header("content-type"), "application/json");
        assert_eq!(self.reply.header("cache-control"), "no-store");
    }
}
