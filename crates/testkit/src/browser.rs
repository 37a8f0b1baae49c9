//! A person's browser: keeps cookies per host, follows redirects when told, submits forms.

use std::collections::BTreeMap;

use url::Url;

use crate::html;
use crate::http::{Http, Reply, form};

/// A browser.
#[derive(Clone, Default)]
pub struct Browser {
    http: Http,
    /// Cookies by origin (host and port), then by name.
    jar: BTreeMap<String, BTreeMap<String, String>>,
}

/// A page that the browser shows.
#[derive(Debug, Clone)]
pub struct Page {
    /// Its address.
    pub url: Url,
    /// What the server sent.
    pub reply: Reply,
}

impl Browser {
    /// Opens an address without following a redirect.
    pub async fn open(&mut self, url: &str) -> Page {
        let url = Url::parse(url).expect("an absolute address");
        self.request("GET", url, None).await
    }

    /// Opens an address and follows redirects, wherever they lead.
    pub async fn visit(&mut self, url: &str) -> Page {
        let page = self.open(url).await;
        self.follow(page).await
    }

    /// Follows redirects from a page, except to addresses that only the test knows (`*.test`).
    pub async fn follow(&mut self, mut page: Page) -> Page {
        for _ in 0..12 {
            let Some(next) = page.redirect() else { return page };
            if next
                .host_str()
                .is_some_and(|host| host.rsplit('.').next() == Some("test"))
            {
                return page;
            }
            page = self.request("GET", next, None).await;
        }
        panic!("too many redirects at {}", page.url);
    }

    /// Submits the form with this id (the first one without an id) with further fields; does not follow the redirect.
    pub async fn submit(&mut self, page: &Page, id: Option<&str>, fields: &[(&str, &str)]) -> Page {
        let form = html::form(&page.reply.text(), id).unwrap_or_else(|| {
            panic!(
                "no form {id:?} at {}: {} {}",
                page.url,
                page.reply.status,
                page.reply.text()
            )
        });
        let mut pairs: Vec<(&str, &str)> = form
            .fields
            .iter()
            .map(|(n, v)| (n.as_str(), v.as_str()))
            .collect();
        pairs.retain(|(name, _)| fields.iter().all(|(n, _)| n != name));
        pairs.extend_from_slice(fields);
        let to = page
            .url
            .join(&form.action)
            .expect("a form's action is an address");
        self.post(to.as_str(), &pairs).await
    }

    /// Posts a form of the test's own making; does not follow the redirect.
    pub async fn post(&mut self, url: &str, pairs: &[(&str, &str)]) -> Page {
        let url = Url::parse(url).expect("an absolute address");
        self.request("POST", url, Some(form(pairs))).await
    }

    /// The cookies for an origin such as `127.0.0.1:8400`.
    pub fn cookies(&mut self, host: &str) -> &mut BTreeMap<String, String> {
        self.jar.entry(host.to_owned()).or_default()
    }

    async fn request(&mut self, method: &str, url: Url, body: Option<Vec<u8>>) -> Page {
        let host = origin(&url);
        let cookies: Vec<String> = self
            .cookies(&host)
            .iter()
            .map(|(name, value)| format!("{name}={value}"))
            .collect();
        let cookies = cookies.join("; ");
        let mut headers = Vec::new();
        if !cookies.is_empty() {
            headers.push(("cookie", cookies.as_str()));
        }
        if body.is_some() {
            headers.push(("content-type", "application/x-www-form-urlencoded"));
        }
        let reply = self
            .http
            .send(method, url.as_str(), &headers, body.as_deref())
            .await;
        self.keep(&host, &reply);
        Page { url, reply }
    }

    fn keep(&mut self, host: &str, reply: &Reply) {
        for header in reply.headers.get_all("set-cookie") {
            let text = header.to_str().expect("a cookie is text");
            let (pair, attributes) = text.split_once(';').unwrap_or((text, ""));
            let (name, value) = pair.split_once('=').expect("a cookie has a name");
            let gone = value.is_empty() || attributes.contains("Max-Age=0");
            let jar = self.cookies(host);
            if gone {
                jar.remove(name);
            } else {
                jar.insert(name.to_owned(), value.to_owned());
            }
        }
    }
}

impl Page {
    /// Where it redirects to.
    pub fn redirect(&self) -> Option<Url> {
        let moved = matches!(self.reply.status, 301 | 302 | 303 | 307 | 308);
        moved.then(|| {
            self.url
                .join(self.reply.header("location"))
                .expect("a redirect names an address")
        })
    }

    /// A query parameter of where it redirects to.
    pub fn redirect_parameter(&self, name: &str) -> Option<String> {
        self.redirect()?
            .query_pairs()
            .find(|(n, _)| n == name)
            .map(|(_, value)| value.into_owned())
    }
}

fn origin(url: &Url) -> String {
    format!(
        "{}:{}",
        url.host_str().unwrap_or_default(),
        url.port_or_known_default().unwrap_or_default()
    )
}
