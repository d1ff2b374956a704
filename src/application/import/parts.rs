//! Logs that are parts of one log, as a rotation leaves them.

use std::cmp::Reverse;
use std::collections::btree_map::Entry;
use std::collections::{BTreeMap, BTreeSet};
use std::ffi::OsStr;
use std::path::{Path, PathBuf};

use data_encoding::HEXLOWER;
use sha2::{Digest, Sha256};

use super::error::ImportError;
use super::options::ReadOptions;
use super::part_matching::{KeptState, KeptVersion, PartMatching, PresentPart, name_of};
use super::pass::ImportPass;
use super::report::{MissingPart, ReplacedPart};
use super::seen_log::SeenLog;
use super::target::{ImportSink, PartVersion, SharedCounts};
use crate::application::log_files::LogFiles;
use crate::application::log_source::{LogList, OpenLog, PieceContent, ResumePoint, SkippedFile, SourceError};
use crate::domain::path_text::text_of;
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
                path: text_of(log),
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

/// The whole content of a log, as a point in it.
fn content(log: &Path, options: &ReadOptions, open: &OpenLog) -> Result<ResumePoint, ImportError> {
    let mut source = open(log, &options.mapping)?;
    let mut reader = RecordReader::with_mapping(&options.zone, options.dst, &options.mapping);
    while source.next_piece(&mut reader)?.is_some() {}
    let digest = source.digest();
    Ok(ResumePoint { offset: digest.content_bytes, line: 1, sha256: digest.content_sha256 })
}

/// Which of these versions the log begins with, byte for byte, and where its last record ends.
fn beginnings<'v>(
    log: &Path,
    versions: impl Iterator<Item = &'v PartVersion>,
    options: &ReadOptions,
    open: &OpenLog,
) -> Result<(BTreeSet<i64>, u64), ImportError> {
    let mut at: BTreeMap<u64, Vec<&PartVersion>> = BTreeMap::new();
    for version in versions.filter(|version| version.resume.offset > 0) {
        at.entry(version.resume.offset).or_default().push(version);
    }
    let mut found = BTreeSet::new();
    if at.is_empty() {
        return Ok((found, 0));
    }
    let mut source = open(log, &options.mapping)?;
    let mut reader = RecordReader::with_mapping(&options.zone, options.dst, &options.mapping);
    let (mut hash, mut hashed, mut end) = (Sha256::new(), 0, 0);
    loop {
        let piece = match source.next_piece(&mut reader) {
            Ok(Some(piece)) => piece,
            // What is being written is not what was imported.
            Ok(None) | Err(SourceError::Changing { .. }) => return Ok((found, end)),
            Err(error) => return Err(error.into()),
        };
        if !matches!(piece.content, PieceContent::Layout) {
            end = piece.place.offset + piece.bytes.len() as u64;
        }
        let mut bytes = piece.bytes;
        while let Some(first) = at.first_entry() {
            let Some((before, after)) = bytes.split_at_checked((*first.key() - hashed) as usize) else {
                break;
            };
            hash.update(before);
            hashed += before.len() as u64;
            bytes = after;
            let sha256 = HEXLOWER.encode(&hash.clone().finalize());
            let same = first.remove().into_iter().filter(|version| version.resume.sha256 == sha256);
            found.extend(same.map(|version| version.source_id));
        }
        if !at.is_empty() {
            hash.update(bytes);
            hashed += bytes.len() as u64;
        }
    }
}

/// The version that a part was taken for, where that was another file, which is gone. Where it is there under another name,
/// nothing is hidden: all parts count together.
fn replaced_file<'v>(
    index: usize,
    parts: &[PresentPart],
    versions: &'v [PartVersion],
    matching: &PartMatching,
) -> Option<&'v PartVersion> {
    let is_gone = |version: &&PartVersion| !parts.iter().any(|other| other.is_file_of(version));
    matching
        .taken_for(index, versions)
        .filter(|version| parts[index].is_another_file(version))
        .filter(is_gone)
}

/// The parts of an import, and those that were imported before.
#[derive(Debug, Default)]
pub(super) struct FoundParts {
    parts: Vec<PresentPart>,
    versions: Vec<PartVersion>,
    matching: PartMatching,
    /// Records of parts that are kept and were taken for those of other logs.
    shared: SharedCounts,
}

