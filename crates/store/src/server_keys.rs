//! `server_keys`: the server's own wrapped keys.

use diesel::prelude::*;
use vouchsafe_model::{ServerKey, UnixMillis};

use crate::column::{Keyed, all as all_rows, parsed};
use crate::error::StoreError;
use crate::transaction::Tx;

mod schema {
    diesel::table! {
        server_keys (id) {
            id -> Text,
            purpose -> Text,
            state -> Text,
            sealed -> Binary,
            public -> Nullable<Binary>,
            created_at -> BigInt,
        }
    }
}
use schema::server_keys;

#[derive(Queryable, Selectable, Insertable)]
#[diesel(table_name = server_keys, treat_none_as_default_value = false)]
struct ServerKeyRow {
    id: String,
    purpose: String,
    state: String,
    sealed: Vec<u8>,
    public: Option<Vec<u8>>,
    created_at: i64,
}

impl Keyed for ServerKeyRow {
    fn key(&self) -> &str {
        &self.id
    }
}

/// Inserts a key.
pub fn insert(tx: &mut Tx<'_>, key: &ServerKey) -> Result<(), StoreError> {
    let row = ServerKeyRow {
        id: key.id.to_string(),
        purpose: key.purpose.to_string(),
        state: key.state.to_string(),
        sealed: key.sealed.clone(),
        public: key.public.clone(),
        created_at: key.created_at.0,
    };
    tx.run(|conn| diesel::insert_into(server_keys::table).values(&row).execute(conn))?;
    Ok(())
}

/// All keys, oldest first.
pub fn all(tx: &mut Tx<'_>) -> Result<Vec<ServerKey>, StoreError> {
    let rows = tx.run(|conn| {
        server_keys::table
            .order(server_keys::id)
            .select(ServerKeyRow::as_select())
            .load(conn)
    })?;
    all_rows(rows)
}

/// Whether there is any.
pub(crate) fn any(tx: &mut Tx<'_>) -> Result<bool, StoreError> {
    let row = tx.run(|conn| {
        server_keys::table
            .select(server_keys::id)
            .first::<String>(conn)
            .optional()
    })?;
    Ok(row.is_some())
}

impl TryFrom<ServerKeyRow> for ServerKey {
    type Error = StoreError;

    fn try_from(row: ServerKeyRow) -> Result<Self, StoreError> {
        Ok(Self {
            id: parsed(&row.id, TABLE, "id")?,
            purpose: parsed(&row.purpose, TABLE, "purpose")?,
            state: parsed(&row.state, TABLE, "state")?,
            sealed: row.sealed,
            public: row.public,
            created_at: UnixMillis(row.created_at),
        })
    }
}

const TABLE: &str = "server_keys";
