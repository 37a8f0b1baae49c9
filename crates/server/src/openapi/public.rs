//! What anyone may call, beside the admin API. Those bodies are written by the protocol crates, byte by byte where the
//! RFCs want it so; here they are described.

use serde_json::{Map, Value, json};
use vouchsafe_oauth_types::{ErrorCode, GrantType, InteractionReason};

use crate::site;

/// Adds it to the document of the server at `issuer`.
pub(super) fn add_to(document: &mut Value, issuer: &str) {
    for (pointer, added) in [
        ("/paths", paths(issuer)),
        ("/components/schemas", schemas()),
        ("/components/securitySchemes", security_schemes()),
    ] {
        if let (Some(Value::Object(into)), Value::Object(members)) = (document.pointer_mut(pointer), added) {
            into.extend(members);
        }
    }
}

fn paths(issuer: &str) -> Value {
    let (base, origin) = site::parts_of(issuer).unwrap_or_default();
    let mut paths = Map::new();
    paths.insert("/oauth/token".to_owned(), json!({ "post": token() }));
    paths.insert("/oauth/jwks".to_owned(), json!({ "get": jwks() }));
    // Where the issuer has a path, its metadata is not below it but in front of it (RFC 8414 section 3.1).
    paths.insert(
        format!("/.well-known/oauth-authorization-server{base}"),
        json!({ "servers": [{ "url": origin }], "get": metadata() }),
    );
    paths.insert("/audit/checkpoint".to_owned(), json!({ "get": checkpoint() }));
    paths.insert(
        "/audit/checkpoint/witnessed".to_owned(),
        json!({ "get": witnessed() }),
    );
    paths.insert("/healthz".to_owned(), json!({ "get": healthz() }));
    paths.insert("/readyz".to_owned(), json!({ "get": readyz() }));
    Value::Object(paths)
}

fn token() -> Value {
    let mut operation = json!({
        "operationId": "token",
        "tags": ["oauth"],
        "summary": "Exchange a token, or redeem a code.",
        "description": "RFC 8693 section 2.1 and RFC 6749 section 4.1.3. When a person must act first, the answer is \
            `interaction_required` with `interaction_uri`: hand that to the person and repeat the same request.",
        "security": [{ "client_secret_basic": [] }],
        "requestBody": {
            "required": true,
            "content": { "application/x-www-form-urlencoded": { "schema": reference("TokenRequest") } },
        },
        "responses": {
            "200": json_of("The token.", "TokenResponse"),
        },
    });
    let refusals = [
        (
            "400",
            "The request or the grant is refused, or a person must act.",
        ),
        ("401", "The client did not prove who it is."),
        ("405", "Only POST is served here."),
        ("408", "The body did not arrive in time."),
        ("413", "The body is larger than 64 KiB."),
        (
            "429",
            "Too many failed client authentications; see `Retry-After`.",
        ),
        ("500", "The server failed."),
        (
            "503",
            "Something that the answer rests on cannot be reached now; see `Retry-After`.",
        ),
    ];
    for (status, description) in refusals {
        operation["responses"][status] = json_of(description, "TokenError");
    }
    operation
}

fn jwks() -> Value {
    json!({
        "operationId": "jwks",
        "tags": ["oauth"],
        "summary": "The public keys of our tokens.",
        "description": "RFC 7517.",
        "security": [],
        "responses": cacheable("The keys.", "Jwks"),
    })
}

fn metadata() -> Value {
    json!({
        "operationId": "metadata",
        "tags": ["oauth"],
        "summary": "What this authorization server is.",
        "description": "RFC 8414.",
        "security": [],
        "responses": cacheable("The metadata.", "AuthorizationServerMetadata"),
    })
}

fn checkpoint() -> Value {
    json!({
        "operationId": "checkpoint",
        "tags": ["audit"],
        "summary": "Size and root of the record, signed.",
        "description": "C2SP tlog-checkpoint: a signed note over the RFC 6962 tree whose leaves are the records.",
        "security": [],
        "responses": {
            "200": {
                "description": "The last checkpoint.",
                "content": { "text/plain": { "schema": { "type": "string" } } },
            },
            "404": { "$ref": "#/components/responses/NotFound" },
            "405": { "$ref": "#/components/responses/MethodNotAllowed" },
            "503": { "$ref": "#/components/responses/ServiceUnavailable" },
        },
    })
}

fn witnessed() -> Value {
    json!({
        "operationId": "witnessed_checkpoint",
        "tags": ["audit"],
        "summary": "The last checkpoint that witnesses cosigned.",
        "description": "C2SP tlog-cosignature: the lines of the witnesses stand below that of this server.",
        "security": [],
        "responses": {
            "200": {
                "description": "The last checkpoint.",
                "content": { "text/plain": { "schema": { "type": "string" } } },
            },
            "404": { "$ref": "#/components/responses/NotFound" },
            "405": { "$ref": "#/components/responses/MethodNotAllowed" },
            "503": { "$ref": "#/components/responses/ServiceUnavailable" },
        },
    })
}

fn healthz() -> Value {
    json!({
        "operationId": "healthz",
        "tags": ["health"],
        "summary": "Tell whether the process answers.",
        "security": [],
        "responses": {
            "200": json_of("It does.", "Health"),
            "405": { "$ref": "#/components/responses/MethodNotAllowed" },
        },
    })
}

