//! As little of an HTTP/1.1 client as a measurement can do with: one connection, one request after the other.

use std::{fmt, io};

use base64::Engine as _;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use url::form_urlencoded;

/// One connection, which stays open.
pub struct Line {
    stream: TcpStream,
    buffer: Vec<u8>,
}

/// A whole answer, as it came.
#[derive(Clone, Copy)]
pub struct Received<'a>(&'a [u8]);

impl Line {
    /// To `host:port`.
    pub async fn open(address: &str) -> io::Result<Self> {
        let stream = TcpStream::connect(address).await?;
        stream.set_nodelay(true)?;
        Ok(Self {
            stream,
            buffer: Vec::with_capacity(8 * 1024),
        })
    }

    /// Sends the request and reads the whole answer. After an error, and after an answer that ends the connection, the
    /// line is of no more use.
    pub async fn ask(&mut self, request: &[u8]) -> io::Result<Received<'_>> {
        self.stream.write_all(request).await?;
        self.buffer.clear();
        loop {
            if self.stream.read_buf(&mut self.buffer).await? == 0 {
                return Err(io::ErrorKind::UnexpectedEof.into());
            }
            if let Some(length) = whole(&self.buffer) {
                assert_eq!(length, self.buffer.len(), "one answer, no more");
                return Ok(Received(&self.buffer));
            }
        }
    }
}

impl<'a> Received<'a> {
    /// An answer that somebody else has read.
    #[cfg(test)]
    pub(crate) const fn whole(answer: &'a [u8]) -> Self {
        Self(answer)
    }

    /// The status; 0 if there is none.
    pub fn status(self) -> u16 {
        let status = self
            .head()
            .get("HTTP/1.1 ".len()..)
            .and_then(|rest| rest.get(..3));
        status.and_then(|status| status.parse().ok()).unwrap_or(0)
    }

    /// A header.
    pub fn header(self, name: &str) -> Option<&'a str> {
        self.head().lines().find_map(|line| {
            let (found, value) = line.split_once(':')?;
            found.eq_ignore_ascii_case(name).then(|| value.trim())
        })
    }

    fn head(self) -> &'a str {
        let end = head_end(self.0).unwrap_or(0);
        std::str::from_utf8(&self.0[..end]).unwrap_or_default()
    }
}

/// Without the body, which may be a token.
impl fmt::Debug for Received<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.head().fmt(f)
    }
}

/// The length of the answer, once all of it is there.
fn whole(buffer: &[u8]) -> Option<usize> {
    let head_end = head_end(buffer)?;
    let length = Received(buffer).header("content-length")?;
    let length: usize = length.parse().ok()?;
    (buffer.len() >= head_end + length).then_some(head_end + length)
}

fn head_end(buffer: &[u8]) -> Option<usize> {
    Some(buffer.windows(4).position(|window| window == b"\r\n\r\n")? + 4)
}

/// A token exchange, as bytes, with further parameters.
pub fn exchange_request(
    client: (&str, &str),
    subject_token: &str,
    audience: &str,
    more: &[(&str, &str)],
) -> Vec<u8> {
    let (client_id, secret) = client;
    let body = form_urlencoded::Serializer::new(String::new())
        .append_pair("grant_type", "urn:ietf:params:oauth:grant-type:token-exchange")
        .append_pair("subject_token", subject_token)
        .append_pair(
            "subject_token_type",
            "urn:ietf:params:oauth:token-type:access_token",
        )
        .append_pair("audience", audience)
        .extend_pairs(more)
        .finish();
    let basic = base64::engine::general_purpose::STANDARD.encode(format!("{client_id}:{secret}"));
    let head = format!(
        "POST /oauth/token HTTP/1.1\r\nhost: localhost\r\nauthorization: Basic {basic}\r\n\
         content-type: application/x-www-form-urlencoded\r\ncontent-length: {}\r\n\r\n",
        body.len()
    );
    (head + &body).into_bytes()
}
