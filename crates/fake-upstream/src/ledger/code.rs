//! Authorization codes: from a consent to the first tokens.

use sha2::{Digest, Sha256};

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

use super::issue::Order;
use super::{Grant, Ledger, Mint, Part, RefreshState, TokenSet};
use crate::errors::TokenError;
use crate::personality::{Grants, Offline, Personality, Pkce, Wire, is_sign_in_scope, resource_of};

/// A consent waiting to be redeemed.
#[derive(Debug, Clone)]
#[expect(
    clippy::struct_field_names,
    reason = "code_challenge is the name RFC 7636 gives it"
)]
pub(crate) struct Code {
    pub(crate) client_id: String,
    pub(crate) account: String,
    pub(crate) scopes: Vec<String>,
    /// Slack's second list.
    pub(crate) user_scopes: Vec<String>,
    pub(crate) redirect_uri: Option<String>,
    pub(crate) code_challenge: Option<String>,
    pub(crate) nonce: Option<String>,
    /// `access_type=offline` was asked for.
    pub(crate) offline: bool,
    /// `prompt=consent` was asked for.
    pub(crate) prompt_consent: bool,
    pub(crate) expires_at: u64,
    /// The grants it was redeemed for.
    pub(crate) spent_on: Option<Vec<usize>>,
}

/// A code as presented at the token endpoint.
pub(crate) struct Redemption<'a> {
    pub(crate) code: &'a str,
    pub(crate) client_id: &'a str,
    pub(crate) redirect_uri: Option<&'a str>,
    pub(crate) code_verifier: Option<&'a str>,
    pub(crate) scope: Option<&'a str>,
}

impl Ledger {
    /// Keeps a fresh code.
    pub(crate) fn keep_code(&mut self, value: String, code: Code) {
        self.codes.insert(value, code);
    }

    /// Redeems a code, once. A replay voids what the first redemption gave (RFC 6749 section 4.1.2).
    pub(crate) fn redeem(
        &mut self,
        mint: &Mint<'_>,
        redemption: &Redemption<'_>,
    ) -> Result<(Code, Vec<TokenSet>), TokenError> {
        let code = self
            .codes
            .get(redemption.code)
            .cloned()
            .ok_or(TokenError::Code("unknown code"))?;
        if code.client_id != redemption.client_id {
            return Err(TokenError::Code("the code belongs to another client"));
        }
        if let Some(grants) = &code.spent_on {
            if mint.personality.wire == Wire::Plain {
                let grants = grants.clone();
                for grant in grants {
                    self.kill_grant(grant);
                }
            }
            return Err(TokenError::Code("the code was redeemed before"));
        }
        if code.expires_at <= mint.now {
            return Err(TokenError::Code("the code has expired"));
        }
        check_redirect_uri(mint.personality, &code, redemption.redirect_uri)?;
        check_pkce(
            mint.personality,
            code.code_challenge.as_deref(),
            redemption.code_verifier,
        )?;

        let resource = first_resource(mint.personality, &code.scopes, redemption.scope)?;
        let mut grants = Vec::new();
        let mut sets = Vec::new();
        for (part, scopes) in parts(mint.personality, &code) {
            let keeps = self
                .wants_refresh(mint.personality, &code, &scopes)
                .then(|| scopes.clone());
            let grant = self.grant_for(mint.personality, &code, part, &scopes);
            grants.push(grant);
            let order = Order {
                grant,
                scopes,
                resource: resource.clone(),
                refresh_keeps: keeps,
            };
            sets.push(self.issue(mint, order));
        }
        if let Some(kept) = self.codes.get_mut(redemption.code) {
            kept.spent_on = Some(grants);
        }
        Ok((code, sets))
    }

