//! The tree, its checkpoints and its proofs, checked by an implementation that is not ours.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use sha2::{Digest as _, Sha256};
use signed_note::{Note, StandardVerifier, VerifierList};
use tlog_tiles::tlog;
use vouchsafe_audit::prove::{self, ProofError};
use vouchsafe_audit::{SignError, agrees, state, verifier_keys};
use vouchsafe_store::checkpoint;

use super::*;

/// What somebody who was given the verifier key of a log reads from a note: size and root.
fn read(note: &str, keys: &[String]) -> Option<(u64, tlog::Hash)> {
    let verifiers = keys
        .iter()
        .map(|key| -> Box<dyn signed_note::Verifier> { Box::new(StandardVerifier::new(key).unwrap()) })
        .collect();
    let note = Note::from_bytes(note.as_bytes()).ok()?;
    let (verified, _) = note.verify(&VerifierList::new(verifiers)).ok()?;
    assert_eq!(verified.len(), 1);
    let checkpoint = tlog_tiles::Checkpoint::from_bytes(note.text()).ok()?;
    Some((checkpoint.size(), *checkpoint.hash()))
}

/// What somebody makes of a proof (C2SP `tlog-proof`): whether it holds for the body in it.
fn accepts(proof: &str, keys: &[String]) -> bool {
    let (head, note) = proof.split_once("\n\n").unwrap();
    let mut lines = head.lines();
    assert_eq!(lines.next(), Some("c2sp.org/tlog-proof@v1"));
    let body = lines.next().unwrap().strip_prefix("extra ").unwrap();
    let index = lines.next().unwrap().strip_prefix("index ").unwrap();
    let hash = |line| tlog::Hash::parse_hash(line).ok();
    let (Ok(body), Ok(index), Some(path), Some((size, root))) = (
        STANDARD.decode(body),
        index.parse(),
        lines.map(hash).collect::<Option<Vec<_>>>(),
        read(note, keys),
    ) else {
        return false;
    };
    tlog::check_record(&path, size, root, index, tlog::record_hash(&body)).is_ok()
}

/// Another digit of base64: one to six bits of what it says.
fn spoilt(text: &str, at: usize) -> String {
    let other = if text.as_bytes()[at] == b'A' { "B" } else { "A" };
    let mut text = text.to_owned();
    text.replace_range(at..=at, other);
    text
}

impl Book {
    /// So many records.
    async fn of(self, size: i64) -> Self {
        self.grows_to(size).await;
        self
    }

    async fn grows_to(&self, size: i64) {
        let last = self.store.read(head::peek).await.unwrap().seq;
        let notes = (last..size).map(|n| {
            let recorder = self.recorder.clone();
            async move {
                recorder
                    .note(Event::new(EventKind::SignInFailed).fact("n", n))
                    .await
            }
        });
        for note in notes.map(tokio::spawn).collect::<Vec<_>>() {
            note.await.unwrap().unwrap();
        }
    }

    fn signer(&self) -> Signer {
        Signer::new(self.store.clone(), self.vault.clone())
    }

    /// What somebody appends who has the database and not our keys: the chain needs none.
    async fn forge_a_record(&self) {
        let forge = |tx: &mut Tx<'_>| {
            let mut row = records::last(tx)?.unwrap();
            let chain = Sha256::new().chain_update(row.chain).chain_update(row.leaf);
            row.chain = chain.finalize().into();
            row.seq += 1;
            row.id = "rec_00000000000000000000000001".parse().unwrap();
            row.time = UnixMillis(row.time.0 + 1);
            records::append(tx, &row)
        };
        self.store.write(forge).await.unwrap();
    }

    fn keys(&self) -> Vec<String> {
        verifier_keys(self.vault.instance(), &self.vault.head_keys())
    }

    async fn prove(&self, seq: i64) -> Result<String, ProofError> {
        let kept = self.kept().await;
        let prove = move |tx: &mut Tx<'_>| -> Result<_, StoreError> {
            let row = records::by_seq(tx, seq)?.unwrap();
            Ok(prove::inclusion(tx, &row, &kept))
        };
        self.store.read(prove).await.unwrap()
    }

    async fn kept(&self) -> Checkpoint {
        let kept = self.store.read(checkpoint::get).await.unwrap().unwrap();
        Checkpoint::read(&kept.note, &self.vault.head_keys()).unwrap()
    }

    async fn findings(&self) -> Vec<String> {
        let (store, vault) = (self.store.clone(), self.vault.clone());
        let look = tokio::task::spawn_blocking(move || {
            let verifier = Verifier::new(vault.instance().clone(), vault.head_keys(), Vec::new());
            state::look(&store, verifier, None, UnixMillis(0))
        });
        let findings = look.await.unwrap().unwrap().report.findings;
        findings.iter().map(ToString::to_string).collect()
    }
}

