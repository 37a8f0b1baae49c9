//! Whether the witnesses can be reached, for those who ask.

use std::time::Duration;

use vouchsafe_identity_provider::catalogue::{Method, UpstreamRequest};
use vouchsafe_identity_provider::{Egress, EgressOptions};
use vouchsafe_model::Secret;

use super::super::Failure;
use super::finding::Finding;
use crate::config::Config;
use crate::witnesses::WitnessLine;

pub(super) async fn look(config: &Config, online: bool) -> Vec<Finding> {
    let count = config.witnesses.len();
    if count == 0 {
        return Vec::new();
    }
    if !online {
        let text = format!("{count} cosign checkpoints; --online sees whether they can be reached");
        return vec![Finding::ok("witnesses", text)];
    }
    let egress = Egress::new(EgressOptions {
        internal_hosts: config.internal_hosts.clone(),
        timeout: PATIENCE,
        ..EgressOptions::default()
    });
    let egress = match egress {
        Ok(egress) => egress,
        Err(error) => return vec![Finding::fail("witnesses", Failure::from(error).to_string())],
    };
    let mut findings = Vec::new();
    for line in &config.witnesses {
        findings.push(reached(&egress, line).await);
    }
    findings
}

/// An empty request is no checkpoint: a witness refuses it, and that it does so is all that is asked.
async fn reached(egress: &Egress, line: &WitnessLine) -> Finding {
    let request = UpstreamRequest {
        method: Method::Post,
        url: format!("{}/add-checkpoint", line.url),
        headers: Vec::new(),
        body: Some(Secret::new(Vec::new())),
        content_type: Some("text/plain; charset=utf-8"),
    };
    let name = line.key.name();
    match egress.send(request).await {
        Ok(answer) if answer.status == 400 => Finding::ok("witnesses", format!("{name}: it can be reached")),
        Ok(answer) => Finding::warn(
            "witnesses",
            format!(
                "{name}: something answers with status {}, and not as a witness does: check its `url`",
                answer.status
            ),
        ),
        Err(failure) => Finding::fail(
            "witnesses",
            format!(
                "{name} cannot be reached ({}): check its `url`, the network, and `egress.internal_hosts`",
                failure.kind
            ),
        ),
    }
}

const PATIENCE: Duration = Duration::from_secs(5);