    /// A new grant, or the one this account already gave where consents add up.
    fn grant_for(&mut self, personality: &Personality, code: &Code, part: Part, scopes: &[String]) -> usize {
        if personality.is_additive() {
            let found = self.grants.iter().position(|grant| {
                grant.alive
                    && grant.part == part
                    && grant.client_id == code.client_id
                    && grant.account == code.account
            });
            if let Some(index) = found {
                let known = &mut self.grants[index].scopes;
                let new: Vec<String> = scopes
                    .iter()
                    .filter(|scope| !known.contains(scope))
                    .cloned()
                    .collect();
                known.extend(new);
                return index;
            }
        }
        self.grants.push(Grant {
            client_id: code.client_id.clone(),
            account: code.account.clone(),
            part,
            scopes: scopes.to_vec(),
            alive: true,
        });
        self.grants.len() - 1
    }

    fn wants_refresh(&self, personality: &Personality, code: &Code, scopes: &[String]) -> bool {
        match personality.authorization.offline {
            Offline::Never => false,
            Offline::Always => true,
            Offline::Scope => scopes.iter().any(|scope| scope == "offline_access"),
            Offline::AccessType => {
                code.offline && (code.prompt_consent || !self.has_live_refresh_token(code))
            }
        }
    }

    fn has_live_refresh_token(&self, code: &Code) -> bool {
        self.refresh.values().any(|refresh| {
            let grant = &self.grants[refresh.grant];
            matches!(refresh.state, RefreshState::Live)
                && grant.alive
                && grant.client_id == code.client_id
                && grant.account == code.account
        })
    }
}

/// The chains a consent opens.
fn parts(personality: &Personality, code: &Code) -> Vec<(Part, Vec<String>)> {
    if personality.wire != Wire::Slack {
        return vec![(Part::Main, code.scopes.clone())];
    }
    let bot = (Part::Bot, code.scopes.clone());
    let user = (Part::User, code.user_scopes.clone());
    [bot, user]
        .into_iter()
        .filter(|(_, scopes)| !scopes.is_empty())
        .collect()
}

fn check_redirect_uri(
    personality: &Personality,
    code: &Code,
    presented: Option<&str>,
) -> Result<(), TokenError> {
    let optional = matches!(personality.wire, Wire::GithubOauthApp | Wire::GithubApp);
    match (code.redirect_uri.as_deref(), presented) {
        (Some(asked), Some(presented)) if asked == presented => Ok(()),
        (Some(_), None) if optional => Ok(()),
        (None, None) => Ok(()),
        _ => Err(TokenError::RedirectUri),
    }
}

fn check_pkce(
    personality: &Personality,
    challenge: Option<&str>,
    verifier: Option<&str>,
) -> Result<(), TokenError> {
    match (challenge, verifier) {
        (Some(challenge), Some(verifier)) => {
            let digest = URL_SAFE_NO_PAD.encode(Sha256::digest(verifier.as_bytes()));
            let good = digest == challenge && (43..=128).contains(&verifier.len());
            good.then_some(())
                .ok_or(TokenError::Code("code_verifier does not match"))
        }
        (Some(_), None) => Err(TokenError::Code("code_verifier is missing")),
        (None, Some(_)) if personality.authorization.pkce == Pkce::Required => {
            Err(TokenError::Code("there was no code_challenge"))
        }
        (None, _) => Ok(()),
    }
}

/// The resource of the first token: the one asked for, or the first that was consented to.
fn first_resource(
    personality: &Personality,
    consented: &[String],
    asked: Option<&str>,
) -> Result<Option<String>, TokenError> {
    if personality.grants != Grants::AdditivePerResource {
        return Ok(None);
    }
    let scopes = asked.map_or_else(|| consented.to_vec(), |text| personality.split_scopes(text));
    single_resource(&scopes, asked.is_some()).map(Some)
}

/// The resource of a list of scopes; more than one is refused when `strict`.
pub(super) fn single_resource(scopes: &[String], strict: bool) -> Result<String, TokenError> {
    let mut resources = scopes
        .iter()
        .filter(|scope| !is_sign_in_scope(scope))
        .map(|scope| resource_of(scope));
    let first = resources.next().unwrap_or_else(|| resource_of("openid"));
    if strict && resources.any(|other| other != first) {
        return Err(TokenError::SeveralResources);
    }
    Ok(first.to_owned())
}
