//! May this be released? Pure: no database, no clock, no network.
//!
//! What is released = ceiling and leave and upstream grant and ask, by what the token *can do*, not by its label.
//! Unknown power counts as everything (AR-10). The order is the order of the answers: ceiling, then leave, then what
//! the provider granted.

use vouchsafe_model::{EffectiveScope, ScopeBound, UpstreamGrantId};
use vouchsafe_oauth_types::Scope;

/// A grant held at the provider, as far as policy is concerned.
#[derive(Debug, Clone)]
pub struct GrantPower {
    /// Which.
    pub id: UpstreamGrantId,
    /// What its tokens can do.
    pub scope: EffectiveScope,
    /// Whether the provider can really issue a token for less.
    pub can_narrow: bool,
}

/// What may be released.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Permit {
    /// From which grant.
    pub grant_id: UpstreamGrantId,
    /// Narrowed to this; `None` = the grant as it is.
    pub narrow: Option<Scope>,
    /// The token that comes out must lie inside this.
    pub bound: ScopeBound,
}

/// Why not.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Denial {
    /// Asked beyond the client's ceiling: nothing a user can do.
    BeyondCeiling,
    /// Asked beyond the user's leave, inside the ceiling: the user can widen it.
    BeyondLeave,
    /// Inside the leave, but never granted upstream: the user can consent to more there.
    NotGranted,
    /// The provider has no token that can do this much and no more.
    CannotNarrow,
}

/// Decides.
pub fn decide(
    ceiling: &ScopeBound,
    leave: &ScopeBound,
    asked: Option<&Scope>,
    grants: &[GrantPower],
) -> Result<Permit, Denial> {
    if asked.is_some_and(|asked| !ceiling.covers(asked)) {
        return Err(Denial::BeyondCeiling);
    }
    if asked.is_some_and(|asked| !leave.covers(asked)) {
        return Err(Denial::BeyondLeave);
    }
    let inside = ceiling.narrow(leave);
    let bound = asked.map_or_else(|| inside.clone(), |asked| ScopeBound::Scopes(asked.clone()));
    let mut permits: Vec<(usize, Permit)> = grants
        .iter()
        .filter_map(|grant| permit(grant, &bound, asked))
        .collect();
    // The least power that does it; a grant as it is before one that must be narrowed.
    permits.sort_by_key(|(power, permit)| (*power, permit.narrow.is_some()));
    match permits.into_iter().next() {
        Some((_, permit)) => Ok(permit),
        None => Err(why_not(ceiling, asked, grants)),
    }
}

/// Whether a token that came out may be released under a permit: what the provider echoed decides, not what was asked.
pub fn fits(bound: &ScopeBound, released: &EffectiveScope) -> bool {
    match (bound, released) {
        (ScopeBound::Everything, _) => true,
        (ScopeBound::Scopes(_), EffectiveScope::Unknown) => false,
        (ScopeBound::Scopes(_), EffectiveScope::Known(scope)) => bound.covers(scope),
    }
}

fn permit(grant: &GrantPower, bound: &ScopeBound, asked: Option<&Scope>) -> Option<(usize, Permit)> {
    let permit = |narrow| Permit {
        grant_id: grant.id.clone(),
        narrow,
        bound: bound.clone(),
    };
    let power = match &grant.scope {
        EffectiveScope::Known(power) => power,
        EffectiveScope::Unknown => return fits(bound, &grant.scope).then(|| (usize::MAX, permit(None))),
    };
    if asked.is_some_and(|asked| !asked.is_subset(power)) {
        return None;
    }
    if bound.covers(power) {
        return Some((power.len(), permit(None)));
    }
    let ScopeBound::Scopes(bound) = bound else {
        return None;
    };
    let narrowed = power.intersection(bound);
    (grant.can_narrow && !narrowed.is_empty()).then(|| (narrowed.len(), permit(Some(narrowed))))
}

