//! Pages of a table, in order of id, for looking through it without reading all of it. A row that cannot be read hides no
//! other: the page goes on behind it, and says which it was.

use crate::column::Keyed;
use crate::error::StoreError;

/// Some rows, and where to go on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Page<T> {
    /// The rows.
    pub items: Vec<T>,
    /// The last id that was looked at; `None` = nothing follows. A page may be short, even empty, and still have one.
    pub next: Option<String>,
    /// Which rows were looked at and cannot be shown, by their ids: damaged, or changed past the server. Each is in the
    /// log, with the reason.
    pub unreadable: Vec<String>,
}

impl<T> Page<T> {
    /// Of rows of which one more than `limit` was asked for: the one too many says that something follows.
    pub(crate) fn read<R: Keyed>(
        mut rows: Vec<R>,
        limit: i64,
        value: impl Fn(R) -> Result<T, StoreError>,
    ) -> Self {
        let limit = usize::try_from(limit).unwrap_or_default();
        let more = rows.len() > limit;
        rows.truncate(limit);
        let mut page = Self {
            items: Vec::new(),
            next: rows.last().filter(|_| more).map(|row| row.key().to_owned()),
            unreadable: Vec::new(),
        };
        for row in rows {
            let id = row.key().to_owned();
            match value(row) {
                Ok(item) => page.items.push(item),
                Err(error) => {
                    tracing::error!(error = %error, "a row was left out");
                    page.unreadable.push(id);
                }
            }
        }
        page
    }

    /// The same page with other rows for its rows. A row that is none, whose id is the error, is left out and named.
    pub fn try_map<U>(self, mut row: impl FnMut(T) -> Result<U, String>) -> Page<U> {
        let mut page = Page {
            items: Vec::with_capacity(self.items.len()),
            next: self.next,
            unreadable: self.unreadable,
        };
        for item in self.items {
            match row(item) {
                Ok(item) => page.items.push(item),
                Err(id) => page.unreadable.push(id),
            }
        }
        page.unreadable.sort();
        page
    }
}

/// How many rows a page looks at where no index serves its filter.
pub(crate) const WINDOW: i64 = 10_000;
