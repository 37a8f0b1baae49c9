//! `revoked_access`: epochs. What a user, client or provider had by then is revoked, swept or not.

use diesel::dsl::max;
use diesel::prelude::*;
use vouchsafe_model::{AccessOf, ClientId, ProviderId, UnixMillis, UserId};

use crate::error::StoreError;
use crate::transaction::Tx;

pub(crate) mod schema {
    diesel::table! {
        revoked_access (kind, id) {
            kind -> Text,
            id -> Text,
            revoked_at -> BigInt,
        }
    }
}
use schema::revoked_access;

/// Revokes everything that `of` has until `at`. Never moves back.
pub fn put(tx: &mut Tx<'_>, of: &AccessOf, at: UnixMillis) -> Result<(), StoreError> {
    let earlier = revoked_access::table
        .find((of.kind(), of.id()))
        .filter(revoked_access::revoked_at.le(at.0));
    let moved = tx.run(|conn| {
        diesel::update(earlier)
            .set(revoked_access::revoked_at.eq(at.0))
            .execute(conn)
    })?;
    if moved > 0 || self::at(tx, of)?.is_some() {
        return Ok(());
    }
    let row = (
        revoked_access::kind.eq(of.kind()),
        revoked_access::id.eq(of.id()),
        revoked_access::revoked_at.eq(at.0),
    );
    tx.run(|conn| {
        diesel::insert_into(revoked_access::table)
            .values(row)
            .execute(conn)
    })?;
    Ok(())
}

/// Makes the row ours until the end of the transaction, without saying anything yet.
pub fn hold(tx: &mut Tx<'_>, of: &AccessOf) -> Result<(), StoreError> {
    put(tx, of, UnixMillis(0))?;
    let row = revoked_access::table.find((of.kind(), of.id()));
    tx.run(|conn| {
        diesel::update(row)
            .set(revoked_access::revoked_at.eq(revoked_access::revoked_at))
            .execute(conn)
    })?;
    Ok(())
}

/// Until when everything of `of` is revoked.
pub fn at(tx: &mut Tx<'_>, of: &AccessOf) -> Result<Option<UnixMillis>, StoreError> {
    let row = revoked_access::table
        .find((of.kind(), of.id()))
        .select(revoked_access::revoked_at);
    let at: Option<i64> = tx.run(|conn| row.first(conn).optional())?;
    Ok(at.map(UnixMillis))
}

/// Until when everything of a client is revoked.
pub fn of_client(tx: &mut Tx<'_>, id: &ClientId) -> Result<Option<UnixMillis>, StoreError> {
    at(tx, &AccessOf::Client(id.clone()))
}

/// Until when connections of this user at this provider are revoked.
pub fn of_connections(
    tx: &mut Tx<'_>,
    user: &UserId,
    provider: &ProviderId,
) -> Result<Option<UnixMillis>, StoreError> {
    let user = revoked_access::kind
        .eq("user")
        .and(revoked_access::id.eq(user.as_str()));
    let provider = revoked_access::kind
        .eq("provider")
        .and(revoked_access::id.eq(provider.as_str()));
    let rows = revoked_access::table
        .filter(user.or(provider))
        .select(max(revoked_access::revoked_at));
    let at: Option<i64> = tx.run(|conn| rows.first(conn))?;
    Ok(at.map(UnixMillis))
}

/// Whether what was there at `at` is revoked.
pub fn covers(revoked: Option<UnixMillis>, at: UnixMillis) -> bool {
    revoked.is_some_and(|revoked| at <= revoked)
}

/// `now`, for what is new and must not count as there before: another server's clock may be ahead of ours.
pub fn behind(revoked: Option<UnixMillis>, now: UnixMillis) -> UnixMillis {
    revoked.map_or(now, |revoked| now.max(UnixMillis(revoked.0.saturating_add(1))))
}

/// The latest epoch of all.
pub fn latest(tx: &mut Tx<'_>) -> Result<Option<UnixMillis>, StoreError> {
    let at: Option<i64> = tx.run(|conn| {
        revoked_access::table
            .select(max(revoked_access::revoked_at))
            .first(conn)
    })?;
    Ok(at.map(UnixMillis))
}

/// Every epoch, by the text of whose it is. There are few: one for each time that somebody revoked everything of
/// somebody else.
pub fn all(tx: &mut Tx<'_>) -> Result<Vec<(String, UnixMillis)>, StoreError> {
    let rows: Vec<(String, String, i64)> = tx.run(|conn| {
        revoked_access::table
            .order((revoked_access::kind, revoked_access::id))
            .load(conn)
    })?;
    let named = |(kind, id, at)| (format!("{kind} {id}"), UnixMillis(at));
    Ok(rows.into_iter().map(named).collect())
}
