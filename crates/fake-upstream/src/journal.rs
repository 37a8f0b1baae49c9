//! What was asked of the provider: every request, with its complete parameters.

use std::sync::{Mutex, PoisonError};

use serde::Serialize;
use serde_json::Value;

use crate::fault::{Endpoint, Fault};
use crate::request::Request;

/// One request, as it arrived.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct JournalEntry {
    /// Counts up from 1 and never repeats, also across a clearing.
    pub number: u64,
    /// The provider's time in Unix milliseconds.
    pub at_ms: u64,
    /// Whose request it was.
    pub personality: String,
    /// Which endpoint it met.
    pub endpoint: Endpoint,
    /// The HTTP method.
    pub method: String,
    /// The path, with the personality.
    pub path: String,
    /// The decoded query, in order.
    pub query: Vec<(String, String)>,
    /// The names of all headers, in lower case.
    pub headers: Vec<String>,
    /// The scheme of `Authorization`, never its value.
    pub authorization: Option<String>,
    /// The decoded form, or the scalar members of a JSON object, complete and in order.
    pub parameters: Vec<(String, String)>,
    /// The JSON body, if it was one.
    pub json: Option<Value>,
    /// The fault this request used up.
    pub fault: Option<Fault>,
    /// The status that was answered; `None` while it is being worked on and after a hang-up.
    pub status: Option<u16>,
}

impl JournalEntry {
    /// The first body parameter of this name.
    pub fn parameter(&self, name: &str) -> Option<&str> {
        first(&self.parameters, name)
    }

    /// The first query parameter of this name.
    pub fn query_parameter(&self, name: &str) -> Option<&str> {
        first(&self.query, name)
    }

    /// Whether the header was there; the name is in lower case.
    pub fn has_header(&self, name: &str) -> bool {
        self.headers.iter().any(|header| header == name)
    }
}

fn first<'a>(list: &'a [(String, String)], name: &str) -> Option<&'a str> {
    list.iter()
        .find(|(key, _)| key == name)
        .map(|(_, value)| value.as_str())
}

/// All entries since the last clearing.
#[derive(Debug, Default)]
pub(crate) struct Journal {
    pages: Mutex<Pages>,
}

#[derive(Debug, Default)]
struct Pages {
    last_number: u64,
    entries: Vec<JournalEntry>,
}

impl Journal {
    /// Writes an arriving request down and answers its number.
    pub(crate) fn arrived(&self, request: &Request, at_ms: u64) -> u64 {
        let mut pages = self.pages.lock().unwrap_or_else(PoisonError::into_inner);
        pages.last_number += 1;
        let number = pages.last_number;
        pages.entries.push(JournalEntry {
            number,
            at_ms,
            personality: request.personality.to_owned(),
            endpoint: request.endpoint,
            method: request.method.clone(),
            path: request.path.clone(),
            query: request.query.clone(),
            headers: request.headers.iter().map(|(name, _)| name.clone()).collect(),
            authorization: request.authorization_scheme(),
            parameters: request.parameters.clone(),
            json: request.json.clone(),
            fault: request.fault.clone(),
            status: None,
        });
        number
    }

    /// Adds how it was answered, unless the journal was cleared meanwhile.
    pub(crate) fn answered(&self, number: u64, status: Option<u16>) {
        let mut pages = self.pages.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(entry) = pages
            .entries
            .iter_mut()
            .rev()
            .find(|entry| entry.number == number)
        {
            entry.status = status;
        }
    }

    pub(crate) fn entries(&self) -> Vec<JournalEntry> {
        self.pages
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .entries
            .clone()
    }

    pub(crate) fn clear(&self) {
        self.pages
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .entries
            .clear();
    }
}
