//! Client authentication (RFC 6749 section 2.3): `client_secret_basic` and `client_secret_post`.
//!
//! 1. one method at most;
//! 2. the client exists, is active and its row is genuine;
//! 3. the method is the registered one;
//! 4. the secret is right.
//!
//! Everything that fails after 1 looks and costs the same (TOK-5.2-04).
//!
//! Failures are counted per client *name* and source ([`FailedClients`]), and only failures: whoever has the right secret
//! gets in, always and from everywhere. So wrong secrets for a known client lock nobody out, not even the agent behind
//! the same NAT or proxy as the guesser (AR-18); the price is that a pause does not stop guessing, it only stops us from
//! answering guesses one by one. That price is nil: a secret has at least 32 characters, a generated one 256 bits,
//! and its comparison costs less than the request. The name counts whether or not there is such a client, so the pause
//! is no oracle for clients, and a 429 says no more than the 401 it replaces.

use std::sync::Arc;

use vouchsafe_audit::{Basis, Origin};
use vouchsafe_model::{Client, ClientAuthMethod, ClientId, ClientSecretDigest, ClientStatus, UnixMillis};
use vouchsafe_oauth_types::{BasicCredentials, ClientParameters, Form, SecretText};
use vouchsafe_sign_in::Throttle;
use vouchsafe_vault::Vault;

use crate::known::{Held, Kept, Reader, Stop};
use crate::refusal::{Reason, RefusalKind, TokenRefusal};

/// Credentials as presented: one method, nothing checked yet.
pub(crate) struct Presented {
    method: ClientAuthMethod,
    client_id: Option<ClientId>,
    secret: Option<SecretText>,
}

impl Presented {
    /// Reads header and form; refuses a mixture of methods.
    pub(crate) fn read(authorization: &[String], form: &Form) -> Result<Self, TokenRefusal> {
        let parameters = ClientParameters::from_form(form).map_err(|error| {
            Reason::Malformed(vouchsafe_oauth_types::TokenRequestError::from(error)).refusal()
        })?;
        match authorization {
            [] => Ok(Self::from_form(parameters)),
            [header] => Self::from_header(header, &parameters),
            _ => Err(Reason::SeveralAuthenticationMethods.refusal()),
        }
    }

    /// The client they name, whether or not there is one.
    pub(crate) fn client_id(&self) -> Option<ClientId> {
        self.client_id.clone()
    }

    fn from_form(parameters: ClientParameters) -> Self {
        let method = match (&parameters.client_secret, parameters.client_assertion) {
            (Some(_), false) => ClientAuthMethod::ClientSecretPost,
            _ => ClientAuthMethod::None,
        };
        Self {
            method,
            // An assertion is a method we do not offer: it must not fall back to none.
            client_id: parameters
                .client_id
                .filter(|_| !parameters.client_assertion)
                .and_then(|id| id.parse().ok()),
            secret: parameters.client_secret,
        }
    }

    fn from_header(header: &str, parameters: &ClientParameters) -> Result<Self, TokenRefusal> {
        if parameters.client_secret.is_some() || parameters.client_assertion {
            return Err(Reason::SeveralAuthenticationMethods.refusal());
        }
        let Ok(credentials) = BasicCredentials::from_header(header) else {
            return Err(TokenRefusal {
                kind: RefusalKind::ClientAuthentication { basic: true },
                ..Reason::NoCredentials.refusal()
            });
        };
        if parameters
            .client_id
            .as_ref()
            .is_some_and(|id| *id != credentials.client_id)
        {
            return Err(Reason::ClientIdMismatch.refusal());
        }
        Ok(Self {
            method: ClientAuthMethod::ClientSecretBasic,
            client_id: credentials.client_id.parse().ok(),
            secret: Some(credentials.client_secret),
        })
    }
}

/// Credentials beside the row they name.
pub(crate) struct LookedUp<'p> {
    presented: &'p Presented,
    held: Option<Held<Client>>,
    is_tampered: bool,
}

/// Finds the client. One that is not in memory is not there, for a look that goes no further: it costs the same.
pub(crate) fn look_up<'p>(
    reader: &mut Reader<'_, '_, '_>,
    presented: &'p Presented,
) -> Result<LookedUp<'p>, Stop> {
    let held = match &presented.client_id {
        Some(id) => match reader.client(id) {
            Err(Stop::Miss) => Ok(None),
            held => held,
        },
        None => Ok(None),
    };
    let is_tampered = matches!(held, Err(Stop::ClientTampered));
    Ok(LookedUp {
        presented,
        held: if is_tampered { None } else { held? },
        is_tampered,
    })
}

