//! Which row is damaged, and who needs it.

/// What is done while a row is damaged.
#[derive(Clone, Copy, Debug)]
pub(super) enum Act {
    /// Ada's agent asks for her token.
    Exchange,
    /// Ada's agent redeems a code.
    Redeem,
    /// Ada opens this page.
    Open(&'static str),
    /// Ada opens this page, which goes on without the row.
    See(&'static str),
    /// Ada signs in.
    SignIn,
    /// A client sends Ada to us.
    Authorize,
    /// Ada comes back from the provider.
    Callback,
    /// An operator reads the record.
    Records,
    /// A load balancer asks.
    Ready,
}

/// A damaged row.
pub(super) struct Damage {
    pub(super) table: &'static str,
    pub(super) key: &'static str,
    pub(super) column: &'static str,
    /// Which row: SQL behind `WHERE`, with `{ada}` for Ada's id.
    pub(super) which: &'static str,
    pub(super) act: Act,
    /// Whether only Ada needs it.
    pub(super) hers: bool,
}

const fn hers(table: &'static str, column: &'static str, which: &'static str, act: Act) -> Damage {
    Damage {
        table,
        key: "id",
        column,
        which,
        act,
        hers: true,
    }
}

const fn shared(table: &'static str, column: &'static str, which: &'static str, act: Act) -> Damage {
    Damage {
        hers: false,
        ..hers(table, column, which, act)
    }
}

impl Damage {
    /// The row is named by another column than `id`.
    const fn by(self, key: &'static str) -> Self {
        Self { key, ..self }
    }
}

const HERSELF: &str = "id = '{ada}'";
const HERS: &str = "user_id = '{ada}'";
const PENDING: &str = "user_id = '{ada}' AND state = 'pending'";
const OF_HER_CONNECTION: &str = "connection_id IN (SELECT id FROM connections WHERE user_id = '{ada}')";
const AGENT: &str = "id = 'briefing-agent'";
const PROVIDER: &str = "id = 'demo-idp'";
const ADMIN_KEY: &str = "name = 'test'";
const LAST_RECORD: &str = "seq = (SELECT MAX(seq) FROM records)";
const LAST_CHANGE: &str = "seq = (SELECT MAX(seq) FROM changes)";

pub(super) const DAMAGES: [Damage; 29] = [
    hers("users", "status", HERSELF, Act::Exchange),
    hers("users", "tag_mac", HERSELF, Act::Open("connections")),
    hers("user_credentials", "tag_mac", HERS, Act::SignIn).by("user_id"),
    hers("sessions", "tag_mac", HERS, Act::Exchange),
    hers("sessions", "tag_mac", HERS, Act::Open("connections")),
    hers("issued_tokens", "code_id", HERS, Act::Exchange),
    hers("connections", "state", HERS, Act::Exchange),
    hers("connections", "hosts", HERS, Act::See("connections")),
    hers("upstream_grants", "scope", OF_HER_CONNECTION, Act::Exchange),
    hers("access_tokens", "scope", OF_HER_CONNECTION, Act::Exchange),
    hers("data_keys", "connection_id", OF_HER_CONNECTION, Act::Exchange),
    hers("delegations", "scope", HERS, Act::Exchange),
    hers("delegations", "decision", HERS, Act::See("connections")),
    hers(
        "upstream_grants",
        "scope",
        OF_HER_CONNECTION,
        Act::See("connections"),
    ),
    hers("authorizations", "scope", HERS, Act::Authorize),
    hers("authorizations", "tag_mac", HERS, Act::Redeem),
    hers("authorization_codes", "resource", HERS, Act::Redeem),
    hers("connect_attempts", "hosts", PENDING, Act::Callback),
    hers("interactions", "scope", PENDING, Act::See("connections")),
    shared("clients", "scope", AGENT, Act::Exchange),
    shared("clients", "ceilings", AGENT, Act::Authorize),
    shared("providers", "hosts", PROVIDER, Act::Exchange),
    shared("admin_keys", "scopes", ADMIN_KEY, Act::Records),
    shared("admin_keys", "tag_mac", ADMIN_KEY, Act::Records),
    shared("records", "chain", LAST_RECORD, Act::Exchange).by("seq"),
    shared("records", "leaf", LAST_RECORD, Act::Records),
    shared("records", "chain", LAST_RECORD, Act::Ready).by("seq"),
    shared("instance", "id", "singleton = 1", Act::Ready).by("singleton"),
    shared("changes", "kind", LAST_CHANGE, Act::Redeem).by("seq"),
];
