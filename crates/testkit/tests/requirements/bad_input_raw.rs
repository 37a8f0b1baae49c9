//! Request smuggling (ATK-21): what two parsers might read differently is refused and the connection closed, or is read
//! in one way and answered once. Every case carries a second request where a confused parser would find one; that one
//! must never be answered as if it had been sent for itself.

use base64::Engine as _;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use vouchsafe_testkit::{AGENT_ID, AGENT_SECRET, TestApp, both_databases};

use crate::raw::{self, RawReply};

/// What a smuggler wants to have answered.
const SMUGGLED: &str = "GET /healthz?smuggled HTTP/1.1\r\nHost: x\r\n\r\n";
const POST: &str =
    "POST /oauth/token HTTP/1.1\r\nHost: x\r\nContent-Type: application/x-www-form-urlencoded\r\n";

fn refused(what: &str, replies: &[RawReply]) {
    assert_eq!(replies.len(), 1, "{what}: {replies:?}");
    assert!(matches!(replies[0].status, 400 | 431), "{what}: {replies:?}");
}

/// A form with further headers, and what follows it.
fn post(more: &str, body: &str) -> String {
    format!("{POST}{more}\r\n{body}{SMUGGLED}")
}

/// Two readings of where the body ends: refused by the parser, before a handler sees it.
fn ambiguous_bodies() -> Vec<(&'static str, String)> {
    let length = SMUGGLED.len();
    vec![
        (
            "CL.TE",
            post(
                "Content-Length: 6\r\nTransfer-Encoding: chunked\r\n",
                "0\r\n\r\nG",
            ),
        ),
        (
            "TE.CL",
            post(
                "Transfer-Encoding: chunked\r\nContent-Length: 4\r\n",
                "1\r\na\r\n0\r\n\r\n",
            ),
        ),
        (
            "TE.TE",
            post(
                "Transfer-Encoding: chunked\r\nTransfer-Encoding: identity\r\n",
                "0\r\n\r\n",
            ),
        ),
        (
            "TE.TE, both chunked",
            post(
                "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n",
                "0\r\n\r\n",
            ),
        ),
        (
            "TE list",
            post("Transfer-Encoding: gzip, chunked\r\n", "0\r\n\r\n"),
        ),
        (
            "TE twice in a list",
            post("Transfer-Encoding: chunked, identity\r\n", "0\r\n\r\n"),
        ),
        ("TE unknown", post("Transfer-Encoding: xchunked\r\n", "0\r\n\r\n")),
        ("TE identity", post("Transfer-Encoding: identity\r\n", "")),
        (
            "TE with a vertical tab",
            post("Transfer-Encoding:\x0bchunked\r\n", "0\r\n\r\n"),
        ),
        (
            "TE with a space before the colon",
            post("Transfer-Encoding : chunked\r\n", "0\r\n\r\n"),
        ),
        (
            "CL with a space before the colon",
            post(&format!("Content-Length : {length}\r\n"), ""),
        ),
        (
            "TE folded",
            post("Transfer-Encoding:\r\n chunked\r\n", "0\r\n\r\n"),
        ),
        (
            "a folded header",
            post("X-Fold: a\r\n b\r\nContent-Length: 0\r\n", ""),
        ),
        (
            "two lengths",
            post("Content-Length: 0\r\nContent-Length: 44\r\n", ""),
        ),
        (
            "the same length twice",
            post("Content-Length: 0\r\nContent-Length: 0\r\n", ""),
        ),
        ("a list of lengths", post("Content-Length: 0, 0\r\n", "")),
        ("a signed length", post("Content-Length: +0\r\n", "")),
        ("a negative length", post("Content-Length: -1\r\n", "")),
        ("a hexadecimal length", post("Content-Length: 0x0\r\n", "")),
        ("no number", post("Content-Length: \r\n", "")),
        (
            "a length beyond all numbers",
            post("Content-Length: 99999999999999999999999\r\n", ""),
        ),
    ]
}

