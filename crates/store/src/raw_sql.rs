//! SQL past the queries, for tests that play an attacker with write access to the database.

use diesel::RunQueryDsl as _;
use diesel::connection::SimpleConnection as _;
use diesel::{QueryableByName, sql_query};

use crate::conn::Conn;
use crate::location::{Checkpoints, Location};
use crate::transaction::Access;

/// Runs statements on a connection of its own. Panics on failure: a test cannot go on.
pub fn execute(location: &Location, sql: &str) {
    match connect(location) {
        Conn::Sqlite(mut conn) => conn.batch_execute(sql),
        Conn::Postgres(mut conn) => conn.batch_execute(sql),
    }
    .expect("the statements run");
}

/// The column `text` of every row of a query.
pub fn texts(location: &Location, sql: &str) -> Vec<String> {
    #[derive(QueryableByName)]
    struct Row {
        #[diesel(sql_type = diesel::sql_types::Text)]
        text: String,
    }
    let rows: Vec<Row> = match connect(location) {
        Conn::Sqlite(mut conn) => sql_query(sql).load(&mut conn),
        Conn::Postgres(mut conn) => sql_query(sql).load(&mut conn),
    }
    .expect("the query runs");
    rows.into_iter().map(|row| row.text).collect()
}

fn connect(location: &Location) -> Conn {
    location
        .connect(Access::Write, Checkpoints::Automatic)
        .expect("the database opens")
}

/// Every byte that the database keeps: for leak tests. SQLite: its files; PostgreSQL: every row of every table as text.
pub fn dump(location: &Location) -> Vec<u8> {
    match location {
        Location::Sqlite(path) => ["", "-wal", "-journal"]
            .iter()
            .filter_map(|suffix| std::fs::read(format!("{}{suffix}", path.display())).ok())
            .flatten()
            .collect(),
        Location::Postgres(_) => {
            let tables = "SELECT tablename::text AS text FROM pg_tables WHERE schemaname = 'public'";
            let rows = texts(location, tables).into_iter().flat_map(|table| {
                // bytea as text is hexadecimal; the leak test looks for that form too.
                texts(location, &format!("SELECT t::text AS text FROM \"{table}\" AS t"))
            });
            rows.collect::<Vec<_>>().join("\n").into_bytes()
        }
    }
}
