//! The file of a report: written beside its place, synced and put there as a whole; nothing but an earlier report is
//! replaced.

use std::fs::File;
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};

use thiserror::Error;

use crate::application::export::{ExportFolder, NewFile, Occupied, PlaceError, StandingContent};
use crate::durable::links::resolved;
use crate::infrastructure::export_folder::FileFolder;
use crate::infrastructure::side_files::LOCK_OF_A_FOLDER;

/// What every report begins with: by that it is known as one that may be replaced.
pub const MARK: &str =
    "<!DOCTYPE html>\n<!-- A report of mission-events. The next one may be written over it. -->\n";

/// Where no report may be: what is there, or will be, is read by others.
#[derive(Debug, Default)]
pub struct ReservedPlaces<'p> {
    /// SQLite databases, with all that lies beside them.
    pub databases: Vec<&'p Path>,
    /// Where comparisons are recorded.
    pub evidence: Option<&'p Path>,
    /// Logs and stores; of those that are folders, all that lies in them, for what lies in the folder of a log is looked
    /// at when the log is read.
    pub logs: Vec<&'p Path>,
}

/// Why a report was not written.
#[derive(Debug, Error)]
pub enum ReportFileError {
    /// It has no place there.
    #[error("no report can be written to {}: {reason}", path.display())]
    Refused {
        /// Where.
        path: PathBuf,
        /// Why, and what would do.
        reason: String,
    },
    /// It could not be written.
    #[error("could not write the report to {}", path.display())]
    Write {
        /// Where.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
}

/// A report on its way into its place. One that is dropped leaves nothing.
pub struct ReportFile {
    path: PathBuf,
    file: Box<dyn NewFile>,
}

impl ReportFile {
    /// Begins the file at `path`.
    ///
    /// # Errors
    /// Its name does not end in `.html`; its folder is not there; the place is reserved; or something stands there that
    /// is no report.
    pub fn begin(path: &Path, reserved: &ReservedPlaces<'_>) -> Result<Self, ReportFileError> {
        let refused = |reason: String| Err(ReportFileError::Refused { path: path.to_owned(), reason });
        let is_html = path
            .extension()
            .is_some_and(|end| end.eq_ignore_ascii_case("html") || end.eq_ignore_ascii_case("htm"));
        let Some(name) = path.file_name().filter(|_| is_html) else {
            return refused("expected a name that ends in .html".to_owned());
        };
        let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
        if !folder.is_dir() {
            return refused(format!("there is no folder {}", folder.display()));
        }
        if let Some(reason) = reserved.reason(folder, name.as_ref()) {
            return refused(reason);
        }
        let mut place = FileFolder::new(folder, true);
        for database in &reserved.databases {
            place = place.keep_store(database);
        }
        if let Some(evidence) = reserved.evidence {
            place = place.keep_evidence(evidence);
        }
        let file = place.begin(name.as_ref(), None).map_err(|error| of_place(path, error))?;
        match is_report_or_absent(path) {
            Ok(true) => Ok(Self { path: path.to_owned(), file }),
            Ok(false) => Err(of_place(path, Occupied::NotStored.into())),
            Err(source) => Err(ReportFileError::Write { path: path.to_owned(), source }),
        }
    }

    /// Writes the report, and puts it into its place, durably.
    ///
    /// # Errors
    /// It cannot be written, or something else has come to stand there meanwhile.
    pub fn publish(
        mut self,
        write: impl FnOnce(&mut dyn Write) -> io::Result<()>,
    ) -> Result<(), ReportFileError> {
        let Self { path, file } = &mut self;
        write(file).map_err(|source| ReportFileError::Write { path: path.clone(), source })?;
        let Self { path, file } = self;
        let published = file.publish(&mut |standing| match standing.content {
            // An empty file, or what was cut off of the same report.
            StandingContent::Contained => Ok(()),
            _ if is_report_or_absent(&standing.path)? => Ok(()),
            _ => Err(Occupied::NotStored.into()),
        });
        published.map_err(|error| of_place(&path, error))
    }
}

impl ReservedPlaces<'_> {
    /// Why a file of this name has no place in a folder.
    fn reason(&self, folder: &Path, name: &Path) -> Option<String> {
        let folder = resolved(folder);
        let place = folder.join(name);
        for log in &self.logs {
            let reserved = resolved(log);
            if reserved == place {
                return Some(format!("{} is a log or a store", log.display()));
            }
            if reserved.is_dir() && folder.starts_with(&reserved) {
                return Some(format!(
                    "what lies in {} is read as a log: name a file outside of it",
                    log.display()
                ));
            }
        }
        folder.join(LOCK_OF_A_FOLDER).exists().then(|| {
            format!("{} is the folder of a JSONL store: name a file outside of it", folder.display())
        })
    }
}

fn of_place(path: &Path, error: PlaceError) -> ReportFileError {
    let path = path.to_owned();
    let reason = match error {
        PlaceError::Occupied(Occupied::Store | Occupied::Database) => {
            "it is a database, or the place of a file of one".to_owned()
        }
        PlaceError::Occupied(Occupied::NotStored | Occupied::Longer { .. } | Occupied::ImportedLog) => {
            "the file that stands there is no report: name another one, or move it away".to_owned()
        }
        PlaceError::Occupied(what) => format!("{what}: name another file"),
        PlaceError::Io(source) => return ReportFileError::Write { path, source },
        error @ (PlaceError::Locked { .. } | PlaceError::Store(_)) => {
            return ReportFileError::Write { path, source: io::Error::other(error) };
        }
    };
    ReportFileError::Refused { path, reason }
}

