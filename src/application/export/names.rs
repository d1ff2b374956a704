//! What the files of an export are called.
//!
//! A log keeps its name, without `.gz` or `.zst`. Names that differ in case or in Unicode form alone
//! count as the same: a file system may take them for one. Logs of the same name get as many of the folders
//! that they lay in as tell them apart: `north/events.json` and `south/events.json`. Where folders do
//! not tell them apart either (`a.jsonl` beside `a.jsonl.gz`), each gets one of its number in the
//! store: `source-3/a.jsonl`. Live events lie beside the logs, or, where they would take a name of
//! theirs, in the folder `live`.

use std::collections::{BTreeMap, BTreeSet};
use std::ffi::{OsStr, OsString};
use std::path::{Component, Path, PathBuf};

use super::name_key::path_key;
use super::ports::StoredLog;
use crate::domain::path_text::path_of;

/// The names, relative to the folder of the export.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Names {
    /// Of each log, in their order.
    pub logs: Vec<PathBuf>,
    /// Of each file of live events, in their order.
    pub live: Vec<PathBuf>,
}

pub(super) fn choose(logs: &[StoredLog], live: &[String]) -> Names {
    let logs = names_of_logs(logs);
    let taken = Taken::by(&logs);
    let in_the_way = |folder: &Path| live.iter().any(|name| taken.meets(&folder.join(name)));
    let folder = if in_the_way(Path::new("")) { first_free("live", in_the_way) } else { PathBuf::new() };
    let live = live.iter().map(|name| folder.join(name)).collect();
    Names { logs, live }
}

fn names_of_logs(logs: &[StoredLog]) -> Vec<PathBuf> {
    let parts: Vec<Vec<OsString>> = logs.iter().map(parts).collect();
    let mut names: Vec<Option<PathBuf>> = vec![None; logs.len()];
    let deepest = parts.iter().map(Vec::len).max().unwrap_or(0);
    for depth in 1..=deepest {
        let mut same: BTreeMap<PathBuf, Vec<(usize, PathBuf)>> = BTreeMap::new();
        for (log, parts) in parts.iter().enumerate().filter(|(log, _)| names[*log].is_none()) {
            let last: PathBuf = parts[parts.len().saturating_sub(depth)..].iter().collect();
            same.entry(path_key(&last)).or_default().push((log, last));
        }
        for mut of_one_key in same.into_values().filter(|logs| logs.len() == 1) {
            if let Some((log, name)) = of_one_key.pop() {
                names[log] = Some(name);
            }
        }
    }
    let taken = Taken::by(names.iter().flatten());
    let numbered = |log: usize| {
        let name = parts[log].last().map_or(OsStr::new("log"), OsString::as_os_str);
        let is_taken = |folder: &Path| taken.is_file(folder) || taken.is_folder(folder);
        first_free(&format!("source-{}", logs[log].source_id), is_taken).join(name)
    };
    names
        .into_iter()
        .enumerate()
        .map(|(log, name)| name.filter(|name| !taken.is_folder(name)).unwrap_or_else(|| numbered(log)))
        .collect()
}

/// Names that were given, by their keys: on some file systems, names of one key are one file.
#[derive(Default)]
struct Taken {
    files: BTreeSet<PathBuf>,
    folders: BTreeSet<PathBuf>,
}

impl Taken {
    fn by<'n>(names: impl IntoIterator<Item = &'n PathBuf>) -> Self {
        let mut taken = Self::default();
        for key in names.into_iter().map(|name| path_key(name)) {
            taken.folders.extend(key.ancestors().skip(1).map(Path::to_owned));
            taken.files.insert(key);
        }
        taken
    }

    fn is_file(&self, name: &Path) -> bool {
        self.files.contains(&path_key(name))
    }

    fn is_folder(&self, name: &Path) -> bool {
        self.folders.contains(&path_key(name))
    }

    /// Whether `name` cannot be a file beside them: one of them is that file, lies below it, or stands where
    /// a folder of it has to be.
    fn meets(&self, name: &Path) -> bool {
        let key = path_key(name);
        self.folders.contains(&key) || key.ancestors().any(|part| self.files.contains(part))
    }
}

/// `name`, or, where that is taken, with the first number after it that is not.
fn first_free(name: &str, taken: impl Fn(&Path) -> bool) -> PathBuf {
    let mut folder = PathBuf::from(name);
    let mut number = 1;
    while taken(&folder) {
        number += 1;
        folder = PathBuf::from(format!("{name}-{number}"));
    }
    folder
}

/// The folders that a log lay in, and its name.
fn parts(log: &StoredLog) -> Vec<OsString> {
    path_of(decompressed_path(log))
        .components()
        .filter_map(|component| match component {
            Component::Normal(part) => Some(part.to_owned()),
            _ => None,
        })
        .collect()
}

