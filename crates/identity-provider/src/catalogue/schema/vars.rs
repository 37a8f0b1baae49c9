//! Tenancy: what differs per installation of the same provider.

use serde::{Deserialize, Serialize};

/// A placeholder `{name}` that the operator fills in.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Var {
    /// What a value looks like.
    pub pattern: VarPattern,
    /// Words that are accepted although they do not look like it.
    pub allowed: Vec<String>,
    /// How a value must end, such as `.my.salesforce.com`.
    pub suffix: String,
    /// A value for the error text.
    pub example: String,
    /// The value when the operator gives none; without it the operator must.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub default: Option<String>,
}

/// What the value of a variable looks like. None of them lets `/`, `?`, `#` or `@` through, so a value cannot move a
/// URL to another host or path.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum VarPattern {
    /// One DNS label: `acme`.
    #[default]
    Label,
    /// A host name, with an optional port: `git.example.com`, `localhost:8443`.
    Host,
    /// A GUID: 8-4-4-4-12 hexadecimal digits.
    Guid,
    /// A GUID or a host name with at least one dot, as Microsoft names tenants.
    GuidOrDomain,
    /// One segment of a path: letters, digits and `-._~`.
    Segment,
}

impl Var {
    /// Whether `value` may stand in a URL.
    pub(in crate::catalogue) fn accepts(&self, value: &str) -> bool {
        if self.allowed.iter().any(|word| word == value) {
            return true;
        }
        value.len() <= MAX_VALUE_LENGTH && value.ends_with(&self.suffix) && self.pattern.accepts(value)
    }
}

impl VarPattern {
    /// What to tell the operator.
    pub(in crate::catalogue) const fn describe(self) -> &'static str {
        match self {
            Self::Label => "one DNS label of a-z, 0-9 and `-`",
            Self::Host => "a lower-case host name with an optional port",
            Self::Guid => "a GUID",
            Self::GuidOrDomain => "a GUID or a lower-case domain name",
            Self::Segment => "letters, digits and `-._~`",
        }
    }

    fn accepts(self, value: &str) -> bool {
        match self {
            Self::Label => is_label(value),
            Self::Host => is_host(value),
            Self::Guid => is_guid(value),
            Self::GuidOrDomain => is_guid(value) || (value.contains('.') && value.split('.').all(is_label)),
            Self::Segment => is_segment(value),
        }
    }
}

fn is_label(value: &str) -> bool {
    let inner = value
        .bytes()
        .all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-');
    inner && !value.is_empty() && value.len() <= 63 && !value.starts_with('-') && !value.ends_with('-')
}

fn is_host(value: &str) -> bool {
    match value.split_once(':') {
        Some((host, port)) => {
            host.split('.').all(is_label)
                && port.bytes().all(|b| b.is_ascii_digit())
                && port.parse::<u16>().is_ok_and(|port| port != 0)
        }
        None => value.split('.').all(is_label),
    }
}

pub(in crate::catalogue) fn is_guid(value: &str) -> bool {
    let groups: Vec<&str> = value.split('-').collect();
    groups.iter().map(|group| group.len()).eq([8, 4, 4, 4, 12])
        && groups
            .iter()
            .all(|group| group.bytes().all(|b| b.is_ascii_hexdigit()))
}

fn is_segment(value: &str) -> bool {
    let unreserved = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'.' | b'_' | b'~');
    !value.is_empty() && value != "." && value != ".." && value.bytes().all(unreserved)
}

const MAX_VALUE_LENGTH: usize = 253;

#[cfg(test)]
mod tests {
    use super::*;

    fn var(pattern: VarPattern) -> Var {
        Var {
            pattern,
            ..Var::default()
        }
    }

    #[test]
    fn values_that_could_move_a_url_are_refused() {
        for pattern in [
            VarPattern::Label,
            VarPattern::Host,
            VarPattern::Guid,
            VarPattern::GuidOrDomain,
            VarPattern::Segment,
        ] {
            for value in [
                "", "..", "a/b", "a?b", "a#b", "a@b", "a\\b", "a b", "a%2fb", "{x}", "a\n", "\u{e9}",
            ] {
                assert!(!var(pattern).accepts(value), "{pattern:?} {value:?}");
            }
        }
    }

    #[test]
    fn each_pattern_accepts_its_own() {
        let guid = "9188040d-6c67-4c5b-b112-36a304b66dad";
        for (pattern, yes, no) in [
            (
                VarPattern::Label,
                vec!["acme", "a-1"],
                vec!["-a", "a-", "a.b", "Acme"],
            ),
            (
                VarPattern::Host,
                vec!["git.example.com", "localhost:8443"],
                vec!["a..b", "a:0", "a:b", "a:70000", "a:+1"],
            ),
            (
                VarPattern::Guid,
                vec![guid],
                vec!["9188040d6c674c5bb11236a304b66dad", "common"],
            ),
            (
                VarPattern::GuidOrDomain,
                vec![guid, "contoso.onmicrosoft.com"],
                vec!["common", "a..b"],
            ),
            (VarPattern::Segment, vec!["A-z_0.~"], vec!["."]),
        ] {
            for value in yes {
                assert!(var(pattern).accepts(value), "{pattern:?} {value}");
            }
            for value in no {
                assert!(!var(pattern).accepts(value), "{pattern:?} {value}");
            }
        }
    }

    #[test]
    fn a_suffix_pins_the_domain_and_allowed_words_pass() {
        let var = Var {
            pattern: VarPattern::Host,
            suffix: ".my.salesforce.com".into(),
            allowed: vec!["login".into()],
            ..Var::default()
        };
        assert!(var.accepts("acme.my.salesforce.com"));
        assert!(var.accepts("login"));
        assert!(!var.accepts("acme.my.salesforce.com.evil.example"));
        assert!(!var.accepts("evil.example"));
    }
}
