//! Syslog (RFC 5424). The protocol has no answers, so on a stream an entry counts as arrived when the connection has held
//! for a while after it: if it breaks before, everything since is sent again. A datagram counts at once.

use std::collections::VecDeque;
use std::io;
use std::time::Duration;

use tokio::net::{UdpSocket, UnixDatagram};
use vouchsafe_audit::export::Outgoing;
use vouchsafe_audit::export::syslog::{framed, message};
use vouchsafe_model::UnixMillis;

use super::SyslogAddress;
use super::failure::Failure;
use super::sink::Sent;
use super::stream::Stream;

pub(super) struct SyslogSink {
    address: SyslogAddress,
    hostname: String,
    open: Option<Open>,
    /// What was written to the stream: from which seq on, and when.
    on_their_way: VecDeque<(i64, UnixMillis)>,
}

enum Open {
    Udp(UdpSocket),
    Unix(UnixDatagram),
    Stream(Stream),
}

impl SyslogSink {
    pub(super) const fn new(address: SyslogAddress, hostname: String) -> Self {
        Self {
            address,
            hostname,
            open: None,
            on_their_way: VecDeque::new(),
        }
    }

    pub(super) async fn send(&mut self, batch: &[Outgoing], now: UnixMillis) -> Sent {
        let (entries, failure) = match self.try_send(batch).await {
            Ok(()) => (batch.len(), None),
            Err((entries, failure)) => (entries, Some(failure)),
        };
        if failure.is_some() {
            self.open = None;
            self.on_their_way.clear();
        } else if let (Some(first), Some(Open::Stream(_))) = (batch.first(), &self.open) {
            self.on_their_way.push_back((first.seq, now));
        }
        Sent { entries, failure }
    }

    /// On failure: how many have arrived all the same.
    async fn try_send(&mut self, batch: &[Outgoing]) -> Result<(), (usize, Failure)> {
        let open = if let Some(open) = self.open.take() {
            self.open.insert(open)
        } else {
            let open = self.connect().await.map_err(|failure| (0, failure))?;
            self.open.insert(open)
        };
        if let Open::Stream(stream) = open {
            let frames: String = batch
                .iter()
                .map(|entry| framed(&message(entry, &self.hostname)))
                .collect();
            return stream
                .write(frames.as_bytes())
                .await
                .map_err(|failure| (0, failure));
        }
        for (entries, entry) in batch.iter().enumerate() {
            let message = message(entry, &self.hostname);
            let sent = match datagram(open, &message).await {
                // Larger than any datagram: the receiver learns that there is such an entry.
                Err(error) if error.kind() == io::ErrorKind::InvalidInput || too_large(&error) => {
                    datagram(open, &shortened(entry, &self.hostname)).await
                }
                sent => sent,
            };
            sent.map_err(|error| (entries, Failure::Broken(error)))?;
        }
        Ok(())
    }

    async fn connect(&self) -> Result<Open, Failure> {
        Ok(match &self.address {
            SyslogAddress::Udp(address) => {
                let target = tokio::net::lookup_host(address)
                    .await
                    .map_err(Failure::Connect)?
                    .next();
                let target = target.ok_or_else(|| Failure::Connect(io::ErrorKind::NotFound.into()))?;
                let any = if target.is_ipv4() { "0.0.0.0:0" } else { "[::]:0" };
                let socket = UdpSocket::bind(any).await.map_err(Failure::Connect)?;
                socket.connect(target).await.map_err(Failure::Connect)?;
                Open::Udp(socket)
            }
            SyslogAddress::Unix(path) => {
                let socket = UnixDatagram::unbound().map_err(Failure::Connect)?;
                socket.connect(path).map_err(Failure::Connect)?;
                Open::Unix(socket)
            }
            SyslogAddress::Tcp(address) => Open::Stream(Stream::tcp(address).await?),
            SyslogAddress::Tls(host, port, config) => {
                Open::Stream(Stream::tls(host, *port, config.clone()).await?)
            }
        })
    }

    /// See [`super::sink::Sink::arrived`].
    pub(super) fn arrived(&mut self, next: i64, now: UnixMillis) -> Result<i64, Failure> {
        if let Some(Open::Stream(stream)) = &self.open
            && stream.is_over()
        {
            let lost = !self.on_their_way.is_empty();
            self.open = None;
            self.on_their_way.clear();
            // A receiver may close a connection that has nothing on its way.
            return if lost { Err(Failure::Closed) } else { Ok(next) };
        }
        while let Some((_, written)) = self.on_their_way.front()
            && *written + SETTLED <= now
        {
            self.on_their_way.pop_front();
        }
        Ok(self.on_their_way.front().map_or(next, |(first, _)| *first))
    }

    /// See [`super::sink::Sink::close`].
    pub(super) async fn close(&mut self, next: i64, now: UnixMillis) -> Option<i64> {
        let arrived = self.arrived(next, now).ok()?;
        match self.open.take() {
            Some(Open::Stream(mut stream)) => Some(if stream.finish().await { next } else { arrived }),
            _ => Some(next),
        }
    }
}

async fn datagram(open: &Open, message: &str) -> io::Result<()> {
    let sending = async {
        match open {
            Open::Udp(socket) => socket.send(message.as_bytes()).await,
            Open::Unix(socket) => socket.send(message.as_bytes()).await,
            Open::Stream(_) => unreachable!("a stream is written as a whole"),
        }
    };
    // A full socket of this machine makes us wait.
    let sent = tokio::time::timeout(DATAGRAM, sending).await;
    sent.map_err(|_| io::Error::from(io::ErrorKind::TimedOut))??;
    Ok(())
}

/// EMSGSIZE, which the standard library has no word for.
fn too_large(error: &io::Error) -> bool {
    error.raw_os_error() == Some(rustix::io::Errno::MSGSIZE.raw_os_error())
}

fn shortened(entry: &Outgoing, hostname: &str) -> String {
    let json =
        serde_json::json!({ "seq": entry.seq, "id": entry.id, "event": entry.event, "truncated": true });
    let short = Outgoing {
        json: json.to_string(),
        ..entry.clone()
    };
    message(&short, hostname)
}

/// How long a connection must hold until what was written to it counts as arrived.
pub(super) const SETTLED: Duration = Duration::from_secs(15);
const DATAGRAM: Duration = Duration::from_secs(5);
