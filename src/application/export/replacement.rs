//! Putting files into their places, and what they may replace there.
//!
//! A file is replaced only where nothing is lost with it: where the new one has all of its content, or
//! the store gives that back. A log at the place that it was imported or rotated from is never replaced:
//! its writer may have it open.

use std::collections::HashSet;
use std::io;
use std::path::{Path, PathBuf};

use super::error::ExportError;
use super::hashing_writer::HashingWriter;
use super::job::put_together;
use super::occupied::Occupied;
use super::ports::{ContentDigest, ExportStore, NewFile, PlaceError, Standing, StandingContent, StoredLog};
use super::reassembly::difference;
use super::report::ExportedFile;
use super::session::Export;
use crate::domain::path_text::text_of;
use crate::domain::repository::RepositoryError;

/// A step that was done, or the reason why what stands in the way stays.
pub(super) type OrReason<T> = Result<T, String>;

impl Export<'_> {
    pub(super) fn begin(
        &mut self,
        name: &Path,
        bytes: Option<u64>,
    ) -> Result<OrReason<HashingWriter<Box<dyn NewFile>>>, ExportError> {
        match self.folder.begin(name, bytes) {
            Ok(file) => Ok(Ok(HashingWriter::new(file))),
            Err(error) => self.reason(name, error).map(Err),
        }
    }

    pub(super) fn publish(
        &mut self,
        file: Box<dyn NewFile>,
        name: &Path,
    ) -> Result<OrReason<()>, ExportError> {
        let Self { store, stored, places, .. } = self;
        match file.publish(&mut |standing| may_replace(*store, (stored, places), standing)) {
            Ok(()) => Ok(Ok(())),
            Err(error) => self.reason(name, error).map(Err),
        }
    }

    /// What stands in the way is a reason; anything else ends the export.
    fn reason(&self, name: &Path, error: PlaceError) -> Result<String, ExportError> {
        let in_place = self.in_place();
        match error {
            PlaceError::Occupied(what) => Ok(format!("{what}: {}", what.way_out())),
            PlaceError::Io(source) => {
                Err(ExportError::Write { path: self.folder.path().join(name), in_place, source })
            }
            PlaceError::Locked { path, seconds } => Err(ExportError::Locked { path, seconds, in_place }),
            PlaceError::Store(source) => Err(ExportError::Store { in_place, source }),
        }
    }

    /// Looks at every file once more, after the last one: a folder may take two names for one, and
    /// another program may have written there.
    pub(super) fn check_places(&mut self, names: &[PathBuf]) -> Result<(), ExportError> {
        let in_place = self.in_place();
        for (file, name) in self.exported.files.iter_mut().zip(names) {
            if !file.written {
                continue;
            }
            let path = self.folder.path().join(name);
            let found =
                self.folder.content(name).map_err(|source| ExportError::Read { path, in_place, source })?;
            check_place(file, found);
        }
        Ok(())
    }
}

fn check_place(file: &mut ExportedFile, found: Option<ContentDigest>) {
    let found = match found {
        Some(found) if (found.bytes, &found.sha256) == (file.bytes, &file.sha256) => return,
        Some(found) => format!("it has {} bytes with the SHA-256 {}", found.bytes, found.sha256),
        None => "it is not there".to_owned(),
    };
    (file.written, file.exact) = (false, false);
    file.reason = Some(format!(
        "after the export {found}: another program has written there, or the folder takes its name for that of another file"
    ));
}

fn may_replace(
    store: &mut dyn ExportStore,
    (logs, places): (&[StoredLog], &HashSet<String>),
    standing: &Standing,
) -> Result<(), PlaceError> {
    let digest = match &standing.content {
        StandingContent::Longer { bytes } => return Err(Occupied::Longer { bytes: *bytes }.into()),
        _ if places.contains(&text_of(&standing.path)) => return Err(Occupied::ImportedLog.into()),
        StandingContent::Contained => return Ok(()),
        StandingContent::Other(digest) => digest,
    };
    for log in logs {
        if gives_back(store, log, digest).map_err(PlaceError::Store)? {
            return Ok(());
        }
    }
    Err(Occupied::NotStored.into())
}

/// Whether the store gives this log back with this content. What it says of itself is no proof.
fn gives_back(
    store: &mut dyn ExportStore,
    log: &StoredLog,
    digest: &ContentDigest,
) -> Result<bool, RepositoryError> {
    if log.content.as_ref() != Some(digest) || log.out_of_range > 0 {
        return Ok(false);
    }
    let mut given = HashingWriter::new(io::sink());
    let together = put_together(store, log, digest, &mut given)?;
    Ok(together.is_ok() && difference(digest, &given.end().0).is_none())
}
