//! Backups that are made, and stores that come back from them.

use anyhow::{Context, Result, ensure};
use serde_json::{Value, json};

use super::{DAYS, NEW, SQLITE, STORE, as_value, is_part_of, nothing, same};
use crate::inputs::{as_lines, task_events};
use crate::life::{Cut, Life, copy_folder};
use crate::site::{Site, lines};

pub fn lives() -> Vec<Life> {
    let life = |name, about, environment, prepare, arguments, look, check| Life {
        name,
        about,
        environment,
        prepare,
        arguments,
        input: nothing,
        code: 0,
        look,
        check,
    };
    const TO_SQLITE: &[(&str, &str)] = &[NEW, SQLITE];
    const TO_DAYS: &[(&str, &str)] = &[NEW];
    vec![
        life(
            "backup-sqlite",
            "a backup of a SQLite store, in the place of an earlier one",
            TO_SQLITE,
            backed_up,
            BACKUP,
            kept,
            is_backed_up,
        ),
        life(
            "backup-jsonl",
            "a backup of daily files, in the place of an earlier one",
            TO_DAYS,
            backed_up,
            BACKUP,
            kept,
            is_backed_up,
        ),
        life(
            "restore-sqlite",
            "a SQLite store that comes back in the place of one that lacks events",
            TO_SQLITE,
            with_fewer_events,
            RESTORE,
            events,
            restored,
        ),
        life(
            "restore-jsonl",
            "daily files, archived or not, that come back in the place of some that lack events and are archived otherwise",
            TO_DAYS,
            with_fewer_events,
            RESTORE,
            events,
            restored,
        ),
    ]
}

const BACKUPS: &str = "backups";
const BACKUP: &[&str] = &["-q", "--format", "json", "backup", "--to", BACKUPS, "--keep", "0"];
const RESTORE: &[&str] = &["-q", "--format", "json", "restore", "--from", BACKUPS];

fn store(site: &Site) -> &'static str {
    if site.environment.contains(&SQLITE) { STORE } else { DAYS }
}

fn events(site: &Site) -> Result<Value> {
    Ok(as_value(&site.events(store(site))?))
}

fn dispatch(site: &Site, first: usize, count: usize) -> Result<()> {
    site.expect(&[0], &["-q", "dispatch", "-"], &as_lines(&task_events(first, count)))?;
    Ok(())
}

/// A store with a backup that has fewer events.
fn backed_up(site: &Site) -> Result<()> {
    dispatch(site, 0, 20)?;
    if store(site) == DAYS {
        site.expect(&[0], &["-q", "archive", "--before", "2025-10-21"], b"")?;
    }
    site.expect(&[0], BACKUP, b"")?;
    dispatch(site, 20, 20)
}

/// The names of the backups, without what is being made or removed.
fn names(site: &Site) -> Result<Vec<String>> {
    let mut names = Vec::new();
    let folder = site.path(BACKUPS);
    if folder.exists() {
        for entry in std::fs::read_dir(folder)? {
            names.push(entry?.file_name().to_string_lossy().into_owned());
        }
    }
    names.retain(|name| !name.starts_with('.'));
    names.sort();
    Ok(names)
}

/// The events of the store, and how many each backup has.
fn kept(site: &Site) -> Result<Value> {
    let mut counts = Vec::new();
    for name in names(site)? {
        let path = format!("{BACKUPS}/{name}");
        let ended = site.expect(&[0], &["-q", "--format", "json", "verify", &path], b"")?;
        let verified: Value = serde_json::from_slice(&ended.stdout)?;
        ensure!(verified["of"] == "backup", "{name} is no backup: {verified}");
        counts.push(verified["events"].clone());
    }
    Ok(json!({"events": events(site)?, "backups": counts}))
}

