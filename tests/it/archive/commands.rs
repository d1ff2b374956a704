//! What the command answers.

use std::fs;

use super::{ARCHIVE, folder, names, of_day, open, quiet, write_days};
use crate::support::cli::{cli, write};
use crate::support::everything;
use crate::support::test_dir::TestDir;
use mission_events::EventRepository;

#[test]
fn the_days_before_the_date_are_archived_and_told() {
    let dir = TestDir::new();
    let before = write_days(&dir, 24..27, 200);
    let report = quiet(&dir).run("--format json archive --before 2025-10-26").json();
    assert_eq!(
        names(&dir),
        [
            "archive/events-2025-10-24.jsonl.zst",
            "archive/events-2025-10-25.jsonl.zst",
            "events-2025-10-26.jsonl"
        ]
    );
    let archived = fs::metadata(dir.join("data/events/archive/events-2025-10-24.jsonl.zst")).unwrap().len();
    let day = &report["days"][0];
    assert_eq!((day["day"].as_str(), day["bytes_after"].as_u64()), (Some("2025-10-24"), Some(archived)));
    assert_eq!(day["path"], "data/events/archive/events-2025-10-24.jsonl.zst");
    assert_eq!(day["files"][0], "data/events/events-2025-10-24.jsonl");
    assert!(day["torn"].as_array().unwrap().is_empty() && report["left"].as_array().unwrap().is_empty());
    assert!(day["bytes_before"].as_u64().unwrap() > 3 * archived, "{report}");
    assert_eq!(report["bytes_before"].as_u64(), Some(2 * day["bytes_before"].as_u64().unwrap()));
    assert_eq!((report["level"].as_i64(), report["before"].as_str()), (Some(9), Some("2025-10-26")));
    assert_eq!(
        (report["dry_run"].as_bool(), report["store"]["path"].as_str()),
        (Some(false), Some("data/events"))
    );
    assert_eq!(everything(&open(&dir)), before);
    let again = quiet(&dir).run("archive --before 2025-10-26").result();
    assert!(again.starts_with("no day before 2025-10-26 is to be archived in data/events ("), "{again}");
}

#[test]
fn a_dry_run_shows_the_days_and_changes_nothing() {
    let dir = TestDir::new();
    write_days(&dir, 24..26, 2);
    let before = names(&dir);
    let report = quiet(&dir).run(&format!("--format json {ARCHIVE} --dry-run")).json();
    assert_eq!(report["days"].as_array().unwrap().len(), 2);
    assert!(report["bytes_after"].is_null() && report["days"][1]["bytes_after"].is_null(), "{report}");
    let shown = quiet(&dir).run(&format!("{ARCHIVE} --dry-run")).result();
    assert!(shown.contains("2 days before 2025-11-01 would be archived in data/events: "), "{shown}");
    assert_eq!(names(&dir), before);
    assert!(!folder(&dir).join("archive").exists());
}

