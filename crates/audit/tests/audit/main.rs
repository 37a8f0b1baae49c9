//! The record on both databases, written by the real ledger and attacked by SQL.

#![expect(non_snake_case, reason = "tests carry requirement ids")]

use std::sync::Arc;
use std::task::{Context, Waker};
use std::time::Duration;

use tokio::task::JoinHandle;
use vouchsafe_audit::verify::{Report, Verifier};
use vouchsafe_audit::{
    Basis, Checkpoint, Details, Event, EventKind, Ledger, Recorder, Releasable, ReleaseError, ReplayId,
    Signer, export,
};
use vouchsafe_model::{
    Change, ChangeKind, Clock as _, FixedClock, Ids, InstanceId, SeededEntropy, UnixMillis,
};
use vouchsafe_store::{
    Location, Store, StoreError, StoreOptions, ThrowawayPostgres, Tx, head, raw_sql, records,
};
use vouchsafe_vault::{FileKeyProvider, Vault};

/// A record in a database of its own.
struct Book {
    location: Location,
    store: Store,
    recorder: Recorder,
    vault: Vault,
    clock: FixedClock,
    _folder: Option<tempfile::TempDir>,
}

impl Book {
    fn open(location: Location, folder: Option<tempfile::TempDir>) -> Self {
        let clock = FixedClock::at(UnixMillis(1_763_000_000_000));
        let ids = Ids::new(Arc::new(clock.clone()), Arc::new(SeededEntropy::new(7)));
        let key = FileKeyProvider::from_file_text(&FileKeyProvider::generate(&ids)).unwrap();
        let (vault, _) = Vault::create(ids.next::<InstanceId>(), &key, ids.clone(), clock.now()).unwrap();
        let store = Store::open(location.clone(), StoreOptions::default()).unwrap();
        store.migrate().unwrap();
        let ledger = Ledger::new(vault.clone(), Arc::new(clock.clone()), ids);
        let recorder = Recorder::new(store.clone(), ledger, Duration::from_secs(5));
        Self {
            location,
            store,
            recorder,
            vault,
            clock,
            _folder: folder,
        }
    }

    /// Six records: three notes, a change, a release, a note.
    async fn written(self) -> Self {
        for word in ["one", "two", "three"] {
            self.clock.advance(Duration::from_millis(5));
            let details = Details {
                subject: Some(format!("subject of {word}")),
                ..Details::default()
            };
            self.note(
                Event::new(EventKind::SessionStarted)
                    .user("psn_1")
                    .fact("word", word)
                    .details(details),
            )
            .await;
        }
        let granted = Event::new(EventKind::DelegationGranted)
            .fact("delegation_id", "dlg_1")
            .changes(Change::of(ChangeKind::Delegation, "dlg_1"));
        self.note(granted).await;
        let seq = self.change_seq().await;
        assert!(
            self.recorder
                .release(Basis::at(seq), Paper("dlg_1"))
                .await
                .is_ok()
        );
        self.note(Event::new(EventKind::SessionEnded).fact("session_id", "ses_1"))
            .await;
        self
    }

    async fn note(&self, event: Event) {
        self.recorder.note(event).await.unwrap();
    }

    async fn change_seq(&self) -> i64 {
        self.store
            .read(|tx| head::peek(tx).map(|head| head.change_seq))
            .await
            .unwrap()
    }

    async fn checkpoint(&self) -> Checkpoint {
        let mut signer = Signer::new(self.store.clone(), self.vault.clone());
        signer.advance(None).await.unwrap().unwrap()
    }

    async fn verify(&self, checkpoints: Vec<Checkpoint>) -> Report {
        let rows = self.store.read(|tx| records::range(tx, 1, 1_000)).await.unwrap();
        let mut verifier = Verifier::new(self.vault.instance().clone(), self.vault.head_keys(), checkpoints);
        for row in &rows {
            verifier.next(row);
        }
        verifier.finish()
    }

