//! Durability drills: what the record promises, asked of real processes that are killed, stopped, revoked behind the back
//! of and refused their table while agents exchange tokens. Each runs as often as it is told, and a few rounds of each are
//! tests.
//!
//! Every drill has a [`Witness`](witness::Witness): it keeps the receipt of each token that a client has received, and
//! afterwards looks for each of them on the record.

mod beside;
mod kill;
mod load;
mod operator;
mod pause;
mod person;
mod revoke;
mod seed;
mod stage;
mod unwritable;
mod witness;

use std::fmt;

pub use beside::beside;
pub use kill::kill;
pub use pause::pause;
pub use revoke::revoke;
pub use seed::Seed;
pub use unwritable::unwritable;

/// One drill, as it is to be run.
#[derive(Debug, Clone)]
pub struct Plan<'a> {
    /// The built program.
    pub executable: &'a str,
    /// What it keeps its rows in.
    pub database: Database,
    /// How many rounds.
    pub times: u32,
    /// What decides when and how things happen; the same seed decides the same.
    pub seed: u64,
}

/// What rows are kept in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[expect(missing_docs, reason = "the names say it")]
pub enum Database {
    Sqlite,
    Postgres,
}

/// What a drill came to.
#[derive(Debug)]
pub struct Outcome {
    /// Its name.
    pub drill: &'static str,
    /// What it was run on.
    pub database: Database,
    /// How many rounds.
    pub times: u32,
    /// The seed that repeats it.
    pub seed: u64,
    /// Tokens that clients received, each of which was looked for on the record.
    pub released: u64,
    /// What was measured or counted, in words.
    pub figures: String,
    /// Everything that did not hold.
    pub failures: Vec<String>,
}

impl Outcome {
    /// The head of the table.
    pub const HEADER: &'static str =
        "| drill | database | rounds | seed | tokens received | | failures |\n|---|---|--:|--:|--:|---|--:|";

    /// Panics if anything did not hold.
    #[track_caller]
    pub fn must_hold(&self) {
        assert!(self.failures.is_empty(), "{self}\n{}", self.failures.join("\n"));
        // Nothing was proven where nothing was released.
        assert!(self.released > 0, "{self}");
    }
}

/// One row of the table.
impl fmt::Display for Outcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            drill,
            database,
            times,
            seed,
            released,
            figures,
            failures,
        } = self;
        let failures = failures.len();
        write!(
            f,
            "| {drill} | {database} | {times} | {seed} | {released} | {figures} | {failures} |"
        )
    }
}

impl fmt::Display for Database {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Sqlite => "SQLite",
            Self::Postgres => "PostgreSQL",
        })
    }
}
