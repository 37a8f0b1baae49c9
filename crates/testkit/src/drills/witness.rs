//! Whoever receives answers, and remembers them.

use std::collections::HashSet;
use std::sync::{Mutex, MutexGuard};
use std::time::{Duration, Instant};

use tokio::sync::watch;
use vouchsafe_store::{Location, raw_sql};

use crate::line::Received;

/// What agents have been answered, by both servers of a drill.
pub(super) struct Witness {
    seen: Mutex<Seen>,
    counts: watch::Sender<Counts>,
}

/// How many answers there were.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Counts {
    /// Tokens, by server.
    pub(super) released: [u64; 2],
    /// Those of them that were asked for after [`Witness::measure`].
    since: [u64; 2],
    /// Refusals of requests that were sent while nothing may be released, by server.
    pub(super) held_back: [u64; 2],
    /// Requests of such a time that nobody has answered yet.
    forbidden_pending: u64,
    /// Answers 503.
    pub(super) unavailable: [u64; 2],
    /// Requests whose connection broke.
    pub(super) cut_off: u64,
}

#[derive(Default)]
struct Seen {
    /// Since when nothing may be released, and what refusals must look like.
    forbidden: Option<Refused>,
    /// Receipts that nobody has looked for yet.
    receipts: Vec<String>,
    /// Receipts of the record that nobody has shown yet, and up to where it was read.
    on_record: HashSet<String>,
    read_to: i64,
    measured: Option<Measured>,
    failures: Vec<String>,
}

/// How requests are refused while nothing may be released.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Refused {
    /// In whatever way.
    Somehow,
    /// 503 with `Retry-After`.
    Unavailable,
}

/// What was measured since a moment.
#[derive(Debug, Clone, Copy)]
pub(super) struct Measured {
    since: Instant,
    /// From then to the first token that was asked for after it, by server.
    pub(super) first: [Option<Duration>; 2],
    /// The longest that any answer has taken.
    pub(super) slowest: [Duration; 2],
}

/// A request on its way.
pub(super) struct Asked {
    server: usize,
    sent: Instant,
    forbidden: Option<Refused>,
}

impl Witness {
    pub(super) fn new() -> Self {
        Self {
            seen: Mutex::default(),
            counts: watch::Sender::new(Counts::default()),
        }
    }

    /// Somebody sends a request now.
    pub(super) fn asks(&self, server: usize) -> Asked {
        let seen = self.seen();
        let asked = Asked {
            server,
            sent: Instant::now(),
            forbidden: seen.forbidden,
        };
        // Under the lock: who forbids sees every request that is on its way.
        if asked.forbidden.is_some() {
            self.counts.send_modify(|counts| counts.forbidden_pending += 1);
        }
        asked
    }

    /// Its whole answer is here.
    pub(super) fn received(&self, asked: &Asked, answer: Received<'_>) {
        let (status, server) = (answer.status(), asked.server);
        let mut seen = self.seen();
        let taken = asked.sent.elapsed();
        let mut is_since = false;
        if let Some(measured) = &mut seen.measured {
            measured.slowest[server] = measured.slowest[server].max(taken);
            is_since = status == 200 && asked.sent >= measured.since;
            if is_since {
                measured.first[server].get_or_insert(measured.since.elapsed());
            }
        }
        if status == 200 {
            match answer.header("vouchsafe-record") {
                Some(receipt) => seen.receipts.push(receipt.to_owned()),
                None => seen.failures.push("a token came without a receipt".to_owned()),
            }
        }
        let wrong = match asked.forbidden {
            Some(_) if status == 200 => Some("a token was released that must not be"),
            Some(Refused::Unavailable) if status != 503 => Some("a refusal is not 503"),
            Some(Refused::Unavailable) if answer.header("retry-after").is_none() => {
                Some("a 503 has no Retry-After")
            }
            _ => None,
        };
        seen.failures
            .extend(wrong.map(|what| format!("{what}: server {server} answered {answer:?}")));
        self.counts.send_modify(|counts| {
            counts.released[server] += u64::from(status == 200);
            counts.since[server] += u64::from(is_since);
            counts.unavailable[server] += u64::from(status == 503);
            if asked.forbidden.is_some() {
                counts.forbidden_pending -= 1;
                counts.held_back[server] += u64::from(status != 200);
            }
        });
    }

