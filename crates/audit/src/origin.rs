//! Where a request came from.

use std::net::{IpAddr, Ipv6Addr};

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
    pub fn note(&self, mut event: Event) -> Event {
        let details = Details {
            address: self.address.clone(),
            user_agent: self
                .user_agent
                .as_deref()
                .map(|agent| agent.chars().take(256).collect()),
            ..std::mem::take(&mut event.details)
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

/// What counts as one source of requests: whoever has one IPv6 address has its whole /64. Everything that slows down or
/// sums up by source goes by this.
pub fn network(address: Option<&str>) -> String {
    let Some(address) = address else {
        return String::new();
    };
    match address.parse::<IpAddr>().map(|address| address.to_canonical()) {
        Ok(IpAddr::V6(address)) => Ipv6Addr::from_bits(address.to_bits() >> 64 << 64).to_string(),
        Ok(address) => address.to_string(),
        Err(_) => address.chars().take(64).collect(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_source_is_a_network() {
        let of = |address| network(Some(address));
        assert_eq!(of("2001:db8::1"), of("2001:db8::ffff:ffff:ffff:ffff"));
        assert_ne!(of("2001:db8::1"), of("2001:db8:0:1::1"));
        assert_eq!(of("::ffff:192.0.2.1"), "192.0.2.1");
        assert_ne!(of("192.0.2.1"), of("192.0.2.2"));
        assert_eq!(of(&"x".repeat(1_000)).len(), 64);
        assert_eq!(network(None), "");
    }
}
