//! What is in the file after crashes, rotations and mistakes.

use super::*;

fn entries(from: i64, to: i64) -> Vec<Outgoing> {
    let entry = |seq| Outgoing {
        seq,
        id: format!("rec_{seq}"),
        time: 0,
        event: "session.started".to_owned(),
        json: format!(r#"{{"seq":{seq},"id":"rec_{seq}"}}"#),
    };
    (from..=to).map(entry).collect()
}

fn seqs(path: &Path) -> Vec<i64> {
    let text = fs::read_to_string(path).unwrap();
    let seq = |line| {
        serde_json::from_str::<Value>(line).unwrap()["seq"]
            .as_i64()
            .unwrap()
    };
    text.lines().map(seq).collect()
}

async fn append_to(sink: &mut FileSink, from: i64, to: i64) -> usize {
    let sent = sink.append(entries(from, to)).await;
    assert_eq!(sent.failure.map(|failure| failure.to_string()), None);
    sent.entries
}

fn at(folder: &tempfile::TempDir) -> PathBuf {
    folder.path().join("record.jsonl")
}

#[tokio::test]
async fn a_crash_between_file_and_cursor_doubles_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let path = at(&folder);
    append_to(&mut FileSink::new(path.clone()), 1, 5).await;
    // The cursor did not move, and more has come since.
    append_to(&mut FileSink::new(path.clone()), 1, 8).await;
    // All of it is there already.
    append_to(&mut FileSink::new(path.clone()), 4, 8).await;
    assert_eq!(seqs(&path), [1, 2, 3, 4, 5, 6, 7, 8]);
}

#[tokio::test]
async fn half_a_line_is_cut_off_and_written_whole() {
    let folder = tempfile::tempdir().unwrap();
    let path = at(&folder);
    for half in ["{", r#"{"seq":3,"id":"re"#] {
        fs::write(
            &path,
            format!("{{\"seq\":1,\"id\":\"rec_1\"}}\n{{\"seq\":2,\"id\":\"rec_2\"}}\n{half}"),
        )
        .unwrap();
        append_to(&mut FileSink::new(path.clone()), 2, 4).await;
        assert_eq!(seqs(&path), [1, 2, 3, 4]);
    }
    fs::write(&path, r#"{"seq":1,"#).unwrap();
    append_to(&mut FileSink::new(path.clone()), 1, 1).await;
    assert_eq!(seqs(&path), [1]);
}

#[tokio::test]
async fn a_rotated_file_is_left_and_a_new_one_begun() {
    let folder = tempfile::tempdir().unwrap();
    let (path, rotated) = (at(&folder), folder.path().join("record.jsonl.1"));
    let mut sink = FileSink::new(path.clone());
    append_to(&mut sink, 1, 2).await;
    fs::rename(&path, &rotated).unwrap();
    append_to(&mut sink, 3, 4).await;
    assert_eq!((seqs(&rotated), seqs(&path)), (vec![1, 2], vec![3, 4]));
    // `copytruncate` keeps the file and empties it.
    fs::write(&path, "").unwrap();
    append_to(&mut sink, 5, 5).await;
    assert_eq!(seqs(&path), [5]);
    assert_eq!(files::mode(&path), Some(0o640));
}

#[tokio::test]
async fn a_file_of_somebody_else_stays_as_it_is() {
    let folder = tempfile::tempdir().unwrap();
    let path = at(&folder);
    for content in [
        "root:x:0:0",
        "root:x:0:0\n",
        "{\"a\":1}\n",
        "{\"id\":\"rec_1\"}\nroot",
    ] {
        fs::write(&path, content).unwrap();
        let sent = FileSink::new(path.clone()).append(entries(1, 2)).await;
        assert!(matches!(sent.failure, Some(Failure::ForeignFile)), "{content}");
        assert_eq!(
            (sent.entries, fs::read_to_string(&path).unwrap().as_str()),
            (0, content)
        );
    }
}

#[tokio::test]
async fn a_folder_that_is_not_there_is_a_failure_that_passes() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("later").join("record.jsonl");
    let mut sink = FileSink::new(path.clone());
    let sent = sink.append(entries(1, 2)).await;
    assert!(matches!(sent.failure, Some(Failure::File(_))));
    fs::create_dir(folder.path().join("later")).unwrap();
    append_to(&mut sink, 1, 2).await;
    assert_eq!(seqs(&path), [1, 2]);
}
