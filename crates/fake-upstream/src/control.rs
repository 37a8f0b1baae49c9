//! The controls over HTTP, as JSON under `/control/…`, for tests in another process.

use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use crate::dispatch::described;
use crate::fault::{Endpoint, Fault};
use crate::options::ConsentMode;
use crate::reply::Reply;
use crate::request::form_pairs;
use crate::state::State;

/// Why a control was refused.
struct Refused {
    status: u16,
    reason: String,
}

/// Answers a control request.
pub(crate) fn answer(state: &State, method: &str, name: &str, query: &str, body: &[u8]) -> Reply {
    let answered = match method {
        "GET" => ask(state, name, query),
        "POST" => turn(state, name, body),
        "DELETE" if name == "journal" => {
            state.clear_journal();
            Ok(json!({}))
        }
        _ => Err(Refused {
            status: 405,
            reason: format!("no {method} here"),
        }),
    };
    match answered {
        Ok(value) => Reply::json(200, value),
        Err(refused) => Reply::json(refused.status, json!({"error": refused.reason})),
    }
}

fn ask(state: &State, name: &str, query: &str) -> Result<Value, Refused> {
    let query = form_pairs(query.as_bytes());
    let one = |wanted: &str| {
        query
            .iter()
            .find(|(key, _)| key == wanted)
            .map(|(_, value)| value.as_str())
    };
    let personality = || known(state, one("personality").unwrap_or_default());
    Ok(match name {
        "" => overview(state),
        "journal" => {
            let mut entries = state.journal();
            entries.retain(|entry| one("personality").is_none_or(|wanted| wanted == entry.personality));
            json!(entries)
        }
        "secrets" => json!(state.issued_secrets()),
        "refresh_count" => {
            let personality = personality()?;
            json!({
                "received": state.refresh_count(personality),
                "succeeded": state.successful_refresh_count(personality),
            })
        }
        "max_concurrent_refreshes" => json!({"count": state.max_concurrent_refreshes(personality()?)}),
        "live_tokens" => json!(state.live_tokens(personality()?)),
        _ => return Err(unknown(name)),
    })
}

fn turn(state: &State, name: &str, body: &[u8]) -> Result<Value, Refused> {
    match name {
        "advance" => state.advance(read::<Advance>(body)?.seconds),
        "fault" => {
            let asked: QueuedFault = read(body)?;
            known(state, &asked.personality)?;
            state.fault(&asked.personality, asked.endpoint, asked.fault, asked.count);
        }
        "clear_faults" => state.clear_faults(known(state, &read::<Named>(body)?.personality)?),
        "revoke_by_user" => {
            let asked: Account = read(body)?;
            state.revoke_by_user(known(state, &asked.personality)?, &asked.account);
        }
        "next_account" => {
            let asked: Account = read(body)?;
            state.next_account(known(state, &asked.personality)?, &asked.account);
        }
        "next_untick" => {
            let asked: Untick = read(body)?;
            let scopes: Vec<&str> = asked.scopes.iter().map(String::as_str).collect();
            state.next_untick(known(state, &asked.personality)?, &scopes);
        }
        "access_ttl" => {
            let asked: AccessTtl = read(body)?;
            state.set_access_ttl(known(state, &asked.personality)?, asked.seconds);
        }
        "consent_mode" => {
            let asked: Consent = read(body)?;
            state.consent_mode(known(state, &asked.personality)?, asked.mode);
        }
        "delay" => {
            let asked: Delay = read(body)?;
            state.set_delay(known(state, &asked.personality)?, asked.endpoint, asked.millis);
        }
        "rotate_signing_key" => state.rotate_signing_key().map_err(|error| Refused {
            status: 500,
            reason: error.to_string(),
        })?,
        // Tokens are asked about in bodies, so that they stand in no URL.
        "token_can" => return Ok(json!({"scopes": state.token_can(&read::<Token>(body)?.token)})),
        "is_live" => return Ok(json!({"live": state.is_live(&read::<Token>(body)?.token)})),
        _ => return Err(unknown(name)),
    }
    Ok(json!({}))
}

fn overview(state: &State) -> Value {
    let personalities = described().into_iter().map(|(name, models, paths)| {
        json!({"name": name, "models": models, "issuer": state.issuer(name), "paths": paths})
    });
    json!({"now": state.now(), "personalities": personalities.collect::<Vec<_>>(), "controls": CONTROLS})
}

fn known<'a>(state: &State, personality: &'a str) -> Result<&'a str, Refused> {
    if state.provider(personality).is_some() {
        return Ok(personality);
    }
    Err(Refused {
        status: 404,
        reason: format!("there is no personality called {personality:?}"),
    })
}

fn unknown(name: &str) -> Refused {
    Refused {
        status: 404,
        reason: format!("there is no control called {name:?}"),
    }
}

fn read<T: DeserializeOwned>(body: &[u8]) -> Result<T, Refused> {
    serde_json::from_slice(body).map_err(|error| Refused {
        status: 400,
        reason: error.to_string(),
    })
}

#[derive(Deserialize)]
struct Advance {
    seconds: i64,
}

#[derive(Deserialize)]
struct QueuedFault {
    personality: String,
    endpoint: Endpoint,
    fault: Fault,
    #[serde(default = "once")]
    count: usize,
}

fn once() -> usize {
    1
}

#[derive(Deserialize)]
struct Named {
    personality: String,
}

#[derive(Deserialize)]
struct Account {
    personality: String,
    account: String,
}

#[derive(Deserialize)]
struct Untick {
    personality: String,
    scopes: Vec<String>,
}

#[derive(Deserialize)]
struct AccessTtl {
    personality: String,
    seconds: u64,
}

#[derive(Deserialize)]
struct Consent {
    personality: String,
    mode: ConsentMode,
}

#[derive(Deserialize)]
struct Delay {
    personality: String,
    endpoint: Endpoint,
    millis: u64,
}

#[derive(Deserialize)]
struct Token {
    token: String,
}

/// The controls, for people.
pub(crate) const CONTROLS: &[&str] = &[
    "GET /control",
    "POST /control/advance {seconds}",
    "POST /control/fault {personality, endpoint, fault, count}",
    "POST /control/clear_faults {personality}",
    "GET /control/journal?personality=",
    "DELETE /control/journal",
    "POST /control/revoke_by_user {personality, account}",
    "POST /control/next_account {personality, account}",
    "POST /control/next_untick {personality, scopes}",
    "GET /control/refresh_count?personality=",
    "GET /control/max_concurrent_refreshes?personality=",
    "GET /control/live_tokens?personality=",
    "POST /control/token_can {token}",
    "POST /control/is_live {token}",
    "POST /control/access_ttl {personality, seconds}",
    "POST /control/consent_mode {personality, mode}",
    "POST /control/delay {personality, endpoint, millis}",
    "POST /control/rotate_signing_key",
    "GET /control/secrets",
];
