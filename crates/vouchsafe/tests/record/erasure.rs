//! `vouchsafe user erase`, and a server that is killed right behind its answer.

use std::time::Duration;

use serde_json::Value;
use vouchsafe_testkit::Server;

use crate::program::server;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn va_06__erasing_goes_on_after_a_kill() {
    let mut server = server().await;
    let path = server.program.path("password");
    server.program.write("password", "correct horse battery staple\n");
    let file = path.to_str().unwrap();
    let create = ["user", "create", "--username", "grace", "--password-file", file];
    assert!(server.program.run(&create).status.success());
    server.kill();
    // Until somebody lets go of the record, nothing of it can be forgotten.
    server.sql("CREATE TRIGGER held BEFORE UPDATE ON records BEGIN SELECT RAISE(ABORT, 'held'); END");
    server.restart().await;
    let ran = server.program.run(&["user", "erase", "grace", "--json"]);
    assert!(ran.status.success(), "{}", ran.text());
    let user: Value = serde_json::from_str(&ran.out()).unwrap();
    assert_eq!(
        (&user["status"], &user["erasure"]),
        (&"erased".into(), &"running".into())
    );
    let named = "SELECT details AS text FROM records WHERE details IS NOT NULL";
    assert!(!server.texts(named).is_empty());
    server.kill();
    server.sql("DROP TRIGGER held; UPDATE jobs SET run_at = 0");
    server.restart().await;
    let id = user["id"].as_str().unwrap();
    let user = finished(&server, id).await;
    assert_eq!(user.get("username"), None, "{user}");
    let verified = server.program.run(&["audit", "verify"]);
    assert!(verified.status.success(), "{}", verified.text());
    let ran = server.program.run(&["user", "erase", "ada"]);
    assert!(
        ran.text().contains("managed by the configuration file"),
        "{}",
        ran.text()
    );
}

async fn finished(server: &Server, id: &str) -> Value {
    for _ in 0..200 {
        let ran = server.program.run(&["user", "show", id, "--json"]);
        let user: Value = serde_json::from_str(&ran.out()).unwrap();
        if user["erasure"] == "finished" {
            return user;
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    panic!("erasing does not come to an end");
}
