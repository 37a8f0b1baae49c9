//! The sections of the specification, by the prefix of their ids.

/// The title of the section with this prefix.
pub(crate) fn title(prefix: &str) -> &'static str {
    SECTIONS
        .iter()
        .find(|(known, _)| *known == prefix)
        .map_or("further requirements", |(_, title)| title)
}

const SECTIONS: &[(&str, &str)] = &[
    ("AR", "rules added by the attack review"),
    ("TE", "RFC 8693 token exchange"),
    ("TV", "the vault's own rules for exchanges"),
    (
        "TOK",
        "RFC 6749 and OAuth 2.1: token endpoint, client authentication",
    ),
    ("AZ", "RFC 6749 and OAuth 2.1: authorization endpoint, code grant"),
    ("RT", "RFC 6749 and OAuth 2.1: refresh grant"),
    ("CC", "RFC 6749 and OAuth 2.1: client credentials"),
    ("BT", "RFC 6750 bearer use on our own APIs"),
    ("PK", "RFC 7636 PKCE"),
    ("ISS", "RFC 9207 issuer identification"),
    ("MD", "RFC 8414 metadata"),
    ("OD", "OpenID discovery"),
    ("OC", "OpenID Connect core"),
    ("IN", "RFC 7662 introspection"),
    ("JI", "RFC 9701 introspection as a JWT"),
    ("RV", "RFC 7009 revocation"),
    ("PAR", "RFC 9126 pushed authorization requests"),
    ("DP", "RFC 9449 DPoP"),
    ("MT", "RFC 8705 mutual TLS"),
    ("JA", "RFC 7523 assertions"),
    ("AT", "RFC 9068 JWT access tokens"),
    ("RI", "RFC 8707 resource indicators"),
    ("PR", "RFC 9728 protected-resource metadata"),
    ("JB", "RFC 8725 JWT practice"),
    ("BCP", "RFC 9700 security practice"),
    ("DG", "RFC 8628 device grant"),
    ("RAR", "RFC 9396 rich authorization requests"),
    ("SU", "RFC 9470 step-up"),
    ("DCR", "RFC 7591 and 7592 registration"),
    ("CM", "metadata-document clients"),
    ("FAPI", "FAPI 2.0 security profile"),
    ("SET", "security event tokens"),
    ("PU", "security events by push"),
    ("PO", "security events by poll"),
    ("SSF", "shared signals framework"),
    ("IJ", "identity-assertion grant (ID-JAG)"),
    ("IC", "identity chaining across domains"),
    ("TX", "transaction tokens"),
    ("AO", "agents on behalf of users"),
    ("AP", "actor profile"),
    ("MCP", "MCP authorization"),
    ("OT", "further drafts"),
    ("UP", "upstream duties"),
    ("CL", "connect links and session binding"),
    ("VA", "vault storage"),
    ("PX", "broker and proxy mode"),
    ("ATK", "attacks"),
];

#[cfg(test)]
mod tests {
    use super::*;
    use crate::requirements::Requirements;

    #[test]
    fn every_prefix_has_a_title() {
        for requirement in Requirements::shipped().all() {
            let prefix = requirement.id.split('-').next().unwrap();
            assert_ne!(title(prefix), "further requirements", "{prefix}");
        }
    }
}
