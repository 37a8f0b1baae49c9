//! Every setting there is. The one place that says what a key is called, what it holds, what happens without it and
//! what it means: files and environment are checked against this, and the reference is made from it.

use std::time::Duration;

use super::setting::{Kind, Section, Setting};

/// The whole file.
pub(super) const FILE: &Section = &Section {
    name: "",
    meaning: "Above all tables.",
    settings: &[
        Setting::new(
            "issuer",
            Kind::Text,
            "The public base URL, without a slash at the end: what tokens say they come from, and where providers send \
             browsers back to. https; plain http only on this machine.",
        )
        .required()
        .example("\"https://vouchsafe.example.com\""),
        Setting::new(
            "listen",
            Kind::Text,
            "The address and port to listen on. Without `[tls]` and without `trusted_proxies` only addresses of this \
             machine are possible; with one of them also `0.0.0.0:8443`.",
        )
        .default("\"127.0.0.1:8080\"")
        .example("\"127.0.0.1:8080\""),
        Setting::new(
            "trusted_proxies",
            Kind::Texts,
            "IP addresses of the proxies in front. Only they may speak plain HTTP to us from other machines, and only \
             their `X-Forwarded-For` is believed.",
        )
        .default("[]")
        .example("[\"10.0.0.2\"]"),
        Setting::new(
            "admin_socket",
            Kind::Path,
            "A Unix socket, mode 0600, at which the running server takes the commands of this machine without an admin \
             key: whoever may open it may do everything. At most 107 bytes, in a folder where nobody else may write. Each \
             server needs one of its own.",
        )
        .without("the path of the embedded database with `.sock` behind it; with PostgreSQL none")
        .example("\"/run/vouchsafe/admin.sock\""),
        Setting::table(TLS),
        Setting::table(DATABASE),
        Setting::table(KEYS),
        Setting::table(AUDIT),
        Setting::table(MEMORY),
        Setting::table(EGRESS),
        Setting::table(LOG),
        Setting::tables("witness", WITNESS),
        Setting::tables("provider", PROVIDER),
        Setting::tables("client", CLIENT),
        Setting::tables("user", USER),
        Setting::tables("export", EXPORT),
    ],
};

const TLS: &Section = &Section {
    name: "tls",
    meaning: "Serve https directly. Both files are PEM and are read again within a minute after they change: a \
              renewed certificate needs no restart. TLS 1.2 and 1.3.",
    settings: &[
        Setting::new(
            "certificate_file",
            Kind::Path,
            "The certificate, followed by those that lead to its root.",
        )
        .required()
        .example("\"/etc/vouchsafe/fullchain.pem\""),
        Setting::new(
            "key_file",
            Kind::Path,
            "The private key of the certificate, not encrypted.",
        )
        .required()
        .example("\"/etc/vouchsafe/privkey.pem\""),
    ],
};

const DATABASE: &Section = &Section {
    name: "database",
    meaning: "Where everything is kept. One process on SQLite; PostgreSQL for more than one.",
    settings: &[
        Setting::new(
            "url",
            Kind::Secret,
            "`sqlite:` and a path, or `postgres://user:password@host/database`. Anything libpq understands may follow \
             `?`, such as `sslmode=verify-full`.",
        )
        .default("\"sqlite:vouchsafe.db\"")
        .example("\"postgres://vouchsafe@db.example.com/vouchsafe\""),
        Setting::new(
            "url_file",
            Kind::Path,
            "A file that holds the URL, instead of `url`.",
        )
        .example("\"/run/secrets/database-url\""),
    ],
};

const KEYS: &Section = &Section {
    name: "keys",
    meaning: "What opens the vault.",
    settings: &[Setting::new(
        "file",
        Kind::Path,
        "The key file. It opens everything in the database, and without it nothing can be recovered: keep a copy apart \
         from the database. Nobody but its owner (and its group, for reading) may have access.",
    )
    .default("\"vouchsafe.key\"")
    .example("\"/etc/vouchsafe/vouchsafe.key\"")],
};

