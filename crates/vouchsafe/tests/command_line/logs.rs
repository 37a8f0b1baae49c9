//! What is logged, and how.

use std::io::{Read as _, Write as _};
use std::net::{TcpListener, TcpStream};

use serde_json::Value;
use vouchsafe::config::{LogFormat, LogOptions};

use super::folder::{Folder, Ran};

/// Every line of stderr is an object with time, level and words.
#[track_caller]
fn objects(ran: &Ran) -> Vec<Value> {
    let object = |line: &str| {
        let value: Value = serde_json::from_str(line).unwrap_or_else(|_| panic!("no JSON: {line}"));
        for key in ["timestamp", "level", "message"] {
            assert!(value[key].is_string(), "{key} is missing: {line}");
        }
        value
    };
    ran.err.lines().map(object).collect()
}

/// Sends something that is no HTTP and reads what comes back.
fn nonsense(address: &str, bytes: &[u8]) -> String {
    let mut stream = TcpStream::connect(address).unwrap();
    stream.write_all(bytes).unwrap();
    let mut answer = String::new();
    drop(stream.read_to_string(&mut answer));
    answer
}

const NONSENSE: &[&[u8]] = &[
    b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
    b"GET / HTTP/9.9\r\n\r\n",
    b"nonsense\r\n\r\n",
    b"GET /healthz HTTP/1.1\r\nhost: x\r\nbad header\r\n\r\n",
    b"POST /oauth/token HTTP/1.1\r\nhost: x\r\ncontent-length: -5\r\n\r\n",
    b"POST /oauth/token HTTP/1.1\r\nhost: x\r\ntransfer-encoding: chunked\r\n\r\nzzz\r\n",
];

#[tokio::test]
async fn json_logs_are_json_from_the_first_line_to_the_last() {
    let (folder, issuer) = Folder::new()
        .with("VOUCHSAFE__LOG__FORMAT", "json")
        .on_a_free_port();
    let mut server = folder.start(&["serve"]);
    server.answers(&format!("{issuer}/healthz")).await;
    let address = issuer.trim_start_matches("http://").to_owned();
    for bytes in NONSENSE {
        nonsense(&address, bytes);
    }
    let answer = reqwest::get(format!("{issuer}/nowhere")).await.unwrap();
    let id = answer.headers()["x-request-id"].to_str().unwrap().to_owned();
    let ran = server.stop();
    assert!(ran.status.success(), "{}", ran.err);
    let lines = objects(&ran);
    assert_eq!(lines.last().unwrap()["message"], "stopped");
    // What was answered is found in the log by the id that the caller was given.
    let of_it = |line: &&Value| line["span"]["request.id"] == id.as_str();
    let told = lines.iter().filter(of_it).any(|line| line["http.status"] == 404);
    assert!(told, "{id}: {}", ran.err);
}

/// Whoever can reach the port can send nonsense: that is no error of ours, and fills no alarm.
#[tokio::test]
async fn nonsense_of_strangers_is_no_error_of_ours() {
    for (level, told) in [("info", false), ("debug", true)] {
        let folder = Folder::new()
            .with("VOUCHSAFE__LOG__FORMAT", "json")
            .with("VOUCHSAFE__LOG__LEVEL", level);
        let (folder, issuer) = folder.on_a_free_port();
        let mut server = folder.start(&["serve"]);
        server.answers(&format!("{issuer}/healthz")).await;
        let address = issuer.trim_start_matches("http://").to_owned();
        for bytes in NONSENSE {
            nonsense(&address, bytes);
        }
        let ran = server.stop();
        let from_actix = |line: &&Value| {
            matches!(line["level"].as_str(), Some("ERROR" | "WARN"))
                && line["target"]
                    .as_str()
                    .is_some_and(|target| target.starts_with("actix"))
        };
        let lines = objects(&ran);
        assert_eq!(
            lines.iter().any(|line| from_actix(&line)),
            told,
            "{level}: {}",
            ran.err
        );
    }
}

/// The sentence in which a server says why it does not start is the last line, in the same format.
#[test]
fn the_last_words_of_a_server_are_json_as_well() {
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let folder = Folder::new()
        .with("VOUCHSAFE__LOG__FORMAT", "json")
        // Whatever is not logged, this is.
        .with("VOUCHSAFE__LOG__LEVEL", "off")
        .with("VOUCHSAFE__LISTEN", &taken.local_addr().unwrap().to_string());
    let ran = folder.run(&["serve"]);
    assert_eq!(ran.status.code(), Some(1));
    let lines = objects(&ran);
    assert_eq!(lines.len(), 1, "{}", ran.err);
    assert_eq!(lines[0]["level"], "ERROR");
    assert!(
        lines[0]["message"]
            .as_str()
            .unwrap()
            .starts_with("cannot listen on"),
        "{}",
        ran.err
    );
}

/// A panic is an event like any other. What it quotes at run time may be anything, and is not shown.
#[test]
fn a_panic_is_a_json_line_without_what_it_quotes() {
    let output = std::process::Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "logs::panics", "--ignored", "--nocapture"])
        .env_remove("RUST_BACKTRACE")
        .output()
        .unwrap();
    let err = String::from_utf8(output.stderr).unwrap();
    assert!(output.status.success(), "{err}");
    let lines: Vec<Value> = err
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    let words: Vec<&str> = lines
        .iter()
        .map(|line| line["panic.words"].as_str().unwrap())
        .collect();
    assert_eq!(
        words,
        ["the words of the source", "(made at run time, not shown)"]
    );
    for line in &lines {
        assert_eq!(line["level"], "ERROR");
        assert!(
            line["panic.place"].as_str().unwrap().contains("logs.rs:"),
            "{line}"
        );
    }
    assert!(!err.contains("hunter2"), "{err}");
}

/// In a process of its own: hook and subscriber belong to the whole process.
#[test]
#[ignore = "run by the test above, in a process of its own"]
fn panics() {
    vouchsafe::logging::begin(&LogOptions {
        format: LogFormat::Json,
        level: "info".to_owned(),
    });
    vouchsafe::logging::report_panics();
    let made = "hunter2".to_owned();
    assert!(
        std::thread::spawn(|| panic!("the words of the source"))
            .join()
            .is_err()
    );
    assert!(
        std::thread::spawn(move || panic!("the words and {made}"))
            .join()
            .is_err()
    );
}
