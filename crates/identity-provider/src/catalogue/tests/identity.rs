//! Whose account it is.

use insta::assert_snapshot;
use serde_json::json;
use vouchsafe_model::Secret;

use super::{answer, generic_oauth2, read, shipped, shown};
use crate::catalogue::{IdentitySource, UpstreamFailure};

#[test]
fn up_17__github_is_asked_with_the_token() {
    let token = Secret::from("gho_1");
    let request = shipped("github-oauth-app").identity(&token).expect("a request");
    assert_snapshot!(shown(&request), @r#"
    GET https://api.github.com/user
    accept: application/vnd.github+json
    user-agent: vouchsafe
    authorization: Bearer gho_1
    "#);
    let dropbox = shipped("dropbox").identity(&token).expect("a request");
    assert_snapshot!(shown(&dropbox), @r#"
    POST https://api.dropboxapi.com/2/users/get_current_account
    accept: application/json
    authorization: Bearer gho_1
    content-type: application/json
    null
    "#);
    assert!(shipped("slack").identity(&token).is_none());
    assert!(shipped("google").identity(&token).is_none());
}

#[test]
fn up_17__the_account_is_its_stable_id() {
    let github = shipped("github-oauth-app");
    let userinfo = answer(200, r#"{"id":583231,"login":"octo\u0007cat","email":null}"#);
    let account = github
        .read_identity(IdentitySource::Userinfo(userinfo))
        .expect("an account");
    assert_eq!(
        (account.account_id.as_str(), account.label.as_deref()),
        ("583231", Some("octocat"))
    );
    assert_eq!(format!("{account:?}"), "Account(..)");
}

#[test]
fn up_08__entra_joins_tenant_and_object() {
    let entra = shipped("microsoft-entra");
    let claims =
        json!({"tid": "t-1", "oid": "o-1", "sub": "pairwise", "preferred_username": "ada@example.com"});
    let account = entra
        .read_identity(IdentitySource::IdToken(&claims))
        .expect("an account");
    assert_eq!(
        (account.account_id.as_str(), account.label.as_deref()),
        ("t-1:o-1", Some("ada@example.com"))
    );
    for claims in [
        json!({"oid": "o-1"}),
        json!({"tid": "", "oid": "o"}),
        json!({"tid": "a:b", "oid": "c"}),
    ] {
        let refused = entra.read_identity(IdentitySource::IdToken(&claims));
        assert_eq!(
            refused,
            Err(UpstreamFailure::InvalidAnswer { what: "account_id" }),
            "{claims}"
        );
    }
}

#[test]
fn an_account_is_read_from_no_other_source() {
    let refused = Err(UpstreamFailure::InvalidAnswer {
        what: "identity source",
    });
    let claims = json!({"id": 1});
    assert_eq!(
        generic_oauth2().read_identity(IdentitySource::IdToken(&claims)),
        refused
    );
    let tokens = read(
        &generic_oauth2(),
        200,
        r#"{"access_token":"at","token_type":"bearer","id":1}"#,
    )
    .expect("tokens");
    assert_eq!(
        generic_oauth2().read_identity(IdentitySource::TokenResponse(&tokens)),
        refused
    );
}

#[test]
fn f31__a_failing_identity_call_loses_nothing() {
    let entry = generic_oauth2();
    let soft = UpstreamFailure::Soft {
        retry_after: None,
        uncertain: false,
    };
    assert_eq!(
        entry.read_identity(IdentitySource::Userinfo(answer(503, ""))),
        Err(soft.clone())
    );
    assert_eq!(
        entry.read_identity(IdentitySource::Userinfo(answer(200, "<html>"))),
        Err(soft)
    );
    let unknown = UpstreamFailure::Unknown {
        status: 401,
        code: None,
    };
    assert_eq!(
        entry.read_identity(IdentitySource::Userinfo(answer(401, r#"{"message":"no"}"#))),
        Err(unknown)
    );
}
