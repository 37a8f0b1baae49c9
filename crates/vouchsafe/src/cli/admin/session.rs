//! Where a command goes, and what comes back.

use std::str::FromStr as _;

use serde::Deserialize;
use tokio::runtime::Handle;
use vouchsafe_model::UserId;

use super::answer::{Answer, Json};
use super::call::{Birth, Call, Request};
use super::http::{Http, Reply};
use super::own_instance::{OwnInstance, Told};
use super::{Target, local};
use crate::cli::printable::Printable;
use crate::cli::{Failure, input};
use crate::{files, logging};

/// Somebody who can be asked.
pub(super) struct Session {
    http: Http,
    /// Whether we ask ourselves.
    own: Option<OwnInstance>,
}

impl Session {
    /// 1. the server that `--server` names; 2. the one that runs here; 3. the instance itself, opened by this process.
    pub(super) async fn open(target: &Target, birth: Birth, handle: Handle) -> Result<Self, Failure> {
        if let Some(http) = remote(target)? {
            return Ok(Self { http, own: None });
        }
        let mut config = target.config().read()?;
        // Only what went wrong: what a command prints is read by scripts.
        "warn".clone_into(&mut config.log.level);
        logging::begin(&config.log);
        let (http, own) = local::reach(&config, birth, handle).await?;
        Ok(Self { http, own })
    }

    /// The answer; of a list, one for each page that is wanted.
    pub(super) async fn answers(&self, call: &Call) -> Result<Vec<Answer>, Failure> {
        let user = match call.user() {
            Some(name) => Some(self.user(name).await?),
            None => None,
        };
        let mut answers = Vec::new();
        let mut cursor = None;
        loop {
            let request = call.request(user.as_deref(), cursor.as_deref());
            let answer = self.answer(&request, call.what_there_is().as_deref()).await?;
            let next = call.next(&answer);
            answers.push(answer);
            // A server that sends us round in circles is not followed.
            if next.is_none() || next == cursor {
                return Ok(answers);
            }
            cursor = next;
        }
    }

    /// In order: what was begun ends, then everything is closed.
    pub(super) async fn close(self) -> Told {
        drop(self.http);
        match self.own {
            Some(own) => own.close().await,
            None => Told::ByServer,
        }
    }

    /// The id of a user who is named by it or by their user name.
    async fn user(&self, name: &str) -> Result<String, Failure> {
        if UserId::from_str(name).is_ok() {
            return Ok(name.to_owned());
        }
        let request = Request {
            method: "GET",
            path: "/users".to_owned(),
            query: vec![("username", name.to_owned())],
            body: None,
        };
        let reply = self.http.send(&request).await?;
        if reply.status == 403 {
            // The key may do what is asked for, but not look who this is.
            return Err(Failure::new(format!(
                "Forbidden: the admin key does not have the scope read, without which nobody can be found by name: give \
                 the id (`usr_…`) instead of {name}, or use a key with read as well"
            )));
        }
        let found = self.answered(&reply, None)?;
        let items = found.json().get("items").map(Json::items);
        let shown = items.and_then(|items| match items.first()?.get("id")? {
            Json::Text(id) => Some(id.as_str()),
            _ => None,
        });
        // One whose row cannot be read can still be shown as such, and revoked.
        let id = shown.or_else(|| found.unreadable().next());
        let id = id.ok_or_else(|| nobody(name))?;
        // It becomes part of a path.
        match UserId::from_str(id) {
            Ok(id) => Ok(id.to_string()),
            Err(_) => Err(nobody(name)),
        }
    }

    async fn answer(&self, request: &Request, shown_by: Option<&str>) -> Result<Answer, Failure> {
        let reply = self.http.send(request).await?;
        self.answered(&reply, shown_by)
    }

    fn answered(&self, reply: &Reply, shown_by: Option<&str>) -> Result<Answer, Failure> {
        match reply.status {
            200..=299 => Answer::read(reply.body.clone()),
            _ => Err(self.refused(reply, shown_by)),
        }
    }

    /// The title and detail of the problem (RFC 9457), and what to do.
    fn refused(&self, reply: &Reply, shown_by: Option<&str>) -> Failure {
        let (status, name) = (reply.status, self.http.name());
        let Ok(Problem { title, detail }) = serde_json::from_slice(&reply.body) else {
            let what = if (300..400).contains(&status) {
                "sends us elsewhere"
            } else {
                "answers as no Vouchsafe does"
            };
            return Failure::new(format!("{name} {what} (status {status}): {ISSUER_ITSELF}"));
        };
        let mut sentence = format!("{}: {}", Printable(&title), Printable(&detail));
        match status {
            401 => sentence += "; put the text of a valid key into the file of --admin-key-file",
            403 => sentence += "; use a key that may, or the machine of the server itself",
            404 => sentence += &what_there_is(shown_by),
            _ => {}
        }
        Failure::new(sentence)
    }
}

#[derive(Deserialize)]
struct Problem {
    title: String,
    detail: String,
}

fn what_there_is(shown_by: Option<&str>) -> String {
    match shown_by {
        Some(command) => format!("; `{command}` shows what there is"),
        // The operation itself is not there.
        None => format!("; {ISSUER_ITSELF}"),
    }
}

fn nobody(name: &str) -> Failure {
    Failure::new(format!(
        "Not Found: nobody signs in by the name {name}; `vouchsafe user list` shows who there is"
    ))
}

fn remote(target: &Target) -> Result<Option<Http>, Failure> {
    let usage = |sentence: &str| Err(Failure::new(sentence).with_status(2));
    let (issuer, key) = match (&target.server, &target.admin_key_file) {
        (Some(issuer), Some(key)) => (issuer, key),
        (None, None) => return Ok(None),
        (Some(_), None) => {
            return usage("--server needs --admin-key-file: a file that holds an admin key of that server");
        }
        // Whoever brings a key means to have no more than its scopes; the local operator has all.
        (None, Some(_)) => {
            return usage(
                "--admin-key-file goes with --server: on the machine of the server itself no key is needed",
            );
        }
    };
    let key = input::secret("--admin-key-file", key)?;
    let authorities = match &target.ca_file {
        Some(path) => Some(std::fs::read(path).map_err(|error| {
            let (path, kind) = (path.display(), files::words(error.kind()));
            Failure::new(format!(
                "--ca-file: {path} cannot be read ({kind}): name a file that this user may read"
            ))
        })?),
        None => None,
    };
    Http::at_issuer(issuer, &key, authorities.as_deref()).map(Some)
}

const ISSUER_ITSELF: &str = "name the issuer itself, with its path, in --server";
