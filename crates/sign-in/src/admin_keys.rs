//! Keys for the admin API: `adm_<26 characters>_<64 hexadecimal>`, shown once.
//!
//! The first part is the id and finds the row; the rest is the secret, of which the row holds a keyed MAC that is
//! bound to the id. The row itself carries a MAC over its scopes and its end.

use vouchsafe_audit::{Event, EventKind, Origin};
use vouchsafe_model::{AdminKey, AdminKeyId, AdminScope, Change, ChangeKind, Secret, UnixMillis};
use vouchsafe_store::admin_keys;

use crate::error::SignInError;
use crate::sessions::is_secret_text;
use crate::sign_in::SignIn;

impl SignIn {
    /// Makes a key. Its text is given here and never again.
    pub async fn create_admin_key(
        &self,
        name: &str,
        scopes: Vec<AdminScope>,
        expires_at: Option<UnixMillis>,
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
            .fact("admin_key_id", key.id.as_str())
            .row("admin_keys", &key.id, &tagged)
            .fact(
                "scopes",
                key.scopes.iter().map(|scope| scope.as_str()).collect::<Vec<_>>(),
            )
            .fact_if("expires_at", key.expires_at.map(|at| at.0));
        let ledger = inner.ledger.clone();
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
            .client_secret_matches(ADMIN_KEY_KIND, id.as_str(), digests, secret);
        let now = inner.clock.now();
        Ok(key.filter(|key| matches && key.expires_at.is_none_or(|at| now < at)))
    }

    /// Deletes a key: it opens nothing from here on. `false` when there was none.
    pub async fn delete_admin_key(&self, id: &AdminKeyId, origin: &Origin) -> Result<bool, SignInError> {
        let (ledger, id, origin) = (self.inner().ledger.clone(), id.clone(), origin.clone());
        let work = move |tx: &mut vouchsafe_store::Tx<'_>| {
            if !admin_keys::delete(tx, &id)? {
                return Ok(false);
            }
            let event = Event::new(EventKind::AdminKeyDeleted)
                .fact("admin_key_id", id.as_str())
                .version("admin_keys", &id, 0)
                .changes(Change::of(ChangeKind::Key, &id));
            ledger.append(tx, origin.note(event))?;
            Ok(true)
        };
        self.inner().store.write(work).await
    }
}

fn parse(bearer: &str) -> Option<(AdminKeyId, &str)> {
    let (id, secret) = bearer.rsplit_once('_')?;
    let id = id.parse().ok()?;
    is_secret_text(secret).then_some((id, secret))
}

/// Keeps an admin key's MAC from being that of a client secret.
pub const ADMIN_KEY_KIND: &str = "admin_key";

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