const AUDIT: &Section = &Section {
    name: "audit",
    meaning: "What the record is verified with. Keep copies of both files elsewhere: `vouchsafe audit verify` trusts \
              them, not the database.",
    settings: &[
        Setting::new(
            "public_key_file",
            Kind::Path,
            "The pinned public keys of the record; written at the first start.",
        )
        .default("\"vouchsafe.audit-keys\"")
        .example("\"/var/lib/vouchsafe/audit-keys\""),
        Setting::new(
            "checkpoint_file",
            Kind::Path,
            "The last signed checkpoint of the record (a C2SP note), written every second while there is something new.",
        )
        .default("\"vouchsafe.checkpoint\"")
        .example("\"/var/lib/vouchsafe/checkpoint\""),
        Setting::new(
            "checkpoint_interval",
            Kind::Duration(Duration::from_millis(100), Duration::from_secs(3_600)),
            "How often a checkpoint is signed while there is something new. So long may pass until a database that was rolled \
             back is found out.",
        )
        .default("\"1s\"")
        .example("\"10s\""),
        Setting::new(
            "witness_interval",
            Kind::Duration(Duration::from_secs(1), Duration::from_secs(86_400)),
            "How often each `[[witness]]` is asked while there is something new.",
        )
        .default("\"1m\"")
        .example("\"10m\""),
        Setting::new(
            "wait_limit",
            Kind::Duration(Duration::from_millis(100), Duration::from_secs(60)),
            "How long a request waits for its record while the database stalls. After that it is answered 503 with \
             `Retry-After`, and no token leaves.",
        )
        .default("\"5s\"")
        .example("\"2s 500ms\""),
    ],
};

const WITNESS: &Section = &Section {
    name: "witness",
    meaning: "Somebody else who cosigns checkpoints of the record (C2SP tlog-witness): nobody can then be shown another record \
              than everybody else. The witness has to know this record's key: `vouchsafe audit key`.",
    settings: &[
        Setting::new(
            "url",
            Kind::Text,
            "Where it takes checkpoints: what stands before `/add-checkpoint`. https; inside your network also hosts of \
             `egress.internal_hosts`.",
        )
        .required()
        .example("\"https://witness.example.org/w1\""),
        Setting::new(
            "key",
            Kind::Text,
            "Its public key, as it publishes it: `name+id+key`, of the type that signs with a time (4).",
        )
        .required()
        .example("\"witness.example.org/w1+62db710f+BAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8g\""),
    ],
};

const MEMORY: &Section = &Section {
    name: "memory",
    meaning: "What the server remembers of the database, so that a warm exchange reads nothing. What changes is forgotten at \
              once, what is not used within a minute.",
    settings: &[Setting::new(
        "limit_mib",
        Kind::Number(8, 65_536),
        "The most that it takes, in MiB: about 2 KiB for each connection in use, and as much for each subject token.",
    )
    .default("128")
    .example("512")],
};

const EGRESS: &Section = &Section {
    name: "egress",
    meaning: "Where this server may call.",
    settings: &[Setting::new(
        "internal_hosts",
        Kind::Texts,
        "Providers inside your network, as exact `host:port` (or `host`, for the port of the scheme). Only these may \
         have inner addresses or plain http; everything else must be public and https.",
    )
    .default("[]")
    .example("[\"idp.internal:8443\"]")],
};

const LOG: &Section = &Section {
    name: "log",
    meaning: "Logs go to stderr.",
    settings: &[
        Setting::new(
            "format",
            Kind::OneOf(&["human", "json"]),
            "For people, or one JSON object a line.",
        )
        .default("\"human\"")
        .example("\"json\""),
        Setting::new(
            "level",
            Kind::Text,
            "`error`, `warn`, `info`, `debug`, `trace` or `off`; or directives such as `info,vouchsafe_server=debug`.",
        )
        .default("\"info\"")
        .example("\"warn\""),
    ],
};

const PROVIDER: &Section = &Section {
    name: "provider",
    meaning: "A provider that users can connect. One for each; register `<issuer>/connect/callback/<id>` there as \
              redirect URI. When its lines go, it is disabled. [PROVIDERS.md](PROVIDERS.md) says what each template \
              needs, with samples.",
    settings: &[
        Setting::new(
            "id",
            Kind::Text,
            "Your name for it, and the `audience` that agents name: a-z, 0-9 and `-`.",
        )
        .required()
        .example("\"github\""),
        Setting::new(
            "template",
            Kind::Text,
            "What kind of provider: `atlassian`, `dropbox`, `generic-oauth2`, `generic-oidc`, `github-app`, \
             `github-oauth-app`, `google`, `microsoft-entra`, `slack`.",
        )
        .required()
        .example("\"github-oauth-app\""),
        Setting::new(
            "client_id",
            Kind::Text,
            "The client id that the provider gave to Vouchsafe.",
        )
        .required()
        .example("\"Iv1.0123456789abcdef\""),
        Setting::new(
            "client_secret",
            Kind::Secret,
            "The client secret that belongs to it.",
        )
        .without("a public client")
        .example("\"…\""),
        Setting::new(
            "client_secret_file",
            Kind::Path,
            "A file that holds it, instead of `client_secret`.",
        )
        .example("\"github-client-secret\""),
        Setting::new(
            "vars",
            Kind::Variables,
            "Variables of the template, such as a tenant ([PROVIDERS.md](PROVIDERS.md)).",
        )
        .example("{ tenant = \"contoso.onmicrosoft.com\" }"),
        Setting::new(
            "override",
            Kind::Free,
            "Fields of the template's entry that are different at this provider; [PROVIDERS.md](PROVIDERS.md) lists them all.",
        )
        .example("{ issuer = \"https://idp.example.com\" }"),
    ],
};

