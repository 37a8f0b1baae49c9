//! Logs go to stderr: for people, or one JSON object a line.

use std::backtrace::{Backtrace, BacktraceStatus};
use std::io::IsTerminal as _;
use std::panic::{self, PanicHookInfo};

use tracing_subscriber::EnvFilter;
use vouchsafe_model::Clock as _;

use crate::cli::{Output, utc};
use crate::clock::SystemClock;
use crate::config::{LogFormat, LogOptions};

/// Begins logging. A second call in the same process changes nothing.
pub fn begin(options: &LogOptions) {
    let filter = EnvFilter::try_new(directives(&options.level)).unwrap_or_else(|_| EnvFilter::new("info"));
    let logs = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(std::io::stderr);
    // An error means that somebody logs already: theirs stays.
    drop(match options.format {
        LogFormat::Human => logs.with_ansi(std::io::stderr().is_terminal()).try_init(),
        LogFormat::Json => logs.json().flatten_event(true).try_init(),
    });
}

/// From here on a panic is an event of the log like any other, with the span it happened in.
pub fn report_panics() {
    let before = panic::take_hook();
    panic::set_hook(Box::new(move |panicked| {
        if tracing::dispatcher::has_been_set() {
            report(panicked);
        } else {
            before(panicked);
        }
    }));
}

/// The last line of a program that ends because it must: in the format of the log, whatever its level.
pub fn last_words(format: LogFormat, sentence: &str) {
    let mut output = Output::to_stderr();
    match format {
        LogFormat::Human => output.line(format_args!("vouchsafe: {sentence}")),
        LogFormat::Json => output.line(serde_json::json!({
            "timestamp": utc(SystemClock.now().0),
            "level": "ERROR",
            "message": sentence,
            "target": "vouchsafe",
        })),
    }
}

fn report(panicked: &PanicHookInfo<'_>) {
    // Words that stand in the source are safe to show; what was made at run time may quote anything.
    let words = panicked.payload().downcast_ref::<&'static str>();
    let place = panicked.location().map(ToString::to_string);
    let backtrace = Backtrace::capture();
    let backtrace = (backtrace.status() == BacktraceStatus::Captured).then(|| backtrace.to_string());
    tracing::error!(
        panic.place = place,
        panic.backtrace = backtrace,
        panic.words = words.copied().unwrap_or("(made at run time, not shown)"),
        "a defect of this program: a thread panicked"
    );
}

/// What strangers can cause by sending nonsense is no error of ours: actix reports a request that it cannot parse as one.
/// Whoever asks for details, or names actix, gets everything.
fn directives(level: &str) -> String {
    let detailed = level
        .split(',')
        .any(|part| matches!(part.trim().to_ascii_lowercase().as_str(), "debug" | "trace"));
    if detailed || level.contains("actix_http") {
        return level.to_owned();
    }
    format!("{level},{NONSENSE_OF_STRANGERS}")
}

const NONSENSE_OF_STRANGERS: &str = "actix_http::h1::dispatcher=off";

#[cfg(test)]
mod tests {
    use super::directives;

    #[test]
    fn only_who_asks_for_details_reads_of_nonsense() {
        assert_eq!(directives("info"), "info,actix_http::h1::dispatcher=off");
        for level in ["debug", "warn,trace", "info,actix_http=error"] {
            assert_eq!(directives(level), level);
        }
    }
}
