//! Randomness as a parameter, and the generator of ids.

use std::cell::RefCell;
use std::sync::{Arc, Mutex, PoisonError};

use sha2::{Digest as _, Sha256};
use uuid::{Builder, Uuid};
use zeroize::Zeroize as _;

use crate::clock::Clock;
use crate::id::TypedId;
use crate::secret::Secret;

/// A source of random bytes. Keys, codes, tokens and nonces all come from here.
pub trait Entropy: Send + Sync + 'static {
    /// Fills `buffer` with bytes that nobody can predict.
    fn fill(&self, buffer: &mut [u8]);
}

/// The operating system's generator.
#[derive(Debug, Clone, Copy, Default)]
pub struct OsEntropy;

impl Entropy for OsEntropy {
    fn fill(&self, buffer: &mut [u8]) {
        if buffer.len() <= SHORT {
            DRAWN.with_borrow_mut(|drawn| drawn.take(buffer));
        } else {
            draw(buffer);
        }
    }
}

fn draw(buffer: &mut [u8]) {
    // Without randomness nothing safe can be done; the process must not go on.
    getrandom::fill(buffer).expect("the operating system provides randomness");
}

thread_local! {
    static DRAWN: RefCell<Drawn> = const { RefCell::new(Drawn { bytes: [0; SUPPLY], left: 0 }) };
}

/// Bytes of the operating system that nobody has had yet: ids and salts are many and short, and each would cost a system
/// call. What is long enough to be a key never comes from here.
struct Drawn {
    bytes: [u8; SUPPLY],
    left: usize,
}

impl Drawn {
    fn take(&mut self, buffer: &mut [u8]) {
        if self.left < buffer.len() {
            draw(&mut self.bytes);
            self.left = SUPPLY;
        }
        let given = &mut self.bytes[self.left - buffer.len()..self.left];
        buffer.copy_from_slice(given);
        given.zeroize();
        self.left -= buffer.len();
    }
}

/// Ids take 10 bytes, salts 16.
const SHORT: usize = 16;
const SUPPLY: usize = 1024;

/// A reproducible stream for tests and simulation: SHA-256 of seed and counter. Never for real keys.
pub struct SeededEntropy {
    seed: u64,
    counter: Mutex<u64>,
}

impl SeededEntropy {
    /// The stream of `seed`.
    pub const fn new(seed: u64) -> Self {
        Self {
            seed,
            counter: Mutex::new(0),
        }
    }
}

impl Entropy for SeededEntropy {
    fn fill(&self, buffer: &mut [u8]) {
        let mut counter = self.counter.lock().unwrap_or_else(PoisonError::into_inner);
        for chunk in buffer.chunks_mut(32) {
            let block = Sha256::new()
                .chain_update(self.seed.to_be_bytes())
                .chain_update(counter.to_be_bytes())
                .finalize();
            *counter += 1;
            chunk.copy_from_slice(&block[..chunk.len()]);
        }
    }
}

/// Makes ids (UUIDv7 from the injected clock) and random values.
#[derive(Clone)]
pub struct Ids {
    clock: Arc<dyn Clock>,
    entropy: Arc<dyn Entropy>,
}

impl Ids {
    /// A generator on these two sources.
    pub fn new(clock: Arc<dyn Clock>, entropy: Arc<dyn Entropy>) -> Self {
        Self { clock, entropy }
    }

    /// A fresh id.
    pub fn next<I: TypedId>(&self) -> I {
        I::from_uuid(self.uuid())
    }

    /// Random bytes that are no secret (nonces, salts).
    pub fn bytes<const N: usize>(&self) -> [u8; N] {
        let mut bytes = [0; N];
        self.entropy.fill(&mut bytes);
        bytes
    }

    /// Random bytes that are a secret (keys).
    pub fn secret_bytes<const N: usize>(&self) -> Secret<[u8; N]> {
        Secret::new(self.bytes())
    }

    /// A secret of 256 bits as 64 hexadecimal characters: no `%`, `+` or `:`, so that every reading of HTTP Basic
    /// agrees on it.
    pub fn secret_text(&self) -> Secret<String> {
        let bytes = self.secret_bytes::<32>();
        Secret::new(
            bytes
                .expose()
                .iter()
                .fold(String::with_capacity(64), |mut text, byte| {
                    text.push(char::from_digit(u32::from(byte >> 4), 16).unwrap_or('0'));
                    text.push(char::from_digit(u32::from(byte & 15), 16).unwrap_or('0'));
                    text
                }),
        )
    }

    fn uuid(&self) -> Uuid {
        let millis = u64::try_from(self.clock.now().0).unwrap_or(0);
        Builder::from_unix_timestamp_millis(millis, &self.bytes()).into_uuid()
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;
    use crate::clock::{FixedClock, UnixMillis};
    use crate::id::UserId;

    fn ids(seed: u64) -> Ids {
        Ids::new(
            Arc::new(FixedClock::at(UnixMillis(1_763_000_000_000))),
            Arc::new(SeededEntropy::new(seed)),
        )
    }

    #[test]
    fn the_same_seed_gives_the_same_ids() {
        assert_eq!(ids(7).next::<UserId>(), ids(7).next::<UserId>());
        assert_ne!(ids(7).next::<UserId>(), ids(8).next::<UserId>());
        assert_eq!(ids(7).next::<UserId>().made_at(), UnixMillis(1_763_000_000_000));
    }

    #[test]
    fn short_draws_never_repeat() {
        let mut seen = HashSet::new();
        for _ in 0..10_000 {
            let mut short = [0; SHORT];
            OsEntropy.fill(&mut short);
            assert!(seen.insert(short));
        }
    }

    #[test]
    fn tok_2_3_08__generated_secrets_have_256_bits_and_differ() {
        let ids = Ids::new(Arc::new(FixedClock::at(UnixMillis(0))), Arc::new(OsEntropy));
        let (a, b) = (ids.secret_text(), ids.secret_text());
        assert_eq!(a.expose().len(), 64);
        assert_ne!(a.expose(), b.expose());
    }
}
