//! The token request: RFC 8693 section 2.1 and RFC 6749 section 4.1.3.

use crate::error::ErrorCode;
use crate::form::{Form, FormError};
use crate::grant_type::GrantType;
use crate::pkce::CodeVerifier;
use crate::scope::Scope;
use crate::secret_text::SecretText;
use crate::token_type::TokenType;

/// What the form says about the client (RFC 6749 section 2.3.1, RFC 7521 section 4.2). Read before the grant, so that
/// nothing is said about a grant to someone who has not authenticated (TE-2.1-02).
#[derive(Debug)]
pub struct ClientParameters {
    /// `client_id`.
    pub client_id: Option<String>,
    /// `client_secret`.
    pub client_secret: Option<SecretText>,
    /// Whether `client_assertion` or its type is there.
    pub client_assertion: bool,
}

impl ClientParameters {
    /// Reads them.
    pub fn from_form(form: &Form) -> Result<Self, FormError> {
        Ok(Self {
            client_id: form.single("client_id")?.map(str::to_owned),
            client_secret: form.single("client_secret")?.map(SecretText::from),
            client_assertion: form.single("client_assertion")?.is_some()
                || form.single("client_assertion_type")?.is_some(),
        })
    }
}

/// A token exchange request (RFC 8693 section 2.1).
#[derive(Debug)]
pub struct TokenExchangeRequest {
    /// `audience`, each.
    pub audience: Vec<String>,
    /// `resource`, each; absolute URIs without fragment.
    pub resource: Vec<String>,
    /// `scope`.
    pub scope: Option<Scope>,
    /// `requested_token_type`, as sent: whether it is supported depends on the target.
    pub requested_token_type: Option<String>,
    /// `subject_token`.
    pub subject_token: SecretText,
    /// `subject_token_type`.
    pub subject_token_type: TokenType,
    /// `actor_token` and its type.
    pub actor_token: Option<(SecretText, TokenType)>,
    /// `login_hint`: which of several accounts.
    pub login_hint: Option<String>,
}

/// An authorization code request (RFC 6749 section 4.1.3, RFC 7636 section 4.5).
#[derive(Debug)]
pub struct AuthorizationCodeRequest {
    /// `code`.
    pub code: SecretText,
    /// `redirect_uri`: optional in OAuth 2.1, enforced if sent.
    pub redirect_uri: Option<String>,
    /// `code_verifier`.
    pub code_verifier: Option<CodeVerifier>,
    /// `resource`, each.
    pub resource: Vec<String>,
}

/// A token request by its grant.
#[derive(Debug)]
pub enum TokenRequest {
    /// RFC 8693.
    TokenExchange(TokenExchangeRequest),
    /// RFC 6749 section 4.1.
    AuthorizationCode(AuthorizationCodeRequest),
}

/// Why a token request is refused before anything is looked up.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum TokenRequestError {
    /// A required parameter is missing or empty.
    #[error("{0} is missing")]
    Missing(&'static str),
    /// A parameter is repeated.
    #[error("a parameter is repeated")]
    Repeated,
    /// The form itself is malformed.
    #[error("the form is malformed")]
    Malformed,
    /// `grant_type` is none of ours.
    #[error("unsupported grant type")]
    UnsupportedGrantType,
    /// The declared type of the subject token is unknown.
    #[error("unknown subject_token_type")]
    UnknownSubjectTokenType,
    /// The declared type of the actor token is unknown.
    #[error("unknown actor_token_type")]
    UnknownActorTokenType,
    /// `actor_token` without its type.
    #[error("actor_token without actor_token_type")]
    ActorTokenWithoutType,
    /// `actor_token_type` without the token.
    #[error("actor_token_type without actor_token")]
    ActorTypeWithoutToken,
    /// `scope` is malformed.
    #[error("scope is malformed")]
    InvalidScope,
    /// A `resource` is not an absolute URI without fragment.
    #[error("resource is not an absolute URI without fragment")]
    InvalidResource,
    /// A token is too large.
    #[error("a token is too large")]
    TokenTooLarge,
    /// `code_verifier` is malformed.
    #[error("code_verifier is malformed")]
    InvalidVerifier,
}

impl TokenRequestError {
    /// The registered code.
    pub const fn error_code(self) -> ErrorCode {
        match self {
            Self::UnsupportedGrantType => ErrorCode::UnsupportedGrantType,
            Self::InvalidScope => ErrorCode::InvalidScope,
            Self::InvalidResource => ErrorCode::InvalidTarget,
            Self::InvalidVerifier => ErrorCode::InvalidGrant,
            _ => ErrorCode::InvalidRequest,
        }
    }

