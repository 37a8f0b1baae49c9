//! The vocabulary of the RFCs: parameters, requests, responses, error codes, scopes, metadata, claims.
//!
//! Everything here is parsed once, from raw bytes, into values that cannot be malformed. No I/O, no time.

#![cfg_attr(test, expect(non_snake_case, reason = "tests carry requirement ids"))]

mod authorization_request;
mod basic;
mod claims;
mod error;
mod form;
mod grant_type;
mod jwt;
mod metadata;
mod pkce;
mod redirect_uri;
mod scope;
mod secret_text;
mod token_request;
mod token_response;
mod token_type;

pub use authorization_request::{AuthorizationRequest, AuthorizationRequestError, AuthorizationTarget};
pub use basic::{BasicCredentials, BasicError};
pub use claims::{AccessTokenClaims, Actor, Audience};
pub use error::{ErrorCode, ErrorResponse, InteractionHint, InteractionReason, UnknownReason};
pub use form::{Form, FormError};
pub use grant_type::{GrantType, UnknownGrantType};
pub use jwt::{JwtHeader, MalformedJwt, UnverifiedJwt};
pub use metadata::{AuthorizationServerMetadata, well_known_path};
pub use pkce::{CodeChallenge, CodeVerifier, InvalidPkce};
pub use redirect_uri::{InvalidRedirectUri, RedirectUri};
pub use scope::{InvalidScope, Scope};
pub use secret_text::SecretText;
pub use token_request::{
    AuthorizationCodeRequest, ClientParameters, TokenExchangeRequest, TokenRequest, TokenRequestError,
};
pub use token_response::TokenResponse;
pub use token_type::{TokenType, UnknownTokenType};
