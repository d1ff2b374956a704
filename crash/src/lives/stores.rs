//! Stores that are brought to the newest schema, repaired, and handled anew.

use std::io::Read;

use anyhow::{Result, ensure};
use ruzstd::decoding::StreamingDecoder;
use serde_json::Value;

use super::{NEW, SQLITE, STORE, as_value, has_no_gap, is_part_of, nothing, same, write};
use crate::inputs::{as_lines, task_events};
use crate::life::{Cut, Life};
use crate::site::Site;

pub fn lives() -> Vec<Life> {
    let life = |name, about, prepare, arguments, input, look, check| Life {
        name,
        about,
        environment: &[NEW, SQLITE],
        prepare,
        arguments,
        input,
        code: 0,
        look,
        check,
    };
    vec![
        life(
            "migration",
            "the first event into a store of an earlier schema",
            earlier_schema,
            &["-q", "dispatch", "-"],
            || as_lines(&task_events(100, 1)),
            in_newest_schema,
            migrated,
        ),
        life("repair", "missing events that are added", repairable, REPAIR, nothing, events, repaired),
        life("replay", "a read model that is made anew", handled, REPLAY, nothing, read_models, replayed),
    ]
}

const REPAIR: &[&str] = &["-q", "repair", "logs/events.jsonl", STORE, "--apply"];
/// The events are about so many tasks.
const TASKS: usize = 7;
const REPLAY: &[&str] = &["-q", "handlers", "replay", "task_state"];

fn events(site: &Site) -> Result<Value> {
    Ok(as_value(&site.events(STORE)?))
}

/// A store that the second version of the schema made.
fn earlier_schema(site: &Site) -> Result<()> {
    let packed = include_bytes!("../../../tests/it/fixtures/store-v2.db.zst");
    let mut store = Vec::new();
    StreamingDecoder::new(packed.as_slice())?.read_to_end(&mut store)?;
    write(site, STORE, &store)
}

/// A store of an earlier schema is not read: of a copy of it, an import of nothing makes the newest.
fn in_newest_schema(site: &Site) -> Result<Value> {
    write(site, "nothing.jsonl", b"")?;
    std::fs::copy(site.path(STORE), site.path("copy.db"))?;
    site.expect(&[0], &["-q", "import-legacy", "nothing.jsonl", "--into", "copy.db"], b"")?;
    Ok(as_value(&site.events("copy.db")?))
}

/// Nothing of the earlier schema is lost, and what was acknowledged is there.
fn migrated(site: &Site, cut: &Cut) -> Result<()> {
    if !cut.answers.is_empty() && cut.answers.ends_with(b"\n") {
        same(&events(site)?, &cut.reference.after, "the acknowledged event is lost")?;
    }
    site.expect(&[0], &["-q", "dispatch", "-"], &as_lines(&task_events(100, 1)))?;
    let stored = site.events(STORE)?;
    let events = as_value(&stored);
    same(&events, &cut.reference.after, "the event that was dispatched again gives another store")?;
    is_part_of(&cut.reference.before, &events, "an event of the earlier schema is lost")?;
    has_no_gap(&stored)
}

fn repairable(site: &Site) -> Result<()> {
    let all = task_events(0, 40);
    write(site, "logs/events.jsonl", &as_lines(&all))?;
    let some: Vec<String> =
        all.iter().enumerate().filter(|(index, _)| index % 8 != 7).map(|(_, event)| event.clone()).collect();
    site.expect(&[0], &["-q", "dispatch", "-"], &as_lines(&some))?;
    Ok(())
}

fn repaired(site: &Site, cut: &Cut) -> Result<()> {
    let left = events(site)?;
    ensure!(
        left == cut.reference.before || left == cut.reference.after,
        "a part of the missing events is added: {left}"
    );
    if cut.ended {
        same(&left, &cut.reference.after, "the repair had ended, and its events are not stored")?;
    }
    site.expect(&[0], REPAIR, b"")?;
    same(&events(site)?, &cut.reference.after, "the repair that was run again gives another store")
}

fn handled(site: &Site) -> Result<()> {
    site.expect(&[0], &["-q", "dispatch", "-"], &as_lines(&task_events(0, 40)))?;
    Ok(())
}

fn read_models(site: &Site) -> Result<Value> {
    Ok(Value::Array((0..TASKS).map(|task| read_model(site, task)).collect::<Result<_>>()?))
}

fn read_model(site: &Site, task: usize) -> Result<Value> {
    let show = ["-q", "--format", "json", "tasks", "show", &format!("T{task}")];
    let ended = site.expect(&[0, 1], &show, b"")?;
    Ok(serde_json::from_slice(&ended.stdout).unwrap_or(Value::Null))
}

fn replayed(site: &Site, cut: &Cut) -> Result<()> {
    site.expect(&[0], &["-q", "handlers", "run"], b"")?;
    let task = cut.chance as usize % TASKS;
    ensure!(read_model(site, task)? == cut.reference.before[task], "the read model of T{task} is another");
    if cut.chance.is_multiple_of(4) {
        ensure!(events(site)?.as_array().map_or(0, Vec::len) == 40, "events are lost");
    }
    Ok(())
}
