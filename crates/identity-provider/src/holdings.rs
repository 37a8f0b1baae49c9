//! What the vault holds of a connection, and finding a token in it.

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use vouchsafe_model::{
    AccessToken, AccessTokenId, Connection, DataKey, EffectiveScope, Secret, UnixMillis, UpstreamGrant,
    UpstreamGrantId,
};
use vouchsafe_oauth_types::Scope;
use vouchsafe_store::{StoreError, Tx, access_tokens, data_keys, upstream_grants};
use vouchsafe_vault::{Vault, VaultError};

use crate::sealing::{Owner, access_token_row};

/// The grants of a connection, sealed.
#[derive(Debug, Clone)]
pub struct Holdings {
    /// The grants, oldest first.
    pub grants: Vec<Holding>,
    /// The key that sealed them.
    pub data_key: Option<DataKey>,
    opened: Opened,
}

/// Access tokens that were opened, for as long as the holdings are kept.
#[derive(Debug, Default)]
struct Opened(Mutex<Vec<(AccessTokenId, i64, Secret<String>)>>);

impl Clone for Opened {
    /// A copy may outlive what is kept: it opens them itself.
    fn clone(&self) -> Self {
        Self::default()
    }
}

impl Opened {
    fn get(&self, token: &AccessToken) -> Option<Secret<String>> {
        let opened = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let mut same = opened
            .iter()
            .filter(|(id, version, _)| (id, *version) == (&token.id, token.version));
        same.next().map(|(_, _, secret)| secret.clone())
    }

    fn keep(&self, token: &AccessToken, secret: &Secret<String>) {
        let mut opened = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if opened.len() < MOST_OPENED {
            opened.push((token.id.clone(), token.version, secret.clone()));
        }
    }
}

/// A grant with its access tokens.
#[derive(Debug, Clone)]
pub struct Holding {
    /// The grant.
    pub grant: UpstreamGrant,
    /// Its access tokens.
    pub tokens: Vec<AccessToken>,
}

/// Which token is wanted.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Want {
    /// Of which grant.
    pub grant_id: UpstreamGrantId,
    /// For which audience at the provider; empty where the provider knows only one.
    pub audience: String,
    /// Only these scopes, where the provider can do that.
    pub narrow: Option<Scope>,
}

impl Want {
    /// How a narrowed token is filed.
    pub(crate) fn scope_key(&self) -> String {
        self.narrow.as_ref().map(ToString::to_string).unwrap_or_default()
    }
}

/// Whether a token can do less than its grant.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Narrowed {
    /// The provider said so.
    Verified,
    /// It was asked for, and the provider kept silent.
    Claimed,
    /// It was not asked for.
    None,
}

/// A token that can be used.
#[derive(Debug, Clone)]
pub struct Fresh {
    /// The token.
    pub token: Secret<String>,
    /// Its end; `None` = unbounded.
    pub expires_at: Option<UnixMillis>,
    /// What it can do.
    pub scope: EffectiveScope,
    /// The grant it came from.
    pub grant_id: UpstreamGrantId,
    /// Whether it can do less than its grant.
    pub narrowed: Narrowed,
}

/// Reads the holdings of a connection.
pub fn holdings(tx: &mut Tx<'_>, connection: &Connection) -> Result<Holdings, StoreError> {
    let mut tokens = access_tokens::of_connection(tx, &connection.id)?;
    let mut grants = Vec::new();
    for grant in upstream_grants::of_connection(tx, &connection.id)? {
        let (own, others) = tokens
            .into_iter()
            .partition(|token| token.upstream_grant_id == grant.id);
        tokens = others;
        grants.push(Holding { grant, tokens: own });
    }
    let data_key = match grants.first() {
        Some(holding) => data_keys::by_id(tx, &holding.grant.data_key_id)?,
        None => None,
    };
    Ok(Holdings {
        grants,
        data_key,
        opened: Opened::default(),
    })
}

impl Holdings {
    /// The wanted token, opened, if it is here and lives for `min_life` more. A token whose whole life is short need
    /// only have half of it left, or it would be refreshed for ever; one that cannot be refreshed need only be alive.
    pub fn warm(
        &self,
        vault: &Vault,
        connection: &Connection,
        want: &Want,
        now: UnixMillis,
        min_life: Duration,
    ) -> Result<Option<Fresh>, VaultError> {
        let Some((holding, token)) = self.find(want) else {
            return Ok(None);
        };
        let min_life = if holding.grant.refresh_token.is_some() {
            min_life
        } else {
            Duration::ZERO
        };
        if !lives_for(token, now, min_life) {
            return Ok(None);
        }
        let Some(data_key) = self.data_key.as_ref().filter(|key| key.id == token.data_key_id) else {
            return Ok(None);
        };
        let secret = if let Some(secret) = self.opened.get(token) {
            secret
        } else {
            let key = vault.open_data_key(data_key)?;
            let row = access_token_row(token);
            let context = Owner::of(connection).access_token(&row, token.version);
            let secret = vault.open(&key, &context, &token.token)?;
            self.opened.keep(token, &secret);
            secret
        };
        Ok(Some(Fresh {
            token: secret,
            expires_at: token.expires_at,
            scope: token.scope.clone(),
            grant_id: holding.grant.id.clone(),
            narrowed: narrowed(want, &token.scope),
        }))
    }

