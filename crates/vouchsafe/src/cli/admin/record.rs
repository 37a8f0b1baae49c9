//! `vouchsafe record`: what was released to whom, as the server itself tells it. `vouchsafe audit` reads the database.

use clap::{Args, Subcommand};

use super::Operation;
use super::call::{Call, id};
use super::view::View;
use crate::cli::Failure;

/// The record, with filters.
#[derive(Debug, Subcommand)]
pub(in crate::cli) enum RecordCommand {
    /// Read the record in its order, oldest first.
    List(ListArguments),
}

#[derive(Debug, Args)]
pub(in crate::cli) struct ListArguments {
    /// Only entries behind this number.
    #[arg(long, value_name = "SEQ")]
    after: Option<u64>,
    /// Only entries in front of this number.
    #[arg(long, value_name = "SEQ")]
    before: Option<u64>,
    /// Only this event, like token.exchanged.
    #[arg(long)]
    event: Option<String>,
    /// Only what is about this user, by id or user name.
    #[arg(long, value_name = "USER", value_parser = id)]
    user_id: Option<String>,
    /// Only what is about this client.
    #[arg(long, value_name = "CLIENT")]
    client_id: Option<String>,
    /// Only what is about this connection.
    #[arg(long, value_name = "CONNECTION")]
    connection_id: Option<String>,
    /// Only entries that are not before this time, like 2026-11-22T09:30:00Z.
    #[arg(long, value_name = "TIME")]
    since: Option<String>,
    /// Only entries before this time.
    #[arg(long, value_name = "TIME")]
    until: Option<String>,
    /// How many entries at most.
    #[arg(long)]
    limit: Option<u32>,
    /// Every page to the end.
    #[arg(long)]
    all: bool,
}

impl Operation for RecordCommand {
    fn call(self) -> Result<Call, Failure> {
        let Self::List(wanted) = self;
        Ok(Call::new("GET", "/records", View::Records)
            .listed("next", "after", wanted.all)
            .query("after", wanted.after)
            .query("before", wanted.before)
            .query("event", wanted.event)
            .query("user_id", wanted.user_id)
            .query("client_id", wanted.client_id)
            .query("connection_id", wanted.connection_id)
            .query("since", wanted.since)
            .query("until", wanted.until)
            .query("limit", wanted.limit.or(wanted.all.then_some(MOST))))
    }
}

/// As many as a page of the record may have.
const MOST: u32 = 1_000;
