//! Client secrets and admin keys, kept as keyed MACs: they have 256 random bits, so a slow hash would add nothing.

use subtle::{Choice, ConstantTimeEq};
use vouchsafe_model::{ClientSecretDigest, Secret};

use crate::mac::MacKey;
use crate::vault::Vault;

impl Vault {
    /// What to store of a generated secret. The owner is inside: copied to another owner it authenticates nobody.
    pub fn client_secret(&self, kind: &str, owner: &str, secret: &Secret<String>) -> ClientSecretDigest {
        let (key_id, key) = self.keys().client_secret.active();
        ClientSecretDigest {
            key_id: key_id.clone(),
            mac: mac(key, kind, owner, secret.expose()),
            created_at: None,
        }
    }

    /// Whether `secret` is one of the owner's. For an owner that does not exist pass no digests: the same work is
    /// done, so that the time does not tell who exists. No early return for the same reason.
    pub fn client_secret_matches(
        &self,
        kind: &str,
        owner: &str,
        digests: &[ClientSecretDigest],
        secret: &str,
    ) -> bool {
        let (active_id, active) = self.keys().client_secret.active();
        let nobody = [ClientSecretDigest {
            key_id: active_id.clone(),
            mac: [0; 32],
            created_at: None,
        }];
        let (digests, exists) = if digests.is_empty() {
            (&nobody[..], 0)
        } else {
            (digests, 1)
        };
        let matches = digests.iter().fold(Choice::from(0), |matches, digest| {
            let found = self.keys().client_secret.find(&digest.key_id);
            let known = Choice::from(u8::from(found.is_some()));
            let equal = mac(found.unwrap_or(active), kind, owner, secret).ct_eq(&digest.mac);
            matches | (equal & known)
        });
        (matches & Choice::from(exists)).into()
    }
}

fn mac(key: &MacKey, kind: &str, owner: &str, secret: &str) -> [u8; 32] {
    key.mac(&[
        b"vouchsafe/client-secret/1",
        kind.as_bytes(),
        owner.as_bytes(),
        secret.as_bytes(),
    ])
}
