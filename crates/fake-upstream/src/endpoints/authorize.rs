//! The authorization endpoint (RFC 6749 section 4.1.1) and the decision of the person in front of it.

use url::Url;

use super::consent_page::{self, Choice};
use crate::account::DEFAULT_ACCOUNT;
use crate::fault::{Endpoint, Fault};
use crate::ledger::Code;
use crate::options::ConsentMode;
use crate::personality::{Openid, Pkce};
use crate::provider::Provider;
use crate::reply::Reply;
use crate::request::{Request, form_pairs};
use crate::secrets::SecretKind;
use crate::state::State;

/// An authorization request whose client and redirect URI are known to be good.
struct AuthorizationRequest {
    parameters: Vec<(String, String)>,
    client_id: String,
    redirect_uri: Url,
    scopes: Vec<String>,
    user_scopes: Vec<String>,
}

/// What the person decided.
struct Approval {
    account: String,
    scopes: Vec<String>,
    user_scopes: Vec<String>,
}

/// Shows the consent page, or approves at once.
pub(crate) fn authorize(state: &State, provider: &Provider, request: &Request) -> Reply {
    let asked = match AuthorizationRequest::parse(state, provider, &request.query) {
        Ok(asked) => asked,
        Err(reason) => return consent_page::refusal(reason),
    };
    if let Some((error, description)) = asked.flaw(provider) {
        return answer(
            state,
            provider,
            &asked,
            302,
            &[("error", error), ("error_description", description)],
        );
    }
    let (mode, account, untick) = {
        let knobs = provider.knobs();
        (
            knobs.consent,
            knobs.next_account.clone(),
            knobs.next_untick.clone(),
        )
    };
    let account = account.or_else(|| asked.parameter("login_hint").map(str::to_owned));
    let account = account.unwrap_or_else(|| DEFAULT_ACCOUNT.to_owned());
    match mode {
        ConsentMode::Auto => {
            let ticked = |scopes: &[String]| -> Vec<String> {
                scopes
                    .iter()
                    .filter(|scope| !untick.contains(scope))
                    .cloned()
                    .collect()
            };
            let approval = Approval {
                account,
                scopes: ticked(&asked.scopes),
                user_scopes: ticked(&asked.user_scopes),
            };
            approve(state, provider, &asked, 302, approval)
        }
        ConsentMode::Ask if asked.parameter("prompt") == Some("none") => {
            answer(state, provider, &asked, 302, &[("error", "interaction_required")])
        }
        ConsentMode::Ask => consent_page::page(&Choice {
            personality: provider.personality.name,
            client_id: &asked.client_id,
            account: &account,
            scopes: &asked.scopes,
            user_scopes: &asked.user_scopes,
            unticked: &untick,
            request: &request.raw_query,
        }),
    }
}

/// Takes the posted form of the consent page.
pub(crate) fn decide(state: &State, provider: &Provider, request: &Request) -> Reply {
    let query = form_pairs(request.parameter("request").unwrap_or_default().as_bytes());
    let asked = match AuthorizationRequest::parse(state, provider, &query) {
        Ok(asked) => asked,
        Err(reason) => return consent_page::refusal(reason),
    };
    if request.parameter("decision") != Some("approve") {
        let mut knobs = provider.knobs();
        knobs.next_account = None;
        knobs.next_untick.clear();
        drop(knobs);
        return answer(state, provider, &asked, 303, &[("error", "access_denied")]);
    }
    // A form without any ticked scope comes from a driver that posts only what is hidden: it means all of them.
    let ticked = [
        request.parameters_named("granted_scope"),
        request.parameters_named("granted_user_scope"),
    ];
    let untick = provider.knobs().next_untick.clone();
    let nothing_ticked = ticked.iter().all(Vec::is_empty);
    let chosen = |asked: &[String], ticked: &[String]| -> Vec<String> {
        let kept = asked.iter().filter(|scope| {
            if nothing_ticked {
                !untick.contains(scope)
            } else {
                ticked.contains(scope)
            }
        });
        kept.cloned().collect()
    };
    let approval = Approval {
        account: request.parameter("account").unwrap_or(DEFAULT_ACCOUNT).to_owned(),
        scopes: chosen(&asked.scopes, &ticked[0]),
        user_scopes: chosen(&asked.user_scopes, &ticked[1]),
    };
    approve(state, provider, &asked, 303, approval)
}

