//! A backup that is read.

use std::collections::BTreeSet;
use std::ffi::OsString;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use chrono::{DateTime, NaiveDateTime, TimeDelta, Utc};
use data_encoding::HEXLOWER;
use sha2::{Digest, Sha256};
use thiserror::Error;

use super::file_hash::hash_file;
use crate::application::backup::{Check, Findings, MANIFEST, Manifest, SUMS, Tell};
use crate::domain::path_text::text_of;
use crate::durable::plain_file::small_file;

/// The database of the events of a SQLite store in its backup.
pub const EVENTS_FILE: &str = "events.db";
/// The folder of the day files of a JSONL store.
pub const EVENTS_FOLDER: &str = "events";
/// The database of handlers.
pub const HANDLERS_FILE: &str = "handlers.db";

/// How a backup is named by its moment.
pub(super) const NAME: &str = "%Y-%m-%dT%H%M%S%.6fZ";

/// No manifest has more bytes: one of a JSONL store has a line or two for each of its days.
const LONGEST_MANIFEST: u64 = 256 << 20;

/// What a path leads to.
#[derive(Debug)]
pub enum FoundBackup {
    /// The folder of a backup: the path itself, or the latest in a folder of backups.
    Backup(PathBuf),
    /// No backup.
    None,
}

/// A backup, and what it says of itself.
#[derive(Debug, Clone)]
pub struct BackupFolder {
    /// Its folder.
    pub path: PathBuf,
    /// What it says.
    pub manifest: Manifest,
    /// The SHA-256 of that.
    pub manifest_sha256: String,
}

/// So far ahead the clock of a backup may be.
const CLOCKS_APART: TimeDelta = TimeDelta::minutes(5);

/// Why no backup was found, where one may be.
#[derive(Debug, Error)]
pub enum FindError {
    /// A folder cannot be listed.
    #[error("could not look for a backup in {}", path.display())]
    Io {
        /// The folder.
        path: PathBuf,
        /// What the system says.
        #[source]
        source: io::Error,
    },
    /// The latest one is of the future.
    #[error(
        "{} is the latest backup in its folder, and of a time that has not come yet: a clock was wrong when it was made, or is now; \
         name the backup that is meant{}", path.display(), before.as_ref().map_or_else(String::new, |before| format!(", such as {}, the latest before now", before.display()))
    )]
    Ahead {
        /// The backup.
        path: PathBuf,
        /// The latest one before now.
        before: Option<PathBuf>,
    },
}

/// Whether a folder is a backup, be it one whose manifest is damaged, or one of its two files of sums is missing.
pub fn is_backup(path: &Path) -> bool {
    // Other programs have manifests and sums, too.
    let has_sums = path.join(SUMS).is_file();
    let manifest = || small_file(&path.join(MANIFEST), LONGEST_MANIFEST).ok().flatten();
    let has_data = || [EVENTS_FILE, EVENTS_FOLDER].iter().any(|name| path.join(name).exists());
    has_sums && has_data() || manifest().is_some_and(|text| Manifest::from_text(&text).is_ok())
}

/// Looks for a backup at `path`. Of a folder of backups the latest is taken, by its name, whether it is sound or not.
///
/// # Errors
/// The folder cannot be listed, or its latest backup is of a time after `now`.
pub fn find_backup(path: &Path, now: DateTime<Utc>) -> Result<FoundBackup, FindError> {
    let failed = |source| FindError::Io { path: path.to_owned(), source };
    if is_backup(path) {
        return Ok(FoundBackup::Backup(path.to_owned()));
    }
    if !path.is_dir() {
        return Ok(FoundBackup::None);
    }
    let mut names = BTreeSet::new();
    for entry in fs::read_dir(path).map_err(failed)? {
        let name = entry.map_err(failed)?.file_name();
        if !name.as_encoded_bytes().starts_with(b".") && is_backup(&path.join(&name)) {
            names.insert(name);
        }
    }
    // One that was called something else is the latest only where no other one is there.
    let moment = |name: &OsString| NaiveDateTime::parse_from_str(name.to_str()?, NAME).ok();
    let (of_a_moment, others): (Vec<_>, Vec<_>) = names.iter().partition(|name| moment(name).is_some());
    let Some(latest) = of_a_moment.last().or(others.last()) else { return Ok(FoundBackup::None) };
    let is_ahead = |name: &OsString| moment(name).is_some_and(|at| at > (now + CLOCKS_APART).naive_utc());
    if is_ahead(latest) {
        let before = of_a_moment.iter().rfind(|name| !is_ahead(name)).map(|name| path.join(name));
        return Err(FindError::Ahead { path: path.join(latest), before });
    }
    Ok(FoundBackup::Backup(path.join(latest)))
}

