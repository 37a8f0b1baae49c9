//! The job as a stranger's client does it: a browser with a person before it, an agent, and an operator. Each function
//! is one step over HTTP; between any two of them the server may be gone for a while.

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use reqwest::header::{AUTHORIZATION, HeaderMap};
use reqwest::{Client, Response, StatusCode};
use serde::Deserialize;
use serde_json::Value;
use sha2::{Digest as _, Sha256};
use url::{Url, form_urlencoded};
use vouchsafe_audit::export::Line;
use vouchsafe_model::{Entropy as _, OsEntropy};
use vouchsafe_store::RecordRow;

use super::browser::{self, Browser};
use super::page::Page;
use super::parties::{ApiAnswer, Exchanged, Parties, SubjectToken};
use super::story::Problem;

/// The journey.
pub struct Journey {
    parties: Parties,
    /// The person's.
    pub browser: Browser,
    http: Client,
    endpoints: Endpoints,
    code_verifier: String,
    state: String,
}

#[derive(Deserialize)]
struct Endpoints {
    authorization_endpoint: Url,
    token_endpoint: Url,
}

impl Journey {
    /// Finds the endpoints in the server's metadata (RFC 8414).
    pub async fn begin(parties: Parties) -> Result<Self, Problem> {
        let http = browser::client()?;
        let url = format!(
            "{}/.well-known/oauth-authorization-server",
            parties.issuer.as_str().trim_end_matches('/')
        );
        let endpoints = json(http.get(url).send().await?).await?;
        Ok(Self {
            parties,
            browser: Browser::new()?,
            http,
            endpoints,
            code_verifier: random_text(),
            state: random_text(),
        })
    }

    /// Where the agent sends the person's browser (RFC 6749 section 4.1.1, RFC 7636).
    pub fn authorization_url(&self) -> Url {
        let challenge = URL_SAFE_NO_PAD.encode(Sha256::digest(self.code_verifier.as_bytes()));
        let mut url = self.endpoints.authorization_endpoint.clone();
        url.query_pairs_mut()
            .append_pair("response_type", "code")
            .append_pair("client_id", &self.parties.client_id)
            .append_pair("redirect_uri", &self.parties.redirect_uri)
            .append_pair("state", &self.state)
            .append_pair("code_challenge", &challenge)
            .append_pair("code_challenge_method", "S256");
        url
    }

    /// The browser goes there, and finds the sign-in page.
    pub async fn arrive(&mut self) -> Result<Page, Problem> {
        let url = self.authorization_url();
        let page = self.browser.open(&url).await?;
        self.browser.follow_within(&url, page).await
    }

    /// The person signs in, and finds the page that asks about the agent.
    pub async fn sign_in(&mut self, login: &Page) -> Result<Page, Problem> {
        let form = login
            .form()?
            .with("username", &self.parties.username)
            .with("password", &self.parties.password);
        let page = self.browser.submit(&form).await?;
        page.redirect()?;
        self.browser.follow_within(&login.url, page).await
    }

    /// The person allows the agent; the browser is sent back to it with a code.
    pub async fn allow(&mut self, consent: &Page) -> Result<String, Problem> {
        let page = self
            .browser
            .submit(&consent.form()?.with("decision", "approve"))
            .await?;
        let back = page.redirect()?;
        let parameter = |name: &str| {
            back.query_pairs()
                .find(|(key, _)| key == name)
                .map(|(_, value)| value.into_owned())
        };
        if parameter("state").as_ref() != Some(&self.state) {
            return Err(Problem::new("the browser came back with another state"));
        }
        parameter("code").ok_or_else(|| Problem::new("the browser came back without a code"))
    }

    /// The agent redeems the code.
    pub async fn redeem(&self, code: &str) -> Result<SubjectToken, Problem> {
        let answer = self
            .token(&[
                ("grant_type", "authorization_code"),
                ("code", code),
                ("redirect_uri", &self.parties.redirect_uri),
                ("code_verifier", &self.code_verifier),
            ])
            .await?;
        json(answer).await
    }

    /// The agent exchanges the subject token for one of the provider (RFC 8693 section 2.1).
    pub async fn exchange(&self, subject: &SubjectToken) -> Result<Exchanged, Problem> {
        let answer = self
            .token(&[
                ("grant_type", "urn:ietf:params:oauth:grant-type:token-exchange"),
                ("subject_token", &subject.access_token),
                (
                    "subject_token_type",
                    "urn:ietf:params:oauth:token-type:access_token",
                ),
                ("audience", &self.parties.audience),
                ("scope", &self.parties.scope),
            ])
            .await?;
        let (status, record) = (answer.status(), record_of(answer.headers()));
        let body = answer.text().await?;
        let value: Value = serde_json::from_str(&body).unwrap_or_default();
        let text = |name: &str| value[name].as_str().map(str::to_owned);
        if let (StatusCode::OK, Some(access_token)) = (status, text("access_token")) {
            let expires_in = value["expires_in"].as_u64();
            return Ok(Exchanged::Token {
                access_token,
                expires_in,
                scope: text("scope"),
                record,
            });
        }
        let link = text("interaction_uri").and_then(|link| Url::parse(&link).ok());
        Ok(match (text("error").as_deref(), link) {
            (Some("interaction_required"), Some(interaction_uri)) => Exchanged::Ask {
                reason: text("reason").unwrap_or_default(),
                interaction_uri,
                interval: value["interval"].as_u64().unwrap_or_default(),
            },
            _ => Exchanged::Refused { status, body },
        })
    }

