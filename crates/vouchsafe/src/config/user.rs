//! `[[user]]`: people who sign in with a password of ours.

use std::collections::BTreeSet;

use toml::Spanned;
use vouchsafe_model::ManagedBy;
use vouchsafe_sign_in::UserDefinition;

use super::error::{ConfigError, Place};
use super::secret_source::Source;
use super::table::UserTable;

pub(super) fn definitions(
    place: &Place<'_>,
    tables: Vec<Spanned<UserTable>>,
) -> Result<Vec<UserDefinition>, ConfigError> {
    let mut seen = BTreeSet::new();
    let mut definitions = Vec::new();
    for table in tables {
        let span = table.span();
        let UserTable {
            username,
            password,
            password_file,
            password_hash,
        } = table.into_inner();
        let key = |name: &str| format!("user {username}, {name}");
        let wrong = |name: &str, problem: &str, remedy: &str| {
            Err(place.at(Some(span.clone()), key(name), problem, remedy))
        };
        if username.trim().is_empty() {
            return Err(place.at(Some(span), "user.username", "it is empty", "give the user a name"));
        }
        if !seen.insert(username.to_ascii_lowercase()) {
            return wrong("username", "there are two of this name", "rename or remove one");
        }
        let source = Source {
            inline: password,
            file: password_file,
            of: format!("user {username}"),
            key: "password",
        };
        let password = source.read(place, &span)?;
        match (&password, &password_hash) {
            (Some(_), Some(_)) => {
                return wrong("password_hash", "there is a password as well", "keep one of them");
            }
            (None, None) => {
                return wrong(
                    "password",
                    "this user could never sign in",
                    "set password, password_file or password_hash",
                );
            }
            (Some(password), None) if password.expose().chars().count() < SHORTEST_PASSWORD => {
                return wrong(
                    "password",
                    "it is shorter than 8 characters",
                    "choose a longer one",
                );
            }
            (None, Some(hash)) if !hash.starts_with("$argon2id$") => {
                return wrong(
                    "password_hash",
                    "this is no argon2id PHC string",
                    "make one with `argon2 -id -e`, or set password_file",
                );
            }
            _ => {}
        }
        definitions.push(UserDefinition {
            username,
            password,
            password_hash,
            managed_by: ManagedBy::Config,
        });
    }
    Ok(definitions)
}

const SHORTEST_PASSWORD: usize = 8;
