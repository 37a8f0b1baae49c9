//! What people see.

use vouchsafe_testkit::{TestApp, both_databases};

use super::{CANARY, Case, Expected, run};

fn page(what: &str, line: &str, status: u16) -> Case {
    Case::new(what, line, Expected::Page(status))
}

fn cases() -> Vec<Case> {
    vec![
        page("no such page", "GET /canary-4711", 404),
        page("no such page, by POST", "POST /canary-4711", 404).form("a=b"),
        page("signing in by PUT", "PUT /login", 405).allow("GET, HEAD, POST"),
        page("signing out by GET", "GET /logout", 405).allow("POST"),
        page("disconnecting by GET", "GET /connections/con_1/disconnect", 405).allow("POST"),
        page(
            "a foreign return address",
            "GET /login?return_to=//canary-4711.example",
            400,
        ),
        page(
            "two return addresses",
            "GET /login?return_to=/connections&return_to=/connections",
            400,
        ),
        page("a lone percent sign", "GET /login?return_to=%", 400),
        page(
            "line breaks",
            "GET /login?return_to=/connections%0d%0aSet-Cookie:x",
            400,
        ),
        page("JSON instead of a form", "POST /login", 400)
            .header("Content-Type: application/json")
            .body("{}"),
        page("no token", "POST /login", 403).form(format!("username=ada&password={CANARY}")),
        page("a large form", "POST /login", 413).form("x".repeat(70_000)),
        page("no such provider", "GET /connect/CANARY%204711", 404),
        page(
            "no session",
            "GET /connect/callback/demo-idp?code=canary-4711&state=x",
            403,
        ),
        page(
            "two codes",
            "GET /connect/callback/demo-idp?code=a&code=b&state=x",
            403,
        ),
        page(
            "a callback with bad bytes",
            "GET /connect/callback/demo-idp?code=%ff",
            400,
        ),
    ]
}

both_databases! {
    async fn az_4_1_09_atk_28__every_malformed_request_of_a_person_gets_a_strict_page(app: TestApp) {
        let count = run(&app, cases()).await;
        assert!(count >= 15, "{count}");
        app.finish().await;
    }
}
