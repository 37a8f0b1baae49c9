//! A receiver of webhooks that answers what it is told to.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex};

use actix_web::http::StatusCode;
use actix_web::{App, HttpRequest, HttpResponse, HttpServer, web};

/// A POST that arrived.
#[derive(Debug, Clone)]
pub(crate) struct Post {
    pub(crate) id: String,
    pub(crate) timestamp: i64,
    pub(crate) signature: String,
    pub(crate) content_type: String,
    pub(crate) body: String,
    /// What it was answered.
    pub(crate) status: u16,
}

#[derive(Clone, Default)]
struct Seen {
    posts: Arc<Mutex<Vec<Post>>>,
    answers: Arc<Mutex<VecDeque<u16>>>,
}

pub(crate) struct Receiver {
    pub(crate) host: String,
    seen: Seen,
}

impl Receiver {
    /// Answers these first, and then 204.
    pub(crate) fn start(answers: &[u16]) -> Self {
        let seen = Seen::default();
        seen.answers.lock().unwrap().extend(answers);
        let shared = web::Data::new(seen.clone());
        let server = HttpServer::new(move || {
            App::new()
                .app_data(shared.clone())
                .default_service(web::post().to(take))
        });
        let server = server.workers(1).bind("127.0.0.1:0").unwrap();
        let host = server.addrs()[0].to_string();
        tokio::spawn(server.run());
        Self { host, seen }
    }

    pub(crate) fn posts(&self) -> Vec<Post> {
        self.seen.posts.lock().unwrap().clone()
    }
}

async fn take(request: HttpRequest, body: String, seen: web::Data<Seen>) -> HttpResponse {
    let status = seen.answers.lock().unwrap().pop_front().unwrap_or(204);
    let header = |name: &str| {
        let value = request.headers().get(name);
        value
            .and_then(|value| value.to_str().ok())
            .unwrap_or_default()
            .to_owned()
    };
    seen.posts.lock().unwrap().push(Post {
        id: header("webhook-id"),
        timestamp: header("webhook-timestamp").parse().unwrap_or_default(),
        signature: header("webhook-signature"),
        content_type: header("content-type"),
        body,
        status,
    });
    HttpResponse::build(StatusCode::from_u16(status).unwrap()).finish()
}
