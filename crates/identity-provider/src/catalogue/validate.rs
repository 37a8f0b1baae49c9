//! What every entry must fulfil, whoever wrote it.

use super::entry::Entry;
use super::error::CatalogueError;
use super::placeholder::{RUNTIME, is_runtime, names};

/// How far an entry has come.
pub(super) enum Stage<'a> {
    /// Variables are open, endpoints may be missing.
    Template,
    /// Variables are filled in; only discovery may still add endpoints.
    Resolved { internal_hosts: &'a [String] },
}

type Check = Result<(), CatalogueError>;

impl Entry {
    pub(super) fn validate(&self, stage: &Stage<'_>) -> Check {
        self.check_names()?;
        self.check_placeholders()?;
        self.check_parameters()?;
        self.check_scopes()?;
        self.check_parts()?;
        self.check_errors()?;
        match stage {
            Stage::Template => Ok(()),
            Stage::Resolved { internal_hosts } => {
                self.check_complete()?;
                self.check_urls(internal_hosts)
            }
        }
    }

    pub(super) fn refuse(&self, field: &str, problem: &str, remedy: &str) -> Check {
        Err(CatalogueError::field(&self.name, field, problem, remedy))
    }

    fn check_names(&self) -> Check {
        for (field, text) in [("name", &self.name), ("display_name", &self.display_name)] {
            if text.is_empty() || text.chars().count() > MAX_NAME || text.chars().any(char::is_control) {
                return self.refuse(field, "not a name", "use 1 to 80 printable characters");
            }
        }
        Ok(())
    }

    fn check_placeholders(&self) -> Check {
        for name in self.vars.keys() {
            let plain = name
                .bytes()
                .all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_');
            if name.is_empty() || !plain || RUNTIME.contains(&name.as_str()) {
                let field = format!("vars.{name}");
                return self.refuse(
                    &field,
                    "not usable as a variable",
                    "choose another name of a-z, 0-9 and _",
                );
            }
        }
        for (field, text) in self.texts() {
            let Some(found) = names(text) else {
                return self.refuse(&field, "a brace without its partner", "write `{name}`");
            };
            for name in found {
                if !self.vars.contains_key(name) && !is_runtime(name, &field) {
                    let problem = format!("the placeholder `{{{name}}}` is not a variable of this entry");
                    return self.refuse(&field, &problem, "declare it under `vars`, or remove it");
                }
            }
        }
        Ok(())
    }

    fn check_parameters(&self) -> Check {
        for (field, map) in [
            ("authorize_params", &self.authorize_params),
            ("token_params", &self.token_params),
            ("refresh_params", &self.refresh_params),
        ] {
            if let Some(name) = map
                .keys()
                .find(|name| PROTOCOL_PARAMETERS.contains(&name.as_str()))
            {
                let field = format!("{field}.{name}");
                return self.refuse(
                    &field,
                    "a parameter of the protocol",
                    "remove it; the server sets it",
                );
            }
        }
        for (field, map) in [
            ("token_headers", &self.token_headers),
            ("api.headers", &self.api.headers),
        ] {
            for (name, value) in map {
                let lower = name.to_ascii_lowercase();
                let plain = !name.is_empty() && name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-');
                let printable = value.bytes().all(|b| (0x20..0x7f).contains(&b));
                if !plain || !printable || FORBIDDEN_HEADERS.contains(&lower.as_str()) {
                    let field = format!("{field}.{name}");
                    return self.refuse(&field, "not a header that an entry may set", "remove it");
                }
            }
        }
        Ok(())
    }

    fn check_scopes(&self) -> Check {
        let mut prefixes: Vec<&str> = self
            .scope
            .params
            .iter()
            .map(|param| param.prefix.as_str())
            .collect();
        prefixes.sort_unstable();
        if prefixes.windows(2).any(|pair| pair[0] == pair[1]) {
            return self.refuse(
                "scope.params",
                "two parameters with one prefix",
                "give each its own `prefix`",
            );
        }
        let known = |name: &str| name.is_empty() || self.parts.iter().any(|part| part.name == name);
        if !self.scope.params.iter().all(|param| known(&param.part)) {
            return self.refuse(
                "scope.params",
                "a part that `parts` does not have",
                "name one of `parts`",
            );
        }
        Ok(())
    }

