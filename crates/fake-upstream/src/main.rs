//! The fake provider as a program.

use std::io::{self, ErrorKind, Write as _};
use std::process::ExitCode;

use actix_web::rt::{System, signal};
use clap::{Parser, ValueEnum};
use vouchsafe_fake_upstream::{
    ClientRegistration, ConsentMode, DEFAULT_CLIENT_ID, DEFAULT_CLIENT_SECRET, FakeUpstream, Options,
};

/// A pretended OAuth provider with personalities, on 127.0.0.1. Not for anything real.
#[derive(Debug, Parser)]
#[command(name = "fake-upstream", version)]
struct Arguments {
    /// The port; 0 lets the system choose.
    #[arg(long, default_value_t = 0)]
    port: u16,
    /// The one client's id.
    #[arg(long, default_value = DEFAULT_CLIENT_ID)]
    client_id: String,
    /// The one client's secret.
    #[arg(long, default_value = DEFAULT_CLIENT_SECRET)]
    client_secret: String,
    /// Seconds that access tokens live, at every personality where they expire.
    #[arg(long)]
    access_ttl: Option<u64>,
    /// Whether consent is asked for on a page or given at once.
    #[arg(long, value_enum, default_value_t = Consent::Ask)]
    consent: Consent,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum Consent {
    Ask,
    Auto,
}

fn main() -> ExitCode {
    match run() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            let _ = writeln!(io::stderr(), "fake-upstream: {error}");
            ExitCode::FAILURE
        }
    }
}

fn run() -> io::Result<()> {
    let arguments = Arguments::parse();
    let options = Options {
        port: arguments.port,
        clients: vec![ClientRegistration::new(
            arguments.client_id,
            arguments.client_secret,
        )],
        access_ttl: arguments.access_ttl,
        consent: match arguments.consent {
            Consent::Ask => ConsentMode::Ask,
            Consent::Auto => ConsentMode::Auto,
        },
    };
    let port = options.port;
    let upstream = FakeUpstream::start(options).map_err(|error| match error.kind() {
        ErrorKind::AddrInUse => io::Error::new(
            error.kind(),
            format!("port {port} is in use: stop what listens there, or name another --port"),
        ),
        _ => error,
    })?;
    introduce(upstream.base_url());
    System::new().block_on(signal::ctrl_c())?;
    upstream.stop();
    Ok(())
}

#[expect(clippy::print_stdout, reason = "this is the program's output")]
fn introduce(base_url: &str) {
    println!("{base_url}");
    for (name, models, paths) in vouchsafe_fake_upstream::personalities() {
        println!("\n{name}: {models}");
        for path in paths {
            println!("  {path}");
        }
    }
    println!("\ncontrols (JSON)");
    for control in vouchsafe_fake_upstream::controls() {
        println!("  {control}");
    }
}
