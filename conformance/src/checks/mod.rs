//! The checks, each a function named after the requirement that it looks at.
//!
//! A check sees what a stranger sees. Where a requirement also speaks of what only the inside shows, passing here means
//! that nothing outside contradicts it.

#![expect(non_snake_case, reason = "checks carry requirement ids")]

mod access_tokens;
mod authorization_endpoint;
mod bearer;
mod client_authentication;
mod connecting;
mod exchange_errors;
mod exchange_parameters;
mod exchange_request;
mod exchange_response;
mod exchange_target;
mod guessing;
mod metadata;
mod pkce;
mod token_endpoint;
mod token_errors;
mod transport;

use std::pin::Pin;

use crate::fixture::Fixture;
use crate::report::Report;
use crate::requirements::Requirements;
use crate::target::Target;
use crate::verdict::{Checked, Line, Miss, Verdict};

/// A check and its name, which begins with the id.
struct Check {
    name: &'static str,
    ask: for<'a> fn(&'a Target) -> Pin<Box<dyn Future<Output = Checked> + 'a>>,
}

/// Asks the server with this issuer everything that the fixture allows: what begins with one of `only`, or everything
/// where that is empty. One line per requirement, in the order of `requirements.tsv`.
pub async fn run(issuer: &str, fixture: Fixture, only: &[String]) -> Report {
    let requirements = Requirements::shipped();
    let target = Target::discover(issuer, fixture).await;
    let mut lines = Vec::new();
    for (position, id, check) in chosen(&requirements, only) {
        let verdict = match &target {
            Ok(target) => (check.ask)(target).await.into(),
            Err(Miss::Failed(why) | Miss::NotChecked(why)) => Verdict::NotChecked(why.clone()),
        };
        let id = id.to_owned();
        lines.push((position, Line { id, verdict }));
    }
    lines.sort_by_key(|(position, _)| *position);
    Report {
        lines: lines.into_iter().map(|(_, line)| line).collect(),
    }
}

/// Place, id and check of each requirement that is asked for, in the order of asking.
fn chosen(requirements: &Requirements, only: &[String]) -> Vec<(usize, &'static str, &'static Check)> {
    let named = |check: &'static Check| {
        let id = requirements.claimed_by(check.name).ok()?.first().copied()?;
        Some((requirements.position(id)?, id, check))
    };
    let wanted = |id: &str| only.is_empty() || only.iter().any(|prefix| id.starts_with(prefix.as_str()));
    let in_order = |checks: &[&'static [Check]]| {
        let mut checks: Vec<_> = checks
            .iter()
            .copied()
            .flatten()
            .filter_map(named)
            .filter(|(_, id, _)| wanted(id))
            .collect();
        checks.sort_by_key(|(position, _, _)| *position);
        checks
    };
    let mut checks = in_order(MODULES);
    checks.extend(in_order(&[guessing::ALL]));
    checks
}

#[cfg(test)]
fn all() -> impl Iterator<Item = &'static Check> {
    MODULES.iter().copied().chain([guessing::ALL]).flatten()
}

const MODULES: &[&[Check]] = &[
    metadata::ALL,
    token_endpoint::ALL,
    token_errors::ALL,
    transport::ALL,
    client_authentication::ALL,
    authorization_endpoint::ALL,
    pkce::ALL,
    exchange_request::ALL,
    exchange_parameters::ALL,
    exchange_target::ALL,
    exchange_response::ALL,
    exchange_errors::ALL,
    access_tokens::ALL,
    connecting::ALL,
    bearer::ALL,
];

/// The checks of a module. A function that is missing here is dead code, which the compiler refuses.
macro_rules! checks {
    ($($name:ident),+ $(,)?) => {
        pub(super) const ALL: &[super::Check] = &[$(super::Check {
            name: stringify!($name),
            ask: |target| Box::pin($name(target)),
        }),+];
    };
}
use checks;

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn every_check_is_named_after_one_requirement_of_its_own() {
        let requirements = Requirements::shipped();
        let mut seen = BTreeSet::new();
        for check in all() {
            let ids = requirements.claimed_by(check.name).unwrap();
            assert_eq!(ids.len(), 1, "{}", check.name);
            assert!(seen.insert(ids[0].to_owned()), "{} comes twice", ids[0]);
        }
    }
}