fn approve(
    state: &State,
    provider: &Provider,
    asked: &AuthorizationRequest,
    status: u16,
    approval: Approval,
) -> Reply {
    {
        let mut knobs = provider.knobs();
        knobs.next_account = None;
        knobs.next_untick.clear();
    }
    let value = state
        .secrets
        .mint(provider.personality.name, SecretKind::AuthorizationCode, "code_");
    let code = Code {
        client_id: asked.client_id.clone(),
        account: approval.account,
        scopes: approval.scopes,
        user_scopes: approval.user_scopes,
        redirect_uri: asked.parameter("redirect_uri").map(str::to_owned),
        code_challenge: asked.parameter("code_challenge").map(str::to_owned),
        nonce: asked.parameter("nonce").map(str::to_owned),
        offline: asked.parameter("access_type") == Some("offline"),
        prompt_consent: asked
            .parameter("prompt")
            .is_some_and(|prompt| prompt.contains("consent")),
        expires_at: state.now() + CODE_LIFETIME,
        spent_on: None,
    };
    provider.ledger().keep_code(value.clone(), code);
    answer(state, provider, asked, status, &[("code", &value)])
}

/// Sends the person back, with `state` and, where it is advertised, `iss` (RFC 9207).
fn answer(
    state: &State,
    provider: &Provider,
    asked: &AuthorizationRequest,
    status: u16,
    parameters: &[(&str, &str)],
) -> Reply {
    let mut location = asked.redirect_uri.clone();
    {
        let mut query = location.query_pairs_mut();
        query.extend_pairs(parameters);
        if let Some(value) = asked.parameter("state") {
            query.append_pair("state", value);
        }
        let fault = provider.take_fault(Endpoint::Authorize, Fault::spoils_authorization_response);
        let issuer = match fault {
            Some(Fault::WrongIss) => Some("https://wrong-issuer.example".to_owned()),
            None if provider.personality.openid == Openid::ProviderWithIss => {
                Some(state.issuer(provider.personality.name))
            }
            _ => None,
        };
        if let Some(issuer) = issuer {
            query.append_pair("iss", &issuer);
        }
    }
    Reply::redirect(status, location.as_str()).with_header("cache-control", "no-store")
}

impl AuthorizationRequest {
    /// Checks what must be right before the person may be sent anywhere.
    fn parse(state: &State, provider: &Provider, query: &[(String, String)]) -> Result<Self, &'static str> {
        let parameters = query.to_vec();
        let one = |name: &str| {
            let found = parameters
                .iter()
                .find(|(key, value)| key == name && !value.is_empty());
            found.map(|(_, value)| value.as_str())
        };
        let client = one("client_id")
            .and_then(|id| state.client(id))
            .ok_or("unknown client_id")?;
        let only = client.redirect_uris.as_deref().and_then(|list| match list {
            [only] => Some(only.as_str()),
            _ => None,
        });
        let redirect_uri = one("redirect_uri").or(only).ok_or("redirect_uri is missing")?;
        if !client.allows(redirect_uri) {
            return Err("redirect_uri is not registered");
        }
        let redirect_uri = Url::parse(redirect_uri).map_err(|_| "redirect_uri is not a URL")?;
        let scopes = |name| provider.personality.split_scopes(one(name).unwrap_or_default());
        Ok(Self {
            client_id: client.client_id.clone(),
            redirect_uri,
            scopes: scopes("scope"),
            user_scopes: scopes("user_scope"),
            parameters,
        })
    }

    /// What is wrong enough to answer with an error.
    fn flaw(&self, provider: &Provider) -> Option<(&'static str, &'static str)> {
        let required = provider.personality.authorization.pkce == Pkce::Required;
        let challenge = self.parameter("code_challenge");
        let method = self.parameter("code_challenge_method");
        if self.parameter("response_type").is_some_and(|kind| kind != "code") {
            return Some(("unsupported_response_type", "only code"));
        }
        if required && self.parameter("response_type").is_none() {
            return Some(("invalid_request", "response_type is missing"));
        }
        if required && challenge.is_none() {
            return Some(("invalid_request", "code_challenge is missing"));
        }
        if challenge.is_some() && method != Some("S256") {
            return Some(("invalid_request", "code_challenge_method must be S256"));
        }
        None
    }

    fn parameter(&self, name: &str) -> Option<&str> {
        let found = self
            .parameters
            .iter()
            .find(|(key, value)| key == name && !value.is_empty());
        found.map(|(_, value)| value.as_str())
    }
}

const CODE_LIFETIME: u64 = 600;