    /// Appends an entry at `seq`, signed as one of ours is.
    async fn skip_to(&self, seq: i64) {
        let vault = self.vault.clone();
        let append = move |tx: &mut Tx<'_>| {
            let mut row = records::last(tx)?.unwrap();
            let instance = vault.instance().as_str();
            let length = (instance.len() as u64).to_be_bytes();
            let (at, time) = (seq.to_be_bytes(), row.time.0.to_be_bytes());
            let parts = [
                b"vouchsafe/head/1\0".as_slice(),
                &length,
                instance.as_bytes(),
                &at,
                &time,
                &row.chain,
            ];
            let signed = vault.sign_head(&parts.concat());
            row.id = "rec_00000000000000000000000001".parse().unwrap();
            (row.seq, row.key_id) = (seq, Some(signed.key_id));
            row.signature = Some(signed.signature.to_vec());
            records::append(tx, &row)
        };
        self.store.write(append).await.unwrap();
    }

    fn sql(&self, sql: &str) {
        raw_sql::execute(&self.location, sql);
    }

    /// The findings after some SQL, which must be there.
    async fn found_after(self, sql: &str) -> Vec<String> {
        let book = self.written().await;
        let checkpoint = book.checkpoint().await;
        assert!(book.verify(vec![checkpoint.clone()]).await.holds());
        book.sql(sql);
        let findings: Vec<String> = book
            .verify(vec![checkpoint])
            .await
            .findings
            .iter()
            .map(ToString::to_string)
            .collect();
        assert!(!findings.is_empty(), "not found: {sql}");
        findings
    }
}

/// Somebody who holds the head until told to go on, or for so long.
async fn head_held(
    book: &Book,
    longest: Duration,
) -> (std::sync::mpsc::Sender<()>, JoinHandle<Result<(), StoreError>>) {
    let (holds, is_held) = tokio::sync::oneshot::channel();
    let (go_on, may_go_on) = std::sync::mpsc::channel();
    let store = book.store.clone();
    let holder = tokio::spawn(async move {
        let hold = move |tx: &mut Tx<'_>| {
            head::take(tx)?;
            let _ = holds.send(());
            let _ = may_go_on.recv_timeout(longest);
            Ok(())
        };
        store.write(hold).await
    });
    is_held.await.unwrap();
    (go_on, holder)
}

