//! A witness (C2SP `tlog-witness`) that is strict: it cosigns only what continues what it saw, and remembers that in a file.

use std::fs;
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::sync::{Arc, Mutex};

use actix_web::{App, HttpResponse, HttpServer, web};
use aws_lc_rs::signature::{Ed25519KeyPair, KeyPair as _};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use sha2::{Digest as _, Sha256};
use signed_note::{Note, StandardVerifier, VerifierList};
use tlog_tiles::tlog;

/// A witness of one log, over HTTP.
pub struct Witness {
    /// Its submission prefix.
    pub url: String,
    seat: Arc<Seat>,
}

struct Seat {
    log_key: String,
    pair: Ed25519KeyPair,
    memory: PathBuf,
    is_away: AtomicBool,
    refused: AtomicU32,
    /// One request at a time: what it remembers must not go back.
    turn: Mutex<()>,
}

/// What it answers instead of a cosignature.
enum Refusal {
    Unparsable,
    UnknownLog,
    /// With the size that it saw.
    OtherSize(u64),
    NoProof,
}

const NAME: &str = "witness.example/strict";
/// A cosignature with a time.
const KIND: u8 = 4;

impl Witness {
    /// Begins to witness the log of this key. What it saw is kept in `memory`.
    pub fn start(log_key: &str, memory: &Path) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
        let url = format!("http://{}/w", listener.local_addr().expect("bound"));
        let seat = Arc::new(Seat {
            log_key: log_key.trim().to_owned(),
            pair: Ed25519KeyPair::from_seed_unchecked(&[42; 32]).expect("a seed"),
            memory: memory.to_owned(),
            is_away: AtomicBool::new(false),
            refused: AtomicU32::new(0),
            turn: Mutex::new(()),
        });
        let data = web::Data::from(seat.clone());
        let server = HttpServer::new(move || {
            App::new()
                .app_data(data.clone())
                .route("/w/add-checkpoint", web::post().to(add_checkpoint))
        });
        let server = server.workers(1).disable_signals();
        let server = server.listen(listener).expect("it listens").run();
        std::thread::spawn(move || actix_web::rt::System::new().block_on(server));
        Self { url, seat }
    }

    /// Host and port.
    pub fn host(&self) -> &str {
        self.url.trim_start_matches("http://").trim_end_matches("/w")
    }

    /// Its key, as it is published.
    pub fn key(&self) -> String {
        let mut typed = vec![KIND];
        typed.extend_from_slice(self.seat.pair.public_key().as_ref());
        let id = u32::from_be_bytes(self.seat.id());
        format!("{NAME}+{id:08x}+{}", STANDARD.encode(typed))
    }

    /// The size of the last checkpoint that it cosigned.
    pub fn saw(&self) -> u64 {
        self.seat.saw().0
    }

    /// How often it was shown what does not continue what it saw.
    pub fn refused(&self) -> u32 {
        self.seat.refused.load(Ordering::Acquire)
    }

    /// Answers 503 until it is back.
    pub fn goes_away(&self, away: bool) {
        self.seat.is_away.store(away, Ordering::Release);
    }
}

async fn add_checkpoint(seat: web::Data<Seat>, body: String) -> HttpResponse {
    if seat.is_away.load(Ordering::Acquire) {
        return HttpResponse::ServiceUnavailable().finish();
    }
    match seat.cosign(&body) {
        Ok(line) => HttpResponse::Ok().body(line),
        Err(Refusal::Unparsable) => HttpResponse::BadRequest().finish(),
        Err(Refusal::UnknownLog) => HttpResponse::NotFound().finish(),
        Err(Refusal::OtherSize(size)) => HttpResponse::Conflict()
            .insert_header(("content-type", "text/x.tlog.size"))
            .body(format!("{size}\n")),
        Err(Refusal::NoProof) => {
            seat.refused.fetch_add(1, Ordering::AcqRel);
            HttpResponse::UnprocessableEntity().finish()
        }
    }
}

impl Seat {
    fn cosign(&self, body: &str) -> Result<String, Refusal> {
        let _turn = self.turn.lock().expect("nobody panics here");
        let (head, note) = body.split_once("\n\n").ok_or(Refusal::Unparsable)?;
        let mut lines = head.lines();
        let old = lines.next().and_then(|line| line.strip_prefix("old "));
        let old: u64 = old.and_then(|old| old.parse().ok()).ok_or(Refusal::Unparsable)?;
        let proof: Option<Vec<_>> = lines.map(|line| tlog::Hash::parse_hash(line).ok()).collect();
        let proof = proof.ok_or(Refusal::Unparsable)?;
        let note = Note::from_bytes(note.as_bytes()).map_err(|_| Refusal::Unparsable)?;
        let verifier = StandardVerifier::new(&self.log_key).expect("the key of the log");
        let opened = note.verify(&VerifierList::new(vec![Box::new(verifier)]));
        opened.map_err(|_| Refusal::UnknownLog)?;
        let checkpoint = tlog_tiles::Checkpoint::from_bytes(note.text()).map_err(|_| Refusal::Unparsable)?;
        let (size, root) = (checkpoint.size(), *checkpoint.hash());
        let (saw, known) = self.saw();
        if old > size {
            return Err(Refusal::Unparsable);
        }
        if old != saw {
            return Err(Refusal::OtherSize(saw));
        }
        let continues = match known {
            None => proof.is_empty(),
            Some(known) if saw == size => proof.is_empty() && known == root,
            Some(known) => tlog::check_tree(&proof, size, root, saw, known).is_ok(),
        };
        if !continues {
            return Err(Refusal::NoProof);
        }
        fs::write(&self.memory, format!("{size} {}", STANDARD.encode(root.0))).expect("it remembers");
        Ok(self.line(note.text()))
    }

    fn line(&self, text: &[u8]) -> String {
        let time = 1_763_000_000_u64;
        let message = [format!("cosignature/v1\ntime {time}\n").as_bytes(), text].concat();
        let signature = self.pair.sign(&message);
        let made = [&self.id()[..], &time.to_be_bytes(), signature.as_ref()].concat();
        format!("\u{2014} {NAME} {}\n", STANDARD.encode(made))
    }

    fn id(&self) -> [u8; 4] {
        let digest = Sha256::new()
            .chain_update(NAME)
            .chain_update([b'\n', KIND])
            .chain_update(self.pair.public_key());
        let digest: [u8; 32] = digest.finalize().into();
        [digest[0], digest[1], digest[2], digest[3]]
    }

    fn saw(&self) -> (u64, Option<tlog::Hash>) {
        let Ok(text) = fs::read_to_string(&self.memory) else {
            return (0, None);
        };
        let (size, root) = text.split_once(' ').expect("it wrote this");
        let root = STANDARD.decode(root).expect("it wrote this");
        let root = tlog::Hash(root.try_into().expect("it wrote this"));
        (size.parse().expect("it wrote this"), Some(root))
    }
}
