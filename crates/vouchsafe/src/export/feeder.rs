//! Takes one export from its cursor to the head of the record, again and again.
//!
//! 1. hold the lease, so that one server at a time feeds it; 2. read what is next; 3. hand it to the sink; 4. move the cursor
//!    past what has arrived. When the sink fails: back to the cursor, after a pause that grows.

use std::ops::ControlFlow;
use std::time::Duration;

use tokio::sync::watch;
use vouchsafe_audit::export::Outgoing;
use vouchsafe_model::UnixMillis;
use vouchsafe_store::export_cursors::{self, Lease};
use vouchsafe_store::{StoreError, records};

use super::failure::Failure;
use super::sink::{Sent, Sink};
use super::{Export, Surroundings};

pub(super) struct Feeder {
    export: Export,
    surroundings: Surroundings,
    sink: Sink,
    /// Who we are among the servers of this database.
    holder: String,
    held: Option<Held>,
    outage: Option<Outage>,
}

/// The lease, and how far we are.
struct Held {
    until: UnixMillis,
    /// As in the database.
    cursor: i64,
    /// The next one to hand to the sink.
    next: i64,
}

/// Nothing goes out.
struct Outage {
    since: UnixMillis,
    attempts: u32,
}

/// Why a round ended early.
#[derive(Debug, thiserror::Error)]
enum Trouble {
    #[error(transparent)]
    Sink(#[from] Failure),
    #[error("the database failed: {0}")]
    Store(#[from] StoreError),
}

impl Feeder {
    pub(super) fn new(export: Export, surroundings: Surroundings) -> Self {
        let holder = u128::from_be_bytes(surroundings.ids.bytes());
        Self {
            sink: Sink::new(&export, &surroundings),
            holder: format!("{holder:032x}"),
            export,
            surroundings,
            held: None,
            outage: None,
        }
    }

    /// Goes on until `shutdown` says `true`, or its sender is gone.
    pub(super) async fn run(mut self, mut shutdown: watch::Receiver<bool>) {
        while !*shutdown.borrow() {
            let mut stopped = shutdown.clone();
            let pause = tokio::select! {
                // What is on its way is let go: it is sent again.
                _ = stopped.wait_for(|told| *told) => break,
                pause = self.round() => pause,
            };
            if let Some(pause) = pause {
                tokio::select! {
                    () = self.surroundings.clock.sleep(pause) => {}
                    _ = shutdown.wait_for(|told| *told) => {}
                }
            }
        }
        self.finish().await;
    }

    /// One batch; how long to wait until the next.
    async fn round(&mut self) -> Option<Duration> {
        match self.try_round().await {
            Ok(ControlFlow::Continue(())) => None,
            Ok(ControlFlow::Break(pause)) => Some(pause),
            Err(trouble) => Some(self.fail(&trouble).await),
        }
    }

    async fn try_round(&mut self) -> Result<ControlFlow<Duration>, Trouble> {
        let Some((from, cursor)) = self.hold().await? else {
            return Ok(ControlFlow::Break(ASK_EVERY));
        };
        let rows = self
            .surroundings
            .store
            .read(move |tx| records::range(tx, from, BATCH));
        let rows = rows.await?;
        self.warn_of_gaps(from, rows.iter().map(|row| row.seq));
        let (format, persons) = (self.export.format, self.export.persons);
        let batch: Vec<Outgoing> = rows
            .iter()
            .map(|row| Outgoing::of(row, format, persons))
            .collect();
        let (read, ends): (_, Vec<i64>) = (batch.len(), batch.iter().map(|entry| entry.seq + 1).collect());
        let now = self.surroundings.clock.now();
        let sent = match read {
            0 => Sent {
                entries: 0,
                failure: None,
            },
            _ => self.sink.send(batch, now).await,
        };
        let next = sent.entries.checked_sub(1).map_or(from, |last| ends[last]);
        let arrived = self.sink.arrived(next, now);
        // Also what was sent before a failure counts.
        if let Ok(arrived) = arrived
            && arrived > cursor
        {
            self.advance(arrived).await?;
        }
        arrived?;
        if let Some(failure) = sent.failure {
            return Err(failure.into());
        }
        if let Some(held) = &mut self.held {
            held.next = next;
        }
        let is_all = i64::try_from(read).is_ok_and(|read| read < BATCH) && sent.entries == read;
        Ok(if is_all {
            ControlFlow::Break(LOOK_EVERY)
        } else {
            ControlFlow::Continue(())
        })
    }

    /// Takes or keeps the lease; where to go on, and the cursor. `None` while another server has it.
    async fn hold(&mut self) -> Result<Option<(i64, i64)>, StoreError> {
        let now = self.surroundings.clock.now();
        if let Some(held) = &self.held
            && now + LEASE / 2 <= held.until
        {
            return Ok(Some((held.next, held.cursor)));
        }
        let (name, from, holder) = (self.export.name.clone(), self.export.from, self.holder.clone());
        let until = self.lease_until(now);
        let taking = move |tx: &mut vouchsafe_store::Tx<'_>| {
            let lease = Lease {
                holder: &holder,
                now,
                until,
            };
            export_cursors::take(tx, &name, from, lease)
        };
        let Some(cursor) = self.surroundings.store.write(taking).await? else {
            self.held = None;
            return Ok(None);
        };
        // Another server may have had it in between.
        let next = match &self.held {
            Some(held) if held.cursor == cursor.next_seq => held.next,
            _ => cursor.next_seq,
        };
        self.outage = self.outage.take().or_else(|| {
            let (_, since) = cursor.failing.as_ref()?;
            Some(Outage {
                since: *since,
                attempts: 0,
            })
        });
        self.held = Some(Held {
            until,
            cursor: cursor.next_seq,
            next,
        });
        Ok(Some((next, cursor.next_seq)))
    }

    /// The embedded database has one server: nothing needs to be kept alive, and written for it.
    fn lease_until(&self, now: UnixMillis) -> UnixMillis {
        if self.surroundings.store.is_embedded() {
            UnixMillis(i64::MAX)
        } else {
            now + LEASE
        }
    }

    async fn advance(&mut self, arrived: i64) -> Result<(), StoreError> {
        let (name, holder) = (self.export.name.clone(), self.holder.clone());
        let now = self.surroundings.clock.now();
        let until = self.lease_until(now);
        let moving = move |tx: &mut vouchsafe_store::Tx<'_>| {
            export_cursors::advance(
                tx,
                &name,
                arrived,
                Lease {
                    holder: &holder,
                    now,
                    until,
                },
            )
        };
        if self.surroundings.store.write(moving).await? {
            if let Some(held) = &mut self.held {
                (held.cursor, held.until) = (arrived, until);
            }
            if let Some(outage) = self.outage.take() {
                let seconds = outage.since.until(now).as_secs();
                tracing::info!(export.name = %self.export.name, outage.seconds = seconds, "the export goes on");
            }
        } else {
            self.held = None;
        }
        Ok(())
    }

