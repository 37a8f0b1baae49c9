//! Just enough HTML to find a form and fill it in, as a browser without script would.

/// A form of a page.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Form {
    pub(crate) action: String,
    /// Every input that has a name: its type, name and value.
    pub(crate) inputs: Vec<Input>,
    /// Name and value of the first button that submits.
    pub(crate) button: Option<(String, String)>,
}

/// An input of a form.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Input {
    pub(crate) kind: String,
    pub(crate) name: String,
    pub(crate) value: String,
    /// Of a radio button or a checkbox.
    pub(crate) checked: bool,
}

impl Form {
    pub(crate) fn has_password(&self) -> bool {
        self.inputs.iter().any(|input| input.kind == "password")
    }

    /// The fields of a sign-in form, filled in.
    pub(crate) fn signed_in_as(&self, username: &str, password: &str) -> Vec<(String, String)> {
        let filled = self.inputs.iter().filter(|input| input.is_sent()).map(|input| {
            let value = match input.kind.as_str() {
                "password" => password,
                "text" | "email" | "" => username,
                _ => input.value.as_str(),
            };
            (input.name.clone(), value.to_owned())
        });
        filled.collect()
    }

    /// The fields as they are, with the first button pressed.
    pub(crate) fn agreed(&self) -> Vec<(String, String)> {
        let sent = self.inputs.iter().filter(|input| input.is_sent());
        sent.map(|input| (input.name.clone(), input.value.clone()))
            .chain(self.button.clone())
            .collect()
    }
}

impl Input {
    fn is_sent(&self) -> bool {
        match self.kind.as_str() {
            "submit" | "button" | "image" => false,
            "radio" | "checkbox" => self.checked,
            _ => true,
        }
    }
}

/// Every form of a page that is posted.
pub(crate) fn forms(page: &str) -> Vec<Form> {
    let mut found = Vec::new();
    for part in page.split("<form").skip(1) {
        let part = part.split("</form>").next().unwrap_or_default();
        let Some((head, body)) = part.split_once('>') else {
            continue;
        };
        if attribute(head, "method").is_some_and(|method| method.eq_ignore_ascii_case("post")) {
            found.push(Form {
                action: attribute(head, "action").unwrap_or_default(),
                inputs: inputs(body),
                button: button(body),
            });
        }
    }
    found
}

fn inputs(body: &str) -> Vec<Input> {
    tags(body, "<input")
        .filter_map(|tag| {
            Some(Input {
                kind: attribute(tag, "type").unwrap_or_default(),
                name: attribute(tag, "name")?,
                value: attribute(tag, "value").unwrap_or_default(),
                checked: tag.split_ascii_whitespace().any(|word| word == "checked"),
            })
        })
        .collect()
}

fn button(body: &str) -> Option<(String, String)> {
    let tag = tags(body, "<button").find(|tag| attribute(tag, "type").is_none_or(|kind| kind == "submit"))?;
    Some((
        attribute(tag, "name")?,
        attribute(tag, "value").unwrap_or_default(),
    ))
}

fn tags<'a>(body: &'a str, start: &'a str) -> impl Iterator<Item = &'a str> {
    body.split(start)
        .skip(1)
        .map(|rest| rest.split('>').next().unwrap_or_default())
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

    fn pairs(of: &[(&str, &str)]) -> Vec<(String, String)> {
        of.iter()
            .map(|(n, v)| ((*n).to_owned(), (*v).to_owned()))
            .collect()
    }

    #[test]
    fn a_sign_in_form_is_filled_in() {
        let page = r#"<form method="post" action="/login?a=1&amp;b=2"><input type="hidden" name="csrf" value="c&quot;">
            <input type="text" name="name"><input type="password" name="pass"></form>"#;
        let form = forms(page).remove(0);
        assert!(form.has_password());
        assert_eq!(form.action, "/login?a=1&b=2");
        let filled = form.signed_in_as("ada", "secret");
        assert_eq!(
            filled,
            pairs(&[("csrf", "c\""), ("name", "ada"), ("pass", "secret")])
        );
    }

    #[test]
    fn what_is_ticked_is_sent_and_the_rest_is_not() {
        let page = r#"<form method="post"><input type="radio" name="r" value="1" checked><input type="radio" name="r"
            value="2"><input type="checkbox" name="c" value="x" checked required><input type="checkbox" name="c" value="y">
            <button name="go" value="1">Go</button></form>"#;
        let agreed = forms(page).remove(0).agreed();
        assert_eq!(agreed, pairs(&[("r", "1"), ("c", "x"), ("go", "1")]));
    }

    #[test]
    fn the_first_button_is_pressed() {
        let page = r#"<form method="get"></form><form method="POST" action="/x"><input type="hidden" name="n" value="1">
            <button type="submit" name="decision" value="approve">Allow</button>
            <button type="submit" name="decision" value="deny">No</button></form>"#;
        let agreed = forms(page).remove(0).agreed();
        assert_eq!(agreed, pairs(&[("n", "1"), ("decision", "approve")]));
    }
}
