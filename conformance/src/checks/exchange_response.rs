//! RFC 8693 section 2.2.1: the successful response.

use super::checks;
use crate::exchange::ACCESS_TOKEN;
use crate::target::Target;
use crate::token_endpoint::Answer;
use crate::verdict::{Checked, Miss, ensure};

checks![
    te_2_2_1_01__a_success_is_uncached_json_with_its_members,
    te_2_2_1_02__issued_token_type_names_what_was_issued,
    te_2_2_1_03__token_type_says_how_it_can_be_used,
    te_2_2_1_05__scope_is_reported,
    te_2_2_1_06__no_refresh_token_is_returned,
    te_2_2_1_09__the_response_leaks_no_internals,
];

/// RFC 8693 section 2.2.1.
async fn te_2_2_1_01__a_success_is_uncached_json_with_its_members(target: &Target) -> Checked {
    let answer = released(target).await?;
    answer.is_uncached_json()?;
    for member in ["access_token", "issued_token_type", "token_type"] {
        ensure!(!answer.member(member).is_empty(), "{member} is missing");
    }
    Ok(())
}

/// RFC 8693 sections 2.2.1 and 3.
async fn te_2_2_1_02__issued_token_type_names_what_was_issued(target: &Target) -> Checked {
    let answer = released(target).await?;
    let issued = answer.member("issued_token_type");
    ensure!(issued == ACCESS_TOKEN, "issued_token_type is {issued:?}");
    Ok(())
}

/// RFC 8693 section 2.2.1: `N_A` only for what is no access token.
async fn te_2_2_1_03__token_type_says_how_it_can_be_used(target: &Target) -> Checked {
    let answer = released(target).await?;
    let kind = answer.member("token_type");
    let usable = kind.eq_ignore_ascii_case("Bearer") || kind.eq_ignore_ascii_case("DPoP");
    ensure!(usable, "token_type of an access token is {kind:?}");
    Ok(())
}

/// RFC 8693 section 2.2.1: none was requested, so it must be told.
async fn te_2_2_1_05__scope_is_reported(target: &Target) -> Checked {
    let answer = released(target).await?;
    let is = answer.json["scope"].is_string();
    ensure!(is, "scope is {}", answer.json["scope"]);
    Ok(())
}

/// RFC 8693 section 2.2.1; ours: never by default.
async fn te_2_2_1_06__no_refresh_token_is_returned(target: &Target) -> Checked {
    let answer = released(target).await?;
    ensure!(
        answer.json.get("refresh_token").is_none(),
        "there is a refresh_token"
    );
    Ok(())
}

/// Ours: only what RFC 8693 section 2.2.1 names.
async fn te_2_2_1_09__the_response_leaks_no_internals(target: &Target) -> Checked {
    let answer = released(target).await?;
    for (name, _) in answer.json.as_object().into_iter().flatten() {
        ensure!(MEMBERS.contains(&name.as_str()), "there is a member {name:?}");
    }
    Ok(())
}

async fn released(target: &Target) -> Result<Answer, Miss> {
    let answer = target.connected().await?.send().await?;
    answer.token()?;
    Ok(answer)
}

const MEMBERS: &[&str] = &[
    "access_token",
    "issued_token_type",
    "token_type",
    "expires_in",
    "scope",
    "refresh_token",
];
