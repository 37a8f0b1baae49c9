//! A page as a browser has it: where it is, where it sends one, and its form.

use reqwest::StatusCode;
use url::Url;

use super::story::Problem;

/// An answer to a browser.
#[derive(Debug, Clone)]
pub struct Page {
    /// Where it came from.
    pub url: Url,
    /// The status.
    pub status: StatusCode,
    /// `Location`, resolved.
    pub location: Option<Url>,
    /// The HTML.
    pub body: String,
}

/// The form of a page, with its hidden inputs filled in.
#[derive(Debug, Clone)]
pub struct Form {
    /// Where it goes.
    pub action: Url,
    /// Names and values.
    pub fields: Vec<(String, String)>,
}

impl Page {
    /// The heading.
    pub fn heading(&self) -> String {
        let between = self
            .body
            .split_once("<h1>")
            .and_then(|(_, rest)| rest.split_once("</h1>"));
        between.map(|(heading, _)| unescaped(heading)).unwrap_or_default()
    }

    /// The first form.
    pub fn form(&self) -> Result<Form, Problem> {
        let wrong = |what: &str| {
            Problem::new(format!(
                "the page {} ({}, \"{}\") {what}",
                self.url.path(),
                self.status,
                self.heading()
            ))
        };
        let form = self
            .body
            .split_once("<form")
            .and_then(|(_, rest)| rest.split_once("</form>"));
        let (form, _) = form.ok_or_else(|| wrong("has no form"))?;
        let (tag, content) = form.split_once('>').ok_or_else(|| wrong("has a broken form"))?;
        let action = attribute(tag, "action").unwrap_or_default();
        let action = self
            .url
            .join(&action)
            .map_err(|_| wrong("has a form that leads nowhere"))?;
        let hidden = content
            .split("<input")
            .skip(1)
            .filter_map(|rest| rest.split_once('>').map(|(tag, _)| tag))
            .filter(|tag| attribute(tag, "type").as_deref() == Some("hidden"));
        let fields = hidden
            .filter_map(|tag| {
                Some((
                    attribute(tag, "name")?,
                    attribute(tag, "value").unwrap_or_default(),
                ))
            })
            .collect();
        Ok(Form { action, fields })
    }

    /// Where it sends the browser.
    pub fn redirect(&self) -> Result<&Url, Problem> {
        let expected = || {
            Problem::new(format!(
                "{} answered {} (\"{}\") where a redirect was expected",
                self.url.path(),
                self.status,
                self.heading()
            ))
        };
        self.location
            .as_ref()
            .filter(|_| self.status.is_redirection())
            .ok_or_else(expected)
    }
}

impl Form {
    /// With what a person typed, ticked or pressed.
    pub fn with(mut self, name: &str, value: &str) -> Self {
        self.fields.push((name.to_owned(), value.to_owned()));
        self
    }
}

fn attribute(tag: &str, name: &str) -> Option<String> {
    let (_, rest) = tag.split_once(&format!(" {name}=\""))?;
    rest.split_once('"').map(|(value, _)| unescaped(value))
}

fn unescaped(text: &str) -> String {
    text.replace("&lt;", "<")
        .replace("&gt;", ">")
        .replace("&quot;", "\"")
        .replace("&#39;", "'")
        .replace("&amp;", "&")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_form_is_read_with_its_hidden_inputs() {
        let page = Page {
            url: Url::parse("http://127.0.0.1/a/b").unwrap(),
            status: StatusCode::OK,
            location: None,
            body: r#"<h1>A &amp; B</h1><form id="f" method="post" action="/c?d=1&amp;e=2">
                <input type="hidden" name="csrf" value="x&quot;y"><input id="u" type="text" name="u"></form>"#
                .to_owned(),
        };
        let form = page.form().unwrap();
        assert_eq!(form.action.as_str(), "http://127.0.0.1/c?d=1&e=2");
        assert_eq!(form.fields, [("csrf".to_owned(), "x\"y".to_owned())]);
        assert_eq!(page.heading(), "A & B");
    }
}
