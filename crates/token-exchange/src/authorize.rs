//! The authorization endpoint (RFC 6749 section 4.1.1): who asks, may the answer go there, who is the person, did they
//! consent - and then a code.

use url::form_urlencoded;
use vouchsafe_audit::{Event, EventKind, Origin};
use vouchsafe_model::{Authorization, AuthorizationCode, Client, ClientId, ClientStatus};
use vouchsafe_oauth_types::{
    AuthorizationRequest, AuthorizationTarget, ErrorCode, Form, GrantType, RedirectUri, Scope,
};
use vouchsafe_sign_in::SignedIn;
use vouchsafe_store::{
    StoreError, Tx, WithTime, authorization_codes, authorizations, clients, head, revoked_access,
};

use crate::authorization_server::AuthorizationServer;

/// The scope of ours that a client asks for to present the token in exchanges.
pub(crate) const EXCHANGE_SCOPE: &str = "exchange";

/// What the browser gets.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum AuthorizeOutcome {
    /// An error page, never a redirect: the client or its redirect URI cannot be told.
    Refused(PageRefusal),
    /// Back to the client, with a code or an error.
    Redirect(String),
    /// The person must sign in first, then come back to the same address.
    SignIn,
    /// The person is asked.
    Consent(ConsentView),
    /// Our own database.
    Unavailable,
}

/// A page for a request that cannot be answered to its client.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PageRefusal {
    /// Heading.
    pub title: &'static str,
    /// What was wrong and what to do.
    pub sentence: &'static str,
}

/// What the person is asked (AZ-4.1-11).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ConsentView {
    /// `client_id`.
    pub client_id: String,
    /// Registered name.
    pub client_name: String,
    /// Where the answer goes: scheme and host.
    pub redirect_host: String,
    /// Which scopes.
    pub scope: Scope,
    /// For which resources; empty = this server.
    pub audience: Vec<String>,
    /// Whether nothing proves that the program is what it says (a public client on the person's own machine).
    pub unproven: bool,
}

/// A request that is in order.
struct Checked {
    client: Client,
    redirect_uri: String,
    state: Option<String>,
    request: AuthorizationRequest,
    scope: Scope,
}

impl AuthorizationServer {
    /// Looks at a request: `GET`, or `POST` with the same parameters.
    pub async fn authorize(
        &self,
        query: &[u8],
        signed_in: Option<&SignedIn>,
        origin: &Origin,
    ) -> AuthorizeOutcome {
        let checked = match self.checked(query).await {
            Ok(checked) => checked,
            // Nobody is sent to a client before signing in, not even with an error (AZ-4.1-08).
            Err(AuthorizeOutcome::Redirect(_)) if signed_in.is_none() => return AuthorizeOutcome::SignIn,
            Err(outcome) => return outcome,
        };
        let Some(signed_in) = signed_in.filter(|signed_in| !self.must_sign_in_again(&checked, signed_in))
        else {
            return if checked.request.prompt_none {
                self.error(&checked, ErrorCode::LoginRequired, "the user is not signed in")
            } else {
                AuthorizeOutcome::SignIn
            };
        };
        match self.consent_exists(&checked, signed_in).await {
            Ok(true) => self.issue(checked, signed_in, origin).await,
            Ok(false) if checked.request.prompt_none => {
                self.error(&checked, ErrorCode::ConsentRequired, "the user has not consented")
            }
            Ok(false) => AuthorizeOutcome::Consent(consent_view(&checked)),
            Err(error) => store_failed(&error),
        }
    }

