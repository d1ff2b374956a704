//! Events that are dispatched: one by one, in groups, to either store, to the legacy log, and to both.

use std::collections::HashMap;

use anyhow::{Context, Result, ensure};
use serde_json::Value;

use super::{DAYS, NEW, SQLITE, STORE, as_value, has_no_gap, is_part_of, write};
use crate::inputs::{as_array, as_lines, legacy_records, task_events};
use crate::life::{Cut, Life};
use crate::site::{Event, Site, lines};

const EVENTS: usize = 24;
const LATER: &str = r#"{"event_id": "later", "event_type": "TaskCreated", "timestamp": "2025-10-22T23:59:59+00:00", "aggregate_id": "T1", "task_id": "T1", "title": "after the power cut", "priority": "P1", "status": "NOT_STARTED", "metadata": {}}"#;
const PARALLEL: (&str, &str) = ("MISSION_CONTROL_PARALLEL_RUN", "true");
const OLD: (&str, &str) = ("MISSION_CONTROL_USE_NEW_EVENT_SYSTEM", "false");

pub fn lives() -> Vec<Life> {
    let one_by_one = &["-q", "dispatch", "-", "--max-in-flight", "1"];
    let grouped = &["-q", "dispatch", "-"];
    let life = |name, about, environment, prepare, arguments, check| Life {
        name,
        about,
        environment,
        prepare,
        arguments,
        input: || as_lines(&task_events(100, EVENTS)),
        code: 0,
        look: |site| {
            Ok(as_value(&site.events(if site.environment.contains(&SQLITE) { STORE } else { DAYS })?))
        },
        check,
    };
    vec![
        life(
            "sqlite-one",
            "events one by one into a new SQLite store",
            &[NEW, SQLITE],
            fresh,
            one_by_one,
            in_sqlite,
        ),
        life(
            "sqlite-group",
            "events in groups into a SQLite store that has some",
            &[NEW, SQLITE],
            filled,
            grouped,
            in_sqlite,
        ),
        life("jsonl-one", "events one by one into new daily files", &[NEW], fresh, one_by_one, in_days),
        life(
            "jsonl-group",
            "events in groups into daily files that have some",
            &[NEW],
            filled,
            grouped,
            in_days,
        ),
        life(
            "jsonl-unwritten",
            "events in groups into daily files of which a power cut has left zeros",
            &[NEW],
            partly_written,
            grouped,
            in_days,
        ),
        life(
            "array-one",
            "events one by one into the legacy array",
            &[OLD],
            with_array,
            one_by_one,
            in_array,
        ),
        life("array-group", "events in groups into the legacy array", &[OLD], with_array, grouped, in_array),
        life(
            "parallel-legacy",
            "a parallel run with the legacy array as primary",
            &[OLD, PARALLEL, SQLITE],
            fresh,
            grouped,
            in_array_and_store,
        ),
        life(
            "parallel-new",
            "a parallel run with the SQLite store as primary",
            &[NEW, PARALLEL, SQLITE],
            fresh,
            grouped,
            in_store_and_array,
        ),
    ]
}

fn fresh(_: &Site) -> Result<()> {
    Ok(())
}

/// Some events are there: they must be there for ever.
fn filled(site: &Site) -> Result<()> {
    site.expect(&[0], &["-q", "dispatch", "-"], &as_lines(&task_events(0, 20)))?;
    Ok(())
}

