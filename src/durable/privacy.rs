//! Who may read what was copied: no one who may not read what it was copied of.

use std::io;
use std::path::Path;

/// Keeps everyone out of a folder who may not read the file, of which it is to hold a copy.
///
/// # Errors
/// One of the two cannot be looked at, or the folder not be changed.
#[cfg(unix)]
pub fn keep_as_private(folder: &Path, file: &Path) -> io::Result<()> {
    use std::os::unix::fs::PermissionsExt;
    let readers = file.metadata()?.permissions().mode();
    let group = if readers & 0o040 == 0 { 0 } else { 0o070 };
    let others = if readers & 0o004 == 0 { 0 } else { 0o007 };
    let mut permissions = folder.metadata()?.permissions();
    let mode = permissions.mode() & 0o7777;
    let private = mode & (0o7700 | group | others);
    if private == mode {
        return Ok(());
    }
    permissions.set_mode(private);
    std::fs::set_permissions(folder, permissions)
}

/// Elsewhere a folder has the rights of the one that it is in.
///
/// # Errors
/// None.
#[cfg(not(unix))]
pub fn keep_as_private(_: &Path, _: &Path) -> io::Result<()> {
    Ok(())
}
