//! Pages that say what has happened and what to do next, in a sentence or two.

use maud::{Markup, html};

use super::layout::{self, Around};
use super::mark::mark;

/// How it went.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Tone {
    /// As the person wanted.
    Done,
    /// Nothing went wrong, and nothing was given either.
    Still,
    /// Something is wrong.
    Wrong,
}

/// What the page says.
pub(crate) struct Message<'a> {
    pub(crate) tone: Tone,
    pub(crate) title: &'a str,
    pub(crate) sentence: Markup,
    /// Where to go from here, and the words of the link.
    pub(crate) way_on: Option<(&'a str, &'a str)>,
}

impl<'a> Message<'a> {
    /// Something is wrong: a fixed sentence.
    pub(crate) fn wrong(title: &'a str, sentence: &str) -> Self {
        Self {
            tone: Tone::Wrong,
            title,
            sentence: html! { (sentence) },
            way_on: None,
        }
    }

    /// With a link.
    pub(crate) fn way_on(mut self, to: &'a str, words: &'a str) -> Self {
        self.way_on = Some((to, words));
        self
    }
}

pub(crate) fn document(message: &Message<'_>, base: Option<&str>) -> Markup {
    let around = Around {
        base,
        ..Around::default()
    };
    let class = match message.tone {
        Tone::Done => "card message done",
        Tone::Still => "card message",
        Tone::Wrong => "card message wrong",
    };
    layout::document(
        message.title,
        &around,
        &html! {
            div class=(class) {
                (mark())
                div {
                    p #message { (message.sentence) }
                    @if let Some((to, words)) = message.way_on {
                        p { a.button #way-on href=(to) { (words) } }
                    }
                }
            }
        },
    )
}
