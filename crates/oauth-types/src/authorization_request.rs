//! The authorization request (RFC 6749 section 4.1.1, RFC 7636, RFC 8707), in two steps: first who asks and where the
//! answer may go, then everything else, whose errors may travel by redirect.

use crate::error::ErrorCode;
use crate::form::Form;
use crate::pkce::CodeChallenge;
use crate::scope::Scope;
use crate::token_request::resources;

/// Who asks, and where the answer should go. Nothing here is trusted yet.
#[derive(Debug, Clone)]
pub struct AuthorizationTarget {
    /// `client_id`.
    pub client_id: String,
    /// `redirect_uri`.
    pub redirect_uri: Option<String>,
    /// `state`, byte for byte; `None` when it is repeated.
    pub state: Option<String>,
}

impl AuthorizationTarget {
    /// `None` when the client or the redirect URI cannot be told: an error page, never a redirect (AZ-3.1-02).
    pub fn from_form(form: &Form) -> Option<Self> {
        Some(Self {
            client_id: form.single("client_id").ok()??.to_owned(),
            redirect_uri: form.single("redirect_uri").ok()?.map(str::to_owned),
            state: form.single("state").ok().flatten().map(str::to_owned),
        })
    }
}

/// The rest of the request.
#[derive(Debug, Clone)]
pub struct AuthorizationRequest {
    /// `scope`.
    pub scope: Option<Scope>,
    /// `code_challenge` (S256).
    pub code_challenge: CodeChallenge,
    /// `nonce`.
    pub nonce: Option<String>,
    /// `resource`, each.
    pub resource: Vec<String>,
    /// `prompt` contains `login`: authenticate again.
    pub prompt_login: bool,
    /// `prompt` is `none`: no pages.
    pub prompt_none: bool,
    /// `max_age`, seconds.
    pub max_age: Option<u64>,
}

/// An error that goes back by redirect.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("{description}")]
pub struct AuthorizationRequestError {
    /// `error`.
    pub error: ErrorCode,
    /// `error_description`.
    pub description: &'static str,
}

const fn refuse<T>(error: ErrorCode, description: &'static str) -> Result<T, AuthorizationRequestError> {
    Err(AuthorizationRequestError { error, description })
}

impl AuthorizationRequest {
    /// Reads everything but the target.
    pub fn from_form(form: &Form) -> Result<Self, AuthorizationRequestError> {
        use ErrorCode as E;
        if form.require_no_duplicates_except(&["resource"]).is_err() {
            return refuse(E::InvalidRequest, "a parameter is repeated; only resource may be");
        }
        let single = |name| form.single(name).ok().flatten();
        if single("request").is_some() {
            return refuse(E::RequestNotSupported, "request objects are not supported");
        }
        if single("request_uri").is_some() {
            return refuse(E::RequestUriNotSupported, "request_uri is not supported");
        }
        match single("response_type") {
            Some("code") => {}
            Some(_) => return refuse(E::UnsupportedResponseType, "response_type must be code"),
            None => return refuse(E::InvalidRequest, "response_type is missing"),
        }
        match single("response_mode") {
            None | Some("query") => {}
            Some(_) => return refuse(E::InvalidRequest, "response_mode must be query"),
        }
        let Some(challenge) = single("code_challenge") else {
            return refuse(
                E::InvalidRequest,
                "code_challenge is missing: PKCE is required of every client",
            );
        };
        if single("code_challenge_method") != Some("S256") {
            return refuse(E::InvalidRequest, "code_challenge_method must be S256");
        }
        let Ok(code_challenge) = CodeChallenge::parse(challenge) else {
            return refuse(
                E::InvalidRequest,
                "code_challenge must be 43 base64url characters",
            );
        };
        let Ok(scope) = single("scope").map(Scope::parse).transpose() else {
            return refuse(
                E::InvalidScope,
                "scope is not a list of scope tokens separated by single spaces",
            );
        };
        let Ok(resource) = resources(form) else {
            return refuse(
                E::InvalidTarget,
                "resource must be an absolute URI without a fragment",
            );
        };
        let Ok(max_age) = single("max_age").map(str::parse::<u64>).transpose() else {
            return refuse(E::InvalidRequest, "max_age must be a number of seconds");
        };
        let prompt: Vec<&str> = single("prompt")
            .map(|text| text.split(' ').collect())
            .unwrap_or_default();
        if prompt.contains(&"none") && prompt.len() > 1 {
            return refuse(E::InvalidRequest, "prompt none cannot be combined");
        }
        Ok(Self {
            scope,
            code_challenge,
            nonce: single("nonce").map(str::to_owned),
            resource,
            prompt_login: prompt.contains(&"login"),
            prompt_none: prompt.contains(&"none"),
            max_age,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const GOOD: &str = "response_type=code&code_challenge=E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM&code_challenge_method=S256";

    fn error(query: &str) -> ErrorCode {
        AuthorizationRequest::from_form(&Form::parse(query.as_bytes()).unwrap())
            .unwrap_err()
            .error
    }

    #[test]
    fn pk_4_3_01_02__pkce_s256_is_required_of_everyone() {
        assert_eq!(error("response_type=code"), ErrorCode::InvalidRequest);
        assert_eq!(error(&GOOD.replace("S256", "plain")), ErrorCode::InvalidRequest);
        assert_eq!(
            error(&GOOD.replace("&code_challenge_method=S256", "")),
            ErrorCode::InvalidRequest
        );
    }

    #[test]
    fn az_4_1_01__only_the_code_response_type_exists() {
        assert_eq!(
            error(&GOOD.replace("=code&", "=token&")),
            ErrorCode::UnsupportedResponseType
        );
        assert_eq!(
            error(&GOOD.replace("=code&", "=code+token&")),
            ErrorCode::UnsupportedResponseType
        );
    }

    #[test]
    fn az_3_1_05__a_repeated_parameter_is_refused() {
        assert_eq!(
            error(&format!("{GOOD}&nonce=a&nonce=a")),
            ErrorCode::InvalidRequest
        );
        assert!(AuthorizationTarget::from_form(&Form::parse(b"client_id=a&client_id=a").unwrap()).is_none());
    }

    #[test]
    fn oc_6_01__request_objects_are_refused_by_name() {
        assert_eq!(
            error(&format!("{GOOD}&request=x")),
            ErrorCode::RequestNotSupported
        );
        assert_eq!(
            error(&format!("{GOOD}&request_uri=https://a.example")),
            ErrorCode::RequestUriNotSupported
        );
    }
}
