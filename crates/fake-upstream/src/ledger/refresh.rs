//! The refresh grant: rotation, reuse, grace and narrowing as the personality has them.

use super::code::single_resource;
use super::issue::Order;
use super::{Ledger, Mint, RefreshState, RefreshToken, TokenSet};
use crate::errors::TokenError;
use crate::personality::{Narrowing, Personality, Rotation, is_sign_in_scope, resource_of};

/// A refresh token as presented.
pub(crate) struct RefreshRequest<'a> {
    pub(crate) refresh_token: &'a str,
    pub(crate) client_id: &'a str,
    pub(crate) scope: Option<&'a str>,
}

/// What a presented token may get.
enum Standing {
    Fresh,
    /// It was spent, and gets the pair it got then.
    Same(Box<TokenSet>),
    Reused,
    Dead,
}

impl Ledger {
    /// Refreshes.
    pub(crate) fn refresh(
        &mut self,
        mint: &Mint<'_>,
        request: &RefreshRequest<'_>,
    ) -> Result<TokenSet, TokenError> {
        let policy = mint.personality.refresh;
        let known = self.refresh.get(request.refresh_token);
        let presented = known.ok_or(TokenError::RefreshToken("unknown refresh token"))?;
        let grant = presented.grant;
        if self.grants[grant].client_id != request.client_id {
            return Err(TokenError::RefreshToken(
                "the refresh token belongs to another client",
            ));
        }
        match self.standing(mint.personality, presented, mint.now) {
            Standing::Fresh => {}
            Standing::Same(set) => return Ok(*set),
            Standing::Reused => {
                self.kill_grant(grant);
                return Err(TokenError::RefreshToken(
                    "the refresh token was used before; its family is revoked",
                ));
            }
            Standing::Dead => return Err(TokenError::RefreshToken("the refresh token is spent or revoked")),
        }

        let kept = presented.scopes.clone();
        let (scopes, resource) = self.narrowed(mint.personality, grant, &kept, request.scope)?;
        let kept = if policy.narrowing == Narrowing::Shrinks {
            scopes.clone()
        } else {
            kept
        };
        if policy.kills_access_tokens {
            for access in self.access.values_mut().filter(|access| access.grant == grant) {
                access.killed = true;
            }
        }
        let refresh_keeps = (policy.rotation != Rotation::Never).then_some(kept);
        let set = self.issue(
            mint,
            Order {
                grant,
                scopes,
                resource,
                refresh_keeps,
            },
        );
        if !matches!(policy.rotation, Rotation::Never | Rotation::Rolling) {
            self.spend(request.refresh_token, mint.now, &set);
        }
        Ok(set)
    }

    fn standing(&self, personality: &Personality, presented: &RefreshToken, now: u64) -> Standing {
        let rotation = personality.refresh.rotation;
        if !self.grants[presented.grant].alive {
            return Standing::Dead;
        }
        match &presented.state {
            RefreshState::Spent { .. } if rotation == Rotation::KillsFamily => Standing::Reused,
            RefreshState::Spent { .. } if !presented.is_usable(rotation, now) => Standing::Dead,
            RefreshState::Spent { successor, .. } if matches!(rotation, Rotation::GraceSamePair(_)) => {
                let next = successor
                    .refresh_token
                    .as_deref()
                    .and_then(|token| self.refresh.get(token));
                let unspent = next.is_some_and(|token| matches!(token.state, RefreshState::Live));
                let unexpired = self
                    .access_facts(personality, &successor.access_token, now)
                    .is_some();
                if unspent && unexpired {
                    Standing::Same(Box::new(successor.clone()))
                } else {
                    Standing::Fresh
                }
            }
            RefreshState::Live | RefreshState::Spent { .. } => Standing::Fresh,
        }
    }

    /// The first spending counts for grace, also when the token is presented again inside it.
    fn spend(&mut self, refresh_token: &str, now: u64, set: &TokenSet) {
        if let Some(token) = self.refresh.get_mut(refresh_token) {
            let at = if let RefreshState::Spent { at, .. } = token.state {
                at
            } else {
                now
            };
            token.state = RefreshState::Spent {
                at,
                successor: set.clone(),
            };
        }
    }

    /// Scopes and resource of the new access token.
    fn narrowed(
        &self,
        personality: &Personality,
        grant: usize,
        kept: &[String],
        scope: Option<&str>,
    ) -> Result<(Vec<String>, Option<String>), TokenError> {
        let asked = scope.map(|text| personality.split_scopes(text));
        match (personality.refresh.narrowing, asked) {
            (Narrowing::ResourceOnly, None) => Ok((kept.to_vec(), Some(single_resource(kept, false)?))),
            (Narrowing::ResourceOnly, Some(asked)) => {
                let consented = &self.grants[grant].scopes;
                let resource = single_resource(&asked, true)?;
                let covered = asked.iter().all(|scope| {
                    let whole = scope.ends_with("/.default")
                        && consented
                            .iter()
                            .any(|known| resource_of(known) == resource_of(scope));
                    whole || is_sign_in_scope(scope) || consented.contains(scope)
                });
                if covered {
                    Ok((asked, Some(resource)))
                } else {
                    Err(TokenError::ConsentRequired)
                }
            }
            (Narrowing::Ignored, _) | (_, None) => Ok((kept.to_vec(), None)),
            (Narrowing::Honoured | Narrowing::Shrinks, Some(asked)) => {
                let inside = asked.iter().all(|scope| kept.contains(scope));
                if inside {
                    Ok((asked, None))
                } else {
                    Err(TokenError::Scope("more than was granted"))
                }
            }
        }
    }
}

impl RefreshToken {
    /// Whether a refresh with it would succeed, if its grant is alive.
    pub(super) fn is_usable(&self, rotation: Rotation, now: u64) -> bool {
        match (&self.state, rotation) {
            (RefreshState::Live, _) => true,
            (
                RefreshState::Spent { at, .. },
                Rotation::GraceNewPair(seconds) | Rotation::GraceSamePair(seconds),
            ) => now <= at + seconds,
            (RefreshState::Spent { .. }, _) => false,
        }
    }
}
