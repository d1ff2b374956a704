//! Processes of 16 threads that are killed in a parallel run, each way round.

use std::collections::BTreeSet;
use std::env;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;

use chrono::Utc;
use mission_events::compare::{FoundSide, ParallelRun, Settings, TempScratch, Verdict};
use mission_events::import::Mapping;
use mission_events::legacy_system::routing::MirrorOutcome;

use super::{LONG, legacy_tasks, parallel, router, stored_tasks, undecided};
use crate::support::test_dir::TestDir;
use crate::support::{event, kill_moments, killing, utc};

/// Names which side is primary, what ids begin with, and the folder of a started process.
const CHILD: &str = "MISSION_EVENTS_TEST_ROUTES";
const THREADS: u64 = 16;

/// Dispatches with 16 threads, and says what was acknowledged, until it is killed.
///
/// The tests start this program once more, for this test alone; else there is nothing to do.
#[test]
fn a_started_process_routes_events_until_it_is_killed() {
    let Ok(child) = env::var(CHILD) else { return };
    let mut words = child.splitn(3, ' ');
    let (primary, prefix) = (words.next().unwrap(), words.next().unwrap());
    let router =
        router(Path::new(words.next().unwrap()), parallel(primary == "new"), Duration::from_millis(20));
    std::thread::scope(|scope| {
        for thread in 0..THREADS {
            let router = &router;
            scope.spawn(move || {
                for number in 0.. {
                    let task = format!("{prefix}-{thread}-{number}");
                    let created = event(&format!("e-{task}")).at("2025-10-25T10:00:00Z").about(&task);
                    let routed = router.dispatch(created.with("title", "\"größer\"").build());
                    assert!(routed.unwrap().succeeded());
                    println!("stored {task}");
                }
            });
        }
    });
}

#[test]
fn after_a_kill_every_acknowledged_event_is_on_both_sides_once_and_in_the_same_order() {
    for primary in ["new", "legacy"] {
        for moment in 0..kill_moments() {
            let dir = TestDir::new();
            let mut acknowledged = killed_after(dir.path(), primary, "a", 1 + 37 * moment);
            // The next one goes on where it was, while it dispatches.
            acknowledged.extend(killed_after(dir.path(), primary, "b", 1 + 11 * moment));
            catch_up(dir.path(), primary);

            let (legacy, stored) = (legacy_tasks(dir.path()), stored_tasks(dir.path()));
            let once: BTreeSet<&String> = stored.iter().collect();
            assert_eq!(once.len(), stored.len(), "{primary} {moment}: none twice");
            assert_eq!(legacy, stored, "{primary} {moment}: in the order of the primary");
            for task in &acknowledged {
                assert!(once.contains(task), "{primary} {moment}: {task} was acknowledged");
            }
            assert_eq!(undecided(dir.path()), [], "{primary} {moment}");
            assert_consistent(dir.path());
        }
    }
}

/// An event is mirrored after all that came before it.
fn catch_up(folder: &Path, primary: &str) {
    let router = router(folder, parallel(primary == "new"), LONG);
    let last = event("e-last").at("2025-10-25T10:00:01Z").about("last").with("title", "\"x\"").build();
    assert_eq!(router.dispatch(last).unwrap().mirror, Some(MirrorOutcome::Done));
    assert!(router.shut_down(LONG));
}

fn assert_consistent(folder: &Path) {
    let run = ParallelRun {
        settings: &Settings::new(utc(), Utc::now()),
        control: &FoundSide::find(&folder.join("events.json"), Mapping::BuiltIn).unwrap(),
        candidate: &FoundSide::find(&folder.join("events.db"), Mapping::BuiltIn).unwrap(),
        new_scratch: &|| Box::new(TempScratch::default()),
    };
    assert_eq!(run.compare().unwrap().verdict, Verdict::Consistent);
}

/// Starts a process, kills it after so many acknowledgements, and gives all that it has acknowledged.
fn killed_after(folder: &Path, primary: &str, prefix: &str, acknowledgements: u64) -> Vec<String> {
    let child = Command::new(env::current_exe().unwrap())
        .args([
            "routing::killed::a_started_process_routes_events_until_it_is_killed",
            "--exact",
            "--nocapture",
        ])
        .env(CHILD, format!("{primary} {prefix} {}", folder.display()))
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    killing::killed_after(child, acknowledgements)
}