    /// Back to the cursor; says how long to wait. An outage is told once.
    async fn fail(&mut self, trouble: &Trouble) -> Duration {
        let now = self.surroundings.clock.now();
        if let Some(held) = &mut self.held {
            held.next = held.cursor;
        }
        let known = self.outage.as_ref().is_some_and(|outage| outage.attempts > 0);
        let outage = self.outage.get_or_insert(Outage {
            since: now,
            attempts: 0,
        });
        outage.attempts = outage.attempts.saturating_add(1);
        let [random] = self.surroundings.ids.bytes::<1>();
        let wish = match trouble {
            Trouble::Sink(failure) => failure.retry_after(),
            Trouble::Store(_) => None,
        };
        let pause = pause(outage.attempts, random).max(wish.unwrap_or_default());
        if !known {
            tracing::warn!(
                export.name = %self.export.name, export.to = self.export.to.kind(), reason = %trouble,
                "an export stands still: it goes on from where it is as soon as it can, nothing is left out"
            );
        }
        if let Trouble::Sink(failure) = trouble {
            self.note(failure).await;
        }
        pause
    }

    /// For `vouchsafe audit exports`. Where it cannot be written, the log has said it.
    async fn note(&mut self, failure: &Failure) {
        let (name, holder, text) = (self.export.name.clone(), self.holder.clone(), failure.to_string());
        let now = self.surroundings.clock.now();
        let until = self.lease_until(now);
        let noting = move |tx: &mut vouchsafe_store::Tx<'_>| {
            export_cursors::failed(
                tx,
                &name,
                &text,
                Lease {
                    holder: &holder,
                    now,
                    until,
                },
            )
        };
        match (self.surroundings.store.write(noting).await, &mut self.held) {
            (Ok(true), Some(held)) => held.until = until,
            (Ok(false), held) => *held = None,
            _ => {}
        }
    }

    /// Somebody took entries away: `audit verify` says more. The receiver sees it by `seq`.
    fn warn_of_gaps(&self, from: i64, found: impl Iterator<Item = i64>) {
        let mut expected = from;
        for seq in found {
            if seq != expected {
                tracing::error!(
                    export.name = %self.export.name, missing.from = expected, missing.to = seq - 1,
                    "entries of the record are missing: run `vouchsafe audit verify`"
                );
            }
            expected = seq + 1;
        }
    }

    /// Moves the cursor past what has arrived, and lets the next server go on at once.
    async fn finish(mut self) {
        let Some(held) = &self.held else { return };
        let (next, cursor) = (held.next, held.cursor);
        let closed = self.sink.close(next, self.surroundings.clock.now()).await;
        let mut ended = Ok(());
        if let Some(arrived) = closed.filter(|arrived| *arrived > cursor) {
            ended = self.advance(arrived).await;
        }
        let (name, holder) = (self.export.name.clone(), self.holder.clone());
        let releasing = move |tx: &mut vouchsafe_store::Tx<'_>| export_cursors::release(tx, &name, &holder);
        let released = self.surroundings.store.write(releasing).await;
        if let Err(error) = ended.and(released) {
            tracing::warn!(export.name = %self.export.name, error = %error, "the end of an export could not be written down");
        }
    }
}

