//! Just enough HTML to find a form and fill it in, as a browser without script would.

/// A form of a page.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Form {
    pub(crate) action: String,
    pub(crate) fields: Vec<(String, String)>,
}

/// The form with this id; without an id, the first form.
pub(crate) fn form(page: &str, id: Option<&str>) -> Option<Form> {
    let mut rest = page;
    while let Some(start) = rest.find("<form") {
        let inside = &rest[start..];
        let end = inside.find("</form>").unwrap_or(inside.len());
        let (head, body) = inside[..end].split_once('>')?;
        if id.is_none() || attribute(head, "id").as_deref() == id {
            return Some(Form {
                action: attribute(head, "action").unwrap_or_default(),
                fields: fields(body),
            });
        }
        rest = &inside[end..];
    }
    None
}

/// Hidden and pre-filled inputs; a radio button or checkbox only when it is checked.
fn fields(body: &str) -> Vec<(String, String)> {
    body.split("<input")
        .skip(1)
        .filter_map(|tag| {
            let tag = tag.split_once('>').map_or(tag, |(tag, _)| tag);
            let choice = matches!(attribute(tag, "type").as_deref(), Some("radio" | "checkbox"));
            let taken = !choice || tag.contains(" checked");
            let name = attribute(tag, "name").filter(|_| taken)?;
            Some((name, attribute(tag, "value").unwrap_or_default()))
        })
        .collect()
}

fn attribute(tag: &str, name: &str) -> Option<String> {
    let (_, rest) = tag.split_once(&format!(" {name}=\""))?;
    let (value, _) = rest.split_once('"')?;
    Some(unescape(value))
}

fn unescape(text: &str) -> String {
    text.replace("&quot;", "\"")
        .replace("&#x27;", "'")
        .replace("&#39;", "'")
        .replace("&lt;", "<")
        .replace("&gt;", ">")
        .replace("&amp;", "&")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_form_is_found_by_its_id_with_its_hidden_fields() {
        let page = r#"<form id="a" action="/x"><input name="n" value="1"></form>
            <form method="post" id="b" action="/y?p=1&amp;q=2"><input type="hidden" name="csrf" value="a&quot;b">
            <input type="radio" name="r" value="1"><input type="radio" name="r" value="2" checked></form>"#;
        let found = form(page, Some("b")).unwrap();
        assert_eq!(found.action, "/y?p=1&q=2");
        let fields = [("csrf", "a\"b"), ("r", "2")].map(|(n, v)| (n.to_owned(), v.to_owned()));
        assert_eq!(found.fields, fields);
        assert_eq!(form(page, Some("c")), None);
    }
}
