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