/// Heads that another parser may read differently, or that are none.
fn ambiguous_heads() -> Vec<(&'static str, String)> {
    vec![
        ("two hosts", post("Host: y\r\nContent-Length: 0\r\n", "")),
        ("no host", format!("GET /healthz HTTP/1.1\r\n\r\n{SMUGGLED}")),
        ("a bare CR in a header", post("X-A: b\rContent-Length: 0\r\n", "")),
        ("a zero byte in a header", post("X-A: b\0\r\n", "")),
        ("a header without a colon", post("X-A\r\n", "")),
        ("a header without a name", post(": x\r\n", "")),
        (
            "a tab in the request line",
            format!("GET\t/healthz\tHTTP/1.1\r\nHost: x\r\n\r\n{SMUGGLED}"),
        ),
        ("no version", format!("GET /healthz\r\nHost: x\r\n\r\n{SMUGGLED}")),
        (
            "another version",
            format!("GET /healthz HTTP/2.0\r\nHost: x\r\n\r\n{SMUGGLED}"),
        ),
        (
            "another protocol",
            format!("GET /healthz ICY/1.1\r\nHost: x\r\n\r\n{SMUGGLED}"),
        ),
        (
            "a space in the target",
            format!("GET /health z HTTP/1.1\r\nHost: x\r\n\r\n{SMUGGLED}"),
        ),
        (
            "TLS",
            "\x16\x03\x01\x02\0\x01\0\x01\u{fc}\x03\x03\r\n\r\n".to_owned(),
        ),
        (
            "chunked in HTTP/1.0",
            "POST /oauth/token HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n".to_owned(),
        ),
        (
            "100 headers",
            format!(
                "GET /healthz HTTP/1.1\r\nHost: x\r\n{}\r\n{SMUGGLED}",
                "X-A: b\r\n".repeat(100)
            ),
        ),
        (
            "200 KiB of headers",
            format!(
                "GET /healthz HTTP/1.1\r\nHost: x\r\nX-A: {}\r\n\r\n",
                "a".repeat(200 * 1024)
            ),
        ),
        (
            "a target of 200 KiB",
            format!("GET /{} HTTP/1.1\r\nHost: x\r\n\r\n", "a".repeat(200 * 1024)),
        ),
    ]
}

/// Bodies that are broken on their way: the handler refuses, and the connection is closed.
fn broken_chunks() -> Vec<(&'static str, String)> {
    let chunked = |body: &str| format!("{POST}Transfer-Encoding: chunked\r\n\r\n{body}{SMUGGLED}");
    vec![
        ("no chunk size", chunked("\r\nabc\r\n0\r\n\r\n")),
        (
            "a chunk size that is no number",
            chunked("xyz\r\nabc\r\n0\r\n\r\n"),
        ),
        ("a chunk size with a sign", chunked("+3\r\nabc\r\n0\r\n\r\n")),
        ("a chunk size with a prefix", chunked("0x3\r\nabc\r\n0\r\n\r\n")),
        ("a chunk longer than its size", chunked("2\r\nabc\r\n0\r\n\r\n")),
        (
            "a chunk size beyond all numbers",
            chunked("ffffffffffffffffff\r\nabc\r\n0\r\n\r\n"),
        ),
        ("a chunk size ended by a bare LF", chunked("3\nabc\r\n0\r\n\r\n")),
        ("a chunk ended by a bare LF", chunked("3\r\nabc\n0\r\n\r\n")),
        (
            "a control character in an extension",
            chunked("3;a=\x01\r\nabc\r\n0\r\n\r\n"),
        ),
        ("a bare LF in an extension", chunked("3;a=b\nabc\r\n0\r\n\r\n")),
    ]
}