#[test]
fn a_day_that_is_not_over_is_not_archived() {
    let dir = TestDir::new();
    let today = chrono::Utc::now().date_naive();
    let day = mission_events::DomainEvent::from_json(
        &format!(r#"{{"event_id": "e", "event_type": "A", "timestamp": "{today}T00:00:00+00:00"}}"#),
        &crate::support::utc(),
    );
    open(&dir).save_event(&day.unwrap()).unwrap();
    let tomorrow = today.succ_opt().unwrap();
    for later in [tomorrow, tomorrow.succ_opt().unwrap()] {
        let run = quiet(&dir).run(&format!("archive --before {later}"));
        run.code_is(2, "events of a day that is not over are still to come");
    }
    let run = quiet(&dir).run(&format!("archive --before {today}")).result();
    assert!(run.contains("no day before"), "{run}");
    assert_eq!(names(&dir), [format!("events-{today}.jsonl")]);
    quiet(&dir).run("archive --before 2025-13-01").code_is(2, "--before");
}

#[test]
fn the_day_is_that_of_the_zone() {
    let dir = TestDir::new();
    let run = cli(&dir).env("MISSION_CONTROL_TIMEZONE", "Pacific/Kiritimati");
    let here = chrono::Utc::now().checked_add_signed(chrono::TimeDelta::hours(14)).unwrap().date_naive();
    write_days(&dir, 24..25, 1);
    run.run(&format!("archive --before {here}")).result();
    let run = cli(&dir).env("MISSION_CONTROL_TIMEZONE", "Pacific/Pago_Pago");
    let later = (chrono::Utc::now() - chrono::TimeDelta::hours(11)).date_naive().succ_opt().unwrap();
    run.run(&format!("archive --before {later}")).code_is(2, "in Pacific/Pago_Pago");
}

#[test]
fn another_folder_can_be_named_and_a_database_is_none() {
    let dir = TestDir::new();
    write_days(&dir, 24..25, 1);
    fs::rename(folder(&dir), dir.join("other")).unwrap();
    quiet(&dir).run(ARCHIVE).code_is(4, "there is no store at data/events");
    let sqlite = quiet(&dir).env("MISSION_CONTROL_STORAGE_BACKEND", "sqlite");
    sqlite.run(&format!("--store other {ARCHIVE}")).result();
    assert!(dir.join("other/archive/events-2025-10-24.jsonl.zst").exists());
    write(&dir, "events.db", "");
    quiet(&dir).run(&format!("--store events.db {ARCHIVE}")).code_is(2, "--store names a database");
}

#[test]
fn a_torn_last_line_is_told_and_a_link_is_left_alone() {
    let dir = TestDir::new();
    write_days(&dir, 24..26, 1);
    let torn = dir.join("data/events/events-2025-10-24.jsonl");
    fs::write(&torn, fs::read_to_string(&torn).unwrap() + "{\"torn").unwrap();
    let run = quiet(&dir).run(&format!("--format json {ARCHIVE}"));
    assert!(
        run.stderr.contains("warning: 2025-10-24: the last line was torn, and is no event"),
        "{}",
        run.stderr
    );
    let report: serde_json::Value = serde_json::from_str(&run.stdout).unwrap();
    assert_eq!(run.code, 0);
    let copy = report["days"][0]["torn"][0].as_str().unwrap();
    assert_eq!(fs::read_to_string(dir.join(copy)).unwrap(), "{\"torn");

    open(&dir).save_event(&of_day("late", 25, 1)).unwrap();
    #[cfg(unix)]
    {
        let live = dir.join("data/events/events-2025-10-25.jsonl");
        fs::rename(&live, dir.join("elsewhere")).unwrap();
        std::os::unix::fs::symlink(dir.join("elsewhere"), &live).unwrap();
        let run = quiet(&dir).run(ARCHIVE);
        assert_eq!((run.code, run.stderr.as_str()), (1, ""));
        assert!(run.stdout.starts_with("left as it is: 2025-10-25: "), "{}", run.stdout);
        assert_eq!(everything(&open(&dir)).len(), 3);
    }
}

#[test]
fn days_that_were_moved_by_hand_as_in_the_guide_are_read_and_compressed() {
    let dir = TestDir::new();
    let before = write_days(&dir, 1..4, 3);
    let guide = "mkdir -p data/events/archive\nmv data/events/events-2025-10-*.jsonl data/events/archive/\n";
    let script = std::process::Command::new("sh").args(["-ec", guide]).current_dir(dir.path()).status();
    assert!(script.unwrap().success());
    assert_eq!(everything(&open(&dir)), before);
    let listed = quiet(&dir).run("--format jsonl events recent").result();
    assert_eq!(listed.lines().count(), 9);
    quiet(&dir).run(ARCHIVE).result();
    assert_eq!(names(&dir), [1, 2, 3].map(|day| format!("archive/events-2025-10-0{day}.jsonl.zst")));
    assert_eq!(quiet(&dir).run("--format jsonl events recent").result(), listed);
}
