//! Text that others chose, scopes and times, as markup.

use maud::{Markup, html};
use vouchsafe_identity_provider::WidenedClient;
use vouchsafe_model::{ScopeBound, UnixMillis};
use vouchsafe_oauth_types::Scope;

use crate::time_text::{for_people, from_now, rfc3339};

/// What somebody else wrote, isolated from what stands around it.
pub(crate) fn quoted(text: &str) -> Markup {
    html! { bdi.quoted { (readable(text)) } }
}

/// The same as bare text, for attributes: cut to a readable length, without characters that hide or turn text.
pub(crate) fn readable(text: &str) -> String {
    let mut shown: String = text
        .chars()
        .take(LONGEST)
        .map(|c| if misleads(c) { '\u{fffd}' } else { c })
        .collect();
    if text.chars().nth(LONGEST).is_some() {
        shown.push('…');
    }
    shown
}

/// Controls, and what is invisible or changes the direction of the text around it.
fn misleads(c: char) -> bool {
    c.is_control()
        || matches!(c, '\u{ad}' | '\u{61c}' | '\u{180e}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}'
            | '\u{2060}'..='\u{206f}' | '\u{feff}' | '\u{fff9}'..='\u{fffb}' | '\u{e0000}'..='\u{e007f}')
}

/// A provider's scopes, one to a line; in plain words too where one standard says what they mean.
pub(crate) fn scopes(scope: &Scope) -> Markup {
    listed(scope, "No particular permission: only who you are.", meaning)
}

/// Our own scopes.
pub(crate) fn own_scopes(scope: &Scope) -> Markup {
    let nothing = "It learns who you are, and it can ask you to let it use your accounts. Nothing else.";
    listed(scope, nothing, |token| {
        (token == "exchange").then_some("ask this server, in your name, for the access you give it")
    })
}

fn listed(scope: &Scope, nothing: &'static str, meaning: impl Fn(&str) -> Option<&'static str>) -> Markup {
    html! {
        @if scope.is_empty() {
            p { (nothing) }
        } @else {
            ul.scopes {
                @for token in scope.iter() {
                    li { code { (token) } @if let Some(words) = meaning(token) { " " span.soft { (words) } } }
                }
            }
        }
    }
}

/// `OpenID` Connect Core sections 5.4 and 11. Everything else means what its provider says, so no guess is made.
fn meaning(token: &str) -> Option<&'static str> {
    Some(match token {
        "openid" => "which account it is",
        "profile" => "the account's name and picture",
        "email" => "the account's e-mail address",
        "offline_access" => "keep this access while you are away",
        _ => return None,
    })
}

/// A bound, which may be everything.
pub(crate) fn bound(scope: &ScopeBound) -> Markup {
    match scope {
        ScopeBound::Everything => html! { p.warning { "Everything that this account allows." } },
        ScopeBound::Scopes(scope) => scopes(scope),
    }
}

/// Agents by name and id.
pub(crate) fn clients(clients: &[WidenedClient]) -> Markup {
    html! {
        ul { @for client in clients { li { (quoted(&client.client_name)) " " code { (client.client_id) } } } }
    }
}

/// A moment, and how far away it is.
pub(crate) fn when(time: UnixMillis, now: UnixMillis) -> Markup {
    html! {
        time datetime=(rfc3339(time)) { (for_people(time)) } " " span.soft { "(" (from_now(time, now)) ")" }
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

    #[test]
    fn a_scope_is_explained_only_by_whoever_defines_it() {
        let both = Scope::parse("exchange openid").unwrap();
        let (theirs, ours) = (scopes(&both).into_string(), own_scopes(&both).into_string());
        assert!(theirs.contains("which account it is") && !theirs.contains("in your name"));
        assert!(ours.contains("in your name") && !ours.contains("which account it is"));
        for page in [theirs, ours] {
            assert!(page.contains("<code>exchange</code>") && page.contains("<code>openid</code>"));
        }
    }

    #[test]
    fn a_time_is_for_people_and_for_programs() {
        let shown = when(UnixMillis(0), UnixMillis(120_000)).into_string();
        assert!(shown.contains("<time datetime=\"1970-01-01T00:00:00.000Z\">1 Jan 1970, 00:00 UTC</time>"));
        assert!(shown.contains("(2 minutes ago)"));
    }
}
