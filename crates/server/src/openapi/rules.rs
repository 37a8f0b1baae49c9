//! What no type can say about a body.

use serde_json::{Value, json};

/// What must hold between the members of a body, which no type can say.
pub(super) fn rules() -> [(&'static str, Value); 3] {
    let code = json!({ "properties": { "grant_types": { "contains": { "const": "authorization_code" } } } });
    let public = json!({ "required": ["auth_method"], "properties": { "auth_method": { "const": "none" } } });
    [
        (
            "NewUser",
            json!({ "not": { "required": ["password", "password_hash"] } }),
        ),
        (
            "Password",
            json!({ "oneOf": [{ "required": ["password"] }, { "required": ["password_hash"] }] }),
        ),
        (
            "NewClient",
            json!({ "allOf": [
                {
                    "if": code,
                    "then": {
                        "required": ["redirect_uris"],
                        "properties": { "redirect_uris": { "minItems": 1 } },
                    },
                },
                {
                    "if": public,
                    "then": { "properties": { "grant_types": { "items": { "const": "authorization_code" } } } },
                },
            ] }),
        ),
    ]
}