    /// The person opens the link of the agent.
    pub async fn open_link(&mut self, link: &Url) -> Result<Page, Problem> {
        let page = self.browser.open(link).await?;
        self.browser.follow_within(link, page).await
    }

    /// The person agrees; the browser is sent to the provider.
    pub async fn approve(&mut self, interaction: &Page) -> Result<Url, Problem> {
        let page = self
            .browser
            .submit(&interaction.form()?.with("decision", "approve"))
            .await?;
        page.redirect().cloned()
    }

    /// The provider asks the person.
    pub async fn visit_provider(&mut self, url: &Url) -> Result<Page, Problem> {
        self.browser.open(url).await
    }

    /// The person agrees there; the browser is sent back to Vouchsafe.
    pub async fn agree(&mut self, consent: &Page) -> Result<Url, Problem> {
        let page = self
            .browser
            .submit(&consent.form()?.with("decision", "approve"))
            .await?;
        page.redirect().cloned()
    }

    /// Back at Vouchsafe, which now redeems the provider's code.
    pub async fn come_back(&mut self, callback: &Url) -> Result<Page, Problem> {
        let page = self.browser.open(callback).await?;
        if page.status == StatusCode::OK {
            Ok(page)
        } else {
            Err(Problem::new(format!(
                "the account was not connected: {} \"{}\"",
                page.status,
                page.heading()
            )))
        }
    }

    /// The agent calls the provider's API.
    pub async fn call_api(&self, token: &str) -> Result<ApiAnswer, Problem> {
        let answer = self
            .http
            .get(&self.parties.api)
            .header(AUTHORIZATION, format!("Bearer {token}"))
            .send()
            .await?;
        let status = answer.status();
        let body = serde_json::from_str(&answer.text().await?).unwrap_or_default();
        Ok(ApiAnswer { status, body })
    }

    /// The operator reads the record.
    pub async fn records(&self) -> Result<Vec<RecordRow>, Problem> {
        #[derive(Deserialize)]
        struct Records {
            records: Vec<Line>,
        }
        let answer = self
            .http
            .get(self.admin("records?limit=1000"))
            .header(AUTHORIZATION, self.operator())
            .send()
            .await?;
        let records: Records = json(answer).await?;
        let rows = records.records.into_iter().map(Line::into_row);
        rows.collect::<Result<_, _>>()
            .map_err(|error| Problem::new(error.to_string()))
    }

    /// The operator revokes a connection.
    pub async fn revoke(&self, connection_id: &str) -> Result<Value, Problem> {
        let url = self.admin(&format!("connections/{connection_id}/revoke"));
        json(
            self.http
                .post(url)
                .header(AUTHORIZATION, self.operator())
                .send()
                .await?,
        )
        .await
    }

    fn admin(&self, path: &str) -> String {
        format!(
            "{}/admin/v1/{path}",
            self.parties.issuer.as_str().trim_end_matches('/')
        )
    }

    fn operator(&self) -> String {
        format!("Bearer {}", self.parties.admin_key)
    }

    async fn token(&self, parameters: &[(&str, &str)]) -> Result<Response, Problem> {
        let credentials = STANDARD.encode(format!(
            "{}:{}",
            self.parties.client_id, self.parties.client_secret
        ));
        let body = form_urlencoded::Serializer::new(String::new())
            .extend_pairs(parameters)
            .finish();
        let request = self
            .http
            .post(self.endpoints.token_endpoint.clone())
            .header(AUTHORIZATION, format!("Basic {credentials}"))
            .header("content-type", "application/x-www-form-urlencoded")
            .body(body);
        Ok(request.send().await?)
    }
}

async fn json<T: for<'de> Deserialize<'de>>(answer: Response) -> Result<T, Problem> {
    let (status, path) = (answer.status(), answer.url().path().to_owned());
    let body = answer.text().await?;
    if !status.is_success() {
        return Err(Problem::new(format!("{path} answered {status}: {body}")));
    }
    serde_json::from_str(&body)
        .map_err(|error| Problem::new(format!("{path} answered something else: {error}")))
}

/// The receipt that comes with a released token.
fn record_of(headers: &HeaderMap) -> String {
    let header = headers
        .get("vouchsafe-record")
        .and_then(|value| value.to_str().ok());
    header.unwrap_or_default().to_owned()
}

fn random_text() -> String {
    let mut bytes = [0; 32];
    OsEntropy.fill(&mut bytes);
    URL_SAFE_NO_PAD.encode(bytes)
}