    /// A fixed sentence for `error_description`.
    pub fn description(self) -> &'static str {
        match self {
            Self::Missing("grant_type") => "grant_type is missing",
            Self::Missing("subject_token") => "subject_token is missing",
            Self::Missing("subject_token_type") => "subject_token_type is missing",
            Self::Missing("code") => "code is missing",
            Self::Missing(_) => "a required parameter is missing",
            Self::Repeated => "a parameter is repeated; only audience and resource may be",
            Self::Malformed => "the body is not a well-formed application/x-www-form-urlencoded form",
            Self::UnsupportedGrantType => {
                "this grant_type is not supported; see grant_types_supported in the metadata"
            }
            Self::UnknownSubjectTokenType => "subject_token_type is not a token type this server accepts",
            Self::UnknownActorTokenType => "actor_token_type is not a token type this server accepts",
            Self::ActorTokenWithoutType => "actor_token needs actor_token_type",
            Self::ActorTypeWithoutToken => "actor_token_type needs actor_token",
            Self::InvalidScope => "scope is not a list of scope tokens separated by single spaces",
            Self::InvalidResource => "resource must be an absolute URI without a fragment",
            Self::TokenTooLarge => "a token is larger than 16 KiB",
            Self::InvalidVerifier => "code_verifier must be 43 to 128 unreserved characters",
        }
    }
}

impl From<FormError> for TokenRequestError {
    fn from(error: FormError) -> Self {
        match error {
            FormError::Repeated => Self::Repeated,
            _ => Self::Malformed,
        }
    }
}

impl TokenRequest {
    /// Reads the request. Unknown parameters are ignored, repeated ones are not (RFC 6749 section 3.2).
    pub fn from_form(form: &Form) -> Result<Self, TokenRequestError> {
        form.require_no_duplicates_except(&["audience", "resource"])?;
        match grant_type(form)? {
            GrantType::TokenExchange => token_exchange(form).map(Self::TokenExchange),
            GrantType::AuthorizationCode => authorization_code(form).map(Self::AuthorizationCode),
            GrantType::RefreshToken | GrantType::ClientCredentials => {
                Err(TokenRequestError::UnsupportedGrantType)
            }
        }
    }

    /// Its grant.
    pub const fn grant_type(&self) -> GrantType {
        match self {
            Self::TokenExchange(_) => GrantType::TokenExchange,
            Self::AuthorizationCode(_) => GrantType::AuthorizationCode,
        }
    }
}

fn grant_type(form: &Form) -> Result<GrantType, TokenRequestError> {
    let text = required(form, "grant_type")?;
    text.parse().map_err(|_| TokenRequestError::UnsupportedGrantType)
}

fn token_exchange(form: &Form) -> Result<TokenExchangeRequest, TokenRequestError> {
    let subject_token = token(form, "subject_token")?.ok_or(TokenRequestError::Missing("subject_token"))?;
    let subject_token_type = required(form, "subject_token_type")?
        .parse()
        .map_err(|_| TokenRequestError::UnknownSubjectTokenType)?;
    let actor_token = match (token(form, "actor_token")?, form.single("actor_token_type")?) {
        (None, None) => None,
        (Some(_), None) => return Err(TokenRequestError::ActorTokenWithoutType),
        (None, Some(_)) => return Err(TokenRequestError::ActorTypeWithoutToken),
        (Some(token), Some(kind)) => Some((
            token,
            kind.parse()
                .map_err(|_| TokenRequestError::UnknownActorTokenType)?,
        )),
    };
    Ok(TokenExchangeRequest {
        audience: form.many("audience").into_iter().map(str::to_owned).collect(),
        resource: resources(form)?,
        scope: scope(form)?,
        requested_token_type: form.single("requested_token_type")?.map(str::to_owned),
        subject_token,
        subject_token_type,
        actor_token,
        login_hint: form.single("login_hint")?.map(str::to_owned),
    })
}

fn authorization_code(form: &Form) -> Result<AuthorizationCodeRequest, TokenRequestError> {
    let verifier = form.single("code_verifier")?;
    Ok(AuthorizationCodeRequest {
        code: token(form, "code")?.ok_or(TokenRequestError::Missing("code"))?,
        redirect_uri: form.single("redirect_uri")?.map(str::to_owned),
        code_verifier: verifier
            .map(|text| CodeVerifier::parse(text).map_err(|_| TokenRequestError::InvalidVerifier))
            .transpose()?,
        resource: resources(form)?,
    })
}

fn required<'a>(form: &'a Form, name: &'static str) -> Result<&'a str, TokenRequestError> {
    form.single(name)?.ok_or(TokenRequestError::Missing(name))
}

fn token(form: &Form, name: &'static str) -> Result<Option<SecretText>, TokenRequestError> {
    match form.single(name)? {
        Some(text) if text.len() > MAX_TOKEN => Err(TokenRequestError::TokenTooLarge),
        text => Ok(text.map(SecretText::from)),
    }
}

fn scope(form: &Form) -> Result<Option<Scope>, TokenRequestError> {
    let text = form.single("scope")?;
    text.map(|text| Scope::parse(text).map_err(|_| TokenRequestError::InvalidScope))
        .transpose()
}

