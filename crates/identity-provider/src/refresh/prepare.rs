//! Whether there is anything to do, and with what.

use std::time::Duration;

use vouchsafe_audit::{Event, EventKind};
use vouchsafe_model::{
    AccessToken, Change, ChangeKind, Connection, ConnectionId, ConnectionState, EffectiveScope,
    ReconnectReason, Secret, UpstreamGrant,
};
use vouchsafe_store::{StoreError, Tx, access_tokens, connections, data_keys, upstream_grants};
use vouchsafe_vault::{OpenDataKey, VaultError};

use super::RefreshError;
use crate::catalogue::{Entry, Narrowing};
use crate::holdings::{Want, is_wanted, lives_for};
use crate::identity_provider::{IdentityProvider, pseudonym};
use crate::provider::{LoadedProvider, ProviderError, load_provider};
use crate::sealing::Owner;

/// Everything that the call and its commit need, opened. The lease of the grant is held.
pub(super) struct Ready {
    pub(super) connection: Connection,
    pub(super) provider: LoadedProvider,
    pub(super) grant: UpstreamGrant,
    pub(super) want: Want,
    pub(super) key: OpenDataKey,
    pub(super) refresh_token: Secret<String>,
    pub(super) client_secret: Option<Secret<String>>,
}

/// What a look at the rows has found.
enum Look {
    /// Somebody has just refreshed it, or it needs no refresh.
    Fresh,
    /// Another process holds the lease.
    Held,
    /// It cannot be done; what that means is written.
    No(RefreshError),
    /// Go.
    Ready(Box<Ready>),
}

impl IdentityProvider {
    /// `None`: the token is fresh. Whoever finds the lease held waits, and looks again.
    pub(super) async fn prepare(
        &self,
        id: &ConnectionId,
        want: &Want,
    ) -> Result<Option<Ready>, RefreshError> {
        let inner = self.inner();
        let give_up = inner.clock.now() + inner.options.lease_wait;
        loop {
            let (this, id, want) = (self.clone(), id.clone(), want.clone());
            match inner.store.write(move |tx| this.look(tx, &id, want)).await? {
                Look::Fresh => return Ok(None),
                Look::No(error) => return Err(error),
                Look::Ready(ready) => return Ok(Some(*ready)),
                Look::Held if inner.clock.now() >= give_up => return Err(RefreshError::unavailable()),
                Look::Held => inner.clock.sleep(BETWEEN_LOOKS).await,
            }
        }
    }

    /// Longer than the call and its commit can take, so that it never ends under one who holds it.
    fn lease(&self) -> Duration {
        self.inner().egress.timeout() + self.inner().options.commit_patience + LEASE_MARGIN
    }

    fn look(&self, tx: &mut Tx<'_>, id: &ConnectionId, want: Want) -> Result<Look, StoreError> {
        let inner = self.inner();
        let now = inner.clock.now();
        let Some(connection) = connections::by_id(tx, id)? else {
            return Ok(Look::No(RefreshError::Gone));
        };
        match connection.state {
            ConnectionState::Active => {}
            ConnectionState::Revoked { .. } => return Ok(Look::No(RefreshError::Gone)),
            ConnectionState::NeedsConsent { reason, .. } => {
                return Ok(Look::No(RefreshError::NeedsConsent(reason)));
            }
        }
        let provider = match load_provider(tx, &inner.vault, &connection.provider_id) {
            Ok(Some(provider)) => provider,
            Err(ProviderError::Store(error)) => return Err(error),
            Ok(None) | Err(_) => return Ok(Look::No(RefreshError::Misconfigured)),
        };
        if provider.row.hosts != connection.hosts {
            let reason = ReconnectReason::HostsChanged;
            return self
                .needs_consent(tx, &connection, (reason, None), |_| Ok(()))
                .map(Look::No);
        }
        if provider.row.client_id != connection.upstream_client_id {
            // Another upstream client cannot refresh these grants, and the operator may yet put the old one back.
            return Ok(Look::No(RefreshError::Misconfigured));
        }
        let grant =
            upstream_grants::by_id(tx, &want.grant_id)?.filter(|grant| grant.connection_id == connection.id);
        let Some(grant) = grant else {
            return Ok(Look::No(RefreshError::Gone));
        };
        let tokens = access_tokens::of_connection(tx, &connection.id)?;
        let current = tokens
            .iter()
            .find(|token| token.upstream_grant_id == grant.id && is_wanted(token, &want));
        if current
            .is_some_and(|token| token.issued_at + JUST_NOW >= now && lives_for(token, now, Duration::MAX))
        {
            return Ok(Look::Fresh);
        }
        if !can_give(&provider.entry, &grant, &want) {
            return Ok(Look::No(RefreshError::CannotNarrow));
        }
        if grant.refresh_token.is_none() {
            return self.without_refresh_token(tx, &connection, current);
        }
        if let Some(wait) = inner.flights.paused(&connection.provider_id, now) {
            return Ok(Look::No(RefreshError::Unavailable {
                retry_after: Some(wait),
            }));
        }
        self.board(tx, connection, provider, grant, want)
    }

