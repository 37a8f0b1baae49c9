//! A PostgreSQL for tests, made of installed programs and thrown away when the test process ends.
//!
//! One cluster per process, one database per test. The server is the child of a small shell that waits on a pipe: when
//! this process ends, however it ends, the pipe closes, and the shell stops the server and removes its files.

use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Mutex, OnceLock, PoisonError};
use std::thread;
use std::time::Duration;

use diesel::connection::SimpleConnection;
use diesel::{Connection, PgConnection};
use vouchsafe_model::Secret;

/// A running cluster.
pub struct ThrowawayPostgres {
    programs: PathBuf,
    directory: PathBuf,
    databases: AtomicU32,
    locales: Mutex<()>,
    _watchdog: Child,
    _lock: File,
}

impl ThrowawayPostgres {
    /// The cluster of this process, started by the first caller; `None`, said loudly, when no PostgreSQL is installed.
    #[expect(clippy::print_stderr, reason = "a skipped test must be seen")]
    pub fn shared() -> Option<&'static Self> {
        static SHARED: OnceLock<Option<ThrowawayPostgres>> = OnceLock::new();
        SHARED
            .get_or_init(|| {
                let Some(programs) = programs() else {
                    assert!(!required(), "{REQUIRED} is set, but no PostgreSQL is installed");
                    eprintln!("*** NO POSTGRESQL IS INSTALLED: all tests on PostgreSQL are SKIPPED ***");
                    return None;
                };
                Some(Self::start(&programs).expect("the installed PostgreSQL starts"))
            })
            .as_ref()
    }

    /// The address of a fresh, empty database.
    pub fn database(&self) -> Secret<String> {
        let name = format!("test_{}", self.databases.fetch_add(1, Ordering::Relaxed));
        let mut conn = PgConnection::establish(&self.url("postgres")).expect("the throw-away server answers");
        conn.batch_execute(&format!("CREATE DATABASE {name}"))
            .expect("a fresh database can be made");
        Secret::new(self.url(&name))
    }

    /// Where a program of the same version is, such as `pg_dump`.
    pub fn program(&self, name: &str) -> PathBuf {
        self.programs.join(name)
    }

    /// Makes a locale for the server, such as `de_DE`, and names it; `None`, said loudly, where this machine has not what
    /// it takes.
    #[expect(clippy::print_stderr, reason = "a skipped test must be seen")]
    pub fn locale(&self, name: &str) -> Option<String> {
        let full = format!("{name}.UTF-8");
        let directory = self.directory.join(LOCALES);
        // Made once: the server maps the files, and must not see them change.
        let _one_at_a_time = self.locales.lock().unwrap_or_else(PoisonError::into_inner);
        if directory.join(&full).is_dir() {
            return Some(full);
        }
        let mut localedef = Command::new("localedef");
        localedef
            .args(["-i", name, "-f", "UTF-8"])
            .arg(directory.join(&full));
        let made = fs::create_dir_all(&directory).and_then(|()| localedef.output());
        if made.is_ok() && directory.join(&full).is_dir() {
            return Some(full);
        }
        eprintln!("*** THERE IS NO LOCALE {name}: what needs it is SKIPPED ***");
        None
    }

    fn start(programs: &Path) -> io::Result<Self> {
        let base = base_directory();
        sweep(&base);
        let (directory, lock) = own_directory(&base)?;
        let user = other_user(&directory)?;
        if let Some((uid, gid)) = user {
            std::os::unix::fs::chown(&directory, Some(uid), Some(gid))?;
        }
        let as_user = |command: &mut Command| {
            use std::os::unix::process::CommandExt;
            if let Some((uid, gid)) = user {
                command.uid(uid).gid(gid);
            }
            // A group of its own: an interrupt at the terminal must not kill the watchdog before its work.
            command
                .current_dir(&directory)
                .env("LC_ALL", "C")
                .process_group(0);
        };
        let mut initdb = Command::new(programs.join("initdb"));
        as_user(initdb.args([
            "-D",
            "data",
            "-U",
            "vouchsafe",
            "-A",
            "trust",
            "-E",
            "UTF8",
            "--no-sync",
        ]));
        let made = initdb.output()?;
        if !made.status.success() {
            return Err(io::Error::other(
                String::from_utf8_lossy(&made.stderr).into_owned(),
            ));
        }
        let mut watchdog = Command::new("/bin/sh");
        as_user(
            watchdog
                .args(["-c", WATCHDOG, "sh"])
                .arg(programs.join("postgres"))
                .arg(&directory),
        );
        let watchdog = watchdog
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()?;
        let cluster = Self {
            programs: programs.to_owned(),
            directory,
            databases: AtomicU32::new(0),
            locales: Mutex::new(()),
            _watchdog: watchdog,
            _lock: lock,
        };
        cluster.await_answer()?;
        Ok(cluster)
    }

    fn await_answer(&self) -> io::Result<()> {
        for _ in 0..600 {
            if PgConnection::establish(&self.url("postgres")).is_ok() {
                return Ok(());
            }
            thread::sleep(Duration::from_millis(50));
        }
        let log = fs::read_to_string(self.directory.join("log")).unwrap_or_default();
        Err(io::Error::other(log))
    }

    fn url(&self, database: &str) -> String {
        format!(
            "postgres://vouchsafe@/{database}?host={}",
            self.directory.display()
        )
    }
}

