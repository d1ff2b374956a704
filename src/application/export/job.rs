//! The whole export: which logs, under which names, each put together and checked.

use std::collections::HashMap;
use std::io::{self, Write};
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};

use super::error::ExportError;
use super::hashing_writer::HashingWriter;
use super::names::{self, Names, decompressed_path};
use super::ports::{ContentDigest, ExportStore, StoredLog};
use super::reassembly::{Broken, Reassembly, difference};
use super::report::{Exported, ExportedFile, LeftOutLog};
use super::session::Export;
use crate::domain::counted::counted;
use crate::domain::path_text::text_of;
use crate::domain::repository::RepositoryError;

impl Export<'_> {
    /// Writes every file, and answers what became of each.
    ///
    /// # Errors
    /// What could not be read or written.
    pub fn run(mut self) -> Result<Exported, ExportError> {
        let (logs, left_out) = match self.options.only {
            None => self.choose_logs()?,
            Some(_) => (Vec::new(), Vec::new()),
        };
        let live = if self.options.source_id.is_none() { self.choose_live()? } else { Vec::new() };
        let live_names: Vec<String> = live.iter().map(|file| file.name.clone()).collect();
        let Names { logs: log_names, live: live_names } = names::choose(&logs, &live_names);
        let names: Vec<PathBuf> = log_names.iter().chain(&live_names).cloned().collect();
        self.refuse_to_overwrite(&names)?;
        self.exported.left_out = left_out;
        // A part is what it is, whatever else is missing.
        if self.options.source_id.is_none() && self.options.only.is_none() {
            self.exported.missing_records = self.store.missing_records();
        }
        for (log, name) in logs.iter().zip(&log_names) {
            let file = self.export_log(log, name)?;
            self.exported.files.push(file);
        }
        for (file, name) in live.iter().zip(&live_names) {
            let file = self.export_live(file, name)?;
            self.exported.files.extend(file);
        }
        self.check_places(&names)?;
        Ok(self.exported)
    }

    fn choose_logs(&mut self) -> Result<(Vec<StoredLog>, Vec<LeftOutLog>), ExportError> {
        self.stored = self.store.logs().map_err(|error| self.unreadable(error))?;
        let places = self.stored.iter().flat_map(|log| [log.path.as_str(), decompressed_path(log)]);
        self.places = places.map(str::to_owned).collect();
        let all = &self.stored;
        if let Some(source_id) = self.options.source_id {
            let Some(log) = all.iter().find(|log| log.source_id == source_id) else {
                return Err(ExportError::NoSuchLog { source_id, known: known(all) });
            };
            return Ok((vec![log.clone()], Vec::new()));
        }
        let mut last_at: HashMap<&str, i64> = HashMap::new();
        for log in all {
            let last = last_at.entry(&log.path).or_insert(log.source_id);
            *last = log.source_id.max(*last);
        }
        let is_latest = |log: &StoredLog| last_at.get(log.path.as_str()) == Some(&log.source_id);
        let (latest, earlier): (Vec<StoredLog>, Vec<StoredLog>) = all.iter().cloned().partition(is_latest);
        let exported: Vec<i64> = latest.iter().map(|log| log.source_id).collect();
        let mut left_out = Vec::new();
        for log in earlier {
            let events =
                self.store.events_only_in(&log, &exported).map_err(|error| self.unreadable(error))?;
            if events > 0 {
                left_out.push(LeftOutLog { source_id: log.source_id, path: log.path, events });
            }
        }
        Ok((latest, left_out))
    }

    fn refuse_to_overwrite(&self, names: &[PathBuf]) -> Result<(), ExportError> {
        if self.options.force {
            return Ok(());
        }
        let folder = self.folder.path().to_owned();
        let taken = self.folder.taken(names).map_err(|source| ExportError::Write {
            path: folder.clone(),
            in_place: 0,
            source,
        })?;
        if taken.is_empty() { Ok(()) } else { Err(ExportError::Taken { folder, names: taken }) }
    }

    fn export_log(&mut self, log: &StoredLog, name: &Path) -> Result<ExportedFile, ExportError> {
        let mut exported = ExportedFile {
            path: text_of(&self.folder.path().join(name)),
            source_path: Some(log.path.clone()),
            source_id: Some(log.source_id),
            compression: log.compression.clone(),
            bytes: 0,
            sha256: String::new(),
            records: log.records,
            written: false,
            exact: false,
            reason: None,
        };
        let expected = match (&log.content, log.out_of_range) {
            (Some(content), 0) => content,
            (None, _) => {
                exported.reason = Some("its import did not come to its end: import it again".to_owned());
                return Ok(exported);
            }
            (_, out_of_range) => {
                exported.reason = Some(format!(
                    "{} left out by --since or --until: import all of it",
                    counted(out_of_range, "of its records was", "of its records were")
                ));
                return Ok(exported);
            }
        };
        let mut file = match self.begin(name, Some(expected.bytes))? {
            Ok(file) => file,
            Err(reason) => {
                exported.reason = Some(reason);
                return Ok(exported);
            }
        };
        let in_place = self.in_place();
        let together = put_together(self.store, log, expected, &mut file)
            .map_err(|source| ExportError::Store { in_place, source })?;
        let (written, file) = file.end();
        (exported.bytes, exported.sha256) = (written.bytes, written.sha256.clone());
        exported.reason = match together {
            Ok(()) => difference(expected, &written),
            Err(Broken::NotTheLog(reason)) => Some(reason),
            Err(Broken::Write(source)) => {
                return Err(ExportError::Write { path: PathBuf::from(&exported.path), in_place, source });
            }
        };
        // An empty file would pass for a log without events.
        let is_lost = log.kept_nowhere.is_some() && written.bytes == 0;
        if exported.reason.is_none() {
            if !is_lost {
                exported.reason = self.publish(file, name)?.err();
                exported.written = exported.reason.is_none();
            }
            exported.exact = exported.written && log.kept_nowhere.is_none();
            exported.reason = exported.reason.or_else(|| log.kept_nowhere.clone());
        }
        Ok(exported)
    }
}