impl LookedUp<'_> {
    /// Decides. The secret is compared whatever else is wrong, so that time tells nothing.
    pub(crate) fn authenticate(self, vault: &Vault) -> Result<AuthenticatedClient, TokenRefusal> {
        let Self {
            presented,
            held,
            is_tampered,
        } = self;
        let basic = presented.method == ClientAuthMethod::ClientSecretBasic;
        let secret = presented.secret.as_ref().map_or("", SecretText::expose);
        let (owner, digests) = match &held {
            Some((client, _)) => (client.value.id.as_str(), client.value.secrets.as_slice()),
            None => ("", [].as_slice()),
        };
        let right = vault
            .matching_client_secret(SECRET_KIND, owner, digests, secret)
            .cloned();
        let reason = match held {
            None if is_tampered => {
                tracing::error!("the row of a client carries no valid MAC: somebody changed the database");
                Reason::ClientTampered
            }
            None if presented.client_id.is_none() => Reason::NoCredentials,
            None => Reason::UnknownClient,
            Some((client, _)) if client.value.status != ClientStatus::Active => Reason::ClientDisabled,
            Some((client, _)) if client.value.auth_method != presented.method => Reason::WrongMethod,
            Some((client, _)) if client.value.is_public() || right.is_some() => {
                return Ok(AuthenticatedClient {
                    shown: right.filter(|_| !client.value.is_public()),
                    client,
                });
            }
            Some(_) => Reason::WrongSecret,
        };
        Err(TokenRefusal {
            kind: RefusalKind::ClientAuthentication { basic },
            ..reason.refusal()
        })
    }
}

/// Counts clients that did not prove who they are.
#[derive(Default)]
pub(crate) struct FailedClients(Throttle);

impl FailedClients {
    /// One more refusal of what came under this name. Too many failures from there, and the answer changes; refusals
    /// for other reasons pass through uncounted.
    pub(crate) fn count(
        &self,
        refusal: TokenRefusal,
        name: Option<&ClientId>,
        origin: &Origin,
        now: UnixMillis,
    ) -> TokenRefusal {
        if !matches!(refusal.kind, RefusalKind::ClientAuthentication { .. }) {
            return refusal;
        }
        let name = name.map_or("", ClientId::as_str);
        match self.0.begin(name, origin.address.as_deref(), now) {
            Ok(()) => refusal,
            Err(pause) => refusal.throttled(pause),
        }
    }
}

/// A client that has proven who it is (public clients: that it is registered as such).
#[derive(Clone)]
pub(crate) struct AuthenticatedClient {
    client: Arc<Kept<Client>>,
    /// The secret that it has shown; `None` for a public client.
    shown: Option<ClientSecretDigest>,
}

impl AuthenticatedClient {
    /// Its registration.
    pub(crate) fn registration(&self) -> &Client {
        &self.client.value
    }

    /// The same client as it stands now: its registration may have changed since it authenticated. `None` when what it
    /// authenticated with counts no longer.
    pub(crate) fn renew(&self, reader: &mut Reader<'_, '_, '_>) -> Result<Option<Self>, Stop> {
        let held = match reader.client(&self.registration().id) {
            Err(Stop::ClientTampered) => return Ok(None),
            held => held?,
        };
        let stands = |client: &Client| {
            client.status == ClientStatus::Active
                && client.auth_method == self.registration().auth_method
                // Another secret that comes or goes takes nothing away from a request that is under way.
                && self.shown.as_ref().is_none_or(|shown| client.secrets.contains(shown))
        };
        let held = held.filter(|(client, _)| stands(&client.value));
        Ok(held.map(|(client, _)| Self {
            client,
            shown: self.shown.clone(),
        }))
    }

    /// A refusal of it: one for its credentials names the scheme that it tried (RFC 6749 section 5.2).
    pub(crate) fn refused(&self, reason: Reason) -> TokenRefusal {
        let mut refusal = reason.refusal();
        if let RefusalKind::ClientAuthentication { basic } = &mut refusal.kind {
            *basic = self.registration().auth_method == ClientAuthMethod::ClientSecretBasic;
        }
        refusal
    }

    /// What a release to it rests on.
    pub(crate) fn basis(&self) -> Basis {
        Basis::at(self.client.point()).on_all(self.client.point(), self.client.subjects())
    }
}

/// Separates client secrets from other secrets under the same MAC key.
pub(crate) const SECRET_KIND: &str = "client";
