//! A connection to a syslog receiver that says when the other side is gone.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use rustls::ClientConfig;
use rustls::pki_types::ServerName;
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _, WriteHalf};
use tokio::net::TcpStream;
use tokio::sync::watch;
use tokio::task::JoinHandle;
use tokio_rustls::TlsConnector;

use super::failure::Failure;

/// Both directions of a connection, encrypted or not.
trait Both: AsyncRead + AsyncWrite + Send + Sync + Unpin {}
impl<T: AsyncRead + AsyncWrite + Send + Sync + Unpin> Both for T {}

/// Syslog has no answers: all that can be learned from the other side is that it has gone.
pub(super) struct Stream {
    writer: WriteHalf<Box<dyn Both>>,
    end: watch::Receiver<End>,
    reader: JoinHandle<()>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum End {
    NotYet,
    /// The other side has read everything up to our own end, or wants no more.
    Closed,
    Broken,
}

impl Stream {
    pub(super) async fn tcp(address: &str) -> Result<Self, Failure> {
        let stream = connected(address).await?;
        Ok(Self::over(Box::new(stream)))
    }

    pub(super) async fn tls(host: &str, port: u16, config: Arc<ClientConfig>) -> Result<Self, Failure> {
        let stream = connected(&host_and_port(host, port)).await?;
        let name = ServerName::try_from(host.to_owned());
        let name = name.map_err(|_| Failure::Connect(io::ErrorKind::InvalidInput.into()))?;
        let shaken = TlsConnector::from(config).connect(name, stream);
        let stream = tokio::time::timeout(CONNECT, shaken)
            .await
            .map_err(|_| Failure::Deadline)?;
        Ok(Self::over(Box::new(stream.map_err(Failure::Connect)?)))
    }

    fn over(stream: Box<dyn Both>) -> Self {
        let (mut reader, writer) = tokio::io::split(stream);
        let (tell, end) = watch::channel(End::NotYet);
        let reader = tokio::spawn(async move {
            let mut ignored = [0; 512];
            let last = loop {
                match reader.read(&mut ignored).await {
                    Ok(0) => break End::Closed,
                    Ok(_) => {}
                    Err(_) => break End::Broken,
                }
            };
            tell.send_replace(last);
        });
        Self { writer, end, reader }
    }

    pub(super) async fn write(&mut self, bytes: &[u8]) -> Result<(), Failure> {
        let writing = async {
            self.writer.write_all(bytes).await?;
            self.writer.flush().await
        };
        let written = tokio::time::timeout(WRITE, writing).await;
        written.map_err(|_| Failure::Deadline)?.map_err(Failure::Broken)
    }

    /// Whether the other side has gone.
    pub(super) fn is_over(&self) -> bool {
        *self.end.borrow() != End::NotYet
    }

    /// Says that no more comes. `true` when the other side then closed as well: it has read everything.
    pub(super) async fn finish(&mut self) -> bool {
        if self.is_over() || self.writer.shutdown().await.is_err() {
            return false;
        }
        let mut end = self.end.clone();
        let over = end.wait_for(|end| *end != End::NotYet);
        match tokio::time::timeout(GOODBYE, over).await {
            Ok(Ok(end)) => *end == End::Closed,
            _ => false,
        }
    }
}

impl Drop for Stream {
    fn drop(&mut self) {
        self.reader.abort();
    }
}

/// `host:port`, with brackets where a host has colons itself.
fn host_and_port(host: &str, port: u16) -> String {
    if host.contains(':') {
        format!("[{host}]:{port}")
    } else {
        format!("{host}:{port}")
    }
}

async fn connected(address: &str) -> Result<TcpStream, Failure> {
    let stream = tokio::time::timeout(CONNECT, TcpStream::connect(address)).await;
    let stream = stream.map_err(|_| Failure::Deadline)?.map_err(Failure::Connect)?;
    // A receiver whose machine is gone acknowledges nothing: without this the kernel would find out after 15 minutes.
    #[cfg(target_os = "linux")]
    rustix::net::sockopt::set_tcp_user_timeout(&stream, UNACKNOWLEDGED_MS)
        .map_err(|error| Failure::Connect(error.into()))?;
    Ok(stream)
}

const CONNECT: Duration = Duration::from_secs(5);
const WRITE: Duration = Duration::from_secs(10);
const GOODBYE: Duration = Duration::from_secs(2);
/// Shorter than [`super::syslog::SETTLED`], so that what counts as arrived was at least acknowledged.
#[cfg(target_os = "linux")]
const UNACKNOWLEDGED_MS: u32 = 10_000;
