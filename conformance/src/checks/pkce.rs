//! RFC 7636 at the authorization endpoint.

use super::checks;
use crate::target::Target;
use crate::verdict::Checked;

checks![
    pk_4_3_01__a_code_challenge_is_required,
    pk_4_3_02__only_s256,
    pk_4_2_01__a_challenge_is_43_base64url_characters,
];

/// RFC 7636 section 4.4.1; OAuth 2.1 section 7.5.
async fn pk_4_3_01__a_code_challenge_is_required(target: &Target) -> Checked {
    let good = target.authorization(target.redirected()?)?;
    let without = good.without("code_challenge").without("code_challenge_method");
    without.is_told("invalid_request").await?;
    good.with("code_challenge", "")
        .is_told("invalid_request")
        .await
        .map(|_| ())
}

/// RFC 7636 section 4.4.1.
async fn pk_4_3_02__only_s256(target: &Target) -> Checked {
    let good = target.authorization(target.redirected()?)?;
    for method in ["plain", "s256", "S512"] {
        let other = good.with("code_challenge_method", method);
        other.is_told("invalid_request").await?;
    }
    let omitted = good.without("code_challenge_method");
    omitted.is_told("invalid_request").await.map(|_| ())
}

/// RFC 7636 section 4.2.
async fn pk_4_2_01__a_challenge_is_43_base64url_characters(target: &Target) -> Checked {
    let good = target.authorization(target.redirected()?)?;
    for challenge in [
        "a".repeat(42),
        "a".repeat(44),
        "a".repeat(42) + "=",
        "a".repeat(42) + "+",
        "a".repeat(42) + "/",
    ] {
        good.with("code_challenge", &challenge)
            .is_told("invalid_request")
            .await?;
    }
    Ok(())
}