    /// The person's answer to the consent page. The request is checked anew: nothing of it was kept.
    pub async fn decide_authorization(
        &self,
        query: &[u8],
        signed_in: &SignedIn,
        approve: bool,
        origin: &Origin,
    ) -> AuthorizeOutcome {
        let checked = match self.checked(query).await {
            Ok(checked) => checked,
            Err(outcome) => return outcome,
        };
        if self.must_sign_in_again(&checked, signed_in) {
            return AuthorizeOutcome::SignIn;
        }
        if approve {
            return self.issue(checked, signed_in, origin).await;
        }
        let event = Event::new(EventKind::AuthorizationDenied)
            .user(&signed_in.user.pseudonym)
            .fact("client_id", checked.client.id.as_str());
        match self.recorder.note(origin.note(event)).await {
            Ok(_) => self.error(&checked, ErrorCode::AccessDenied, "the user refused"),
            Err(error) => store_failed(&error),
        }
    }

    /// First client and redirect URI (errors are pages), then the rest (errors go back by redirect).
    async fn checked(&self, query: &[u8]) -> Result<Checked, AuthorizeOutcome> {
        let form = Form::parse(query).map_err(|_| AuthorizeOutcome::Refused(MALFORMED))?;
        let target =
            AuthorizationTarget::from_form(&form).ok_or(AuthorizeOutcome::Refused(UNKNOWN_CLIENT))?;
        let client = self.active_client(&target.client_id).await?;
        let presented = target
            .redirect_uri
            .ok_or(AuthorizeOutcome::Refused(REDIRECT_URI))?;
        // A client with a secret is no native application (RFC 8252 section 8.4): it knows its port.
        let is_one = |uri: RedirectUri| {
            if client.is_public() {
                uri.matches(&presented)
            } else {
                uri.is(&presented)
            }
        };
        let registered = |text: &String| RedirectUri::register(text).is_ok_and(is_one);
        if !client.redirect_uris.iter().any(registered) {
            // The page echoes nothing, and no log repeats what a stranger sent.
            tracing::warn!(
                client.id = %client.id,
                registered = ?client.redirect_uris,
                differs_in = RedirectUri::difference(&client.redirect_uris, &presented),
                "an authorization request names a redirect URI that is not registered for its client"
            );
            return Err(AuthorizeOutcome::Refused(REDIRECT_URI));
        }
        let back = |error, description| {
            AuthorizeOutcome::Redirect(self.error_url(
                &presented,
                target.state.as_deref(),
                error,
                description,
            ))
        };
        let request =
            AuthorizationRequest::from_form(&form).map_err(|error| back(error.error, error.description))?;
        if !client.grant_types.contains(&GrantType::AuthorizationCode) {
            return Err(back(
                ErrorCode::UnauthorizedClient,
                "this client is not registered for the code grant",
            ));
        }
        let scope = request.scope.clone().unwrap_or_else(|| client.scope.clone());
        if !scope.is_subset(&client.scope) {
            return Err(back(
                ErrorCode::InvalidScope,
                "the scope is beyond what this client is registered for",
            ));
        }
        if request.resource.iter().any(|resource| *resource != self.issuer) {
            return Err(back(
                ErrorCode::InvalidTarget,
                "the resource is unknown or not allowed for this client",
            ));
        }
        Ok(Checked {
            client,
            redirect_uri: presented,
            state: target.state,
            request,
            scope,
        })
    }

    async fn active_client(&self, id: &str) -> Result<Client, AuthorizeOutcome> {
        let unknown = AuthorizeOutcome::Refused(UNKNOWN_CLIENT);
        let Ok(id) = id.parse() else { return Err(unknown) };
        let row = self
            .store
            .read(move |tx| clients::by_id(tx, &id))
            .await
            .map_err(|error| store_failed(&error))?;
        let client = row.and_then(|row| self.vault.verify(row).ok()).ok_or(unknown)?;
        if client.status != ClientStatus::Active {
            return Err(AuthorizeOutcome::Refused(DISABLED_CLIENT));
        }
        Ok(client)
    }

