//! Of providers, clients and users: a line of the good file, what stands there instead, and the one sentence that
//! follows.

pub(crate) const IN_ENTRIES: &[(&str, &str, &str)] = &[
    // Witnesses.
    (
        "[[provider]]",
        "[[witness]]\nurl = \"ftp://witness.example.org\"\nkey = \"witness.example.org/w1+62db710f+BAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8g\"\n[[provider]]",
        "FILE, line 5, witness.url: it is no address that a witness can have; write https://, its host, and what stands before /add-checkpoint",
    ),
    (
        "[[provider]]",
        "[[witness]]\nurl = \"https://a:b@witness.example.org\"\nkey = \"witness.example.org/w1+62db710f+BAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8g\"\n[[provider]]",
        "FILE, line 5, witness.url: it is no address that a witness can have; write https://, its host, and what stands before /add-checkpoint",
    ),
    (
        "[[provider]]",
        "[[witness]]\nurl = \"https://witness.example.org/w1?x\"\nkey = \"witness.example.org/w1+62db710f+BAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8g\"\n[[provider]]",
        "FILE, line 5, witness.url: it is no address that a witness can have; write https://, its host, and what stands before /add-checkpoint",
    ),
    (
        "[[provider]]",
        "[[witness]]\nurl = \"https://witness.example.org\"\nkey = \"witness.example.org/w1+62db710e+BAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8g\"\n[[provider]]",
        "FILE, line 6, witness.key: it is not the key of a witness; copy the whole name+id+key that the witness publishes for cosignatures",
    ),
    // Providers.
    (
        "template = \"github-oauth-app\"",
        "template = \"gitlab\"",
        "FILE, line 6, provider github, template: there is no such template; use one of atlassian, dropbox, generic-oauth2, generic-oidc, github-app, github-oauth-app, google, microsoft-entra, slack",
    ),
    (
        "template = \"github-oauth-app\"",
        "template = \"gogle\"",
        "FILE, line 6, provider github, template: there is no such template; did you mean `google`?",
    ),
    (
        "id = \"github\"",
        "id = \"GitHub\"",
        "FILE, line 5, provider.id: a provider id is 1 to 64 of the characters a-z 0-9 -, and begins with a letter; choose such a name",
    ),
    (
        "id = \"github\"",
        "id = \"\"",
        "FILE, line 5, provider.id: a provider id is 1 to 64 of the characters a-z 0-9 -, and begins with a letter; choose such a name",
    ),
    (
        "client_id = \"abc\"",
        "client_id = \"\"",
        "FILE, line 7, provider github, client_id: it is empty; register Vouchsafe with the provider and write the client id here",
    ),
    (
        "client_secret = \"def\"",
        "client_secret = \"def\"\nclient_secret_file = \"x\"",
        "FILE, line 8, provider github, client_secret: client_secret and client_secret_file are both set; keep one of them",
    ),
    (
        "client_secret = \"def\"",
        "client_secret_file = \"not-there\"",
        "FILE, line 8, provider github, client_secret_file: /etc/v/not-there cannot be read (no such file); name a file that holds it and that this user may read",
    ),
    (
        "client_secret = \"def\"",
        "client_secret_file = \"/\"",
        "FILE, line 8, provider github, client_secret_file: / cannot be read (is a directory); name a file that holds it and that this user may read",
    ),
    (
        "client_secret = \"def\"",
        "client_secret_file = \"/dev/null\"",
        "FILE, line 8, provider github, client_secret_file: /dev/null is empty; name a file that holds it and that this user may read",
    ),
    (
        "client_secret = \"def\"",
        "client_secret = \"def\"\nvars = { tenat = \"x\" }",
        "FILE, line 9, provider github, vars.tenat: unknown variable; remove it; variables of this entry: []",
    ),
    (
        "client_secret = \"def\"",
        "client_secret = \"def\"\noverride = { isuer = \"https://x.example\" }",
        "FILE, line 9, provider github, override: there is no field `isuer`; did you mean `issuer`?",
    ),
    (
        "client_secret = \"def\"",
        "client_secret = \"def\"\noverride = { token_url = \"http://x.example\" }",
        "FILE, line 9, provider github, override.token_url: not https; use https, or name the host in `egress.internal_hosts`",
    ),
    (
        "client_secret = \"def\"",
        "client_secret = \"def\"\noverride = { client_auth = \"telepathy\" }",
        "FILE, line 9, provider github, override: `client_auth` is not one of `basic`, `post`, `none`; its fields stand under [provider.override], its variables under [provider.vars]; docs/PROVIDERS.md lists them",
    ),
    (
        "client_secret = \"def\"",
        "client_secret = \"def\"\noverride = { token_headers = { x-api-key = 4711 } }",
        "FILE, line 9, provider github, override: `token_headers.x-api-key` is not text; its fields stand under [provider.override], its variables under [provider.vars]; docs/PROVIDERS.md lists them",
    ),
    (
        "client_secret = \"def\"",
        "client_secret = \"def\"\noverride = { expires = true }",
        "FILE, line 9, provider github, override: `expires` is not a table; its fields stand under [provider.override], its variables under [provider.vars]; docs/PROVIDERS.md lists them",
    ),
    (
        "client_secret = \"def\"",
        "client_secret = \"def\"\noverride = { default_scopes = \"openid\" }",
        "FILE, line 9, provider github, override: `default_scopes` is not a list; its fields stand under [provider.override], its variables under [provider.vars]; docs/PROVIDERS.md lists them",
    ),
    (
        "client_secret = \"def\"",
        "client_secret = \"def\"\noverride = { expires = { always = \"yes\" } }",
        "FILE, line 9, provider github, override: `expires.always` is not true or false; its fields stand under [provider.override], its variables under [provider.vars]; docs/PROVIDERS.md lists them",
    ),
    (
        "client_secret = \"def\"",
        "client_secret = \"def\"\noverride = { client_auth = 1 }",
        "FILE, line 9, provider github, override: `client_auth` is not one of `basic`, `post`, `none`; its fields stand under [provider.override], its variables under [provider.vars]; docs/PROVIDERS.md lists them",
    ),
    (
        "client_secret = \"def\"",
        "client_secret = \"def\"\noverride = { refresh = { reuse = true } }",
        "FILE, line 9, provider github, override: `refresh.reuse` is not one of `reject`, `kills_family`, `idempotent`; its fields stand under [provider.override], its variables under [provider.vars]; docs/PROVIDERS.md lists them",
    ),
    (
        "client_secret = \"def\"",
        "client_secret = \"def\"\noverride = { error = { detect = [1] } }",
        "FILE, line 9, provider github, override: `error.detect` is not one of `status`, `body_error_field`, `ok_false`; its fields stand under [provider.override], its variables under [provider.vars]; docs/PROVIDERS.md lists them",
    ),
    (
        "client_secret = \"def\"",
        "client_secret = \"def\"\noverride = { expires = { default_s = -1 } }",
        "FILE, line 9, provider github, override: `expires.default_s` is not a whole number that fits; its fields stand under [provider.override], its variables under [provider.vars]; docs/PROVIDERS.md lists them",
    ),
    (
        "template = \"github-oauth-app\"",
        "template = \"generic-oidc\"",
        "FILE, line 4, provider github, override.issuer: missing; set it to the provider's issuer URL",
    ),
    (
        "[[client]]",
        "[[provider]]\nid = \"github\"\ntemplate = \"slack\"\nclient_id = \"x\"\n[[client]]",
        "FILE, line 11, provider github, id: there are two of this id; rename or remove one",
    ),
    // Clients.
    (
        "id = \"agent\"",
        "id = \"a b\"",
        "FILE, line 11, client a b, id: a client id is 1 to 128 of the characters A-Z a-z 0-9 . _ -, and does not begin with a dot; choose such an id",
    ),
    (
        "id = \"agent\"",
        "id = \"\"",
        "FILE, line 11, client.id: a client id is 1 to 128 of the characters A-Z a-z 0-9 . _ -, and does not begin with a dot; choose such an id",
    ),
    (
        "id = \"agent\"",
        "id = \"agent\"\nname = \"a\\tb\"",
        "FILE, line 10, client agent: name: it must have 1 to 128 characters, none of them a control character; change the client's lines",
    ),
    (
        "grant_types = [\"urn:ietf:params:oauth:grant-type:token-exchange\"]",
        "grant_types = []",
        "FILE, line 10, client agent: grant_types: name authorization_code, urn:ietf:params:oauth:grant-type:token-exchange or both, each once; change the client's lines",
    ),
    (
        "client_id = \"abc\"",
        "client_id = \"a\\u0000bc\"",
        "FILE, line 7, provider github, client_id: it is longer than 512 characters, or holds something else than printable ASCII; copy it again from the provider's page",
    ),
    (
        "secret = \"0123456789abcdef0123456789abcdef\"",
        "secret = \"short\"",
        "FILE, line 10, client agent: a client secret needs at least 32 characters; `openssl rand -hex 32` makes a good one; change the client's lines",
    ),
    (
        "secret = \"0123456789abcdef0123456789abcdef\"",
        "",
        "FILE, line 10, client agent: a client that uses client_secret_basic needs a secret of at least 32 characters, or auth_method = \"none\"; change the client's lines",
    ),
    (
        "secret = \"0123456789abcdef0123456789abcdef\"",
        "secret = \"0123456789abcdef0123456789abcdef\"\nsecrets = [\"0123456789abcdef0123456789abcdef\"]",
        "FILE, line 13, client agent, secrets: there is a single secret as well; keep the list alone",
    ),
    (
        "secret = \"0123456789abcdef0123456789abcdef\"",
        "secret_files = [\"not-there\"]",
        "FILE, line 12, client agent, secret_files: /etc/v/not-there cannot be read (no such file); name a file that holds it and that this user may read",
    ),
    (
        "secret = \"0123456789abcdef0123456789abcdef\"",
        "secret_file = \"not-there\"",
        "FILE, line 12, client agent, secret_file: /etc/v/not-there cannot be read (no such file); name a file that holds it and that this user may read",
    ),
    (
        "secret = \"0123456789abcdef0123456789abcdef\"",
        "secret = \"0123456789abcdef0123456789abcdef\"\nsecret_file = \"x\"",
        "FILE, line 12, client agent, secret: secret and secret_file are both set; keep one of them",
    ),
    (
        "secret = \"0123456789abcdef0123456789abcdef\"",
        "secret = \"0123456789abcdef0123456789abcdef\"\nauth_method = \"none\"",
        "FILE, line 10, client agent: a client with auth_method = \"none\" must not have a secret; change the client's lines",
    ),
    (
        "secret = \"0123456789abcdef0123456789abcdef\"",
        "auth_method = \"none\"",
        "FILE, line 10, client agent: a client with auth_method = \"none\" cannot have the grant urn:ietf:params:oauth:grant-type:token-exchange; change the client's lines",
    ),
    (
        "secret = \"0123456789abcdef0123456789abcdef\"",
        "secret = \"0123456789abcdef0123456789abcdef\"\nauth_method = \"private_key_jwt\"",
        "FILE, line 13, client agent, auth_method: this is none of the words it takes; use client_secret_basic, client_secret_post or none",
    ),
    (
        "grant_types = [\"urn:ietf:params:oauth:grant-type:token-exchange\"]",
        "grant_types = [\"password\"]",
        "FILE, line 13, client agent, grant_types: there is no such grant type; use authorization_code or urn:ietf:params:oauth:grant-type:token-exchange",
    ),
    (
        "grant_types = [\"urn:ietf:params:oauth:grant-type:token-exchange\"]",
        "grant_types = [\"refresh_token\"]",
        "FILE, line 13, client agent, grant_types: this server does not have that grant yet; use authorization_code or urn:ietf:params:oauth:grant-type:token-exchange",
    ),
    (
        "grant_types = [\"urn:ietf:params:oauth:grant-type:token-exchange\"]",
        "grant_types = [\"authorization_code\"]",
        "FILE, line 10, client agent: a client with the authorization_code grant needs at least one redirect URI; change the client's lines",
    ),
    (
        "grant_types = [\"urn:ietf:params:oauth:grant-type:token-exchange\"]",
        "grant_types = [\"urn:ietf:params:oauth:grant-type:token-exchange\"]\nredirect_uris = [\"nowhere\"]",
        "FILE, line 10, client agent: redirect_uris: a redirect URI must be an absolute URI; change the client's lines",
    ),
    (
        "grant_types = [\"urn:ietf:params:oauth:grant-type:token-exchange\"]",
        "grant_types = [\"urn:ietf:params:oauth:grant-type:token-exchange\"]\nredirect_uris = [\"http://agent.example/cb\"]",
        "FILE, line 10, client agent: redirect_uris: a redirect URI must use https, or http on 127.0.0.1, [::1] or localhost; change the client's lines",
    ),
    (
        "grant_types = [\"urn:ietf:params:oauth:grant-type:token-exchange\"]",
        "grant_types = [\"urn:ietf:params:oauth:grant-type:token-exchange\"]\nredirect_uris = [\"https://agent.example/cb#x\"]",
        "FILE, line 10, client agent: redirect_uris: a redirect URI must not have a fragment; change the client's lines",
    ),
    (
        "grant_types = [\"urn:ietf:params:oauth:grant-type:token-exchange\"]",
        "grant_types = [\"urn:ietf:params:oauth:grant-type:token-exchange\"]\nscope = \"a  b\"",
        "FILE, line 14, client agent, scope: a scope is one or more tokens of printable ASCII without quote and backslash, with single spaces between; write scopes with single spaces between",
    ),
    (
        "grant_types = [\"urn:ietf:params:oauth:grant-type:token-exchange\"]",
        "grant_types = [\"urn:ietf:params:oauth:grant-type:token-exchange\"]\naccepts_tokens_of = [\"stranger\"]",
        "FILE, line 14, client agent, accepts_tokens_of: there is no client `stranger`; name the id of another [[client]]",
    ),
    (
        "provider = \"github\"",
        "provider = \"gitlab\"",
        "FILE, line 15, client agent, ceiling.provider: there is no provider `gitlab`; name the id of a [[provider]]",
    ),
    (
        "scope = \"repo\"",
        "scope = \"\"",
        "FILE, line 16, client agent, ceiling.scope: it is empty; name the scopes, or \"*\" for everything",
    ),
    (
        "scope = \"repo\"",
        "scope = \"repo\"\ntrusted = \"*\"",
        "FILE, line 10, client agent: the trusted scope for github is wider than the ceiling; change the client's lines",
    ),
    (
        "scope = \"repo\"",
        "scope = \"repo\"\n[[client.ceiling]]\nprovider = \"github\"\nscope = \"gist\"",
        "FILE, line 18, client agent, ceiling.provider: there are two ceilings for it; make them one",
    ),
    (
        "scope = \"repo\"",
        "scope = \"repo\"\n[[client]]\nid = \"agent\"\ngrant_types = []",
        "FILE, line 18, client agent, id: there are two of this id; rename or remove one",
    ),
    // Users.
    (
        "username = \"ada\"",
        "username = \"\"",
        "FILE, line 19, user.username: it is empty; give the user a name",
    ),
    (
        "username = \"ada\"",
        "username = \"ada lovelace\"",
        "FILE, line 19, user ada lovelace, username: a user name is 1 to 128 of the characters a-z 0-9 . _ - + @, in either case; choose such a name",
    ),
    (
        "password = \"correct horse\"",
        "",
        "FILE, line 18, user ada, password: this user could never sign in; set password, password_file or password_hash",
    ),
    (
        "password = \"correct horse\"",
        "password = \"short\"",
        "FILE, line 20, user ada, password: it is shorter than 8 characters; choose a longer one",
    ),
    (
        "password = \"correct horse\"",
        "password_hash = \"5f4dcc3b\"",
        "FILE, line 20, user ada, password_hash: the password hash is no argon2id PHC string that this server can check; make one with `argon2 -id -e`, or set password_file",
    ),
    (
        "password = \"correct horse\"",
        "password_hash = \"$argon2id$nonsense\"",
        "FILE, line 20, user ada, password_hash: the password hash is no argon2id PHC string that this server can check; make one with `argon2 -id -e`, or set password_file",
    ),
    (
        "password = \"correct horse\"",
        "password = \"correct horse\"\npassword_hash = \"$argon2id$nonsense\"",
        "FILE, line 21, user ada, password_hash: there is a password as well; keep one of them",
    ),
    (
        "password = \"correct horse\"",
        "password = \"correct horse\"\npassword_file = \"x\"",
        "FILE, line 20, user ada, password: password and password_file are both set; keep one of them",
    ),
    (
        "password = \"correct horse\"",
        "password_file = \"not-there\"",
        "FILE, line 20, user ada, password_file: /etc/v/not-there cannot be read (no such file); name a file that holds it and that this user may read",
    ),
    (
        "password = \"correct horse\"",
        "password_hash_file = \"not-there\"",
        "FILE, line 20, user ada, password_hash_file: /etc/v/not-there cannot be read (no such file); name a file that holds it and that this user may read",
    ),
    (
        "password = \"correct horse\"",
        "password = \"correct horse\"\n[[user]]\nusername = \"Ada\"\npassword = \"correct horse\"",
        "FILE, line 22, user Ada, username: there are two of this name; rename or remove one",
    ),
];
