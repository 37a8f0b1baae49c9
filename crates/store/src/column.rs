//! Between columns and the values of the model. Whatever cannot be read is [`StoreError::Corrupt`], by table and
//! column, never by value.

use std::str::FromStr;

use serde::Serialize;
use serde::de::DeserializeOwned;
use vouchsafe_model::{Tag, Tagged, UnixMillis};

use crate::error::StoreError;

/// A row under a tag, and when that happened to it which is not under the tag: see the query that returns it.
pub type WithTime<T> = (Tagged<T>, Option<UnixMillis>);

/// Text of an id or of an enum.
pub(crate) fn parsed<T: FromStr>(
    text: &str,
    table: &'static str,
    what: &'static str,
) -> Result<T, StoreError> {
    text.parse().map_err(|_| StoreError::corrupt(table, what))
}

/// As [`parsed`], for a column that may be NULL.
pub(crate) fn parsed_option<T: FromStr>(
    text: Option<&str>,
    table: &'static str,
    what: &'static str,
) -> Result<Option<T>, StoreError> {
    text.map(|text| parsed(text, table, what)).transpose()
}

/// A list, scope or bound, kept as JSON.
pub(crate) fn from_json<T: DeserializeOwned>(
    text: &str,
    table: &'static str,
    what: &'static str,
) -> Result<T, StoreError> {
    serde_json::from_str(text).map_err(|_| StoreError::corrupt(table, what))
}

/// The JSON of a list, scope or bound.
pub(crate) fn to_json<T: Serialize>(value: &T) -> String {
    serde_json::to_string(value).expect("lists, scopes and bounds of the model serialise")
}

/// A digest, MAC or hash.
pub(crate) fn bytes32(bytes: &[u8], table: &'static str, what: &'static str) -> Result<[u8; 32], StoreError> {
    bytes.try_into().map_err(|_| StoreError::corrupt(table, what))
}

/// A time that may be missing.
pub(crate) fn time(millis: Option<i64>) -> Option<UnixMillis> {
    millis.map(UnixMillis)
}

/// A time that may be missing, for storing.
pub(crate) fn millis(time: Option<UnixMillis>) -> Option<i64> {
    time.map(|time| time.0)
}

/// A value with the tag that stood beside it.
pub(crate) fn tagged<T>(
    value: T,
    key_id: &str,
    mac: &[u8],
    table: &'static str,
) -> Result<Tagged<T>, StoreError> {
    let tag = Tag {
        key_id: parsed(key_id, table, "tag_key_id")?,
        mac: bytes32(mac, table, "tag_mac")?,
    };
    Ok(Tagged::new(value, tag))
}

/// A row that can be named.
pub(crate) trait Keyed {
    /// Its key, or the part of it that names no person.
    fn key(&self) -> &str;
}

/// An id alone.
impl Keyed for String {
    fn key(&self) -> &str {
        self
    }
}

/// Turns rows into values; the first damaged one fails all.
pub(crate) fn all<R, T>(rows: Vec<R>) -> Result<Vec<T>, StoreError>
where
    R: Keyed,
    T: TryFrom<R, Error = StoreError>,
{
    rows.into_iter().map(value).collect()
}

/// What each row is by itself: for looking through all of them, the damaged ones included.
pub type Each<T> = Vec<Result<T, StoreError>>;

/// The same, by the keys of the rows.
pub type EachByKey<T> = Vec<(String, Result<T, StoreError>)>;

/// Turns each row into a value.
pub(crate) fn each_row<R, T>(rows: Vec<R>) -> Each<T>
where
    R: Keyed,
    T: TryFrom<R, Error = StoreError>,
{
    rows.into_iter().map(value).collect()
}

/// Turns rows into values, and leaves the damaged ones out: for rows of many people, where one must not stop the others.
/// Each is named in the log.
pub(crate) fn readable<R, T>(rows: Vec<R>) -> Vec<T>
where
    R: Keyed,
    T: TryFrom<R, Error = StoreError>,
{
    let read = |row| value(row).inspect_err(|error| tracing::error!(error = %error, "a row was left out"));
    rows.into_iter().map(read).filter_map(Result::ok).collect()
}

/// Turns a row that may be missing into a value.
pub(crate) fn one<R, T>(row: Option<R>) -> Result<Option<T>, StoreError>
where
    R: Keyed,
    T: TryFrom<R, Error = StoreError>,
{
    row.map(value).transpose()
}

/// Turns a row into a value.
pub(crate) fn value<R, T>(row: R) -> Result<T, StoreError>
where
    R: Keyed,
    T: TryFrom<R, Error = StoreError>,
{
    let key = row.key().to_owned();
    T::try_from(row).map_err(|error| error.in_row(&key))
}