    fn must_sign_in_again(&self, checked: &Checked, signed_in: &SignedIn) -> bool {
        let age = signed_in
            .session
            .authenticated_at
            .until(self.clock.now())
            .as_secs();
        let too_old = checked
            .request
            .max_age
            .is_some_and(|limit| age > limit.max(JUST_NOW));
        too_old || (checked.request.prompt_login && age > JUST_NOW)
    }

    /// A consent given before is enough, unless nothing proves who asks (AZ-4.1-13).
    async fn consent_exists(&self, checked: &Checked, signed_in: &SignedIn) -> Result<bool, StoreError> {
        if is_unproven(checked) {
            return Ok(false);
        }
        let (user, client) = (signed_in.user.id.clone(), checked.client.id.clone());
        let server = self.clone();
        let find = move |tx: &mut Tx<'_>| {
            let row = authorizations::of_user_client(tx, &user, &client)?;
            server.standing(tx, &client, row)
        };
        let standing = self.store.read(find).await?;
        Ok(standing.is_some_and(|consent| checked.scope.is_subset(&consent.scope)))
    }

    /// The consent of a row, if it still counts: revoking everything of a client ends what people agreed to before.
    fn standing(
        &self,
        tx: &mut Tx<'_>,
        client: &ClientId,
        row: Option<WithTime<Authorization>>,
    ) -> Result<Option<Authorization>, StoreError> {
        let consent = row
            .filter(|(_, withdrawn)| withdrawn.is_none())
            .and_then(|(row, _)| self.vault.verify(row).ok());
        let revoked = revoked_access::of_client(tx, client)?;
        Ok(consent.filter(|consent| !revoked_access::covers(revoked, consent.granted_at)))
    }

    /// Consent and code in one transaction, then the redirect.
    async fn issue(&self, checked: Checked, signed_in: &SignedIn, origin: &Origin) -> AuthorizeOutcome {
        let code = self.ids.secret_text();
        let digest = self.vault.digest::<AuthorizationCode>("code", code.expose());
        let location = self.answer_url(
            &checked.redirect_uri,
            checked.state.as_deref(),
            &[("code", code.expose())],
        );
        let (server, by, origin) = (self.clone(), signed_in.clone(), origin.clone());
        let stored = self
            .store
            .write(move |tx| {
                let change_seq = head::peek(tx)?.change_seq;
                let (authorization, event) = server.consent(tx, &checked, &by)?;
                let now = server.clock.now();
                let row = AuthorizationCode {
                    id: server.ids.next(),
                    code: digest,
                    authorization_id: authorization.id,
                    user_id: by.user.id.clone(),
                    session_id: by.session.id.clone(),
                    authenticated_at: by.session.authenticated_at,
                    client_id: checked.client.id.clone(),
                    redirect_uri: checked.redirect_uri.clone(),
                    code_challenge: checked.request.code_challenge.as_str().to_owned(),
                    nonce: checked.request.nonce.clone(),
                    resource: checked.request.resource.clone(),
                    scope: checked.scope.clone(),
                    change_seq: change_seq.max(0),
                    expires_at: now + server.options.code_lifetime,
                };
                authorization_codes::insert(tx, &server.vault.tag(row))?;
                if let Some(event) = event {
                    server.ledger().append(tx, origin.note(event))?;
                }
                Ok::<(), StoreError>(())
            })
            .await;
        match stored {
            Ok(()) => AuthorizeOutcome::Redirect(location),
            Err(error) => store_failed(&error),
        }
    }

    /// The consent as it stands after this answer, and the event if it grew.
    fn consent(
        &self,
        tx: &mut Tx<'_>,
        checked: &Checked,
        by: &SignedIn,
    ) -> Result<(Authorization, Option<Event>), StoreError> {
        let revoked = revoked_access::of_client(tx, &checked.client.id)?;
        let now = revoked_access::behind(revoked, self.clock.now());
        let existing = authorizations::of_user_client(tx, &by.user.id, &checked.client.id)?;
        let id = existing.as_ref().map(|(row, _)| row.unverified().id.clone());
        let standing = self.standing(tx, &checked.client.id, existing)?;
        if let Some(standing) = standing
            .clone()
            .filter(|consent| checked.scope.is_subset(&consent.scope))
        {
            return Ok((standing, None));
        }
        let before = standing.map(|consent| consent.scope).unwrap_or_default();
        let authorization = Authorization {
            id: id.unwrap_or_else(|| self.ids.next()),
            user_id: by.user.id.clone(),
            client_id: checked.client.id.clone(),
            scope: before.union(&checked.scope),
            granted_at: now,
        };
        let row = self.vault.tag(authorization.clone());
        authorizations::put(tx, &row)?;
        let event = Event::new(EventKind::AuthorizationGranted)
            .user(&by.user.pseudonym)
            .fact("authorization_id", authorization.id.as_str())
            .fact("client_id", authorization.client_id.as_str())
            .fact("scope", authorization.scope.to_string())
            .row("authorizations", &authorization.id, &row);
        Ok((authorization, Some(event)))
    }

    fn error(&self, checked: &Checked, error: ErrorCode, description: &'static str) -> AuthorizeOutcome {
        AuthorizeOutcome::Redirect(self.error_url(
            &checked.redirect_uri,
            checked.state.as_deref(),
            error,
            description,
        ))
    }

    fn error_url(
        &self,
        to: &str,
        state: Option<&str>,
        error: ErrorCode,
        description: &'static str,
    ) -> String {
        self.answer_url(
            to,
            state,
            &[("error", error.as_str()), ("error_description", description)],
        )
    }

    /// The redirect URI with the answer: `state` byte for byte, `iss` always (RFC 9207).
    fn answer_url(&self, to: &str, state: Option<&str>, answer: &[(&str, &str)]) -> String {
        let mut query = form_urlencoded::Serializer::new(String::new());
        query.extend_pairs(answer);
        if let Some(state) = state {
            query.append_pair("state", state);
        }
        query.append_pair("iss", &self.issuer);
        let joint = if to.contains('?') { '&' } else { '?' };
        format!("{to}{joint}{}", query.finish())
    }
}

