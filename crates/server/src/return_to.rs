//! Where to go after signing in: only to pages of ours that ask for it, never elsewhere (ATK-27).
//!
//! An allow-list of paths, each with the characters it can have; nothing is decoded, resolved or normalised, so there is
//! no second reading of the text.

/// A path of ours below the base, with its query.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct ReturnTo(String);

impl ReturnTo {
    /// `text` without the base.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        if text.len() > LONGEST || !text.bytes().all(is_plain) {
            return None;
        }
        let path = text.split_once('?').map_or(text, |(path, _)| path);
        let known = match path {
            "/connections" | "/oauth/authorize" => true,
            _ => {
                let below = |prefix| path.strip_prefix(prefix).is_some_and(is_segment);
                below("/connect/") || below("/interaction/")
            }
        };
        known.then(|| Self(text.to_owned()))
    }

    /// Where to go, without the base.
    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }

    /// The authorization request that waits there.
    pub(crate) fn authorization_request(&self) -> Option<&str> {
        self.0.strip_prefix("/oauth/authorize?")
    }
}

/// Visible ASCII that no browser rewrites or reads as something else.
fn is_plain(byte: u8) -> bool {
    byte.is_ascii_graphic()
        && !matches!(
            byte,
            b'\\' | b'#' | b'"' | b'<' | b'>' | b'`' | b'{' | b'}' | b'|' | b'^'
        )
}

/// The last segment of a page's path: an id. One segment only, so the callback is not among them: its query holds a
/// code, which must not wait in another URL.
fn is_segment(text: &str) -> bool {
    !text.is_empty()
        && text
            .bytes()
            .all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_'))
}

const LONGEST: usize = 8 * 1024;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bcp_2_1_01__pages_of_ours_are_accepted() {
        for text in [
            "/connections",
            "/connect/github",
            "/connect/github?scope=repo%20read",
            "/interaction/itn_01kabc",
            "/oauth/authorize?client_id=a&redirect_uri=https://app.example/cb&state=x%2Fy",
        ] {
            assert_eq!(ReturnTo::parse(text).unwrap().as_str(), text);
        }
        let waiting = ReturnTo::parse("/oauth/authorize?client_id=a").unwrap();
        assert_eq!(waiting.authorization_request(), Some("client_id=a"));
        assert_eq!(
            ReturnTo::parse("/connections?client_id=a")
                .unwrap()
                .authorization_request(),
            None
        );
    }

    #[test]
    fn bcp_2_1_01__no_bypass_leads_elsewhere() {
        for text in [
            "",
            "/",
            "//evil.example",
            "///evil.example",
            "/\\evil.example",
            "\\\\evil.example",
            "\\/evil.example",
            "https://evil.example",
            "https:/evil.example",
            "https:evil.example",
            "http://evil.example/connections",
            "HTTPS://EVIL.EXAMPLE",
            "javascript:alert(1)",
            "data:text/html,x",
            "vbscript:x",
            " /connections",
            "/connections ",
            "\t/connections",
            "/\t/evil.example",
            "/\n/evil.example",
            "/connections\r\nLocation: https://evil.example",
            "/connections\0",
            "/connections/../..//evil.example",
            "/./connections",
            "/connections/",
            "/connections//evil.example",
            "/connections.evil.example",
            "/connections@evil.example",
            "@evil.example/connections",
            "connections",
            "/%2fevil.example",
            "/%5cevil.example",
            "/connect/%2e%2e",
            "/connect/..",
            "/connect/",
            "/connect//evil.example",
            "/connect/callback/github?code=x",
            "/interaction/itn_1/../../x",
            "/interaction/itn_1#//evil.example",
            "/oauth/authorize#x",
            "/oauth/authorize/x",
            "/oauth/token",
            "/login",
            "/logout",
            "/admin/v1/records",
            "/connections?x=\u{202e}",
            "/\u{ff0f}evil.example",
            "/connections?\"><script>",
            ".evil.example",
            ":443/connections",
            "?return_to=/connections",
        ] {
            assert_eq!(ReturnTo::parse(text), None, "{text:?}");
        }
        assert_eq!(
            ReturnTo::parse(&format!("/connections?{}", "x".repeat(LONGEST))),
            None
        );
    }
}
