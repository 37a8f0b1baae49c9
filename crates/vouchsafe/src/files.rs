//! Files of ours: made new or replaced as a whole, never half written.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

/// Who may read a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Readers {
    /// Its owner alone (0600).
    Owner,
    /// Everyone (0644).
    Everyone,
}

/// Makes a file that must not exist yet, and waits until it is on the disk.
pub fn create(path: &Path, content: &[u8], readers: Readers) -> io::Result<()> {
    let mut file = options(readers).create_new(true).open(path)?;
    file.write_all(content)?;
    file.sync_all()?;
    sync_folder_of(path)
}

/// Puts a file in the place of an older one: whoever reads finds the old content or the new, also after a crash.
pub fn replace(path: &Path, content: &[u8], readers: Readers) -> io::Result<()> {
    let temporary = beside(path, ".new");
    let mut file = options(readers).create(true).truncate(true).open(&temporary)?;
    file.write_all(content)?;
    file.sync_all()?;
    fs::rename(&temporary, path)?;
    sync_folder_of(path)
}

/// Who may do what with a file: the nine permission bits. `None` where there is no file, or no such bits.
pub fn mode(path: &Path) -> Option<u32> {
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        let metadata = fs::metadata(path).ok()?;
        Some(metadata.permissions().mode() & 0o777)
    }
    #[cfg(not(unix))]
    {
        let _ = path;
        None
    }
}

/// The path with `suffix` behind its name.
pub fn beside(path: &Path, suffix: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(suffix);
    PathBuf::from(name)
}

fn options(readers: Readers) -> OpenOptions {
    let mut options = OpenOptions::new();
    options.write(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(
        &mut options,
        match readers {
            Readers::Owner => 0o600,
            Readers::Everyone => 0o644,
        },
    );
    #[cfg(not(unix))]
    let _ = readers;
    options
}

/// A new name is durable only when its folder is.
fn sync_folder_of(path: &Path) -> io::Result<()> {
    let folder = path
        .parent()
        .filter(|parent| !parent.as_os_str().is_empty())
        .unwrap_or(Path::new("."));
    File::open(folder)?.sync_all()
}
