//! Making tokens: what is written in the books when one is handed out.

use super::{AccessToken, Ledger, Part, RefreshState, RefreshToken};
use crate::personality::Personality;
use crate::secrets::{IssuedSecrets, SecretKind};

/// Tokens as issued, before they are written the way the personality writes them.
#[derive(Debug, Clone)]
pub(crate) struct TokenSet {
    pub(crate) client_id: String,
    pub(crate) account: String,
    pub(crate) part: Part,
    pub(crate) access_token: String,
    pub(crate) refresh_token: Option<String>,
    pub(crate) scopes: Vec<String>,
    pub(crate) expires_at: Option<u64>,
}

/// What issuing needs besides the books.
pub(crate) struct Mint<'a> {
    pub(crate) personality: &'static Personality,
    pub(crate) secrets: &'a IssuedSecrets,
    pub(crate) now: u64,
    pub(crate) access_ttl: Option<u64>,
}

/// What to issue.
pub(super) struct Order {
    pub(super) grant: usize,
    pub(super) scopes: Vec<String>,
    pub(super) resource: Option<String>,
    /// The scopes of a new refresh token, if there is to be one.
    pub(super) refresh_keeps: Option<Vec<String>>,
}

impl Ledger {
    /// Issues an access token and, if it is ordered, a refresh token.
    pub(super) fn issue(&mut self, mint: &Mint<'_>, order: Order) -> TokenSet {
        let personality = mint.personality;
        let part = self.grants[order.grant].part;
        let access_token = mint.secrets.mint(
            personality.name,
            SecretKind::AccessToken,
            access_prefix(personality, part),
        );
        self.sequence += 1;
        let access = AccessToken {
            grant: order.grant,
            scopes: order.scopes,
            resource: order.resource,
            expires_at: mint.access_ttl.map(|ttl| mint.now + ttl),
            killed: false,
            sequence: self.sequence,
        };
        let refresh_token = order.refresh_keeps.map(|scopes| {
            let prefix = personality.refresh.prefix;
            let token = mint
                .secrets
                .mint(personality.name, SecretKind::RefreshToken, prefix);
            let state = RefreshState::Live;
            self.refresh.insert(
                token.clone(),
                RefreshToken {
                    grant: order.grant,
                    scopes,
                    state,
                },
            );
            token
        });
        let grant = &self.grants[order.grant];
        let set = TokenSet {
            client_id: grant.client_id.clone(),
            account: grant.account.clone(),
            part,
            access_token: access_token.clone(),
            refresh_token,
            scopes: self.echoed(personality, &access),
            expires_at: access.expires_at,
        };
        self.access.insert(access_token, access);
        if let Some(cap) = personality.access.cap {
            self.enforce_cap(&set, cap);
        }
        set
    }

    /// The scopes an answer states: the power, without what is never stated.
    fn echoed(&self, personality: &Personality, access: &AccessToken) -> Vec<String> {
        let mut scopes = self.power(personality, access);
        let unsaid = personality.authorization.registered_permissions;
        scopes.retain(|scope| !unsaid.contains(&scope.as_str()));
        scopes
    }

    /// Kills the oldest tokens of the same client, account and scopes beyond the cap.
    fn enforce_cap(&mut self, newest: &TokenSet, cap: usize) {
        let grants = &self.grants;
        let mut same: Vec<&mut AccessToken> = self
            .access
            .values_mut()
            .filter(|access| {
                let grant = &grants[access.grant];
                let same_owner = grant.client_id == newest.client_id && grant.account == newest.account;
                same_owner && grant.alive && !access.killed && access.scopes == newest.scopes
            })
            .collect();
        same.sort_by_key(|access| std::cmp::Reverse(access.sequence));
        for access in same.into_iter().skip(cap) {
            access.killed = true;
        }
    }
}

impl TokenSet {
    /// `expires_in`, counted from `now`.
    pub(crate) fn expires_in(&self, now: u64) -> Option<u64> {
        self.expires_at.map(|at| at.saturating_sub(now))
    }
}

fn access_prefix(personality: &Personality, part: Part) -> &'static str {
    match part {
        Part::User => "xoxe.xoxp-1-",
        Part::Main | Part::Bot => personality.access.prefix,
    }
}
