//! `sessions`: people in browsers. `ended_at` is not under the tag: ending only narrows.

use diesel::prelude::*;
use vouchsafe_model::{Digest, Session, SessionId, Tagged, UnixMillis, UserId};

use crate::column::WithTime;
use crate::column::{Keyed, bytes32, parsed, tagged, time, value};
use crate::error::StoreError;
use crate::transaction::Tx;

mod schema {
    diesel::table! {
        sessions (id) {
            id -> Text,
            user_id -> Text,
            secret -> Binary,
            authenticated_at -> BigInt,
            expires_at -> BigInt,
            tag_key_id -> Text,
            tag_mac -> Binary,
            ended_at -> Nullable<BigInt>,
        }
    }
}
use schema::sessions;

#[derive(Queryable, Selectable, Insertable)]
#[diesel(table_name = sessions)]
struct SessionRow {
    id: String,
    user_id: String,
    secret: Vec<u8>,
    authenticated_at: i64,
    expires_at: i64,
    tag_key_id: String,
    tag_mac: Vec<u8>,
}

impl Keyed for SessionRow {
    fn key(&self) -> &str {
        &self.id
    }
}

/// Inserts a session.
pub fn insert(tx: &mut Tx<'_>, session: &Tagged<Session>) -> Result<(), StoreError> {
    let row = SessionRow::from(session);
    tx.run(|conn| diesel::insert_into(sessions::table).values(&row).execute(conn))?;
    Ok(())
}

/// The session of a cookie, and when it was ended.
pub fn by_secret(tx: &mut Tx<'_>, secret: &Digest<Session>) -> Result<Option<WithTime<Session>>, StoreError> {
    let row = tx.run(|conn| {
        sessions::table
            .filter(sessions::secret.eq(secret.as_bytes().as_slice()))
            .select((SessionRow::as_select(), sessions::ended_at))
            .first(conn)
            .optional()
    })?;
    with_end(row)
}

/// The session of this id, and when it was ended.
pub fn by_id(tx: &mut Tx<'_>, id: &SessionId) -> Result<Option<WithTime<Session>>, StoreError> {
    let row = tx.run(|conn| {
        sessions::table
            .find(id.as_str())
            .select((SessionRow::as_select(), sessions::ended_at))
            .first(conn)
            .optional()
    })?;
    with_end(row)
}

/// Ends a session; whether it was open.
pub fn end(tx: &mut Tx<'_>, id: &SessionId, at: UnixMillis) -> Result<bool, StoreError> {
    let open = sessions::table
        .filter(sessions::id.eq(id.as_str()))
        .filter(sessions::ended_at.is_null());
    let ended = tx.run(|conn| {
        diesel::update(open)
            .set(sessions::ended_at.eq(Some(at.0)))
            .execute(conn)
    })?;
    Ok(ended > 0)
}

/// Ends all open sessions of a user and names them.
pub fn end_all_of_user(tx: &mut Tx<'_>, user: &UserId, at: UnixMillis) -> Result<Vec<SessionId>, StoreError> {
    let open = sessions::table
        .filter(sessions::user_id.eq(user.as_str()))
        .filter(sessions::ended_at.is_null());
    let ended = tx.run(|conn| {
        diesel::update(open)
            .set(sessions::ended_at.eq(Some(at.0)))
            .returning(sessions::id)
            .get_results::<String>(conn)
    })?;
    ended.iter().map(|id| parsed(id, TABLE, "id")).collect()
}

/// Deletes sessions that expired before `before`; how many.
pub fn purge_expired(tx: &mut Tx<'_>, before: UnixMillis) -> Result<usize, StoreError> {
    let expired = sessions::table.filter(sessions::expires_at.lt(before.0));
    tx.run(|conn| diesel::delete(expired).execute(conn))
}

/// Deletes every session of a user.
pub fn delete_of_user(tx: &mut Tx<'_>, user: &UserId) -> Result<(), StoreError> {
    let theirs = sessions::table.filter(sessions::user_id.eq(user.as_str()));
    tx.run(|conn| diesel::delete(theirs).execute(conn))?;
    Ok(())
}

type RowWithEnd = (SessionRow, Option<i64>);

fn with_end(row: Option<RowWithEnd>) -> Result<Option<WithTime<Session>>, StoreError> {
    row.map(|(row, ended_at)| Ok((value(row)?, time(ended_at))))
        .transpose()
}

impl From<&Tagged<Session>> for SessionRow {
    fn from(tagged: &Tagged<Session>) -> Self {
        let session = tagged.unverified();
        Self {
            id: session.id.to_string(),
            user_id: session.user_id.to_string(),
            secret: session.secret.as_bytes().to_vec(),
            authenticated_at: session.authenticated_at.0,
            expires_at: session.expires_at.0,
            tag_key_id: tagged.tag().key_id.to_string(),
            tag_mac: tagged.tag().mac.to_vec(),
        }
    }
}

impl TryFrom<SessionRow> for Tagged<Session> {
    type Error = StoreError;

    fn try_from(row: SessionRow) -> Result<Self, StoreError> {
        let session = Session {
            id: parsed(&row.id, TABLE, "id")?,
            user_id: parsed(&row.user_id, TABLE, "user_id")?,
            secret: Digest::from_bytes(bytes32(&row.secret, TABLE, "secret")?),
            authenticated_at: UnixMillis(row.authenticated_at),
            expires_at: UnixMillis(row.expires_at),
        };
        tagged(session, &row.tag_key_id, &row.tag_mac, TABLE)
    }
}

const TABLE: &str = "sessions";
