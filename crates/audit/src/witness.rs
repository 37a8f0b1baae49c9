//! Witnesses (C2SP `tlog-witness`): others who sign that a checkpoint continues every one that they saw before
//! (`tlog-cosignature`), so that nobody can be shown another record than everybody else.

use std::fmt;
use std::str::FromStr;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use vouchsafe_store::{StoreError, Tx, records};
use vouchsafe_vault::verify_ed25519;

use crate::checkpoint::Checkpoint;
use crate::note::{self, Note};
use crate::tree::proof;
use crate::tree::tiles::Stored;

/// The public key of a witness, and the name that it goes by.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WitnessKey {
    name: String,
    id: [u8; 4],
    public: [u8; 32],
}

/// The text is no key of a witness.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not the key of a witness: it is written NAME+ID+KEY, and its type is 4 (C2SP tlog-cosignature)")]
pub struct NoWitnessKey;

/// The answer of a witness does not say that it cosigned.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum NotCosigned {
    /// No line is by its key.
    #[error("no signature is by the key of this witness")]
    OtherKey,
    /// The line is by its key, and wrong.
    #[error("the signature of this witness is wrong")]
    Wrong,
}

impl WitnessKey {
    /// The name of the witness.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// When this witness cosigned a checkpoint, in seconds since 1970, if it did.
    pub fn cosigned(&self, checkpoint: &Checkpoint) -> Option<u64> {
        let note = Note::parse(checkpoint.note())?;
        note.made_by(&self.name, self.id)
            .find_map(|made| self.verified(note.text, made))
    }

    /// The line in the answer of this witness to `checkpoint`, verified.
    ///
    /// # Errors
    /// See [`NotCosigned`].
    pub fn line<'a>(&self, checkpoint: &Checkpoint, answer: &'a str) -> Result<&'a str, NotCosigned> {
        let note = Note::parse(checkpoint.note()).ok_or(NotCosigned::Wrong)?;
        let mut outcome = Err(NotCosigned::OtherKey);
        for line in answer.lines() {
            let Some(made) = note::made(line, &self.name, self.id) else {
                continue;
            };
            if self.verified(note.text, &made).is_some() {
                return Ok(line);
            }
            outcome = Err(NotCosigned::Wrong);
        }
        outcome
    }

    /// The time that a cosignature says, if it is good: eight bytes of time, and the signature.
    fn verified(&self, text: &str, made: &[u8]) -> Option<u64> {
        let (time, signature) = made.split_first_chunk::<8>()?;
        let time = u64::from_be_bytes(*time);
        let message = format!("cosignature/v1\ntime {time}\n{text}");
        verify_ed25519(&self.public, message.as_bytes(), signature).then_some(time)
    }
}

impl FromStr for WitnessKey {
    type Err = NoWitnessKey;

    fn from_str(text: &str) -> Result<Self, NoWitnessKey> {
        let mut parts = text.splitn(3, '+');
        let (Some(name), Some(id), Some(key)) = (parts.next(), parts.next(), parts.next()) else {
            return Err(NoWitnessKey);
        };
        let typed = STANDARD.decode(key).map_err(|_| NoWitnessKey)?;
        let Some((&COSIGNATURE, public)) = typed.split_first() else {
            return Err(NoWitnessKey);
        };
        let public = public.try_into().map_err(|_| NoWitnessKey)?;
        let key = Self {
            name: name.to_owned(),
            id: note::key_id(name, COSIGNATURE, &public),
            public,
        };
        let named = note::is_name(name) && key.to_string() == text && id.len() == 8;
        if named { Ok(key) } else { Err(NoWitnessKey) }
    }
}

impl fmt::Display for WitnessKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&note::key_text(&self.name, COSIGNATURE, &self.public))
    }
}

/// What a witness is sent that last saw `old` records: proof that this checkpoint continues them, and the checkpoint. `None`
/// where it saw more than there are.
///
/// # Errors
/// The database cannot be read.
pub fn request(tx: &mut Tx<'_>, old: i64, checkpoint: &Checkpoint) -> Result<Option<String>, StoreError> {
    let (Ok(first), Ok(second)) = (u64::try_from(old), u64::try_from(checkpoint.size)) else {
        return Ok(None);
    };
    if first > second || records::by_seq(tx, checkpoint.size)?.is_none() {
        return Ok(None);
    }
    let path = proof::consistency(&mut Stored::new(tx, second), first, second)?;
    let mut request = format!("old {old}\n");
    for hash in path {
        STANDARD.encode_string(hash, &mut request);
        request.push('\n');
    }
    request.push('\n');
    request += checkpoint.note();
    Ok(Some(request))
}

/// The type of a timestamped Ed25519 cosignature.
const COSIGNATURE: u8 = 4;

#[cfg(test)]
mod tests;
