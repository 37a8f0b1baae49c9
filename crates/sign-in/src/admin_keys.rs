//! Keys for the admin API: `adm_<26 characters>_<64 hexadecimal>`, shown once.
//!
//! The first part is the id and finds the row; the rest is the secret, of which the row holds a keyed MAC that is
//! bound to the id. The row itself carries a MAC over its scopes and its end.

use std::time::Duration;

use vouchsafe_audit::{Administrator, Event, EventKind, Origin};
use vouchsafe_model::{AdminKey, AdminKeyId, AdminScope, Change, ChangeKind, Secret, UnixMillis};
use vouchsafe_store::{Page, Tx, admin_keys};

use crate::error::SignInError;
use crate::sessions::is_secret_text;
use crate::sign_in::{Inner, SignIn};

/// A key that an administrator wants.
#[derive(Debug, Clone)]
pub struct AdminKeyRequest {
    /// What it is called.
    pub name: String,
    /// What it may do.
    pub scopes: Vec<AdminScope>,
    /// After how long it ends; `None` = never.
    pub expires_in: Option<Duration>,
}

impl SignIn {
    /// Makes a key. Its text is given here and never again.
    pub async fn create_admin_key(
        &self,
        name: &str,
        scopes: Vec<AdminScope>,
        expires_at: Option<UnixMillis>,
    ) -> Result<(AdminKey, Secret<String>), SignInError> {
        self.put_admin_key(name, scopes, expires_at, &Origin::background())
            .await
    }

    /// Makes a key for an administrator, who may do `own` and can give no more.
    pub async fn issue_admin_key(
        &self,
        request: AdminKeyRequest,
        own: &[AdminScope],
        origin: &Origin,
    ) -> Result<(AdminKey, Secret<String>), SignInError> {
        let AdminKeyRequest {
            name,
            mut scopes,
            expires_in,
        } = request;
        if name.is_empty() || name.chars().count() > LONGEST_NAME || name.chars().any(char::is_control) {
            return Err(SignInError::AdminKeyNameInvalid);
        }
        let named = scopes.len();
        scopes.sort_unstable();
        scopes.dedup();
        if scopes.is_empty() || scopes.len() != named {
            return Err(SignInError::AdminKeyScopesInvalid);
        }
        if !scopes.iter().all(|scope| own.contains(scope)) {
            return Err(SignInError::AdminKeyScopeBeyondOwn);
        }
        let expires_at = expires_in.map(|life| self.inner().clock.now() + life);
        self.put_admin_key(&name, scopes, expires_at, origin).await
    }

    async fn put_admin_key(
        &self,
        name: &str,
        scopes: Vec<AdminScope>,
        expires_at: Option<UnixMillis>,
        origin: &Origin,
    ) -> Result<(AdminKey, Secret<String>), SignInError> {
        let inner = self.inner();
        let id: AdminKeyId = inner.ids.next();
        let secret = inner.ids.secret_text();
        let text = Secret::new(format!("{id}_{}", secret.expose()));
        let key = AdminKey {
            secret: inner.vault.client_secret(ADMIN_KEY_KIND, id.as_str(), &secret),
            id,
            name: name.to_owned(),
            scopes,
            created_at: inner.clock.now(),
            expires_at,
        };
        let tagged = inner.vault.tag(key.clone());
        let event = Event::new(EventKind::AdminKeyCreated)
            .fact("key_id", key.id.as_str())
            .row("admin_keys", &key.id, &tagged)
            .fact(
                "scopes",
                key.scopes.iter().map(|scope| scope.as_str()).collect::<Vec<_>>(),
            )
            .fact_if("expires_at", key.expires_at.map(|at| at.0));
        let (ledger, event) = (inner.ledger.clone(), origin.note(event));
        inner
            .store
            .write(move |tx| -> Result<(), SignInError> {
                admin_keys::put(tx, &tagged)?;
                ledger.append(tx, event)?;
                Ok(())
            })
            .await?;
        Ok((key, text))
    }

