//! Logs that are imported, written back, archived and compared.

use anyhow::{Context, Result, ensure};
use serde_json::{Value, json};

use super::{DAYS, NEW, SQLITE, STORE, as_value, has_no_gap, is_part_of, nothing, same, write};
use crate::inputs::{as_array, as_lines, legacy_records, task_events};
use crate::life::{Cut, Life};
use crate::site::Site;

pub fn lives() -> Vec<Life> {
    let life = |name, about, prepare, arguments, code, look, check| Life {
        name,
        about,
        environment: &[NEW, SQLITE],
        prepare,
        arguments,
        input: nothing,
        code,
        look,
        check,
    };
    vec![
        life("import-new", "an import into a new store", logs, IMPORT, 1, stored, imported),
        life(
            "import-filled",
            "an import into a store that has events, of logs that have grown",
            grown_logs,
            IMPORT,
            1,
            stored,
            imported,
        ),
        life(
            "import-twins",
            "an import of the legacy log beside its native twins",
            twins,
            IMPORT,
            0,
            stored,
            imported,
        ),
        life("retry", "rejects that are tried again", rejects, RETRY, 0, stored, retried),
        life("export", "an export of all logs", exportable, EXPORT, 0, written, exported),
        life("archive", "daily files that are archived", days, ARCHIVE, 0, of_days, archived),
        life("evidence", "a comparison that is recorded", comparable, COMPARE, 0, evidence, recorded),
    ]
}

const IMPORT: &[&str] = &["-q", "import-legacy", "logs/events.json", "logs/days", "--into", STORE];
const RETRY: &[&str] = &["-q", "rejects", "retry"];
const EXPORT: &[&str] = &["-q", "export", "--to", "out"];
const ARCHIVE: &[&str] = &["-q", "--store", DAYS, "archive", "--before", "2025-10-22"];
const COMPARE: &[&str] = &["-q", "compare-logs", "--since", "all"];

/// An array, and daily files with damaged lines.
fn logs(site: &Site) -> Result<()> {
    write(site, "logs/events.json", &as_array(&legacy_records(0, 40)))?;
    let events = task_events(0, 60);
    for day in 20..23 {
        write(site, &format!("logs/days/events-2025-10-{day}.jsonl"), &damaged(&of_day(&events, day)))?;
    }
    Ok(())
}

