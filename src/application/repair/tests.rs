use std::collections::BTreeMap;
use std::path::PathBuf;

use super::line::Action;
use super::*;
use crate::application::compare::feed::Scratch;
use crate::application::compare::memory_side::{MemoryScratch, MemorySide, event, settings};
use crate::application::compare::report::Verdict;
use crate::application::compare::settings::Settings;

/// A store in memory: what it has under which id, and at which position the new system has saved what.
#[derive(Default)]
struct MemoryStore {
    held: BTreeMap<String, (i64, String, HeldOrigin)>,
    saved: Vec<(i64, String)>,
    added: Vec<MissingEvent>,
}

impl RepairStore for MemoryStore {
    fn look_up(
        &mut self,
        events: &[&MissingEvent],
        compared_up_to: Position,
    ) -> Result<Vec<Disposition>, RepositoryError> {
        let decide = |event: &&MissingEvent| {
            let held = self.held.get(event.event_id.as_str()).map(|(position, body, origin)| HeldEvent {
                position: Position::new(*position),
                body,
                origin: *origin,
            });
            let aggregate = event.record.aggregate_id.as_ref().unwrap().as_str();
            let saved = self.saved.iter().find(|(at, of)| *at > compared_up_to.get() && of == aggregate);
            disposition(event, held, saved.map(|(at, _)| Position::new(*at)))
        };
        Ok(events.iter().map(decide).collect())
    }

    fn add(
        &mut self,
        events: &[&MissingEvent],
        compared_up_to: Position,
    ) -> Result<Vec<Disposition>, RepositoryError> {
        let found = self.look_up(events, compared_up_to)?;
        for (event, disposition) in events.iter().zip(&found) {
            if *disposition == Disposition::Add {
                self.added.push((*event).clone());
            }
        }
        Ok(found)
    }
}

fn repaired(
    settings: &Settings,
    control: &MemorySide,
    candidate: &MemorySide,
    store: Option<&mut MemoryStore>,
    apply: bool,
) -> RepairReport {
    repaired_beside(&Ok(0), settings, control, candidate, store, apply)
}

/// The same beside a mirror that has still so many events to bring.
fn repaired_beside(
    unmirrored: &Result<u64, String>,
    settings: &Settings,
    control: &MemorySide,
    candidate: &MemorySide,
    store: Option<&mut MemoryStore>,
    apply: bool,
) -> RepairReport {
    let new_scratch = || Box::new(MemoryScratch::default()) as Box<dyn Scratch>;
    let run = ParallelRun { settings, control, candidate, new_scratch: &new_scratch };
    let store = store.map(|store| store as &mut dyn RepairStore);
    let absolute = |path: &Path| PathBuf::from("/logs").join(path).display().to_string();
    Repair { run, store, apply, unmirrored: unmirrored.clone(), absolute: &absolute }.run().unwrap()
}

fn legacy() -> MemorySide {
    MemorySide::legacy("events.json", (0..20).map(event))
}

/// A store that lacks two events of the legacy log.
fn lacking() -> MemorySide {
    let native = (0..20).filter(|number| ![12, 15].contains(number));
    MemorySide::store("events.db", native.map(event), [].into_iter())
}

#[test]
fn a_missing_event_is_told_with_its_place_and_the_id_that_it_gets_and_a_dry_run_adds_nothing() {
    let mut store = MemoryStore::default();
    let report = repaired(&settings(), &legacy(), &lacking(), Some(&mut store), false);
    assert_eq!((report.verdict, report.add, report.left), (Verdict::Different, 2, 0));
    let line = &report.lines[0];
    assert_eq!((line.kind, line.action, line.applied), (LineKind::Difference, Action::Add, false));
    let difference = line.difference.as_ref().unwrap();
    assert_eq!(difference.aggregate_id.as_deref(), Some("T12"));
    assert_eq!(difference.control.as_ref().unwrap().path, PathBuf::from("memory"));
    assert!(line.reason.contains("did not write it") && line.remedy.is_none());
    assert!(store.added.is_empty() && !report.is_clean());
}

