//! Secrets of clients: generated here, shown once, at most two at a time, so that one can replace the other without a
//! pause.

use vouchsafe_audit::Origin;
use vouchsafe_model::{Client, ClientId, Secret};
use vouchsafe_store::Tx;

use crate::admin_clients::ClientRefusal;
use crate::authorization_server::AuthorizationServer;

/// A secret that was just made. Nobody is shown it again.
#[derive(Debug, Clone)]
pub struct NewClientSecret {
    /// Names it among the client's secrets.
    pub id: String,
    /// The secret.
    pub secret: Secret<String>,
}

impl AuthorizationServer {
    /// One more secret for a client.
    pub async fn add_client_secret(
        &self,
        id: &ClientId,
        origin: &Origin,
    ) -> Result<NewClientSecret, ClientRefusal> {
        let (new, digest) = self.new_secret(id);
        let apply = move |_: &mut Tx<'_>, before: &Client| {
            if before.is_public() {
                return Err(ClientRefusal::SecretForPublicClient);
            }
            if before.secrets.len() >= MOST_SECRETS {
                return Err(ClientRefusal::SecretsFull);
            }
            let mut after = before.clone();
            after.secrets.push(digest);
            Ok(after)
        };
        self.administer(id, apply, origin).await.map(|_| new)
    }

    /// From here on this secret authenticates nobody. A client keeps at least one.
    pub async fn delete_client_secret(
        &self,
        id: &ClientId,
        secret_id: &str,
        origin: &Origin,
    ) -> Result<Client, ClientRefusal> {
        let secret_id = secret_id.to_owned();
        let apply = move |_: &mut Tx<'_>, before: &Client| {
            let mut after = before.clone();
            after.secrets.retain(|secret| secret.id() != secret_id);
            match (before.secrets.len(), after.secrets.len()) {
                (had, has) if had == has => Err(ClientRefusal::SecretNotFound),
                (_, 0) => Err(ClientRefusal::LastSecret),
                _ => Ok(after),
            }
        };
        self.administer(id, apply, origin).await
    }
}

const MOST_SECRETS: usize = 2;
