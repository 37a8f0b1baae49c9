//! Paths with a second reading lead nowhere, whoever asks.

use vouchsafe_testkit::{TestApp, both_databases};

use super::{Case, Expected, oauth, run};
use crate::raw;

fn cases(admin_key: &str) -> Vec<Case> {
    let page = Expected::Page(404);
    let json = oauth(404, "invalid_request");
    let problem = Expected::Problem(404);
    let mut cases = Vec::new();
    for (path, expected) in [
        ("/oauth/canary-4711", json),
        ("/oauth", json),
        ("/oauth/", json),
        ("/oauth/token/", json),
        ("/oauth/token/x", json),
        ("/oauth//token", json),
        ("//oauth/token", json),
        ("/oauth/./token", json),
        ("/oauth/x/../token", json),
        ("/oauth/%74oken", json),
        ("/oauth/token%00", json),
        ("/oauth/token%20", json),
        ("/oauth/jwks/", json),
        ("/.well-known/nothing", json),
        // Not this server's to answer: it is no OpenID provider.
        ("/.well-known/openid-configuration", json),
        ("/.well-known/oauth-authorization-server/x", json),
        ("/OAuth/token", page),
        ("/o%61uth/token", page),
        ("/oauth%2ftoken", page),
        ("/oauth\\token", page),
        ("/..;/oauth/token", page),
        ("/admin/v1/records/", problem),
        ("/admin/v1//records", problem),
        ("/admin/v1/%72ecords", problem),
        ("/admin/v1/x/../records", problem),
        ("/%61dmin/v1/records", page),
        ("/admin%2Fv1%2Frecords", page),
        ("/x/../admin/v1/records", page),
        ("/x/%2e%2e/admin/v1/records", page),
        ("/Admin/v1/records", page),
        ("/connections/", page),
        ("/connections%2F", page),
        ("/connections/%ff/disconnect", page),
        ("/connections/%0d%0a/disconnect", page),
        ("/static/../../etc/passwd", page),
        ("/%2e%2e/%2e%2e/etc/passwd", page),
    ] {
        let authorized = format!("Authorization: Bearer {admin_key}");
        cases.push(Case::new(path, format!("GET {path}"), expected).header(authorized));
    }
    cases.push(Case::new("the server as a whole", "OPTIONS *", page));
    cases
}

both_databases! {
    async fn atk_21__a_path_with_a_second_reading_leads_nowhere(app: TestApp) {
        run(&app, cases(&app.admin_key)).await;
        app.finish().await;
    }

    async fn atk_37__neither_host_nor_target_changes_who_we_are(app: TestApp) {
        let own = raw::host(&app).to_owned();
        let issuer = format!("\"issuer\":\"{}\"", app.base);
        let mut seen = Vec::new();
        for (target, host, more) in [
            ("", own.as_str(), ""),
            ("", "evil.example", ""),
            ("", "evil.example", "X-Forwarded-Host: evil.example\r\nForwarded: host=evil.example\r\n"),
            ("http://evil.example", "evil.example", ""),
            ("http://evil.example", own.as_str(), ""),
            ("https://user@evil.example:444", "evil.example:444", "X-Forwarded-Proto: https\r\n"),
        ] {
            let request = format!(
                "GET {target}/.well-known/oauth-authorization-server HTTP/1.1\r\nHost: {host}\r\n{more}Connection: close\r\n\r\n"
            );
            let reply = raw::request(&app, request.as_bytes()).await;
            assert_eq!(reply.status, 200, "{target} {host}");
            assert!(reply.body.contains(&issuer) && !reply.body.contains("evil"), "{}", reply.body);
            seen.push(reply.body);
        }
        assert!(seen.iter().all(|body| *body == seen[0]));
        // Where a page sends the browser, too.
        let request = "GET http://evil.example/connections HTTP/1.1\r\nHost: evil.example\r\nConnection: close\r\n\r\n";
        let reply = raw::request(&app, request.as_bytes()).await;
        assert_eq!((reply.status, reply.header("location").as_str()), (303, "/login?return_to=%2Fconnections"));
        app.finish().await;
    }

    async fn md_3_2_02__what_can_be_read_can_be_asked_about(app: TestApp) {
        for path in ["/.well-known/oauth-authorization-server", "/oauth/jwks", "/healthz", "/readyz", "/login", "/"] {
            let request = |method: &str, more: &str| {
                format!("{method} {path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n{more}\r\n").into_bytes()
            };
            let got = raw::request(&app, &request("GET", "")).await;
            let headed = raw::request(&app, &request("HEAD", "")).await;
            assert_eq!((headed.status, headed.body.as_str()), (got.status, ""), "{path}");
            for header in ["content-type", "cache-control", "etag", "location"] {
                assert_eq!(headed.header(header), got.header(header), "{path}");
            }
            let tag = got.header("etag");
            if path.contains("oauth") {
                assert!(got.header("cache-control").contains("max-age=300"));
                let again = raw::request(&app, &request("GET", &format!("If-None-Match: {tag}\r\n"))).await;
                assert_eq!((again.status, again.body.as_str(), again.header("etag")), (304, "", tag), "{path}");
            }
        }
        app.finish().await;
    }
}