    /// Its connection broke: nobody knows what came of it.
    pub(super) fn cut_off(&self, asked: &Asked) {
        self.counts.send_modify(|counts| {
            counts.cut_off += 1;
            counts.forbidden_pending -= u64::from(asked.forbidden.is_some());
        });
    }

    /// Whatever is sent from now on must not be answered with a token.
    pub(super) fn forbid(&self, refused: Refused) {
        self.seen().forbidden = Some(refused);
    }

    /// Tokens are allowed again; returns when everything that was sent before is answered.
    pub(super) async fn allow(&self) {
        self.seen().forbidden = None;
        self.until(|counts| counts.forbidden_pending == 0).await;
    }

    /// Measures from now on.
    pub(super) fn measure(&self) {
        let mut seen = self.seen();
        seen.measured = Some(Measured {
            since: Instant::now(),
            first: [None; 2],
            slowest: [Duration::ZERO; 2],
        });
        self.counts.send_modify(|counts| counts.since = [0; 2]);
    }

    /// Waits for a token that was asked for since then.
    pub(super) async fn until_asked_and_released(&self, server: usize) {
        self.until(|counts| counts.since[server] > 0).await;
    }

    /// What was measured.
    pub(super) fn measured(&self) -> Measured {
        self.seen().measured.expect("something was measured")
    }

    pub(super) fn counts(&self) -> Counts {
        *self.counts.borrow()
    }

    /// Waits until the answers are like this. Whoever asks has nothing to lose by waiting: a server that hangs fails the
    /// whole drill.
    pub(super) async fn until(&self, mut fits: impl FnMut(&Counts) -> bool) {
        let mut counts = self.counts.subscribe();
        let waited = tokio::time::timeout(FAR_TOO_LONG, counts.wait_for(|counts| fits(counts))).await;
        if waited.is_err() {
            let (counts, failures) = (self.counts(), self.failures());
            panic!("nothing happens any more: {counts:?}, {failures:?}");
        }
    }

    /// Waits until so many more tokens are released by this server.
    pub(super) async fn until_released(&self, server: usize, more: u64) {
        let before = self.counts().released[server];
        self.until(|counts| counts.released[server] >= before + more)
            .await;
    }

    /// Something did not hold.
    pub(super) fn failed(&self, what: String) {
        self.seen().failures.push(what);
    }

    /// Looks for every receipt on the record: each names one release, and none is named twice.
    pub(super) fn look(&self, location: &Location) {
        let mut seen = self.seen();
        let receipts = std::mem::take(&mut seen.receipts);
        // What was received is looked for in what is read after it.
        for row in on_record(location, seen.read_to) {
            let (seq, receipt) = row.split_once(' ').expect("as it was asked for");
            let seq: i64 = seq.parse().expect("a number");
            seen.read_to = seen.read_to.max(seq);
            seen.on_record.insert(receipt.to_owned());
        }
        for receipt in receipts {
            if !seen.on_record.remove(&receipt) {
                seen.failures.push(format!(
                    "a token was received, and its release is not on the record: {receipt}"
                ));
            }
        }
    }

    /// Everything that did not hold.
    pub(super) fn failures(&self) -> Vec<String> {
        std::mem::take(&mut self.seen().failures)
    }

    fn seen(&self) -> MutexGuard<'_, Seen> {
        self.seen.lock().expect("nobody panics here")
    }
}

/// The receipts of all releases behind a record, as the server writes them, each after its seq.
fn on_record(location: &Location, after: i64) -> Vec<String> {
    let leaf = match location {
        Location::Sqlite(_) => "lower(hex(leaf))",
        Location::Postgres(_) => "encode(leaf, 'hex')",
    };
    let query = format!(
        "SELECT CAST(seq AS TEXT) || ' ' || id || '; leaf=' || {leaf} AS text FROM records \
         WHERE event = 'token.exchanged' AND seq > {after} ORDER BY seq"
    );
    raw_sql::texts(location, &query)
}

