//! The one frame of all pages.

use maud::{DOCTYPE, Markup, PreEscaped, html};

use super::mark::mark;

/// What stands around the content of a page.
#[derive(Default)]
pub(crate) struct Around<'a> {
    /// Path of the issuer; `None` only where the server failed so early that it is not known.
    pub(crate) base: Option<&'a str>,
    /// What stands before the name of the page in the title of the window.
    pub(crate) title_prefix: &'static str,
    /// Who is signed in, and the way to change that.
    pub(crate) corner: Option<Markup>,
}

/// A whole document.
pub(crate) fn document(title: &str, around: &Around<'_>, body: &Markup) -> Markup {
    html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width, initial-scale=1";
                meta name="robots" content="noindex";
                meta name="color-scheme" content="light dark";
                title { (around.title_prefix) (title) " · Vouchsafe" }
                @if let Some(base) = around.base {
                    link rel="icon" type="image/svg+xml" href={ (base) "/favicon.svg" };
                }
                style { (PreEscaped(STYLE)) }
            }
            body {
                header {
                    @if let Some(base) = around.base {
                        a.brand href={ (base) "/connections" } { (mark()) "Vouchsafe" }
                    } @else {
                        span.brand { (mark()) "Vouchsafe" }
                    }
                    @if let Some(corner) = &around.corner { (corner) }
                }
                main {
                    h1 { (title) }
                    (body)
                }
                footer {
                    p { "Vouchsafe keeps the keys to your accounts. Agents get only what you allow, for a short time, and \
                         every use is on record." }
                }
            }
        }
    }
}

/// The only style. It is inline and static, so the policy of every page can name its hash.
pub(crate) const STYLE: &str = include_str!("style.css");

/// SHA-256 of [`STYLE`], as a CSP source. A test computes it anew.
pub(crate) const STYLE_HASH: &str = "sha256-Nh1ZgnDb59GwZrzepizxd1I24GhWVx2eq0xmoqfswzg=";

#[cfg(test)]
mod tests {
    use base64::Engine as _;
    use base64::engine::general_purpose::STANDARD;
    use sha2::{Digest as _, Sha256};

    use super::*;

    #[test]
    fn the_policy_names_the_style_as_it_is() {
        assert_eq!(
            STYLE_HASH,
            format!("sha256-{}", STANDARD.encode(Sha256::digest(STYLE)))
        );
    }

    #[test]
    fn the_style_stands_in_the_page_as_it_was_hashed() {
        let around = Around {
            base: Some("/base"),
            ..Around::default()
        };
        let page = document("x", &around, &html! {}).into_string();
        assert!(page.contains(&format!("<style>{STYLE}</style>")));
        assert!(!page.contains("<script") && !page.contains("style=") && !page.contains("http"));
        assert!(page.contains("href=\"/base/favicon.svg\"") && page.contains("<html lang=\"en\">"));
    }

    #[test]
    fn the_style_asks_nothing_of_anybody() {
        assert!(!STYLE.contains("url(") && !STYLE.contains("@import"));
    }
}