const CLIENT: &Section = &Section {
    name: "client",
    meaning: "An agent or an application. When its lines go, it is disabled.",
    settings: &[
        Setting::new("id", Kind::Text, "Its `client_id`.")
            .required()
            .example("\"briefing-agent\""),
        Setting::new("name", Kind::Text, "What users read.")
            .without("the id")
            .example("\"Briefing agent\""),
        Setting::new(
            "secret",
            Kind::Secret,
            "Its secret, of at least 32 characters: `openssl rand -hex 32` makes a good one.",
        )
        .without("a public client, with `auth_method = \"none\"`")
        .example("\"…\""),
        Setting::new(
            "secret_file",
            Kind::Path,
            "A file that holds it, instead of `secret`.",
        )
        .example("\"briefing-agent-secret\""),
        Setting::new(
            "secrets",
            Kind::Secrets,
            "Several secrets that all work, instead of `secret`: for changing it without a pause.",
        )
        .default("[]")
        .example("[\"…\", \"…\"]"),
        Setting::new(
            "secret_files",
            Kind::Paths,
            "Files that each hold one, instead of `secrets`.",
        )
        .default("[]")
        .example("[\"secret-of-may\", \"secret-of-june\"]"),
        Setting::new(
            "auth_method",
            Kind::OneOf(&["client_secret_basic", "client_secret_post", "none"]),
            "How it shows who it is at the token endpoint.",
        )
        .default("\"client_secret_basic\"")
        .example("\"client_secret_post\""),
        Setting::new(
            "grant_types",
            Kind::Texts,
            "`authorization_code`, `urn:ietf:params:oauth:grant-type:token-exchange`, or both.",
        )
        .required()
        .example("[\"authorization_code\", \"urn:ietf:params:oauth:grant-type:token-exchange\"]"),
        Setting::new(
            "redirect_uris",
            Kind::Texts,
            "Where browsers come back to after `authorization_code`; compared exactly, but for the port on \
             loopback (`127.0.0.1`, `[::1]`), for public clients alone.",
        )
        .default("[]")
        .example("[\"http://127.0.0.1:9877/callback\"]"),
        Setting::new(
            "scope",
            Kind::Text,
            "The scopes of ours that it may ask for, with spaces between.",
        )
        .default("\"\"")
        .example("\"exchange\""),
        Setting::new(
            "accepts_tokens_of",
            Kind::Texts,
            "Clients whose access tokens it may present as subject tokens, besides its own.",
        )
        .default("[]")
        .example("[\"web-app\"]"),
        Setting::tables("ceiling", CEILING),
    ],
};

const CEILING: &Section = &Section {
    name: "client.ceiling",
    meaning: "The most that the client above may ever be given at one provider. Users decide within that.",
    settings: &[
        Setting::new("provider", Kind::Text, "The id of a `[[provider]]`.")
            .required()
            .example("\"github\""),
        Setting::new(
            "scope",
            Kind::Text,
            "The most that a token may be able to do, with spaces between, or `*` for everything. Include what the \
             provider always grants, such as `openid`, where it cannot narrow.",
        )
        .required()
        .example("\"read:user repo\""),
        Setting::new(
            "allow_unbounded_raw",
            Kind::Boolean,
            "Whether tokens may be handed out that have no end of their own, or that the provider cannot revoke.",
        )
        .default("false")
        .example("true"),
        Setting::new(
            "trusted",
            Kind::Text,
            "Within the ceiling: what the client may do without asking each user first. Users see it and can deny it.",
        )
        .without("every user is asked")
        .example("\"read:user\""),
    ],
};

