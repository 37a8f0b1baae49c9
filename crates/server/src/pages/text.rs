//! Text that others chose, and scopes, as markup.

use maud::{Markup, html};
use vouchsafe_model::ScopeBound;
use vouchsafe_oauth_types::Scope;

/// What somebody else wrote: cut to a readable length, without characters that hide or turn text, isolated from what
/// stands around it.
pub(crate) fn quoted(text: &str) -> Markup {
    let mut shown: String = text
        .chars()
        .take(LONGEST)
        .map(|c| if misleads(c) { '\u{fffd}' } else { c })
        .collect();
    if text.chars().nth(LONGEST).is_some() {
        shown.push('…');
    }
    html! { bdi.quoted { (shown) } }
}

/// Controls, and what is invisible or changes the direction of the text around it.
fn misleads(c: char) -> bool {
    c.is_control()
        || matches!(c, '\u{ad}' | '\u{61c}' | '\u{180e}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}'
            | '\u{2060}'..='\u{206f}' | '\u{feff}' | '\u{fff9}'..='\u{fffb}' | '\u{e0000}'..='\u{e007f}')
}

/// Scopes, one to a line.
pub(crate) fn scopes(scope: &Scope) -> Markup {
    html! {
        @if scope.is_empty() {
            p { "No particular permission: only who you are." }
        } @else {
            ul.scopes { @for token in scope.iter() { li { code { (token) } } } }
        }
    }
}

/// A bound, which may be everything.
pub(crate) fn bound(scope: &ScopeBound) -> Markup {
    match scope {
        ScopeBound::Everything => html! { p.warning { "Everything that this account allows." } },
        ScopeBound::Scopes(scope) => scopes(scope),
    }
}

const LONGEST: usize = 200;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn atk_43__text_of_others_is_inert_and_cannot_mislead() {
        let shown = quoted("<script>alert(1)</script>").into_string();
        assert!(shown.contains("&lt;script&gt;") && !shown.contains("<script>"));
        assert!(
            !quoted("a\u{202e}b\u{200b}\n")
                .into_string()
                .contains(['\u{202e}', '\u{200b}', '\n'])
        );
        assert!(quoted(&"x".repeat(5_000)).into_string().len() < 300);
    }
}
