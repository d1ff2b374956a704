//! Folders whose names are on disk when a function returns.

use std::fs::{self, File};
use std::io;
use std::path::Path;

/// Makes a folder and those above it, durably.
pub(super) fn create_folders(folder: &Path) -> io::Result<()> {
    let missing: Vec<&Path> =
        folder.ancestors().take_while(|path| !path.as_os_str().is_empty() && !path.exists()).collect();
    fs::create_dir_all(folder)?;
    missing.into_iter().try_for_each(|made| sync_folder(made.parent().unwrap_or(Path::new(""))))
}

/// Makes the names in a folder durable; the empty path is the working directory.
pub(super) fn sync_folder(folder: &Path) -> io::Result<()> {
    let folder = if folder.as_os_str().is_empty() { Path::new(".") } else { folder };
    File::open(folder)?.sync_all()
}
