//! The record at the end, listed and verified.

use std::time::Duration;

use vouchsafe_audit::verify::Verifier;
use vouchsafe_model::Clock as _;

use crate::clock::SystemClock;
use crate::demo::journey::Journey;
use crate::demo::record_table;
use crate::demo::stage::Stage;
use crate::demo::story::{Problem, Story, must, shortened};

pub(super) async fn read_the_record(
    journey: &Journey,
    stage: &Stage,
    story: &mut Story<'_>,
) -> Result<(), Problem> {
    story.step("All of it is on the record.");
    let records = journey.records().await?;
    for line in record_table::lines(&records) {
        story.plain(line);
    }

    story.step(
        "The record is verified, with the public key and the checkpoint that lie outside the database.",
    );
    // The checkpoint is written once a second.
    SystemClock.sleep(Duration::from_millis(1_500)).await;
    let (keys, checkpoint) = stage
        .pinned()
        .map_err(|failure| Problem::new(failure.to_string()))?;
    let checkpoint = checkpoint.ok_or_else(|| Problem::new("there is no checkpoint file"))?;
    story.value("checkpoint", format_args!("record {}", checkpoint.size));
    let mut verifier = Verifier::new(checkpoint.instance.clone(), keys, vec![checkpoint]);
    for row in &records {
        verifier.next(row);
    }
    let report = verifier.finish();
    for finding in &report.findings {
        story.say(finding);
    }
    must(report.holds(), "the record does not hold")?;
    story.value(
        "it holds",
        format_args!(
            "{} records, chain {}",
            report.records,
            shortened(&report.last_chain)
        ),
    );
    Ok(())
}
