//! A server that speaks another language than English.

use diesel::connection::SimpleConnection as _;
use diesel::sql_types::Text;
use diesel::{Connection as _, PgConnection, QueryableByName, RunQueryDsl as _};
use vouchsafe_model::Secret;

use crate::throwaway_postgres::ThrowawayPostgres;
use crate::{Location, Store, StoreError, StoreOptions};

fn run(address: &Secret<String>, sql: &str) {
    let mut conn = PgConnection::establish(address.expose()).unwrap();
    conn.batch_execute(sql).unwrap();
}

fn open(address: Secret<String>) -> Result<Store, StoreError> {
    Store::open(Location::Postgres(address), StoreOptions::default())
}

/// A database whose sessions begin in this language, and a role that may not change that.
fn speaking(cluster: &ThrowawayPostgres, locale: &str) -> (Secret<String>, Secret<String>) {
    let address = cluster.database();
    let name = address.expose().split(['/', '?']).nth(3).unwrap().to_owned();
    run(
        &address,
        &format!("ALTER DATABASE {name} SET lc_messages = '{locale}'; CREATE ROLE plain_{name} LOGIN"),
    );
    let plain = address
        .expose()
        .replacen("vouchsafe@", &format!("plain_{name}@"), 1);
    (address, Secret::new(plain))
}

/// What a failed statement says.
fn said(store: &Store) -> StoreError {
    let failed = store.read_blocking(|tx| tx.run(|conn| diesel::sql_query("SELECT 1/0").execute(conn)));
    failed.unwrap_err()
}

#[test]
fn a_language_that_can_be_changed_is_changed() {
    let Some(cluster) = ThrowawayPostgres::shared() else {
        return;
    };
    let Some(german) = cluster.locale("de_DE") else {
        return;
    };
    let (address, _) = speaking(cluster, &german);
    let store = open(address).unwrap();
    assert_eq!(said(&store), StoreError::Engine("division by zero".to_owned()));
}

#[test]
fn a_language_that_cannot_be_changed_is_refused_in_a_sentence() {
    #[derive(QueryableByName)]
    struct Word {
        #[diesel(sql_type = Text)]
        lc_messages: String,
    }
    let Some(cluster) = ThrowawayPostgres::shared() else {
        return;
    };
    let Some(german) = cluster.locale("de_DE") else {
        return;
    };
    let (address, plain) = speaking(cluster, &german);
    let mut conn = PgConnection::establish(plain.expose()).unwrap();
    let word: Word = diesel::sql_query("SHOW lc_messages")
        .get_result(&mut conn)
        .unwrap();
    assert_eq!(word.lc_messages, german);
    let division = conn.batch_execute("SELECT 1/0").unwrap_err().to_string();
    if division == "division by zero" {
        // Installed without translations: then there is nothing to refuse.
        assert!(open(plain).is_ok());
        return;
    }
    let refused = open(plain.clone()).err();
    assert_eq!(refused, Some(StoreError::ForeignLanguage));
    assert!(refused.unwrap().to_string().contains("lc_messages = 'C'"));
    // What the sentence advises helps.
    let name = address.expose().split(['/', '?']).nth(3).unwrap().to_owned();
    run(&address, &format!("ALTER DATABASE {name} SET lc_messages = 'C'"));
    assert_eq!(
        said(&open(plain).unwrap()),
        StoreError::Engine("division by zero".to_owned())
    );
}

#[test]
fn a_language_without_translations_needs_no_change() {
    let Some(cluster) = ThrowawayPostgres::shared() else {
        return;
    };
    let Some(welsh) = cluster.locale("cy_GB") else {
        return;
    };
    let (_, plain) = speaking(cluster, &welsh);
    assert_eq!(
        said(&open(plain).unwrap()),
        StoreError::Engine("division by zero".to_owned())
    );
}
