//! Every operation of the admin API with its command, in an order in which each can be seen to have worked.

use std::collections::BTreeSet;

/// An operation, the command that is it, and how it shows that it was done.
pub(super) struct Step {
    /// As the admin API declares it.
    pub(super) operation: &'static str,
    /// As in a shell, without the program. `{name}` stands for what an earlier step has found.
    pub(super) command: &'static str,
    pub(super) input: Option<&'static str>,
    /// What it prints, among other things.
    pub(super) prints: &'static [&'static str],
    /// A member of its answer that later steps need, and under which name.
    pub(super) keeps: Option<(&'static str, &'static str)>,
    /// What it prints that must never be seen again: what follows this.
    pub(super) once: Option<&'static str>,
    /// Another command, and what it then says (`!`: does not say).
    pub(super) seen: Option<(&'static str, &'static str)>,
}

const fn step(operation: &'static str, command: &'static str) -> Step {
    Step {
        operation,
        command,
        input: None,
        prints: &[],
        keeps: None,
        once: None,
        seen: None,
    }
}

pub(super) const STEPS: &[Step] = &[
    Step {
        prints: &["kind: local_operator\n", "scopes: trust\n"],
        ..step("GET /whoami", "whoami")
    },
    Step {
        input: Some("a password of some length\n"),
        prints: &["username: grace\n", "status: active\n", "managed_by: admin\n"],
        keeps: Some(("id: ", "grace")),
        seen: Some(("user show grace", "id: {grace}\n")),
        ..step("POST /users", "user create --username grace --password-file -")
    },
    Step {
        prints: &["ID ", "{grace}  grace ", " ada "],
        ..step("GET /users", "user list")
    },
    Step {
        prints: &["username: grace\n"],
        ..step("GET /users/{user_id}", "user show {grace}")
    },
    Step {
        prints: &["status: disabled\n"],
        seen: Some(("user show grace", "status: disabled\n")),
        ..step("POST /users/{user_id}/disable", "user disable {grace}")
    },
    Step {
        prints: &["status: active\n"],
        seen: Some(("user show grace", "status: active\n")),
        ..step("POST /users/{user_id}/enable", "user enable grace")
    },
    Step {
        input: Some("another one, of some length\r\n"),
        prints: &["credentials_reset_at: "],
        seen: Some(("record list --user-id grace", "password_changed=true")),
        ..step(
            "PUT /users/{user_id}/password",
            "user password grace --password-file -",
        )
    },
    Step {
        prints: &["sessions_ended: 1\n"],
        seen: Some((
            "record list --user-id ada --event session.ended",
            " session.ended ",
        )),
        ..step("POST /users/{user_id}/sign-out", "user sign-out ada")
    },
    Step {
        prints: &[
            "id: courier\n",
            "redirect_uris: https://agent.example/one\nredirect_uris: https://agent.example/two\n",
            "ceilings: provider=demo-idp, scope=calendar.read calendar.write, allow_unbounded_raw=true, trusted=calendar.read\n",
        ],
        once: Some("client_secret: "),
        seen: Some(("client show courier", "name: The courier\n")),
        ..step(
            "POST /clients",
            "client create --id courier --name 'The courier' --auth-method client_secret_post \
             --redirect-uri https://agent.example/one --redirect-uri https://agent.example/two \
             --grant-type authorization_code --grant-type urn:ietf:params:oauth:grant-type:token-exchange \
             --accepts-tokens-of briefing-agent --ceiling 'demo-idp=calendar.read calendar.write' \
             --ceiling-trusted demo-idp=calendar.read --ceiling-allow-unbounded-raw demo-idp",
        )
    },
    Step {
        prints: &["\nbriefing-agent ", "\ncourier ", " client_secret_post "],
        ..step("GET /clients", "client list")
    },
    Step {
        prints: &["accepts_tokens_of: briefing-agent\n"],
        ..step("GET /clients/{client_id}", "client show courier")
    },
    Step {
        prints: &[
            "name: Courier\n",
            "redirect_uris: -\n",
            "ceilings: provider=demo-idp, scope=calendar.read,",
        ],
        seen: Some(("client show courier", "redirect_uris: -\n")),
        ..step(
            "PATCH /clients/{client_id}",
            "client change courier --name Courier --no-redirect-uris \
             --grant-type urn:ietf:params:oauth:grant-type:token-exchange --ceiling demo-idp=calendar.read",
        )
    },
    Step {
        prints: &["status: disabled\n"],
        seen: Some(("client show courier", "status: disabled\n")),
        ..step("POST /clients/{client_id}/disable", "client disable courier")
    },
    Step {
        prints: &["status: active\n"],
        seen: Some(("client show courier", "status: active\n")),
        ..step("POST /clients/{client_id}/enable", "client enable courier")
    },
    Step {
        keeps: Some(("secret_id: ", "secret")),
        once: Some("client_secret: "),
        seen: Some(("client show courier", "secrets: id={secret},")),
        ..step(
            "POST /clients/{client_id}/secrets",
            "client secret create courier",
        )
    },
    Step {
        prints: &["secret {secret} of client courier is deleted\n"],
        seen: Some(("client show courier", "!{secret}")),
        ..step(
            "DELETE /clients/{client_id}/secrets/{secret_id}",
            "client secret delete courier {secret}",
        )
    },
    Step {
        prints: &["trusted=calendar.read\n"],
        seen: Some(("client show courier", "trusted=calendar.read\n")),
        ..step(
            "PUT /clients/{client_id}/ceilings/{provider_id}/trusted",
            "client trust set courier demo-idp --scope calendar.read",
        )
    },
    Step {
        prints: &["id: courier\n"],
        seen: Some(("client show courier", "!trusted=")),
        ..step(
            "DELETE /clients/{client_id}/ceilings/{provider_id}/trusted",
            "client trust remove courier demo-idp",
        )
    },
    Step {
        input: Some("the secret of the provider"),
        prints: &[
            "id: second\n",
            "template: generic-oauth2\n",
            "has_client_secret: true\n",
            "display_name: Second\n",
        ],
        seen: Some(("provider show second", "client_id: ours\n")),
        ..step(
            "POST /providers",
            "provider create --id second --template generic-oauth2 --client-id ours --client-secret-file - --override-file override.json",
        )
    },
    Step {
        prints: &["\ndemo-idp ", "\nsecond "],
        ..step("GET /providers", "provider list")
    },
    Step {
        prints: &["redirect_uri: ", "/connect/callback/second\n"],
        ..step("GET /providers/{provider_id}", "provider show second")
    },
    Step {
        prints: &[
            "template: microsoft-entra\n",
            "client_id: theirs\n",
            "has_client_secret: true\n",
        ],
        input: Some("the secret of the provider"),
        seen: Some(("provider show second", "template: microsoft-entra\n")),
        ..step(
            "PUT /providers/{provider_id}",
            "provider replace second --template microsoft-entra --var tenant=4f1b6c02-9a55-4a5b-8a36-0d6a3f7e1c11 --client-id theirs --client-secret-file -",
        )
    },
    Step {
        prints: &["enabled: false\n"],
        seen: Some(("provider show second", "enabled: false\n")),
        ..step("POST /providers/{provider_id}/disable", "provider disable second")
    },
    Step {
        prints: &["enabled: true\n"],
        seen: Some(("provider show second", "enabled: true\n")),
        ..step("POST /providers/{provider_id}/enable", "provider enable second")
    },
    Step {
        prints: &["{connection}  ", " ada ", " demo-idp "],
        ..step(
            "GET /connections",
            "connection list --user-id ada --provider-id demo-idp --state active",
        )
    },
    Step {
        prints: &["state: active\n", "scope: calendar.read"],
        ..step("GET /connections/{connection_id}", "connection show {connection}")
    },
    Step {
        prints: &["{delegation}  ", " ada ", " granted "],
        ..step(
            "GET /delegations",
            "delegation list --user-id ada --client-id briefing-agent --connection-id {connection}",
        )
    },
    Step {
        prints: &["connection_id: {connection}\n"],
        ..step("GET /delegations/{delegation_id}", "delegation show {delegation}")
    },
    Step {
        prints: &["decision: revoked\n"],
        seen: Some(("delegation show {delegation}", "decision: revoked\n")),
        ..step(
            "POST /delegations/{delegation_id}/withdraw",
            "delegation withdraw {delegation}",
        )
    },
    Step {
        prints: &["connection_id: {connection}\n", "forgotten: "],
        seen: Some((
            "connection show {connection}",
            "revocation.state: revoked_upstream\n",
        )),
        ..step(
            "POST /connections/{connection_id}/revoke",
            "connection revoke {connection}",
        )
    },
    Step {
        prints: &["adm_"],
        once: Some(""),
        seen: Some(("admin-key list", "  ci ")),
        ..step(
            "POST /admin-keys",
            "admin-key create --name ci --scope read --expires-in-days 90",
        )
    },
    Step {
        prints: &["read revoke manage trust"],
        keeps: Some(("adm_", "ci")),
        ..step("GET /admin-keys", "admin-key list")
    },
    Step {
        prints: &["admin key {ci} is deleted\n"],
        seen: Some(("admin-key list", "!{ci}")),
        ..step("DELETE /admin-keys/{admin_key_id}", "admin-key delete {ci}")
    },
    Step {
        prints: &[" connection.revoked ", " by=local "],
        ..step(
            "GET /records",
            "record list --event connection.revoked --connection-id {connection} --user-id ada",
        )
    },
    Step {
        prints: &["revoked_at: "],
        seen: Some(("record list --event access.revoked --user-id ada", " by=local ")),
        ..step("POST /users/{user_id}/revoke", "user revoke ada")
    },
    Step {
        prints: &["status: erased\n", "erasure: finished\n"],
        seen: Some(("record list --event user.erasure_finished", " status=erased")),
        ..step("DELETE /users/{user_id}", "user erase grace")
    },
    Step {
        prints: &["revoked_at: "],
        seen: Some((
            "record list --event access.revoked --client-id courier",
            " client_id=courier",
        )),
        ..step("POST /clients/{client_id}/revoke", "client revoke courier")
    },
    Step {
        prints: &["revoked_at: "],
        seen: Some(("record list --event access.revoked", " provider_id=demo-idp")),
        ..step("POST /providers/{provider_id}/revoke", "provider revoke demo-idp")
    },
];

