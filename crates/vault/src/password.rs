//! Passwords of people and secrets that operators chose: argon2id (RFC 9106), some 16 ms each.
//!
//! Callers bound how many run at once; nothing here is on the path of a warm exchange.

use argon2::password_hash::phc::PasswordHash;
use argon2::password_hash::{PasswordHasher as _, PasswordVerifier as _};
use argon2::{Algorithm, Argon2, Params, Version};
use vouchsafe_model::{Ids, Secret};

/// Why a password has no hash.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum PasswordError {
    /// It is longer than the 4 GiB that argon2 takes, or there is no memory for the work.
    #[error("the password could not be hashed")]
    NotHashed,
}

/// The hash to store, as a PHC string: it carries its own parameters and salt.
pub fn hash(password: &Secret<String>, ids: &Ids) -> Result<String, PasswordError> {
    let hashed: Result<PasswordHash, _> =
        argon2id().hash_password_with_salt(password.expose().as_bytes(), &ids.bytes::<16>());
    hashed
        .map(|hash| hash.to_string())
        .map_err(|_| PasswordError::NotHashed)
}

/// Whether `phc` is a hash of `password`. A text that is no hash, or one of absurd cost, matches nothing and costs as
/// much as any other.
pub fn verify(password: &Secret<String>, phc: &str) -> bool {
    match PasswordHash::new(phc) {
        Ok(hash) if is_affordable(&hash) => argon2id()
            .verify_password(password.expose().as_bytes(), &hash)
            .is_ok(),
        _ => verify_nobody(password),
    }
}

/// Whether [`verify`] can ever say yes to this hash: argon2id, complete, and of a cost that this server bears.
pub fn is_usable(phc: &str) -> bool {
    PasswordHash::new(phc).is_ok_and(|hash| {
        hash.algorithm.as_str() == "argon2id"
            && hash.salt.is_some()
            && hash.hash.is_some()
            && is_affordable(&hash)
    })
}

/// For a user that does not exist: takes as long as [`verify`] and is always `false`.
pub fn verify_nobody(password: &Secret<String>) -> bool {
    let nobody = PasswordHash::new(NOBODY).expect("the constant is a PHC string");
    let _ = argon2id().verify_password(password.expose().as_bytes(), &nobody);
    false
}

fn argon2id() -> Argon2<'static> {
    let params = Params::new(MEMORY_KIB, PASSES, LANES, None).expect("the constants are in range");
    Argon2::new(Algorithm::Argon2id, Version::V0x13, params)
}

/// Hashes of other systems carry other parameters; what could stop the server is not one of them.
fn is_affordable(hash: &PasswordHash) -> bool {
    Params::try_from(hash).is_ok_and(|params| {
        params.m_cost() <= 8 * MEMORY_KIB && params.t_cost() <= 8 * PASSES && params.p_cost() <= 8 * LANES
    })
}

/// The OWASP minimum for argon2id.
const MEMORY_KIB: u32 = 19_456;
const PASSES: u32 = 2;
const LANES: u32 = 1;

/// Same parameters as ours, and a hash that no password is known to have.
const NOBODY: &str =
    "$argon2id$v=19$m=19456,t=2,p=1$bm9ib2R5bm9ib2R5bm9ibw$bm9ib2R5bm9ib2R5bm9ib2R5bm9ib2R5bm9ib2R5bm8";

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use vouchsafe_model::{FixedClock, SeededEntropy, UnixMillis};

    use super::*;

    fn hashed(password: &str) -> String {
        let ids = Ids::new(
            Arc::new(FixedClock::at(UnixMillis(0))),
            Arc::new(SeededEntropy::new(1)),
        );
        hash(&password.into(), &ids).unwrap()
    }

    #[test]
    fn a_hash_that_could_never_match_is_told_from_one_that_can() {
        assert!(is_usable(&hashed("correct horse")) && is_usable(NOBODY));
        for phc in [
            "",
            "$argon2id$",
            "$argon2id$v=19$m=19456,t=2,p=1$bm9ib2R5bm9ib2R5bm9ibw",
            &NOBODY.replace("argon2id", "argon2i"),
            &NOBODY.replace("m=19456", "m=99999999"),
            "5f4dcc3b",
        ] {
            assert!(!is_usable(phc), "{phc}");
        }
    }

    #[test]
    fn a_password_matches_its_hash_and_no_other() {
        let phc = hashed("correct horse");
        assert!(verify(&"correct horse".into(), &phc));
        assert!(!verify(&"correct horse ".into(), &phc));
        assert!(!verify(&"".into(), &phc));
    }

    #[test]
    fn nobody_is_hashed_with_the_parameters_of_everybody() {
        let phc = hashed("x");
        assert!(phc.starts_with("$argon2id$v=19$m=19456,t=2,p=1$"));
        let (ours, nobody) = (
            PasswordHash::new(&phc).unwrap(),
            PasswordHash::new(NOBODY).unwrap(),
        );
        assert_eq!(ours.params, nobody.params);
        assert_eq!(
            ours.salt.map(|salt| salt.len()),
            nobody.salt.map(|salt| salt.len())
        );
        assert_eq!(
            ours.hash.map(|hash| hash.len()),
            nobody.hash.map(|hash| hash.len())
        );
        assert!(!verify_nobody(&"nobody".into()));
    }

    #[test]
    fn what_is_no_hash_matches_nothing() {
        for phc in [
            "",
            "x",
            "$argon2id$",
            "$argon2id$v=19$m=4294967295,t=2,p=1$bm9ib2R5bm9ib2R5bm9ibw$bm9ib2R5bm9ibw",
        ] {
            assert!(!verify(&"x".into(), phc), "{phc}");
        }
    }
}
