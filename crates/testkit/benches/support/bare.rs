//! What is compared with: actix-web with the same form, and nothing behind it.

use std::net::TcpListener;

use actix_web::{App, HttpResponse, HttpServer, web};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use vouchsafe_oauth_types::Form;
use vouchsafe_vault::{VerificationKey, verify_ed25519};

/// Where the two listen.
pub(crate) struct Bare {
    pub(crate) idle: String,
    pub(crate) verifying: String,
}

/// Both run until the program ends.
pub(crate) fn serve(keys: Vec<VerificationKey>) -> Bare {
    Bare {
        idle: begin(Vec::new()),
        verifying: begin(keys),
    }
}

fn begin(keys: Vec<VerificationKey>) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let base = format!("http://{}", listener.local_addr().expect("a bound port"));
    let keys = web::Data::new(keys);
    let server = HttpServer::new(move || {
        App::new()
            .app_data(keys.clone())
            .route("/oauth/token", web::post().to(token))
    });
    let server = server
        .disable_signals()
        .listen(listener)
        .expect("a listener")
        .run();
    tokio::spawn(server);
    base
}

async fn token(keys: web::Data<Vec<VerificationKey>>, body: web::Bytes) -> HttpResponse {
    let form = Form::parse(&body).expect("a form");
    let subject_token = form.single("subject_token").expect("once").expect("there");
    if let Some(key) = keys.first() {
        let (message, signature) = subject_token.rsplit_once('.').expect("a JWS");
        let signature = URL_SAFE_NO_PAD.decode(signature).expect("base64url");
        assert!(verify_ed25519(&key.public, message.as_bytes(), &signature));
    }
    HttpResponse::Ok()
        .content_type("application/json")
        .body("{\"access_token\":\"x\",\"token_type\":\"Bearer\",\"expires_in\":300}")
}
