//! Whether providers can be reached, for those who ask: it is the only check that leaves this machine.

use std::time::Duration;

use vouchsafe_identity_provider::catalogue::{Method, UpstreamRequest};
use vouchsafe_identity_provider::{Egress, EgressOptions};

use super::super::Failure;
use super::finding::Finding;
use crate::config::{Config, ProviderLine};

pub(super) async fn look(config: &Config, online: bool) -> Vec<Finding> {
    let asked = config
        .providers
        .iter()
        .filter_map(|line| line.entry.discovery_url().map(|url| (line, url)));
    if !online {
        let count = asked.count();
        return if count == 0 {
            Vec::new()
        } else {
            vec![Finding::ok(
                "providers",
                format!("{count} publish metadata; --online fetches it"),
            )]
        };
    }
    let egress = Egress::new(EgressOptions {
        internal_hosts: config.internal_hosts.clone(),
        timeout: PATIENCE,
        ..EgressOptions::default()
    });
    let egress = match egress {
        Ok(egress) => egress,
        Err(error) => return vec![Finding::fail("providers", Failure::from(error).to_string())],
    };
    let mut findings = Vec::new();
    for (line, url) in asked {
        findings.push(match metadata(&egress, line, url).await {
            Ok(()) => Finding::ok("providers", format!("{}: its metadata can be used", line.id)),
            Err(problem) => Finding::fail("providers", format!("{}: {problem}", line.id)),
        });
    }
    findings
}

async fn metadata(egress: &Egress, line: &ProviderLine, url: String) -> Result<(), String> {
    let request = UpstreamRequest {
        method: Method::Get,
        url: url.clone(),
        headers: Vec::new(),
        body: None,
        content_type: None,
    };
    let answer = egress.send(request).await.map_err(|failure| {
        format!(
            "its metadata at {url} cannot be fetched ({}): check the issuer, the network, and `egress.internal_hosts`",
            failure.kind
        )
    })?;
    if answer.status != 200 {
        return Err(format!(
            "{url} answers with status {}: check the issuer of the provider",
            answer.status
        ));
    }
    let document = serde_json::from_slice(answer.as_upstream().body)
        .map_err(|_| format!("{url} is no JSON: check the issuer of the provider"))?;
    match line.entry.with_discovery(&document, egress.internal_hosts()) {
        Ok(_) => Ok(()),
        Err(error) => Err(error.to_string()),
    }
}

const PATIENCE: Duration = Duration::from_secs(5);
