//! The consent page: plain HTML whose hidden inputs carry everything, so that any HTTP client can drive it.

use std::fmt::Write;

use crate::reply::Reply;

/// What the page asks.
pub(super) struct Choice<'a> {
    pub(super) personality: &'a str,
    pub(super) client_id: &'a str,
    pub(super) account: &'a str,
    pub(super) scopes: &'a [String],
    pub(super) user_scopes: &'a [String],
    pub(super) unticked: &'a [String],
    /// The query of the authorization request.
    pub(super) request: &'a str,
}

/// The page with the form.
pub(super) fn page(choice: &Choice<'_>) -> Reply {
    let boxes = [
        ("granted_scope", choice.scopes),
        ("granted_user_scope", choice.user_scopes),
    ];
    let mut ticks = String::new();
    for (name, scopes) in boxes {
        for scope in scopes {
            let checked = if choice.unticked.contains(scope) {
                ""
            } else {
                " checked"
            };
            let scope = escaped(scope);
            // Writing to a String cannot fail.
            let _ = writeln!(
                ticks,
                r#"<p><label><input type="checkbox" name="{name}" value="{scope}"{checked}> {scope}</label></p>"#
            );
        }
    }
    let html = format!(
        r#"<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>{personality}: sign in and allow access</title>
<style>body{{font:16px/1.5 system-ui,sans-serif;max-width:34rem;margin:3rem auto;padding:0 1rem}}
button{{font:inherit;padding:.4rem 1.2rem;margin-right:.5rem}}small{{color:#666}}</style></head>
<body><p><small>A pretended provider for tests: {personality}</small></p>
<h1>Allow {client} to use your account?</h1>
<form method="post" action="/{personality}/authorize/decision">
<input type="hidden" name="request" value="{request}">
<p><label>Account <input type="text" name="account" value="{account}"></label></p>
{ticks}<p><button type="submit" name="decision" value="approve">Approve</button>
<button type="submit" name="decision" value="deny">Deny</button></p>
</form></body></html>
"#,
        personality = escaped(choice.personality),
        client = escaped(choice.client_id),
        account = escaped(choice.account),
        request = escaped(choice.request),
    );
    Reply::html(200, html).with_header("cache-control", "no-store")
}

/// The page for a request that must not be redirected anywhere.
pub(super) fn refusal(reason: &str) -> Reply {
    Reply::html(
        400,
        format!(
            "<!doctype html><title>Bad request</title><p>{}</p>\n",
            escaped(reason)
        ),
    )
}

fn escaped(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            '\'' => escaped.push_str("&#39;"),
            other => escaped.push(other),
        }
    }
    escaped
}
