//! From what the operator wrote to an entry, with errors that tell what to do.

use insta::assert_snapshot;

use super::{GENERIC_OAUTH2, generic_oauth2, shipped, with};
use crate::catalogue::{CatalogueError, Entry, EntryOverrides, template, template_names};

fn resolve(name: &str, toml: &str, vars: &[(&str, &str)]) -> Result<Entry, CatalogueError> {
    let vars = vars
        .iter()
        .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
        .collect();
    let fields = toml.parse().expect("TOML");
    template(name).expect("shipped").resolve(EntryOverrides {
        vars,
        fields,
        internal_hosts: Vec::new(),
    })
}

fn refused(name: &str, toml: &str, vars: &[(&str, &str)]) -> String {
    resolve(name, toml, vars).expect_err("refused").to_string()
}

#[test]
fn every_entry_survives_its_stored_form() {
    for name in template_names() {
        let entry = template(name).expect("shipped");
        let json = entry.to_json();
        let back = Entry::from_json(&json).expect("stored form");
        assert_eq!((&back, back.to_json()), (&entry, json), "{name}");
    }
    assert_eq!(
        Entry::from_json(&generic_oauth2().to_json()),
        Ok(generic_oauth2())
    );
    assert!(Entry::from_json("{}").is_err());
}

#[test]
fn variables_are_filled_in_everywhere() {
    let entry = resolve("microsoft-entra", "", &[("tenant", "contoso.onmicrosoft.com")]).expect("an entry");
    let token_url = "https://login.microsoftonline.com/contoso.onmicrosoft.com/oauth2/v2.0/token";
    assert_eq!(entry.token_url(), Some(token_url));
    assert!(!entry.to_json().contains("{tenant}"));
    assert!(
        shipped("microsoft-entra")
            .token_url()
            .expect("one")
            .contains("/common/")
    );
}

