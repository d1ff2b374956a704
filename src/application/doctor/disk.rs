//! Files and the disks that they are on.

use super::{Check, Finding};

/// A write-ahead log is long from here on, in bytes: it is cut to this length after a checkpoint.
const LONG_LOG: u64 = 64 << 20;
/// Less room than this is little, in bytes.
const LITTLE_ROOM: u64 = 1 << 30;

/// The write-ahead log of a database, with its length in bytes.
pub fn write_ahead_log(database: &str, bytes: u64) -> Vec<Finding> {
    if bytes <= LONG_LOG {
        return Vec::new();
    }
    let detail = format!(
        "its write-ahead log has {bytes} bytes, over {LONG_LOG}: a reader keeps it from being folded in, or a writer was killed"
    );
    let remedy = "end programs that read it for long; the last one that closes it folds the log in";
    vec![Finding::new(Check::WriteAheadLogs, database, detail, remedy)]
}

/// How many bytes may still be written into a folder.
pub fn room(folder: &str, available: u64) -> Vec<Finding> {
    if available >= LITTLE_ROOM {
        return Vec::new();
    }
    let detail = format!(
        "{available} bytes are left on its disk, less than {LITTLE_ROOM}: events are refused where it is full"
    );
    let remedy = "make room; `archive --before DATE` compresses old days";
    vec![Finding::new(Check::DiskSpace, folder, detail, remedy)]
}

/// A file with that many names.
pub fn hard_links(file: &str, names: u64) -> Vec<Finding> {
    if names <= 1 {
        return Vec::new();
    }
    let detail = format!(
        "it has {names} names (hard links), and each has locks and side files of its own: what is written through one can be lost to another"
    );
    let remedy = format!("`find -samefile {file}` lists them: remove the others, or use a copy");
    vec![Finding::new(Check::HardLinks, file, detail, remedy)]
}

/// The end of a file of lines, from a byte on, that is no whole line.
pub fn torn_tail(file: &str, offset: u64, bytes: u64) -> Finding {
    let detail = format!(
        "its last {bytes} bytes, from byte {offset} on, are no whole line: a process was killed, or the power was cut, while it wrote"
    );
    let remedy = "nothing to do: it was never acknowledged, and the next that is written sets it aside or leaves it as a line of its own";
    Finding::new(Check::TornTails, file, detail, remedy)
}

/// What the integrity check of SQLite says of a database, where that is not `ok`.
pub fn integrity(database: &str, complaints: &[String]) -> Vec<Finding> {
    let Some(first) = complaints.first() else { return Vec::new() };
    let detail = format!("SQLite finds it damaged in {} places, the first: {first}", complaints.len());
    let remedy =
        "stop the program, keep a copy, and restore a backup; `sqlite3 FILE .recover` saves what can be read";
    vec![Finding::new(Check::Integrity, database, detail, remedy)]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_write_ahead_log_is_long_from_64_mebibytes_on() {
        assert_eq!(write_ahead_log("events.db", 64 << 20), []);
        assert_eq!(write_ahead_log("events.db", (64 << 20) + 1).len(), 1);
    }

    #[test]
    fn a_disk_is_nearly_full_below_a_gibibyte() {
        assert_eq!(room("data", 1 << 30), []);
        assert_eq!(room("data", (1 << 30) - 1).len(), 1);
    }

    #[test]
    fn a_file_has_one_name() {
        assert_eq!(hard_links("events.json", 1), []);
        assert!(hard_links("events.json", 2)[0].remedy.contains("find -samefile events.json"));
    }

    #[test]
    fn a_database_that_sqlite_does_not_complain_about_is_whole() {
        assert_eq!(integrity("events.db", &[]), []);
        assert!(integrity("events.db", &["row 3 missing".to_owned()])[0].detail.ends_with("row 3 missing"));
    }
}
