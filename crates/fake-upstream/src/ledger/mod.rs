//! What one provider remembers: grants, codes, refresh tokens, access tokens.

mod code;
mod issue;
mod refresh;

use std::collections::HashMap;

use serde::Serialize;

pub(crate) use code::{Code, Redemption};
pub(crate) use issue::{Mint, TokenSet};
pub(crate) use refresh::RefreshRequest;

use crate::personality::{Grants, Personality, is_sign_in_scope, resource_of};
use crate::secrets::SecretKind;

/// The books of one personality.
#[derive(Debug, Default)]
pub(crate) struct Ledger {
    grants: Vec<Grant>,
    codes: HashMap<String, Code>,
    access: HashMap<String, AccessToken>,
    refresh: HashMap<String, RefreshToken>,
    sequence: u64,
}

/// A consent: what an account lets a client do. Its tokens are its family.
#[derive(Debug)]
pub(crate) struct Grant {
    pub(crate) client_id: String,
    pub(crate) account: String,
    pub(crate) part: Part,
    pub(crate) scopes: Vec<String>,
    pub(crate) alive: bool,
}

/// Which chain of a provider with two.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Part {
    /// The only one.
    Main,
    /// Slack's bot.
    Bot,
    /// Slack's user.
    User,
}

#[derive(Debug)]
struct AccessToken {
    grant: usize,
    scopes: Vec<String>,
    resource: Option<String>,
    expires_at: Option<u64>,
    killed: bool,
    sequence: u64,
}

#[derive(Debug)]
struct RefreshToken {
    grant: usize,
    scopes: Vec<String>,
    state: RefreshState,
}

#[derive(Debug)]
enum RefreshState {
    Live,
    Spent { at: u64, successor: TokenSet },
}

/// A live access token, as the API and introspection see it.
#[derive(Debug, Clone)]
pub(crate) struct TokenFacts {
    pub(crate) client_id: String,
    pub(crate) account: String,
    pub(crate) part: Part,
    /// What the token can do, whatever was echoed.
    pub(crate) scopes: Vec<String>,
    pub(crate) resource: Option<String>,
    pub(crate) expires_at: Option<u64>,
}

/// A token that would be accepted now.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct LiveToken {
    /// The token.
    pub token: String,
    /// Access or refresh token.
    pub kind: SecretKind,
    /// Whose it is.
    pub account: String,
    /// Who got it.
    pub client_id: String,
    /// Which chain it belongs to.
    pub part: Part,
    /// What it can do.
    pub scopes: Vec<String>,
}

impl Ledger {
    /// The facts of an access token that is alive.
    pub(crate) fn access_facts(
        &self,
        personality: &Personality,
        token: &str,
        now: u64,
    ) -> Option<TokenFacts> {
        let access = self.access.get(token)?;
        let grant = &self.grants[access.grant];
        let expired = access.expires_at.is_some_and(|at| at <= now);
        (grant.alive && !access.killed && !expired).then(|| TokenFacts {
            client_id: grant.client_id.clone(),
            account: grant.account.clone(),
            part: grant.part,
            scopes: self.power(personality, access),
            resource: access.resource.clone(),
            expires_at: access.expires_at,
        })
    }

    /// The facts of a refresh token that would be accepted.
    pub(crate) fn refresh_facts(
        &self,
        personality: &Personality,
        token: &str,
        now: u64,
    ) -> Option<TokenFacts> {
        let refresh = self.refresh.get(token)?;
        let grant = &self.grants[refresh.grant];
        let usable = grant.alive && refresh.is_usable(personality.refresh.rotation, now);
        usable.then(|| TokenFacts {
            client_id: grant.client_id.clone(),
            account: grant.account.clone(),
            part: grant.part,
            scopes: if personality.is_additive() {
                grant.scopes.clone()
            } else {
                refresh.scopes.clone()
            },
            resource: None,
            expires_at: None,
        })
    }

    /// Everything alive, access tokens first.
    pub(crate) fn live_tokens(&self, personality: &Personality, now: u64) -> Vec<LiveToken> {
        let access = self.access.keys().filter_map(|token| {
            Some(live_token(
                token,
                SecretKind::AccessToken,
                self.access_facts(personality, token, now)?,
            ))
        });
        let refresh = self.refresh.keys().filter_map(|token| {
            Some(live_token(
                token,
                SecretKind::RefreshToken,
                self.refresh_facts(personality, token, now)?,
            ))
        });
        access.chain(refresh).collect()
    }

    /// Names the refresh chain of a token, for counting refreshes of one chain that overlap.
    pub(crate) fn chain_of(&self, refresh_token: &str) -> Option<usize> {
        self.refresh.get(refresh_token).map(|token| token.grant)
    }

    /// Which kind of token it is, if it was ever issued here.
    pub(crate) fn kind(&self, token: &str) -> Option<SecretKind> {
        let access = self.access.contains_key(token).then_some(SecretKind::AccessToken);
        access.or_else(|| {
            self.refresh
                .contains_key(token)
                .then_some(SecretKind::RefreshToken)
        })
    }

    /// Who a token belongs to, dead or alive: client and account.
    pub(crate) fn owner(&self, token: &str) -> Option<(String, String)> {
        let grant = &self.grants[self.grant_of(token)?];
        Some((grant.client_id.clone(), grant.account.clone()))
    }

    /// Kills one access token.
    pub(crate) fn kill_access(&mut self, token: &str) {
        if let Some(access) = self.access.get_mut(token) {
            access.killed = true;
        }
    }

    /// Kills the grant a token belongs to, with all its tokens.
    pub(crate) fn kill_family_of(&mut self, token: &str) {
        if let Some(grant) = self.grant_of(token) {
            self.kill_grant(grant);
        }
    }

    /// Kills every grant of this account, or only those of one client.
    pub(crate) fn kill_account(&mut self, account: &str, client_id: Option<&str>) {
        for grant in &mut self.grants {
            if grant.account == account && client_id.is_none_or(|id| id == grant.client_id) {
                grant.alive = false;
            }
        }
    }

    fn kill_grant(&mut self, grant: usize) {
        self.grants[grant].alive = false;
    }

    fn grant_of(&self, token: &str) -> Option<usize> {
        let access = self.access.get(token).map(|access| access.grant);
        access.or_else(|| self.refresh.get(token).map(|refresh| refresh.grant))
    }

    /// What an access token can do at this moment.
    fn power(&self, personality: &Personality, access: &AccessToken) -> Vec<String> {
        let grant = &self.grants[access.grant];
        let mut scopes = match personality.grants {
            Grants::Independent => access.scopes.clone(),
            Grants::Additive => grant.scopes.clone(),
            Grants::AdditivePerResource => at_resource(&grant.scopes, access.resource.as_deref()),
        };
        scopes.extend(
            personality
                .authorization
                .registered_permissions
                .iter()
                .map(|&text| text.to_owned()),
        );
        scopes
    }
}

/// The scopes of one resource and the ones about signing in.
fn at_resource(scopes: &[String], resource: Option<&str>) -> Vec<String> {
    let kept = scopes.iter().filter(|scope| {
        let about_sign_in = is_sign_in_scope(scope) && scope.as_str() != "offline_access";
        about_sign_in || (!is_sign_in_scope(scope) && Some(resource_of(scope)) == resource)
    });
    kept.cloned().collect()
}

fn live_token(token: &str, kind: SecretKind, facts: TokenFacts) -> LiveToken {
    let TokenFacts {
        client_id,
        account,
        part,
        scopes,
        ..
    } = facts;
    LiveToken {
        token: token.to_owned(),
        kind,
        account,
        client_id,
        part,
        scopes,
    }
}
