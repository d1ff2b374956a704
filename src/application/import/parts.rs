//! Logs that are parts of one log, as a rotation leaves them.

use std::cmp::Reverse;
use std::collections::BTreeMap;
use std::collections::btree_map::Entry;
use std::ffi::OsStr;
use std::path::{Path, PathBuf};

use super::error::ImportError;
use super::options::ReadOptions;
use super::pass::ImportPass;
use super::report::MissingPart;
use super::seen_log::SeenLog;
use super::target::{ImportSink, KnownPart};
use crate::application::log_files::LogFiles;
use crate::application::log_source::{LogList, OpenLog, ResumePoint, SkippedFile};
use crate::wire::record::RecordReader;

/// The parts without copies of parts: a plain file and its compressed copy, a copy in another folder, or a link. The
/// records of a copy would be counted once more, and nothing takes an event out of a store again.
///
/// A copy has the name of its part, but for how it is compressed, and its content, or the beginning of that.
/// Parts of other names are parts, whatever is in them.
pub(super) fn without_copies(
    logs: &LogList,
    options: &ReadOptions,
    open: &OpenLog,
    files: &dyn LogFiles,
) -> Result<LogList, ImportError> {
    let mut copies: BTreeMap<&PathBuf, &PathBuf> = BTreeMap::new();
    let mut by_identity: BTreeMap<(u64, u64), &PathBuf> = BTreeMap::new();
    let mut by_name: BTreeMap<String, Vec<&PathBuf>> = BTreeMap::new();
    for log in &logs.files {
        match files.identity(log).map(|identity| by_identity.entry(identity)) {
            Some(Entry::Occupied(first)) => drop(copies.insert(log, first.get())),
            Some(Entry::Vacant(place)) => {
                place.insert(log);
                by_name.entry(name_of(log)).or_default().push(log);
            }
            None => by_name.entry(name_of(log)).or_default().push(log),
        }
    }
    for group in by_name.into_values().filter(|group| group.len() > 1) {
        let mut contents = Vec::new();
        for log in group {
            contents.push((content(log, options, open)?, log));
        }
        // The longest comes first: what its beginning is has nothing of its own. Of equal ones it is the plain one.
        contents.sort_by_key(|(content, log)| (Reverse(content.offset), log.file_name().map(OsStr::len)));
        let mut parts: Vec<&PathBuf> = Vec::new();
        for (content, log) in contents {
            let mut original = None;
            for part in &parts {
                if content.offset > 0 && open(part, &options.mapping)?.resume_at(&content)? {
                    original = Some(*part);
                }
            }
            match original {
                Some(part) => drop(copies.insert(log, part)),
                None => parts.push(log),
            }
        }
    }
    let mut list = LogList { files: Vec::new(), skipped: logs.skipped.clone() };
    for log in &logs.files {
        match copies.get(log) {
            None => list.files.push(log.clone()),
            Some(part) => list.skipped.push(SkippedFile {
                path: log.display().to_string(),
                reason: match files.identity(log).is_some_and(|one| files.identity(part) == Some(one)) {
                    true => format!("another name of {}, which is imported as a part", part.display()),
                    false => format!("a copy of {}, which is imported as a part", part.display()),
                },
                holds_events: Some(false),
            }),
        }
    }
    Ok(list)
}

/// The name of a file without the extension that says how it is compressed.
fn name_of(log: &Path) -> String {
    let name = log.file_name().unwrap_or_default().to_string_lossy();
    let plain = name.strip_suffix(".gz").or_else(|| name.strip_suffix(".zst")).unwrap_or(&name);
    plain.to_owned()
}

/// The whole content of a log, as a point in it.
fn content(log: &Path, options: &ReadOptions, open: &OpenLog) -> Result<ResumePoint, ImportError> {
    let mut source = open(log, &options.mapping)?;
    let mut reader = RecordReader::with_mapping(&options.zone, options.dst, &options.mapping);
    while source.next_piece(&mut reader)?.is_some() {}
    let digest = source.digest();
    Ok(ResumePoint { offset: digest.content_bytes, line: 1, sha256: digest.content_sha256 })
}

impl<S: ImportSink + ?Sized> ImportPass<'_, S> {
    /// Tells the sink which of the parts the store has, and how much of them: the numbers that their records
    /// have are taken, also before they are read.
    pub(super) fn begin_parts(
        &mut self,
        logs: &[PathBuf],
        open: &OpenLog,
        files: &dyn LogFiles,
    ) -> Result<(), ImportError> {
        let mut parts = Vec::new();
        for log in logs {
            let seen = self.look_up(log, files)?;
            if let Some(SeenLog::Unchanged(known)) = &seen {
                parts.push(KnownPart { source_id: known.source_id, to: known.digest.content_bytes });
            } else {
                let mut source = open(log, &self.options.mapping)?;
                let header = self.header(source.as_ref());
                let known = self.known_part(source.as_mut(), &header)?.filter(|known| known.is_whole);
                parts.extend(
                    known.map(|known| KnownPart { source_id: known.source_id, to: known.resume.offset }),
                );
            }
            self.follows.extend(seen.map(|seen| (log.clone(), seen)));
        }
        self.sink.begin_parts(&parts).map_err(ImportError::Repository)
    }

    /// Notes parts that were imported before and are not among these, where new records of these were taken for records
    /// of them: identical records are told apart by all parts alone.
    pub(super) fn note_missing_parts(&mut self, logs: &[PathBuf], open: &OpenLog) -> Result<(), ImportError> {
        let of_source: BTreeMap<i64, (String, Option<String>)> = self
            .totals
            .source_ids
            .iter()
            .zip(&self.totals.sources)
            .map(|((source_id, content), source)| (*source_id, (source.path.clone(), content.clone())))
            .collect();
        let shared: Vec<_> = self.sink.shared_records().iter().map(|(logs, count)| (*logs, *count)).collect();
        for ((source_id, other), records) in shared {
            if of_source.contains_key(&source_id) {
                continue;
            }
            let Some((path, content)) = of_source.get(&other) else { continue };
            if let Some(content) = content
                && self.sink.has_part(content, other).map_err(ImportError::Repository)?
            {
                continue;
            }
            let part = self.sink.part(source_id).map_err(ImportError::Repository)?;
            let Some((missing, resume)) = part else { continue };
            let mut is_there = false;
            for log in logs {
                is_there = is_there || open(log, &self.options.mapping)?.resume_at(&resume)?;
            }
            if !is_there {
                let path = path.clone();
                self.totals.missing_parts.push(MissingPart { path, missing, source_id, records });
            }
        }
        Ok(())
    }
}
