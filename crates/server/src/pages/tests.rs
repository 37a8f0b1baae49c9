//! Pages over hostile views: what others wrote stays text, and every form is ours.

use maud::Markup;
use vouchsafe_model::{Connection, ConnectionState, HostsDigest, ReconnectReason, ScopeBound, UnixMillis};
use vouchsafe_oauth_types::{InteractionReason, Scope};
use vouchsafe_token_exchange::{
    AgentStanding, AgentView, ConnectionChoice, ConnectionView, ConnectionsView, ConsentView, InteractionView,
};

use super::{Frame, connections, consent, interaction};

const HOSTILE: &str = "\"><script>alert(1)</script>\u{202e}";
const FRAME: Frame<'static> = Frame {
    base: "/base",
    username: "ada",
    csrf: "token-of-this-session",
};

fn id<T: std::str::FromStr<Err: std::fmt::Debug>>(prefix: &str) -> T {
    format!("{prefix}_{}", "0".repeat(26)).parse().unwrap()
}

fn interaction() -> InteractionView {
    InteractionView {
        id: id("itn"),
        client_id: "agent".parse().unwrap(),
        client_name: HOSTILE.to_owned(),
        provider_id: "github".parse().unwrap(),
        provider_name: "GitHub".to_owned(),
        scope: ScopeBound::Scopes(Scope::parse("repo read:<b>").unwrap()),
        reason: InteractionReason::AuthorizationNeeded,
        account: Some(HOSTILE.to_owned()),
        connections: vec![ConnectionChoice {
            id: id("con"),
            label: HOSTILE.to_owned(),
            sufficient: false,
        }],
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
        expires_at: None,
    }
}

fn connected(standing: AgentStanding) -> ConnectionsView {
    let connection = Connection {
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
    };
    ConnectionsView {
        connections: vec![ConnectionView {
            connection,
            provider_name: "GitHub".to_owned(),
            last_used: None,
            agents: vec![agent(standing)],
            exposed_until: Some(UnixMillis(0)),
        }],
        pending: vec![interaction()],
        connectable: vec![("github".parse().unwrap(), "GitHub".to_owned())],
    }
}

fn consented() -> ConsentView {
    ConsentView {
        client_id: "app".to_owned(),
        client_name: HOSTILE.to_owned(),
        redirect_host: "https://app.example".to_owned(),
        scope: Scope::parse("exchange").unwrap(),
        audience: vec![HOSTILE.to_owned()],
        unproven: true,
    }
}

fn pages() -> Vec<Markup> {
    vec![
        interaction::document(&interaction(), &FRAME),
        connections::document(&connected(AgentStanding::Granted), &FRAME),
        consent::document(&consented(), "client_id=app&x=\"><script>", &FRAME),
    ]
}

#[test]
fn atk_43__what_others_wrote_stays_text() {
    for page in pages() {
        let page = page.into_string();
        assert!(
            !page.contains("<script") && !page.contains('\u{202e}') && !page.contains("<b>"),
            "{page}"
        );
    }
}

#[test]
fn az_4_1_10__every_form_posts_to_us_with_the_token() {
    for page in pages() {
        let page = page.into_string();
        let forms: Vec<&str> = page.split("<form").skip(1).collect();
        assert!(!forms.is_empty());
        for form in forms {
            let tag = form.split('>').next().unwrap();
            assert!(
                tag.contains("method=\"post\"") && tag.contains("action=\"/base/") && tag.contains("id=\""),
                "{tag}"
            );
            assert!(
                form.contains("name=\"csrf\" value=\"token-of-this-session\""),
                "{form}"
            );
        }
    }
}

#[test]
fn az_4_1_11__the_consent_page_says_who_asks_for_what_and_where_the_answer_goes() {
    let page = consent::document(&consented(), "", &FRAME).into_string();
    for shown in [
        "<code>app</code>",
        "<code>https://app.example</code>",
        "<code>exchange</code>",
        "id=\"unproven\"",
    ] {
        assert!(page.contains(shown), "{shown}");
    }
}

#[test]
fn an_agent_that_may_act_can_be_stopped_and_one_that_may_not_has_no_form() {
    let forms = |standing| {
        let page = connections::document(&connected(standing), &FRAME).into_string();
        (
            page.contains("id=\"withdraw-dlg_"),
            page.contains("id=\"deny-con_"),
        )
    };
    assert_eq!(forms(AgentStanding::Granted), (true, true));
    assert_eq!(forms(AgentStanding::Trusted), (false, true));
    assert_eq!(forms(AgentStanding::Denied), (false, false));
    assert_eq!(forms(AgentStanding::Withdrawn), (false, false));
}
