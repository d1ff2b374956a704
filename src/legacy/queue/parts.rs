//! Earlier parts of the file, `queue.jsonl.part-<n>`: history, which is never deleted.

use std::fs;
use std::io::{self, ErrorKind, Write};
use std::path::{Path, PathBuf};

use crate::durable::directory::sync_folder;
use crate::durable::links::file_identity;
use crate::legacy::replace::new_file;

/// The parts of a file, the earliest first.
pub(super) fn of(path: &Path) -> io::Result<Vec<(u64, PathBuf)>> {
    let folder = match path.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder,
        _ => Path::new("."),
    };
    let mut prefix = path.file_name().unwrap_or_default().to_owned();
    prefix.push(".part-");
    let mut parts = Vec::new();
    for entry in fs::read_dir(folder)? {
        let name = entry?.file_name();
        let number = name.as_encoded_bytes().strip_prefix(prefix.as_encoded_bytes());
        let number = number.and_then(|number| std::str::from_utf8(number).ok()?.parse().ok());
        parts.extend(number.map(|number| (number, path.with_file_name(&name))));
    }
    parts.sort();
    Ok(parts)
}

/// The part of that number.
pub(super) fn path(path: &Path, number: u64) -> PathBuf {
    path.with_added_extension(format!("part-{number}"))
}

/// Makes a part of the whole file, in whose place a new one comes with the lines that are made for the number of the part. At each
/// moment, there is one file of that name, which is whole. The name of the new one may not be on disk yet.
pub(super) fn begin_anew(file: &Path, lines: impl FnOnce(u64) -> Vec<u8>) -> io::Result<()> {
    let last = of(file)?.pop();
    // A process that ended after the link has left the file with two names.
    let (number, is_linked) = match last {
        Some((number, part)) if is_same_file(file, &part)? => (number, true),
        last => (last.map_or(1, |(number, _)| number + 1), false),
    };
    let new = new_file(file, |new| new.write_all(&lines(number)))?;
    if !is_linked {
        fs::hard_link(file, path(file, number))?;
    }
    sync_folder(file.parent().unwrap_or(Path::new("")))?;
    fs::rename(&new, file)
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
