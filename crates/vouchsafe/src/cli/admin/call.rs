//! An operation of the admin API, with everything that the request says.

use clap::Args;
use serde::Serialize;
use serde_json::{Map, Value};
use vouchsafe_model::Secret;

use super::answer::Answer;
use super::own_instance::Told;
use super::view::View;
use crate::cli::Failure;
use crate::cli::printable::Printable;

/// One call; of a list perhaps several, page after page.
#[derive(Debug)]
pub(in crate::cli) struct Call {
    method: &'static str,
    /// As the admin API declares it, with `{names}`.
    path: &'static str,
    at: Vec<(&'static str, String)>,
    query: Vec<(&'static str, String)>,
    body: Option<Map<String, Value>>,
    view: View,
    pages: Option<Pages>,
    birth: Birth,
    afterwards: Option<Afterwards>,
}

/// What there is to say behind an answer.
#[derive(Debug)]
enum Afterwards {
    /// This.
    Sentence(String),
    /// How far providers know of it, which these commands show.
    Upstream(String),
}

/// Whether a command may be the first one that a database sees.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Birth {
    /// It looks at, or changes, what is there.
    Refused,
    /// It makes the database, as the first start would.
    Allowed,
}

/// How a list goes on.
#[derive(Debug)]
struct Pages {
    /// The member of an answer that says where the next page begins.
    next: &'static str,
    /// The parameter that wants to know.
    parameter: &'static str,
    all: bool,
}

/// Which page of a list.
#[derive(Debug, Args)]
pub(in crate::cli) struct Page {
    /// How many items at most.
    #[arg(long)]
    limit: Option<u32>,
    /// Go on behind the page that named this cursor.
    #[arg(long)]
    cursor: Option<String>,
    /// Every page to the end.
    #[arg(long)]
    all: bool,
}

impl Call {
    pub(super) fn new(method: &'static str, path: &'static str, view: View) -> Self {
        Self {
            method,
            path,
            at: Vec::new(),
            query: Vec::new(),
            body: None,
            view,
            pages: None,
            birth: Birth::Refused,
            afterwards: None,
        }
    }

    /// With a parameter of the path.
    pub(super) fn at(mut self, name: &'static str, value: String) -> Self {
        self.at.push((name, value));
        self
    }

    /// With a parameter of the query, if it is said.
    pub(super) fn query(mut self, name: &'static str, value: Option<impl ToString>) -> Self {
        self.query.extend(value.map(|value| (name, value.to_string())));
        self
    }

    /// With a body, the members of which are those of `body`.
    pub(super) fn body(mut self, body: &impl Serialize) -> Result<Self, Failure> {
        let Value::Object(members) = serde_json::to_value(body)? else {
            return Err(Failure::new("the body of a request is an object"));
        };
        self.body.get_or_insert_default().extend(members);
        Ok(self)
    }

    /// With another member of the body, if it is said.
    pub(super) fn member(mut self, name: &'static str, value: Option<Value>) -> Self {
        let body = self.body.get_or_insert_default();
        body.extend(value.map(|value| (name.to_owned(), value)));
        self
    }

    /// With a secret in the body, if it is said.
    pub(super) fn secret(self, name: &'static str, secret: Option<Secret<String>>) -> Self {
        self.member(name, secret.map(|secret| Value::from(secret.expose().as_str())))
    }

    /// As a list of ids.
    pub(super) fn page(self, page: Page) -> Self {
        let Page { limit, cursor, all } = page;
        self.listed("next_cursor", "cursor", all)
            .query("limit", limit.or(all.then_some(MOST_ITEMS)))
            .query("cursor", cursor)
    }

    /// As a list that goes on as it says.
    pub(super) fn listed(mut self, next: &'static str, parameter: &'static str, all: bool) -> Self {
        self.pages = Some(Pages { next, parameter, all });
        self
    }

    /// It may be the first command that the database sees.
    pub(super) fn may_be_first(mut self) -> Self {
        self.birth = Birth::Allowed;
        self
    }

    /// What there is to say behind the answer.
    pub(super) fn afterwards(mut self, sentence: String) -> Self {
        self.afterwards = Some(Afterwards::Sentence(sentence));
        self
    }

    /// Providers are told behind the answer. Which commands show how far that is.
    pub(super) fn told_upstream(mut self, commands: String) -> Self {
        self.afterwards = Some(Afterwards::Upstream(commands));
        self
    }

    pub(super) const fn birth(&self) -> Birth {
        self.birth
    }

    pub(super) const fn view(&self) -> &View {
        &self.view
    }

    /// The command that shows what there is, if this is about one thing that may not be there.
    pub(super) fn what_there_is(&self) -> Option<String> {
        let (_, outer) = self.at.first()?;
        let noun = match self.path.split('/').nth(1)? {
            "users" => "user",
            "clients" => "client",
            "providers" => "provider",
            "connections" => "connection",
            "delegations" => "delegation",
            "admin-keys" => "admin-key",
            _ => return None,
        };
        Some(match self.at.len() {
            1 => format!("vouchsafe {noun} list"),
            // Something of it: that is shown with it.
            _ => format!("vouchsafe {noun} show {outer}"),
        })
    }