/// A second, doubling up to a minute, with up to a fifth more, so that what failed together does not come back together.
fn pause(attempts: u32, random: u8) -> Duration {
    let pause = (FIRST_PAUSE * 2_u32.pow(attempts.clamp(1, 7) - 1)).min(LONGEST_PAUSE);
    pause + pause / 5 * u32::from(random) / 255
}

/// How long sending one batch may take: far less than the lease.
pub(super) const AT_MOST: Duration = Duration::from_secs(20);
/// How long another server waits for one that died.
const LEASE: Duration = Duration::from_secs(60);
/// How soon it is seen that another server has let go.
const ASK_EVERY: Duration = Duration::from_secs(5);
/// How soon a new entry is seen.
const LOOK_EVERY: Duration = Duration::from_secs(1);
const BATCH: i64 = 256;
const FIRST_PAUSE: Duration = Duration::from_secs(1);
const LONGEST_PAUSE: Duration = Duration::from_secs(60);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_grow_to_a_minute_and_no_two_are_alike() {
        assert_eq!(pause(1, 0), FIRST_PAUSE);
        assert_eq!(pause(3, 0), FIRST_PAUSE * 4);
        assert_eq!(pause(u32::MAX, 0), LONGEST_PAUSE);
        assert_eq!(pause(u32::MAX, 255), LONGEST_PAUSE * 6 / 5);
    }
}