fn is_unproven(checked: &Checked) -> bool {
    checked.client.is_public() && RedirectUri::is_unproven(&checked.redirect_uri)
}

fn consent_view(checked: &Checked) -> ConsentView {
    ConsentView {
        client_id: checked.client.id.to_string(),
        client_name: checked.client.name.clone(),
        redirect_host: RedirectUri::origin(&checked.redirect_uri),
        scope: checked.scope.clone(),
        audience: checked.request.resource.clone(),
        unproven: is_unproven(checked),
    }
}

fn store_failed(error: &StoreError) -> AuthorizeOutcome {
    tracing::error!(error = %error, "the store failed, and an authorization request was not answered");
    AuthorizeOutcome::Unavailable
}

/// A sign-in this many seconds ago satisfies `prompt=login`: the browser has just come from the login page.
const JUST_NOW: u64 = 60;

const MALFORMED: PageRefusal = PageRefusal {
    title: "This request cannot be read",
    sentence: "The address that brought you here is malformed. Go back to the application and try again.",
};
const UNKNOWN_CLIENT: PageRefusal = PageRefusal {
    title: "Unknown application",
    sentence: "The application that sent you here is not registered with this server. Tell its developer to check the client_id.",
};
/// That a client is registered is no secret: for one in force anybody sees its consent page.
const DISABLED_CLIENT: PageRefusal = PageRefusal {
    title: "Switched off",
    sentence: "The operator of this server has switched off the application that sent you here. Ask the operator if you need it.",
};
const REDIRECT_URI: PageRefusal = PageRefusal {
    title: "Unregistered return address",
    sentence: "The application asked for the answer at an address that is not registered for it. Tell its developer to compare the redirect_uri that it sends with the registered ones: every character counts.",
};
