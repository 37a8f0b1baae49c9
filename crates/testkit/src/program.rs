//! The program itself, in a folder of its own.

use std::fs;
use std::io::Write as _;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitStatus, Output, Stdio};

use tempfile::TempDir;

/// A built `vouchsafe`, and the folder that it is run in.
pub struct Program {
    executable: PathBuf,
    folder: TempDir,
}

/// Names, and what is in them, where they are there.
pub type Files = Vec<(String, Option<Vec<u8>>)>;

/// What a command came to.
pub struct Ran {
    /// How it ended.
    pub status: ExitStatus,
    output: Output,
}

impl From<Output> for Ran {
    fn from(output: Output) -> Self {
        Self {
            status: output.status,
            output,
        }
    }
}

impl Ran {
    /// What it was asked for.
    pub fn out(&self) -> String {
        String::from_utf8_lossy(&self.output.stdout).into_owned()
    }

    /// Everything it said.
    pub fn text(&self) -> String {
        let (out, err) = (&self.output.stdout, &self.output.stderr);
        format!("{}{}", String::from_utf8_lossy(out), String::from_utf8_lossy(err))
    }
}

impl Program {
    /// In an empty folder. Tests of the binary's own package know its path as `env!("CARGO_BIN_EXE_vouchsafe")`.
    pub fn new(executable: &str) -> Self {
        Self {
            executable: executable.into(),
            folder: tempfile::tempdir().expect("a temporary folder can be made"),
        }
    }

    /// A command, not run yet.
    pub fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(&self.executable);
        command
            .args(arguments)
            .current_dir(self.folder.path())
            .env_remove("VOUCHSAFE_CONFIG")
            .stdin(Stdio::null());
        command
    }

    /// Runs a command to its end.
    pub fn run(&self, arguments: &[&str]) -> Ran {
        let output = self.command(arguments).output().expect("the program starts");
        output.into()
    }

    /// The same, with something to read on its standard input.
    pub fn run_with_input(&self, arguments: &[&str], input: &str) -> Ran {
        let mut command = self.command(arguments);
        command
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        let mut child = command.spawn().expect("the program starts");
        // A program that reads nothing has gone before everything is written.
        drop(
            child
                .stdin
                .take()
                .map(|mut stdin| stdin.write_all(input.as_bytes())),
        );
        child.wait_with_output().expect("it ends").into()
    }

    /// The same, beside whatever else this process does.
    pub async fn run_beside(&self, arguments: &[&str]) -> Ran {
        let mut command = self.command(arguments);
        let output = tokio::task::spawn_blocking(move || command.output()).await;
        let output = output.expect("it does not panic");
        output.expect("the program starts").into()
    }

    /// What lies in its folder.
    pub fn names(&self) -> Vec<String> {
        let entries = fs::read_dir(self.folder.path()).expect("the folder is there");
        entries
            .map(|entry| {
                let name = entry.expect("an entry").file_name();
                name.to_string_lossy().into_owned()
            })
            .collect()
    }

    /// A file of its folder.
    pub fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// The text of a file.
    pub fn read(&self, name: &str) -> String {
        read(&self.path(name))
    }

    /// Writes a file that only its owner may read, as `vouchsafe init` does: a key file that others may read is refused.
    pub fn write(&self, name: &str, text: &str) {
        let path = self.path(name);
        fs::write(&path, text).expect("the file can be written");
        fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).expect("its mode can be set");
    }

    /// The database with what SQLite keeps beside it.
    pub fn database(&self) -> Files {
        let names = ["vouchsafe.db", "vouchsafe.db-wal", "vouchsafe.db-shm"];
        names
            .map(|name| (name.to_owned(), fs::read(self.path(name)).ok()))
            .into()
    }

    /// Puts an older database in the place of today's.
    pub fn restore(&self, database: Files) {
        for (name, content) in database {
            drop(fs::remove_file(self.path(&name)));
            if let Some(content) = content {
                fs::write(self.path(&name), content).expect("the file can be written");
            }
        }
    }

    /// Removes a file.
    pub fn remove(&self, name: &str) {
        fs::remove_file(self.path(name)).expect("the file is there");
    }

    /// Who may do what with a file.
    pub fn mode(&self, name: &str) -> u32 {
        let metadata = fs::metadata(self.path(name)).expect("the file is there");
        metadata.permissions().mode() & 0o777
    }
}

fn read(path: &Path) -> String {
    fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}
