//! A person's browser: keeps the cookies of one origin, follows redirects there, submits forms.

use std::collections::BTreeMap;

use reqwest::Method;
use url::Url;

use crate::html::{self, Form};
use crate::http::{FORM, Http, Reply, form};
use crate::verdict::Miss;

/// A browser. It never leaves the origin of the address it was opened with.
pub(crate) struct Browser {
    http: Http,
    cookies: BTreeMap<String, String>,
    /// Every page that it showed.
    pub(crate) shown: Vec<Page>,
}

/// What the server sent to an address.
#[derive(Debug, Clone)]
pub(crate) struct Page {
    pub(crate) url: Url,
    pub(crate) reply: Reply,
}

impl Browser {
    pub(crate) const fn new(http: Http) -> Self {
        Self {
            http,
            cookies: BTreeMap::new(),
            shown: Vec::new(),
        }
    }

    /// Opens an address and follows redirects as long as they stay here.
    pub(crate) async fn visit(&mut self, url: &str) -> Result<Page, Miss> {
        let url = Url::parse(url).map_err(|_| Miss::failed("an address that is no URL"))?;
        self.request(Method::GET, url, None).await
    }

    /// Submits a form of a page and follows redirects as long as they stay here.
    pub(crate) async fn submit(
        &mut self,
        page: &Page,
        form: &Form,
        fields: &[(String, String)],
    ) -> Result<Page, Miss> {
        let to = page.url.join(&form.action);
        let to = to.map_err(|_| Miss::failed("a form whose action is no address"))?;
        self.request(Method::POST, to, Some(fields)).await
    }

    async fn request(
        &mut self,
        method: Method,
        url: Url,
        fields: Option<&[(String, String)]>,
    ) -> Result<Page, Miss> {
        let mut page = self.once(method, url, fields).await?;
        for _ in 0..MOST_REDIRECTS {
            match page.redirect() {
                Some(next) if next.origin() == page.url.origin() => {
                    page = self.once(Method::GET, next, None).await?;
                }
                _ => return Ok(page),
            }
        }
        Err(Miss::failed("too many redirects"))
    }

    async fn once(
        &mut self,
        method: Method,
        url: Url,
        fields: Option<&[(String, String)]>,
    ) -> Result<Page, Miss> {
        let pairs = self.cookies.iter().map(|(name, value)| format!("{name}={value}"));
        let cookies = pairs.collect::<Vec<String>>().join("; ");
        let origin = url.origin().ascii_serialization();
        let mut headers = Vec::new();
        if !cookies.is_empty() {
            headers.push(("cookie", cookies.as_str()));
        }
        if fields.is_some() {
            headers.extend([FORM, ("origin", origin.as_str())]);
        }
        let body = fields.map(|fields| form(fields).into_bytes());
        let reply = self.http.send(method, url.as_str(), &headers, body).await?;
        self.keep(&reply);
        let page = Page { url, reply };
        if page.reply.is_page() {
            self.shown.push(page.clone());
        }
        Ok(page)
    }

    fn keep(&mut self, reply: &Reply) {
        let headers = reply.headers.get_all("set-cookie").iter();
        for text in headers.filter_map(|header| header.to_str().ok()) {
            let (pair, attributes) = text.split_once(';').unwrap_or((text, ""));
            let Some((name, value)) = pair.split_once('=') else {
                continue;
            };
            if value.is_empty() || attributes.contains("Max-Age=0") {
                self.cookies.remove(name);
            } else {
                self.cookies.insert(name.to_owned(), value.to_owned());
            }
        }
    }
}

impl Page {
    /// Where it redirects to.
    pub(crate) fn redirect(&self) -> Option<Url> {
        let moved = matches!(self.reply.status, 301 | 302 | 303 | 307 | 308);
        let location = moved.then(|| self.reply.header("location"))?;
        self.url.join(location).ok()
    }

    /// A query parameter of where it redirects to; empty when there is none.
    pub(crate) fn parameter(&self, name: &str) -> String {
        self.redirect()
            .and_then(|url| {
                let found = url.query_pairs().find(|(n, _)| n == name)?.1.into_owned();
                Some(found)
            })
            .unwrap_or_default()
    }

    /// The sign-in form, if this is one.
    pub(crate) fn sign_in_form(&self) -> Option<Form> {
        html::forms(&self.reply.text())
            .into_iter()
            .find(Form::has_password)
    }

    /// The form that asks the person something, if there is one.
    pub(crate) fn question(&self) -> Option<Form> {
        html::forms(&self.reply.text())
            .into_iter()
            .find(|form| form.button.is_some() && !form.has_password())
    }
}

const MOST_REDIRECTS: usize = 12;
