//! As little of an HTTP/1.1 client as a measurement can do with: one connection, one request after the other.

use base64::Engine as _;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use url::form_urlencoded;

pub(crate) struct Line {
    stream: TcpStream,
    buffer: Vec<u8>,
}

impl Line {
    pub(crate) async fn open(address: &str) -> Self {
        let stream = TcpStream::connect(address).await.expect("the server listens");
        stream.set_nodelay(true).expect("a socket option");
        Self {
            stream,
            buffer: Vec::with_capacity(8 * 1024),
        }
    }

    /// Sends the request and reads the whole answer, which must be 200.
    pub(crate) async fn ask(&mut self, request: &[u8]) {
        self.stream
            .write_all(request)
            .await
            .expect("the request is taken");
        self.buffer.clear();
        loop {
            let read = self.stream.read_buf(&mut self.buffer).await.expect("an answer");
            assert!(read > 0, "the server closed the connection");
            if let Some(length) = whole(&self.buffer) {
                assert_eq!(length, self.buffer.len(), "one answer, no more");
                break;
            }
        }
        let head = String::from_utf8_lossy(&self.buffer);
        assert!(head.starts_with("HTTP/1.1 200 "), "{head}");
    }
}

/// The length of the answer, once all of it is there.
fn whole(buffer: &[u8]) -> Option<usize> {
    let head_end = buffer.windows(4).position(|window| window == b"\r\n\r\n")? + 4;
    let head = std::str::from_utf8(&buffer[..head_end]).ok()?;
    let length = head.lines().find_map(|line| {
        let (name, value) = line.split_once(':')?;
        name.eq_ignore_ascii_case("content-length")
            .then(|| value.trim().parse::<usize>().ok())?
    })?;
    (buffer.len() >= head_end + length).then_some(head_end + length)
}

/// A token exchange, as bytes.
pub(crate) fn exchange(client_id: &str, secret: &str, subject_token: &str, audience: &str) -> Vec<u8> {
    let body = form_urlencoded::Serializer::new(String::new())
        .append_pair("grant_type", "urn:ietf:params:oauth:grant-type:token-exchange")
        .append_pair("subject_token", subject_token)
        .append_pair(
            "subject_token_type",
            "urn:ietf:params:oauth:token-type:access_token",
        )
        .append_pair("audience", audience)
        .finish();
    let basic = base64::engine::general_purpose::STANDARD.encode(format!("{client_id}:{secret}"));
    let head = format!(
        "POST /oauth/token HTTP/1.1\r\nhost: localhost\r\nauthorization: Basic {basic}\r\n\
         content-type: application/x-www-form-urlencoded\r\ncontent-length: {}\r\n\r\n",
        body.len()
    );
    (head + &body).into_bytes()
}
