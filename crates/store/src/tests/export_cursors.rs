//! How far exports have come, and who feeds them.

use super::fixtures::{World, at};
use super::*;
use crate::export_cursors::{self, Beginning, Lease};
use crate::{StoreError, Tx};

fn lease(holder: &str, now: i64) -> Lease<'_> {
    Lease {
        holder,
        now: at(now),
        until: at(now + 30),
    }
}

fn takes(tx: &mut Tx<'_>, holder: &str, now: i64) -> Result<Option<i64>, StoreError> {
    let taken = export_cursors::take(tx, "siem", Beginning::FirstEntry, lease(holder, now))?;
    Ok(taken.map(|cursor| cursor.next_seq))
}

both_databases! {
    async fn one_server_feeds_an_export_until_it_lets_go_or_dies(test: TestStore) {
        test.store.write(|tx| {
            assert_eq!(takes(tx, "one", 0)?, Some(1));
            assert_eq!(takes(tx, "two", 29)?, None, "it is held");
            assert_eq!(takes(tx, "one", 29)?, Some(1), "who holds it keeps it");
            assert_eq!(takes(tx, "two", 58)?, None, "it was kept");
            assert!(export_cursors::advance(tx, "siem", 7, lease("one", 58))?);
            assert_eq!(takes(tx, "two", 87)?, None, "moving on keeps it as well");
            assert_eq!(takes(tx, "two", 88)?, Some(7), "nobody has asked for more");
            assert!(!export_cursors::advance(tx, "siem", 9, lease("one", 88))?, "it is another's now");
            assert!(!export_cursors::failed(tx, "siem", "no connection", lease("one", 88))?);
            export_cursors::release(tx, "siem", "one")?;
            assert_eq!(takes(tx, "one", 88)?, None, "nobody gives back what another holds");
            export_cursors::release(tx, "siem", "two")?;
            assert_eq!(takes(tx, "one", 88)?, Some(7));
            export_cursors::abandon_leases(tx)?;
            assert_eq!(takes(tx, "two", 88)?, Some(7));
            Ok::<_, StoreError>(())
        }).await.unwrap();
    }

    async fn an_outage_is_known_from_its_beginning_until_something_arrives(test: TestStore) {
        test.store.write(|tx| {
            takes(tx, "one", 0)?;
            assert!(export_cursors::failed(tx, "siem", "no connection", lease("one", 5))?);
            assert!(export_cursors::failed(tx, "siem", "status 500", lease("one", 9))?);
            let failing = export_cursors::by_name(tx, "siem")?.unwrap();
            assert_eq!(failing.failing, Some(("status 500".to_owned(), at(5))));
            assert_eq!(failing.held, Some(("one".to_owned(), at(39))));
            assert!(export_cursors::advance(tx, "siem", 4, lease("one", 11))?);
            let well = export_cursors::by_name(tx, "siem")?.unwrap();
            assert_eq!((well.next_seq, well.failing.clone(), well.advanced_at), (4, None, Some(at(11))));
            assert_eq!(export_cursors::all(tx)?, [well]);
            Ok::<_, StoreError>(())
        }).await.unwrap();
    }

    async fn a_new_export_begins_where_it_should(test: TestStore) {
        let world = World::in_store(&test.store).await;
        test.store.write(move |tx| {
            for _ in 0..3 {
                record::append(&world, tx)?;
            }
            let mut begins = |name, beginning| {
                let taken = export_cursors::take(tx, name, beginning, lease("one", 0))?;
                Ok::<_, StoreError>(taken.unwrap().next_seq)
            };
            assert_eq!(begins("later", Beginning::Now)?, 4);
            assert_eq!(begins("all", Beginning::FirstEntry)?, 1);
            // Only a new one begins anew.
            assert_eq!(begins("later", Beginning::FirstEntry)?, 4);
            Ok(())
        }).await.unwrap_or_else(|error: StoreError| panic!("{error}"));
    }
}
