//! The record: its head, its entries, changes and replay ids.

use vouchsafe_model::*;

use super::fixtures::{World, at};
use super::*;
use crate::{Head, RecordRow, StoreError, Tx, changes, head, raw_sql, records, replay_ids};

fn entry(world: &World, head: &Head) -> RecordRow {
    RecordRow {
        seq: head.seq + 1,
        id: world.ids.next(),
        time: at(head.time.0 + 1),
        event: "token.released".to_owned(),
        body: b"{}\0\xff".to_vec(),
        salt: Some(vec![1; 16]),
        details: Some("{\"user\":\"alice\"}".to_owned()),
        leaf: [2; 32],
        chain: [u8::try_from((head.seq + 1) % 256).unwrap(); 32],
        change_seq: head.change_seq,
        signature: None,
        key_id: Some(world.ids.next()),
    }
}

pub(super) fn append(world: &World, tx: &mut Tx<'_>) -> Result<RecordRow, StoreError> {
    let head = head::take(tx)?;
    let entry = entry(world, &head);
    records::append(tx, &entry)?;
    Ok(entry)
}

both_databases! {
    async fn the_head_of_an_empty_record_is_genesis(test: TestStore) {
        assert_eq!(test.store.write(head::take).await, Ok(Head::genesis()));
        assert_eq!(test.store.read(head::peek).await, Ok(Head::genesis()));
        assert_eq!(test.store.read(records::last).await, Ok(None));
    }

    async fn entries_read_back_byte_for_byte(test: TestStore) {
        let world = World::new();
        test.store.write(move |tx| {
            let first = append(&world, tx)?;
            let second = append(&world, tx)?;
            assert_eq!(records::last(tx)?.as_ref(), Some(&second));
            assert_eq!(records::by_seq(tx, 1)?.as_ref(), Some(&first));
            assert_eq!(records::by_id(tx, &second.id)?.as_ref(), Some(&second));
            assert_eq!(records::range(tx, 2, 10)?, [second]);
            assert_eq!(records::range(tx, 1, 1)?, [first]);
            assert_eq!(records::count(tx)?, 2);
            Ok::<_, StoreError>(())
        }).await.unwrap();
    }

    async fn many_entries_are_appended_at_once(test: TestStore) {
        let world = World::new();
        test.store.write(move |tx| {
            let mut head = head::take(tx)?;
            let entries: Vec<_> = (0..600).map(|_| {
                let entry = entry(&world, &head);
                (head.seq, head.time) = (entry.seq, entry.time);
                entry
            }).collect();
            records::append_all(tx, &entries)?;
            assert_eq!(records::range(tx, 1, 1_000)?, entries);
            assert_eq!(head::peek(tx)?.seq, 600);
            Ok::<_, StoreError>(())
        }).await.unwrap();
    }

    async fn twenty_appenders_leave_no_gap(test: TestStore) {
        let tasks: Vec<_> = (0..20).map(|_| {
            let (store, world) = (test.store.clone(), World::new());
            tokio::spawn(async move { store.write(move |tx| append(&world, tx)).await })
        }).collect();
        for task in tasks {
            task.await.unwrap().unwrap();
        }
        let all = test.store.read(|tx| records::range(tx, 0, 100)).await.unwrap();
        assert!(all.iter().map(|entry| entry.seq).eq(1..=20));
        assert!(all.iter().map(|entry| entry.time.0).eq(1..=20));
    }

    async fn a_seq_is_given_once(test: TestStore) {
        let world = World::new();
        test.store.write(move |tx| {
            records::append(tx, &entry(&world, &Head::genesis()))
        }).await.unwrap();
        let world = World::new();
        let again = test.store.write(move |tx| records::append(tx, &entry(&world, &Head::genesis()))).await;
        assert_eq!(again, Err(StoreError::Conflict));
    }

    async fn changes_are_found_by_where_they_stand(test: TestStore) {
        test.store.write(|tx| {
            let (client, user) = (Change::of(ChangeKind::Client, "a"), Change::of(ChangeKind::User, "u"));
            changes::append(tx, 3, &[client.clone(), user.clone(), client.clone()])?;
            changes::append(tx, 7, std::slice::from_ref(&client))?;
            assert_eq!(changes::since(tx, 3)?, [(7, client.clone())]);
            assert_eq!(changes::range(tx, 1, 3)?, [(3, client), (3, user)]);
            Ok::<_, StoreError>(())
        }).await.unwrap();
    }

    async fn a_replay_id_is_remembered_until_it_expires(test: TestStore) {
        const HOUR: i64 = 3_600_000;
        test.store.write(|tx| {
            replay_ids::insert(tx, "jti", "a", at(HOUR / 2))?;
            replay_ids::insert(tx, "jti", "b", at(HOUR + 1))?;
            assert_eq!(replay_ids::existing(tx, "jti", &["a", "c"])?, ["a"]);
            assert!(replay_ids::existing(tx, "other", &["a", "b"])?.is_empty());
            assert!(replay_ids::existing(tx, "jti", &[])?.is_empty());
            assert_eq!(replay_ids::purge(tx, at(HOUR - 1))?, 0);
            assert_eq!(replay_ids::purge(tx, at(HOUR))?, 1);
            assert_eq!(replay_ids::existing(tx, "jti", &["a", "b"])?, ["b"]);
            Ok::<_, StoreError>(())
        }).await.unwrap();
    }
}

/// Whoever waits for the head waits for each of them.
#[tokio::test]
async fn many_changes_are_few_statements_where_each_is_a_journey() {
    let Some(test) = TestStore::postgres() else { return };
    let counted = "CREATE TABLE statements (n INTEGER); \
         CREATE FUNCTION counted() RETURNS trigger AS $$ BEGIN INSERT INTO statements VALUES (1); RETURN NULL; END $$ LANGUAGE plpgsql; \
         CREATE TRIGGER counted AFTER INSERT ON changes FOR EACH STATEMENT EXECUTE FUNCTION counted()";
    raw_sql::execute(&test.location, counted);
    let many: Vec<Change> = (0..3_000)
        .map(|n| Change::of(ChangeKind::Session, &n.to_string()))
        .collect();
    let appended = many.clone();
    test.store
        .write(move |tx| changes::append(tx, 1, &appended))
        .await
        .unwrap();
    let found = test.store.read(|tx| changes::since(tx, 0)).await.unwrap();
    assert_eq!(found.len(), many.len());
    let statements = raw_sql::texts(&test.location, "SELECT n::text AS text FROM statements");
    assert!(statements.len() <= 6, "{} statements", statements.len());
}