/// So that whoever reads about an operation finds its command.
#[test]
fn the_documentation_names_the_command_of_every_operation() {
    let text = include_str!("../../../../../docs/ADMIN_API.md");
    let mut listed = 0;
    for Step {
        operation, command, ..
    } in STEPS
    {
        let names = match command.split(' ').collect::<Vec<_>>()[..] {
            [noun @ "client", part @ ("secret" | "trust"), verb, ..] => format!("{noun} {part} {verb}"),
            [noun, verb, ..] => format!("{noun} {verb}"),
            [noun] => noun.to_owned(),
            [] => unreachable!("a command has words"),
        };
        let row = format!("| `{operation}` | `vouchsafe {names}` |\n");
        assert!(text.contains(&row), "docs/ADMIN_API.md lacks {row}");
        listed += 1;
    }
    assert_eq!(text.matches("` | `vouchsafe ").count(), listed);
}

/// The words of a command: spaces are between them, unless inside `'`.
pub(super) fn words(command: &str) -> Vec<String> {
    let mut words = vec![String::new()];
    let mut quoted = false;
    for character in command.chars() {
        match character {
            '\'' => quoted = !quoted,
            ' ' if !quoted => words.push(String::new()),
            other => words.last_mut().unwrap().push(other),
        }
    }
    words
}

/// Whoever adds an operation adds its command, and a step that shows that it works.
#[test]
fn every_operation_of_the_admin_api_is_a_command() {
    let operations = vouchsafe_server::admin_operations();
    let declared: BTreeSet<String> = operations
        .map(|operation| format!("{} {}", operation.method, operation.path))
        .collect();
    let commands: BTreeSet<String> = STEPS.iter().map(|step| step.operation.to_owned()).collect();
    let lacking: Vec<_> = declared.difference(&commands).collect();
    assert!(
        lacking.is_empty(),
        "these operations have no command: {lacking:?}"
    );
    let unknown: Vec<_> = commands.difference(&declared).collect();
    assert!(unknown.is_empty(), "these are no operations: {unknown:?}");
}
