//! Transactions: what is kept, what is not, and what survives.

use std::sync::mpsc;
use std::time::Duration;

use diesel::RunQueryDsl;
use vouchsafe_model::*;

use super::fixtures::{World, at, user};
use super::*;
use crate::{Executor, StoreError, Tx, connections, instance, tiles, users};

fn name(tx: &mut Tx<'_>) -> Result<(), StoreError> {
    instance::insert(tx, &World::new().ids.next(), at(1))
}

fn is_named(tx: &mut Tx<'_>) -> Result<bool, StoreError> {
    Ok(instance::get(tx)?.is_some())
}

both_databases! {
    async fn an_error_rolls_back(test: TestStore) {
        let outcome = test.store.write(|tx| {
            name(tx)?;
            Err::<(), _>(StoreError::Busy)
        }).await;
        assert_eq!(outcome, Err(StoreError::Busy));
        assert_eq!(test.store.read(is_named).await, Ok(false));
    }

    async fn a_panic_rolls_back_and_harms_nobody_else(test: TestStore) {
        let outcome: Result<(), StoreError> = test.store.write(|tx| {
            name(tx)?;
            panic!("a bug");
        }).await;
        assert_eq!(outcome, Err(StoreError::Panicked));
        assert_eq!(test.store.read(is_named).await, Ok(false));
        assert_eq!(test.store.write(name).await, Ok(()));
        assert_eq!(test.store.read(is_named).await, Ok(true));
    }

    async fn nothing_is_kept_after_a_failed_statement(test: TestStore) {
        let world = World::in_store(&test.store).await;
        let outcome = test.store.write(move |tx| {
            name(tx)?;
            let twin = users::put(tx, &world.tag(user(&world.ids, "alice")));
            assert_eq!(twin, Err(StoreError::Conflict));
            assert_eq!(is_named(tx), Err(StoreError::TransactionFailed));
            Ok::<_, StoreError>(())
        }).await;
        assert_eq!(outcome, Err(StoreError::TransactionFailed));
        assert_eq!(test.store.read(is_named).await, Ok(false));
    }

    async fn a_row_that_refers_to_nothing_is_refused(test: TestStore) {
        let connection = World::new().connection;
        let outcome = test.store.write(move |tx| connections::insert(tx, &connection)).await;
        assert_eq!(outcome, Err(StoreError::MissingReference));
    }

    async fn a_read_cannot_write(test: TestStore) {
        assert_eq!(test.store.read(name).await, Err(StoreError::ReadOnly));
        let reader = Store::open_read_only(test.location.clone()).unwrap();
        assert_eq!(reader.read(is_named).await, Ok(false));
        assert_eq!(reader.write(name).await, Err(StoreError::ReadOnly));
        assert_eq!(reader.migrate(), Err(StoreError::ReadOnly));
    }

    async fn who_waits_too_long_is_told_so(test: TestStore) {
        let options = StoreOptions {
            readers: 1,
            writers: 1,
            permit_deadline: Duration::from_millis(20),
            ..StoreOptions::default()
        };
        let store = Store::open(test.location.clone(), options).unwrap();
        let (go, wait) = mpsc::channel::<()>();
        let (here, holds) = tokio::sync::oneshot::channel();
        let holder = store.clone();
        let held = tokio::spawn(async move {
            holder.read(move |_| {
                here.send(()).unwrap();
                wait.recv().unwrap();
                Ok::<_, StoreError>(())
            }).await
        });
        holds.await.unwrap();
        assert_eq!(store.read(is_named).await, Err(StoreError::Busy));
        assert_eq!(store.read_blocking(is_named), Err(StoreError::Busy));
        go.send(()).unwrap();
        held.await.unwrap().unwrap();
        assert_eq!(store.read(is_named).await, Ok(false));
    }

    async fn whoever_waits_on_the_thread_of_a_runtime_may_do_so_any_number_of_times(test: TestStore) {
        for _ in 0..1_000 {
            assert_eq!(test.store.read_blocking(is_named), Ok(false));
        }
        for _ in 0..200 {
            assert_eq!(test.store.write_blocking(is_named), Ok(false));
        }
    }

    async fn a_write_goes_on_when_its_caller_goes_away(test: TestStore) {
        let (here, holds) = tokio::sync::oneshot::channel();
        let (go, wait) = mpsc::channel::<()>();
        let store = test.store.clone();
        let caller = tokio::spawn(async move {
            store.write(move |tx| {
                here.send(()).unwrap();
                wait.recv().unwrap();
                name(tx)
            }).await
        });
        holds.await.unwrap();
        caller.abort();
        assert!(caller.await.unwrap_err().is_cancelled());
        go.send(()).unwrap();
        // Dropping the store waits for its writes; on PostgreSQL the next write of a pool of one does.
        let store = Store::open(test.location.clone(), StoreOptions::default()).unwrap();
        for _ in 0..200 {
            if store.read(is_named).await == Ok(true) {
                return;
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        panic!("the write was lost with its caller");
    }

    async fn without_threads_everything_happens_here(test: TestStore) {
        let options = StoreOptions { executor: Executor::Inline, ..StoreOptions::default() };
        let store = Store::open(test.location.clone(), options).unwrap();
        let here = std::thread::current().id();
        store.write(move |tx| {
            assert_eq!(std::thread::current().id(), here);
            name(tx)
        }).await.unwrap();
        assert_eq!(store.read(is_named).await, Ok(true));
    }

    async fn a_damaged_row_is_named_but_not_shown(test: TestStore) {
        let world = World::in_store(&test.store).await;
        test.store.write(|tx| {
            tx.run(|conn| diesel::sql_query("UPDATE users SET status = 'hunter2'").execute(conn))
        }).await.unwrap();
        let user = world.user.id.clone();
        let outcome = test.store.read(move |tx| users::by_id(tx, &world.user.id)).await;
        let error = outcome.unwrap_err();
        assert_eq!(error.to_string(), format!("row {user} of `users` is damaged: column `status` cannot be read"));
    }
}

#[test]
fn a_program_without_a_runtime_can_use_a_store() {
    let test = TestStore::sqlite();
    test.store.write_blocking(name).unwrap();
    assert_eq!(test.store.read_blocking(is_named), Ok(true));
}

#[cfg(unix)]
#[tokio::test]
async fn nobody_else_may_read_the_file_of_sqlite() {
    use std::os::unix::fs::PermissionsExt;
    let test = TestStore::sqlite();
    test.store.write(name).await.unwrap();
    let Location::Sqlite(path) = &test.location else {
        unreachable!()
    };
    for file in std::fs::read_dir(path.parent().unwrap()).unwrap() {
        let mode = file.unwrap().metadata().unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
    }
}

#[tokio::test]
async fn the_log_of_sqlite_is_emptied_when_it_is_quiet() {
    let test = TestStore::sqlite();
    test.store.write(name).await.unwrap();
    let Location::Sqlite(path) = &test.location else {
        unreachable!()
    };
    let log = path.with_extension("db-wal");
    assert!(std::fs::metadata(&log).unwrap().len() > 0);
    for _ in 0..100 {
        if std::fs::metadata(&log).unwrap().len() == 0 {
            return;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    panic!("the log still holds what was deleted");
}

#[test]
fn a_missing_database_is_not_made_by_a_reader() {
    let location = Location::Sqlite(TempDir::new().unwrap().path().join("none.db"));
    assert!(matches!(
        Store::open_read_only(location),
        Err(StoreError::File(_))
    ));
    let nowhere = Location::Postgres(Secret::from(
        "postgres://u:hunter2@127.0.0.1:1/d?connect_timeout=1",
    ));
    assert!(matches!(
        Store::open(nowhere, StoreOptions::default()),
        Err(StoreError::Unavailable)
    ));
}

#[tokio::test]
async fn a_server_that_came_back_is_used_again() {
    let Some(test) = TestStore::postgres() else { return };
    test.store.write(name).await.unwrap();
    let other = Store::open(test.location.clone(), StoreOptions::default()).unwrap();
    let kill = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity \
                WHERE datname = current_database() AND pid <> pg_backend_pid()";
    other
        .read(move |tx| tx.run(|conn| diesel::sql_query(kill).execute(conn)))
        .await
        .unwrap();
    assert_eq!(test.store.read(is_named).await, Ok(true));
    assert_eq!(test.store.write(|tx| tx.run(|_| Ok(()))).await, Ok(()));
}

#[tokio::test]
async fn a_server_that_is_lost_inside_a_transaction_is_unavailable() {
    let Some(test) = TestStore::postgres() else { return };
    let suicide = "SELECT pg_terminate_backend(pg_backend_pid())";
    let outcome = test
        .store
        .write(move |tx| tx.run(|conn| diesel::sql_query(suicide).execute(conn)))
        .await;
    assert_eq!(outcome, Err(StoreError::Unavailable));
    assert_eq!(test.store.write(name).await, Ok(()));
}

#[tokio::test]
async fn the_outcome_of_a_lost_commit_is_unknown() {
    #[derive(diesel::QueryableByName)]
    struct Backend {
        #[diesel(sql_type = diesel::sql_types::Integer)]
        pid: i32,
    }
    let Some(test) = TestStore::postgres() else { return };
    let other = Store::open(test.location.clone(), StoreOptions::default()).unwrap();
    let outcome = test.store.write(move |tx| {
        name(tx)?;
        let me = "SELECT pg_backend_pid() AS pid";
        let backend = tx.run(|conn| diesel::sql_query(me).get_result::<Backend>(conn))?;
        let kill = format!("SELECT pg_terminate_backend({}, 5000)", backend.pid);
        other.read_blocking(|tx| tx.run(|conn| diesel::sql_query(kill).execute(conn)))
    });
    assert_eq!(outcome.await, Err(StoreError::CommitOutcomeUnknown));
    assert_eq!(test.store.read(is_named).await, Ok(false));
}

/// A log that only grew would fill the disk, and make every read slower, for as long as nobody pauses.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_log_of_sqlite_stays_small_however_long_somebody_writes() {
    static ROW: [[u8; 32]; 256] = [[7; 32]; 256];
    let test = TestStore::sqlite();
    let Location::Sqlite(path) = &test.location else {
        unreachable!("it is SQLite");
    };
    let log = path.with_extension("db-wal");
    let mut largest = 0;
    for place in 0..4_000 {
        test.store
            .write(move |tx| tiles::grow(tx, 0, place, &ROW))
            .await
            .unwrap();
        largest = largest.max(std::fs::metadata(&log).unwrap().len());
    }
    let written = 4_000 * 8 * 1_024;
    assert!(largest < written / 3, "{largest} of {written}");
}