/// A group of the same events was being written when the power failed, and of each day some sectors are there.
fn partly_written(site: &Site) -> Result<()> {
    const SECTOR: usize = 512;
    filled(site)?;
    for day in 20..23 {
        let path = site.path(&format!("{DAYS}/events-2025-10-{day}.jsonl"));
        let mut content = std::fs::read(&path)?;
        let synced = content.len();
        let of_day = |event: &String| event.contains(&format!(r#""timestamp": "2025-10-{day}"#));
        let events: Vec<String> = task_events(100, EVENTS).into_iter().filter(of_day).collect();
        content.extend(as_lines(&events));
        for sector in
            (synced / SECTOR..content.len().div_ceil(SECTOR)).filter(|sector| (sector + day) % 3 == 1)
        {
            let end = content.len().min((sector + 1) * SECTOR);
            content[synced.max(sector * SECTOR)..end].fill(0);
        }
        std::fs::write(path, content)?;
    }
    Ok(())
}

fn with_array(site: &Site) -> Result<()> {
    write(site, "data/events.json", &as_array(&legacy_records(0, 10)))
}

/// The ids of the events that were answered as stored.
fn acknowledged(answers: &[u8]) -> Result<Vec<(String, Option<i64>)>> {
    let mut ids = Vec::new();
    for answer in lines(answers)? {
        ensure!(answer.get("error").is_none(), "an event was refused: {answer}");
        let id = answer["event_id"].as_str().with_context(|| format!("no event_id in {answer}"))?;
        ids.push((id.to_owned(), answer["position"].as_i64()));
    }
    Ok(ids)
}

fn submitted() -> HashMap<String, String> {
    let earlier = task_events(0, 20);
    let text = |body: &String| (body[14..21].to_owned(), body.clone());
    let mut submitted: HashMap<_, _> = earlier.iter().chain(&task_events(100, EVENTS)).map(text).collect();
    submitted.insert("later".to_owned(), LATER.to_owned());
    submitted
}

/// What was acknowledged is stored once, and nothing is stored that was not submitted.
fn holds(events: &[Event], acknowledged: &[(String, Option<i64>)], with_positions: bool) -> Result<()> {
    let submitted = submitted();
    let mut seen = HashMap::new();
    for event in events {
        let body = submitted.get(&event.id).with_context(|| format!("nobody submitted {}", event.body))?;
        ensure!(*body == event.body, "another text is stored: {}", event.body);
        ensure!(seen.insert(event.id.clone(), event.position).is_none(), "{} is stored twice", event.id);
    }
    for (id, position) in acknowledged {
        let stored = seen.get(id).with_context(|| format!("the acknowledged event {id} is not stored"))?;
        if let (true, Some(position)) = (with_positions, position) {
            ensure!(stored == position, "the event {id} was acknowledged at {position}, and is at {stored}");
        }
    }
    Ok(())
}

fn in_sqlite(site: &Site, cut: &Cut) -> Result<()> {
    has_no_gap(&in_store(site, cut, STORE)?)
}

fn in_days(site: &Site, cut: &Cut) -> Result<()> {
    in_store(site, cut, DAYS).map(drop)
}

/// What the store holds after the next event.
fn in_store(site: &Site, cut: &Cut, store: &str) -> Result<Vec<Event>> {
    let acknowledged = acknowledged(cut.answers)?;
    // A reader comes first, or the next writer. A database that was being made is none, until the next writer makes it.
    if cut.chance.is_multiple_of(4) && !acknowledged.is_empty() {
        holds(&site.events(store)?, &acknowledged, store == STORE)?;
    }
    site.expect(&[0], &["-q", "dispatch", "-"], LATER.as_bytes())?;
    let events = site.events(store)?;
    holds(&events, &acknowledged, store == STORE)?;
    is_part_of(&cut.reference.before, &as_value(&events), "an event that was there before the run is lost")?;
    ensure!(events.iter().any(|event| event.id == "later"), "the event after the power cut is not stored");
    if cut.chance.is_multiple_of(16) {
        read_models_are_those_of_a_replay(site)?;
    }
    Ok(events)
}

fn read_models_are_those_of_a_replay(site: &Site) -> Result<()> {
    let stats = |site: &Site| -> Result<Value> {
        let ended = site.expect(&[0], &["-q", "--format", "json", "tasks", "stats"], b"")?;
        Ok(serde_json::from_slice(&ended.stdout)?)
    };
    site.expect(&[0], &["-q", "handlers", "run"], b"")?;
    let handled = stats(site)?;
    for handler in ["task_analytics", "task_completions", "task_state"] {
        site.expect(&[0], &["-q", "handlers", "replay", handler], b"")?;
    }
    ensure!(handled == stats(site)?, "read models are not those of a replay: {handled}");
    Ok(())
}

/// The records of the array, after the program has mended its end.
fn array(site: &Site) -> Result<Vec<Value>> {
    let bytes = std::fs::read(site.path("data/events.json"))?;
    let array: Value = serde_json::from_slice(&bytes).with_context(|| {
        format!("no array: {}", String::from_utf8_lossy(&bytes[bytes.len().saturating_sub(400)..]))
    })?;
    Ok(array.as_array().context("no array")?.clone())
}

fn in_array(site: &Site, cut: &Cut) -> Result<()> {
    in_array_after(site, cut, 10)
}

/// What was acknowledged stands in the array after so many earlier records.
fn in_array_after(site: &Site, cut: &Cut, earlier: usize) -> Result<()> {
    site.expect(&[0], &["-q", "dispatch", "-"], LATER.as_bytes())?;
    let records = array(site)?;
    let earlier: Vec<Value> =
        legacy_records(0, earlier).iter().map(|text| serde_json::from_str(text)).collect::<Result<_, _>>()?;
    ensure!(records.starts_with(&earlier), "earlier records are lost");
    let place = |value: &Value| {
        // The array has local times.
        let text = |key: &str| value[key].as_str().map(|text| text.chars().take(19).collect::<String>());
        (text("task_id"), text("timestamp"))
    };
    let mut submitted = HashMap::new();
    for event in task_events(100, EVENTS).iter().map(String::as_str).chain([LATER]) {
        let event: Value = serde_json::from_str(event)?;
        submitted.insert(place(&event), event["event_id"].as_str().unwrap_or_default().to_owned());
    }
    let mut stored = Vec::new();
    for record in &records[earlier.len()..] {
        let id = submitted
            .remove(&place(record))
            .with_context(|| format!("nobody submitted {record}, or it stands there twice"))?;
        stored.push(id);
    }
    ensure!(
        stored.last().is_some_and(|id| id == "later"),
        "the event after the power cut is not the last one"
    );
    ensure!(stored.is_sorted(), "events stand in another order than they were submitted in: {stored:?}");
    for (id, _) in acknowledged(cut.answers)? {
        ensure!(stored.contains(&id), "the acknowledged event {id} does not stand in the array");
    }
    Ok(())
}

fn in_array_and_store(site: &Site, cut: &Cut) -> Result<()> {
    in_array_after(site, cut, 0)?;
    both_sides_agree_after_a_repair(site)
}

fn in_store_and_array(site: &Site, cut: &Cut) -> Result<()> {
    in_store(site, cut, STORE)?;
    both_sides_agree(site)
}

/// Once the mirror has brought what it had to, both sides hold the same events.
fn both_sides_agree(site: &Site) -> Result<()> {
    site.expect(&[0], &["-q", "handlers", "run"], b"")?;
    let (code, report) = compared(site)?;
    ensure!(code == 0, "the sides differ: {}", report["differences"]);
    Ok(())
}

/// As [`both_sides_agree`], where the power cut may have taken lines of the outbox, which are not synced: the events are in the
/// legacy log, it is told that the store lacks them, and a repair adds them.
fn both_sides_agree_after_a_repair(site: &Site) -> Result<()> {
    let outbox = site.path("data/parallel/outbox.jsonl");
    let mirrored = site.run(&["-q", "handlers", "run"], b"")?;
    if mirrored.code != 0 {
        ensure!(
            mirrored.stderr.contains("outbox.jsonl is damaged"),
            "the mirror stands: {}",
            mirrored.stderr
        );
        std::fs::remove_file(outbox)?;
        site.expect(&[0], &["-q", "handlers", "run"], b"")?;
    }
    let (code, report) = compared(site)?;
    if code == 0 {
        ensure!(mirrored.code == 0 || report["missing"] == 0, "no event is missing, and the mirror stood");
        return Ok(());
    }
    let others = ["changed", "retyped", "misfiled", "extra"];
    ensure!(others.iter().all(|class| report[class] == 0), "the sides differ: {}", report["differences"]);
    ensure!(
        report["duplicated"]["control"] == 0 && report["duplicated"]["candidate"] == 0,
        "doubled: {}",
        report["differences"]
    );
    if report["candidate"]["events"] == 0 {
        // A repair adds to a store that has some. What was imported is history, and compared as that.
        site.expect(&[0], &["-q", "import-legacy", "data/events.json", "--into", STORE], b"")?;
        let (_, report) = compared(site)?;
        ensure!(
            report["history"]["holds"] == true && report["history"]["matched"] == report["control"]["events"],
            "the store that was imported is not the log: {}",
            report["history"]
        );
        return Ok(());
    }
    site.expect(&[0], &["-q", "repair", "--since", "all", "--apply"], b"")?;
    let (code, report) = compared(site)?;
    ensure!(code == 0, "the sides differ after a repair: {} {}", report["reasons"], report["differences"]);
    Ok(())
}

fn compared(site: &Site) -> Result<(i32, Value)> {
    let ended = site.run(&["-q", "--format", "json", "compare-logs", "--since", "all"], b"")?;
    let report = serde_json::from_slice(&ended.stdout)
        .with_context(|| format!("compare-logs ended with {}: {}", ended.code, ended.stderr))?;
    Ok((ended.code, report))
}