    /// Up to `limit` keys in order of id, beginning behind `after`. One that was changed past the server is no key,
    /// and named as such.
    pub async fn admin_keys(
        &self,
        after: Option<AdminKeyId>,
        limit: i64,
    ) -> Result<Page<AdminKey>, SignInError> {
        let sign_in = self.clone();
        let page = move |tx: &mut Tx<'_>| -> Result<_, SignInError> {
            let page = admin_keys::page(tx, after.as_ref(), limit)?;
            Ok(page.try_map(|row| sign_in.inner().listed(row, |key| key.id.to_string())))
        };
        self.inner().store.read(page).await
    }

    /// The key behind a bearer; `None` when it is none of ours, over, or changed past the server. An unknown id costs
    /// as much as a wrong secret (ATK-17).
    pub async fn admin(&self, bearer: &str) -> Result<Option<AdminKey>, SignInError> {
        let inner = self.inner();
        let Some((id, secret)) = parse(bearer) else {
            return Ok(None);
        };
        let of = id.clone();
        let stored = inner
            .store
            .read(move |tx| -> Result<_, SignInError> { Ok(admin_keys::by_id(tx, &of)?) })
            .await?;
        let key = match stored.map(|stored| inner.vault.verify(stored)).transpose() {
            Ok(key) => key,
            Err(error) => {
                self.alarm(&error).await;
                None
            }
        };
        let digests = key
            .as_ref()
            .map(|key| std::slice::from_ref(&key.secret))
            .unwrap_or_default();
        let matches = inner
            .vault
            .matching_client_secret(ADMIN_KEY_KIND, id.as_str(), digests, secret)
            .is_some();
        let now = inner.clock.now();
        Ok(key.filter(|key| matches && key.expires_at.is_none_or(|at| now < at)))
    }

    /// Deletes a key: it opens nothing from here on. `false` when there was none. A key cannot delete the last one that
    /// could make others: only whoever has the server itself can.
    pub async fn delete_admin_key(&self, id: &AdminKeyId, origin: &Origin) -> Result<bool, SignInError> {
        let (sign_in, id, origin) = (self.clone(), id.clone(), origin.clone());
        let work = move |tx: &mut Tx<'_>| {
            let inner = sign_in.inner();
            let by = match &origin.administrator {
                Some(Administrator::Key(by)) => Some(by),
                _ => None,
            };
            if by.is_some() {
                admin_keys::hold_all(tx)?;
                if is_last_with_trust(inner, tx, &id)? {
                    return Err(SignInError::LastTrustKey);
                }
            }
            if !admin_keys::delete(tx, &id)? {
                return Ok(false);
            }
            let event = Event::new(EventKind::AdminKeyDeleted)
                .fact("key_id", id.as_str())
                .fact_if("its_own", (by == Some(&id)).then_some(true))
                .version("admin_keys", &id, 0)
                .changes(Change::of(ChangeKind::Key, &id));
            inner.ledger.append(tx, origin.note(event))?;
            Ok(true)
        };
        self.inner().store.write(work).await
    }
}

/// Whether this key has the scope trust, and no other that counts has it.
fn is_last_with_trust(inner: &Inner, tx: &mut Tx<'_>, id: &AdminKeyId) -> Result<bool, SignInError> {
    let now = inner.clock.now();
    let counts =
        |key: &AdminKey| key.scopes.contains(&AdminScope::Trust) && key.expires_at.is_none_or(|at| now < at);
    let keys = admin_keys::all(tx)?.into_iter();
    let keys = keys.filter_map(|key| inner.vault.verify(key).ok()).filter(counts);
    let ids: Vec<AdminKeyId> = keys.map(|key| key.id).collect();
    Ok(ids == std::slice::from_ref(id))
}

fn parse(bearer: &str) -> Option<(AdminKeyId, &str)> {
    let (id, secret) = bearer.rsplit_once('_')?;
    let id = id.parse().ok()?;
    is_secret_text(secret).then_some((id, secret))
}

/// Keeps an admin key's MAC from being that of a client secret.
pub const ADMIN_KEY_KIND: &str = "admin_key";
const LONGEST_NAME: usize = 128;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bearer_of_another_shape_is_no_key() {
        let id = "adm_00000000000000000000000001";
        let secret = "0123456789abcdef".repeat(4);
        assert!(parse(&format!("{id}_{secret}")).is_some());
        for bearer in [
            String::new(),
            "_".to_owned(),
            id.to_owned(),
            format!("{id}_"),
            format!("{id}{secret}"),
            format!("{id}_{}", secret.to_uppercase()),
            format!("{id}_{secret}0"),
            format!("usr{}_{secret}", &id[3..]),
            format!(" {id}_{secret}"),
        ] {
            assert!(parse(&bearer).is_none(), "{bearer}");
        }
    }
}
