//! `[[user]]`: people who sign in with a password of ours.

use std::collections::BTreeSet;

use toml::Spanned;
use vouchsafe_model::ManagedBy;
use vouchsafe_sign_in::{SignInError, UserDefinition};

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
            password_hash_file,
        } = table.into_inner();
        let label = format!("user {username}, ");
        let wrong = |name: &str, problem: &str, remedy: &str| {
            Err(place.of_key(&span, (&label, name), problem, remedy))
        };
        if username.is_empty() {
            let remedy = "give the user a name";
            return Err(place.of_key(&span, ("user.", "username"), "it is empty", remedy));
        }
        if !seen.insert(username.to_ascii_lowercase()) {
            return wrong("username", "there are two of this name", "rename or remove one");
        }
        let password_key = if password_file.is_some() {
            "password_file"
        } else {
            "password"
        };
        let source = |inline, file, key| Source {
            inline,
            file,
            label: label.clone(),
            key,
        };
        let password = source(password, password_file, "password").read(place, &span)?;
        let password_hash = source(password_hash, password_hash_file, "password_hash").read(place, &span)?;
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
                    password_key,
                    "it is shorter than 8 characters",
                    "choose a longer one",
                );
            }
            _ => {}
        }
        let definition = UserDefinition {
            username: username.clone(),
            password,
            password_hash: password_hash.map(|hash| hash.expose().clone()),
            managed_by: ManagedBy::Config,
        };
        match definition.check() {
            Ok(()) => definitions.push(definition),
            Err(SignInError::UsernameInvalid(error)) => {
                return wrong("username", &error.to_string(), "choose such a name");
            }
            Err(error) => {
                let remedy = "make one with `argon2 -id -e`, or set password_file";
                return wrong("password_hash", &error.to_string(), remedy);
            }
        }
    }
    Ok(definitions)
}

const SHORTEST_PASSWORD: usize = 8;
