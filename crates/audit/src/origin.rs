//! Where a request came from.

use crate::event::{Details, Event};

/// What the edge knows about a request. The address is the peer's, unless a configured proxy vouches for another.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Origin {
    /// Id of the request, in the logs as well.
    pub request_id: String,
    /// Network address.
    pub address: Option<String>,
    /// `User-Agent`.
    pub user_agent: Option<String>,
}

impl Origin {
    /// For work that no request asked for.
    pub fn background() -> Self {
        Self {
            request_id: "background".to_owned(),
            ..Self::default()
        }
    }

    /// Notes the request in the body of `event` and the person behind it in its details.
    pub fn note(&self, event: Event) -> Event {
        let details = Details {
            address: self.address.clone(),
            user_agent: self
                .user_agent
                .as_deref()
                .map(|agent| agent.chars().take(256).collect()),
            ..event.details.clone()
        };
        event
            .fact("request_id", self.request_id.as_str())
            .details(details)
    }
}
