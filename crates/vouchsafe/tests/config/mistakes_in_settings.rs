//! Of the file and the settings that stand once: a line of the good file, what stands there instead, and the one
//! sentence that follows.

pub(crate) const IN_SETTINGS: &[(&str, &str, &str)] = &[
    // No TOML.
    (
        "issuer = \"http://127.0.0.1:8080\"",
        "issuer = http://127.0.0.1:8080",
        "FILE, line 2: this is no TOML (string values must be quoted, expected literal string); text stands in quotes, lists in [ ], each key on a line of its own",
    ),
    (
        "issuer = \"http://127.0.0.1:8080\"",
        "issuer \"http://127.0.0.1:8080\"",
        "FILE, line 2: this is no TOML (key with no value, expected `=`); text stands in quotes, lists in [ ], each key on a line of its own",
    ),
    (
        "issuer = \"http://127.0.0.1:8080\"",
        "issuer = \"http://127.0.0.1:8080\"\nissuer = \"http://127.0.0.1:8080\"",
        "FILE, line 3: `issuer` stands here a second time; keep one of them",
    ),
    (
        "issuer = \"http://127.0.0.1:8080\"",
        "issuer = \"http://127.0.0.1:8080",
        "FILE, line 2: this is no TOML (invalid basic string, expected `\"`); text stands in quotes, lists in [ ], each key on a line of its own",
    ),
    (
        "[[provider]]",
        "[[provider]",
        "FILE, line 4: this is no TOML (unclosed array table, expected `]`); text stands in quotes, lists in [ ], each key on a line of its own",
    ),
    (
        "[[provider]]",
        "[log]\nlevel = \"info\"\n[log]\nformat = \"json\"\n[[provider]]",
        "FILE, line 6: `log` stands here a second time; keep one of them",
    ),
    (
        "client_secret = \"def\"",
        "client_secret = \"def\" \"ghi\"",
        "FILE, line 8: this is no TOML (unexpected key or value, expected newline, `#`); text stands in quotes, lists in [ ], each key on a line of its own",
    ),
    // Keys.
    (
        "issuer = \"http://127.0.0.1:8080\"",
        "isuer = \"x\"",
        "FILE, line 2, isuer: there is no such key; did you mean `issuer`?",
    ),
    (
        "issuer = \"http://127.0.0.1:8080\"",
        "",
        "FILE, issuer: it is missing; write it as issuer = \"https://vouchsafe.example.com\"",
    ),
    (
        "[[provider]]",
        "level = \"info\"\n[[provider]]",
        "FILE, line 4, level: there is no such key; it belongs under [log]",
    ),
    (
        "[[provider]]",
        "port = 8080\n[[provider]]",
        "FILE, line 4, port: there is no such key; the keys here are issuer, listen, trusted_proxies, admin_socket, tls, database, keys, audit, memory, egress, log, witness, provider, client, user, export",
    ),
    (
        "[[provider]]",
        "[databse]\nurl = \"sqlite:v.db\"\n[[provider]]",
        "FILE, line 4, databse: there is no such key; did you mean `database`?",
    ),
    (
        "[[provider]]",
        "[database]\nurll = \"sqlite:v.db\"\n[[provider]]",
        "FILE, line 5, database.urll: there is no such key; did you mean `url`?",
    ),
    (
        "[[provider]]",
        "[log]\ncolour = \"green\"\n[[provider]]",
        "FILE, line 5, log.colour: there is no such key; the keys here are format, level",
    ),
    (
        "template = \"github-oauth-app\"",
        "",
        "FILE, line 4, provider github, template: it is missing; write it as template = \"github-oauth-app\"",
    ),
    (
        "client_id = \"abc\"",
        "",
        "FILE, line 4, provider github, client_id: it is missing; write it as client_id = \"Iv1.0123456789abcdef\"",
    ),
    (
        "id = \"github\"",
        "",
        "FILE, line 4, provider.id: it is missing; write it as id = \"github\"",
    ),
    (
        "client_secret = \"def\"",
        "client-secret = \"def\"",
        "FILE, line 8, provider github, client-secret: there is no such key; did you mean `client_secret`?",
    ),
    (
        "id = \"agent\"",
        "",
        "FILE, line 10, client.id: it is missing; write it as id = \"briefing-agent\"",
    ),
    (
        "grant_types = [\"urn:ietf:params:oauth:grant-type:token-exchange\"]",
        "",
        "FILE, line 10, client agent, grant_types: it is missing; write it as grant_types = [\"authorization_code\", \"urn:ietf:params:oauth:grant-type:token-exchange\"]",
    ),
    (
        "provider = \"github\"",
        "",
        "FILE, line 14, client agent, ceiling.provider: it is missing; write it as provider = \"github\"",
    ),
    (
        "scope = \"repo\"",
        "",
        "FILE, line 14, client agent, ceiling.scope: it is missing; write it as scope = \"read:user repo\"",
    ),
    (
        "username = \"ada\"",
        "",
        "FILE, line 18, user.username: it is missing; write it as username = \"ada\"",
    ),
    (
        "secret = \"0123456789abcdef0123456789abcdef\"",
        "secret_fil = \"x\"",
        "FILE, line 12, client agent, secret_fil: there is no such key; did you mean `secret_file`?",
    ),
    (
        "password = \"correct horse\"",
        "pasword = \"correct horse\"",
        "FILE, line 20, user ada, pasword: there is no such key; did you mean `password`?",
    ),
    (
        "scope = \"repo\"",
        "scope = \"repo\"\ntrust = \"repo\"",
        "FILE, line 17, client agent, ceiling.trust: there is no such key; did you mean `trusted`?",
    ),
    // Kinds.
    (
        "issuer = \"http://127.0.0.1:8080\"",
        "issuer = 5",
        "FILE, line 2, issuer: this is a number, where text belongs; write it as issuer = \"https://vouchsafe.example.com\"",
    ),
    (
        "issuer = \"http://127.0.0.1:8080\"",
        "issuer = [\"http://127.0.0.1:8080\"]",
        "FILE, line 2, issuer: this is a list, where text belongs; write it as issuer = \"https://vouchsafe.example.com\"",
    ),
    (
        "[[provider]]",
        "listen = 8080\n[[provider]]",
        "FILE, line 4, listen: this is a number, where text belongs; write it as listen = \"127.0.0.1:8080\"",
    ),
    (
        "[[provider]]",
        "trusted_proxies = \"10.0.0.1\"\n[[provider]]",
        "FILE, line 4, trusted_proxies: this is text, where a list of texts belongs; write it as trusted_proxies = [\"10.0.0.2\"]",
    ),
    (
        "[[provider]]",
        "trusted_proxies = [10]\n[[provider]]",
        "FILE, line 4, trusted_proxies: this is a number, where text belongs; write it as trusted_proxies = [\"10.0.0.2\"]",
    ),
    (
        "[[provider]]",
        "database = \"sqlite:v.db\"\n[[provider]]",
        "FILE, line 4, database: this is text, where a table belongs; write it as a table that begins with [database]",
    ),
    (
        "[[provider]]",
        "[[log]]\nlevel = \"info\"\n[[provider]]",
        "FILE, line 4, log: this is a list, where a table belongs; write it as a table that begins with [log]",
    ),
    (
        "[[provider]]",
        "keys.file = \"\"\n[[provider]]",
        "FILE, line 4, keys.file: it is empty; name a file, or leave the line out",
    ),
    (
        "[[provider]]",
        "keys.file = 2026-11-22\n[[provider]]",
        "FILE, line 4, keys.file: this is a date, where a path belongs; write it as file = \"/etc/vouchsafe/vouchsafe.key\"",
    ),
    (
        "[[provider]]",
        "egress.internal_hosts = \"a:1\"\n[[provider]]",
        "FILE, line 4, egress.internal_hosts: this is text, where a list of texts belongs; write it as internal_hosts = [\"idp.internal:8443\"]",
    ),
    (
        "[[provider]]",
        "[provider]",
        "FILE, line 4, provider: this is a table, where a list of tables belongs; write each as a table that begins with [[provider]]",
    ),
    (
        "[[user]]",
        "[user]",
        "FILE, line 18, user: this is a table, where a list of tables belongs; write each as a table that begins with [[user]]",
    ),
    (
        "[[client.ceiling]]",
        "[client.ceiling]",
        "FILE, line 14, client agent, ceiling: this is a table, where a list of tables belongs; write each as a table that begins with [[client.ceiling]]",
    ),
    (
        "client_secret = \"def\"",
        "client_secret = 4711",
        "FILE, line 8, provider github, client_secret: this is a number, where secret text belongs; write it as client_secret = \"…\"",
    ),
    (
        "client_secret = \"def\"",
        "vars = \"tenant\"",
        "FILE, line 8, provider github, vars: this is text, where a table of texts belongs; write it as vars = { tenant = \"contoso.onmicrosoft.com\" }",
    ),
    (
        "client_secret = \"def\"",
        "vars = { tenant = 5 }",
        "FILE, line 8, provider github, vars: this is a number, where text belongs; write it as vars = { tenant = \"contoso.onmicrosoft.com\" }",
    ),
    (
        "client_secret = \"def\"",
        "override = \"issuer\"",
        "FILE, line 8, provider github, override: this is text, where a table belongs; write it as override = { issuer = \"https://idp.example.com\" }",
    ),
    (
        "secret = \"0123456789abcdef0123456789abcdef\"",
        "secrets = [4711]",
        "FILE, line 12, client agent, secrets: this is a number, where text belongs; write it as secrets = [\"…\", \"…\"]",
    ),
    (
        "scope = \"repo\"",
        "scope = \"repo\"\nallow_unbounded_raw = \"yes\"",
        "FILE, line 17, client agent, ceiling.allow_unbounded_raw: this is text, where true or false belongs; write it as allow_unbounded_raw = true",
    ),
    (
        "grant_types = [\"urn:ietf:params:oauth:grant-type:token-exchange\"]",
        "grant_types = \"authorization_code\"",
        "FILE, line 13, client agent, grant_types: this is text, where a list of texts belongs; write it as grant_types = [\"authorization_code\", \"urn:ietf:params:oauth:grant-type:token-exchange\"]",
    ),
    // Issuer and listener.
    (
        "issuer = \"http://127.0.0.1:8080\"",
        "issuer = \"nowhere\"",
        "FILE, line 2, issuer: this is no URL; write the public base URL, such as \"https://vouchsafe.example.com\"",
    ),
    (
        "issuer = \"http://127.0.0.1:8080\"",
        "issuer = \"\"",
        "FILE, line 2, issuer: this is no URL; write the public base URL, such as \"https://vouchsafe.example.com\"",
    ),
    (
        "issuer = \"http://127.0.0.1:8080\"",
        "issuer = \"http://v.example\"",
        "FILE, line 2, issuer: plain http is safe only on this machine; use https, or an address such as \"http://127.0.0.1:8080\" for trying out",
    ),
    (
        "issuer = \"http://127.0.0.1:8080\"",
        "issuer = \"ftp://v.example\"",
        "FILE, line 2, issuer: an issuer is an https URL; write it as \"https://vouchsafe.example.com\"",
    ),
    (
        "issuer = \"http://127.0.0.1:8080\"",
        "issuer = \"https://v.example/\"",
        "FILE, line 2, issuer: an issuer ends without a slash here; leave the last / away",
    ),
    (
        "issuer = \"http://127.0.0.1:8080\"",
        "issuer = \"https://v.example?a\"",
        "FILE, line 2, issuer: an issuer has no query, fragment or user; end it after the path",
    ),
    (
        "issuer = \"http://127.0.0.1:8080\"",
        "issuer = \"https://ada:secret@v.example\"",
        "FILE, line 2, issuer: an issuer has no query, fragment or user; end it after the path",
    ),
    (
        "issuer = \"http://127.0.0.1:8080\"",
        "issuer = \"https://v.example/{a}\"",
        "FILE, line 2, issuer: the path of an issuer has only letters, digits and / - _ . ~; choose another path, or none",
    ),
    (
        "[[provider]]",
        "listen = \"8080\"\n[[provider]]",
        "FILE, line 4, listen: this is no address with a port; write it as \"127.0.0.1:8080\"",
    ),
    (
        "[[provider]]",
        "listen = \"localhost:8080\"\n[[provider]]",
        "FILE, line 4, listen: this is no address with a port; write it as \"127.0.0.1:8080\"",
    ),
    (
        "[[provider]]",
        "listen = \"127.0.0.1:99999\"\n[[provider]]",
        "FILE, line 4, listen: this is no address with a port; write it as \"127.0.0.1:8080\"",
    ),
    (
        "[[provider]]",
        "listen = \"0.0.0.0:80\"\n[[provider]]",
        "FILE, line 4, listen: plain HTTP is served only on this machine; listen on 127.0.0.1, set [tls], or name the TLS proxy in front in `trusted_proxies`",
    ),
    (
        "[[provider]]",
        "listen = \"[::]:80\"\n[[provider]]",
        "FILE, line 4, listen: plain HTTP is served only on this machine; listen on 127.0.0.1, set [tls], or name the TLS proxy in front in `trusted_proxies`",
    ),
    (
        "[[provider]]",
        "trusted_proxies = [\"proxy\"]\n[[provider]]",
        "FILE, line 4, trusted_proxies: this is no IP address; name each proxy by its own address, without a port",
    ),
    (
        "[[provider]]",
        "trusted_proxies = [\"10.0.0.0/8\"]\n[[provider]]",
        "FILE, line 4, trusted_proxies: this is no IP address; name each proxy by its own address, without a port",
    ),
    (
        "[[provider]]",
        "[tls]\ncertificate_file = \"a.pem\"\n[[provider]]",
        "FILE, line 4, tls.key_file: it is missing; write it as key_file = \"/etc/vouchsafe/privkey.pem\"",
    ),
    (
        "[[provider]]",
        "[tls]\ncertificate_file = \"a.pem\"\nkey_file = \"\"\n[[provider]]",
        "FILE, line 6, tls.key_file: it is empty; name a file, or leave the line out",
    ),
    (
        "[[provider]]",
        "[tls]\ncertificate_file = \"a.pem\"\nkey_file = \"b.pem\"\n[[provider]]",
        "FILE, line 2, issuer: with [tls] this server speaks https alone; begin the issuer with https://",
    ),
    // Database, egress, log.
    (
        "[[provider]]",
        "database.url = \"mysql://x\"\n[[provider]]",
        "FILE, line 4, database.url: this is no database that Vouchsafe knows; use \"sqlite:vouchsafe.db\" or \"postgres://user@host/database\"",
    ),
    (
        "[[provider]]",
        "database.url = \"sqlite::memory:\"\n[[provider]]",
        "FILE, line 4, database.url: this names no file; write it as \"sqlite:vouchsafe.db\"",
    ),
    (
        "[[provider]]",
        "database.url = \"sqlite:\"\n[[provider]]",
        "FILE, line 4, database.url: this names no file; write it as \"sqlite:vouchsafe.db\"",
    ),
    (
        "[[provider]]",
        "database.url = \"\"\n[[provider]]",
        "FILE, line 4, database.url: this is no database that Vouchsafe knows; use \"sqlite:vouchsafe.db\" or \"postgres://user@host/database\"",
    ),
    (
        "[[provider]]",
        "[database]\nurl = \"sqlite:v.db\"\nurl_file = \"x\"\n[[provider]]",
        "FILE, line 5, database.url: url and url_file are both set; keep one of them",
    ),
    (
        "[[provider]]",
        "[database]\nurl_file = \"not-there\"\n[[provider]]",
        "FILE, line 5, database.url_file: /etc/v/not-there cannot be read (no such file); name a file that holds it and that this user may read",
    ),
    (
        "[[provider]]",
        "egress.internal_hosts = [\"http://idp:1\"]\n[[provider]]",
        "FILE, line 4, egress.internal_hosts: this is no host with a port; write each as \"idp.internal:8443\", without a scheme or a path",
    ),
    (
        "[[provider]]",
        "egress.internal_hosts = [\"idp:1/path\"]\n[[provider]]",
        "FILE, line 4, egress.internal_hosts: this is no host with a port; write each as \"idp.internal:8443\", without a scheme or a path",
    ),
    (
        "[[provider]]",
        "egress.internal_hosts = [\"\"]\n[[provider]]",
        "FILE, line 4, egress.internal_hosts: this is no host with a port; write each as \"idp.internal:8443\", without a scheme or a path",
    ),
    (
        "[[provider]]",
        "egress.internal_hosts = [\"*.internal\"]\n[[provider]]",
        "FILE, line 4, egress.internal_hosts: this is no host with a port; write each as \"idp.internal:8443\", without a scheme or a path",
    ),
    (
        "[[provider]]",
        "log.level = \"louder please\"\n[[provider]]",
        "FILE, line 4, log.level: this is no log level; use error, warn, info, debug, trace or off",
    ),
    (
        "[[provider]]",
        "log.level = \"\"\n[[provider]]",
        "FILE, line 4, log.level: this is no log level; use error, warn, info, debug, trace or off",
    ),
    (
        "[[provider]]",
        "log.format = \"jsn\"\n[[provider]]",
        "FILE, line 4, log.format: this is none of the words it takes; use human or json",
    ),
    (
        "[[provider]]",
        "memory.limit_mib = \"64\"\n[[provider]]",
        "FILE, line 4, memory.limit_mib: this is text, where a whole number belongs; write it as limit_mib = 512",
    ),
    (
        "[[provider]]",
        "memory.limit_mib = 7\n[[provider]]",
        "FILE, line 4, memory.limit_mib: this is out of its range; use 8 to 65536",
    ),
    (
        "[[provider]]",
        "memory.limit_mib = -64\n[[provider]]",
        "FILE, line 4, memory.limit_mib: this is out of its range; use 8 to 65536",
    ),
    (
        "[[provider]]",
        "memory.limit_mib = 64.5\n[[provider]]",
        "FILE, line 4, memory.limit_mib: this is a number, where a whole number belongs; write it as limit_mib = 512",
    ),
    (
        "[[provider]]",
        "audit.wait_limit = 5\n[[provider]]",
        "FILE, line 4, audit.wait_limit: this is a number, where a length of time belongs; write it as wait_limit = \"2s 500ms\"",
    ),
    (
        "[[provider]]",
        "audit.wait_limit = \"soon\"\n[[provider]]",
        "FILE, line 4, audit.wait_limit: this is no length of time; write it as wait_limit = \"2s 500ms\", with ms, s, m, h or days",
    ),
    (
        "[[provider]]",
        "audit.wait_limit = \"2 hours\"\n[[provider]]",
        "FILE, line 4, audit.wait_limit: this is out of its range; use 100ms to 1m",
    ),
    (
        "[[provider]]",
        "audit.wait_limit = \"0s\"\n[[provider]]",
        "FILE, line 4, audit.wait_limit: this is out of its range; use 100ms to 1m",
    ),
];
