//! An event that was imported is told from one that a running system saved, whichever way it is asked for.

use mission_events::internals::domain::repository::{EventOrigin, EventRepository};
use mission_events::internals::infrastructure::sqlite::SqliteEventRepository;

use super::DATABASE;
use crate::support::cli::{cli, write};
use crate::support::test_dir::TestDir;
use crate::support::{Question, event, everything, ids, utc};

#[test]
fn what_was_imported_is_of_a_log_and_what_was_saved_is_not() {
    let dir = TestDir::new();
    let store = || SqliteEventRepository::open(dir.join(DATABASE), utc()).unwrap();
    store().save_event(&event("live").about("T1").build()).unwrap();
    let twin = event("live").about("T1").text();
    let imported = event("imported").about("T1").at("2025-10-25T11:00:00Z").text();
    write(&dir, "new.jsonl", format!("{twin}\n{imported}\n"));
    let legacy = r#"[{"type": "TaskDeleted", "task_id": "T1", "timestamp": "2025-10-20T10:00:00"}]"#;
    write(&dir, "legacy.json", legacy);
    for log in ["new.jsonl", "legacy.json"] {
        let run = cli(&dir).run(&format!("import-legacy {log} --into {DATABASE}"));
        assert_eq!(run.code, 0, "{}", run.stderr);
    }
    store().save_each(&[event("after").about("T1").build()]).remove(0).unwrap();

    let store = store();
    let all = everything(&store);
    assert_eq!(all.len(), 4);
    for question in [Question::about("T1"), Question::recent(), Question::stream("", None)] {
        for stored in question.ask(&store, 10).unwrap() {
            let is_live = ["live", "after"].contains(&stored.event.event_id().as_str());
            let expected = if is_live { EventOrigin::Saved } else { EventOrigin::Imported };
            assert_eq!(stored.origin, expected, "{question:?}: {:?}", ids(std::slice::from_ref(&stored)));
        }
    }
}
