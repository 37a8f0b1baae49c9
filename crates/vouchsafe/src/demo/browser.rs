//! A browser small enough to read: it keeps cookies per host, follows redirects, and submits forms.

use std::collections::BTreeMap;
use std::time::Duration;

use reqwest::header::{COOKIE, HeaderMap, HeaderValue, LOCATION, SET_COOKIE};
use reqwest::{Client, Method, redirect};
use url::{Url, form_urlencoded};

use super::page::{Form, Page};
use super::story::Problem;

/// A person's browser.
pub struct Browser {
    http: Client,
    cookies: BTreeMap<(String, String), String>,
}

impl Browser {
    /// Without cookies.
    pub fn new() -> Result<Self, Problem> {
        Ok(Self {
            http: client()?,
            cookies: BTreeMap::new(),
        })
    }

    /// Opens a page; a redirect is an answer like any other.
    pub async fn open(&mut self, url: &Url) -> Result<Page, Problem> {
        self.send(Method::GET, url, None).await
    }

    /// Submits a form.
    pub async fn submit(&mut self, form: &Form) -> Result<Page, Problem> {
        let body = form_urlencoded::Serializer::new(String::new())
            .extend_pairs(&form.fields)
            .finish();
        self.send(Method::POST, &form.action, Some(body)).await
    }

    /// Follows redirects as long as they lead to `site`.
    pub async fn follow_within(&mut self, site: &Url, mut page: Page) -> Result<Page, Problem> {
        for _ in 0..MOST_REDIRECTS {
            match &page.location {
                Some(next) if page.status.is_redirection() && next.origin() == site.origin() => {
                    let next = next.clone();
                    page = self.open(&next).await?;
                }
                _ => return Ok(page),
            }
        }
        Err(Problem::new("the redirects do not end"))
    }

    async fn send(&mut self, method: Method, url: &Url, form: Option<String>) -> Result<Page, Problem> {
        let mut request = self.http.request(method, url.clone());
        let site = url.origin().ascii_serialization();
        if let Some(cookies) = self.cookies_for(&site) {
            request = request.header(COOKIE, cookies);
        }
        if let Some(form) = form {
            request = request
                .header("content-type", "application/x-www-form-urlencoded")
                .header("origin", &site)
                .header("sec-fetch-site", "same-origin")
                .body(form);
        }
        let response = request.send().await?;
        self.keep(&site, response.headers());
        let location = response
            .headers()
            .get(LOCATION)
            .and_then(|value| value.to_str().ok());
        Ok(Page {
            location: location.and_then(|location| url.join(location).ok()),
            url: url.clone(),
            status: response.status(),
            body: response.text().await?,
        })
    }

    fn cookies_for(&self, site: &str) -> Option<HeaderValue> {
        let own = self.cookies.iter().filter(|((of, _), _)| of == site);
        let pairs: Vec<String> = own.map(|((_, name), value)| format!("{name}={value}")).collect();
        if pairs.is_empty() {
            None
        } else {
            HeaderValue::from_str(&pairs.join("; ")).ok()
        }
    }

    fn keep(&mut self, site: &str, headers: &HeaderMap) {
        let set = headers
            .get_all(SET_COOKIE)
            .iter()
            .filter_map(|value| value.to_str().ok());
        for cookie in set {
            let (pair, attributes) = cookie.split_once(';').unwrap_or((cookie, ""));
            let Some((name, value)) = pair.split_once('=') else {
                continue;
            };
            let key = (site.to_owned(), name.trim().to_owned());
            if attributes.to_ascii_lowercase().contains("max-age=0") {
                self.cookies.remove(&key);
            } else {
                self.cookies.insert(key, value.trim().to_owned());
            }
        }
    }
}

/// The demo's own HTTP client, on this machine only: no proxy, no redirects, a fresh connection for each call.
pub(super) fn client() -> Result<Client, Problem> {
    let client = Client::builder()
        .no_proxy()
        .redirect(redirect::Policy::none())
        .pool_max_idle_per_host(0)
        .timeout(Duration::from_secs(60))
        .build();
    Ok(client?)
}

const MOST_REDIRECTS: usize = 10;