/// Longer than any time-out of the server.
const FAR_TOO_LONG: Duration = Duration::from_secs(60);

#[cfg(test)]
mod tests {
    use super::*;

    /// A database that holds nothing but releases with these ids and leaves.
    fn recorded(releases: &[(&str, &str)]) -> (tempfile::TempDir, Location) {
        let folder = tempfile::tempdir().unwrap();
        let location = Location::Sqlite(folder.path().join("v.db"));
        vouchsafe_store::Store::open(location.clone(), vouchsafe_store::StoreOptions::default()).unwrap();
        raw_sql::execute(
            &location,
            "CREATE TABLE records (seq INTEGER PRIMARY KEY, id TEXT, event TEXT, leaf BLOB)",
        );
        for (id, leaf) in releases {
            raw_sql::execute(
                &location,
                &format!(
                    "INSERT INTO records (id, event, leaf) VALUES ('{id}', 'token.exchanged', x'{leaf}')"
                ),
            );
        }
        (folder, location)
    }

    fn answer(head: &str) -> String {
        format!("HTTP/1.1 {head}\r\ncontent-length: 0\r\n\r\n")
    }

    /// What a witness says that has received these answers.
    fn found(witness: &Witness, answers: &[&str], location: &Location) -> Vec<String> {
        for head in answers {
            let asked = witness.asks(0);
            witness.received(&asked, Received::whole(answer(head).as_bytes()));
        }
        witness.look(location);
        witness.failures()
    }

    const FIRST: &str = "200 OK\r\nvouchsafe-record: rec_1; leaf=0a";

    #[test]
    fn a_token_whose_release_is_on_the_record_is_in_order() {
        let (_folder, location) = recorded(&[("rec_1", "0A"), ("rec_2", "0B")]);
        assert_eq!(found(&Witness::new(), &[FIRST], &location), Vec::<String>::new());
    }

    #[test]
    fn a_token_is_found_out_that_is_not_on_the_record_or_names_the_record_of_another() {
        let (_folder, location) = recorded(&[("rec_1", "0A"), ("rec_2", "0B")]);
        for answers in [
            &["200 OK\r\nvouchsafe-record: rec_3; leaf=0c"][..],
            &["200 OK\r\nvouchsafe-record: rec_1; leaf=0b"],
            &["200 OK"],
            &[FIRST, FIRST],
        ] {
            assert_eq!(found(&Witness::new(), answers, &location).len(), 1, "{answers:?}");
        }
    }

    #[tokio::test]
    async fn a_token_is_found_out_that_was_asked_for_while_none_may_leave() {
        let (_folder, location) = recorded(&[("rec_1", "0A")]);
        let witness = Witness::new();
        let before = witness.asks(0);
        witness.forbid(Refused::Somehow);
        assert_eq!(found(&witness, &[FIRST], &location).len(), 1);
        assert_eq!(found(&witness, &["400 Bad Request"], &location).len(), 0);
        // What was sent before may still be answered with a token, and what is sent after it as well.
        raw_sql::execute(
            &location,
            "INSERT INTO records VALUES (2, 'rec_2', 'token.exchanged', x'0b'), (3, 'rec_1', 'token.exchanged', x'0a')",
        );
        witness.received(
            &before,
            Received::whole(answer("200 OK\r\nvouchsafe-record: rec_2; leaf=0b").as_bytes()),
        );
        witness.allow().await;
        assert_eq!(found(&witness, &[FIRST], &location), Vec::<String>::new());
    }

    #[test]
    fn a_refusal_while_the_record_cannot_be_written_says_when_to_come_back() {
        let (_folder, location) = recorded(&[]);
        let witness = Witness::new();
        witness.forbid(Refused::Unavailable);
        let come_back = "503 Service Unavailable\r\nretry-after: 5";
        assert_eq!(found(&witness, &[come_back], &location).len(), 0);
        for head in [
            "503 Service Unavailable",
            "400 Bad Request",
            "500 Internal Server Error",
        ] {
            assert_eq!(found(&witness, &[head], &location).len(), 1, "{head}");
        }
    }
}
