//! The browser comes back.

use vouchsafe_audit::Origin;
use vouchsafe_model::{AttemptSecrets, ConnectAttempt, ConnectAttemptState, Secret};
use vouchsafe_store::{StoreError, Tx, connect_attempts};

use super::fail::failed;
use super::{Callback, ConnectError, Connected, ProviderRefusal, cookie};
use crate::catalogue::Entry;
use crate::identity_provider::IdentityProvider;
use crate::provider::{LoadedProvider, load_provider};
use crate::sealing;

/// An attempt in the hands of the one callback that may redeem its code.
pub(super) struct Taken {
    pub(super) attempt: ConnectAttempt,
    pub(super) provider: LoadedProvider,
    pub(super) secrets: Secret<AttemptSecrets>,
    pub(super) code: Secret<String>,
    pub(super) origin: Origin,
}

impl IdentityProvider {
    /// Ends a flow. It goes on to its end also when the caller goes away.
    #[tracing::instrument(name = "connect.finish", skip_all, fields(provider.id = %callback.provider_id))]
    pub async fn finish(&self, callback: Callback) -> Result<Connected, ConnectError> {
        let this = self.clone();
        let inner = self.inner();
        let task = inner.tasks.spawn(
            &inner.handle,
            Box::pin(async move { this.conclude(callback).await }),
        );
        task.await.unwrap_or(Err(ConnectError::Interrupted))
    }

    async fn conclude(&self, callback: Callback) -> Result<Connected, ConnectError> {
        let taken = self.take(callback).await?;
        let redeemed = self.redeem(taken).await?;
        Box::pin(self.settle(redeemed)).await
    }

    async fn take(&self, callback: Callback) -> Result<Taken, ConnectError> {
        let this = self.clone();
        // A refusal that ends the attempt is written, so it is no error of the transaction.
        self.inner()
            .store
            .write(move |tx| this.take_in(tx, callback))
            .await?
    }

    fn take_in(
        &self,
        tx: &mut Tx<'_>,
        callback: Callback,
    ) -> Result<Result<Taken, ConnectError>, ConnectError> {
        let vault = &self.inner().vault;
        let state = callback.state.as_deref().ok_or(ConnectError::NotThisBrowser)?;
        let found = cookie::attempt_of_state(tx, vault, state)?.ok_or(ConnectError::NotThisBrowser)?;
        let cookie = cookie::find(&callback.cookies, &found.id);
        let Some(cookie_digest) = cookie.and_then(|cookie| cookie::matching(vault, &found, cookie)) else {
            return self.turn_away(tx, &found, &callback, ConnectError::NotThisBrowser);
        };
        let bindings = connect_attempts::Callback {
            state_digest: &found.state_digest,
            cookie_digest: &cookie_digest,
            session_id: &callback.session.id,
            user_id: &callback.user.id,
            provider_id: &callback.provider_id,
            now: self.inner().clock.now(),
        };
        let Some(attempt) = connect_attempts::begin_redeeming(tx, bindings)? else {
            let error = why_not(&found, &bindings);
            return self.turn_away(tx, &found, &callback, error);
        };
        match self.examine(tx, &attempt, &callback) {
            Ok((provider, secrets, code)) => Ok(Ok(Taken {
                attempt,
                provider,
                secrets,
                code,
                origin: callback.origin,
            })),
            Err(ConnectError::Store(error)) => Err(error.into()),
            Err(error) => {
                self.fail_in(tx, &attempt, &error, &callback.origin)?;
                Ok(Err(error))
            }
        }
    }

    /// The attempt stays as it is; the record says that somebody knocked.
    fn turn_away(
        &self,
        tx: &mut Tx<'_>,
        attempt: &ConnectAttempt,
        callback: &Callback,
        error: ConnectError,
    ) -> Result<Result<Taken, ConnectError>, ConnectError> {
        let event =
            failed(tx, attempt, error.reason())?.fact("presented_session_id", callback.session.id.as_str());
        self.inner().ledger.append(tx, callback.origin.note(event))?;
        Ok(Err(error))
    }

    /// Everything that must be right before the code is redeemed.
    fn examine(
        &self,
        tx: &mut Tx<'_>,
        attempt: &ConnectAttempt,
        callback: &Callback,
    ) -> Result<(LoadedProvider, Secret<AttemptSecrets>, Secret<String>), ConnectError> {
        let provider = self.unchanged_provider(tx, attempt)?;
        check_issuer(attempt, &provider.entry, callback.iss.as_deref())?;
        if let Some(error) = &callback.error {
            return Err(ConnectError::Refused(ProviderRefusal::of(error)));
        }
        let code = callback.code.clone().filter(|code| !code.expose().is_empty());
        let code = code.ok_or(ConnectError::Refused(ProviderRefusal::Other))?;
        Ok((provider, self.attempt_secrets(attempt)?, code))
    }

    /// The provider, if it still is what the browser left for (UP-06).
    pub(super) fn unchanged_provider(
        &self,
        tx: &mut Tx<'_>,
        attempt: &ConnectAttempt,
    ) -> Result<LoadedProvider, ConnectError> {
        let provider = load_provider(tx, &self.inner().vault, &attempt.provider_id)?;
        let unchanged = provider.filter(|provider| {
            provider.entry.token_url() == Some(&attempt.token_url)
                && provider.row.client_id == attempt.upstream_client_id
                && provider.row.hosts == attempt.hosts
        });
        unchanged.ok_or(ConnectError::ProviderChanged)
    }

    pub(super) fn attempt_secrets(
        &self,
        attempt: &ConnectAttempt,
    ) -> Result<Secret<AttemptSecrets>, ConnectError> {
        let context = sealing::of_attempt(attempt, "secrets");
        let opened = self.inner().vault.open_for_server(&context, &attempt.secrets)?;
        let secrets = serde_json::from_str(opened.expose());
        secrets
            .map(Secret::new)
            .map_err(|_| ConnectError::Store(damaged()))
    }
}

/// The answer for a callback that found nothing to take. Only its own browser learns that the flow is over.
fn why_not(attempt: &ConnectAttempt, callback: &connect_attempts::Callback<'_>) -> ConnectError {
    let bound = attempt.session_id == *callback.session_id
        && attempt.user_id == *callback.user_id
        && attempt.provider_id == *callback.provider_id;
    let pending = attempt.state == ConnectAttemptState::Pending;
    match (bound, pending) {
        (true, true) => ConnectError::Expired,
        (true, false) => ConnectError::AlreadyFinished,
        (false, _) => ConnectError::NotThisBrowser,
    }
}

/// RFC 9207 section 2.4: an advertised `iss` must be there and equal, byte for byte; one that comes unadvertised is
/// still compared (UP-05).
fn check_issuer(attempt: &ConnectAttempt, entry: &Entry, iss: Option<&str>) -> Result<(), ConnectError> {
    let matches = match (&attempt.expected_issuer, iss) {
        (Some(expected), Some(iss)) => expected == iss,
        (Some(_), None) => false,
        (None, Some(iss)) => entry.issuer().is_none_or(|issuer| issuer == iss),
        (None, None) => true,
    };
    if matches {
        Ok(())
    } else {
        Err(ConnectError::IssuerMismatch)
    }
}

pub(super) const fn damaged() -> StoreError {
    StoreError::Corrupt {
        table: "connect_attempts",
        row: None,
        what: "secrets",
    }
}
