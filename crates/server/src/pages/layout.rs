//! The one frame of all pages.

use maud::{DOCTYPE, Markup, PreEscaped, html};

/// A whole document.
pub(crate) fn document(title: &str, body: &Markup) -> Markup {
    html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width, initial-scale=1";
                meta name="robots" content="noindex";
                title { (title) " · Vouchsafe" }
                style { (PreEscaped(STYLE)) }
            }
            body {
                header { span.brand { "Vouchsafe" } }
                main {
                    h1 { (title) }
                    (body)
                }
            }
        }
    }
}

/// The only style. It is inline and static, so the policy of every page can name its hash.
pub(crate) const STYLE: &str = include_str!("style.css");

/// SHA-256 of [`STYLE`], as a CSP source. A test computes it anew.
pub(crate) const STYLE_HASH: &str = "sha256-nM36Ox/CfYmL+YC2LaV2lNbotE7v9Ec5vyxceCY/fX4=";

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
        let page = document("x", &html! {}).into_string();
        assert!(page.contains(&format!("<style>{STYLE}</style>")));
        assert!(!page.contains("<script") && !page.contains("style=") && !page.contains("http"));
    }
}
