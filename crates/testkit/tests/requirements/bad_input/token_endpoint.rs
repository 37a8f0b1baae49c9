//! `POST /oauth/token`.

use std::time::Duration;

use base64::Engine as _;
use vouchsafe_testkit::{AGENT_ID, AGENT_SECRET, TestApp, both_databases};

use super::{CANARY, Case, Expected, FORM, oauth, run};

const LINE: &str = "POST /oauth/token";

fn post(what: &str, expected: Expected) -> Case {
    Case::new(what, LINE, expected)
}

fn agent() -> String {
    basic(&format!("{AGENT_ID}:{AGENT_SECRET}"))
}

fn basic(pair: &str) -> String {
    format!(
        "Authorization: Basic {}",
        base64::engine::general_purpose::STANDARD.encode(pair)
    )
}

fn methods() -> Vec<Case> {
    [
        "GET", "HEAD", "PUT", "DELETE", "PATCH", "OPTIONS", "TRACE", "BREW", "post",
    ]
    .into_iter()
    .map(|method| {
        Case::new(
            method,
            format!("{method} /oauth/token"),
            oauth(405, "invalid_request"),
        )
        .allow("POST")
    })
    .collect()
}

/// Not read at all, so nobody has authenticated and nothing is on the record.
fn unreadable() -> Vec<Case> {
    let body = format!("grant_type=password&x={CANARY}");
    let mut cases: Vec<Case> = [
        "application/json",
        "multipart/form-data; boundary=x",
        "text/plain",
        "application/octet-stream",
        "application/x-www-form-urlencoded; charset=utf-16",
        "application/x-www-form-urlencoded; charset=\"iso-8859-1\"",
        "application/x-www-form-urlencoded, application/json",
        "",
    ]
    .into_iter()
    .map(|kind| {
        post(kind, oauth(400, "invalid_request"))
            .header(format!("Content-Type: {kind}"))
            .body(&body)
    })
    .collect();
    cases.push(post("no content type", oauth(400, "invalid_request")).body(&body));
    cases.push(post("no body at all", oauth(400, "invalid_request")));
    let twice = post("two content types", oauth(400, "invalid_request")).header(FORM);
    cases.push(twice.header("Content-Type: application/json").body(&body));
    let gzip = post("a gzip body", oauth(400, "invalid_request")).header("Content-Encoding: gzip");
    cases.push(gzip.form([0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 3]));
    let query = format!("{LINE}?grant_type=password&x={CANARY}");
    cases.push(
        Case::new("a query", query, oauth(400, "invalid_request"))
            .header(agent())
            .form(&body),
    );
    let credentials = format!("{LINE}?client_id={AGENT_ID}&client_secret={CANARY}");
    cases.push(
        Case::new(
            "credentials in the query",
            credentials,
            oauth(400, "invalid_request"),
        )
        .form(&body),
    );
    cases
}

fn malformed_forms() -> Vec<Case> {
    let many = |count: usize| (0..count).fold(String::new(), |text, n| text + &format!("p{n}={CANARY}&"));
    let bodies: Vec<(&str, Vec<u8>)> = vec![
        ("not UTF-8", b"grant_type=%ff".to_vec()),
        ("raw bytes that are not UTF-8", b"grant_type=\xff\xfe".to_vec()),
        ("an overlong encoding", b"grant_type=%c0%af".to_vec()),
        ("half a surrogate", b"grant_type=%ed%a0%80".to_vec()),
        ("a zero byte", b"grant_type=a%00b".to_vec()),
        ("a raw zero byte", b"grant_type=a\0b".to_vec()),
        ("a zero byte in a name", b"grant%00type=a".to_vec()),
        ("a lone percent sign", b"grant_type=%".to_vec()),
        ("half a percent sign", b"grant_type=a%4".to_vec()),
        ("a percent sign before no hexadecimal", b"grant_type=%zz".to_vec()),
        ("65 parameters", many(65).into_bytes()),
        ("3000 parameters", many(3_000).into_bytes()),
        ("a long name", format!("{}=x", "n".repeat(200)).into_bytes()),
        ("a long value", format!("x={}", "v".repeat(40_000)).into_bytes()),
    ];
    let case = |(what, body): (&str, Vec<u8>)| {
        post(what, oauth(400, "invalid_request"))
            .header(agent())
            .form(body)
    };
    bodies.into_iter().map(case).collect()
}

