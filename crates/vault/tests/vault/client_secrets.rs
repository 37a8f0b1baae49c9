//! Client secrets and admin keys.

use vouchsafe_model::ClientSecretDigest;

use crate::{ids, rotated, vault};

#[test]
fn a_client_authenticates_with_any_of_its_secrets() {
    let (vault, _) = vault(1);
    let (old, new) = (ids(2).secret_text(), ids(3).secret_text());
    let digests = [&old, &new].map(|secret| vault.client_secret("client", "agent-a", secret));
    for secret in [&old, &new] {
        assert!(
            vault
                .matching_client_secret("client", "agent-a", &digests, secret.expose())
                .is_some()
        );
    }
    assert!(
        vault
            .matching_client_secret("client", "agent-a", &digests[1..], old.expose())
            .is_none()
    );
    for wrong in ["", "x", &old.expose()[1..], &old.expose().to_uppercase()] {
        assert!(
            vault
                .matching_client_secret("client", "agent-a", &digests, wrong)
                .is_none()
        );
    }
}

#[test]
fn ar_04__a_secret_digest_copied_to_another_client_or_kind_does_not_authenticate() {
    let (vault, _) = vault(1);
    let secret = ids(2).secret_text();
    let digests = [vault.client_secret("client", "agent-a", &secret)];
    assert!(
        vault
            .matching_client_secret("client", "agent-b", &digests, secret.expose())
            .is_none()
    );
    assert!(
        vault
            .matching_client_secret("admin_key", "agent-a", &digests, secret.expose())
            .is_none()
    );
    // Nor when the boundary between owner and secret is moved.
    assert!(
        vault
            .matching_client_secret("client", "agent-", &digests, &format!("a{}", secret.expose()))
            .is_none()
    );
}

#[test]
fn a_client_without_secrets_never_authenticates() {
    let (vault, _) = vault(1);
    assert!(
        vault
            .matching_client_secret("client", "agent-a", &[], "")
            .is_none()
    );
    assert!(
        vault
            .matching_client_secret("client", "agent-a", &[], "x")
            .is_none()
    );
}

#[test]
fn a_digest_under_an_unknown_key_matches_nothing_and_hides_no_other() {
    let (vault, _) = vault(1);
    let secret = ids(2).secret_text();
    let good = vault.client_secret("client", "agent-a", &secret);
    let relabelled = ClientSecretDigest {
        key_id: ids(4).next(),
        mac: good.mac,
        created_at: None,
    };
    let found = |digests: &[ClientSecretDigest]| {
        let found = vault.matching_client_secret("client", "agent-a", digests, secret.expose());
        found.cloned()
    };
    assert_eq!(found(std::slice::from_ref(&relabelled)), None);
    assert_eq!(found(&[relabelled, good.clone()]), Some(good));
}

#[test]
fn secrets_kept_before_a_rotation_still_authenticate() {
    let (before, after) = rotated();
    let secret = ids(2).secret_text();
    let digest = before.client_secret("client", "agent-a", &secret);
    assert!(
        after
            .matching_client_secret("client", "agent-a", &[digest], secret.expose())
            .is_some()
    );
}