#[test]
fn what_is_applied_is_what_the_control_says_under_the_id_that_an_import_derives() {
    let mut store = MemoryStore::default();
    let report = repaired(&settings(), &legacy(), &lacking(), Some(&mut store), true);
    assert!(report.is_clean() && report.lines.iter().all(|line| line.applied));
    let bodies: Vec<&str> = store.added.iter().map(|event| event.record.body.as_str()).collect();
    assert_eq!(bodies, [event(12), event(15)]);
    let content = crate::wire::record::ContentIds::default().of(&event(12)).unwrap();
    assert_eq!(store.added[0].event_id, crate::domain::event::derived_event_id(content, 1));
    assert_eq!(store.added[0].path, "/logs/memory");
}

#[test]
fn of_identical_records_each_has_the_number_that_it_has_in_its_log() {
    let control = MemorySide::legacy("events.json", (0..6).chain([3, 3]).map(event));
    let native = (0..6).filter(|number| *number != 3).map(event);
    let candidate = MemorySide::store("events.db", native, [].into_iter());
    let mut store = MemoryStore::default();
    let report = repaired(&settings(), &control, &candidate, Some(&mut store), true);
    assert_eq!((report.add, report.left), (1, 2), "the others were written twice: {:?}", report.lines);
    let content = crate::wire::record::ContentIds::default().of(&event(3)).unwrap();
    let numbers = (1..=3).map(|number| crate::domain::event::derived_event_id(content, number));
    assert!(numbers.collect::<Vec<_>>().contains(&store.added[0].event_id));
}

#[test]
fn an_imported_event_is_accepted_and_what_the_store_holds_otherwise_under_the_id_is_left_with_a_reason() {
    let mut probe = MemoryStore::default();
    repaired(&settings(), &legacy(), &lacking(), Some(&mut probe), true);
    let id = probe.added[0].event_id.as_str().to_owned();
    for (body, origin, action) in [
        (event(12), HeldOrigin::Imported, Action::AcceptImported),
        (event(12), HeldOrigin::Repaired, Action::None),
        (event(12), HeldOrigin::Twin, Action::None),
        (event(12), HeldOrigin::Native, Action::None),
        (event(11), HeldOrigin::Imported, Action::None),
    ] {
        let mut store = MemoryStore::default();
        store.held.insert(id.clone(), (7, body, origin));
        let report = repaired(&settings(), &legacy(), &lacking(), Some(&mut store), true);
        let line = &report.lines[0];
        assert_eq!((line.action, line.position, line.applied), (action, Some(7), action != Action::None));
        assert_eq!(store.added.len(), 1, "the other one");
    }
}

#[test]
fn what_came_since_the_comparison_for_the_same_aggregate_is_not_added_again() {
    let mut store = MemoryStore { saved: vec![(30, "T12".to_owned())], ..MemoryStore::default() };
    let report = repaired(&settings(), &legacy(), &lacking(), Some(&mut store), true);
    assert_eq!((report.add, report.left, store.added.len()), (1, 1, 1));
    assert!(report.lines[0].reason.contains("since it was compared"), "{}", report.lines[0].reason);
}

#[test]
fn what_is_no_missing_event_is_left_with_a_reason_and_a_way_out() {
    let changed = event(4).replace("title 4", "another title").replace("\"title\"", "\"note\": 1, \"title\"");
    let native = (0..20).filter(|number| *number != 4).map(event).chain([changed, event(30), event(9)]);
    let candidate = MemorySide::store("events.db", native, [].into_iter());
    let control = MemorySide::legacy(
        "events.json",
        (0..20).map(|number| match number {
            4 => event(4).replace("\"title\"", "\"note\": 1, \"title\""),
            number => event(number),
        }),
    );
    let mut store = MemoryStore::default();
    let report = repaired(&settings(), &control, &candidate, Some(&mut store), true);
    let told: Vec<_> = report.lines.iter().map(|line| line.difference.as_ref().unwrap().class).collect();
    assert_eq!(told, [Class::Changed, Class::Duplicated, Class::Extra]);
    assert!(report.lines.iter().all(|line| line.action == Action::None && line.remedy.is_some()));
    assert!(store.added.is_empty() && report.left == 3);
}

