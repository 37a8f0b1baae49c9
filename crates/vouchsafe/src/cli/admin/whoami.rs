//! `vouchsafe whoami`: as whom commands are taken.

use clap::Args;

use super::Operation;
use super::call::Call;
use super::view::View;
use crate::cli::Failure;

/// Nothing more to say.
#[derive(Debug, Args)]
pub(in crate::cli) struct WhoAmI {}

impl Operation for WhoAmI {
    fn call(self) -> Result<Call, Failure> {
        Ok(Call::new("GET", "/whoami", View::Members))
    }
}