    fn check_parts(&self) -> Check {
        let mut part_names: Vec<&str> = self.parts.iter().map(|part| part.name.as_str()).collect();
        part_names.sort_unstable();
        if part_names.windows(2).any(|pair| pair[0] == pair[1]) {
            return self.refuse("parts", "two parts with one name", "rename one");
        }
        let pointers = [
            ("scope.response.pointer", &self.scope.response.pointer),
            ("token_pointer.access_token", &self.token_pointer.access_token),
            ("token_pointer.refresh_token", &self.token_pointer.refresh_token),
            ("token_pointer.expires_in", &self.token_pointer.expires_in),
            ("token_pointer.token_type", &self.token_pointer.token_type),
            ("token_pointer.id_token", &self.token_pointer.id_token),
            ("identity.email", &self.identity.email),
        ];
        let lists = [
            ("error.code_pointer", &self.error.code_pointer),
            ("error.subcode_pointer", &self.error.subcode_pointer),
            ("error.description_pointer", &self.error.description_pointer),
            ("identity.account_id", &self.identity.account_id),
            ("identity.label", &self.identity.label),
        ];
        let listed = lists
            .into_iter()
            .flat_map(|(field, list)| list.iter().map(move |text| (field, text)));
        let refresh = self
            .refresh_expires_pointer
            .iter()
            .map(|text| ("refresh_expires_pointer", text));
        for (field, text) in pointers.into_iter().chain(listed).chain(refresh) {
            if !text.starts_with('/') {
                return self.refuse(field, "not a JSON pointer", "begin it with `/`");
            }
        }
        if self.identity.account_id.is_empty() {
            return self.refuse(
                "identity.account_id",
                "empty",
                "name the pointers to the stable account id",
            );
        }
        Ok(())
    }

    fn check_errors(&self) -> Check {
        let lists = [
            ("errors.dead", &self.errors.dead),
            ("errors.operator", &self.errors.operator),
            ("errors.soft", &self.errors.soft),
            ("revoke.gone", &self.revoke.gone),
        ];
        match lists
            .into_iter()
            .find(|(_, list)| list.iter().any(super::schema::Matcher::is_empty))
        {
            Some((field, _)) => self.refuse(field, "a matcher that names nothing", "name a status or a code"),
            None => Ok(()),
        }
    }

    fn texts(&self) -> Vec<(String, &str)> {
        let mut texts: Vec<(String, &str)> = self
            .urls()
            .map(|(field, text)| (field.to_owned(), text))
            .collect();
        texts.extend(
            self.issuer_template
                .iter()
                .map(|text| ("issuer_template".into(), text.as_str())),
        );
        texts.extend(
            self.api
                .hosts
                .iter()
                .map(|text| ("api.hosts".into(), text.as_str())),
        );
        texts.extend(
            self.api
                .resources
                .iter()
                .map(|text| ("api.resources".into(), text.as_str())),
        );
        for (field, map) in [
            ("authorize_params", &self.authorize_params),
            ("token_params", &self.token_params),
            ("refresh_params", &self.refresh_params),
            ("revoke.json_body", &self.revoke.json_body),
        ] {
            texts.extend(
                map.iter()
                    .map(|(name, text)| (format!("{field}.{name}"), text.as_str())),
            );
        }
        texts
    }
}

const MAX_NAME: usize = 80;

const PROTOCOL_PARAMETERS: [&str; 15] = [
    "response_type",
    "client_id",
    "client_secret",
    "redirect_uri",
    "scope",
    "state",
    "code",
    "code_challenge",
    "code_challenge_method",
    "code_verifier",
    "nonce",
    "grant_type",
    "refresh_token",
    "request",
    "request_uri",
];

const FORBIDDEN_HEADERS: [&str; 7] = [
    "authorization",
    "host",
    "cookie",
    "content-length",
    "content-type",
    "transfer-encoding",
    "connection",
];
