//! Folders in which oracles write files.

use std::path::Path;

use tempfile::TempDir;

/// A new folder. Files are made by the million: in memory, where the system has a place for that.
pub fn folder() -> TempDir {
    let memory = Path::new("/dev/shm");
    if memory.is_dir() { tempfile::tempdir_in(memory) } else { tempfile::tempdir() }
        .expect("a folder can be made")
}

pub fn write(path: &Path, bytes: &[u8]) {
    std::fs::write(path, bytes).expect("a file can be written");
}

pub fn read(path: &Path) -> Vec<u8> {
    std::fs::read(path).expect("a file can be read")
}
