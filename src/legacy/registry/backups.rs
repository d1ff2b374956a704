//! Earlier contents of the file: `event_definitions.json.backup.<timestamp>.json`.

use std::ffi::OsStr;
use std::fs;
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use chrono::{DateTime, NaiveDateTime, TimeDelta, Utc};

use crate::durable::plain_file::file_if_present;
use crate::legacy::replace::new_file;

/// So many are kept.
const KEPT: usize = 5;
/// To the microsecond, in UTC.
const TIMESTAMP: &str = "%Y%m%d_%H%M%S_%6f";

/// The backups of a file that this program has made, the oldest first.
fn own(path: &Path) -> io::Result<Vec<(NaiveDateTime, PathBuf)>> {
    let mut own: Vec<_> = all(path)?
        .into_iter()
        .filter_map(|backup| {
            let timestamp =
                NaiveDateTime::parse_from_str(timestamp_of(path, backup.file_name()?)?, TIMESTAMP);
            Some((timestamp.ok()?, backup))
        })
        .collect();
    own.sort();
    Ok(own)
}

/// All backups of a file, those of other programs included, in no order.
fn all(path: &Path) -> io::Result<Vec<PathBuf>> {
    let folder = match path.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder,
        _ => Path::new("."),
    };
    let mut backups = Vec::new();
    for entry in fs::read_dir(folder)? {
        let name = entry?.file_name();
        backups.extend(timestamp_of(path, &name).map(|_| path.with_file_name(&name)));
    }
    Ok(backups)
}

fn timestamp_of<'n>(path: &Path, name: &'n OsStr) -> Option<&'n str> {
    let rest = name.as_encoded_bytes().strip_prefix(path.file_name()?.as_encoded_bytes())?;
    std::str::from_utf8(rest).ok()?.strip_prefix(".backup.")?.strip_suffix(".json")
}

/// Keeps what was in the file, durably but for the name, and as a whole or not at all. No earlier backup is written over, and the order
/// of names is that of changes, also where the clock was set back.
pub(super) fn keep(path: &Path, content: &[u8], now: DateTime<Utc>) -> io::Result<()> {
    let mut timestamp = now.naive_utc();
    if let Some((newest, _)) = own(path)?.last() {
        timestamp = timestamp.max(*newest + TimeDelta::microseconds(1));
    }
    let backup = path.with_added_extension(format!("backup.{}.json", timestamp.format(TIMESTAMP)));
    let new = new_file(path, |file| file.write_all(content))?;
    fs::rename(new, backup)
}

/// Removes all but the last 5 of those that this program has made.
pub(super) fn remove_oldest(path: &Path) -> io::Result<()> {
    let own = own(path)?;
    let too_many = own.len().saturating_sub(KEPT);
    own[..too_many].iter().try_for_each(|(_, backup)| fs::remove_file(backup))
}

/// The backup that was written last, of those that `is_good` accepts.
pub(super) fn newest_good(path: &Path, is_good: impl Fn(&[u8]) -> bool) -> Option<PathBuf> {
    let mut backups: Vec<_> = all(path)
        .ok()?
        .into_iter()
        .filter_map(|backup| Some((file_if_present(&backup).ok()??.modified().ok(), backup)))
        .collect();
    backups.sort();
    let good = |(_, backup): &(_, PathBuf)| fs::read(backup).is_ok_and(|content| is_good(&content));
    backups.into_iter().rev().find(good).map(|(_, backup)| backup)
}
