//! Signed notes (C2SP `signed-note`): text that people and machines read, with signatures below it.

use std::fmt::Write as _;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use sha2::{Digest as _, Sha256};
use vouchsafe_vault::{VerificationKey, verify_ed25519};

/// A note as it was read. Nothing in it may be believed before a signature has been verified.
pub(crate) struct Note<'a> {
    /// What is signed, with its last newline.
    pub(crate) text: &'a str,
    signatures: Vec<Signature<'a>>,
}

struct Signature<'a> {
    name: &'a str,
    /// Key id, then what the key made.
    bytes: Vec<u8>,
}

/// Whether a note can be believed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Trust {
    /// A known key signed it.
    Signed,
    /// No known key did.
    Unknown,
    /// A signature that claims to be a known key's is not.
    Wrong,
}

/// The note of `text`, which ends with a newline, under one signature.
pub(crate) fn signed(text: &str, name: &str, public: &[u8; 32], signature: &[u8; 64]) -> String {
    let mut bytes = key_id(name, ED25519, public).to_vec();
    bytes.extend_from_slice(signature);
    let mut note = text.to_owned();
    // Writing into a String cannot fail.
    let _ = write!(note, "\n{DASH}{name} {}\n", STANDARD.encode(bytes));
    note
}

/// The key as verifiers of notes are told it: `<name>+<key id>+<type and public key>`.
pub(crate) fn verifier_key(name: &str, public: &[u8; 32]) -> String {
    key_text(name, ED25519, public)
}

/// The same, of a key of another type.
pub(crate) fn key_text(name: &str, kind: u8, public: &[u8; 32]) -> String {
    let mut typed = vec![kind];
    typed.extend_from_slice(public);
    let id = u32::from_be_bytes(key_id(name, kind, public));
    format!("{name}+{id:08x}+{}", STANDARD.encode(typed))
}

/// What the key of this name and id made, if this line is by it.
pub(crate) fn made(line: &str, name: &str, id: [u8; 4]) -> Option<Vec<u8>> {
    let mut bytes = signature(line).filter(|made| made.name == name)?.bytes;
    let made = bytes.split_off(4);
    (bytes == id).then_some(made)
}

impl<'a> Note<'a> {
    /// Takes a note apart.
    pub(crate) fn parse(note: &'a str) -> Option<Self> {
        let plain = |c: char| c == '\n' || !c.is_ascii_control();
        if note.len() > MOST_BYTES || !note.chars().all(plain) {
            return None;
        }
        let (before, below) = note.rsplit_once("\n\n")?;
        let text = &note[..=before.len()];
        let signatures: Option<Vec<_>> = below.strip_suffix('\n')?.split('\n').map(signature).collect();
        Some(Self {
            text,
            signatures: signatures?,
        })
    }

    /// What the key of this name and id made.
    pub(crate) fn made_by<'b>(&'b self, name: &'b str, id: [u8; 4]) -> impl Iterator<Item = &'b [u8]> {
        let by = move |signature: &'b Signature<'a>| {
            let made = signature.bytes.strip_prefix(&id)?;
            (signature.name == name).then_some(made)
        };
        self.signatures.iter().filter_map(by)
    }

    /// Looks for the signatures of these keys, which all go by `name`.
    pub(crate) fn trust(&self, name: &str, keys: &[VerificationKey]) -> Trust {
        let mut trust = Trust::Unknown;
        for signature in self.signatures.iter().filter(|signature| signature.name == name) {
            let (id, made) = signature.bytes.split_at(4);
            let Some(key) = keys.iter().find(|key| key_id(name, ED25519, &key.public) == *id) else {
                continue;
            };
            if !verify_ed25519(&key.public, self.text.as_bytes(), made) {
                return Trust::Wrong;
            }
            trust = Trust::Signed;
        }
        trust
    }
}

fn signature(line: &str) -> Option<Signature<'_>> {
    let (name, encoded) = line.strip_prefix(DASH)?.split_once(' ')?;
    let bytes = STANDARD.decode(encoded).ok()?;
    (is_name(name) && bytes.len() > 4).then_some(Signature { name, bytes })
}

/// Whether a key may go by it.
pub(crate) fn is_name(name: &str) -> bool {
    !name.is_empty() && !name.contains('+') && !name.contains(char::is_whitespace)
}

pub(crate) fn key_id(name: &str, kind: u8, public: &[u8; 32]) -> [u8; 4] {
    let digest: [u8; 32] = Sha256::new()
        .chain_update(name)
        .chain_update([b'\n', kind])
        .chain_update(public)
        .finalize()
        .into();
    [digest[0], digest[1], digest[2], digest[3]]
}

const DASH: &str = "\u{2014} ";
/// The type of a plain Ed25519 signature.
const ED25519: u8 = 1;
/// Sixteen signatures fit, also those of 5 kB that come after quantum computers.
const MOST_BYTES: usize = 128 * 1024;

#[cfg(test)]
mod tests {
    use super::*;

    /// The example of the specification, with the key of its other examples.
    #[test]
    fn c2sp_signed_note__the_text_ends_at_the_last_empty_line() {
        let note = "One\n\nTwo\n\n\u{2014} a.example/b AAAAAQI=\n\u{2014} c.example AAAAAQI=\n";
        let note = Note::parse(note).unwrap();
        assert_eq!(note.text, "One\n\nTwo\n");
        assert_eq!(note.signatures.len(), 2);
    }

    #[test]
    fn c2sp_signed_note__what_is_no_note() {
        for note in [
            "",
            "text\n",
            "text\n\n",
            "text\n\n\u{2014} name AAAAAQI=",
            "text\n\n\u{2014} name\n",
            "text\n\n\u{2014} na+me AAAAAQI=\n",
            "text\n\n\u{2014}  AAAAAQI=\n",
            "text\n\n\u{2014} name AAAA\n",
            "text\n\n\u{2014} name AAAAAQI=\nmore\n",
            "te\txt\n\n\u{2014} name AAAAAQI=\n",
            "text\r\n\n\u{2014} name AAAAAQI=\n",
            "text\n\n- name AAAAAQI=\n",
        ] {
            assert!(Note::parse(note).is_none(), "{note:?}");
        }
    }
}