/// Whether a file begins as a report does, or is empty, or is not there.
fn is_report_or_absent(path: &Path) -> io::Result<bool> {
    let file = match File::open(path) {
        Ok(file) => file,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(true),
        Err(error) => return Err(error),
    };
    let mut beginning = Vec::with_capacity(MARK.len());
    file.take(MARK.len() as u64).read_to_end(&mut beginning)?;
    Ok(beginning.is_empty() || beginning == MARK.as_bytes())
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    fn written(path: &Path, reserved: &ReservedPlaces<'_>, text: &str) -> Result<(), ReportFileError> {
        ReportFile::begin(path, reserved)?.publish(|out| out.write_all(text.as_bytes()))
    }

    fn refusal(path: &Path, reserved: &ReservedPlaces<'_>) -> String {
        match written(path, reserved, MARK) {
            Err(ReportFileError::Refused { reason, .. }) => reason,
            other => panic!("{}: {other:?}", path.display()),
        }
    }

    #[test]
    fn a_report_is_written_and_the_next_one_over_it() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("report.html");
        for text in ["one, which is longer", "two"] {
            let text = format!("{MARK}{text}");
            written(&path, &ReservedPlaces::default(), &text).unwrap();
            assert_eq!(fs::read_to_string(&path).unwrap(), text);
        }
        assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 1, "nothing is left beside it");
    }

    #[test]
    fn an_empty_file_gives_way_and_any_other_that_is_no_report_stays() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("report.html");
        fs::write(&path, "").unwrap();
        written(&path, &ReservedPlaces::default(), MARK).unwrap();
        for text in ["<!DOCTYPE html>\n<p>mine", "[{}]", "x"] {
            fs::write(&path, text).unwrap();
            assert!(refusal(&path, &ReservedPlaces::default()).contains("is no report"));
            assert_eq!(fs::read_to_string(&path).unwrap(), text);
        }
    }

    #[test]
    fn a_file_that_has_come_to_stand_there_since_the_report_was_begun_stays() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("report.html");
        let begun = ReportFile::begin(&path, &ReservedPlaces::default()).unwrap();
        fs::write(&path, "of another program").unwrap();
        let published = begun.publish(|out| out.write_all(MARK.as_bytes()));
        assert!(matches!(published, Err(ReportFileError::Refused { .. })), "{published:?}");
        assert_eq!(fs::read_to_string(&path).unwrap(), "of another program");
    }

    #[test]
    fn a_report_that_is_not_finished_leaves_what_was_there() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("report.html");
        written(&path, &ReservedPlaces::default(), MARK).unwrap();
        let failed = ReportFile::begin(&path, &ReservedPlaces::default())
            .unwrap()
            .publish(|_| Err(io::Error::other("full")));
        assert!(matches!(failed, Err(ReportFileError::Write { .. })));
        drop(ReportFile::begin(&path, &ReservedPlaces::default()).unwrap());
        assert_eq!(
            (fs::read_to_string(&path).unwrap().as_str(), fs::read_dir(dir.path()).unwrap().count()),
            (MARK, 1)
        );
    }

    #[test]
    fn no_report_is_put_into_a_store_a_log_or_evidence_whether_or_not_it_is_there_yet() {
        let dir = tempfile::tempdir().unwrap();
        let at = |name: &str| dir.path().join(name);
        fs::create_dir_all(at("events/archive")).unwrap();
        fs::create_dir_all(at("other")).unwrap();
        fs::write(at("other/.events.lock"), "").unwrap();
        let (store, evidence, log, folder) =
            (at("store.html"), at("evidence.html"), at("log.html"), at("events"));
        let reserved =
            ReservedPlaces { databases: vec![&store], evidence: Some(&evidence), logs: vec![&log, &folder] };
        for (name, reason) in [
            ("store.html", "a database"),
            ("evidence.html", "recorded evidence"),
            ("log.html", "is a log or a store"),
            ("events/report.html", "is read as a log"),
            ("events/archive/report.html", "is read as a log"),
            ("other/report.html", "a JSONL store"),
            ("report.txt", ".html"),
            ("no-folder/report.html", "there is no folder"),
            ("..", ".html"),
        ] {
            let found = refusal(&at(name), &reserved);
            assert!(found.contains(reason), "{name}: {found}");
        }
        fs::create_dir(at("folder.html")).unwrap();
        assert!(refusal(&at("folder.html"), &reserved).contains("a folder stands there"));
        written(&at("report.html"), &reserved, MARK).unwrap();
    }

    #[test]
    #[cfg(unix)]
    fn a_link_does_not_lead_a_report_into_a_log_or_a_database() {
        let dir = tempfile::tempdir().unwrap();
        let at = |name: &str| dir.path().join(name);
        fs::create_dir(at("events")).unwrap();
        fs::write(at("events.json"), "[]").unwrap();
        fs::write(at("events.db"), "SQLite format 3\0").unwrap();
        for (target, link) in [("events", "shelf"), ("events.json", "log.html"), ("events.db", "store.html")]
        {
            std::os::unix::fs::symlink(target, at(link)).unwrap();
        }
        let folder = at("events");
        let reserved = ReservedPlaces { logs: vec![&folder], ..ReservedPlaces::default() };
        assert!(refusal(&at("shelf/report.html"), &reserved).contains("is read as a log"));
        assert!(refusal(&at("log.html"), &reserved).contains("is no report"));
        assert!(refusal(&at("store.html"), &reserved).contains("a database"));
        assert_eq!(fs::read_to_string(at("events.json")).unwrap(), "[]");
    }
}