    /// Opens what is needed, then takes the lease.
    fn board(
        &self,
        tx: &mut Tx<'_>,
        connection: Connection,
        provider: LoadedProvider,
        grant: UpstreamGrant,
        want: Want,
    ) -> Result<Look, StoreError> {
        let inner = self.inner();
        let now = inner.clock.now();
        let Some(key) = data_keys::by_id(tx, &grant.data_key_id)? else {
            return Ok(unreadable(&connection, "data key missing"));
        };
        let open = || -> Result<_, VaultError> {
            let key = inner.vault.open_data_key(&key)?;
            let context = Owner::of(&connection).refresh_token(grant.id.as_str(), grant.version);
            let sealed = grant.refresh_token.as_ref().expect("the caller has looked");
            let refresh_token = inner.vault.open(&key, &context, sealed)?;
            Ok((key, refresh_token, provider.client_secret(&inner.vault)?))
        };
        let (key, refresh_token, client_secret) = match open() {
            Ok(opened) => opened,
            Err(error) => return Ok(unreadable(&connection, &error.to_string())),
        };
        if !upstream_grants::take_lease(tx, &grant.id, &inner.worker, now + self.lease(), now)? {
            return Ok(Look::Held);
        }
        Ok(Look::Ready(Box::new(Ready {
            connection,
            provider,
            grant,
            want,
            key,
            refresh_token,
            client_secret,
        })))
    }

    /// Nothing can be refreshed: what lives is as fresh as it gets, and what is over is over.
    fn without_refresh_token(
        &self,
        tx: &mut Tx<'_>,
        connection: &Connection,
        current: Option<&AccessToken>,
    ) -> Result<Look, StoreError> {
        let now = self.inner().clock.now();
        if current.is_some_and(|token| lives_for(token, now, Duration::ZERO)) {
            return Ok(Look::Fresh);
        }
        self.needs_consent(tx, connection, (ReconnectReason::GrantDead, None), |_| Ok(()))
            .map(Look::No)
    }

    /// Writes that the user must connect again, then what else there is to write, then the record. Secrets stay: the
    /// provider may have been wrong.
    pub(super) fn needs_consent(
        &self,
        tx: &mut Tx<'_>,
        old: &Connection,
        (reason, code): (ReconnectReason, Option<&str>),
        also: impl FnOnce(&mut Tx<'_>) -> Result<(), StoreError>,
    ) -> Result<RefreshError, StoreError> {
        let now = self.inner().clock.now();
        let connection = Connection {
            state: ConnectionState::NeedsConsent { reason, since: now },
            version: old.version + 1,
            updated_at: now,
            ..old.clone()
        };
        if !connections::update(tx, &connection, old.version)? {
            return Err(StoreError::Conflict);
        }
        also(tx)?;
        let event = Event::new(EventKind::ConnectionNeedsConsent)
            .user(&pseudonym(tx, &connection.user_id)?)
            .fact("connection_id", connection.id.as_str())
            .fact("provider_id", connection.provider_id.as_str())
            .fact("reason", reason.as_str())
            .fact_if("code", code)
            .changes(Change::of(ChangeKind::Connection, &connection.id))
            .connection(&connection);
        self.inner().ledger.append(tx, event)?;
        Ok(RefreshError::NeedsConsent(reason))
    }
}

/// Whether the provider can give what is wanted of this grant.
fn can_give(entry: &Entry, grant: &UpstreamGrant, want: &Want) -> bool {
    let inside = |narrow| match &grant.scope {
        EffectiveScope::Known(held) => vouchsafe_oauth_types::Scope::is_subset(narrow, held),
        EffectiveScope::Unknown => true,
    };
    match (&want.narrow, entry.can_narrow()) {
        (None, _) => want.audience.is_empty(),
        (Some(narrow), Narrowing::RefreshScope) => want.audience.is_empty() && inside(narrow),
        (Some(_), Narrowing::AudienceOnly) => true,
        (Some(_), Narrowing::No) => false,
    }
}

fn unreadable(connection: &Connection, reason: &str) -> Look {
    tracing::error!(connection.id = %connection.id, error.reason = reason, "the secrets of a connection do not open");
    Look::No(RefreshError::Misconfigured)
}

const BETWEEN_LOOKS: Duration = Duration::from_millis(200);
const LEASE_MARGIN: Duration = Duration::from_secs(10);
/// A token this young was got for somebody who asked together with us.
const JUST_NOW: Duration = Duration::from_secs(10);
