//! Pages over hostile views: what others wrote stays text, every form is ours, and each page names what it must.

mod views;

use maud::Markup;
use views::{answered, arrived, connected, consented, ended, frame, interaction, journey};
use vouchsafe_model::{ReconnectReason, RevocationState};
use vouchsafe_oauth_types::InteractionReason;
use vouchsafe_token_exchange::{AgentStanding, ConnectionStanding, ConnectionsView, Exposure};

use super::connect::{self, Asked};
use super::login::{self, Login};
use super::{connections, consent, interaction};

const RECONNECT: Asked<'static> = Asked {
    provider_id: "github",
    scope: Some("read:<b>"),
    reconnect: Some("con_1"),
};

/// Pages with forms.
fn asking() -> Vec<Markup> {
    let frame = frame();
    vec![
        login::document(&login_form(Some("The name or the password is wrong."))),
        interaction::document(&interaction(), &frame),
        connections::document(&connected(AgentStanding::Granted), &frame),
        connect::interstitial(&journey("other-agent"), &RECONNECT, &frame),
        consent::document(&consented(), "client_id=app&x=\"><script>", &frame),
    ]
}

/// Pages that only tell.
fn telling() -> Vec<Markup> {
    vec![
        interaction::answered(Some(&answered(true)), "/base"),
        interaction::answered(Some(&answered(false)), "/base"),
        connect::connected(&arrived(), "/base"),
    ]
}