both_databases! {
    async fn rfc_6962__a_proof_is_accepted_by_others_and_refused_after_one_change(book: Book) {
        let book = book.of(600).await;
        let mut signer = book.signer();
        let first = signer.advance(None).await.unwrap().unwrap();
        book.grows_to(777).await;
        let second = signer.advance(Some(&first)).await.unwrap().unwrap();
        assert_eq!((first.size, second.size), (600, 777));
        let keys = book.keys();
        for seq in [1, 2, 255, 256, 257, 512, 513, 600, 601, 768, 769, 777] {
            let proof = book.prove(seq).await.unwrap();
            assert!(accepts(&proof, &keys), "{seq}: {proof}");
            let (head, note) = proof.split_once("\n\n").unwrap();
            // A digit of the body, one of each hash, one of the root, one of the signature; another place.
            for (at, line) in head.lines().enumerate().filter(|(at, _)| *at != 0 && *at != 2) {
                let of_line: usize = head.lines().take(at).map(|line| line.len() + 1).sum();
                let at = of_line + line.find(' ').map_or(3, |space| space + 3);
                assert!(!accepts(&spoilt(&proof, at), &keys), "{seq}");
            }
            let root = head.len() + 2 + note.lines().take(2).map(|line| line.len() + 1).sum::<usize>();
            assert!(!accepts(&spoilt(&proof, root + 7), &keys), "{seq}");
            assert!(!accepts(&spoilt(&proof, proof.len() - 9), &keys), "{seq}");
            let elsewhere = proof.replacen(&format!("index {}", seq - 1), &format!("index {seq}"), 1);
            assert!(!accepts(&elsewhere, &keys), "{seq}");
        }
        // The key of somebody else; not every 32 bytes are one.
        let others = (1..=u8::MAX).map(|change| {
            let mut keys = book.vault.head_keys();
            keys[0].public[0] ^= change;
            verifier_keys(book.vault.instance(), &keys)
        });
        let other = others.into_iter().find(|keys| StandardVerifier::new(&keys[0]).is_ok()).unwrap();
        assert!(!accepts(&book.prove(1).await.unwrap(), &other));
    }

    async fn rfc_6962__a_consistency_proof_is_accepted_by_others(book: Book) {
        let book = book.of(700).await;
        book.signer().advance(None).await.unwrap();
        for (first, second) in [(1, 700), (255, 256), (256, 512), (256, 700), (300, 301), (512, 600), (700, 700)] {
            let proof = book.store.read(move |tx| -> Result<_, StoreError> {
                Ok(prove::consistency(tx, first, second))
            });
            let proof = proof.await.unwrap().unwrap();
            let hash = |text: &String| tlog::Hash::parse_hash(text).unwrap();
            let (old, new) = (hash(&proof.first_root_hash), hash(&proof.second_root_hash));
            let path: Vec<_> = proof.consistency.iter().map(hash).collect();
            let (small, large) = (u64::try_from(first).unwrap(), u64::try_from(second).unwrap());
            assert!(tlog::check_tree(&path, large, new, small, old).is_ok(), "{first} {second}");
            if first < second {
                assert!(tlog::check_tree(&path, large, old, small, new).is_err(), "{first} {second}");
            }
        }
        for (first, second) in [(0, 5), (5, 4), (5, 701), (-1, 5)] {
            let proof = book.store.read(move |tx| -> Result<_, StoreError> {
                Ok(prove::consistency(tx, first, second).err())
            });
            assert_eq!(proof.await.unwrap(), Some(ProofError::Sizes { size: 700 }));
        }
    }

    async fn a_proof_that_would_not_hold_is_not_given_out(book: Book) {
        let book = book.of(520).await;
        book.signer().advance(None).await.unwrap();
        book.grows_to(521).await;
        assert_eq!(book.prove(521).await, Err(ProofError::Later { seq: 521, size: 520 }));
        // The body of one record, the row of the tree of another, and a leaf that is in no row yet.
        book.sql("UPDATE records SET body = (SELECT body FROM records WHERE seq = 2) WHERE seq = 1");
        assert_eq!(book.prove(1).await, Err(ProofError::Changed { size: 520 }));
        assert!(book.prove(300).await.is_ok());
        book.sql("UPDATE records SET leaf = (SELECT leaf FROM records WHERE seq = 2) WHERE seq = 515");
        assert_eq!(book.prove(300).await, Err(ProofError::Changed { size: 520 }));
    }

    async fn replicas_sign_the_same_trees_and_a_restart_goes_on(book: Book) {
        let book = book.of(300).await;
        let (mut one, mut other) = (book.signer(), book.signer());
        let first = one.advance(None).await.unwrap().unwrap();
        assert_eq!(other.advance(Some(&first)).await.unwrap().unwrap(), first);
        book.grows_to(1_030).await;
        let second = other.advance(None).await.unwrap().unwrap();
        assert_eq!(one.advance(Some(&first)).await.unwrap().unwrap(), second);
        book.grows_to(1_031).await;
        let third = book.signer().advance(Some(&second)).await.unwrap().unwrap();
        assert_eq!(one.advance(None).await.unwrap().unwrap(), third);
        assert_eq!(book.kept().await, third);
        for checkpoint in [first, second, third] {
            let instance = book.vault.instance().clone();
            let agreed = book.store.read(move |tx| agrees(tx, &checkpoint, &instance)).await;
            assert_eq!(agreed, Ok(true));
        }
        assert!(book.findings().await.is_empty());
    }

    async fn ar_15__only_what_continues_the_last_checkpoint_is_signed(book: Book) {
        let book = book.of(290).await.of(300).await;
        let mut signer = book.signer();
        let kept = signer.advance(None).await.unwrap().unwrap();
        // Cut off where a batch ended, or nothing would go on from there: seen by the signer that was there, and by one that starts.
        book.sql("DELETE FROM records WHERE seq > 290");
        let contradicted = Err(SignError::Contradicted { size: 300 });
        assert_eq!(signer.advance(None).await, contradicted);
        assert_eq!(book.signer().advance(None).await, contradicted);
        // Also when the record that goes on from there is the longer one, and nothing but the file remembers.
        book.grows_to(305).await;
        book.sql("DELETE FROM checkpoint");
        assert_eq!(book.signer().advance(Some(&kept)).await, contradicted);
        assert_eq!(signer.advance(None).await, contradicted);
        assert_eq!(book.store.read(checkpoint::get).await, Ok(None));
    }

    async fn ar_15__a_record_that_somebody_wrote_by_sql_is_not_signed(book: Book) {
        for (spoil, seq) in [
            ("UPDATE records SET signature = NULL WHERE seq = 5", 5),
            ("UPDATE records SET time = time + 1 WHERE seq = 5", 5),
            ("UPDATE records SET leaf = (SELECT leaf FROM records WHERE seq = 2) WHERE seq = 4", 4),
            ("DELETE FROM records WHERE seq = 4", 4),
            ("UPDATE records SET seq = 9 WHERE seq = 5", 5),
        ] {
            book.grows_to(3).await;
            let mut signer = book.signer();
            let kept = signer.advance(None).await.unwrap().unwrap();
            book.grows_to(5).await;
            book.sql(spoil);
            assert_eq!(signer.advance(Some(&kept)).await, Err(SignError::Broken { seq }), "{spoil}");
            assert_eq!(book.kept().await, kept, "{spoil}");
            book.sql("DELETE FROM records; DELETE FROM tiles; DELETE FROM checkpoint");
        }
    }

    /// The chain needs no key: who writes to the database can append to it. What stands below a signature is signed with it, so
    /// nothing is ever put on top.
    async fn ar_15__a_record_that_somebody_appended_by_sql_is_not_gone_on_from(book: Book) {
        let book = book.of(3).await;
        let mut signer = book.signer();
        let kept = signer.advance(None).await.unwrap().unwrap();
        book.forge_a_record().await;
        let refused = book.recorder.note(Event::new(EventKind::SignInFailed)).await;
        assert!(matches!(refused, Err(StoreError::Corrupt { table: "records", .. })), "{refused:?}");
        assert_eq!(signer.advance(None).await, Err(SignError::Broken { seq: 4 }));
        assert_eq!(book.kept().await, kept);
        book.sql("DELETE FROM records WHERE seq = 4");
        book.grows_to(5).await;
        assert_eq!(signer.advance(None).await.unwrap().unwrap().size, 5);
    }

    async fn ar_15__a_checkpoint_row_that_was_changed_stops_the_signer(book: Book) {
        let book = book.of(3).await;
        let mut signer = book.signer();
        signer.advance(None).await.unwrap();
        for spoil in [
            "UPDATE checkpoint SET size = 9000000000000000000",
            "UPDATE checkpoint SET size = 0",
            "UPDATE checkpoint SET note = 'nothing'",
        ] {
            book.sql("UPDATE checkpoint SET note = note || ''");
            let before = book.store.read(checkpoint::get).await.unwrap().unwrap();
            book.sql(spoil);
            assert!(matches!(signer.advance(None).await, Err(SignError::Invalid(_))), "{spoil}");
            assert!(matches!(book.signer().advance(None).await, Err(SignError::Invalid(_))), "{spoil}");
            let findings = book.findings().await;
            assert!(findings.iter().any(|f| f.contains("checkpoint in the database")), "{spoil}: {findings:?}");
            let (size, note) = (before.size, before.note);
            book.sql(&format!("UPDATE checkpoint SET size = {size}, note = '{note}'"));
            assert!(book.findings().await.is_empty());
        }
        assert!(signer.advance(None).await.is_ok());
    }

    /// Rows of the tree are believed as far as a checkpoint covers them, and otherwise made of the records.
    async fn ar_15__rows_of_the_tree_that_no_checkpoint_covers_are_not_believed(book: Book) {
        let book = book.of(300).await;
        book.signer().advance(None).await.unwrap();
        book.grows_to(600).await;
        book.sql("INSERT INTO tiles (level, place, width, hashes) SELECT 0, 1, width, hashes FROM tiles WHERE level = 0");
        book.sql("UPDATE tiles SET width = 2, hashes = hashes || hashes WHERE level = 1");
        let next = book.signer().advance(None).await.unwrap().unwrap();
        assert_eq!(next.size, 600);
        assert!(book.verify(vec![next]).await.holds());
        let findings = book.findings().await;
        assert!(findings.iter().any(|f| f.starts_with("row 0/1 of tiles")), "{findings:?}");
    }

    async fn tv_18__rows_of_the_tree_that_are_gone_or_of_no_record_are_found(book: Book) {
        let book = book.of(600).await;
        book.signer().advance(None).await.unwrap();
        book.sql("INSERT INTO tiles (level, place, width, hashes) SELECT 0, 9223372036854775807, width, hashes FROM tiles WHERE level = 1");
        let findings = book.findings().await;
        assert_eq!(findings.len(), 1, "{findings:?}");
        book.sql("DELETE FROM tiles WHERE place > 9");
        // A signer that starts does not stumble over it either.
        book.grows_to(601).await;
        book.signer().advance(None).await.unwrap();
        assert!(book.findings().await.is_empty());
        book.sql("DELETE FROM tiles WHERE level = 0 AND place = 1");
        let findings = book.findings().await;
        assert!(findings.iter().any(|f| f.starts_with("row 0/1 of tiles")), "{findings:?}");
        book.sql("DELETE FROM tiles");
        let findings = book.findings().await;
        assert!(findings.iter().any(|f| f.starts_with("row 1/0 of tiles")), "{findings:?}");
    }

    async fn tv_18__a_record_that_the_checkpoint_in_the_database_contradicts_is_found(book: Book) {
        let book = book.of(3).await.of(5).await;
        let kept = book.checkpoint().await;
        let note = book.store.read(checkpoint::get).await.unwrap().unwrap().note;
        book.sql("DELETE FROM records WHERE seq > 3; DELETE FROM checkpoint");
        book.grows_to(5).await;
        let other = book.checkpoint().await;
        book.sql(&format!("UPDATE checkpoint SET note = '{note}'"));
        let findings = book.findings().await;
        assert!(findings.iter().any(|f| f.contains("checkpoint in the database")), "{findings:?}");
        // Nor does one checkpoint hide another of the same size.
        for checkpoints in [vec![kept.clone(), other.clone()], vec![other, kept]] {
            assert!(!book.verify(checkpoints).await.holds());
        }
    }

    async fn a_file_and_a_database_that_hold_different_sizes_are_both_agreed_with_once(book: Book) {
        let book = book.of(300).await;
        let mut signer = book.signer();
        let outside = signer.advance(None).await.unwrap().unwrap();
        book.grows_to(310).await;
        signer.advance(Some(&outside)).await.unwrap();
        // Nothing but a look at the row of the tree would notice now.
        book.sql("DELETE FROM tiles WHERE level = 1");
        assert!(signer.advance(Some(&outside)).await.is_ok());
        assert!(signer.advance(Some(&outside)).await.is_ok());
    }

    async fn tv_18__a_changed_tree_is_found(book: Book) {
        let book = book.of(600).await;
        book.signer().advance(None).await.unwrap();
        assert!(book.findings().await.is_empty());
        for (spoil, undo, row) in [
            (
                "UPDATE tiles SET place = 7 WHERE level = 0 AND place = 1",
                "UPDATE tiles SET place = 1 WHERE place = 7",
                "row 0/1 of tiles",
            ),
            (
                "UPDATE tiles SET level = 7 WHERE level = 1; UPDATE tiles SET level = 1 WHERE level = 0 AND place = 1",
                "UPDATE tiles SET level = 0 WHERE level = 1; UPDATE tiles SET level = 1 WHERE level = 7",
                "row 1/1 of tiles",
            ),
        ] {
            book.sql(spoil);
            let findings = book.findings().await;
            assert!(findings.iter().any(|f| f.starts_with(row)), "{spoil}: {findings:?}");
            book.sql(undo);
            assert!(book.findings().await.is_empty());
        }
    }
}
