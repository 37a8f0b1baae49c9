//! Whether clients can be given anything of the providers, and whether these can be reached, for those who ask: that is
//! the only check that leaves this machine.

use std::time::Duration;

use vouchsafe_identity_provider::catalogue::{Method, UpstreamRequest};
use vouchsafe_identity_provider::{Egress, EgressOptions};
use vouchsafe_model::ScopeBound;

use super::super::Failure;
use super::finding::Finding;
use crate::config::{Config, ProviderLine};

pub(super) async fn look(config: &Config, online: bool) -> Vec<Finding> {
    let mut findings = out_of_reach(config);
    let asked = config
        .providers
        .iter()
        .filter_map(|line| line.entry.discovery_url().map(|url| (line, url)));
    if !online {
        let count = asked.count();
        if count > 0 {
            let text = format!("{count} publish metadata; --online fetches it");
            findings.push(Finding::ok("providers", text));
        }
        return findings;
    }
    let egress = Egress::new(EgressOptions {
        internal_hosts: config.internal_hosts.clone(),
        timeout: PATIENCE,
        ..EgressOptions::default()
    });
    let egress = match egress {
        Ok(egress) => egress,
        Err(error) => {
            findings.push(Finding::fail("providers", Failure::from(error).to_string()));
            return findings;
        }
    };
    for (line, url) in asked {
        findings.push(match metadata(&egress, line, url).await {
            Ok(()) => Finding::ok("providers", format!("{}: its metadata can be used", line.id)),
            Err(problem) => Finding::fail("providers", format!("{}: {problem}", line.id)),
        });
    }
    findings
}

/// Ceilings under which no token can ever be handed out, since the provider's tokens can do more.
fn out_of_reach(config: &Config) -> Vec<Finding> {
    let ceilings = config
        .clients
        .iter()
        .flat_map(|client| client.ceilings.iter().map(move |ceiling| (client, ceiling)));
    let findings = ceilings.filter_map(|(client, ceiling)| {
        let line = config.providers.iter().find(|line| line.id == ceiling.provider_id)?;
        let least = line.entry.least_ceiling();
        let text = match &least {
            _ if ceiling.scope.includes(&least) => return None,
            ScopeBound::Everything => format!(
                "{}: nobody can tell what a token of {} can do, so none is handed out under this ceiling: if the client \
                 may do everything there, write scope = \"*\"",
                client.id, line.id
            ),
            ScopeBound::Scopes(least) => format!(
                "{}: every token of {} can do `{least}` as well and the provider cannot leave it out, so none is handed \
                 out under this ceiling: add it to `scope`, and let the client ask for it",
                client.id, line.id
            ),
        };
        Some(Finding::warn("ceilings", text))
    });
    findings.collect()
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
