//! A person's browser: keeps cookies by origin, follows redirects where it may go, submits forms.

use std::collections::BTreeMap;

use reqwest::Method;
use url::{Origin, Url};

use crate::fixture::User;
use crate::html::{self, Form};
use crate::http::{FORM, Http, Reply, form};
use crate::verdict::Miss;

/// A browser. It follows redirects within an origin, and to and from the one other origin that it knows.
#[derive(Clone)]
pub(crate) struct Browser {
    http: Http,
    provider: Option<Origin>,
    cookies: BTreeMap<String, BTreeMap<String, String>>,
    /// Everything that it was sent.
    pub(crate) seen: Vec<Page>,
}

/// What the server sent to an address.
#[derive(Debug, Clone)]
pub(crate) struct Page {
    pub(crate) url: Url,
    pub(crate) reply: Reply,
}

impl Browser {
    pub(crate) fn new(http: Http, provider: Option<&str>) -> Self {
        Self {
            http,
            provider: provider.and_then(|url| Some(Url::parse(url).ok()?.origin())),
            cookies: BTreeMap::new(),
            seen: Vec::new(),
        }
    }

    /// Every page that it showed.
    pub(crate) fn shown(&self) -> impl Iterator<Item = &Page> {
        self.seen.iter().filter(|page| page.reply.is_page())
    }

    /// Opens an address and follows redirects.
    pub(crate) async fn visit(&mut self, url: &str) -> Result<Page, Miss> {
        let page = self.open(url).await?;
        self.follow(page).await
    }

    /// Opens an address and follows redirects; signs in where the server asks for it first.
    pub(crate) async fn visit_as(&mut self, url: &str, user: &User) -> Result<Page, Miss> {
        let page = self.visit(url).await?;
        match page.sign_in_form() {
            Some(form) => {
                let fields = form.signed_in_as(&user.username, &user.password);
                self.submit(&page, &form, &fields).await
            }
            None => Ok(page),
        }
    }

    /// Opens an address and follows nothing.
    pub(crate) async fn open(&mut self, url: &str) -> Result<Page, Miss> {
        let url = Url::parse(url).map_err(|_| Miss::failed("an address that is no URL"))?;
        self.request(Method::GET, url, None).await
    }

    /// Submits a form of a page and follows redirects.
    pub(crate) async fn submit(
        &mut self,
        page: &Page,
        form: &Form,
        fields: &[(String, String)],
    ) -> Result<Page, Miss> {
        let page = self.post(page, form, fields).await?;
        self.follow(page).await
    }

    /// Submits a form of a page and follows nothing.
    pub(crate) async fn post(
        &mut self,
        page: &Page,
        form: &Form,
        fields: &[(String, String)],
    ) -> Result<Page, Miss> {
        let to = page.url.join(&form.action);
        let to = to.map_err(|_| Miss::failed("a form whose action is no address"))?;
        self.request(Method::POST, to, Some(fields)).await
    }

    async fn follow(&mut self, mut page: Page) -> Result<Page, Miss> {
        for _ in 0..MOST_REDIRECTS {
            match page.redirect() {
                Some(next) if self.may_go(&page.url, &next) => {
                    page = self.request(Method::GET, next, None).await?;
                }
                _ => return Ok(page),
            }
        }
        Err(Miss::failed("too many redirects"))
    }

    fn may_go(&self, from: &Url, to: &Url) -> bool {
        let provider = |url: &Url| self.provider.as_ref() == Some(&url.origin());
        // Back from the provider anywhere but to the server would be the server's doing; a client is never visited.
        from.origin() == to.origin() || provider(to) || (provider(from) && self.knows(to))
    }

    fn knows(&self, url: &Url) -> bool {
        self.seen.iter().any(|page| page.url.origin() == url.origin())
    }

    async fn request(
        &mut self,
        method: Method,
        url: Url,
        fields: Option<&[(String, String)]>,
    ) -> Result<Page, Miss> {
        let origin = url.origin().ascii_serialization();
        let jar = self.cookies.entry(origin.clone()).or_default();
        let pairs = jar.iter().map(|(name, value)| format!("{name}={value}"));
        let cookies = pairs.collect::<Vec<String>>().join("; ");
        let mut headers = Vec::new();
        if !cookies.is_empty() {
            headers.push(("cookie", cookies.as_str()));
        }
        if fields.is_some() {
            headers.extend([FORM, ("origin", origin.as_str())]);
        }
        let body = fields.map(|fields| form(fields).into_bytes());
        let reply = self.http.send(method, url.as_str(), &headers, body).await?;
        keep(jar, &reply);
        let page = Page { url, reply };
        self.seen.push(page.clone());
        Ok(page)
    }
}

fn keep(jar: &mut BTreeMap<String, String>, reply: &Reply) {
    for text in reply.all("set-cookie") {
        let (pair, attributes) = text.split_once(';').unwrap_or((text, ""));
        let Some((name, value)) = pair.split_once('=') else {
            continue;
        };
        if value.is_empty() || attributes.contains("Max-Age=0") {
            jar.remove(name);
        } else {
            jar.insert(name.to_owned(), value.to_owned());
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
            .and_then(|url| parameter(&url, name))
            .unwrap_or_default()
    }

    /// For the report: of a redirect where it leads and with which error, because the rest may be a code.
    pub(crate) fn seen(&self) -> String {
        let Some(to) = self.redirect() else {
            return self.reply.seen();
        };
        let at = format!("{}{}", to.origin().ascii_serialization(), to.path());
        match parameter(&to, "error") {
            Some(error) => format!("a redirect to {at} with {error}"),
            None => format!("a redirect to {at}"),
        }
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

/// A query parameter of an address.
pub(crate) fn parameter(url: &Url, name: &str) -> Option<String> {
    let found = url.query_pairs().find(|(known, _)| known == name)?;
    Some(found.1.into_owned())
}

const MOST_REDIRECTS: usize = 12;
