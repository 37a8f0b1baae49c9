//! The head of the record, and servers that stop while they hold it.

use std::io::{Read as _, Write as _};
use std::os::unix::net::UnixStream;

use super::*;
use crate::{StoreError, head};

/// A client of PostgreSQL that speaks its protocol itself, so that it can stop in the middle of it.
struct Halting(UnixStream);

impl Halting {
    fn connect(location: &Location) -> Self {
        let Location::Postgres(url) = location else {
            unreachable!("the embedded database has no sessions");
        };
        let (_, rest) = url.expose().split_once("@/").unwrap();
        let (database, folder) = rest.split_once("?host=").unwrap();
        let stream = UnixStream::connect(format!("{folder}/.s.PGSQL.5432")).unwrap();
        let mut client = Self(stream);
        let mut startup = 196_608_u32.to_be_bytes().to_vec();
        startup.extend(format!("user\0vouchsafe\0database\0{database}\0\0").bytes());
        client.send(None, &startup);
        client.until(b'Z');
        client
    }

    fn query(&mut self, sql: &str) {
        self.send(Some(b'Q'), format!("{sql}\0").as_bytes());
        self.until(b'Z');
    }

    /// The first part of a statement; the server waits for the others.
    fn begin_statement(&mut self) {
        self.send(Some(b'P'), b"\0SELECT 1\0\0\0");
        self.send(Some(b'H'), b"");
        self.until(b'1');
    }

    fn send(&mut self, kind: Option<u8>, body: &[u8]) {
        let mut message: Vec<u8> = kind.into_iter().collect();
        message.extend((u32::try_from(body.len()).unwrap() + 4).to_be_bytes());
        message.extend(body);
        self.0.write_all(&message).unwrap();
    }

    /// Reads on until a message of this kind has been read.
    fn until(&mut self, kind: u8) {
        loop {
            let mut head = [0; 5];
            self.0.read_exact(&mut head).unwrap();
            let length = u32::from_be_bytes([head[1], head[2], head[3], head[4]]);
            let mut body = vec![0; length as usize - 4];
            self.0.read_exact(&mut body).unwrap();
            assert_ne!(head[0], b'E', "{}", String::from_utf8_lossy(&body));
            if head[0] == kind {
                return;
            }
        }
    }
}

/// Such a session counts as at work, whatever its time-outs are.
#[tokio::test(flavor = "multi_thread")]
async fn tv_17__who_stops_in_the_middle_of_a_statement_does_not_keep_the_head() {
    let Some(test) = TestStore::postgres() else { return };
    let mut other = Halting::connect(&test.location);
    other.query("SET idle_in_transaction_session_timeout = '3s'; SET statement_timeout = '3s'");
    other.query("BEGIN");
    other.query("SELECT pg_advisory_xact_lock(8534168888704983398)");
    other.begin_statement();
    let take = || test.store.write(|tx| head::take(tx).map(drop));
    assert_eq!(take().await, Err(StoreError::Busy));
    assert_eq!(take().await, Ok(()));
}
