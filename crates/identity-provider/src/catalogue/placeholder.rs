//! `{name}` in the texts of an entry.

/// Filled in while serving, not by the operator.
pub(super) const RUNTIME: [&str; 3] = ["client_id", "token", "tid"];

/// Whether a runtime placeholder means something in `field`. A token is never part of a URL.
pub(super) fn is_runtime(name: &str, field: &str) -> bool {
    match name {
        "client_id" => {
            matches!(field, "revoke.url" | "introspect.url") || field.starts_with("revoke.json_body.")
        }
        "token" => field.starts_with("revoke.json_body."),
        "tid" => field == "issuer_template",
        _ => false,
    }
}

/// The names between braces, in order. `None` when a brace has no partner.
pub(super) fn names(text: &str) -> Option<Vec<&str>> {
    let mut found = Vec::new();
    let mut rest = text;
    while let Some(open) = rest.find(['{', '}']) {
        let after = rest[open..].strip_prefix('{')?;
        let close = after.find(['{', '}'])?;
        let tail = after[close..].strip_prefix('}')?;
        found.push(&after[..close]);
        rest = tail;
    }
    Some(found)
}

/// Replaces the placeholders for which `value` has something, and leaves the others.
pub(super) fn fill<'v>(text: &str, value: impl Fn(&str) -> Option<&'v str>) -> String {
    let mut filled = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(open) = rest.find('{') {
        filled.push_str(&rest[..open]);
        let after = &rest[open + 1..];
        let replaced = after
            .find('}')
            .and_then(|close| Some((close, value(&after[..close])?)));
        if let Some((close, replacement)) = replaced {
            filled.push_str(replacement);
            rest = &after[close + 1..];
        } else {
            filled.push('{');
            rest = after;
        }
    }
    filled.push_str(rest);
    filled
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn known_names_are_filled_and_values_are_not_read_again() {
        let value = |name: &str| match name {
            "a" => Some("{b}"),
            "b" => Some("B"),
            _ => None,
        };
        assert_eq!(fill("x{a}y{b}z{c}{", value), "x{b}yBz{c}{");
    }

    #[test]
    fn unbalanced_braces_are_found() {
        assert_eq!(
            names("https://{host}/{client_id}"),
            Some(vec!["host", "client_id"])
        );
        for text in ["{", "}", "{a", "a}", "{{a}}", "}{"] {
            assert_eq!(names(text), None, "{text}");
        }
    }
}