fn why_not(ceiling: &ScopeBound, asked: Option<&Scope>, grants: &[GrantPower]) -> Denial {
    match asked {
        Some(asked) => {
            let granted = |grant: &GrantPower| match &grant.scope {
                EffectiveScope::Known(power) => asked.is_subset(power),
                EffectiveScope::Unknown => true,
            };
            if grants.iter().any(granted) {
                Denial::CannotNarrow
            } else {
                Denial::NotGranted
            }
        }
        None if grants.is_empty() => Denial::NotGranted,
        // Wholesale: if the ceiling would allow it, the user's leave is what is too small.
        None if grants.iter().any(|grant| fits(ceiling, &grant.scope)) => Denial::BeyondLeave,
        None => Denial::CannotNarrow,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn scope(text: &str) -> Scope {
        Scope::parse(text).unwrap()
    }

    fn bound(text: &str) -> ScopeBound {
        if text == "*" {
            ScopeBound::Everything
        } else {
            ScopeBound::Scopes(scope(text))
        }
    }

    fn grant_id(n: usize) -> UpstreamGrantId {
        format!("ugr_{n:026}").parse().unwrap()
    }

    fn grant(n: usize, power: &str, can_narrow: bool) -> GrantPower {
        let scope = if power == "?" {
            EffectiveScope::Unknown
        } else {
            EffectiveScope::Known(scope(power))
        };
        GrantPower {
            id: grant_id(n),
            scope,
            can_narrow,
        }
    }

    fn outcome(
        ceiling: &str,
        leave: &str,
        asked: Option<&str>,
        grants: &[GrantPower],
    ) -> Result<Option<String>, Denial> {
        let asked = asked.map(scope);
        decide(&bound(ceiling), &bound(leave), asked.as_ref(), grants)
            .map(|permit| permit.narrow.map(|n| n.to_string()))
    }

    #[test]
    fn the_table() {
        let read = grant(1, "read", false);
        let both = grant(2, "read write", false);
        let narrowable = grant(3, "read write", true);
        let unknown = grant(4, "?", false);
        for (ceiling, leave, asked, grants, expected) in [
            ("read", "read", None, vec![&read], Ok(None)),
            (
                "read",
                "read",
                Some("write"),
                vec![&both],
                Err(Denial::BeyondCeiling),
            ),
            (
                "read write",
                "read",
                Some("write"),
                vec![&both],
                Err(Denial::BeyondLeave),
            ),
            (
                "read write",
                "read write",
                Some("write"),
                vec![&read],
                Err(Denial::NotGranted),
            ),
            // D-06, TV-06: the provider cannot narrow, so less cannot be released.
            (
                "read write",
                "read write",
                Some("read"),
                vec![&both],
                Err(Denial::CannotNarrow),
            ),
            (
                "read write",
                "read write",
                Some("read"),
                vec![&narrowable],
                Ok(Some("read".to_owned())),
            ),
            (
                "read write",
                "read write",
                Some("read write"),
                vec![&both],
                Ok(None),
            ),
            // The grant inside the bounds is taken, not the larger one.
            (
                "read write",
                "read write",
                Some("read"),
                vec![&both, &read],
                Ok(None),
            ),
            ("read", "*", None, vec![&both], Err(Denial::CannotNarrow)),
            ("*", "read", None, vec![&both], Err(Denial::BeyondLeave)),
            ("*", "*", None, vec![&unknown], Ok(None)),
            ("*", "read", None, vec![&unknown], Err(Denial::BeyondLeave)),
            ("read", "read", None, vec![&unknown], Err(Denial::CannotNarrow)),
            ("*", "*", Some("read"), vec![&unknown], Err(Denial::CannotNarrow)),
            ("*", "*", None, vec![], Err(Denial::NotGranted)),
        ] {
            let grants: Vec<GrantPower> = grants.into_iter().cloned().collect();
            assert_eq!(
                outcome(ceiling, leave, asked, &grants),
                expected,
                "{ceiling} / {leave} / {asked:?}"
            );
        }
    }

    #[test]
    fn ar_10__unknown_power_needs_leave_for_everything() {
        let unknown = [grant(1, "?", true)];
        assert!(outcome("*", "*", None, &unknown).is_ok());
        assert!(outcome("a b c", "*", None, &unknown).is_err());
        assert!(!fits(&bound("a b c"), &EffectiveScope::Unknown));
    }

    fn scopes() -> impl Strategy<Value = Scope> {
        proptest::collection::btree_set("[a-e]", 0..5)
            .prop_map(|tokens| Scope::from_tokens(tokens.iter().map(String::as_str)).unwrap())
    }

    fn bounds() -> impl Strategy<Value = ScopeBound> {
        prop_oneof![
            Just(ScopeBound::Everything),
            scopes().prop_map(ScopeBound::Scopes)
        ]
    }

    proptest! {
        /// ATK-13, TE-2.2.1-08: whatever comes out lies inside every bound.
        #[test]
        fn te_2_2_1_08__narrow_never_widens(
            ceiling in bounds(),
            leave in bounds(),
            asked in proptest::option::of(scopes()),
            powers in proptest::collection::vec((proptest::option::of(scopes()), any::<bool>()), 0..4),
        ) {
            let grants: Vec<GrantPower> = powers
                .iter()
                .enumerate()
                .map(|(n, (power, can_narrow))| GrantPower {
                    id: grant_id(n),
                    scope: power.clone().map_or(EffectiveScope::Unknown, EffectiveScope::Known),
                    can_narrow: *can_narrow,
                })
                .collect();
            if let Ok(permit) = decide(&ceiling, &leave, asked.as_ref(), &grants) {
                let grant = grants.iter().find(|grant| grant.id == permit.grant_id).unwrap();
                let released = permit.narrow.clone().map_or_else(|| grant.scope.clone(), EffectiveScope::Known);
                prop_assert!(fits(&permit.bound, &released));
                prop_assert!(fits(&ceiling, &released));
                prop_assert!(fits(&leave, &released));
                if let Some(asked) = asked {
                    prop_assert_eq!(released, EffectiveScope::Known(asked));
                }
            }
        }
    }
}