/// Writes the bytes of a log, as the store has them.
pub(super) fn put_together<W: Write>(
    store: &mut dyn ExportStore,
    log: &StoredLog,
    expected: &ContentDigest,
    file: &mut HashingWriter<W>,
) -> Result<Result<(), Broken>, RepositoryError> {
    let mut reassembly = Reassembly::new(file, log, expected.bytes);
    let mut broken = None;
    store.each_piece(log, &mut |piece| match reassembly.take(piece) {
        Ok(()) => ControlFlow::Continue(()),
        Err(found) => {
            broken = Some(found);
            ControlFlow::Break(())
        }
    })?;
    Ok(broken.map_or_else(|| reassembly.finish(), Err))
}

/// Puts a log together, and answers why that is not what was imported; `None` where it is, or where it was not read to its
/// end and is not known.
///
/// # Errors
/// The store cannot be read.
pub fn check_log(store: &mut dyn ExportStore, log: &StoredLog) -> Result<Option<String>, RepositoryError> {
    let Some(expected) = &log.content else { return Ok(None) };
    let mut hash = HashingWriter::new(io::sink());
    Ok(match put_together(store, log, expected, &mut hash)? {
        Ok(()) => difference(expected, &hash.end().0),
        Err(Broken::NotTheLog(reason)) => Some(reason),
        Err(Broken::Write(error)) => Some(error.to_string()),
    })
}

fn known(logs: &[StoredLog]) -> String {
    const SHOWN: usize = 20;
    if logs.is_empty() {
        return "no log was imported into it".to_owned();
    }
    let mut shown: Vec<String> =
        logs.iter().take(SHOWN).map(|log| format!("{} is {}", log.source_id, log.path)).collect();
    if logs.len() > SHOWN {
        shown.push(format!("and {} more", logs.len() - SHOWN));
    }
    shown.join(", ")
}