impl<S: ImportSink + ?Sized> ImportPass<'_, S> {
    /// Tells the sink which of the parts the store has, and how much of them: the numbers that their records
    /// have are taken, also before they are read.
    pub(super) fn begin_parts(
        &mut self,
        logs: &[PathBuf],
        open: &OpenLog,
        files: &dyn LogFiles,
    ) -> Result<FoundParts, ImportError> {
        let mut parts = Vec::new();
        for log in logs {
            let seen = self.look_up(log, files)?;
            let kept = if let Some(SeenLog::Unchanged(known)) = &seen {
                let (source_id, to) = (known.source_id, known.digest.content_bytes);
                Some(KeptVersion { source_id, to, state: KeptState::Unchanged })
            } else {
                let mut source = open(log, &self.options.mapping)?;
                let header = self.header(&text_of(&files.location(log)), source.as_ref());
                let known = self.known_part(source.as_mut(), &header)?.filter(|known| known.is_whole);
                known.map(|known| KeptVersion {
                    source_id: known.source_id,
                    to: known.resume.offset,
                    state: KeptState::Interrupted,
                })
            };
            let path = text_of(&files.location(log));
            parts.push(PresentPart { path, kept, file: files.mark(log), ..PresentPart::default() });
            self.follows.extend(seen.map(|seen| (log.clone(), seen)));
        }
        let paths: Vec<String> = parts.iter().map(|part| part.path.clone()).collect();
        let versions = self.sink.part_versions(&paths).map_err(ImportError::Repository)?;
        let of_log: Vec<PartVersion> = versions.iter().filter(|version| version.is_of_log).cloned().collect();
        for (part, log) in parts.iter_mut().zip(logs) {
            if part.kept.is_some_and(|kept| kept.state == KeptState::Unchanged) {
                continue;
            }
            if let Some(kept) = &mut part.kept
                && of_log.iter().any(|version| version.source_id == kept.source_id && version.is_finished)
            {
                kept.state = KeptState::Changed;
            }
            (part.begins_with, part.end) = beginnings(log, of_log.iter(), &self.options, open)?;
        }
        let matching = PartMatching::of(&parts, &of_log);
        let known = matching.known_parts(&parts, &of_log);
        let begins_anew = |(index, part): (usize, &PresentPart)| {
            part.kept.is_some() && matching.kept(index, part).is_none()
        };
        let anew = logs.iter().zip(parts.iter().enumerate()).filter(|(_, part)| begins_anew(*part));
        self.begins_anew = anew.map(|(_, (_, part))| part.path.clone()).collect();
        for (index, part) in parts.iter().enumerate() {
            // Of a part that may be another file, what is written down is the file that it was.
            let file = match replaced_file(index, &parts, &of_log, &matching) {
                Some(version) => version.file.clone(),
                None => part.file.as_ref().map(|file| file.mark.clone()),
            };
            self.files_of_parts.extend(file.map(|file| (part.path.clone(), file)));
        }
        let shared = self.sink.begin_parts(&known).map_err(ImportError::Repository)?;
        Ok(FoundParts { parts, versions, matching, shared })
    }

    /// Notes parts that were imported before and are not among these, where records of these can be others than they
    /// were taken for: identical records are told apart by all parts alone. What an earlier import has taken so
    /// is told again.
    pub(super) fn note_missing_parts(
        &mut self,
        found: FoundParts,
        logs: &[PathBuf],
        open: &OpenLog,
    ) -> Result<(), ImportError> {
        let FoundParts { parts, versions, matching, mut shared } = found;
        for (logs, records) in self.sink.shared_records() {
            *shared.entry(*logs).or_default() += records;
        }
        let log_of: BTreeMap<i64, PathBuf> = self
            .totals
            .source_ids
            .iter()
            .map(|(source_id, _)| *source_id)
            .zip(logs.iter().cloned())
            .collect();
        shared.retain(|(_, source_id), _| log_of.contains_key(source_id));
        let taken = |source_id: i64| -> u64 {
            shared.range((source_id, i64::MIN)..=(source_id, i64::MAX)).map(|(_, records)| records).sum()
        };
        self.note_replaced_parts(&parts, &versions, &matching, logs)?;
        let mut left: Vec<&PartVersion> = versions.iter().collect();
        left.retain(|version| {
            let is_there = log_of.contains_key(&version.source_id) || matching.is_found(version.source_id);
            !is_there && version.records > taken(version.source_id)
        });
        if left.is_empty() {
            return Ok(());
        }
        let stored = self.sink.records_without_id().map_err(ImportError::Repository)?;
        for version in left {
            let source_id = version.source_id;
            let records = stored.get(&source_id).copied().unwrap_or(0).saturating_sub(taken(source_id));
            if records == 0 {
                continue;
            }
            let mut told: BTreeMap<&PathBuf, u64> = BTreeMap::new();
            for (index, (part, log)) in parts.iter().zip(logs).enumerate() {
                if version.is_of_log
                    && matching.may_be_taken_for_more(index, part, version)
                    && (part.begins_with.contains(&source_id) || self.begins_with(log, version, open)?)
                {
                    told.insert(log, records);
                }
            }
            for ((_, by), records) in shared.range((source_id, i64::MIN)..=(source_id, i64::MAX)) {
                told.extend(log_of.get(by).map(|log| (log, *records)));
            }
            self.totals.missing_parts.extend(told.into_iter().map(|(log, records)| MissingPart {
                path: text_of(log),
                missing: version.path.clone(),
                source_id,
                records,
            }));
        }
        Ok(())
    }

    /// Notes parts that go on where another file was imported from, which began with the same bytes.
    fn note_replaced_parts(
        &mut self,
        parts: &[PresentPart],
        versions: &[PartVersion],
        matching: &PartMatching,
        logs: &[PathBuf],
    ) -> Result<(), ImportError> {
        let mut replaced = Vec::new();
        for (index, log) in logs.iter().enumerate() {
            let other = replaced_file(index, parts, versions, matching);
            replaced.extend(other.map(|version| (log, version)));
        }
        if replaced.is_empty() {
            return Ok(());
        }
        let stored = self.sink.records_without_id().map_err(ImportError::Repository)?;
        let repeats = self.sink.repeats_without_id().map_err(ImportError::Repository)?;
        for (log, version) in replaced {
            let count = |of: &BTreeMap<i64, u64>| of.get(&version.source_id).copied().unwrap_or(0);
            let records = count(&stored) + count(&repeats);
            if records > 0 {
                let path = text_of(log);
                self.totals.replaced_parts.push(ReplacedPart { path, source_id: version.source_id, records });
            }
        }
        Ok(())
    }

    fn begins_with(&self, log: &Path, version: &PartVersion, open: &OpenLog) -> Result<bool, ImportError> {
        let (found, _) = beginnings(log, std::iter::once(version), &self.options, open)?;
        Ok(!found.is_empty())
    }
}