const USER: &Section = &Section {
    name: "user",
    meaning: "A person who signs in with a password. When the lines go, the person is disabled.",
    settings: &[
        Setting::new(
            "username",
            Kind::Text,
            "1 to 128 of the characters a-z 0-9 . _ - + @, in either case.",
        )
        .required()
        .example("\"ada\""),
        Setting::new(
            "password",
            Kind::Secret,
            "The password, of at least 8 characters.",
        )
        .example("\"…\""),
        Setting::new(
            "password_file",
            Kind::Path,
            "A file that holds it, instead of `password`.",
        )
        .example("\"ada-password\""),
        Setting::new(
            "password_hash",
            Kind::Secret,
            "The argon2id PHC string of the password, instead of the password.",
        )
        .example("\"$argon2id$v=19$m=19456,t=2,p=1$…\""),
        Setting::new(
            "password_hash_file",
            Kind::Path,
            "A file that holds the hash, instead of `password_hash`.",
        )
        .example("\"ada-password-hash\""),
    ],
};

const EXPORT: &Section = &Section {
    name: "export",
    meaning: "Where the record goes, entry by entry, besides the database: in order, at least once, from a durable cursor \
              ([EXPORT.md](EXPORT.md)). When the lines go, the cursor stays, and the same name goes on from there.",
    settings: &[
        Setting::new(
            "name",
            Kind::Text,
            "The name of the cursor: 1 to 64 of the characters a-z 0-9 - _.",
        )
        .required()
        .example("\"siem\""),
        Setting::new(
            "to",
            Kind::OneOf(&["file", "syslog", "webhook"]),
            "A file with one entry a line, a syslog receiver (RFC 5424), or a receiver of Standard Webhooks.",
        )
        .required()
        .example("\"syslog\""),
        Setting::new(
            "format",
            Kind::OneOf(&["record", "ocsf"]),
            "How an entry is written: the body as it was hashed, or an event of OCSF 1.6.0.",
        )
        .default("\"record\"")
        .example("\"ocsf\""),
        Setting::new(
            "persons",
            Kind::Boolean,
            "Whether subject, account, address and user agent go along. What has left can no longer be erased here; without \
             it persons have pseudonyms alone.",
        )
        .default("false")
        .example("true"),
        Setting::new(
            "from",
            Kind::OneOf(&["now", "beginning"]),
            "Where a new export begins. One that has a cursor goes on from there.",
        )
        .default("\"now\"")
        .example("\"beginning\""),
        Setting::new(
            "path",
            Kind::Path,
            "For `file`: where. Made with mode 0640; when another file is there after a rotation, or none, that one is written.",
        )
        .example("\"/var/log/vouchsafe/record.jsonl\""),
        Setting::new(
            "address",
            Kind::Text,
            "For `syslog`: `udp://`, `tcp://` or `tls://` with host and port, or `unix:` with the path of a datagram socket.",
        )
        .example("\"tls://siem.example.com:6514\""),
        Setting::new(
            "ca_file",
            Kind::Path,
            "For `tls://`: the roots of trust, PEM.",
        )
        .without("those of the operating system")
        .example("\"/etc/vouchsafe/siem-ca.pem\""),
        Setting::new(
            "url",
            Kind::Secret,
            "For `webhook`: where to. https, or at a host of `egress.internal_hosts`. Never shown, because such URLs often hold \
             a secret.",
        )
        .example("\"https://siem.example.com/hooks/vouchsafe\""),
        Setting::new("url_file", Kind::Path, "A file that holds it, instead of `url`.")
            .example("\"/run/secrets/webhook-url\""),
        Setting::new(
            "secret",
            Kind::Secret,
            "For `webhook`: the key that signs, as the receiver has it: `whsec_` and 24 to 64 bytes in base64.",
        )
        .example("\"whsec_…\""),
        Setting::new("secret_file", Kind::Path, "A file that holds it, instead of `secret`.")
            .example("\"/run/secrets/webhook-secret\""),
    ],
};

/// Every table, in the order of the file; the last ones inside others come right after these.
pub(super) fn sections() -> Vec<&'static Section> {
    fn below(section: &'static Section, found: &mut Vec<&'static Section>) {
        found.push(section);
        for setting in section.settings {
            if let Kind::Table(inner) | Kind::Tables(inner) = setting.kind {
                below(inner, found);
            }
        }
    }
    let mut found = Vec::new();
    below(FILE, &mut found);
    found
}

#[cfg(test)]
mod tests;
