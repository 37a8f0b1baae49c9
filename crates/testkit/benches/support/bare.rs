//! What is compared with: actix-web with the same form, and nothing behind it.

use std::net::TcpListener;

use actix_web::{App, HttpResponse, HttpServer, web};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use vouchsafe_oauth_types::Form;
use vouchsafe_vault::verify_ed25519;

use super::child::Ready;

/// Runs until the program ends. With a key it verifies the subject token, and nothing more.
pub(crate) fn serve(key: Option<[u8; 32]>) -> Ready {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let address = listener.local_addr().expect("a bound port").to_string();
    let key = web::Data::new(key);
    let server = HttpServer::new(move || {
        App::new()
            .app_data(key.clone())
            .route("/oauth/token", web::post().to(token))
    });
    let server = server
        .disable_signals()
        .listen(listener)
        .expect("a listener")
        .run();
    tokio::spawn(server);
    Ready {
        address,
        subject_token: String::new(),
        unpresented: Vec::new(),
        key: [0; 32],
    }
}

async fn token(key: web::Data<Option<[u8; 32]>>, body: web::Bytes) -> HttpResponse {
    let form = Form::parse(&body).expect("a form");
    let subject_token = form.single("subject_token").expect("once").expect("there");
    if let Some(key) = key.as_ref() {
        let (message, signature) = subject_token.rsplit_once('.').expect("a JWS");
        let signature = URL_SAFE_NO_PAD.decode(signature).expect("base64url");
        assert!(verify_ed25519(key, message.as_bytes(), &signature));
    }
    HttpResponse::Ok()
        .content_type("application/json")
        .body("{\"access_token\":\"x\",\"token_type\":\"Bearer\",\"expires_in\":300}")
}