fn of_day(events: &[String], day: usize) -> Vec<String> {
    events
        .iter()
        .filter(|event| event.contains(&format!(r#""timestamp": "2025-10-{day}"#)))
        .cloned()
        .collect()
}

fn damaged(events: &[String]) -> Vec<u8> {
    [b"{\"event_id\": \"torn\n".as_slice(), &as_lines(events)].concat()
}

fn grown_logs(site: &Site) -> Result<()> {
    logs(site)?;
    site.expect(&[1], IMPORT, b"")?;
    write(site, "logs/events.json", &as_array(&legacy_records(0, 80)))?;
    let events = task_events(0, 110);
    for day in 20..23 {
        write(site, &format!("logs/days/events-2025-10-{day}.jsonl"), &damaged(&of_day(&events, day)))?;
    }
    Ok(())
}

/// A store with live events, and the legacy records of the same moments.
fn twins(site: &Site) -> Result<()> {
    live_with_records_in(site, "logs/events.json")?;
    write(site, "logs/days/events-2025-10-19.jsonl", &as_lines(&[event_of_the_day_before()]))
}

fn live_with_records_in(site: &Site, array: &str) -> Result<()> {
    let events = task_events(0, 40);
    site.expect(&[0], &["-q", "dispatch", "-"], &as_lines(&events))?;
    let records: Vec<String> = events
        .iter()
        .map(|event| {
            let mut record: Value = serde_json::from_str(event)?;
            let fields = record.as_object_mut().context("an object")?;
            let kind = fields.remove("event_type").unwrap_or_default();
            for key in ["event_id", "aggregate_id", "metadata"] {
                fields.remove(key);
            }
            fields.insert("type".to_owned(), kind);
            Ok(record.to_string())
        })
        .collect::<Result<_>>()?;
    write(site, array, &as_array(&records))
}

fn event_of_the_day_before() -> String {
    r#"{"event_id": "before", "event_type": "TaskCreated", "timestamp": "2025-10-19T01:00:00+00:00", "aggregate_id": "T9", "task_id": "T9", "title": "x", "metadata": {}}"#.to_owned()
}

/// The events, and what was rejected.
fn stored(site: &Site) -> Result<Value> {
    if !site.path(STORE).exists() {
        return Ok(json!({"events": [], "rejects": []}));
    }
    let ended = site.expect(&[0], &["-q", "--store", STORE, "--format", "json", "rejects"], b"")?;
    let rejects: Value = serde_json::from_slice(&ended.stdout)?;
    // Not when they were rejected, and under which number.
    let kept = ["path", "line", "offset", "length", "reason", "text", "state"];
    let rejects = rejects["rejects"].as_array().context("no rejects")?.iter();
    let rejects: Vec<Value> =
        rejects.map(|reject| kept.iter().map(|&key| (key, reject[key].clone())).collect()).collect();
    Ok(json!({"events": as_value(&site.events(STORE)?), "rejects": rejects}))
}

/// What was imported is a part of the whole, and the import that is run again brings the rest.
fn imported(site: &Site, cut: &Cut) -> Result<()> {
    let left = stored(site)?;
    is_part_of(&cut.reference.before["events"], &left["events"], "an event that was there before is lost")?;
    is_part_of(
        &left["events"],
        &cut.reference.after["events"],
        "an event is stored that the whole import does not store",
    )?;
    if cut.ended {
        same(&left, &cut.reference.after, "the import had ended, and not all of it is stored")?;
    }
    site.run(IMPORT, b"").and_then(|ended| {
        ensure!([0, 1].contains(&ended.code), "the import ended with {}: {}", ended.code, ended.stderr);
        Ok(())
    })?;
    let again = stored(site)?;
    same(&again, &cut.reference.after, "the import that was run again gives another store")?;
    // What is the same has none either.
    if cut.chance == 0 {
        has_no_gap(&site.events(STORE)?)?;
    }
    if cut.chance.is_multiple_of(8) {
        logs_come_back(site, &["logs/events.json"])?;
    }
    Ok(())
}

/// The export has the bytes of the log.
fn logs_come_back(site: &Site, logs: &[&str]) -> Result<()> {
    let ended =
        site.expect(&[0, 1], &["-q", "--store", STORE, "--format", "json", "export", "--to", "back"], b"")?;
    for log in logs {
        let name = log.rsplit('/').next().unwrap_or(log);
        let written = find(&site.path("back"), name)?.with_context(|| {
            format!("{name} is not exported: {} {}", String::from_utf8_lossy(&ended.stdout), ended.stderr)
        })?;
        ensure!(
            std::fs::read(site.path(log))? == std::fs::read(written)?,
            "{log} comes back with other bytes"
        );
    }
    Ok(())
}

fn find(folder: &std::path::Path, name: &str) -> Result<Option<std::path::PathBuf>> {
    for entry in std::fs::read_dir(folder)? {
        let entry = entry?;
        if entry.file_name() == name {
            return Ok(Some(entry.path()));
        }
        if entry.file_type()?.is_dir()
            && let Some(found) = find(&entry.path(), name)?
        {
            return Ok(Some(found));
        }
    }
    Ok(None)
}

/// Records that were rejected in a zone in which their times do not exist.
fn rejects(site: &Site) -> Result<()> {
    let records: Vec<String> = (0..20)
        .map(|number| format!(r#"{{"type": "TaskCreated", "task_id": "T{number}", "timestamp": "2025-03-30T02:{number:02}:00"}}"#))
        .collect();
    write(site, "logs/r.jsonl", &as_lines(&records))?;
    let berlin = Site {
        environment: [site.environment.as_slice(), &[("MISSION_CONTROL_TIMEZONE", "Europe/Berlin")]].concat(),
        ..site.clone()
    };
    berlin.expect(&[1], &["-q", "import-legacy", "logs/r.jsonl", "--into", STORE, "--dst", "reject"], b"")?;
    Ok(())
}

fn retried(site: &Site, cut: &Cut) -> Result<()> {
    let left = stored(site)?;
    is_part_of(
        &left["events"],
        &cut.reference.after["events"],
        "an event is stored that the whole retry does not store",
    )?;
    if cut.ended {
        same(&left, &cut.reference.after, "the retry had ended, and not all of it is stored")?;
    }
    site.expect(&[0], RETRY, b"")?;
    let again = stored(site)?;
    same(
        &again["events"],
        &cut.reference.after["events"],
        "the retry that was run again gives other events",
    )?;
    if cut.chance.is_multiple_of(2) {
        logs_come_back(site, &["logs/r.jsonl"])?;
    }
    Ok(())
}

fn exportable(site: &Site) -> Result<()> {
    logs(site)?;
    site.expect(&[1], IMPORT, b"")?;
    site.expect(&[0], &["-q", "dispatch", "-"], &as_lines(&task_events(200, 20)))?;
    Ok(())
}

/// The files of the export, with their bytes.
fn written(site: &Site) -> Result<Value> {
    fn walk(folder: &std::path::Path, path: &str, files: &mut serde_json::Map<String, Value>) -> Result<()> {
        for entry in std::fs::read_dir(folder)? {
            let entry = entry?;
            let name = format!("{path}/{}", entry.file_name().to_string_lossy());
            if entry.file_type()?.is_dir() {
                walk(&entry.path(), &name, files)?;
            } else if !name.contains("/.") {
                files.insert(
                    name,
                    Value::String(String::from_utf8_lossy(&std::fs::read(entry.path())?).into_owned()),
                );
            }
        }
        Ok(())
    }
    let mut files = serde_json::Map::new();
    if site.path("out").exists() {
        walk(&site.path("out"), "", &mut files)?;
    }
    Ok(json!({"files": files, "events": as_value(&site.events(STORE)?)}))
}

/// A file of the export is there as a whole, or not at all.
fn exported(site: &Site, cut: &Cut) -> Result<()> {
    let left = written(site)?;
    ensure!(left["events"] == cut.reference.after["events"], "an export has changed the store");
    for (name, content) in left["files"].as_object().context("files")? {
        ensure!(
            Some(content) == cut.reference.after["files"].get(name),
            "{name} is there in part: {content}"
        );
    }
    if cut.ended {
        same(&left, &cut.reference.after, "the export had ended, and not all of it is there")?;
    }
    site.expect(&[0], &["-q", "export", "--to", "out", "--force"], b"")?;
    same(&written(site)?, &cut.reference.after, "the export that was run again gives other files")?;
    Ok(())
}

fn days(site: &Site) -> Result<()> {
    let events = task_events(0, 90);
    for day in 20..23 {
        write(site, &format!("{DAYS}/events-2025-10-{day}.jsonl"), &as_lines(&of_day(&events, day)))?;
    }
    Ok(())
}

fn of_days(site: &Site) -> Result<Value> {
    Ok(as_value(&site.events(DAYS)?))
}

fn archived(site: &Site, cut: &Cut) -> Result<()> {
    same(&of_days(site)?, &cut.reference.before, "an archive has changed the events")?;
    site.expect(&[0], ARCHIVE, b"")?;
    same(&of_days(site)?, &cut.reference.before, "an archive that was run again has changed the events")
}

fn comparable(site: &Site) -> Result<()> {
    live_with_records_in(site, "data/events.json")?;
    site.expect(&[0], COMPARE, b"")?;
    site.expect(&[0], COMPARE, b"")?;
    Ok(())
}

fn evidence(site: &Site) -> Result<Value> {
    let ended = site.expect(&[0], &["-q", "--format", "json", "evidence", "list"], b"")?;
    let list: Value = serde_json::from_slice(&ended.stdout)?;
    let records = list["records"].as_array().context("no records")?.iter();
    let numbers: Vec<Value> =
        records.map(|record| json!([record["sequence"], record["kind"], record["verdict"]])).collect();
    Ok(Value::Array(numbers))
}

fn recorded(site: &Site, cut: &Cut) -> Result<()> {
    let left = evidence(site)?;
    is_part_of(&cut.reference.before, &left, "a record of evidence is lost")?;
    let count = |value: &Value| value.as_array().map_or(0, Vec::len);
    if cut.ended {
        ensure!(count(&left) == count(&cut.reference.after), "the comparison had ended, and is not recorded");
    }
    site.expect(&[0], COMPARE, b"")?;
    site.expect(&[0], &["-q", "evidence", "verify"], b"")?;
    ensure!(
        count(&evidence(site)?) == count(&left) + 1,
        "the comparison after the power cut is not recorded"
    );
    Ok(())
}
