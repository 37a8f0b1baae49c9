//! Pages of a table, in order of id, for looking through it without reading all of it.

/// Some rows, and where to go on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Page<T> {
    /// The rows.
    pub items: Vec<T>,
    /// The last id that was looked at; `None` = nothing follows. A page may be short, even empty, and still have one.
    pub next: Option<String>,
}

impl<T> Page<T> {
    /// Of rows of which one more than `limit` was asked for: the one too many says that something follows.
    pub fn trimmed(mut items: Vec<T>, limit: i64, id: impl Fn(&T) -> String) -> Self {
        let limit = usize::try_from(limit).unwrap_or_default();
        let more = items.len() > limit;
        items.truncate(limit);
        let next = items.last().filter(|_| more).map(id);
        Self { items, next }
    }

    /// The same page with other rows for its rows; those without one are left out, and the page goes on behind them.
    pub fn filter_map<U>(self, row: impl FnMut(T) -> Option<U>) -> Page<U> {
        Page {
            items: self.items.into_iter().filter_map(row).collect(),
            next: self.next,
        }
    }
}

/// How many rows a page looks at where no index serves its filter.
pub(crate) const WINDOW: i64 = 10_000;
