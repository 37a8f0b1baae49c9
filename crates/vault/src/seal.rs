//! Sealing and opening values in their context.

use vouchsafe_model::{KeyId, SealContext, Sealed, Secret};

use crate::data_key::OpenDataKey;
use crate::envelope::{Envelope, NamedKey};
use crate::error::VaultError;
use crate::framing::framed;
use crate::vault::Vault;

impl Vault {
    /// Seals a connection's secret with its data key.
    pub fn seal(
        &self,
        key: &OpenDataKey,
        context: &SealContext<'_>,
        plaintext: &Secret<String>,
    ) -> Sealed<String> {
        let wire = key.named().seal(
            &self.aad(context),
            plaintext.expose().as_bytes(),
            &self.keys().ids,
        );
        Sealed::from_bytes(wire)
    }

    /// Opens what [`Vault::seal`] made with the same key in the same context. A row moved to another table keeps the
    /// context of the table it was sealed in.
    pub fn open(
        &self,
        key: &OpenDataKey,
        context: &SealContext<'_>,
        sealed: &Sealed<String>,
    ) -> Result<Secret<String>, VaultError> {
        let envelope = parse(context, sealed)?;
        if envelope.key_id() != key.id.as_str() {
            return Err(VaultError::SealedByAnotherKey {
                table: context.table.to_owned(),
                column: context.column.to_owned(),
                data_key_id: key.id.clone(),
            });
        }
        self.open_text(&envelope, key.named().key, context)
    }

    /// Seals a secret of the server itself, or one that has no connection yet, with the active instance key. The
    /// caller turns a `T` into text.
    pub fn seal_for_server<T>(&self, context: &SealContext<'_>, plaintext: &Secret<String>) -> Sealed<T> {
        let (id, key) = self.keys().sealing.active();
        let by = NamedKey { id: id.as_str(), key };
        Sealed::from_bytes(by.seal(
            &self.aad(context),
            plaintext.expose().as_bytes(),
            &self.keys().ids,
        ))
    }

    /// Opens what [`Vault::seal_for_server`] made in the same context, whichever live instance key sealed it.
    pub fn open_for_server<T>(
        &self,
        context: &SealContext<'_>,
        sealed: &Sealed<T>,
    ) -> Result<Secret<String>, VaultError> {
        let envelope = parse(context, sealed)?;
        let by_id: KeyId = envelope.key_id().parse().map_err(|_| not_sealed(context))?;
        let by = self.keys().sealing.find(&by_id);
        let by = by.ok_or(VaultError::InstanceKeyUnknown { key_id: by_id })?;
        self.open_text(&envelope, by, context)
    }

    fn open_text(
        &self,
        envelope: &Envelope<'_>,
        key: &Secret<[u8; 32]>,
        context: &SealContext<'_>,
    ) -> Result<Secret<String>, VaultError> {
        let opened = envelope
            .open(key, &self.aad(context))
            .map_err(|_| not_opened(context))?;
        let text = str::from_utf8(opened.expose()).map_err(|_| not_opened(context))?;
        Ok(Secret::from(text))
    }

    /// What the ciphertext is bound to. A change here makes every stored secret unreadable: it needs a new domain
    /// (`vouchsafe/seal/2`) and a migration.
    fn aad(&self, context: &SealContext<'_>) -> Vec<u8> {
        framed(&[
            b"vouchsafe/seal/1",
            self.instance().as_str().as_bytes(),
            context.table.as_bytes(),
            context.column.as_bytes(),
            context.row.as_bytes(),
            context.user.as_bytes(),
            context.provider.as_bytes(),
            context.hosts.as_bytes(),
            &context.version.to_be_bytes(),
        ])
    }
}

fn parse<'a, T>(context: &SealContext<'_>, sealed: &'a Sealed<T>) -> Result<Envelope<'a>, VaultError> {
    Envelope::parse(sealed.as_bytes()).map_err(|_| not_sealed(context))
}

fn not_sealed(context: &SealContext<'_>) -> VaultError {
    VaultError::NotSealed {
        table: context.table.to_owned(),
        column: context.column.to_owned(),
    }
}

fn not_opened(context: &SealContext<'_>) -> VaultError {
    VaultError::NotOpened {
        table: context.table.to_owned(),
        column: context.column.to_owned(),
    }
}
