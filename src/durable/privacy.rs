//! Who may read what was copied: no one who may not read what it was copied of.

use std::io;
use std::path::Path;

/// Keeps everyone out of a folder who may not read the file, of which it is to hold a copy, or not enter the folder of that.
///
/// # Errors
/// One of the two cannot be looked at, or the folder not be changed.
#[cfg(unix)]
pub fn keep_as_private(folder: &Path, file: &Path) -> io::Result<()> {
    use std::os::unix::fs::{MetadataExt, PermissionsExt};
    let file = file.canonicalize()?;
    let (readers, above) = (file.metadata()?, file.parent().unwrap_or(&file).metadata()?);
    let target = folder.metadata()?;
    let groups = [readers.gid(), above.gid()];
    let is_same_group = groups.iter().all(|group| *group == target.gid());
    let may_group = is_same_group && readers.mode() & 0o040 != 0 && above.mode() & 0o010 != 0;
    let may_others = readers.mode() & 0o004 != 0 && above.mode() & 0o001 != 0;
    let (group, others) = (if may_group { 0o070 } else { 0 }, if may_others { 0o007 } else { 0 });
    let mut permissions = target.permissions();
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