impl BackupFolder {
    /// Reads what a backup says of itself; `None`, with a finding, where that cannot be believed.
    ///
    /// # Errors
    /// It cannot be read.
    pub fn open(path: &Path, findings: &mut Findings) -> io::Result<Option<Self>> {
        findings.look(Check::Files);
        let place = path.join(MANIFEST);
        let Some(text) = small_file(&place, LONGEST_MANIFEST)? else {
            findings.add(Check::Files, text_of(&place), "the manifest is missing");
            return Ok(None);
        };
        let manifest_sha256 = HEXLOWER.encode(&Sha256::digest(&text));
        let manifest = match Manifest::from_text(&text) {
            Ok(manifest) => manifest,
            Err(error) => {
                findings.add(Check::Files, text_of(&place), error.to_string());
                return Ok(None);
            }
        };
        let sums_place = path.join(SUMS);
        match small_file(&sums_place, LONGEST_MANIFEST)? {
            None => findings.add(Check::Files, text_of(&sums_place), "the file of sums is missing"),
            Some(sums) if sums != manifest.sums(&manifest_sha256).as_bytes() => {
                let detail = format!(
                    "the sums of the manifest and in {SUMS} are not the same: one of the two was changed"
                );
                findings.add(Check::Files, text_of(&place), detail);
            }
            Some(_) => {}
        }
        Ok(Some(Self { path: path.to_owned(), manifest, manifest_sha256 }))
    }

    /// Where a file of it is.
    pub fn file(&self, name: &str) -> PathBuf {
        self.path.join(name)
    }

    /// How many bytes its files have.
    pub fn bytes(&self) -> u64 {
        self.manifest.files.iter().map(|file| file.bytes).sum()
    }

    /// Whether each of its files is there with its length: what can be told without reading them.
    pub fn has_its_files(&self) -> bool {
        let is_there = |name: &str, bytes: u64| {
            fs::metadata(self.file(name)).is_ok_and(|file| file.is_file() && file.len() == bytes)
        };
        self.manifest.files.iter().all(|file| is_there(&file.name, file.bytes))
    }

    /// Holds its files against their sums.
    ///
    /// # Errors
    /// One cannot be read.
    pub fn check_files(&self, findings: &mut Findings, tell: Tell<'_>) -> io::Result<()> {
        let mut done = 0;
        for file in &self.manifest.files {
            let path = self.file(&file.name);
            let found = hash_file(&path, &mut |count| {
                done += count;
                tell(done);
            });
            match found {
                Ok((bytes, sha256)) if (bytes, &sha256) != (file.bytes, &file.sha256) => {
                    let detail = format!(
                        "expected {} bytes with the SHA-256 {}, found {bytes} with {sha256}",
                        file.bytes, file.sha256
                    );
                    findings.add(Check::Files, text_of(&path), detail);
                }
                Ok(_) => {}
                Err(error) if error.kind() == io::ErrorKind::NotFound => {
                    findings.add(Check::Files, text_of(&path), "the file is missing");
                }
                Err(error) if !path.is_file() => {
                    findings.add(Check::Files, text_of(&path), error.to_string())
                }
                Err(error) => return Err(error),
            }
        }
        self.look_for_others(&self.path, findings)
    }

    /// What lies in the folder and is not of the backup.
    fn look_for_others(&self, folder: &Path, findings: &mut Findings) -> io::Result<()> {
        for entry in fs::read_dir(folder)? {
            let entry = entry?;
            let path = entry.path();
            let name = text_of(path.strip_prefix(&self.path).unwrap_or(&path));
            if entry.file_type()?.is_dir() {
                self.look_for_others(&path, findings)?;
            } else if name != MANIFEST
                && name != SUMS
                && !self.manifest.files.iter().any(|file| file.name == name)
            {
                findings.add(
                    Check::Files,
                    text_of(&path),
                    "the file is not of the backup: its manifest does not name it",
                );
            }
        }
        Ok(())
    }
}