fn too_large() -> Vec<Case> {
    let large = vec![b'x'; 64 * 1024 + 1];
    let chunk = |bytes: &[u8]| [format!("{:x}\r\n", bytes.len()).as_bytes(), bytes, b"\r\n"].concat();
    vec![
        post("one byte too many", oauth(413, "invalid_request")).form(&large),
        post("ten gigabytes announced", oauth(413, "invalid_request"))
            .header(FORM)
            .raw_body("Content-Length: 10000000000", "grant_type=password"),
        post("too many chunks", oauth(413, "invalid_request"))
            .header(FORM)
            .raw_body(
                "Transfer-Encoding: chunked",
                [chunk(&large), chunk(&large), chunk(b"")].concat(),
            ),
    ]
}

/// The client has authenticated: every refusal is on the record.
fn refused() -> Vec<Case> {
    let exchange = "urn%3Aietf%3Aparams%3Aoauth%3Agrant-type%3Atoken-exchange";
    [
        ("nothing in the form", String::new(), "invalid_request"),
        ("only separators", "&&=&".to_owned(), "invalid_request"),
        (
            "an empty grant type",
            "grant_type=&x=1".to_owned(),
            "invalid_request",
        ),
        (
            "two grant types",
            "grant_type=password&grant_type=password".to_owned(),
            "invalid_request",
        ),
        (
            "a repeated unknown parameter",
            format!("grant_type={exchange}&x=1&x=2"),
            "invalid_request",
        ),
        (
            "a repeated parameter in disguise",
            format!("grant_type={exchange}&scope=a&%73cope=b"),
            "invalid_request",
        ),
        (
            "semicolons",
            format!("grant_type={exchange};subject_token={CANARY}"),
            "unsupported_grant_type",
        ),
        (
            "another case",
            format!("Grant_Type={exchange}"),
            "invalid_request",
        ),
        ("brackets", format!("grant_type[]={exchange}"), "invalid_request"),
        (
            "line breaks",
            format!("grant_type=a%0d%0aSet-Cookie:%20{CANARY}"),
            "unsupported_grant_type",
        ),
        (
            "no subject token",
            format!("grant_type={exchange}"),
            "invalid_request",
        ),
    ]
    .into_iter()
    .map(|(what, body, error)| {
        post(what, oauth(400, error))
            .header(agent())
            .form(body)
            .record("exchange.refused")
    })
    .collect()
}

fn badly_authenticated() -> Vec<Case> {
    let failed = |case: Case| {
        case.form("grant_type=password")
            .record("client_authentication.failed")
    };
    let refused = |what| post(what, oauth(401, "invalid_client"));
    vec![
        failed(
            post("two Authorization headers", oauth(400, "invalid_request"))
                .header(agent())
                .header(agent()),
        ),
        failed(refused("another scheme").header(format!("Authorization: Bearer {CANARY}"))),
        failed(refused("no base64").header("Authorization: Basic %%%")),
        failed(refused("no colon").header(basic(CANARY))),
        failed(refused("a client that cannot be").header(basic(&format!("a b{CANARY}:x")))),
        refused("an assertion")
            .form(format!(
                "grant_type=password&client_id={AGENT_ID}&client_assertion={CANARY}"
            ))
            .record("client_authentication.failed"),
    ]
}

both_databases! {
    async fn tok_3_2_01_02_06_09_10_5_2_01__a_request_that_cannot_be_read_is_refused_and_leaves_nothing(app: TestApp) {
        let cases = [methods(), unreadable(), malformed_forms(), too_large()];
        let count = run(&app, cases.into_iter().flatten().collect()).await;
        assert!(count >= 40, "{count}");
        app.finish().await;
    }

    async fn tok_3_2_03_04_5_2_02_tv_15_atk_20__a_refused_request_is_on_the_record_once(app: TestApp) {
        run(&app, refused()).await;
        for case in badly_authenticated() {
            // Only so many failures a minute get an entry of their own, and only so many are answered at once.
            app.advance(Duration::from_secs(3_700));
            run(&app, vec![case]).await;
        }
        app.finish().await;
    }
}
