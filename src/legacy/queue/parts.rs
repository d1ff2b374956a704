//! Earlier parts of the file, `queue.jsonl.part-<n>`: history, which is never deleted.

use std::fs::{self, File};
use std::io::{self, ErrorKind, Write};
use std::path::{Path, PathBuf};

use crate::durable::directory::sync_folder;
use crate::durable::links::file_identity;

/// The parts of a file, the earliest first.
pub(super) fn of(path: &Path) -> io::Result<Vec<(u64, PathBuf)>> {
    let folder = match path.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder,
        _ => Path::new("."),
    };
    let prefix = format!("{}.part-", path.file_name().unwrap_or_default().to_string_lossy());
    let mut parts = Vec::new();
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        let name = entry.file_name();
        let number = name.to_str().and_then(|name| name.strip_prefix(&prefix)?.parse().ok());
        parts.extend(number.map(|number| (number, path.with_file_name(&name))));
    }
    parts.sort();
    Ok(parts)
}

/// Makes a part of the whole file, in whose place a new one comes with these lines. At each moment, there is one file of
/// that name, which is whole. The name of the new one may not be on disk yet.
pub(super) fn begin_anew(path: &Path, lines: &[u8]) -> io::Result<()> {
    let new = path.with_added_extension("new");
    let mut file = File::create(&new)?;
    file.write_all(lines)?;
    file.sync_all()?;
    let last = of(path)?.pop();
    // A process that ended after the link has left the file with two names.
    let is_linked = match &last {
        Some((_, part)) => is_same_file(path, part)?,
        None => false,
    };
    if !is_linked {
        let number = last.map_or(1, |(number, _)| number + 1);
        fs::hard_link(path, path.with_added_extension(format!("part-{number}")))?;
    }
    sync_folder(path.parent().unwrap_or(Path::new("")))?;
    fs::rename(&new, path)
}

/// Whether both paths lead to one file.
pub(super) fn is_same_file(one: &Path, other: &Path) -> io::Result<bool> {
    let identity = |path: &Path| match fs::metadata(path) {
        Ok(metadata) => Ok(file_identity(&metadata)),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error),
    };
    let one = identity(one)?;
    Ok(one.is_some() && one == identity(other)?)
}
