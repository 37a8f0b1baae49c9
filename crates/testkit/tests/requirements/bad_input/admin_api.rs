//! The admin API and the endpoints of operators, as far as the edge answers for them.

use vouchsafe_testkit::{TestApp, both_databases};

use super::{Case, Expected, run};

fn problem(what: &str, line: &str, status: u16) -> Case {
    Case::new(what, line, Expected::Problem(status))
}

fn cases() -> Vec<Case> {
    vec![
        problem("no such resource", "GET /admin/v1/canary-4711", 404),
        problem("no such version", "GET /admin/v9/records", 404),
        problem("another method", "PUT /admin/v1/records", 405).allow("GET, HEAD"),
        problem("no key", "GET /admin/v1/records", 401),
        problem("no key, but the body of one", "HEAD /admin/v1/records", 401),
        problem("two keys", "GET /admin/v1/records", 400)
            .header("Authorization: Bearer canary-4711")
            .header("Authorization: Bearer canary-4711"),
        problem("another scheme", "GET /admin/v1/records", 400).header("Authorization: Basic canary-4711"),
        problem("a slash too many", "GET //admin//v1/records", 404),
        problem("dots", "GET /admin/v1/../v1/records", 404),
        problem("healthz by POST", "POST /healthz", 405).allow("GET, HEAD"),
        problem("readyz by DELETE", "DELETE /readyz", 405).allow("GET, HEAD"),
    ]
}

both_databases! {
    async fn bt_3_04__malformed_calls_of_operators_get_problems(app: TestApp) {
        run(&app, cases()).await;
        app.finish().await;
    }
}
