//! Where a request came from.

use vouchsafe_model::AdminKeyId;

use crate::event::{Details, Event};

/// Who administers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Administrator {
    /// Whoever holds this key.
    Key(AdminKeyId),
    /// Whoever may open the server's local socket.
    Local,
}

/// What the edge knows about a request. The address is the peer's, unless a configured proxy vouches for another.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Origin {
    /// Id of the request, in the logs as well.
    pub request_id: String,
    /// Network address.
    pub address: Option<String>,
    /// `User-Agent`.
    pub user_agent: Option<String>,
    /// The administrator who asks, once that is proven.
    pub administrator: Option<Administrator>,
}

impl Origin {
    /// For work that no request asked for.
    pub fn background() -> Self {
        Self {
            request_id: "background".to_owned(),
            ..Self::default()
        }
    }

    /// Notes the request in the body of `event`, with the administrator who asked, and the person behind it in its
    /// details.
    pub fn note(&self, event: Event) -> Event {
        let details = Details {
            address: self.address.clone(),
            user_agent: self
                .user_agent
                .as_deref()
                .map(|agent| agent.chars().take(256).collect()),
            ..event.details.clone()
        };
        let event = match &self.administrator {
            None => event,
            Some(Administrator::Local) => event.fact("by", "local"),
            Some(Administrator::Key(id)) => event.fact("by", "admin").fact("admin_key_id", id.as_str()),
        };
        event
            .fact("request_id", self.request_id.as_str())
            .details(details)
    }
}