/// Something that leaves.
struct Paper(&'static str);

impl Releasable for Paper {
    fn event(&mut self, vault: &Vault) -> Event {
        Event::new(EventKind::TokenExchanged)
            .fact("delegation_id", self.0)
            .fact("token_fingerprint", vault.fingerprint("a token").to_string())
    }

    fn write_body(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(b"a token");
    }
}

/// Runs a test on SQLite, and on PostgreSQL where one is installed.
macro_rules! both_databases {
    ($($(#[$attribute:meta])* async fn $name:ident($book:ident: Book) $body:block)+) => {
        mod sqlite {
            use super::*;
            $($(#[$attribute])* #[tokio::test(flavor = "multi_thread", worker_threads = 2)] async fn $name() {
                let folder = tempfile::tempdir().unwrap();
                let location = Location::Sqlite(folder.path().join("book.db"));
                super::$name(Book::open(location, Some(folder))).await;
            })+
        }
        mod postgres {
            use super::*;
            $($(#[$attribute])* #[tokio::test(flavor = "multi_thread", worker_threads = 2)] async fn $name() {
                if let Some(server) = ThrowawayPostgres::shared() {
                    super::$name(Book::open(Location::Postgres(server.database()), None)).await;
                }
            })+
        }
        $(async fn $name($book: Book) $body)+
    };
}

mod erasure;
mod tree;

both_databases! {
    async fn tv_18__an_untouched_record_verifies_online_and_from_an_export(book: Book) {
        let book = book.written().await;
        let report = book.verify(vec![book.checkpoint().await]).await;
        assert_eq!(report.findings, []);
        assert_eq!((report.records, report.last_seq), (6, 6));
        let rows = book.store.read(|tx| records::range(tx, 1, 1_000)).await.unwrap();
        let mut verifier = Verifier::new(book.vault.instance().clone(), book.vault.head_keys(), Vec::new());
        for row in &rows {
            let line = serde_json::to_string(&export::Line::of(row)).unwrap();
            let back: export::Line = serde_json::from_str(&line).unwrap();
            verifier.next(&back.into_row().unwrap());
        }
        assert!(verifier.finish().holds());
    }

    async fn tv_18__a_changed_body_is_found(book: Book) {
        let sql = match &book.location {
            Location::Sqlite(_) => "UPDATE records SET body = CAST(replace(CAST(body AS TEXT), 'two', 'owt') AS BLOB) WHERE seq = 2",
            Location::Postgres(_) => "UPDATE records SET body = convert_to(replace(convert_from(body, 'UTF8'), 'two', 'owt'), 'UTF8') WHERE seq = 2",
        };
        let findings = book.found_after(sql).await;
        assert!(findings[0].starts_with("record 2: the body was changed"), "{findings:?}");
    }

    async fn tv_18__a_changed_column_is_found(book: Book) {
        let findings = book.found_after("UPDATE records SET event = 'session.ended' WHERE seq = 3").await;
        assert!(findings[0].starts_with("record 3: column event"), "{findings:?}");
    }

    async fn tv_18__changed_details_are_found(book: Book) {
        let findings = book.found_after("UPDATE records SET details = '{}' WHERE seq = 1").await;
        assert!(findings[0].starts_with("record 1: the details"), "{findings:?}");
    }

    async fn tv_18__a_deleted_record_is_found(book: Book) {
        let findings = book.found_after("DELETE FROM records WHERE seq = 4").await;
        assert!(findings[0].starts_with("record 5: records 4 to 4 are missing"), "{findings:?}");
    }

    async fn tv_18__swapped_records_are_found(book: Book) {
        let sql = "UPDATE records SET seq = 99 WHERE seq = 2; UPDATE records SET seq = 2 WHERE seq = 3; UPDATE records SET seq = 3 WHERE seq = 99";
        let findings = book.found_after(sql).await;
        assert!(findings.iter().any(|f| f.starts_with("record 2:")), "{findings:?}");
        assert!(findings.iter().any(|f| f.starts_with("record 3:")), "{findings:?}");
    }

    async fn tv_18__a_truncated_record_is_found_by_the_checkpoint_outside(book: Book) {
        let findings = book.found_after("DELETE FROM records WHERE seq > 4").await;
        assert_eq!(findings.len(), 1);
        assert!(findings[0].starts_with("the record ends at 4, but the checkpoint kept outside names record 6"));
    }

    async fn tv_18__a_rewritten_end_is_found_by_the_checkpoint_outside(book: Book) {
        let book = book.written().await;
        let checkpoint = book.checkpoint().await;
        // Rolled back and written on by a genuine server: consistent in itself, but not what was seen outside.
        book.sql("DELETE FROM records WHERE seq = 6");
        book.note(Event::new(EventKind::SessionEnded).fact("session_id", "ses_2")).await;
        assert!(book.verify(Vec::new()).await.holds());
        let findings = book.verify(vec![checkpoint]).await.findings;
        assert!(findings[0].to_string().starts_with("record 6: is not what the checkpoint"), "{findings:?}");
    }

    async fn tv_18__a_record_signed_by_another_key_is_found(book: Book) {
        let book = book.written().await;
        let rows = book.store.read(|tx| records::range(tx, 1, 1_000)).await.unwrap();
        let mut verifier = Verifier::new(book.vault.instance().clone(), Vec::new(), Vec::new());
        for row in &rows {
            verifier.next(row);
        }
        assert_eq!(verifier.finish().findings.len(), 6);
        let mut keys = book.vault.head_keys();
        keys[0].public[0] ^= 1;
        let line = book.checkpoint().await.note().to_owned();
        assert!(Checkpoint::read(&line, &keys).is_err());
        assert!(Checkpoint::read(&line, &book.vault.head_keys()).is_ok());
    }

    async fn a_release_after_a_withdrawal_breaks_the_order_invariant(book: Book) {
        let book = book.written().await;
        let seq = book.change_seq().await;
        let withdrawn = Event::new(EventKind::DelegationWithdrawn)
            .fact("delegation_id", "dlg_1")
            .changes(Change::of(ChangeKind::Delegation, "dlg_1"));
        book.note(withdrawn).await;
        // What the recorder refuses ...
        let basis = Basis::at(seq).on(Change::of(ChangeKind::Delegation, "dlg_1"));
        assert!(matches!(book.recorder.release(basis, Paper("dlg_1")).await, Err(ReleaseError::Stale)));
        assert!(book.verify(Vec::new()).await.holds());
        // ... verification would find, had it been let through.
        assert!(book.recorder.release(Basis::at(seq), Paper("dlg_1")).await.is_ok());
        let findings = book.verify(Vec::new()).await.findings;
        assert!(findings[0].to_string().contains("after its authority had ended"), "{findings:?}");
    }

    async fn a_change_elsewhere_does_not_make_a_release_stale(book: Book) {
        let book = book.written().await;
        let seq = book.change_seq().await;
        book.note(Event::new(EventKind::ClientChanged).changes(Change::of(ChangeKind::Client, "other"))).await;
        let basis = Basis::at(seq).on(Change::of(ChangeKind::Delegation, "dlg_1"));
        let recorded = book.recorder.release(basis, Paper("dlg_1")).await.ok().unwrap();
        assert_eq!(recorded.body(), b"a token");
        let head = book.store.read(head::peek).await.unwrap();
        assert_eq!(recorded.receipt().seq, head.seq);
    }

    async fn a_change_after_very_many_releases_does_not_make_others_stale(book: Book) {
        let book = book.written().await;
        let seq = book.change_seq().await;
        let basis = || Basis::at(seq).on(Change::of(ChangeKind::Delegation, "dlg_1"));
        assert!(book.recorder.release(basis(), Paper("dlg_1")).await.is_ok());
        // As if so many had been recorded since.
        book.skip_to(1_000_000).await;
        book.note(Event::new(EventKind::ClientChanged).changes(Change::of(ChangeKind::Client, "other"))).await;
        assert!(book.recorder.release(basis(), Paper("dlg_1")).await.is_ok());
        book.note(Event::new(EventKind::DelegationWithdrawn).changes(Change::of(ChangeKind::Delegation, "dlg_1"))).await;
        assert!(matches!(book.recorder.release(basis(), Paper("dlg_1")).await, Err(ReleaseError::Stale)));
    }

    async fn each_subject_counts_from_when_it_was_read(book: Book) {
        let book = book.written().await;
        let early = book.change_seq().await;
        book.note(Event::new(EventKind::ConnectionRefreshed).changes(Change::of(ChangeKind::UpstreamGrant, "ugr_1"))).await;
        let late = book.change_seq().await;
        let client = Basis::at(early).on(Change::of(ChangeKind::Client, "agent"));
        let read_late = Basis::at(late).on(Change::of(ChangeKind::UpstreamGrant, "ugr_1"));
        assert!(book.recorder.release(client.clone().and(read_late), Paper("x")).await.is_ok());
        let read_early = Basis::at(early).on(Change::of(ChangeKind::UpstreamGrant, "ugr_1"));
        let outcome = book.recorder.release(client.and(read_early), Paper("x")).await;
        assert!(matches!(outcome, Err(ReleaseError::Stale)));
    }

    async fn ar_16__a_replayed_id_fails_alone(book: Book) {
        let book = book.written().await;
        let basis = |id: &str| {
            let once = ReplayId { kind: "jti".to_owned(), id: id.to_owned(), expires_at: UnixMillis(i64::MAX / 2) };
            Basis::at(4).once(once)
        };
        assert!(book.recorder.release(basis("a"), Paper("x")).await.is_ok());
        assert!(matches!(book.recorder.release(basis("a"), Paper("x")).await, Err(ReleaseError::Replayed)));
        assert!(book.recorder.release(basis("b"), Paper("x")).await.is_ok());
        assert!(book.verify(Vec::new()).await.holds());
    }

    async fn fifty_writers_at_once_leave_one_gapless_order(book: Book) {
        let book = Arc::new(book.written().await);
        let writers = (0..50).map(|n| {
            let book = Arc::clone(&book);
            tokio::spawn(async move { book.note(Event::new(EventKind::SessionStarted).fact("n", n)).await })
        });
        for writer in writers.collect::<Vec<_>>() {
            writer.await.unwrap();
        }
        let report = book.verify(Vec::new()).await;
        assert_eq!(report.findings, []);
        assert_eq!(report.records, 56);
    }

    async fn who_has_to_call_for_a_batch_and_goes_away_leaves_nobody_waiting(book: Book) {
        let mut first = Box::pin(book.recorder.note(Event::new(EventKind::SignInFailed)));
        // It has entered, and is about to call.
        let looked = first.as_mut().poll(&mut Context::from_waker(Waker::noop()));
        assert!(looked.is_pending());
        drop(first);
        assert!(book.recorder.note(Event::new(EventKind::SignInFailed)).await.is_ok());
    }

    async fn ar_16__in_one_batch_what_is_bad_fails_alone(book: Book) {
        let book = Arc::new(book.written().await);
        let seq = book.change_seq().await;
        // Somebody holds the head: whoever wants to record waits.
        let (go_on, holder) = head_held(&book, Duration::from_secs(60)).await;
        let before = book.store.transactions();
        let mut waiting = Vec::new();
        for n in 0..40_i64 {
            let delegation = Change::of(ChangeKind::Delegation, "dlg_1");
            let once = ReplayId { kind: "jti".to_owned(), id: "the same".to_owned(), expires_at: UnixMillis(i64::MAX / 2) };
            let basis = match n % 4 {
                // It changed after that was read.
                0 => Basis::at(seq - 1).on(delegation),
                1 => Basis::at(seq).on(delegation).once(once),
                _ => Basis::at(seq).on(delegation),
            };
            let book = Arc::clone(&book);
            waiting.push(tokio::spawn(async move { book.recorder.release(basis, Paper("dlg_1")).await.map(|done| done.receipt().seq) }));
            tokio::task::yield_now().await;
        }
        go_on.send(()).unwrap();
        holder.await.unwrap().unwrap();
        let (mut recorded, mut stale, mut replayed) = (Vec::new(), 0, 0);
        for one in waiting {
            match one.await.unwrap() {
                Ok(seq) => recorded.push(seq),
                Err(ReleaseError::Stale) => stale += 1,
                Err(ReleaseError::Replayed) => replayed += 1,
                Err(error) => panic!("{error}"),
            }
        }
        assert_eq!((recorded.len(), stale, replayed), (21, 10, 9));
        recorded.sort_unstable();
        assert!(recorded.windows(2).all(|pair| pair[1] == pair[0] + 1), "{recorded:?}");
        let asked = book.store.transactions() - before;
        assert!(asked <= 4, "{asked} transactions for 40 entries");
        let rows = book.store.read(|tx| records::range(tx, 1, 1_000)).await.unwrap();
        let signed = rows.iter().filter(|row| row.seq > 6 && row.signature.is_some()).count();
        assert!((1..=4).contains(&signed), "{signed} signatures");
        assert_eq!(book.verify(Vec::new()).await.findings, []);
    }

    async fn a_head_that_is_held_for_too_long_delays_a_release_and_does_not_lose_it(book: Book) {
        let book = Arc::new(book.written().await);
        let seq = book.change_seq().await;
        // Longer than anybody waits for a lock of PostgreSQL.
        let (go_on, holder) = head_held(&book, Duration::from_millis(3_500)).await;
        assert!(book.recorder.release(Basis::at(seq), Paper("dlg_1")).await.is_ok());
        drop(go_on);
        // PostgreSQL has ended its session meanwhile.
        drop(holder.await);
        assert_eq!(book.verify(Vec::new()).await.findings, []);
    }

    async fn tv_17__without_a_record_nothing_is_released(book: Book) {
        let book = book.written().await;
        book.sql("ALTER TABLE records RENAME TO records_elsewhere");
        let outcome = book.recorder.release(Basis::at(4), Paper("dlg_1")).await;
        assert!(matches!(outcome, Err(ReleaseError::Unavailable(_))));
        book.sql("ALTER TABLE records_elsewhere RENAME TO records");
        assert!(book.recorder.release(Basis::at(4), Paper("dlg_1")).await.is_ok());
    }
}