    /// The request. Each value was looked at by [`id`]; where a user is named, `user` says the id.
    pub(super) fn request(&self, user: Option<&str>, cursor: Option<&str>) -> Request {
        let of_user = |(name, value): &(&'static str, String)| match user {
            Some(user) if *name == USER_ID => (*name, user.to_owned()),
            _ => (*name, value.clone()),
        };
        let mut path = self.path.to_owned();
        for (name, value) in self.at.iter().map(of_user) {
            path = path.replace(&format!("{{{name}}}"), &value);
        }
        let mut query: Vec<_> = self.query.iter().map(of_user).collect();
        if let (Some(pages), Some(cursor)) = (&self.pages, cursor) {
            query.retain(|(name, _)| *name != pages.parameter);
            query.push((pages.parameter, cursor.to_owned()));
        }
        Request {
            method: self.method,
            path,
            query,
            body: self.body.clone().map(Value::Object),
        }
    }

    /// The user that is named, by id or by user name.
    pub(super) fn user(&self) -> Option<&str> {
        let mut parameters = self.at.iter().chain(&self.query);
        let (_, user) = parameters.find(|(name, _)| *name == USER_ID)?;
        Some(user)
    }

    /// Where the next page begins, if it is wanted.
    pub(super) fn next(&self, answer: &Answer) -> Option<String> {
        let pages = self.pages.as_ref().filter(|pages| pages.all)?;
        answer.member(pages.next)
    }

    /// What else somebody should know who reads the answers.
    pub(super) fn remarks(&self, answers: &[Answer], json: bool, told: Told) -> impl Iterator<Item = String> {
        let unreadable = unreadable(answers).filter(|_| !json);
        let untold = (told == Told::NotAll).then(|| NOT_ALL_TOLD.to_owned());
        let remark = self.remark(answers, json, told);
        unreadable.into_iter().chain(remark).chain(untold)
    }

    fn remark(&self, answers: &[Answer], json: bool, told: Told) -> Option<String> {
        if let Some(pages) = &self.pages {
            let Some(next) = answers.last()?.member(pages.next) else {
                let nothing = !json && answers.iter().all(Answer::lists_nothing);
                return nothing.then(|| "nothing found".to_owned());
            };
            let parameter = pages.parameter;
            return Some(format!(
                "there may be more: go on with --{parameter} {}, or take --all",
                Printable(&next)
            ));
        }
        if let Some(afterwards) = self.afterwards.as_ref().filter(|_| !json) {
            return match (afterwards, told) {
                (Afterwards::Sentence(sentence), _) => Some(sentence.clone()),
                (Afterwards::Upstream(commands), Told::ByServer) => Some(format!(
                    "dead here; each provider is told in the background: {commands} show how far that is"
                )),
                (Afterwards::Upstream(commands), Told::All) => Some(format!(
                    "dead here, and each provider has been asked to end it: {commands} show what came of it"
                )),
                // That is said whatever the command was.
                (Afterwards::Upstream(_), Told::NotAll) => None,
            };
        }
        let once = self.view.shown_once().filter(|_| !json)?;
        answers.iter().find(|answer| answer.member(once).is_some())?;
        Some(format!("{once} is shown this once: keep it where it belongs"))
    }
}

/// Which items a list leaves out, though they are there.
fn unreadable(answers: &[Answer]) -> Option<String> {
    let ids = answers.iter().flat_map(Answer::unreadable);
    let ids: Vec<String> = ids.map(|id| Printable(id).to_string()).collect();
    let which = ids.join(", ");
    (!ids.is_empty()).then(|| {
        format!(
            "not shown, for their rows are damaged or were changed past the server: {which}; the server's log says what is \
             wrong, and `vouchsafe audit verify` what was changed"
        )
    })
}

/// What goes over the wire.
pub(super) struct Request {
    pub(super) method: &'static str,
    /// Below `/admin/v1`.
    pub(super) path: String,
    pub(super) query: Vec<(&'static str, String)>,
    pub(super) body: Option<Value>,
}

/// Reads the id of something, or the name of a user: only what can stand in a path as it is.
pub(super) fn id(text: &str) -> Result<String, String> {
    let plain = |b: u8| b.is_ascii_alphanumeric() || b"._-+@".contains(&b);
    if text.is_empty() || text.len() > 128 || matches!(text, "." | "..") || !text.bytes().all(plain) {
        return Err("no id and no user name looks like this".to_owned());
    }
    Ok(text.to_owned())
}

/// The one parameter for which people have another name.
const USER_ID: &str = "user_id";
/// No server runs that would.
const NOT_ALL_TOLD: &str = "what is revoked is dead here, but not every provider has been told yet: the next `vouchsafe serve` goes on with it, unless a server of this database runs already";
/// As many as a page may have.
const MOST_ITEMS: u32 = 200;