/// Where a log was, without the ending of a compressed file: the place that it was rotated from.
pub(super) fn decompressed_path(log: &StoredLog) -> &str {
    let plain = log.compression.as_ref().and_then(|_| {
        let plain = log.path.strip_suffix(".gz").or_else(|| log.path.strip_suffix(".zst"))?;
        (!plain.is_empty() && !plain.ends_with('/')).then_some(plain)
    });
    plain.unwrap_or(&log.path)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::path_text::text_of;

    fn logs(paths: &[&str]) -> Vec<StoredLog> {
        let log = |(number, path): (i64, &&str)| StoredLog {
            source_id: number,
            path: (*path).to_owned(),
            compression: path.ends_with(".gz").then(|| "gzip".to_owned()),
            separator: Vec::new(),
            records: 0,
            out_of_range: 0,
            kept_nowhere: None,
            content: None,
        };
        (1..).zip(paths).map(log).collect()
    }

    fn names(paths: &[&str], live: &[&str]) -> (Vec<String>, Vec<String>) {
        let live: Vec<String> = live.iter().map(|name| (*name).to_owned()).collect();
        let Names { logs, live } = choose(&logs(paths), &live);
        let texts = |names: Vec<PathBuf>| names.iter().map(|name| text_of(name)).collect();
        (texts(logs), texts(live))
    }

    #[test]
    fn a_log_keeps_its_name_unless_another_has_it() {
        for (paths, expected) in [
            (&["/d/events.json", "/d/events/a.jsonl"][..], &["events.json", "a.jsonl"][..]),
            (&["/d/a.jsonl.gz", "/d/b.zst"], &["a.jsonl", "b.zst"]),
            (&["/d/.gz", "/d/c/.jsonl.gz"], &[".gz", ".jsonl"]),
            (&["/d/x/a.json", "/d/y/a.json", "/d/b.json"], &["x/a.json", "y/a.json", "b.json"]),
            (&["/x/d/a.json", "/y/d/a.json", "/a.json"], &["x/d/a.json", "y/d/a.json", "a.json"]),
            (&["/d/a.jsonl", "/d/a.jsonl.gz"], &["source-1/a.jsonl", "source-2/a.jsonl"]),
            (&["/d/x", "/e/x/a", "/e/y/a"], &["source-1/x", "x/a", "y/a"]),
            (
                &["/d/x", "/e/x/a", "/e/y/a", "/source-1/b", "/e/b"],
                &["source-1-2/x", "x/a", "y/a", "source-1/b", "e/b"],
            ),
            (&["/../..", ""], &["source-1/log", "source-2/log"]),
            // Names that are not UTF-8 are kept, and told apart.
            #[cfg(unix)]
            (&["/d/x\\xFF.jsonl", "/d/x\\xFE.jsonl"], &["x\\xFF.jsonl", "x\\xFE.jsonl"]),
            // As case-insensitive and normalizing file systems see names.
            (&["/d/A.jsonl", "/d/a.jsonl"], &["source-1/A.jsonl", "source-2/a.jsonl"]),
            (&["/x/A.json", "/y/a.json"], &["x/A.json", "y/a.json"]),
            (&["/X/a.json", "/x/A.json", "/x/b"], &["source-1/a.json", "source-2/A.json", "b"]),
            (&["/d/\u{e4}.json", "/e/a\u{308}.json"], &["d/\u{e4}.json", "e/a\u{308}.json"]),
            (&["/d/X", "/e/x/a", "/e/y/A"], &["source-1/X", "x/a", "y/A"]),
            (
                &["/d/X", "/e/x/a", "/e/y/a", "/SOURCE-1/b", "/e/b"],
                &["source-1-2/X", "x/a", "y/a", "SOURCE-1/b", "e/b"],
            ),
        ] {
            assert_eq!(names(paths, &[]).0, expected, "{paths:?}");
        }
    }

    #[test]
    fn live_events_lie_beside_the_logs_unless_they_would_take_a_name_of_theirs() {
        let live = ["events-2025-10-20.jsonl", "events-2025-10-21.jsonl"];
        assert_eq!(names(&["/d/events.json"], &live).1, live);
        for (paths, folder) in [
            (&["/d/events-2025-10-21.jsonl"][..], "live"),
            (&["/d/events-2025-10-21.jsonl", "/d/live"], "live-2"),
            (&["/d/events-2025-10-21.jsonl/a", "/e/b/a"], "live"),
            (&["/d/EVENTS-2025-10-21.jsonl"], "live"),
            (&["/d/Events-2025-10-21.jsonl", "/d/LIVE"], "live-2"),
        ] {
            let expected = live.map(|name| format!("{folder}/{name}"));
            assert_eq!(names(paths, &live).1, expected, "{paths:?}");
        }
    }
}
