//! What a drill needs: a server, a person with an account at a provider, agents, and an operator.

use std::sync::Arc;

use serde_json::json;
use vouchsafe::demo::{Parties, Problem};

use super::load::Load;
use super::operator::Operator;
use super::person::Person;
use super::witness::Witness;
use super::{Database, Outcome, Plan, Seed};
use crate::process::Process;
use crate::server::Server;

/// A drill that runs.
pub(super) struct Stage {
    pub(super) server: Server,
    /// A second server of the same database, if there is one.
    pub(super) other: Option<Process>,
    pub(super) operator: Operator,
    pub(super) person: Person,
    pub(super) witness: Arc<Witness>,
    pub(super) seed: Seed,
}

impl Stage {
    /// A server with a client and a user of its own, whose account is connected. `None` where there is no such database.
    pub(super) async fn set(plan: &Plan<'_>) -> Option<Self> {
        let server = match plan.database {
            Database::Sqlite => Some(Server::start(plan.executable).await),
            Database::Postgres => Server::start_on_postgresql(plan.executable).await,
        }?;
        // Nothing is refreshed during a drill: what stands and what does not is decided here alone.
        server.upstream.set_access_ttl("oidc", A_WEEK);
        let keys = server.program.read("vouchsafe.audit-keys");
        server.program.write(KEPT_KEYS, &keys);
        let operator = Operator::new(&server.admin_key);
        let parties = registered(&operator, server.parties()).await;
        let parties = parties.expect("a client and a user can be made");
        let mut person = Person::new(parties).await.expect("the server answers");
        person.restore().await.expect("an account can be connected");
        Some(Self {
            operator,
            person,
            witness: Arc::new(Witness::new()),
            seed: Seed::new(plan.seed),
            other: None,
            server,
        })
    }

    /// Where the servers are.
    pub(super) fn bases(&self) -> Vec<&str> {
        let other = self.other.as_ref().map(|other| other.base.as_str());
        [self.server.process().base.as_str()]
            .into_iter()
            .chain(other)
            .collect()
    }

    /// The process of one of them.
    pub(super) fn process(&self, server: usize) -> &Process {
        match (&self.other, server) {
            (Some(other), 1) => other,
            _ => self.server.process(),
        }
    }

    /// So many agents at each server.
    pub(super) fn load(&self, agents: usize) -> Load {
        Load::start(&self.bases(), agents, self.person.request(), &self.witness)
    }

    /// Takes the checkpoint as it is now to where no server writes.
    pub(super) fn keep_checkpoint(&self) {
        let path = self.server.program.path("vouchsafe.checkpoint");
        // A server that has just been made may not have written it yet.
        if path.exists() {
            let checkpoint = self.server.program.read("vouchsafe.checkpoint");
            self.server.program.write(KEPT_CHECKPOINT, &checkpoint);
        }
    }

    /// The whole of `vouchsafe audit verify`, and each token that was received against the record.
    pub(super) async fn verify(&self, when: &str) {
        let mut arguments = vec!["audit", "verify", "--public-key", KEPT_KEYS];
        if self.server.program.path(KEPT_CHECKPOINT).exists() {
            arguments.extend(["--checkpoint", KEPT_CHECKPOINT]);
        }
        let verified = self.server.program.run_beside(&arguments).await;
        if !verified.status.success() {
            self.witness.failed(format!("{when}: {}", verified.text()));
        }
        self.witness.look(self.server.location());
    }

    /// The end.
    pub(super) fn outcome(&self, drill: &'static str, plan: &Plan<'_>, figures: String) -> Outcome {
        Outcome {
            drill,
            database: plan.database,
            times: plan.times,
            seed: plan.seed,
            released: self.witness.counts().released.iter().sum(),
            figures,
            failures: self.witness.failures(),
        }
    }
}

/// A client and a user that no configuration file insists on, so that they can be switched off.
async fn registered(operator: &Operator, parties: Parties) -> Result<Parties, Problem> {
    let base = parties.issuer.as_str().trim_end_matches('/');
    let client = json!({
        "id": CLIENT,
        "name": "The agent of the drills",
        "redirect_uris": [parties.redirect_uri],
        "grant_types": ["authorization_code", "urn:ietf:params:oauth:grant-type:token-exchange"],
        "ceilings": [{ "provider": parties.audience, "scope": "calendar.read calendar.write" }],
    });
    let client = operator.create(base, "/clients", &client).await?;
    let user = json!({ "username": USER, "password": parties.password });
    operator.create(base, "/users", &user).await?;
    Ok(Parties {
        client_id: CLIENT.to_owned(),
        client_secret: client["client_secret"].as_str().unwrap_or_default().to_owned(),
        username: USER.to_owned(),
        ..parties
    })
}

/// Whose requests are exchanged.
pub(super) const CLIENT: &str = "drill-agent";
pub(super) const USER: &str = "grace";
const KEPT_KEYS: &str = "kept.audit-keys";
const KEPT_CHECKPOINT: &str = "kept.checkpoint";
/// Seconds.
const A_WEEK: u64 = 7 * 24 * 3600;
