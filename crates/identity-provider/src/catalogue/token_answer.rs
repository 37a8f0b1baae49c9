//! Reading a token answer (RFC 6749 section 5.1), as providers really write it.

use serde_json::Value;
use vouchsafe_model::{EffectiveScope, Secret, UnixMillis};
use vouchsafe_oauth_types::Scope;

use super::answer::{Tree, UpstreamAnswer};
use super::entry::Entry;
use super::failure::UpstreamFailure;
use super::identity::Account;
use super::schema::IdentityOrigin;

/// The tokens of one answer.
#[derive(Debug)]
pub struct TokenAnswer {
    /// At least one; most providers have exactly one, named by the empty text.
    pub parts: Vec<TokenPart>,
    /// `id_token`, unverified.
    pub id_token: Option<Secret<String>>,
    /// Whose it is, where the answer itself says so.
    pub(super) account: Option<Account>,
}

/// One access token, with its refresh chain.
#[derive(Debug, Clone)]
pub struct TokenPart {
    /// Which part of the answer; empty for most.
    pub name: String,
    /// `access_token`, never empty, and safe in a header.
    pub access_token: Secret<String>,
    /// `token_type` as the provider wrote it.
    pub token_type: String,
    /// When it ends; `None` = unbounded.
    pub expires_at: Option<UnixMillis>,
    /// Another refresh token; `None` = keep the old one (UP-11).
    pub refresh_token: Option<Secret<String>>,
    /// When that ends, if the provider says.
    pub refresh_expires_at: Option<UnixMillis>,
    /// What the access token can do.
    pub scope: EffectiveScope,
}

impl Entry {
    /// Reads the answer to [`Entry::redeem`]; the answer to a refresh has a reader of its own.
    ///
    /// `asked` is what an answer without scopes stands for: the scopes of the authorization request.
    pub fn read_token_answer(
        &self,
        answer: &UpstreamAnswer<'_>,
        now: UnixMillis,
        asked: &Scope,
    ) -> Result<TokenAnswer, UpstreamFailure> {
        let tree = self.accept(answer, Some(now))?;
        self.read_tokens(&tree, now, asked)
    }

    pub(super) fn read_tokens(
        &self,
        tree: &Tree,
        now: UnixMillis,
        asked: &Scope,
    ) -> Result<TokenAnswer, UpstreamFailure> {
        let mut parts = Vec::new();
        for place in self.places() {
            let found = place
                .bases
                .iter()
                .find_map(|base| self.token_object(tree, base, place.token_type));
            if let Some(object) = found {
                parts.push(self.read_part(object, place.name, now, asked)?);
            }
        }
        if parts.is_empty() {
            let what = if self.has_token(tree) {
                "token_type"
            } else {
                "access_token"
            };
            return Err(UpstreamFailure::InvalidAnswer { what });
        }
        let id_token = optional_token(tree.at(&self.token_pointer.id_token), "id_token")?;
        let account = match self.identity.source {
            IdentityOrigin::TokenResponse => self.account_in(tree.value()).ok(),
            IdentityOrigin::Userinfo | IdentityOrigin::IdToken => None,
        };
        Ok(TokenAnswer {
            parts,
            id_token,
            account,
        })
    }

    pub(super) fn places(&self) -> Vec<Place<'_>> {
        if self.parts.is_empty() {
            return vec![Place {
                name: "",
                bases: vec![""],
                token_type: "",
            }];
        }
        let parts = self.parts.iter();
        parts
            .map(|part| Place {
                name: &part.name,
                bases: part.at.iter().map(String::as_str).collect(),
                token_type: &part.token_type,
            })
            .collect()
    }

    /// The object at `base`, if it holds an access token of the wanted type.
    fn token_object<'t>(&self, tree: &'t Tree, base: &str, token_type: &str) -> Option<&'t Value> {
        let object = tree.at(base)?;
        text(object.pointer(&self.token_pointer.access_token))?;
        let stated = text(object.pointer(&self.token_pointer.token_type)).unwrap_or("");
        let fits = if token_type.is_empty() {
            self.token_types
                .iter()
                .any(|known| known.eq_ignore_ascii_case(stated))
        } else {
            token_type.eq_ignore_ascii_case(stated)
        };
        fits.then_some(object)
    }

    fn has_token(&self, tree: &Tree) -> bool {
        let bases = self.places().into_iter().flat_map(|place| place.bases);
        let mut objects = bases.filter_map(|base| tree.at(base));
        objects.any(|object| text(object.pointer(&self.token_pointer.access_token)).is_some())
    }

    fn read_part(
        &self,
        object: &Value,
        name: &str,
        now: UnixMillis,
        asked: &Scope,
    ) -> Result<TokenPart, UpstreamFailure> {
        let at = |pointer: &str| object.pointer(pointer);
        let access_token = optional_token(at(&self.token_pointer.access_token), "access_token")?
            .ok_or(UpstreamFailure::InvalidAnswer { what: "access_token" })?;
        let refresh_end = self.refresh_expires_pointer.as_deref().and_then(at);
        Ok(TokenPart {
            name: name.to_owned(),
            access_token,
            token_type: text(at(&self.token_pointer.token_type)).unwrap_or("").to_owned(),
            expires_at: self.expires.end(at(&self.token_pointer.expires_in), now),
            refresh_token: optional_token(at(&self.token_pointer.refresh_token), "refresh_token")?,
            refresh_expires_at: self.expires.refresh_end(refresh_end, now),
            scope: self.effective_scope(at(&self.scope.response.pointer), asked, name),
        })
    }
}

/// Where a part may stand.
pub(super) struct Place<'a> {
    pub(super) name: &'a str,
    pub(super) bases: Vec<&'a str>,
    pub(super) token_type: &'a str,
}

/// A text that is not blank.
pub(super) fn text(value: Option<&Value>) -> Option<&str> {
    value?.as_str().filter(|text| !text.trim().is_empty())
}

/// A token of visible ASCII (RFC 6749 appendix A.12), which no header can be split with. Missing, null and blank are
/// none; anything else that is no token spoils the answer.
pub(super) fn optional_token(
    value: Option<&Value>,
    what: &'static str,
) -> Result<Option<Secret<String>>, UpstreamFailure> {
    match value {
        None | Some(Value::Null) => Ok(None),
        Some(Value::String(text)) if text.trim().is_empty() => Ok(None),
        Some(Value::String(text)) if text.bytes().all(|b| b.is_ascii_graphic()) => {
            Ok(Some(Secret::new(text.clone())))
        }
        Some(_) => Err(UpstreamFailure::InvalidAnswer { what }),
    }
}
