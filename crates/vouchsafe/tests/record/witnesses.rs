//! Checkpoints cosigned by a witness of its own, over HTTP.

use std::time::Duration;

use vouchsafe::demo::Journey;
use vouchsafe_testkit::{Server, Witness};

use super::program::{server, server_on_postgresql};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn c2sp_tlog_witness__checkpoints_are_cosigned_and_published() {
    is_witnessed(server().await).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn c2sp_tlog_witness__checkpoints_are_cosigned_on_postgresql_too() {
    if let Some(server) = server_on_postgresql().await {
        is_witnessed(server).await;
    }
}

async fn is_witnessed(mut server: Server) {
    let witness = witnessed_by(&mut server).await;
    cosigned(&witness, server.checkpointed().await).await;
    // The server forgets what the witness saw, and is told.
    server.stop().await;
    server.restart().await;
    sign_in(&server).await;
    let size = server.checkpointed().await;
    cosigned(&witness, size).await;
    let note = published(&server).await;
    assert_eq!(note.matches('\u{2014}').count(), 2, "{note}");

    // A proof that says who else saw it, and a record that is checked against what they saw.
    let key = witness.key();
    let proof = server.program.run(&["audit", "prove", "1", "--witness", &key]);
    assert!(proof.status.success(), "{}", proof.text());
    assert!(proof.text().ends_with(&note), "{}", proof.text());
    let verified = server.program.run(&["audit", "verify", "--witness", &key]);
    assert!(verified.status.success(), "{}", verified.text());
    let doctor = server.program.run(&["doctor", "--online"]);
    assert!(doctor.text().contains("witness"), "{}", doctor.text());

    // The key of nobody.
    let other = key.replace("strict", "other");
    let refused = server.program.run(&["audit", "prove", "1", "--witness", &other]);
    assert_eq!(refused.status.code(), Some(2), "{}", refused.text());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn c2sp_tlog_witness__one_that_is_away_delays_nothing_and_is_asked_again() {
    let mut server = server().await;
    let witness = witnessed_by(&mut server).await;
    cosigned(&witness, server.checkpointed().await).await;
    witness.goes_away(true);
    let before = witness.saw();
    sign_in(&server).await;
    let size = server.checkpointed().await;
    assert!(size > i64::try_from(before).unwrap());
    assert_eq!(witness.saw(), before);
    witness.goes_away(false);
    cosigned(&witness, size).await;
    let verified = server.program.run(&["audit", "verify"]);
    assert!(verified.status.success(), "{}", verified.text());
}

/// Somebody who has the keys and every file can sign another record. Only the witness remembers.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn c2sp_tlog_witness__a_record_that_was_rewritten_is_not_cosigned() {
    let mut server = server().await;
    let witness = witnessed_by(&mut server).await;
    server.stop().await;
    let older = server.program.database();
    server.restart().await;
    sign_in(&server).await;
    let size = server.checkpointed().await;
    cosigned(&witness, size).await;
    server.stop().await;
    server.program.restore(older);
    let adopted = server.program.run(&["audit", "adopt", "--yes"]);
    assert!(adopted.status.success(), "{}", adopted.text());
    server.restart().await;
    while server.checkpointed().await <= size + 3 {
        sign_in(&server).await;
    }
    // It asks at once when it starts.
    server.stop().await;
    server.restart().await;
    let refused = async {
        while witness.refused() == 0 {
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    };
    assert!(
        tokio::time::timeout(Duration::from_secs(60), refused)
            .await
            .is_ok()
    );
    assert_eq!(i64::try_from(witness.saw()).unwrap(), size);
    let url = format!("{}/audit/checkpoint/witnessed", server.issuer());
    assert_eq!(reqwest::get(url).await.unwrap().status(), 404);
}

/// The server has a witness from now on.
async fn witnessed_by(server: &mut Server) -> Witness {
    let key = server.program.run(&["audit", "key"]);
    let witness = Witness::start(&key.text(), &server.program.path("witness"));
    let config = server.program.read("vouchsafe.toml");
    let internal = format!("internal_hosts = [\"{}\", ", witness.host());
    let config = config.replace("internal_hosts = [", &internal)
        + &format!(
            "[audit]\nwitness_interval = \"1s\"\n[[witness]]\nurl = \"{}\"\nkey = \"{}\"\n",
            witness.url,
            witness.key()
        );
    server.program.write("vouchsafe.toml", &config);
    server.stop().await;
    server.restart().await;
    witness
}

async fn sign_in(server: &Server) {
    let mut journey = Journey::begin(server.parties()).await.unwrap();
    let login = journey.arrive().await.unwrap();
    journey.sign_in(&login).await.unwrap();
}

/// Waits until the witness saw so many records, and until what it cosigned is published.
async fn cosigned(witness: &Witness, size: i64) {
    let saw = async {
        while i64::try_from(witness.saw()).unwrap() < size {
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    };
    let saw = tokio::time::timeout(Duration::from_secs(60), saw).await;
    assert!(saw.is_ok(), "{} of {size}", witness.saw());
}

async fn published(server: &Server) -> String {
    let url = format!("{}/audit/checkpoint/witnessed", server.issuer());
    let answer = reqwest::get(url).await.unwrap();
    assert_eq!(answer.status(), 200);
    answer.text().await.unwrap()
}
