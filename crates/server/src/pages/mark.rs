//! The mark: a shield, for the safe, with a V that holds a disc, for what is vouched for. Read the other way up, disc
//! and V are a keyhole. One colour, one path; also the icon of the site.

use maud::{Markup, html};

/// The mark in the colour of the text around it. It says nothing that the name beside it does not.
pub(crate) fn mark() -> Markup {
    html! {
        svg.mark viewBox="0 0 32 32" aria-hidden="true" focusable="false" {
            path fill="currentColor" fill-rule="evenodd" d={ (SHIELD) (V_AND_DISC) } {}
        }
    }
}

/// Who stands on the two sides, with us between them. Only for the eye: the text of the page says the same.
pub(crate) fn between(left: &str, right: &str) -> Markup {
    html! {
        div.between aria-hidden="true" {
            span.side { (initial(left)) }
            span.way {}
            (mark())
            span.way {}
            span.side { (initial(right)) }
        }
    }
}

fn initial(name: &str) -> String {
    name.chars()
        .find(|c| c.is_alphanumeric())
        .map_or_else(|| "?".to_owned(), |c| c.to_uppercase().collect())
}

/// `/favicon.svg`.
pub(crate) fn icon() -> String {
    format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 32 32\"><path fill=\"#0f766e\" d=\"{SHIELD}\"/>\
         <path fill=\"#fff\" d=\"{V_AND_DISC}\"/></svg>\n"
    )
}

const SHIELD: &str = "M16 1.5 28 5.8v9.4c0 7.6-4.8 13-12 15.3C8.8 28.2 4 22.8 4 15.2V5.8Z";
const V_AND_DISC: &str =
    "M8.4 11h4.2L16 19.4 19.4 11h4.2l-5.7 13.2h-3.8ZM16 7.3a2.6 2.6 0 1 1 0 5.2 2.6 2.6 0 0 1 0-5.2Z";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_without_a_letter_still_has_a_sign() {
        assert_eq!(initial("\u{202e}<ada>"), "A");
        assert_eq!(initial("ßeta"), "SS");
        assert_eq!(initial("…"), "?");
    }

    #[test]
    fn the_icon_asks_nothing_of_anybody() {
        let icon = icon();
        for word in ["<script", "<style", "style=", "href", "url("] {
            assert!(!icon.contains(word), "{word}");
        }
        assert_eq!(
            icon.matches("http").count(),
            1,
            "the name of the language, and nothing else"
        );
    }
}