#[test]
fn nothing_is_added_while_it_is_uncertain_what_is_missing() {
    let unread = {
        let mut side = lacking();
        side.skipped.push(("day.bz2".into(), "its compression is not supported".to_owned()));
        side
    };
    let other = MemorySide::store("events.db", (100..105).map(event), [].into_iter());
    let empty = MemorySide::store("events.db", [].into_iter(), [].into_iter());
    let hours_off = MemorySide::store(
        "events.db",
        (0..18).map(|number| {
            event(number + 3)
                .replace(&format!("T{}\"", number + 3), &format!("T{number}\""))
                .replace(&format!("title {}", number + 3), &format!("title {number}"))
        }),
        [].into_iter(),
    );
    for (candidate, reason) in [
        (unread, "day.bz2 was not read"),
        (other, "not one event agrees"),
        (empty, "the candidate holds no event"),
        (hours_off, "the clocks are more than"),
    ] {
        let all = Settings { start: crate::application::compare::settings::Start::FirstEvents, ..settings() };
        let mut store = MemoryStore::default();
        let report = repaired(&all, &legacy(), &candidate, Some(&mut store), true);
        assert!(
            report.lines.iter().any(|line| line.kind == LineKind::Obstacle && line.reason.contains(reason)),
            "{reason}: {:?}",
            report.lines.iter().map(|line| &line.reason).collect::<Vec<_>>()
        );
        assert!(store.added.is_empty() && !report.is_clean() && !report.applied, "{reason}");
    }
}

#[test]
fn a_first_event_without_a_partner_holds_everything_back_until_a_beginning_is_declared() {
    let test_event = event(2).replace("\"T2\"", "\"TEST\"").replace("title 2", "a test");
    let native = [test_event].into_iter().chain((8..20).map(event));
    let candidate = MemorySide::store("events.db", native, [].into_iter());
    let mut store = MemoryStore::default();
    let report = repaired(&settings(), &legacy(), &candidate, Some(&mut store), true);
    assert_eq!((report.lines[0].kind, store.added.len()), (LineKind::Obstacle, 0));
    assert!(report.lines[0].remedy.as_ref().unwrap().contains("--since"), "{:?}", report.lines[0]);
}

#[test]
fn nothing_is_added_while_a_mirror_is_still_to_bring_what_is_missing_or_that_is_not_known() {
    let agreeing = MemorySide::store("events.db", (0..20).map(event), [].into_iter());
    for (unmirrored, reason) in [
        (Ok(3), "has not brought everything yet: it is 3 events behind"),
        (Err("it is locked".to_owned()), "is not known: it is locked"),
    ] {
        let mut store = MemoryStore::default();
        let mut repair_of = |candidate: &MemorySide| {
            repaired_beside(&unmirrored, &settings(), &legacy(), candidate, Some(&mut store), true)
        };
        let report = repair_of(&lacking());
        assert_eq!(report.lines[0].kind, LineKind::Obstacle);
        assert!(report.lines[0].reason.contains(reason), "{}", report.lines[0].reason);
        assert!(repair_of(&agreeing).is_clean(), "nothing is missing");
        assert!(store.added.is_empty(), "{reason}");
    }
}

#[test]
fn a_candidate_that_is_no_store_is_told_and_gets_nothing() {
    let candidate = MemorySide::file("new.jsonl", (0..20).filter(|number| *number != 12).map(event));
    let report = repaired(&settings(), &legacy(), &candidate, None, true);
    let line = report.lines.iter().find(|line| line.kind == LineKind::Difference).unwrap();
    assert_eq!((line.action, line.applied), (Action::None, false));
    assert!(line.reason.contains("is no SQLite store"), "{}", line.reason);
}

#[test]
fn logs_that_agree_leave_nothing_to_repair() {
    let candidate = MemorySide::store("events.db", (0..20).map(event), [].into_iter());
    let report = repaired(&settings(), &legacy(), &candidate, Some(&mut MemoryStore::default()), false);
    assert_eq!((report.lines.len(), report.is_clean()), (0, true));
}
