//! Where a server listens: over TLS, or plain.

/// `$server` on this listener. A macro, because the bounds of a function over every server name types of actix-web that it
/// does not show.
macro_rules! listening {
    ($server:expr, $listener:expr, $tls:expr) => {
        match $tls {
            Some(tls) => $server.listen_rustls_0_23($listener, tls),
            None => $server.listen($listener),
        }
    };
}

pub(crate) use listening;