both_databases! {
    async fn atk_21__an_ambiguous_request_is_refused_and_the_connection_closed(app: TestApp) {
        let records = app.texts("SELECT event AS text FROM records").len();
        for (what, bytes) in ambiguous_bodies().into_iter().chain(ambiguous_heads()) {
            refused(what, &raw::exchange(&app, bytes.as_bytes()).await);
        }
        for (what, bytes) in broken_chunks() {
            let replies = raw::exchange(&app, bytes.as_bytes()).await;
            assert!(replies.len() <= 1, "{what}: {replies:?}");
            assert!(replies.iter().all(|reply| matches!(reply.status, 400 | 408)), "{what}: {replies:?}");
        }
        assert_eq!(app.texts("SELECT event AS text FROM records").len(), records);
        app.finish().await;
    }

    async fn atk_21__what_is_accepted_is_read_in_one_way(app: TestApp) {
        let close = "Connection: close\r\n";
        // A line may end in a bare LF (RFC 9112 section 2.2 allows it). Whoever reads it as a part of the line before
        // sees fewer headers than we do, but never another end of the head: what follows an empty line is the body.
        let bare = "GET /healthz HTTP/1.1\nHost: x\nConnection: close\n\n";
        assert_eq!(raw::request(&app, bare.as_bytes()).await.status, 200);
        // A length hidden behind a bare LF is the length: its bytes are the body, and nothing is left over.
        let hidden = format!("{POST}X-A: b\nContent-Length: {}\r\n{close}\r\n{SMUGGLED}", SMUGGLED.len());
        let replies = raw::exchange(&app, hidden.as_bytes()).await;
        assert_eq!((replies.len(), replies[0].status), (1, 401), "{replies:?}");
        // And a hidden `Transfer-Encoding` beside a length is refused like an open one.
        let both = format!("{POST}Content-Length: 5\r\nX-A: b\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n{SMUGGLED}");
        refused("a hidden TE", &raw::exchange(&app, both.as_bytes()).await);
        // Chunk extensions are read over, whatever they look like, and the next request begins where the last chunk ends.
        for body in [
            "5;Content-Length=0\r\na=b&c\r\n0\r\n\r\n",
            "5;x=\"0\"\r\na=b&c\r\n0;y\r\n\r\n",
            "00000005\r\na=b&c\r\n000\r\n\r\n",
        ] {
            let next = format!("GET /healthz HTTP/1.1\r\nHost: x\r\n{close}\r\n");
            let request = format!("{POST}Transfer-Encoding: chunked\r\n\r\n{body}{next}");
            let replies = raw::exchange(&app, request.as_bytes()).await;
            let statuses: Vec<u16> = replies.iter().map(|reply| reply.status).collect();
            assert_eq!(statuses, [401, 200], "{body:?}");
        }
        app.finish().await;
    }

    async fn atk_21__a_body_that_was_not_read_is_no_next_request(app: TestApp) {
        // Refused before the body is read: by path, by method, by content type, by size, by protocol.
        let length = SMUGGLED.len();
        for head in [
            format!("POST /oauth/nothing HTTP/1.1\r\nHost: x\r\nContent-Length: {length}\r\n\r\n"),
            format!("POST /healthz HTTP/1.1\r\nHost: x\r\nContent-Length: {length}\r\n\r\n"),
            format!("POST /oauth/token HTTP/1.1\r\nHost: x\r\nContent-Length: {length}\r\n\r\n"),
            format!("{POST}Content-Length: 70000\r\n\r\n"),
            format!("GET /healthz HTTP/1.1\r\nHost: x\r\nContent-Length: {length}\r\n\r\n"),
            format!("GET /oauth/%74oken HTTP/1.1\r\nHost: x\r\nContent-Length: {length}\r\n\r\n"),
            "GET /healthz HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n".to_owned(),
            "CONNECT x:443 HTTP/1.1\r\nHost: x\r\n\r\n".to_owned(),
        ] {
            let mut socket = raw::connect(&app).await;
            socket.write_all(format!("{head}{SMUGGLED}").as_bytes()).await.unwrap();
            // A server that waits for more would keep the connection; one that reads on would answer twice.
            socket.shutdown().await.unwrap();
            let replies = raw::read(&mut socket, false).await;
            assert_eq!(replies.len(), 1, "{head}: {replies:?}");
        }
        app.finish().await;
    }

    async fn atk_21__pipelined_requests_are_answered_one_by_one_in_order(app: TestApp) {
        let token = format!("{POST}Content-Length: 5\r\n\r\na=b&c");
        let last = "GET /oauth/jwks HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n";
        let replies = raw::exchange(&app, format!("{SMUGGLED}{token}{last}").as_bytes()).await;
        let statuses: Vec<u16> = replies.iter().map(|reply| reply.status).collect();
        assert_eq!(statuses, [200, 401, 200]);
        app.finish().await;
    }

    async fn ar_16__a_body_in_the_smallest_pieces_is_read_whole_up_to_the_limit(app: TestApp) {
        // What it asks for comes last; and nobody has authenticated before all of it is there.
        let pair = base64::engine::general_purpose::STANDARD.encode(format!("{AGENT_ID}:{AGENT_SECRET}"));
        let head = format!("{POST}Authorization: Basic {pair}\r\nConnection: close\r\nTransfer-Encoding: chunked\r\n\r\n");
        let last = "&grant_type=nonsense";
        for (size, status, says) in [(64 * 1024, 400, "unsupported_grant_type"), (64 * 1024 + 1, 413, "")] {
            let half = "x".repeat(31 * 1024);
            let rest = "x".repeat(size - 2 * half.len() - "a=&b=&c=".len() - last.len());
            let body = format!("a={half}&b={half}&c={rest}{last}");
            let chunks: String = body.chars().flat_map(|byte| ['1', '\r', '\n', byte, '\r', '\n']).collect();
            let reply = raw::request(&app, format!("{head}{chunks}0\r\n\r\n").as_bytes()).await;
            assert_eq!(reply.status, status, "{reply:?}");
            assert!(reply.body.contains(says), "{reply:?}");
        }
        app.finish().await;
    }

    async fn tok_3_2_09__a_large_body_is_refused_before_it_has_arrived(app: TestApp) {
        let mut socket = raw::connect(&app).await;
        let head = format!("{POST}Content-Length: 1000000000\r\nExpect: 100-continue\r\n\r\n");
        socket.write_all(head.as_bytes()).await.unwrap();
        let mut first = [0_u8; 12];
        socket.read_exact(&mut first).await.unwrap();
        let text = String::from_utf8_lossy(&first).into_owned();
        assert!(text == "HTTP/1.1 413" || text == "HTTP/1.1 100", "{text}");
        let mut rest = Vec::new();
        let _ = socket.read_to_end(&mut rest).await;
        let text = text + &String::from_utf8_lossy(&rest);
        assert!(text.contains("HTTP/1.1 413"), "{text}");
        app.finish().await;
    }
}