    fn find(&self, want: &Want) -> Option<(&Holding, &AccessToken)> {
        let holding = self
            .grants
            .iter()
            .find(|holding| holding.grant.id == want.grant_id)?;
        let token = holding.tokens.iter().find(|token| is_wanted(token, want))?;
        Some((holding, token))
    }
}

pub(crate) fn is_wanted(token: &AccessToken, want: &Want) -> bool {
    token.audience == want.audience && token.scope_key == want.scope_key()
}

/// Whether the token has `min_life` left, or half of its whole life if that is less.
pub(crate) fn lives_for(token: &AccessToken, now: UnixMillis, min_life: Duration) -> bool {
    let Some(end) = token.expires_at else {
        return true;
    };
    let half = token.issued_at.until(end) / 2;
    end > now && now.until(end) >= min_life.min(half)
}

/// A token counts as narrowed when the provider's own word says so, never because we asked.
pub(crate) fn narrowed(want: &Want, scope: &EffectiveScope) -> Narrowed {
    match (&want.narrow, scope) {
        (None, _) => Narrowed::None,
        (Some(wanted), EffectiveScope::Known(found)) if found.is_subset(wanted) => Narrowed::Verified,
        (Some(_), _) => Narrowed::Claimed,
    }
}

/// Opened tokens of one connection, at most.
const MOST_OPENED: usize = 8;

#[cfg(test)]
mod tests {
    use vouchsafe_model::{AccessTokenId, ConnectionId, DataKeyId, Sealed, TypedId as _};

    use super::*;

    fn token(issued_at: i64, expires_at: Option<i64>) -> AccessToken {
        let uuid = "00000000-0000-7000-8000-000000000001".parse().unwrap();
        AccessToken {
            id: AccessTokenId::from_uuid(uuid),
            upstream_grant_id: UpstreamGrantId::from_uuid(uuid),
            connection_id: ConnectionId::from_uuid(uuid),
            audience: String::new(),
            scope_key: String::new(),
            scope: EffectiveScope::Unknown,
            token: Sealed::from_bytes(Vec::new()),
            data_key_id: DataKeyId::from_uuid(uuid),
            version: 1,
            expires_at: expires_at.map(UnixMillis),
            issued_at: UnixMillis(issued_at),
        }
    }

    #[test]
    fn a_short_lived_token_is_warm_for_half_of_its_life() {
        let minute = Duration::from_secs(60);
        let short = token(0, Some(60_000));
        assert!(lives_for(&short, UnixMillis(30_000), minute));
        assert!(!lives_for(&short, UnixMillis(30_001), minute));
        let long = token(0, Some(3_600_000));
        assert!(lives_for(&long, UnixMillis(3_540_000), minute));
        assert!(!lives_for(&long, UnixMillis(3_540_001), minute));
        assert!(!lives_for(&long, UnixMillis(3_600_000), Duration::ZERO));
        assert!(lives_for(&token(0, None), UnixMillis(i64::MAX), minute));
    }

    #[test]
    fn only_the_providers_own_word_makes_a_token_narrow() {
        let scope = |text| Scope::parse(text).unwrap();
        let grant_id = UpstreamGrantId::from_uuid("00000000-0000-7000-8000-000000000001".parse().unwrap());
        let want = |narrow| Want {
            grant_id: grant_id.clone(),
            audience: String::new(),
            narrow,
        };
        let known = |text| EffectiveScope::Known(scope(text));
        assert_eq!(narrowed(&want(None), &known("a")), Narrowed::None);
        assert_eq!(
            narrowed(&want(Some(scope("a b"))), &known("a")),
            Narrowed::Verified
        );
        assert_eq!(
            narrowed(&want(Some(scope("a"))), &known("a b")),
            Narrowed::Claimed
        );
        assert_eq!(
            narrowed(&want(Some(scope("a"))), &EffectiveScope::Unknown),
            Narrowed::Claimed
        );
    }
}
