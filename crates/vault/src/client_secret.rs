//! Client secrets and admin keys, kept as keyed MACs: they have 256 random bits, so a slow hash would add nothing.

use subtle::{Choice, ConditionallySelectable as _, ConstantTimeEq as _};
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

    /// Which of the owner's secrets `secret` is. For an owner that does not exist pass no digests: the same work is
    /// done, so that the time does not tell who exists. No early return for the same reason.
    pub fn matching_client_secret<'a>(
        &self,
        kind: &str,
        owner: &str,
        digests: &'a [ClientSecretDigest],
        secret: &str,
    ) -> Option<&'a ClientSecretDigest> {
        let (active_id, active) = self.keys().client_secret.active();
        let nobody = [ClientSecretDigest {
            key_id: active_id.clone(),
            mac: [0; 32],
            created_at: None,
        }];
        let compared = if digests.is_empty() { &nobody } else { digests };
        // One behind the place of the match; 0 = none.
        let place = (1_u32..).zip(compared).fold(0, |place, (number, digest)| {
            let found = self.keys().client_secret.find(&digest.key_id);
            let known = Choice::from(u8::from(found.is_some()));
            let equal = mac(found.unwrap_or(active), kind, owner, secret).ct_eq(&digest.mac);
            u32::conditional_select(&place, &number, equal & known)
        });
        let place = usize::try_from(place).unwrap_or_default();
        digests.get(place.checked_sub(1)?)
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