pub(crate) fn resources(form: &Form) -> Result<Vec<String>, TokenRequestError> {
    let checked = form.many("resource").into_iter().map(|text| {
        let absolute = url::Url::parse(text).is_ok_and(|url| url.has_host() || !url.path().is_empty());
        if absolute && !text.contains('#') {
            Ok(text.to_owned())
        } else {
            Err(TokenRequestError::InvalidResource)
        }
    });
    checked.collect()
}

/// A subject or actor token is refused above this size, before any cryptography (TE-2.1-28).
const MAX_TOKEN: usize = 16 * 1024;

#[cfg(test)]
mod tests {
    use super::*;

    const EXCHANGE: &str = "grant_type=urn:ietf:params:oauth:grant-type:token-exchange";
    const SUBJECT: &str = "subject_token=t&subject_token_type=urn:ietf:params:oauth:token-type:access_token";

    fn read(body: &str) -> Result<TokenRequest, TokenRequestError> {
        TokenRequest::from_form(&Form::parse(body.as_bytes()).map_err(TokenRequestError::from)?)
    }

    fn refused(body: &str) -> ErrorCode {
        read(body).unwrap_err().error_code()
    }

    #[test]
    fn te_2_1_01__each_required_parameter_is_required() {
        assert!(read(&format!("{EXCHANGE}&{SUBJECT}")).is_ok());
        assert_eq!(refused(SUBJECT), ErrorCode::InvalidRequest);
        assert_eq!(
            refused(&format!("grant_type=&{SUBJECT}")),
            ErrorCode::InvalidRequest
        );
        assert_eq!(
            refused(&format!("{EXCHANGE}&subject_token=t")),
            ErrorCode::InvalidRequest
        );
        let kind = "subject_token_type=urn:ietf:params:oauth:token-type:access_token";
        assert_eq!(
            refused(&format!("{EXCHANGE}&subject_token=&{kind}")),
            ErrorCode::InvalidRequest
        );
    }

    #[test]
    fn te_2_1_07_08__actor_token_and_its_type_go_together() {
        let with = |extra: &str| read(&format!("{EXCHANGE}&{SUBJECT}&{extra}")).unwrap_err();
        assert_eq!(with("actor_token=a"), TokenRequestError::ActorTokenWithoutType);
        let kind = "actor_token_type=urn:ietf:params:oauth:token-type:access_token";
        assert_eq!(with(kind), TokenRequestError::ActorTypeWithoutToken);
    }

    #[test]
    fn te_2_1_11__any_other_repeated_parameter_is_refused() {
        for extra in [
            "scope=a&scope=a",
            "x=1&x=2",
            "client_id=a&client_id=a",
            "subject_token=t",
        ] {
            assert_eq!(
                refused(&format!("{EXCHANGE}&{SUBJECT}&{extra}")),
                ErrorCode::InvalidRequest,
                "{extra}"
            );
        }
        assert!(
            read(&format!(
                "{EXCHANGE}&{SUBJECT}&audience=a&audience=b&resource=https://a.example"
            ))
            .is_ok()
        );
    }

    #[test]
    fn te_2_1_12__resource_is_an_absolute_uri_without_fragment() {
        for resource in [
            "api",
            "/api",
            "https://a.example/%23ok%23",
            "https://a.example/#f",
            "//a.example",
        ] {
            let body = format!("{EXCHANGE}&{SUBJECT}&resource={}", resource.replace('#', "%23"));
            assert_eq!(refused(&body), ErrorCode::InvalidTarget, "{resource}");
        }
    }

    #[test]
    fn te_2_1_28__a_huge_token_is_refused_early() {
        let body = format!(
            "{EXCHANGE}&subject_token={}&subject_token_type=x",
            "a".repeat(20_000)
        );
        assert_eq!(read(&body).unwrap_err(), TokenRequestError::TokenTooLarge);
    }

    #[test]
    fn tok_5_2_05__the_password_grant_does_not_exist() {
        assert_eq!(
            refused("grant_type=password&username=a&password=b"),
            ErrorCode::UnsupportedGrantType
        );
    }

    #[test]
    fn te_2_2_2_09__descriptions_stay_in_the_allowed_characters() {
        use TokenRequestError as E;
        let all = [
            E::Missing("grant_type"),
            E::Missing("x"),
            E::Repeated,
            E::Malformed,
            E::UnsupportedGrantType,
            E::UnknownSubjectTokenType,
            E::UnknownActorTokenType,
            E::ActorTokenWithoutType,
            E::ActorTypeWithoutToken,
            E::InvalidScope,
            E::InvalidResource,
            E::TokenTooLarge,
            E::InvalidVerifier,
        ];
        for error in all {
            let allowed = |b: u8| matches!(b, 0x20 | 0x21 | 0x23..=0x5B | 0x5D..=0x7E);
            assert!(error.description().bytes().all(allowed), "{error}");
        }
    }
}
