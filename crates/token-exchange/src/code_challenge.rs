//! S256 (RFC 7636 section 4.6).

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use sha2::{Digest as _, Sha256};
use subtle::ConstantTimeEq;
use vouchsafe_oauth_types::CodeVerifier;

/// Whether `challenge` is the S256 transformation of `verifier`, in constant time.
pub(crate) fn matches(challenge: &str, verifier: &CodeVerifier) -> bool {
    let computed = URL_SAFE_NO_PAD.encode(Sha256::digest(verifier.expose().as_bytes()));
    computed.as_bytes().ct_eq(challenge.as_bytes()).into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pk_4_6_01__the_pair_of_rfc_7636_appendix_b_matches() {
        let challenge = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM";
        let verifier = |text: &str| CodeVerifier::parse(text).unwrap();
        assert!(matches(
            challenge,
            &verifier("dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk")
        ));
        assert!(!matches(
            challenge,
            &verifier("dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXl")
        ));
    }
}
