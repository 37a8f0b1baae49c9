//! What brings a requirement that no test claims yet.

/// The capability that brings a requirement, in the words of the specification's section; the longest prefix counts.
pub(crate) fn brings(id: &str) -> &'static str {
    let fits = |(prefix, _): &&(&str, &str)| id.starts_with(prefix);
    let longest = CAPABILITIES
        .iter()
        .filter(fits)
        .max_by_key(|(prefix, _)| prefix.len());
    longest.map_or(OPEN, |(_, capability)| *capability)
}

/// For what waits for no capability.
const OPEN: &str = "still to be proven";

const CAPABILITIES: &[(&str, &str)] = &[
    ("AR-02", TRUSTED_ISSUERS),
    ("AR-07", "several replicas on one PostgreSQL"),
    ("AR-09", "RFC 7523 assertions: exchange without the user"),
    ("AR-13", "embedded apps: connecting in two phases"),
    ("AR-15", "operating: restore and adoption"),
    ("AR-20", OWN_TOKENS),
    ("AR-21", DPOP),
    ("AR-22", REFRESH),
    ("AR-23", BROKER),
    ("AR-24", "MCP authorization"),
    ("AR-25", BROKER),
    ("TE-2.1-20", TRUSTED_ISSUERS),
    ("TE-2.1-23", OPENID),
    ("TE-2.1-24", REFRESH),
    ("TE-2.1-25", DPOP),
    ("TE-2.1-27", "compatible wire dialects"),
    ("TE-2.2.1-07", OWN_TOKENS),
    ("TE-2.2.2-07", STEP_UP),
    ("TE-2.2.2-10", "key providers outside the process"),
    ("TE-4", OWN_TOKENS),
    ("TE-5-02", "RFC 7662 introspection and RFC 7009 revocation"),
    ("TE-6-01", OWN_TOKENS),
    ("TV-10", "proof of the cache's storage"),
    ("TV-11", LIMITS),
    ("TV-12", "time-boxed and purpose-bound leave"),
    ("TV-13", "RFC 7523 assertions: exchange without the user"),
    ("TV-14", "approval of single uses"),
    ("TV-18", "an offline verifier of the record"),
    ("TV-19", "the user's own record"),
    ("TOK-3.2-11", "browser clients"),
    ("AZ-3.1-01", OPENID),
    ("AZ-4.1-14", OPENID),
    ("RT", REFRESH),
    ("CC", "the client credentials grant"),
    ("BT-2.2-01", OPENID),
    ("ISS-2-02", "RFC 9126 pushed authorization requests"),
    ("ISS-2-03", "several issuers in one server"),
    ("MD-2-03", "RFC 7662 introspection and RFC 7009 revocation"),
    ("MD-2.1-01", "signed metadata"),
    ("MD-K-02", "rotation of signing keys"),
    ("OD", OPENID),
    ("OC", OPENID),
    ("IN", "RFC 7662 introspection"),
    ("JI", "RFC 9701 introspection as a JWT"),
    ("RV", "RFC 7009 revocation"),
    ("PAR", "RFC 9126 pushed authorization requests"),
    ("DP", DPOP),
    ("MT", "RFC 8705 mutual TLS"),
    ("JA", "RFC 7523 assertions"),
    ("AT-2.2.1-01", STEP_UP),
    ("AT", "RFC 9068 access tokens for other resources"),
    ("RI", "RFC 8707 resource indicators"),
    ("PR", "RFC 9728 protected-resource metadata"),
    ("JB", TRUSTED_ISSUERS),
    ("BCP-2.2.1-01", DPOP),
    ("BCP-2.5-01", "RFC 7523 assertions"),
    ("BCP-4.15-01", "the client credentials grant"),
    ("BCP-4.17-01", "embedded apps: connecting in two phases"),
    ("DG", "the RFC 8628 device grant"),
    ("RAR", "RFC 9396 rich authorization requests"),
    ("SU", STEP_UP),
    ("DCR", "RFC 7591 registration"),
    ("CM", "metadata-document clients"),
    ("FAPI", "the FAPI 2.0 profile"),
    ("SET", EVENTS),
    ("PU", EVENTS),
    ("PO", EVENTS),
    ("SSF", EVENTS),
    ("IJ", "identity-assertion grants (ID-JAG)"),
    ("IC", "identity chaining across domains"),
    ("TX", "transaction tokens"),
    ("AO", "agents on behalf of users, and the actor profile"),
    ("AP", "agents on behalf of users, and the actor profile"),
    ("MCP", "MCP authorization"),
    ("OT-05", "the user's own record"),
    ("OT-07", "RFC 7662 introspection"),
    ("OT", "further drafts"),
    ("CL-05", "embedded apps: connecting in two phases"),
    ("CL-10", "security events and webhooks"),
    ("VA-04", "rotation of keys"),
    ("PX", BROKER),
];

const BROKER: &str = "the broker (proxy mode)";
const DPOP: &str = "RFC 9449 DPoP";
const EVENTS: &str = "security events and webhooks";
const LIMITS: &str = "limits and budgets";
const OPENID: &str = "OpenID Connect";
const OWN_TOKENS: &str = "tokens of our own by exchange";
const REFRESH: &str = "the refresh grant";
const STEP_UP: &str = "RFC 9470 step-up";
const TRUSTED_ISSUERS: &str = "trusted issuers and their JWTs";

#[cfg(test)]
mod tests {
    use super::*;
    use crate::requirements::Requirements;

    #[test]
    fn every_line_is_about_a_requirement() {
        let requirements = Requirements::shipped();
        for (prefix, _) in CAPABILITIES {
            let about = requirements.all().iter().any(|r| r.id.starts_with(prefix));
            assert!(about, "{prefix}");
        }
    }

    #[test]
    fn the_longest_prefix_counts() {
        assert_eq!(brings("AT-2.2.1-01"), STEP_UP);
        assert_eq!(brings("AT-5-01"), "RFC 9068 access tokens for other resources");
        assert_eq!(brings("CL-06"), OPEN);
    }
}
