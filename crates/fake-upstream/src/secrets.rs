//! Every secret this provider hands out, remembered so that leak tests can look for it.

use std::sync::{Mutex, PoisonError};

use serde::Serialize;

/// What a handed-out string is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum SecretKind {
    /// An access token.
    AccessToken,
    /// A refresh token.
    RefreshToken,
    /// An authorization code.
    AuthorizationCode,
    /// A signed ID token.
    IdToken,
}

/// A secret that was issued in this run, whether it is alive or not.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct IssuedSecret {
    /// Who issued it.
    pub personality: String,
    /// What it is.
    pub kind: SecretKind,
    /// The string itself.
    pub value: String,
}

/// The list of everything issued.
#[derive(Debug, Default)]
pub(crate) struct IssuedSecrets {
    list: Mutex<Vec<IssuedSecret>>,
}

impl IssuedSecrets {
    /// A fresh random secret, already on the list.
    pub(crate) fn mint(&self, personality: &str, kind: SecretKind, prefix: &str) -> String {
        let value = format!("{prefix}{}", random_string(RANDOM_CHARACTERS));
        self.remember(personality, kind, value.clone());
        value
    }

    /// Puts a secret made elsewhere (an ID token) on the list.
    pub(crate) fn remember(&self, personality: &str, kind: SecretKind, value: String) {
        let secret = IssuedSecret {
            personality: personality.to_owned(),
            kind,
            value,
        };
        self.list
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .push(secret);
    }

    /// A copy of the list, oldest first.
    pub(crate) fn all(&self) -> Vec<IssuedSecret> {
        self.list.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

/// `length` random letters and digits.
pub(crate) fn random_string(length: usize) -> String {
    let mut text = String::with_capacity(length);
    let mut bytes = [0_u8; 64];
    while text.len() < length {
        getrandom::fill(&mut bytes).expect("the operating system has randomness");
        let fair = bytes
            .iter()
            .filter(|byte| usize::from(**byte) < ALPHABET.len() * 4);
        let letters = fair.map(|byte| char::from(ALPHABET[usize::from(*byte) % ALPHABET.len()]));
        text.extend(letters.take(length - text.len()));
    }
    text
}

const ALPHABET: &[u8; 62] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";
/// Long enough that a leak test never matches by chance.
const RANDOM_CHARACTERS: usize = 40;