fn readyz() -> Value {
    json!({
        "operationId": "readyz",
        "tags": ["health"],
        "summary": "Tell whether database, keys and record can do their work.",
        "security": [],
        "responses": {
            "200": json_of("They can.", "Readiness"),
            "405": { "$ref": "#/components/responses/MethodNotAllowed" },
            "503": json_of("Something cannot; each check says what.", "Readiness"),
        },
    })
}

fn cacheable(description: &str, schema: &str) -> Value {
    json!({
        "200": json_of(description, schema),
        "304": { "description": "The caller has it already." },
        "405": json_of("Only GET is served here.", "TokenError"),
        "500": json_of("The server failed.", "TokenError"),
    })
}

fn schemas() -> Value {
    let grants = [GrantType::AuthorizationCode, GrantType::TokenExchange].map(GrantType::as_str);
    json!({
        "TokenRequest": {
            "type": "object",
            "description": "The parameters of the grant. Unknown ones are ignored (RFC 6749 section 3.2); none may appear twice \
                but `audience` and `resource`. A client registered with `client_secret_post` sends `client_id` and \
                `client_secret` as well.",
            "required": ["grant_type"],
            "maxProperties": 32,
            "propertyNames": { "pattern": "^[!-~]{1,64}$" },
            "properties": {
                "grant_type": { "type": "string", "enum": grants },
                "subject_token": parameter("Token exchange: in whose name."),
                "subject_token_type": parameter("Token exchange: what `subject_token` is."),
                "actor_token": parameter("Token exchange: on whose behalf."),
                "actor_token_type": parameter("Token exchange: what `actor_token` is."),
                "requested_token_type": parameter("Token exchange: what is wanted."),
                "audience": parameter("Token exchange: the id of a provider."),
                "resource": parameter("Token exchange: a URI that names a provider."),
                "scope": parameter("Token exchange: how much."),
                "login_hint": parameter("Token exchange: which of several accounts."),
                "code": parameter("Authorization code: the code."),
                "redirect_uri": parameter("Authorization code: where it was sent to."),
                "code_verifier": parameter("Authorization code: of RFC 7636."),
            },
            "additionalProperties": parameter("Ignored."),
        },
        "TokenResponse": {
            "type": "object",
            "required": ["access_token", "token_type"],
            "properties": {
                "access_token": { "type": "string" },
                "issued_token_type": { "type": "string" },
                "token_type": { "type": "string", "enum": ["Bearer"] },
                "expires_in": { "type": "integer", "minimum": 0 },
                "scope": { "type": "string" },
            },
        },
        "TokenError": {
            "type": "object",
            "required": ["error"],
            "properties": {
                "error": { "type": "string", "enum": TOKEN_ERRORS.map(ErrorCode::as_str) },
                "error_description": { "type": "string" },
                "interaction_uri": { "type": "string", "description": "Where the person can act." },
                "reason": { "type": "string", "enum": REASONS.map(InteractionReason::as_str) },
                "interval": { "type": "integer", "description": "Seconds to wait between attempts." },
            },
        },
        "Jwks": {
            "type": "object",
            "required": ["keys"],
            "properties": { "keys": { "type": "array", "items": { "type": "object" } } },
        },
        "AuthorizationServerMetadata": {
            "type": "object",
            "required": ["issuer", "authorization_endpoint", "token_endpoint", "jwks_uri"],
            "properties": {
                "issuer": { "type": "string" },
                "authorization_endpoint": { "type": "string" },
                "token_endpoint": { "type": "string" },
                "jwks_uri": { "type": "string" },
            },
        },
        "Health": {
            "type": "object",
            "required": ["status"],
            "properties": { "status": { "type": "string", "enum": ["ok"] } },
        },
        "Readiness": {
            "type": "object",
            "required": ["status", "checks"],
            "properties": {
                "status": { "type": "string", "enum": ["ready", "not_ready"] },
                "checks": {
                    "type": "object",
                    "description": "`ok`, or what is wrong and what to do.",
                    "required": ["database", "key", "record"],
                    "properties": {
                        "database": { "type": "string" },
                        "key": { "type": "string" },
                        "record": { "type": "string" },
                    },
                },
            },
        },
    })
}

fn parameter(description: &str) -> Value {
    json!({ "type": "string", "pattern": "^[ -~]+$", "maxLength": 8192, "description": description })
}

fn security_schemes() -> Value {
    json!({
        "client_secret_basic": {
            "type": "http",
            "scheme": "basic",
            "description": "`client_id` and `client_secret` (RFC 6749 section 2.3.1). Clients registered with \
                `client_secret_post` send them in the body instead.",
        },
    })
}

fn json_of(description: &str, schema: &str) -> Value {
    json!({ "description": description, "content": { "application/json": { "schema": reference(schema) } } })
}

fn reference(schema: &str) -> Value {
    json!({ "$ref": format!("#/components/schemas/{schema}") })
}

const TOKEN_ERRORS: [ErrorCode; 12] = [
    ErrorCode::InvalidRequest,
    ErrorCode::InvalidClient,
    ErrorCode::InvalidGrant,
    ErrorCode::UnauthorizedClient,
    ErrorCode::UnsupportedGrantType,
    ErrorCode::InvalidScope,
    ErrorCode::InvalidTarget,
    ErrorCode::AccessDenied,
    ErrorCode::InteractionRequired,
    ErrorCode::ServerError,
    ErrorCode::SlowDown,
    ErrorCode::TemporarilyUnavailable,
];
const REASONS: [InteractionReason; 5] = [
    InteractionReason::AuthorizationNeeded,
    InteractionReason::Reconnect,
    InteractionReason::MoreScopes,
    InteractionReason::Approval,
    InteractionReason::AccountSelection,
];
