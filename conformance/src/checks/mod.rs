//! The checks, each a function named after the requirement that it looks at.
//!
//! A check sees what a stranger sees. Where a requirement also speaks of what only the inside shows, passing here means
//! that nothing outside contradicts it.

#![expect(non_snake_case, reason = "checks carry requirement ids")]

mod access_tokens;
mod authorization_endpoint;
mod bearer;
mod client_authentication;
mod exchange_errors;
mod exchange_parameters;
mod exchange_request;
mod exchange_response;
mod exchange_target;
mod metadata;
mod pkce;
mod token_endpoint;
mod token_errors;

use std::pin::Pin;

use crate::fixture::Fixture;
use crate::requirements::Requirements;
use crate::target::Target;
use crate::verdict::{Checked, Line, Miss, Verdict};

/// A check and its name, which begins with the id.
struct Check {
    name: &'static str,
    ask: for<'a> fn(&'a Target) -> Pin<Box<dyn Future<Output = Checked> + 'a>>,
}

/// Asks the server with this issuer everything that the fixture allows. One line per requirement, in the order of
/// `requirements.tsv`.
pub async fn run(issuer: &str, fixture: Fixture) -> Vec<Line> {
    let requirements = Requirements::shipped();
    let mut checks: Vec<(usize, &str, &Check)> = all()
        .filter_map(|check| {
            let id = requirements.claimed_by(check.name).ok()?.first().copied()?;
            Some((requirements.position(id)?, id, check))
        })
        .collect();
    checks.sort_by_key(|(position, _, _)| *position);
    let target = Target::discover(issuer, fixture).await;
    let mut lines = Vec::new();
    for (_, id, check) in checks {
        let verdict = match &target {
            Ok(target) => (check.ask)(target).await.into(),
            Err(Miss::Failed(why) | Miss::NotChecked(why)) => Verdict::NotChecked(why.clone()),
        };
        let id = id.to_owned();
        lines.push(Line { id, verdict });
    }
    lines
}

fn all() -> impl Iterator<Item = &'static Check> {
    [
        metadata::ALL,
        token_endpoint::ALL,
        token_errors::ALL,
        client_authentication::ALL,
        authorization_endpoint::ALL,
        pkce::ALL,
        exchange_request::ALL,
        exchange_parameters::ALL,
        exchange_target::ALL,
        exchange_response::ALL,
        exchange_errors::ALL,
        access_tokens::ALL,
        bearer::ALL,
    ]
    .into_iter()
    .flatten()
}

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
