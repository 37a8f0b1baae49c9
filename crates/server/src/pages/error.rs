//! Pages that say what was wrong and what to do, in one sentence each.

use maud::{Markup, html};

use super::layout;

/// `way_on` is where to go from here, and the words of the link.
pub(crate) fn document(title: &str, sentence: &str, way_on: Option<(&str, &str)>) -> Markup {
    layout::document(
        title,
        &html! {
            div.card {
                p #message { (sentence) }
                @if let Some((to, words)) = way_on {
                    p { a.button href=(to) { (words) } }
                }
            }
        },
    )
}
