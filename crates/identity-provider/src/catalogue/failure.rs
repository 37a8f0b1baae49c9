//! Whose fault a failure is, and so what happens to the grant.
//!
//! The order matters, and is always the same:
//!
//! 1. Nobody decided: transport failure, 5xx, 429, a page instead of an answer, half an answer. Soft.
//! 2. The operator's matchers. A client secret rotated wrongly must not disconnect every user.
//! 3. The soft matchers.
//! 4. The dead matchers.
//! 5. Everything else is unknown: counted, and never dead at once.

use std::time::Duration;

use serde_json::Value;
use vouchsafe_model::UnixMillis;

use super::answer::{Tree, Undecodable, UpstreamAnswer, scalar};
use super::entry::Entry;
use super::schema::{ErrorSign, Matcher};

/// Why there is no token. Codes are short words, never a provider's sentence.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum UpstreamFailure {
    /// It will pass. The grant stays.
    #[error("the provider could not answer")]
    Soft {
        /// How long the provider asked us to wait; at most an hour.
        retry_after: Option<Duration>,
        /// Whether the refresh token may have been spent although no answer came.
        uncertain: bool,
    },
    /// Our registration is at fault. The operator must act; every grant stays.
    #[error("the provider refuses this server's registration ({code})")]
    Operator {
        /// The code.
        code: String,
    },
    /// The grant is gone, if it is still the one that was sent: re-read it first, another replica may have won.
    #[error("the provider says that the grant is gone ({code})")]
    Dead {
        /// The code.
        code: String,
    },
    /// An error that the entry does not know. Count it, and back off.
    #[error("the provider answered with an unknown error (status {status})")]
    Unknown {
        /// The status.
        status: u16,
        /// The code, if it is a short word.
        code: Option<String>,
    },
    /// A success that cannot be one. The grant stays; where the provider rotates, treat it as uncertain.
    #[error("the provider's answer cannot be used ({what})")]
    InvalidAnswer {
        /// What is wrong.
        what: &'static str,
    },
}

impl Entry {
    /// What it means that no answer came. `sent`: whether the request may have left.
    pub fn read_failure_of_transport(&self, sent: bool) -> UpstreamFailure {
        let uncertain = sent && self.a_lost_answer_may_spend_the_token();
        UpstreamFailure::Soft {
            retry_after: None,
            uncertain,
        }
    }

    /// The tree of a successful answer, or why it is none.
    pub(super) fn accept(
        &self,
        answer: &UpstreamAnswer<'_>,
        now: Option<UnixMillis>,
    ) -> Result<Tree, UpstreamFailure> {
        let decoded = answer.decode(self.format);
        if answer.is_transient() {
            return Err(self.soft(answer.wait(now, decoded.as_ref().ok())));
        }
        let tree = match decoded {
            Ok(tree) => tree,
            Err(Undecodable::Foreign) => return Err(self.soft(answer.wait(now, None))),
            Err(Undecodable::Refused(what)) => return Err(UpstreamFailure::InvalidAnswer { what }),
        };
        if !self.shows_error(answer, &tree) {
            return Ok(tree);
        }
        let signs = Signs::of(self, answer, &tree);
        let operator = signs.first(&self.errors.operator);
        let dead = signs.first(&self.errors.dead);
        let is_listed_dead = || dead.is_some_and(|matcher| matcher.code == signs.code);
        if let Some(matcher) = operator {
            return Err(UpstreamFailure::Operator {
                code: signs.name(Some(matcher)),
            });
        }
        if signs.code_is_one_of(&OPERATOR_CODES) && !is_listed_dead() {
            return Err(UpstreamFailure::Operator {
                code: signs.name(None),
            });
        }
        if signs.first(&self.errors.soft).is_some() || signs.code_is_one_of(&SOFT_CODES) {
            return Err(self.soft(answer.wait(now, Some(&tree))));
        }
        if let Some(matcher) = dead {
            return Err(UpstreamFailure::Dead {
                code: signs.name(Some(matcher)),
            });
        }
        Err(UpstreamFailure::Unknown {
            status: answer.status,
            code: signs.code.as_deref().and_then(short_word),
        })
    }

