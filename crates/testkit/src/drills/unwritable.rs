//! The record cannot be written for a while: no token leaves, everybody is told to come back, and everything goes on by
//! itself as soon as it can be written again.

use std::time::Duration;

use super::stage::Stage;
use super::witness::Refused;
use super::{Database, Outcome, Plan};

/// Runs it; `None` where there is no such database.
pub async fn unwritable(plan: &Plan<'_>) -> Option<Outcome> {
    let mut stage = Stage::set(plan).await?;
    let ways = match plan.database {
        Database::Sqlite => SQLITE,
        Database::Postgres => POSTGRES,
    };
    let load = stage.load(AGENTS);
    let (mut refused, mut longest) = (0, Duration::ZERO);
    for round in 0..plan.times {
        let warm = 1 + stage.seed.below(MOST_EXCHANGES);
        stage.witness.until_released(0, warm).await;
        // One after the other, so that each is tried; the order is not what is in question.
        let way = &ways[usize::try_from(round).unwrap_or_default() % ways.len()];
        // The server's own writer leaves little room for that of another process.
        let patience = match plan.database {
            Database::Sqlite => "PRAGMA busy_timeout = 60000;",
            Database::Postgres => "",
        };
        stage.server.sql(&format!("{patience}{}", way.refuse));
        stage.witness.forbid(Refused::Unavailable);
        let before = stage.witness.counts().held_back[0];
        stage
            .witness
            .until(|counts| counts.held_back[0] >= before + REFUSALS)
            .await;
        stage.witness.allow().await;
        refused += stage.witness.counts().held_back[0] - before;
        stage.server.sql(&format!("{patience}{}", way.allow));
        stage.witness.measure();
        stage.witness.until_asked_and_released(0).await;
        longest = longest.max(stage.witness.measured().first[0].unwrap_or_default());
        if let Err(problem) = stage.person.restore().await {
            stage.witness.failed(format!("after {}: {problem}", way.refuse));
            break;
        }
    }
    load.stop().await;
    stage.verify("at the end").await;
    let figures = format!(
        "{refused} answers 503 with Retry-After; the first token {:.0} ms after it could be written again, at most",
        longest.as_secs_f64() * 1e3
    );
    Some(stage.outcome("record not writable", plan, figures))
}

/// How a database refuses to write the record, and how it is put right.
struct Way {
    refuse: &'static str,
    allow: &'static str,
}

/// A failed statement leaves the transaction as it was, leaves half of itself, or ends the transaction.
const SQLITE: &[Way] = &[
    Way {
        refuse: "CREATE TRIGGER drill BEFORE INSERT ON records BEGIN SELECT RAISE(ABORT, 'drill'); END",
        allow: "DROP TRIGGER drill",
    },
    Way {
        refuse: "CREATE TRIGGER drill AFTER INSERT ON records BEGIN SELECT RAISE(FAIL, 'drill'); END",
        allow: "DROP TRIGGER drill",
    },
    Way {
        refuse: "CREATE TRIGGER drill BEFORE INSERT ON records BEGIN SELECT RAISE(ROLLBACK, 'drill'); END",
        allow: "DROP TRIGGER drill",
    },
];

/// A statement that is refused, a full disk, a standby, a COMMIT that fails, and no table at all.
const POSTGRES: &[Way] = &[
    Way {
        refuse: "CREATE FUNCTION drill() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE 'drill'; END $$; \
                 CREATE TRIGGER drill BEFORE INSERT ON records FOR EACH ROW EXECUTE FUNCTION drill()",
        allow: "DROP FUNCTION drill CASCADE",
    },
    Way {
        refuse: "CREATE FUNCTION drill() RETURNS trigger LANGUAGE plpgsql AS \
                 $$ BEGIN RAISE 'could not extend file: No space left on device' USING ERRCODE = '53100'; END $$; \
                 CREATE TRIGGER drill BEFORE INSERT ON records FOR EACH ROW EXECUTE FUNCTION drill()",
        allow: "DROP FUNCTION drill CASCADE",
    },
    Way {
        refuse: "CREATE FUNCTION drill() RETURNS trigger LANGUAGE plpgsql AS \
                 $$ BEGIN RAISE 'cannot execute INSERT in a read-only transaction' USING ERRCODE = '25006'; END $$; \
                 CREATE TRIGGER drill BEFORE INSERT ON records FOR EACH ROW EXECUTE FUNCTION drill()",
        allow: "DROP FUNCTION drill CASCADE",
    },
    Way {
        refuse: "CREATE FUNCTION drill() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE 'drill'; END $$; \
                 CREATE CONSTRAINT TRIGGER drill AFTER INSERT ON records DEFERRABLE INITIALLY DEFERRED \
                 FOR EACH ROW EXECUTE FUNCTION drill()",
        allow: "DROP FUNCTION drill CASCADE",
    },
    Way {
        refuse: "ALTER TABLE records RENAME TO records_elsewhere",
        allow: "ALTER TABLE records_elsewhere RENAME TO records",
    },
];

const AGENTS: usize = 16;
/// Before it is refused.
const MOST_EXCHANGES: u64 = 200;
/// Answers that are waited for while it is refused.
const REFUSALS: u64 = 64;