#[test]
fn f17__a_variable_cannot_move_a_url() {
    assert_snapshot!(refused("microsoft-entra", "", &[("tenant", "evil.example/x?")]), @r#"provider entry `microsoft-entra`, field `vars.tenant`: this value cannot stand in a URL; use a GUID or a lower-case domain name, or one of: common, organizations, consumers"#);
    assert_snapshot!(refused("microsoft-entra", "", &[("tennant", "common")]), @r#"provider entry `microsoft-entra`, field `vars.tennant`: unknown variable; remove it; variables of this entry: [tenant]"#);
    let open = r#"vars.host = { pattern = "host", example = "git.example.com" }
        token_url = "https://{host}/token""#;
    assert_snapshot!(refused("generic-oauth2", open, &[]), @r#"provider entry `generic-oauth2`, field `vars.host`: no value; set it to a lower-case host name with an optional port, for example `git.example.com`"#);
}

#[test]
fn errors_name_the_entry_the_field_and_what_to_do() {
    assert_snapshot!(refused("generic-oidc", "", &[]), @r#"provider entry `generic-oidc`, field `issuer`: missing; set it to the provider's issuer URL"#);
    assert_snapshot!(refused("generic-oauth2", "", &[]), @r#"provider entry `generic-oauth2`, field `authorize_url`: missing; set it to the provider's endpoint"#);
    assert_snapshot!(refused("google", "token_url = \"http://oauth2.googleapis.com/token\"", &[]), @r#"provider entry `google`, field `token_url`: not https; use https, or name the host in `egress.internal_hosts`"#);
    assert_snapshot!(refused("google", "authorize_params.state = \"x\"", &[]), @r#"provider entry `google`, field `authorize_params.state`: a parameter of the protocol; remove it; the server sets it"#);
    assert_snapshot!(refused("google", "revoke.url = \"https://x.example/?t={token}\"", &[]), @r#"provider entry `google`, field `revoke.url`: the placeholder `{token}` is not a variable of this entry; declare it under `vars`, or remove it"#);
    assert_snapshot!(refused("google", "errors.dead = [{}]", &[]), @r#"provider entry `google`, field `errors.dead`: a matcher that names nothing; name a status or a code"#);
    assert_snapshot!(refused("google", "token_headers.Authorization = \"x\"", &[]), @r#"provider entry `google`, field `token_headers.Authorization`: not a header that an entry may set; remove it"#);
    assert_snapshot!(refused("google", "refresh.rotates = \"never\"", &[]), @r#"provider entry `google` cannot be read: unknown field `rotates`, expected one of `support`, `rotation`, `grace_s`, `reuse`, `send_redirect_uri`, `send_scope`, `kills_access_token`, `idle_ttl`, `absolute_ttl`, `fixed_from_consent` in `refresh`"#);
    assert_snapshot!(refused("google", "default_scopes = [\"a b\"]", &[]), @r#"provider entry `google` cannot be read: a scope is one or more tokens of printable ASCII without quote and backslash, with single spaces between in `default_scopes`"#);
}

#[test]
fn tables_are_merged_lists_are_replaced_and_empty_unsets() {
    let entry = with(
        "google",
        r#"
        display_name = "Google (staff)"
        identity.url = ""
        authorize_params = { hd = "example.com", prompt = "" }
        api.hosts = ["gmail.googleapis.com"]
        "#,
    );
    assert_eq!(entry.display_name(), "Google (staff)");
    assert_eq!(
        entry.authorize_params.keys().collect::<Vec<_>>(),
        ["access_type", "hd"]
    );
    assert_eq!(
        entry.secret_destinations(),
        ["https://gmail.googleapis.com", "https://oauth2.googleapis.com"],
    );
}

#[test]
fn plain_http_is_for_declared_hosts() {
    let fields: toml::Table = GENERIC_OAUTH2
        .replace("https://as.example/token", "http://127.0.0.1:9000/token")
        .replace("\"api.example\"", "\"http://127.0.0.1:9000\"")
        .parse()
        .expect("TOML");
    let generic = template("generic-oauth2").expect("shipped");
    let overrides = |hosts: &[&str]| EntryOverrides {
        fields: fields.clone(),
        internal_hosts: hosts.iter().map(|host| (*host).to_owned()).collect(),
        ..EntryOverrides::default()
    };
    assert!(generic.resolve(overrides(&[])).is_err());
    assert!(generic.resolve(overrides(&["127.0.0.1:9001"])).is_err());
    let entry = generic.resolve(overrides(&["127.0.0.1:9000"])).expect("an entry");
    assert_eq!(
        entry.secret_destinations(),
        ["http://127.0.0.1:9000", "https://api.example"]
    );
}

#[test]
fn ar_03__other_hosts_have_another_digest_and_other_words_have_not() {
    let entry = shipped("github-oauth-app");
    let renamed = with("github-oauth-app", "display_name = \"Code\"");
    assert_eq!(entry.hosts_digest(), renamed.hosts_digest());
    for moved in [
        "token_url = \"https://evil.example/token\"",
        "refresh_url = \"https://evil.example/token\"",
        "revoke.url = \"https://evil.example/{client_id}\"",
        "introspect.url = \"https://evil.example/{client_id}\"",
        "identity.url = \"https://evil.example/user\"",
        "api.hosts = [\"api.github.com\", \"evil.example\"]",
        "api.hosts = [\"*.github.com\"]",
    ] {
        assert_ne!(
            with("github-oauth-app", moved).hosts_digest(),
            entry.hosts_digest(),
            "{moved}"
        );
    }
}

#[test]
fn secret_destinations_are_origins() {
    assert_eq!(
        shipped("slack").secret_destinations(),
        ["https://files.slack.com", "https://slack.com"]
    );
    assert_eq!(
        shipped("google").secret_destinations(),
        [
            "https://*.googleapis.com",
            "https://oauth2.googleapis.com",
            "https://openidconnect.googleapis.com",
            "https://www.googleapis.com",
        ],
    );
}