/// There is a backup at each moment, each is whole, and the store is what it was.
fn is_backed_up(site: &Site, cut: &Cut) -> Result<()> {
    let left = kept(site)?;
    same(&left["events"], &cut.reference.before["events"], "a backup has changed the store")?;
    let (earlier, new) = (&cut.reference.before["backups"][0], &cut.reference.after["backups"][0]);
    let backups = left["backups"].as_array().context("backups")?;
    ensure!(
        !backups.is_empty() && backups.iter().all(|events| events == earlier || events == new),
        "expected a backup of {earlier} or {new} events: {backups:?}"
    );
    let answered = lines(&one_line(cut.answers))?;
    if cut.ended || !answered.is_empty() {
        ensure!(backups.contains(new), "the backup was answered, and is not there: {backups:?}");
    }
    if cut.ended {
        same(&left, &cut.reference.after, "the backup had ended, and something else is there")?;
    }
    site.expect(&[0], BACKUP, b"")?;
    if cut.chance.is_multiple_of(2) {
        same(&kept(site)?, &cut.reference.after, "the backup that was made again is another")?;
    }
    let folder = std::fs::read_dir(site.path(BACKUPS))?.collect::<Result<Vec<_>, _>>()?;
    let is_left = |name: &std::ffi::OsStr| {
        name.to_string_lossy().starts_with(".making") || name.to_string_lossy().starts_with(".removing")
    };
    ensure!(!folder.iter().any(|entry| is_left(&entry.file_name())), "something is left of the earlier run");
    site.expect(&[0], &["-q", "evidence", "verify"], b"")?;
    Ok(())
}

/// A document of several lines is one answer, where it is whole.
fn one_line(answers: &[u8]) -> Vec<u8> {
    match serde_json::from_slice::<Value>(answers) {
        Ok(document) => format!("{document}\n").into_bytes(),
        Err(_) => Vec::new(),
    }
}

/// Archives the days before one, where the store has days.
fn archive_before(site: &Site, day: &str) -> Result<()> {
    if store(site) == DAYS {
        site.expect(&[0], &["-q", "archive", "--before", day], b"")?;
    }
    Ok(())
}

/// A store as it was before it had the events that its backup has; of its three days two are archived, and of those of the backup one.
fn with_fewer_events(site: &Site) -> Result<()> {
    dispatch(site, 0, 20)?;
    let (data, earlier) = (site.path("data"), site.path("earlier"));
    copy_folder(&data, &earlier)?;
    dispatch(site, 20, 20)?;
    archive_before(site, "2025-10-21")?;
    site.expect(&[0], BACKUP, b"")?;
    std::fs::remove_dir_all(&data)?;
    std::fs::rename(&earlier, &data)?;
    archive_before(site, "2025-10-22")
}

/// Whether a restoration was cut short between days, after which the store is refused.
fn is_unfinished(site: &Site) -> Result<bool> {
    if store(site) == STORE || !site.path(DAYS).exists() {
        return Ok(false);
    }
    let refused = site.run(&["-q", "--store", DAYS, "events", "recent"], b"")?;
    Ok(refused.code == 4 && refused.stderr.contains("was not finished"))
}

/// What was there before is there, or what was restored; and the restoration that is run again brings all of it.
fn restored(site: &Site, cut: &Cut) -> Result<()> {
    let has_ended = cut.ended || !one_line(cut.answers).is_empty();
    if is_unfinished(site)? {
        ensure!(!has_ended, "the restoration had ended, and the store is refused");
    } else {
        let left = events(site)?;
        ensure!(
            left == cut.reference.before || left == cut.reference.after,
            "the store is neither what it was nor the backup: {left}"
        );
        if has_ended {
            same(&left, &cut.reference.after, "the restoration had ended, and not all events are there")?;
        }
    }
    site.expect(&[0], RESTORE, b"")?;
    same(&events(site)?, &cut.reference.after, "the restoration that was run again gives another store")?;
    if cut.chance.is_multiple_of(4) {
        site.expect(&[0], &["-q", "verify"], b"")?;
        site.expect(&[0], &["-q", "verify", BACKUPS], b"")?;
    }
    dispatch(site, 200, 1)?;
    let after = site.events(store(site))?;
    is_part_of(&cut.reference.after, &as_value(&after), "the next event has taken others away")?;
    ensure!(
        Some(after.len()) == cut.reference.after.as_array().map(|events| events.len() + 1),
        "the event after the restoration is not stored"
    );
    Ok(())
}
