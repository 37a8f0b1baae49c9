//! Everything that was logged in this process, at trace level.

use std::io;
use std::sync::{Mutex, MutexGuard, Once, PoisonError};

use tracing_subscriber::fmt::MakeWriter;
use tracing_subscriber::fmt::format::FmtSpan;

static LOGS: Mutex<Vec<u8>> = Mutex::new(Vec::new());

/// Begins to keep what is logged. Spans are logged as well, with all their fields.
pub(crate) fn capture() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        let subscriber = tracing_subscriber::fmt()
            .with_max_level(tracing_subscriber::filter::LevelFilter::TRACE)
            .with_span_events(FmtSpan::FULL)
            .with_ansi(false)
            .with_writer(Keep)
            .finish();
        let _ = tracing_subscriber::util::SubscriberInitExt::try_init(subscriber);
    });
}

/// How much was logged so far.
pub(crate) fn mark() -> usize {
    lock().len()
}

/// What was logged since a mark, by any test.
pub(crate) fn since(mark: usize) -> Vec<u8> {
    lock()[mark..].to_vec()
}

fn lock() -> MutexGuard<'static, Vec<u8>> {
    LOGS.lock().unwrap_or_else(PoisonError::into_inner)
}

struct Keep;

impl io::Write for Keep {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        lock().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl<'a> MakeWriter<'a> for Keep {
    type Writer = Self;

    fn make_writer(&'a self) -> Self {
        Self
    }
}