    fn soft(&self, retry_after: Option<Duration>) -> UpstreamFailure {
        UpstreamFailure::Soft {
            retry_after,
            uncertain: self.a_lost_answer_may_spend_the_token(),
        }
    }

    fn shows_error(&self, answer: &UpstreamAnswer<'_>, tree: &Tree) -> bool {
        self.error.detect.iter().any(|sign| match sign {
            ErrorSign::Status => !answer.is_success(),
            ErrorSign::BodyErrorField => tree.word(&self.error.code_pointer).is_some(),
            ErrorSign::OkFalse => tree.at("/ok") == Some(&Value::Bool(false)),
        }) || !answer.is_success()
    }
}

/// What an error answer shows of itself.
pub(super) struct Signs {
    status: u16,
    code: Option<String>,
    subcodes: Vec<String>,
    description: String,
}

impl Signs {
    pub(super) fn of(entry: &Entry, answer: &UpstreamAnswer<'_>, tree: &Tree) -> Self {
        let mut subcodes = Vec::new();
        for found in entry
            .error
            .subcode_pointer
            .iter()
            .filter_map(|pointer| tree.at(pointer))
        {
            match found {
                Value::Array(items) => subcodes.extend(items.iter().filter_map(scalar)),
                other => subcodes.extend(scalar(other)),
            }
        }
        Self {
            status: answer.status,
            code: tree.word(&entry.error.code_pointer),
            subcodes,
            description: tree
                .word(&entry.error.description_pointer)
                .unwrap_or_default()
                .to_lowercase(),
        }
    }

    /// The signs of an answer whose body says nothing.
    pub(super) const fn of_status(status: u16) -> Self {
        Self {
            status,
            code: None,
            subcodes: Vec::new(),
            description: String::new(),
        }
    }

    pub(super) fn first<'m>(&self, matchers: &'m [Matcher]) -> Option<&'m Matcher> {
        matchers.iter().find(|matcher| self.fulfil(matcher))
    }

    pub(super) fn code_is_one_of(&self, codes: &[&str]) -> bool {
        self.code.as_deref().is_some_and(|code| codes.contains(&code))
    }

    fn fulfil(&self, matcher: &Matcher) -> bool {
        matcher.status.is_none_or(|status| status == self.status)
            && matcher
                .code
                .as_ref()
                .is_none_or(|code| self.code.as_ref() == Some(code))
            && matcher
                .subcode
                .as_ref()
                .is_none_or(|subcode| self.subcodes.contains(subcode))
            && matcher
                .description_contains
                .as_ref()
                .is_none_or(|piece| self.description.contains(&piece.to_lowercase()))
    }

    /// The code for the record: the provider's if it is a short word, with the finer code of our own matcher.
    fn name(&self, matcher: Option<&Matcher>) -> String {
        let code = self
            .code
            .as_deref()
            .and_then(short_word)
            .unwrap_or_else(|| format!("status_{}", self.status));
        match matcher.and_then(|matcher| matcher.subcode.as_ref()) {
            Some(subcode) => format!("{code}.{subcode}"),
            None => code,
        }
    }
}

/// A code that can be shown and recorded: it has no room for a sentence, an address or a token.
fn short_word(code: &str) -> Option<String> {
    let plain = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_';
    (code.len() <= MAX_CODE && code.bytes().all(plain)).then(|| code.to_owned())
}

pub(super) const OPERATOR_CODES: [&str; 2] = ["invalid_client", "unauthorized_client"];
pub(super) const SOFT_CODES: [&str; 3] = ["server_error", "temporarily_unavailable", "slow_down"];
const MAX_CODE: usize = 40;
