//! Moving sealed secrets into the queue: ciphertext, key reference and context of the seal, all unchanged. Nothing is
//! opened, so no key provider is asked.

use vouchsafe_model::{Connection, RevocationId, RevocationSecret};

use crate::holdings::{Holding, Holdings};
use crate::sealing::{ACCESS_TOKENS, REFRESH_TOKEN, TOKEN, UPSTREAM_GRANTS, access_token_row};

/// Every secret of a connection.
pub(super) fn secrets_of(
    id: &RevocationId,
    connection: &Connection,
    held: &Holdings,
) -> Vec<RevocationSecret> {
    held.grants
        .iter()
        .flat_map(|holding| secrets_of_grant(id, connection, holding))
        .collect()
}

/// The refresh token of a grant and its access tokens.
pub(crate) fn secrets_of_grant(
    id: &RevocationId,
    connection: &Connection,
    holding: &Holding,
) -> Vec<RevocationSecret> {
    let grant = &holding.grant;
    let refresh = grant.refresh_token.iter().map(|sealed| RevocationSecret {
        revocation_id: id.clone(),
        kind: REFRESH.to_owned(),
        part: grant.part.clone(),
        origin_table: UPSTREAM_GRANTS.to_owned(),
        origin_column: REFRESH_TOKEN.to_owned(),
        origin_row: grant.id.to_string(),
        version: grant.version,
        hosts: connection.hosts,
        sealed: sealed.as_bytes().to_vec(),
        data_key_id: grant.data_key_id.to_string(),
        expires_at: grant.refresh_expires_at,
    });
    let access = holding.tokens.iter().map(|token| RevocationSecret {
        revocation_id: id.clone(),
        kind: ACCESS.to_owned(),
        part: grant.part.clone(),
        origin_table: ACCESS_TOKENS.to_owned(),
        origin_column: TOKEN.to_owned(),
        origin_row: access_token_row(token),
        version: token.version,
        hosts: connection.hosts,
        sealed: token.token.as_bytes().to_vec(),
        data_key_id: token.data_key_id.to_string(),
        expires_at: token.expires_at,
    });
    refresh.chain(access).collect()
}

/// `kind` of a refresh token.
pub(crate) const REFRESH: &str = "refresh_token";
/// `kind` of an access token.
pub(crate) const ACCESS: &str = "access_token";
