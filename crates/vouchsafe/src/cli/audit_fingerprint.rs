//! `vouchsafe audit fingerprint`: which release a token was, and what of it is still alive.

use std::process::ExitCode;

use clap::Args;
use serde_json::{Map, Value, json};
use vouchsafe_audit::released::{self, Entry, Release, Releases, Standing};
use vouchsafe_model::{Clock as _, UnixMillis};
use vouchsafe_server::parse_rfc3339;
use vouchsafe_store::{Store, StoreError, instance};

use super::audit::store;
use super::printable::Printable;
use super::{ConfigArgument, Failure, Output, audit_verify, input, utc};
use crate::clock::SystemClock;

#[derive(Debug, Args)]
pub(super) struct FingerprintArguments {
    #[command(flatten)]
    config: ConfigArgument,
    /// Only releases that are not before this time, like 2026-11-22T09:30:00Z: a long record is looked through sooner.
    #[arg(long, value_name = "TIME", value_parser = time)]
    since: Option<UnixMillis>,
    /// Print one JSON object and nothing else.
    #[arg(long)]
    json: bool,
}

pub(super) fn time(text: &str) -> Result<UnixMillis, String> {
    parse_rfc3339(text).ok_or_else(|| "expected a time as in RFC 3339, like 2026-11-22T09:30:00Z".to_owned())
}

pub(super) fn run(arguments: &FingerprintArguments) -> Result<ExitCode, Failure> {
    // Not being able to look is not the same as not having released it.
    let found = found(arguments).map_err(|failure| failure.with_status(2))?;
    let mut output = Output::to_stdout();
    if arguments.json {
        let releases: Vec<Value> = found.iter().map(object).collect();
        output.line(json!({ "releases": releases }));
    } else {
        found.iter().flat_map(lines).for_each(|line| output.line(line));
    }
    if !found.is_empty() {
        return Ok(ExitCode::SUCCESS);
    }
    Err(Failure::new(match arguments.since {
        Some(_) => {
            "no token like this was released since then; leave --since out to look through the whole record"
        }
        None => "no token like this was released here",
    }))
}

fn found(arguments: &FingerprintArguments) -> Result<Vec<(Releases, Standing)>, Failure> {
    let config = arguments.config.read()?;
    let token = input::piped("token", "vouchsafe audit fingerprint")?;
    let store = store(&config)?;
    let instance = store
        .read_blocking(instance::get)?
        .ok_or_else(|| Failure::new("the database holds no instance: nothing was released here"))?;
    let vault = audit_verify::vault(&config, &store, &instance)?.ok_or_else(|| {
        Failure::new(format!(
            "there is no key file at {}: the record knows tokens by fingerprints that need it",
            config.key_file.display()
        ))
    })?;
    let found = released::of_token(&store, &vault, &token, arguments.since)?;
    let mut standings = Vec::with_capacity(found.len());
    for releases in found {
        let standing = standing(&store, &releases.release)?;
        standings.push((releases, standing));
    }
    Ok(standings)
}

fn standing(store: &Store, release: &Release) -> Result<Standing, StoreError> {
    store.read_blocking(|tx| released::standing(tx, release, SystemClock.now()))
}

fn lines((releases, standing): &(Releases, Standing)) -> Vec<String> {
    let Releases {
        release,
        count,
        first,
        last,
    } = releases;
    let mut lines = vec![match count {
        1 => format!("{}  {}", release.event, place(last)),
        _ => format!(
            "{}  {count} times, first {}, last {}",
            release.event,
            place(first),
            place(last)
        ),
    }];
    let mut say = |name: &str, what: Option<&str>, how: Option<&str>| {
        let Some(what) = what else { return };
        let how = how.map(|how| format!(" ({how})")).unwrap_or_default();
        lines.push(format!("  {name}: {}{how}", Printable(what)));
    };
    let person = standing.username.as_deref().or(release.pseudonym.as_deref());
    let audience = Some(release.audience.join(" ")).filter(|audience| !audience.is_empty());
    say("client", release.client_id.as_deref(), standing.client);
    say("user", person, standing.user);
    say("audience", audience.as_deref(), None);
    say("scope", release.scope.as_deref(), None);
    say("provider", release.provider_id.as_deref(), None);
    say(
        "connection",
        release.connection_id.as_deref(),
        standing.connection,
    );
    say(
        "delegation",
        release.delegation_id.as_deref(),
        standing.delegation,
    );
    say("session", release.session_id.as_deref(), standing.session);
    say("issued token", release.jti.as_deref(), standing.issued_token);
    say("upstream revocation", standing.upstream_revocation, None);
    say("time", Some(&life(release, standing)), None);
    lines
}

fn place(entry: &Entry) -> String {
    format!("{} as {} ({})", utc(entry.time.0), entry.id, entry.seq)
}

fn life(release: &Release, standing: &Standing) -> String {
    match (release.expires_at, standing.expired) {
        (Some(end), Some(true)) => format!("over since {}", utc(end.0)),
        (Some(end), _) => format!("over at {}", utc(end.0)),
        (None, _) => "without an end that the provider named".to_owned(),
    }
}

/// Members that there are no values for are left out.
fn object((releases, standing): &(Releases, Standing)) -> Value {
    let release = &releases.release;
    let entry = |entry: &Entry| json!({ "seq": entry.seq, "id": entry.id, "time": utc(entry.time.0) });
    let members = [
        ("event", json!(release.event)),
        ("count", json!(releases.count)),
        ("first", entry(&releases.first)),
        ("last", entry(&releases.last)),
        ("client_id", json!(release.client_id)),
        ("client_status", json!(standing.client)),
        ("user_id", json!(release.user_id)),
        ("username", json!(standing.username)),
        ("pseudonym", json!(release.pseudonym)),
        ("user_status", json!(standing.user)),
        ("audience", json!(release.audience)),
        ("scope", json!(release.scope)),
        ("provider_id", json!(release.provider_id)),
        ("connection_id", json!(release.connection_id)),
        ("connection_state", json!(standing.connection)),
        ("upstream_revocation", json!(standing.upstream_revocation)),
        ("delegation_id", json!(release.delegation_id)),
        ("delegation_state", json!(standing.delegation)),
        ("session_id", json!(release.session_id)),
        ("session_state", json!(standing.session)),
        ("jti", json!(release.jti)),
        ("issued_token_state", json!(standing.issued_token)),
        ("expires_at", json!(release.expires_at.map(|end| utc(end.0)))),
        ("expired", json!(standing.expired)),
    ];
    let said = members.into_iter().filter(|(_, value)| !value.is_null());
    Value::Object(
        said.map(|(name, value)| (name.to_owned(), value))
            .collect::<Map<_, _>>(),
    )
}
