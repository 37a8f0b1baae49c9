//! A small OAuth client for the tests.

use std::ops::Deref;

use reqwest::header::{AUTHORIZATION, CONTENT_TYPE, LOCATION};
use reqwest::redirect::Policy;
use reqwest::{Client, Method, RequestBuilder};
use serde_json::Value;
use url::Url;
use vouchsafe_fake_upstream::{ConsentMode, DEFAULT_CLIENT_ID, DEFAULT_CLIENT_SECRET, FakeUpstream, Options};

pub(crate) const CALLBACK: &str = "https://vouchsafe.example/connect/callback/test";
pub(crate) const VERIFIER: &str = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
pub(crate) const CHALLENGE: &str = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM";

/// A provider and a client that talks to one of its personalities.
pub(crate) struct Driver {
    upstream: FakeUpstream,
    personality: &'static str,
    http: Client,
}

/// What came back.
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) headers: reqwest::header::HeaderMap,
    pub(crate) text: String,
}

impl Driver {
    /// Consent is given at once.
    pub(crate) fn new(personality: &'static str) -> Self {
        Self::with(
            personality,
            Options {
                consent: ConsentMode::Auto,
                ..Options::default()
            },
        )
    }

    pub(crate) fn with(personality: &'static str, options: Options) -> Self {
        let upstream = FakeUpstream::start(options).unwrap();
        let http = Client::builder()
            .redirect(Policy::none())
            .no_proxy()
            .build()
            .unwrap();
        Self {
            upstream,
            personality,
            http,
        }
    }

    pub(crate) fn request(&self, method: Method, path: &str) -> RequestBuilder {
        self.http
            .request(method, format!("{}/{}{path}", self.base_url(), self.personality))
    }

    pub(crate) async fn get(&self, path: &str, bearer: &str) -> Answer {
        let request = self
            .request(Method::GET, path)
            .header(AUTHORIZATION, format!("Bearer {bearer}"));
        send(request.header("user-agent", "tests")).await.unwrap()
    }

    pub(crate) async fn post(&self, path: &str, parameters: &[(&str, &str)]) -> Answer {
        self.try_post(path, parameters).await.unwrap()
    }

    pub(crate) async fn try_post(&self, path: &str, parameters: &[(&str, &str)]) -> reqwest::Result<Answer> {
        let request = self
            .request(Method::POST, path)
            .header("accept", "application/json");
        let request = request.header(CONTENT_TYPE, "application/x-www-form-urlencoded");
        send(request.body(form(parameters))).await
    }

    /// The redirect that ends an authorization request with these parameters and the usual ones.
    pub(crate) async fn authorize(&self, parameters: &[(&str, &str)]) -> Url {
        let answer = self.authorize_raw(&usual(parameters)).await;
        assert_eq!(answer.status, 302, "{}", answer.text);
        answer.location()
    }

    pub(crate) async fn authorize_raw(&self, parameters: &[(&str, &str)]) -> Answer {
        send(self.request(Method::GET, &format!("/authorize?{}", form(parameters))))
            .await
            .unwrap()
    }

    /// The token request for a code, with PKCE and the client's secret in the body.
    pub(crate) async fn redeem(&self, code: &str) -> Answer {
        self.token(&[
            ("grant_type", "authorization_code"),
            ("code", code),
            ("redirect_uri", CALLBACK),
            ("code_verifier", VERIFIER),
        ])
        .await
    }

    pub(crate) async fn refresh(&self, refresh_token: &str, more: &[(&str, &str)]) -> Answer {
        let mut parameters = vec![("grant_type", "refresh_token"), ("refresh_token", refresh_token)];
        parameters.extend(more);
        self.token(&parameters).await
    }

    pub(crate) async fn token(&self, parameters: &[(&str, &str)]) -> Answer {
        self.post("/token", &with_client(parameters)).await
    }

    /// Consent and redemption with these authorization parameters.
    pub(crate) async fn connect(&self, parameters: &[(&str, &str)]) -> Value {
        let location = self.authorize(parameters).await;
        let answer = self.redeem(&query(&location, "code").expect("a code")).await;
        assert_eq!(answer.status, 200, "{}", answer.text);
        answer.json()
    }

    /// Sends JSON to a control.
    pub(crate) async fn control(&self, name: &str, body: Value) -> Answer {
        let request = self.http.post(format!("{}/control/{name}", self.base_url()));
        send(request.body(body.to_string())).await.unwrap()
    }

    pub(crate) async fn ask_control(&self, name: &str) -> Value {
        send(self.http.get(format!("{}/control/{name}", self.base_url())))
            .await
            .unwrap()
            .json()
    }
}

impl Deref for Driver {
    type Target = FakeUpstream;

    fn deref(&self) -> &FakeUpstream {
        &self.upstream
    }
}

impl Answer {
    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.text).unwrap_or_else(|_| panic!("not JSON: {}", self.text))
    }

    pub(crate) fn error(&self) -> String {
        self.json()["error"].as_str().unwrap_or_default().to_owned()
    }

    pub(crate) fn location(&self) -> Url {
        Url::parse(self.headers[LOCATION].to_str().unwrap()).unwrap()
    }
}

pub(crate) async fn send(request: RequestBuilder) -> reqwest::Result<Answer> {
    let response = request.send().await?;
    let (status, headers) = (response.status().as_u16(), response.headers().clone());
    Ok(Answer {
        status,
        headers,
        text: response.text().await?,
    })
}

pub(crate) fn form(parameters: &[(&str, &str)]) -> String {
    url::form_urlencoded::Serializer::new(String::new())
        .extend_pairs(parameters)
        .finish()
}

pub(crate) fn usual<'a>(parameters: &[(&'a str, &'a str)]) -> Vec<(&'a str, &'a str)> {
    let mut all = vec![
        ("response_type", "code"),
        ("client_id", DEFAULT_CLIENT_ID),
        ("redirect_uri", CALLBACK),
        ("state", "some-state"),
        ("code_challenge", CHALLENGE),
        ("code_challenge_method", "S256"),
    ];
    all.extend(parameters);
    all
}

pub(crate) fn with_client<'a>(parameters: &[(&'a str, &'a str)]) -> Vec<(&'a str, &'a str)> {
    let mut all = parameters.to_vec();
    all.extend([
        ("client_id", DEFAULT_CLIENT_ID),
        ("client_secret", DEFAULT_CLIENT_SECRET),
    ]);
    all
}

pub(crate) fn basic(client_id: &str, client_secret: &str) -> String {
    use base64::Engine;
    let pair = format!("{client_id}:{client_secret}");
    format!("Basic {}", base64::engine::general_purpose::STANDARD.encode(pair))
}

pub(crate) fn query(location: &Url, name: &str) -> Option<String> {
    location
        .query_pairs()
        .find(|(key, _)| key == name)
        .map(|(_, value)| value.into_owned())
}

/// A string member of a token response.
pub(crate) fn text(value: &Value, name: &str) -> String {
    value[name]
        .as_str()
        .unwrap_or_else(|| panic!("no {name} in {value}"))
        .to_owned()
}