fn login_form(problem: Option<&'static str>) -> Login<'static> {
    Login {
        base: "/base",
        csrf: "token-of-this-session",
        return_to: Some("/oauth/authorize?x=\"><script>"),
        username: views::HOSTILE,
        already: login::Already::Nobody,
        problem,
    }
}

fn shown(view: &ConnectionsView) -> String {
    connections::document(view, &frame()).into_string()
}

#[test]
fn atk_43__what_others_wrote_stays_text() {
    for page in asking().into_iter().chain(telling()) {
        let page = page.into_string();
        // What a person typed into a field comes back as it was: turned text there misleads nobody else.
        let outside_fields = page.replace("\u{202e}\" autocomplete", "");
        assert!(
            !page.contains("<script") && !outside_fields.contains('\u{202e}') && !page.contains("<b>"),
            "{page}"
        );
    }
}

#[test]
fn az_4_1_10__every_form_posts_to_us_with_the_token() {
    for page in asking() {
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
fn ids_are_unique_and_every_reference_to_one_leads_somewhere() {
    for page in asking().into_iter().chain(telling()) {
        let page = page.into_string();
        let values = |name: &str| -> Vec<String> {
            let start = format!(" {name}=\"");
            page.split(start.as_str())
                .skip(1)
                .map(|rest| rest.split('"').next().unwrap().to_owned())
                .collect()
        };
        let ids = values("id");
        for (i, id) in ids.iter().enumerate() {
            assert!(!ids[..i].contains(id), "{id} stands twice");
        }
        for name in ["for", "aria-labelledby", "aria-describedby"] {
            for id in values(name) {
                assert!(ids.contains(&id), "{name}={id} leads nowhere");
            }
        }
    }
}

#[test]
fn programs_find_forms_and_buttons_by_these_ids() {
    let found = |page: &Markup, ids: &[&str]| {
        for id in ids {
            assert!(page.0.contains(&format!(" id=\"{id}")), "{id}");
        }
    };
    let pages = asking();
    found(
        &pages[0],
        &["sign-in", "sign-in-submit", "username", "password", "problem"],
    );
    found(
        &pages[1],
        &[
            "interaction",
            "approve",
            "deny",
            "connection-con_",
            "connection-new",
            "client-id",
        ],
    );
    found(
        &pages[2],
        &[
            "sign-out",
            "pending",
            "interaction-itn_",
            "connection-con_",
            "reconnect-con_",
            "disconnect-con_",
            "withdraw-dlg_",
            "deny-con_",
            "connect-github",
        ],
    );
    found(&pages[3], &["connect", "leave", "cancel", "widens"]);
    found(
        &pages[4],
        &[
            "consent",
            "approve",
            "deny",
            "client-id",
            "redirect-host",
            "unproven",
        ],
    );
}

#[test]
fn who_is_signed_in_already_is_told_why_they_see_the_form() {
    let page = |already, return_to| {
        let login = Login {
            already,
            return_to,
            username: "ada",
            ..login_form(None)
        };
        login::document(&login).into_string()
    };
    let here = page(login::Already::Somebody, Some("/interaction/itn_1"));
    assert!(
        here.contains("<h1>Sign in</h1>") && !here.contains("fresh sign-in"),
        "{here}"
    );
    assert!(
        here.contains("id=\"stay\" href=\"/base/interaction/itn_1\""),
        "{here}"
    );
    assert!(page(login::Already::Somebody, None).contains("href=\"/base/connections\">go on"));
    let old = page(login::Already::TooLongAgo, Some("/interaction/itn_1"));
    assert!(
        old.contains("<h1>Sign in again</h1>")
            && old.contains("fresh sign-in")
            && !old.contains("id=\"stay\"")
    );
    let sent = page(login::Already::SentByApplication, Some("/oauth/authorize?x=y"));
    assert!(sent.contains("<h1>Sign in again</h1>") && !sent.contains("id=\"stay\""));
}

#[test]
fn the_agent_that_may_use_a_new_account_is_called_by_its_name() {
    let mut view = arrived();
    "Briefing agent".clone_into(&mut view.agents[0].client_name);
    let page = connect::connected(&view, "/base").into_string();
    assert!(page.contains("Briefing agent</bdi> may use it now"), "{page}");
    view.agents.clear();
    let page = connect::connected(&view, "/base").into_string();
    assert!(page.contains("<code>agent</code> may use it now"), "{page}");
}

#[test]
fn what_is_wrong_is_tied_to_the_fields_it_is_about() {
    let page = login::document(&login_form(Some("Wrong."))).into_string();
    assert_eq!(
        page.matches("aria-describedby=\"problem\" aria-invalid=\"true\"")
            .count(),
        2
    );
    assert!(page.contains("role=\"alert\"") && page.contains("<title>Error: Sign in"));
    let page = login::document(&login_form(None)).into_string();
    assert!(!page.contains("aria-invalid=\"") && !page.contains("id=\"problem\""));
}

#[test]
fn az_4_1_11__the_consent_page_says_who_asks_for_what_and_where_the_answer_goes() {
    let page = |view| consent::document(&view, "", &frame()).into_string();
    let unproven = page(consented());
    for shown in [
        "<code>app</code>",
        "<code>https://app.example</code>",
        "<code>exchange</code>",
        "id=\"unproven\"",
        "<dd id=\"identity\">Unverified</dd>",
    ] {
        assert!(unproven.contains(shown), "{shown}");
    }
    let mut view = consented();
    view.unproven = false;
    view.audience.clear();
    let registered = page(view);
    assert!(!registered.contains("id=\"unproven\"") && !registered.contains("Unverified"));
    // No target named means ours.
    assert!(registered.contains("this server, <code>https://v.example/base</code>"));
}

#[test]
fn cl_06__the_interaction_page_names_other_agents_that_get_more() {
    let page = interaction::document(&interaction(), &frame()).into_string();
    for (block, client) in [("widens-con_", "other-agent"), ("widens-new", "trusted-agent")] {
        let at = page.find(&format!("id=\"{block}")).unwrap();
        let list = page[at..].split("</ul>").next().unwrap();
        assert!(list.contains(&format!("<code>{client}</code>")), "{list}");
    }
    let mut alone = interaction();
    alone.connections[0].journey.as_mut().unwrap().widens.clear();
    alone.new_account.as_mut().unwrap().widens.clear();
    assert!(
        !interaction::document(&alone, &frame())
            .into_string()
            .contains("widens-")
    );
    // Without a connection there is no choice to make, and the page says it for the new one.
    let mut first = interaction();
    first.connections.clear();
    let page = interaction::document(&first, &frame()).into_string();
    assert!(page.contains("id=\"widens-new\"") && !page.contains("name=\"connection\""));
    assert!(
        page.contains("<code>write:&lt;b&gt;</code>"),
        "what the provider will be asked for"
    );
}

#[test]
fn choosing_an_account_says_what_becomes_of_the_others() {
    let mut view = interaction();
    view.reason = InteractionReason::AccountSelection;
    assert!(
        interaction::document(&view, &frame())
            .into_string()
            .contains("is taken back")
    );
}

#[test]
fn an_answer_is_told_as_it_was() {
    let page = |approved| interaction::answered(Some(&answered(approved)), "/base").into_string();
    assert!(page(true).contains("<h1>Allowed</h1>") && page(false).contains("<h1>Not allowed</h1>"));
    assert!(
        interaction::answered(None, "/base")
            .into_string()
            .contains("<h1>Answered</h1>")
    );
}

#[test]
fn an_agent_that_may_act_can_be_stopped_and_one_that_may_not_has_no_form() {
    let forms = |standing| {
        let page = shown(&connected(standing));
        (
            page.contains("id=\"withdraw-dlg_"),
            page.contains("id=\"deny-con_"),
        )
    };
    assert_eq!(forms(AgentStanding::Granted), (true, true));
    assert_eq!(forms(AgentStanding::Trusted), (false, true));
    assert_eq!(forms(AgentStanding::Suspended), (true, true));
    assert_eq!(forms(AgentStanding::Expired), (false, false));
    assert_eq!(forms(AgentStanding::Denied), (false, false));
    assert_eq!(forms(AgentStanding::Withdrawn), (false, false));
    assert_eq!(forms(AgentStanding::Revoked), (false, false));
}

#[test]
fn a_connection_says_whether_it_can_be_used_and_what_is_still_out() {
    let page = |standing, exposure| {
        let mut view = connected(AgentStanding::Granted);
        view.connections[0].standing = standing;
        view.connections[0].exposure = exposure;
        shown(&view)
    };
    let broken = page(
        ConnectionStanding::NeedsConsent(ReconnectReason::CredentialsReset),
        Exposure::None,
    );
    assert!(broken.contains("Needs your consent again.") && broken.contains("Your password was reset"));
    assert!(broken.contains("id=\"reconnect-con_") && broken.contains("No agent holds a token"));
    let usable = page(ConnectionStanding::Usable, Exposure::WithoutEnd);
    assert!(!usable.contains("id=\"reconnect-") && usable.contains("have no end of their own"));
    let off = page(ConnectionStanding::ProviderOff, Exposure::None);
    assert!(!off.contains("id=\"reconnect-") && off.contains("switched this provider off"));
}

#[test]
fn what_the_provider_has_not_confirmed_stands_on_the_page() {
    let page = |state| {
        let mut view = connected(AgentStanding::Granted);
        view.ended = vec![ended(state)];
        shown(&view)
    };
    assert!(page(RevocationState::PendingUpstream).contains("has not confirmed yet"));
    assert!(page(RevocationState::Abandoned).contains("Remove it in your account"));
    assert!(page(RevocationState::RevokedUpstream).contains("has confirmed that our access is over"));
}

#[test]
fn an_empty_page_says_what_to_do() {
    let mut view = connected(AgentStanding::Granted);
    view.connections.clear();
    assert!(shown(&view).contains("Connect an account below"));
    view.connectable.clear();
    assert!(shown(&view).contains("ask them"));
    let mut view = connected(AgentStanding::Granted);
    view.connections[0].agents.clear();
    assert!(shown(&view).contains("No agent may use this account."));
}
