//! Files that this program, the legacy system and SQLite keep beside stores and logs, and that are no logs: how
//! they are named.

use std::path::{Path, PathBuf};

/// What SQLite puts beside a database that is written to.
pub(super) const WRITE_AHEAD_LOG: &str = "-wal";
/// The same of a database without a write-ahead log.
pub(super) const JOURNAL: &str = "-journal";
/// What SQLite puts beside a database.
pub(super) const OF_A_DATABASE: [&str; 3] = [WRITE_AHEAD_LOG, "-shm", JOURNAL];

/// The lock of a store or of a file of evidence; those of handlers end with it, too.
pub(super) const LOCK: &str = ".lock";
/// What imports into a store wait for each other with.
pub(super) const IMPORT_LOCK: &str = ".import.lock";
/// What moves of a store keep each other away with.
pub(super) const MOVE_LOCK: &str = ".move.lock";
/// The file on which processes that write to a store wait for their turn.
pub(super) const TURN: &str = ".turn";
/// What is added to the name of that for the file by which the next turn is waited for.
pub(super) const NEXT_TURN: &str = ".next";
/// What this program puts beside a SQLite store.
pub(super) const OF_A_STORE: [&str; 5] = [LOCK, IMPORT_LOCK, MOVE_LOCK, TURN, ".turn.next"];
/// The lock of a folder of daily files.
pub(super) const LOCK_OF_A_FOLDER: &str = ".events.lock";
/// The lock of what archives days of such a folder.
pub(super) const LOCK_OF_AN_ARCHIVE: &str = ".events.archive.lock";
/// What a restoration that is not finished leaves in such a folder.
pub(super) const RESTORING_OF_A_FOLDER: &str = ".events.restoring";
/// As [`TURN`], in a folder of daily files, so that there is one by whatever path the folder is reached.
pub(super) const TURN_OF_A_FOLDER: &str = ".events.turn";

/// What an archived day is called while it is being written begins so.
pub(super) const ARCHIVING_PREFIX: &str = ".archiving-";

/// What an export is writing begins so.
pub(super) const EXPORT_PREFIX: &str = ".mission-events-";
/// How many random characters follow.
const RANDOM: usize = 6;

/// The file of that ending beside a file.
pub(super) fn with_suffix(file: &Path, suffix: &str) -> PathBuf {
    let mut name = file.as_os_str().to_owned();
    name.push(suffix);
    name.into()
}

/// The file beside which SQLite would put a file of this name, where that is a database.
pub(super) fn database_beside(path: &Path) -> Option<PathBuf> {
    let name = path.file_name()?.to_str()?;
    let database = OF_A_DATABASE.iter().find_map(|suffix| name.strip_suffix(suffix))?;
    Some(path.with_file_name(database))
}

/// Whether a file is what an export was writing that was interrupted.
pub(super) fn is_remains_of_an_export(path: &Path) -> bool {
    let name = name_of(path);
    let random = name.strip_prefix(EXPORT_PREFIX);
    random.is_some_and(|text| text.len() == RANDOM && text.bytes().all(|byte| byte.is_ascii_alphanumeric()))
}

/// Whether a file is what was being written of an archived day when that was interrupted: a copy of what is in the
/// day's own files.
pub(super) fn is_remains_of_an_archive(path: &Path) -> bool {
    let name = name_of(path);
    name.strip_prefix(ARCHIVING_PREFIX)
        .is_some_and(|name| name.starts_with("events-") && name.ends_with(".jsonl.zst"))
}

/// What was writing a file and was interrupted; what it was to become is whole without it.
pub(super) fn interrupted_writer(path: &Path) -> Option<&'static str> {
    if is_remains_of_an_export(path) {
        return Some("an export");
    }
    is_remains_of_an_archive(path).then_some("an archive")
}

/// What the records of a file of the two systems are known by that is no log.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum OwnRecords {
    /// They have this field.
    With(&'static str),
    /// They hold events, and are none.
    HoldingEvents,
}

/// What the records of a file are known by where it is, by its name, one of the two systems that is no log.
pub(super) fn own_records(path: &Path) -> Option<OwnRecords> {
    const NAMES: [(&str, OwnRecords); 5] = [
        ("event_definitions.json", OwnRecords::With("handler")),
        ("queue.jsonl", OwnRecords::With("definition_id")),
        ("handlers.jsonl", OwnRecords::With("definition_id")),
        ("evidence.jsonl", OwnRecords::With("previous")),
        ("dispatch-figures.jsonl", OwnRecords::With("histogram")),
    ];
    let name = name_of(path);
    let is_outbox = name.starts_with("outbox.jsonl")
        && path.parent().is_some_and(|folder| folder.file_name().is_some_and(|name| name == "parallel"));
    if is_outbox {
        return Some(OwnRecords::HoldingEvents);
    }
    NAMES.iter().find(|(own, _)| name.starts_with(own)).map(|(_, records)| *records)
}

/// The name of a file, lossily.
fn name_of(path: &Path) -> String {
    path.file_name().unwrap_or_default().to_string_lossy().into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_beside_a_database_leads_to_it() {
        for suffix in OF_A_DATABASE {
            let path = with_suffix(Path::new("data/handlers.db"), suffix);
            assert_eq!(database_beside(&path).as_deref(), Some(Path::new("data/handlers.db")));
        }
        assert_eq!(database_beside(Path::new("data/handlers.db")), None);
    }

    #[test]
    fn files_of_the_two_systems_are_known_by_their_names_and_places() {
        for (path, known) in [
            ("data/events/event_definitions.json", Some(OwnRecords::With("handler"))),
            ("event_definitions.json.bak", Some(OwnRecords::With("handler"))),
            ("data/legacy/queue.jsonl", Some(OwnRecords::With("definition_id"))),
            ("data/dispatch-figures.jsonl", Some(OwnRecords::With("histogram"))),
            ("data/parallel/outbox.jsonl", Some(OwnRecords::HoldingEvents)),
            ("data/outbox.jsonl", None),
            ("data/parallel/events.jsonl", None),
            ("events.json", None),
        ] {
            assert_eq!(own_records(Path::new(path)), known, "{path}");
        }
    }
}
