//! What the files of an export are called.
//!
//! A log keeps its name, without `.gz` or `.zst`. Logs of the same name get as many of the folders
//! that they lay in as tell them apart: `north/events.json` and `south/events.json`. Where folders do
//! not tell them apart either (`a.jsonl` beside `a.jsonl.gz`), each gets one of its number in the
//! store: `source-3/a.jsonl`. Live events lie beside the logs, or, where they would take a name of
//! theirs, in the folder `live`.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Component, Path, PathBuf};

use super::ports::StoredLog;

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
    let in_the_way = |folder: &Path| {
        live.iter().any(|name| {
            let name = folder.join(name);
            logs.iter().any(|log| log.starts_with(&name) || name.starts_with(log))
        })
    };
    let folder = if in_the_way(Path::new("")) { first_free("live", in_the_way) } else { PathBuf::new() };
    let live = live.iter().map(|name| folder.join(name)).collect();
    Names { logs, live }
}

fn names_of_logs(logs: &[StoredLog]) -> Vec<PathBuf> {
    let parts: Vec<Vec<String>> = logs.iter().map(parts).collect();
    let mut names: Vec<Option<PathBuf>> = vec![None; logs.len()];
    let deepest = parts.iter().map(Vec::len).max().unwrap_or(0);
    for depth in 1..=deepest {
        let mut same: BTreeMap<PathBuf, Vec<usize>> = BTreeMap::new();
        for (log, parts) in parts.iter().enumerate().filter(|(log, _)| names[*log].is_none()) {
            let last = parts[parts.len().saturating_sub(depth)..].iter().collect();
            same.entry(last).or_default().push(log);
        }
        for (name, logs) in same {
            if let [log] = logs[..] {
                names[log] = Some(name);
            }
        }
    }
    let chosen: BTreeSet<PathBuf> = names.iter().flatten().cloned().collect();
    let is_folder = |name: &PathBuf| chosen.iter().any(|other| other != name && other.starts_with(name));
    let numbered = |log: usize| {
        let name = parts[log].last().map_or("log", String::as_str);
        let taken = |folder: &Path| chosen.iter().any(|other| other.starts_with(folder));
        first_free(&format!("source-{}", logs[log].source_id), taken).join(name)
    };
    names
        .into_iter()
        .enumerate()
        .map(|(log, name)| name.filter(|name| !is_folder(name)).unwrap_or_else(|| numbered(log)))
        .collect()
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
fn parts(log: &StoredLog) -> Vec<String> {
    let mut parts: Vec<String> = Path::new(&log.path)
        .components()
        .filter_map(|component| match component {
            Component::Normal(part) => Some(part.to_string_lossy().into_owned()),
            _ => None,
        })
        .collect();
    if log.compression.is_some()
        && let Some(name) = parts.last_mut()
        && let Some(plain) = name.strip_suffix(".gz").or_else(|| name.strip_suffix(".zst"))
        && !plain.is_empty()
    {
        *name = plain.to_owned();
    }
    parts
}

#[cfg(test)]
mod tests {
    use super::*;

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
        let texts = |names: Vec<PathBuf>| names.iter().map(|name| name.display().to_string()).collect();
        (texts(logs), texts(live))
    }

    #[test]
    fn a_log_keeps_its_name_unless_another_has_it() {
        for (paths, expected) in [
            (&["/d/events.json", "/d/events/a.jsonl"][..], &["events.json", "a.jsonl"][..]),
            (&["/d/a.jsonl.gz", "/d/b.zst"], &["a.jsonl", "b.zst"]),
            (&["/d/x/a.json", "/d/y/a.json", "/d/b.json"], &["x/a.json", "y/a.json", "b.json"]),
            (&["/x/d/a.json", "/y/d/a.json", "/a.json"], &["x/d/a.json", "y/d/a.json", "a.json"]),
            (&["/d/a.jsonl", "/d/a.jsonl.gz"], &["source-1/a.jsonl", "source-2/a.jsonl"]),
            (&["/d/x", "/e/x/a", "/e/y/a"], &["source-1/x", "x/a", "y/a"]),
            (
                &["/d/x", "/e/x/a", "/e/y/a", "/source-1/b", "/e/b"],
                &["source-1-2/x", "x/a", "y/a", "source-1/b", "e/b"],
            ),
            (&["/../..", ""], &["source-1/log", "source-2/log"]),
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
        ] {
            let expected = live.map(|name| format!("{folder}/{name}"));
            assert_eq!(names(paths, &live).1, expected, "{paths:?}");
        }
    }
}
