//! Views of which everything that others can write is hostile.

use vouchsafe_identity_provider::{Connected, InterstitialView, WidenedClient};
use vouchsafe_model::{
    Connection, ConnectionState, Delegation, DelegationDecision, HostsDigest, ReconnectReason,
    RevocationState, ScopeBound, UnixMillis,
};
use vouchsafe_oauth_types::{InteractionReason, Scope};
use vouchsafe_token_exchange::{
    AgentStanding, AgentView, AnsweredView, ConnectionChoice, ConnectionStanding, ConnectionView,
    ConnectionsView, ConsentView, EndedView, Exposure, InteractionView,
};

use crate::pages::Frame;

pub(super) const HOSTILE: &str = "\"><script>alert(1)</script>\u{202e}";

pub(super) fn frame() -> Frame<'static> {
    Frame {
        base: "/base",
        issuer: "https://v.example/base",
        username: "ada",
        csrf: "token-of-this-session".to_owned(),
        now: UnixMillis(0),
        switch: "/base/login?return_to=%2Fconnections".to_owned(),
    }
}

fn id<T: std::str::FromStr<Err: std::fmt::Debug>>(prefix: &str) -> T {
    format!("{prefix}_{}", "0".repeat(26)).parse().unwrap()
}

pub(super) fn interaction() -> InteractionView {
    InteractionView {
        id: id("itn"),
        client_id: "agent".parse().unwrap(),
        client_name: HOSTILE.to_owned(),
        provider_id: "github".parse().unwrap(),
        provider_name: HOSTILE.to_owned(),
        scope: ScopeBound::Scopes(Scope::parse("repo read:<b>").unwrap()),
        reason: InteractionReason::AuthorizationNeeded,
        account: Some(HOSTILE.to_owned()),
        connections: vec![ConnectionChoice {
            id: id("con"),
            label: HOSTILE.to_owned(),
            sufficient: false,
            journey: Some(journey("other-agent")),
        }],
        new_account: Some(journey("trusted-agent")),
        expires_at: UnixMillis(0),
        sign_in_again: false,
    }
}

fn agent(standing: AgentStanding) -> AgentView {
    AgentView {
        delegation_id: (standing != AgentStanding::Trusted).then(|| id("dlg")),
        client_id: "agent".parse().unwrap(),
        client_name: HOSTILE.to_owned(),
        scope: ScopeBound::Everything,
        standing,
        decided_at: Some(UnixMillis(0)),
        expires_at: Some(UnixMillis(60_000)),
    }
}

pub(super) fn connection() -> Connection {
    Connection {
        id: id("con"),
        user_id: id("usr"),
        provider_id: "github".parse().unwrap(),
        account_id: "1".to_owned(),
        account_label: Some(HOSTILE.to_owned()),
        state: ConnectionState::NeedsConsent {
            reason: ReconnectReason::GrantDead,
            since: UnixMillis(0),
        },
        upstream_client_id: "x".to_owned(),
        hosts: HostsDigest::none(),
        version: 1,
        created_at: UnixMillis(0),
        updated_at: UnixMillis(0),
    }
}

pub(super) fn connected(standing: AgentStanding) -> ConnectionsView {
    ConnectionsView {
        connections: vec![ConnectionView {
            connection: connection(),
            provider_name: HOSTILE.to_owned(),
            standing: ConnectionStanding::NeedsConsent(ReconnectReason::GrantDead),
            held: ScopeBound::Scopes(Scope::parse("openid read:<b>").unwrap()),
            last_used: None,
            agents: vec![agent(standing)],
            exposure: Exposure::Until(UnixMillis(0)),
        }],
        pending: vec![interaction()],
        ended: vec![ended(RevocationState::PendingUpstream)],
        connectable: vec![("github".parse().unwrap(), HOSTILE.to_owned())],
        incomplete: false,
    }
}

pub(super) fn consented() -> ConsentView {
    ConsentView {
        client_id: "app".to_owned(),
        client_name: HOSTILE.to_owned(),
        redirect_host: "https://app.example".to_owned(),
        scope: Scope::parse("exchange").unwrap(),
        audience: vec![HOSTILE.to_owned()],
        unproven: true,
    }
}

pub(super) fn journey(widened: &str) -> InterstitialView {
    InterstitialView {
        provider_name: HOSTILE.to_owned(),
        scopes: Scope::parse("openid write:<b>").unwrap(),
        widens: vec![WidenedClient {
            client_id: widened.parse().unwrap(),
            client_name: HOSTILE.to_owned(),
        }],
        account_label: Some(HOSTILE.to_owned()),
    }
}

pub(super) fn ended(state: RevocationState) -> EndedView {
    EndedView {
        id: id("con"),
        provider_name: HOSTILE.to_owned(),
        account_label: Some(HOSTILE.to_owned()),
        at: UnixMillis(0),
        state,
        deadline_at: Some(UnixMillis(60_000)),
    }
}

pub(super) fn answered(approved: bool) -> AnsweredView {
    AnsweredView {
        client_name: HOSTILE.to_owned(),
        provider_name: HOSTILE.to_owned(),
        approved,
    }
}

fn delegation() -> Delegation {
    Delegation {
        id: id("dlg"),
        user_id: id("usr"),
        client_id: "agent".parse().unwrap(),
        connection_id: id("con"),
        provider_id: "github".parse().unwrap(),
        scope: ScopeBound::Everything,
        decision: DelegationDecision::Granted,
        expires_at: None,
        decided_in: id("ses"),
        decided_at: UnixMillis(0),
        version: 1,
    }
}

pub(super) fn arrived() -> Connected {
    Connected {
        connection: connection(),
        provider_name: HOSTILE.to_owned(),
        delegation: Some(delegation()),
        agents: vec![WidenedClient {
            client_id: delegation().client_id,
            client_name: HOSTILE.to_owned(),
        }],
        interaction_id: None,
    }
}