/// Runs the server until standard input ends.
const WATCHDOG: &str = r#"
LOCPATH="$2/locales" "$1" -D data -k "$2" -c listen_addresses= -c fsync=off -c full_page_writes=off -c max_connections=400 \
    -c shared_buffers=32MB -c lc_messages=C >log 2>&1 </dev/null &
server=$!
cat >/dev/null
kill -QUIT "$server"
wait "$server"
cd / && rm -rf -- "$2"
"#;

const PREFIX: &str = "vouchsafe-pg-";
const LOCK: &str = "lock";
/// Where the server looks for locales besides its own `C`.
const LOCALES: &str = "locales";

/// Where sockets have short enough names.
fn base_directory() -> PathBuf {
    let base = std::env::temp_dir();
    if base.as_os_str().len() > 60 {
        PathBuf::from("/tmp")
    } else {
        base
    }
}

/// A directory that is locked for as long as this process lives.
fn own_directory(base: &Path) -> io::Result<(PathBuf, File)> {
    for attempt in 0..100 {
        let directory = base.join(format!("{PREFIX}{}-{attempt}", std::process::id()));
        match fs::create_dir(&directory) {
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => continue,
            made => made?,
        }
        // Locked before it gets its name, so that no other process sees it unlocked and sweeps.
        let unnamed = directory.join("lock.new");
        let lock = File::create(&unnamed)?;
        lock.lock()?;
        fs::rename(unnamed, directory.join(LOCK))?;
        return Ok((directory, lock));
    }
    Err(io::ErrorKind::AlreadyExists.into())
}

/// Removes what a watchdog could not: directories whose process no longer holds their lock.
fn sweep(base: &Path) {
    for entry in fs::read_dir(base).into_iter().flatten().flatten() {
        let path = entry.path();
        if !entry.file_name().to_string_lossy().starts_with(PREFIX) {
            continue;
        }
        let abandoned = File::open(path.join(LOCK)).is_ok_and(|lock| lock.try_lock().is_ok());
        // A server that still runs goes away by itself once its files are gone.
        if abandoned {
            let _ = fs::remove_dir_all(&path);
        }
    }
}

/// Set where a run without PostgreSQL would not count, as in CI.
const REQUIRED: &str = "VOUCHSAFE_TEST_REQUIRE_POSTGRES";

#[expect(clippy::disallowed_methods, reason = "a setting of test runs")]
fn required() -> bool {
    std::env::var_os(REQUIRED).is_some()
}

/// The directory of `initdb` and `postgres`.
fn programs() -> Option<PathBuf> {
    let versions = fs::read_dir("/usr/lib/postgresql")
        .into_iter()
        .flatten()
        .flatten();
    let mut installed: Vec<PathBuf> = versions.map(|version| version.path().join("bin")).collect();
    installed.sort();
    let found = Command::new("/bin/sh").args(["-c", "command -v initdb"]).output();
    let on_path = found.ok().and_then(|found| {
        let real = fs::canonicalize(String::from_utf8(found.stdout).ok()?.trim()).ok()?;
        real.parent().map(Path::to_path_buf)
    });
    installed
        .into_iter()
        .rev()
        .chain(on_path)
        .find(|programs| programs.join("initdb").is_file() && programs.join("postgres").is_file())
}

/// PostgreSQL refuses to run as root: then it runs as the user `postgres` or `nobody`.
fn other_user(directory: &Path) -> io::Result<Option<(u32, u32)>> {
    use std::os::unix::fs::MetadataExt;
    if fs::metadata(directory)?.uid() != 0 {
        return Ok(None);
    }
    let users = fs::read_to_string("/etc/passwd")?;
    let ids = |name: &str| {
        let line = users.lines().find(|line| line.split(':').next() == Some(name))?;
        let mut fields = line.split(':').skip(2).map(|field| field.parse().ok());
        Some((fields.next()??, fields.next()??))
    };
    let user = ids("postgres").or_else(|| ids("nobody"));
    user.map(Some)
        .ok_or_else(|| io::Error::other("root, and no user `postgres` or `nobody`"))
}
