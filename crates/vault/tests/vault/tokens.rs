//! Digests, fingerprints and CSRF tokens.

use vouchsafe_model::{Digest, Session};

use crate::{rotated, vault};

#[test]
fn a_digest_depends_on_kind_token_and_key() {
    let (here, there) = (vault(1).0, vault(2).0);
    let digest: Digest<Session> = here.digest("session", "token");
    assert_eq!(digest, here.digest("session", "token"));
    assert_ne!(digest, here.digest("code", "token"));
    assert_ne!(digest, here.digest("session", "other"));
    assert_ne!(digest, here.digest("sessio", "ntoken"));
    assert_ne!(digest, there.digest("session", "token"));
    assert_eq!(here.digests::<Session>("session", "token"), [digest]);
}

#[test]
fn a_token_digested_before_a_rotation_is_found_after_the_new_one() {
    let (before, after) = rotated();
    let digests = after.digests::<Session>("session", "token");
    assert_eq!(
        digests,
        [
            after.digest("session", "token"),
            before.digest("session", "token")
        ]
    );
}

#[test]
fn a_fingerprint_is_key_id_and_hex() {
    let (vault, _) = vault(1);
    let fingerprint = vault.fingerprint("gho_secret");
    let text = fingerprint.to_string();
    let (key_id, mac) = text.split_once(':').unwrap();
    assert_eq!(key_id, fingerprint.key_id.as_str());
    assert_eq!(mac.len(), 64);
    assert_ne!(fingerprint, vault.fingerprint("gho_other"));
    assert!(!text.contains("gho_secret"));
}

#[test]
fn a_csrf_token_holds_for_its_subject_only() {
    let (vault, _) = vault(1);
    let token = vault.csrf_token("ses_1");
    assert_eq!(token.len(), 43);
    assert!(vault.csrf_token_matches("ses_1", &token));
    assert!(!vault.csrf_token_matches("ses_2", &token));
    for forged in ["", "x", "%%%", &token[1..], &format!("{token}A"), "é"] {
        assert!(!vault.csrf_token_matches("ses_1", forged), "{forged}");
    }
    let digest: Digest<Session> = vault.digest("ses_1", "");
    assert_ne!(token.as_bytes(), digest.as_bytes());
}

#[test]
fn a_csrf_token_from_before_a_rotation_still_holds() {
    let (before, after) = rotated();
    assert!(after.csrf_token_matches("ses_1", &before.csrf_token("ses_1")));
    assert_ne!(after.csrf_token("ses_1"), before.csrf_token("ses_1"));
}
