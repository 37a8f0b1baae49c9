//! A file, one entry a line. Somebody else rotates it: when another file, or none, is at the path, that one is written.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Read as _, Seek as _, SeekFrom, Write as _};
use std::os::unix::fs::{MetadataExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};

use serde_json::Value;
use vouchsafe_audit::export::Outgoing;

use super::failure::Failure;
use super::sink::Sent;
use crate::files;

pub(super) struct FileSink {
    path: PathBuf,
    open: Option<File>,
}

impl FileSink {
    pub(super) const fn new(path: PathBuf) -> Self {
        Self { path, open: None }
    }

    /// Appends what is not in the file yet, and waits until it is on the disk.
    pub(super) async fn append(&mut self, batch: Vec<Outgoing>) -> Sent {
        let (path, open) = (self.path.clone(), self.open.take());
        let entries = batch.len();
        let appended = tokio::task::spawn_blocking(move || append(&path, open, &batch)).await;
        let appended = appended.unwrap_or_else(|_| Err(Failure::File(io::ErrorKind::Other.into())));
        match appended {
            Ok(open) => {
                self.open = Some(open);
                Sent {
                    entries,
                    failure: None,
                }
            }
            // Opened anew next time: what is in the file then says how much of this batch got there.
            Err(failure) => Sent {
                entries: 0,
                failure: Some(failure),
            },
        }
    }
}

fn append(path: &Path, open: Option<File>, batch: &[Outgoing]) -> Result<File, Failure> {
    let (mut file, from) = if let Some(open) = open.filter(|open| is_at(open, path)) {
        (open, 0)
    } else {
        let (mut file, is_new) = open_at(path).map_err(Failure::File)?;
        if is_new {
            files::sync_folder_of(path).map_err(Failure::File)?;
        }
        let last = cut_to_whole_lines(&mut file)?;
        let known = last.and_then(|id| batch.iter().position(|entry| entry.id == id));
        (file, known.map_or(0, |place| place + 1))
    };
    let mut lines = String::new();
    for entry in &batch[from..] {
        lines.push_str(&entry.json);
        lines.push('\n');
    }
    let written = file.write_all(lines.as_bytes()).and_then(|()| file.sync_data());
    written.map_err(Failure::File)?;
    Ok(file)
}

/// Whether this file is still the one at the path.
fn is_at(open: &File, path: &Path) -> bool {
    let place = |metadata: fs::Metadata| (metadata.dev(), metadata.ino());
    match (open.metadata(), fs::metadata(path)) {
        (Ok(open), Ok(there)) => place(open) == place(there),
        _ => false,
    }
}

/// For its owner, and its group to read: programs that ship logs run as somebody else.
fn open_at(path: &Path) -> io::Result<(File, bool)> {
    let mut options = OpenOptions::new();
    options.read(true).append(true).mode(0o640);
    match options.clone().create_new(true).open(path) {
        Ok(file) => Ok((file, true)),
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Ok((options.open(path)?, false)),
        Err(error) => Err(error),
    }
}

/// Cuts off a line that a crash left half written; the id of the last whole one. Files of others are left alone.
fn cut_to_whole_lines(file: &mut File) -> Result<Option<String>, Failure> {
    let length = file.metadata().map_err(Failure::File)?.len();
    let start = length.saturating_sub(TAIL);
    let mut tail = Vec::new();
    let read = file
        .seek(SeekFrom::Start(start))
        .and_then(|_| file.read_to_end(&mut tail));
    read.map_err(Failure::File)?;
    let whole = tail
        .iter()
        .rposition(|byte| *byte == b'\n')
        .map_or(0, |end| end + 1);
    let (whole, rest) = tail.split_at(whole);
    if whole.is_empty() && start > 0 || !rest.is_empty() && rest[0] != b'{' {
        return Err(Failure::ForeignFile);
    }
    let last = whole.split(|byte| *byte == b'\n').rfind(|line| !line.is_empty());
    let id = match last {
        Some(line) => Some(id_of(line).ok_or(Failure::ForeignFile)?),
        None => None,
    };
    if !rest.is_empty() {
        let cut = file.set_len(start + whole.len() as u64);
        cut.map_err(Failure::File)?;
    }
    Ok(id)
}

/// The id of an entry, in either format.
fn id_of(line: &[u8]) -> Option<String> {
    let entry: Value = serde_json::from_slice(line).ok()?;
    let id = entry.get("id").or_else(|| entry.pointer("/metadata/uid"))?;
    Some(id.as_str()?.to_owned())
}

/// Longer than any line.
const TAIL: u64 = 4 << 20;

#[cfg(test)]
mod tests;
