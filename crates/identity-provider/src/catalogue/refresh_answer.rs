//! Reading the answer to a refresh: the refresh token first, and by itself.
//!
//! A provider that rotates has spent the token that was sent. What came in its place is all that is left of the grant,
//! whatever is wrong with the rest of the answer (F10). An answer that speaks of an error gives no tokens at all.

use serde_json::Value;
use vouchsafe_model::{Secret, UnixMillis};
use vouchsafe_oauth_types::Scope;

use super::answer::{Tree, UpstreamAnswer};
use super::entry::Entry;
use super::failure::UpstreamFailure;
use super::token_answer::{Place, TokenAnswer, TokenPart, optional_token, text};

/// The tokens of a refresh.
#[derive(Debug)]
pub struct RefreshAnswer {
    /// Those of the part that was refreshed.
    pub part: TokenPart,
    /// All that came.
    pub answer: TokenAnswer,
}

/// Why a refresh gave no access token, and what must be kept all the same.
#[derive(Debug)]
pub struct RefusedRefresh {
    /// Why.
    pub failure: UpstreamFailure,
    /// The refresh token of an answer that cannot be used otherwise.
    pub refresh_token: Option<KeptRefreshToken>,
}

/// A refresh token without its access token.
#[derive(Debug, Clone)]
pub struct KeptRefreshToken {
    /// `refresh_token`, never empty, and safe in a header. It may be the one that was sent.
    pub token: Secret<String>,
    /// When it ends, if the provider says.
    pub expires_at: Option<UnixMillis>,
}

impl RefusedRefresh {
    /// An answer that gave nothing, or none.
    pub(crate) const fn without_tokens(failure: UpstreamFailure) -> Self {
        Self {
            failure,
            refresh_token: None,
        }
    }
}

impl Entry {
    /// Reads the answer to [`Entry::refresh`] of `part`.
    ///
    /// `held` is what an answer without scopes stands for: the scopes of the grant, on a narrowing refresh too. Then a
    /// provider's silence does not pass a wide token off as a narrow one.
    pub fn read_refresh_answer(
        &self,
        answer: &UpstreamAnswer<'_>,
        now: UnixMillis,
        held: &Scope,
        part: &str,
    ) -> Result<RefreshAnswer, RefusedRefresh> {
        let tree = self
            .accept(answer, Some(now))
            .map_err(RefusedRefresh::without_tokens)?;
        let refresh_token = self.rotated_token(&tree, now, part);
        let tokens = self.read_tokens(&tree, now, held).and_then(|answer| {
            let refreshed = answer.parts.iter().find(|found| found.name == part).cloned();
            let part = refreshed.ok_or(UpstreamFailure::InvalidAnswer { what: "part" })?;
            Ok(RefreshAnswer { part, answer })
        });
        tokens.map_err(|failure| RefusedRefresh {
            failure,
            refresh_token,
        })
    }

    fn rotated_token(&self, tree: &Tree, now: UnixMillis, part: &str) -> Option<KeptRefreshToken> {
        // Also where the entry looks only at the status: who says both error and token is not believed.
        if self.error.code_pointer.iter().any(|at| is_said(tree.at(at))) {
            return None;
        }
        let place = self.places().into_iter().find(|place| place.name == part)?;
        let object = self.chain_object(tree, &place)?;
        let token = optional_token(self.refresh_token_in(object), "refresh_token");
        let end = self
            .refresh_expires_pointer
            .as_deref()
            .and_then(|at| object.pointer(at));
        Some(KeptRefreshToken {
            token: token.ok().flatten()?,
            expires_at: self.expires.refresh_end(end, now),
        })
    }

    /// The object of the chain that was refreshed. One that says so wins; else one that does not say to be another's:
    /// only this chain was asked for, so a `token_type` that is missing or odd speaks of it.
    fn chain_object<'t>(&self, tree: &'t Tree, place: &Place<'_>) -> Option<&'t Value> {
        let objects = || place.bases.iter().filter_map(|base| tree.at(base));
        let is_of = |object: &Value, token_type: &str| {
            let stated = text(object.pointer(&self.token_pointer.token_type));
            stated.is_some_and(|stated| stated.eq_ignore_ascii_case(token_type))
        };
        let is_of_another = |object: &Value| {
            let mut others = self.parts.iter().filter(|part| part.name != place.name);
            others.any(|part| is_of(object, &part.token_type))
        };
        objects()
            .find(|object| is_of(object, place.token_type))
            .or_else(|| {
                objects().find(|object| self.refresh_token_in(object).is_some() && !is_of_another(object))
            })
    }

    fn refresh_token_in<'t>(&self, object: &'t Value) -> Option<&'t Value> {
        object.pointer(&self.token_pointer.refresh_token)
    }
}

/// Whether a member says anything.
fn is_said(value: Option<&Value>) -> bool {
    match value {
        None | Some(Value::Null | Value::Bool(false)) => false,
        Some(Value::String(text)) => !text.is_empty(),
        Some(_) => true,
    }
}
