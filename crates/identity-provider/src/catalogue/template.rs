//! The entries that come with the server.

use super::entry::Entry;

/// A built-in entry. It is a template: [`Entry::resolve`] makes it usable.
pub fn template(name: &str) -> Option<Entry> {
    let (_, text) = TEMPLATES.iter().find(|(known, _)| *known == name)?;
    Some(Entry::from_toml(text).expect("built-in entries are checked by a test"))
}

/// The names that [`template`] knows.
pub fn template_names() -> Vec<&'static str> {
    TEMPLATES.iter().map(|(name, _)| *name).collect()
}

macro_rules! templates {
    ($($name:literal),+ $(,)?) => {
        &[$(($name, include_str!(concat!("../../providers/", $name, ".toml")))),+]
    };
}

const TEMPLATES: &[(&str, &str)] = templates![
    "atlassian",
    "dropbox",
    "generic-oauth2",
    "generic-oidc",
    "github-app",
    "github-oauth-app",
    "google",
    "microsoft-entra",
    "slack",
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_built_in_entry_parses_and_carries_its_file_name() {
        for name in template_names() {
            assert_eq!(template(name).expect("listed").name(), name);
        }
        assert_eq!(template("nobody"), None);
    }
}
