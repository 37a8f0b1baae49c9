//! `vouchsafe audit exports`: how far each export of the record has come.

use std::process::ExitCode;

use clap::Args;
use serde_json::{Value, json};
use vouchsafe_store::export_cursors::{self, ExportCursor};
use vouchsafe_store::{Store, StoreError, head};

use super::audit::store;
use super::printable::Printable;
use super::record_line::utc;
use super::{ConfigArgument, Failure, Output};
use crate::config::Config;

#[derive(Debug, Args)]
pub(super) struct ExportsArguments {
    #[command(flatten)]
    config: ConfigArgument,
    /// One JSON object a line.
    #[arg(long)]
    json: bool,
}

/// Where an export stands; one that is configured and has no cursor yet, or the other way round, included.
pub(super) struct Standing {
    pub(super) name: String,
    /// `file`, `syslog` or `webhook`; `None` when the configuration does not name it any more.
    pub(super) to: Option<&'static str>,
    pub(super) cursor: Option<ExportCursor>,
    head: i64,
}

pub(super) fn run(arguments: &ExportsArguments) -> Result<ExitCode, Failure> {
    let config = arguments.config.read()?;
    let standings = standings(&config, &store(&config)?)?;
    let mut output = Output::to_stdout();
    if arguments.json {
        for standing in &standings {
            output.line(standing.to_json());
        }
        return Ok(ExitCode::SUCCESS);
    }
    let mut rows = vec![["NAME", "TO", "NEXT", "BEHIND", "STATE"].map(str::to_owned)];
    rows.extend(standings.iter().map(Standing::row));
    for row in &rows {
        let cells = row.iter().enumerate().map(|(column, cell)| {
            let width = rows.iter().map(|row| row[column].len()).max().unwrap_or(0);
            format!("{cell:<width$}")
        });
        output.line(cells.collect::<Vec<_>>().join("  ").trim_end());
    }
    Ok(ExitCode::SUCCESS)
}

/// Those of the configuration in its order, then those that are left of others.
pub(super) fn standings(config: &Config, store: &Store) -> Result<Vec<Standing>, StoreError> {
    let (mut cursors, head) =
        store.read_blocking(|tx| Ok::<_, StoreError>((export_cursors::all(tx)?, head::peek(tx)?.seq)))?;
    let configured = config.exports.iter().map(|export| {
        let place = cursors.iter().position(|cursor| cursor.name == export.name);
        Standing {
            name: export.name.clone(),
            to: Some(export.to.kind()),
            cursor: place.map(|place| cursors.remove(place)),
            head,
        }
    });
    let mut standings: Vec<Standing> = configured.collect();
    standings.extend(cursors.into_iter().map(|cursor| Standing {
        name: cursor.name.clone(),
        to: None,
        cursor: Some(cursor),
        head,
    }));
    Ok(standings)
}

impl Standing {
    /// How many entries have not arrived for sure.
    pub(super) fn behind(&self) -> i64 {
        let next = self.cursor.as_ref().map(|cursor| cursor.next_seq);
        next.map_or(0, |next| (self.head - next + 1).max(0))
    }

    /// In words.
    pub(super) fn state(&self) -> String {
        match (&self.cursor, self.to) {
            (None, _) => "not begun yet".to_owned(),
            (Some(_), None) => "not in the configuration".to_owned(),
            (Some(cursor), Some(_)) => match &cursor.failing {
                Some((error, since)) => format!("stands still since {}: {}", utc(since.0), Printable(error)),
                None if self.behind() == 0 => "up to date".to_owned(),
                None => "on its way".to_owned(),
            },
        }
    }

    fn row(&self) -> [String; 5] {
        let next = self.cursor.as_ref().map(|cursor| cursor.next_seq.to_string());
        [
            Printable(&self.name).to_string(),
            self.to.unwrap_or("-").to_owned(),
            next.unwrap_or_else(|| "-".to_owned()),
            self.behind().to_string(),
            self.state(),
        ]
    }

    fn to_json(&self) -> Value {
        let cursor = self.cursor.as_ref();
        let failing = cursor.and_then(|cursor| cursor.failing.as_ref());
        json!({
            "name": self.name,
            "to": self.to,
            "next_seq": cursor.map(|cursor| cursor.next_seq),
            "behind": self.behind(),
            "advanced_at": cursor.and_then(|cursor| cursor.advanced_at),
            "error": failing.map(|(error, _)| error),
            "failing_since": failing.map(|(_, since)| since),
        })
    }
}
