//! HTTP/1.1 by hand: requests that no client library would send.

use std::time::Duration;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use vouchsafe_testkit::TestApp;

/// A response.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct RawReply {
    pub(crate) status: u16,
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) body: String,
}

impl RawReply {
    /// A header; empty when absent, joined when repeated.
    pub(crate) fn header(&self, name: &str) -> String {
        let named = self.headers.iter().filter(|(n, _)| n == name);
        named
            .map(|(_, value)| value.as_str())
            .collect::<Vec<_>>()
            .join(", ")
    }
}

/// Sends bytes and reads until the server closes the connection; every response that came.
pub(crate) async fn exchange(app: &TestApp, bytes: &[u8]) -> Vec<RawReply> {
    let mut socket = connect(app).await;
    // The server may have answered and closed before everything was sent.
    let _ = socket.write_all(bytes).await;
    read(&mut socket, bytes.starts_with(b"HEAD ")).await
}

/// One request with one response, on a connection of its own.
pub(crate) async fn request(app: &TestApp, bytes: &[u8]) -> RawReply {
    let mut replies = exchange(app, bytes).await;
    let shown = String::from_utf8_lossy(&bytes[..bytes.len().min(200)]).into_owned();
    assert_eq!(replies.len(), 1, "{shown:?}: {replies:?}");
    replies.remove(0)
}

pub(crate) async fn connect(app: &TestApp) -> TcpStream {
    TcpStream::connect(host(app)).await.expect("the server listens")
}

/// Host and port of the server.
pub(crate) fn host(app: &TestApp) -> &str {
    app.base.trim_start_matches("http://")
}

/// Everything up to the end of the connection.
pub(crate) async fn read(socket: &mut TcpStream, bodiless: bool) -> Vec<RawReply> {
    let mut bytes = Vec::new();
    let end = socket.read_to_end(&mut bytes);
    // A reset after the response is an end as well.
    let ended = tokio::time::timeout(PATIENCE, end).await.is_ok();
    assert!(
        ended,
        "the connection was left open after {:?}",
        String::from_utf8_lossy(&bytes)
    );
    split(&bytes, bodiless)
}

fn split(mut bytes: &[u8], bodiless: bool) -> Vec<RawReply> {
    let mut replies = Vec::new();
    while !bytes.is_empty() {
        let end = bytes
            .windows(4)
            .position(|window| window == b"\r\n\r\n")
            .expect("a response has a head");
        let head = std::str::from_utf8(&bytes[..end]).expect("a head is text");
        let mut lines = head.split("\r\n");
        let status = lines.next().and_then(|line| line.split(' ').nth(1));
        let headers: Vec<(String, String)> = lines
            .map(|line| line.split_once(": ").expect("a header has a name and a value"))
            .map(|(name, value)| (name.to_ascii_lowercase(), value.to_owned()))
            .collect();
        let length = headers
            .iter()
            .find(|(name, _)| name == "content-length")
            .map_or(0, |(_, length)| length.parse().expect("a length is a number"));
        let body = &bytes[end + 4..];
        let body = &body[..if bodiless { 0 } else { length }];
        replies.push(RawReply {
            status: status.expect("a status").parse().expect("a status is a number"),
            headers,
            body: String::from_utf8_lossy(body).into_owned(),
        });
        bytes = &bytes[end + 4 + body.len()..];
    }
    replies
}

const PATIENCE: Duration = Duration::from_secs(20);
