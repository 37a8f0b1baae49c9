//! Whose fault it is, provider by provider.

use super::{shipped, verdict};

fn table(name: &str, rows: &[(u16, &str, &str)]) {
    let entry = shipped(name);
    for (status, body, expected) in rows {
        assert_eq!(
            verdict(&entry, *status, body),
            *expected,
            "{name} {status} {body}"
        );
    }
}

#[test]
fn up_13__github_errors_come_with_status_200() {
    table(
        "github-oauth-app",
        &[
            (
                200,
                r#"{"error":"bad_verification_code","error_description":"x"}"#,
                "dead bad_verification_code",
            ),
            (
                200,
                "error=bad_verification_code&error_description=x",
                "dead bad_verification_code",
            ),
            (
                200,
                r#"{"error":"incorrect_client_credentials"}"#,
                "operator incorrect_client_credentials",
            ),
            (
                200,
                r#"{"error":"redirect_uri_mismatch"}"#,
                "operator redirect_uri_mismatch",
            ),
            (
                200,
                r#"{"error":"unverified_user_email"}"#,
                "unknown 200 unverified_user_email",
            ),
            (404, r#"{"error":"Not Found"}"#, "unknown 404 "),
            (429, r#"{"error":"bad_verification_code"}"#, "soft"),
        ],
    );
    table(
        "github-app",
        &[
            (200, r#"{"error":"bad_refresh_token"}"#, "dead bad_refresh_token"),
            (
                200,
                r#"{"error":"incorrect_client_credentials"}"#,
                "operator incorrect_client_credentials",
            ),
            (502, r#"{"error":"bad_refresh_token"}"#, "soft"),
        ],
    );
}

#[test]
fn up_13__slack_says_ok_false() {
    table(
        "slack",
        &[
            (
                200,
                r#"{"ok":false,"error":"invalid_refresh_token"}"#,
                "dead invalid_refresh_token",
            ),
            (
                200,
                r#"{"ok":false,"error":"token_revoked"}"#,
                "dead token_revoked",
            ),
            (
                200,
                r#"{"ok":false,"error":"token_expired"}"#,
                "dead token_expired",
            ),
            (
                200,
                r#"{"ok":false,"error":"account_inactive"}"#,
                "dead account_inactive",
            ),
            (200, r#"{"ok":false,"error":"invalid_auth"}"#, "dead invalid_auth"),
            (
                200,
                r#"{"ok":false,"error":"authorization_not_found"}"#,
                "dead authorization_not_found",
            ),
            (
                200,
                r#"{"ok":false,"error":"bad_client_secret"}"#,
                "operator bad_client_secret",
            ),
            (
                200,
                r#"{"ok":false,"error":"invalid_client_id"}"#,
                "operator invalid_client_id",
            ),
            (
                200,
                r#"{"ok":false,"error":"bad_redirect_uri"}"#,
                "operator bad_redirect_uri",
            ),
            (200, r#"{"ok":false,"error":"internal_error"}"#, "soft"),
            (200, r#"{"ok":false,"error":"fatal_error"}"#, "soft"),
            (200, r#"{"ok":false,"error":"ratelimited"}"#, "soft"),
            (200, r#"{"ok":false}"#, "unknown 200 "),
            (
                200,
                r#"{"ok":false,"access_token":"xoxb","token_type":"bot"}"#,
                "unknown 200 ",
            ),
        ],
    );
}

#[test]
fn up_13__google_dead_soft_and_operator() {
    table(
        "google",
        &[
            (
                400,
                r#"{"error":"invalid_grant","error_description":"Token has been revoked."}"#,
                "dead invalid_grant",
            ),
            (
                400,
                r#"{"error":"invalid_grant","error_subtype":"invalid_rapt"}"#,
                "dead invalid_grant",
            ),
            (401, r#"{"error":"invalid_client"}"#, "operator invalid_client"),
            (
                401,
                r#"{"error":"unauthorized_client"}"#,
                "operator unauthorized_client",
            ),
            (400, r#"{"error":"internal_failure"}"#, "soft"),
            (400, r#"{"error":"temporarily_unavailable"}"#, "soft"),
            (503, r#"{"error":"invalid_grant"}"#, "soft"),
            (400, r#"{"error":"invalid_scope"}"#, "unknown 400 invalid_scope"),
        ],
    );
}

#[test]
fn up_13__entra_operator_codes_win_over_dead_ones() {
    table(
        "microsoft-entra",
        &[
            (
                400,
                r#"{"error":"invalid_grant","error_codes":[700082],"suberror":"x"}"#,
                "dead invalid_grant",
            ),
            (
                400,
                r#"{"error":"interaction_required","error_codes":[50076]}"#,
                "dead interaction_required",
            ),
            (400, r#"{"error":"consent_required"}"#, "dead consent_required"),
            (400, r#"{"error":"login_required"}"#, "dead login_required"),
            (
                401,
                r#"{"error":"invalid_client","error_codes":[7000215]}"#,
                "operator invalid_client.7000215",
            ),
            (
                401,
                r#"{"error":"invalid_client","error_codes":[7000222]}"#,
                "operator invalid_client.7000222",
            ),
            (
                400,
                r#"{"error":"invalid_grant","error_codes":[7000112]}"#,
                "operator invalid_grant.7000112",
            ),
            (
                400,
                r#"{"error":"unauthorized_client","error_codes":[700016]}"#,
                "operator unauthorized_client.700016",
            ),
            (400, r#"{"error":"invalid_grant","error_codes":[50196]}"#, "soft"),
            (
                400,
                r#"{"error":"temporarily_unavailable","error_codes":[90033]}"#,
                "soft",
            ),
            (429, r#"{"error":"invalid_grant"}"#, "soft"),
        ],
    );
}

#[test]
fn up_13__atlassian_dead_grants_come_with_403() {
    table(
        "atlassian",
        &[
            (
                403,
                r#"{"error":"invalid_grant","error_description":"Unknown or invalid refresh token."}"#,
                "dead invalid_grant",
            ),
            (
                401,
                r#"{"error":"access_denied","error_description":"Unauthorized"}"#,
                "operator access_denied",
            ),
            (403, r#"{"error":"forbidden"}"#, "unknown 403 forbidden"),
            (403, "{}", "unknown 403 "),
        ],
    );
    table(
        "dropbox",
        &[(400, r#"{"error":"invalid_grant"}"#, "dead invalid_grant")],
    );
}

#[test]
fn up_13__a_page_half_an_answer_and_a_redirect_kill_nothing() {
    for name in [
        "google",
        "github-app",
        "slack",
        "microsoft-entra",
        "atlassian",
        "dropbox",
    ] {
        table(
            name,
            &[
                (200, "<html>captive portal</html>", "soft"),
                (503, "<html>maintenance</html>", "soft"),
                (400, "<!doctype html><p>invalid_grant</p>", "soft"),
                (403, "Forbidden", "soft"),
                (200, r#"{"access_token":"at","token_ty"#, "soft"),
                (400, "", "soft"),
                (200, "", "soft"),
                (302, "", "soft"),
                (307, r#"{"error":"invalid_grant"}"#, "soft"),
                (520, r#"{"error":"invalid_grant"}"#, "soft"),
                (408, r#"{"error":"invalid_grant"}"#, "soft"),
            ],
        );
    }
}
