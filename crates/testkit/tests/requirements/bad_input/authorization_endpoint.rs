//! `GET` and `POST /oauth/authorize`: an error page, and no redirect to anywhere.

use vouchsafe_testkit::{AGENT_ID, TestApp, both_databases};

use super::{CANARY, Case, Expected, FORM, run};

fn get(what: &str, query: &str) -> Case {
    Case::new(what, format!("GET /oauth/authorize{query}"), Expected::Page(400))
}

fn post(what: &str, status: u16) -> Case {
    Case::new(what, "POST /oauth/authorize", Expected::Page(status))
}

fn cases() -> Vec<Case> {
    let client = format!("client_id={AGENT_ID}");
    let registered = "redirect_uri=https%3A%2F%2Fagent.test%2Fcallback";
    let mut cases = vec![
        get("nothing", ""),
        get("only a question mark", "?"),
        get("an unknown client", &format!("?client_id={CANARY}&{registered}")),
        get("no redirect URI", &format!("?{client}")),
        get("two clients", &format!("?{client}&{client}&{registered}")),
        get(
            "two redirect URIs",
            &format!("?{client}&{registered}&{registered}"),
        ),
        get("a lone percent sign", &format!("?{client}&{registered}&state=%")),
        get("not UTF-8", &format!("?{client}&{registered}&state=%ff")),
        get("a zero byte", &format!("?{client}&{registered}&state=%00")),
        get(
            "70 parameters",
            &format!("?{client}&{registered}{}", "&x=y".repeat(70)),
        ),
        get(
            "a long state",
            &format!("?{client}&{registered}&state={}", "s".repeat(40_000)),
        ),
    ];
    for uri in [
        "https%3A%2F%2Fagent.test%2Fcallback%2F",
        "https%3A%2F%2Fagent.test%2Fcallback%0d%0aSet-Cookie:%20a=b",
        "https%3A%2F%2Fagent.test%2Fcallback%3Fx=canary-4711",
        "https%3A%2F%2Fagent.test%40canary-4711.example%2Fcallback",
        "https%3A%2F%2Fagent.test%3A444%2Fcallback",
        "javascript%3Aalert(1)",
        "%2Fcallback",
    ] {
        cases.push(get(
            uri,
            &format!("?{client}&redirect_uri={uri}&response_type=code"),
        ));
    }
    cases.extend([
        post("no form", 400)
            .header("Content-Type: application/json")
            .body("{}"),
        post("a form in another character set", 400)
            .header(format!("{FORM}; charset=utf-16"))
            .body("a=b"),
        post("an empty form", 400).form(""),
        post("a form with line breaks", 400).form(format!("client_id=a\r\nSet-Cookie: {CANARY}")),
        post("a large form", 413).form("x".repeat(70_000)),
        Case::new("another method", "PUT /oauth/authorize", Expected::Page(405)).allow("GET, HEAD, POST"),
    ]);
    cases
}

both_databases! {
    async fn az_3_1_02_05__who_cannot_be_told_gets_a_page_and_no_redirect(app: TestApp) {
        let count = run(&app, cases()).await;
        assert!(count >= 20, "{count}");
        app.finish().await;
    }
}
