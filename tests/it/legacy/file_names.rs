//! Names of files that are no UTF-8: each stands for itself, from the watcher to the log of handlers.

use std::ffi::OsStr;
use std::fs;
use std::os::unix::ffi::OsStrExt;
use std::path::Path;

use serde_json::json;

use super::{add, briefings, defined};
use crate::support::cli;
use crate::support::until;

fn name(bytes: &[u8]) -> &Path {
    Path::new(OsStr::from_bytes(bytes))
}

#[test]
fn names_that_are_no_utf_8_are_handled_each_for_itself_and_spelled_as_python_spells_them() {
    let dir = defined(&[]);
    let mut definition = briefings();
    definition["source"]["path"] = json!("data/PATH");
    definition["rate_limit"]["batch_window_seconds"] = json!(1);
    let text = definition.to_string().replace("PATH", "h\\udcf4f");
    cli(&dir).run_with(["legacy", "definitions", "add", &text]).result();
    let mut dashboard = definition.clone();
    (dashboard["id"], dashboard["handler"]) = (json!("dashboard"), json!("handlers.update_dashboard.run"));
    dashboard["source"]["path"] = json!("data/briefings");
    add(&dir, &dashboard);
    let shown = cli(&dir).run("legacy definitions show file_changed_briefings").result();
    assert!(shown.contains(r#""path": "data/h\udcf4f""#), "{shown}");
    let file = fs::read_to_string(dir.join("data/events/event_definitions.json")).unwrap();
    assert!(file.contains(r#""path": "data/h\udcf4f""#), "{file}");

    let folder = dir.path().join("data").join(name(b"h\xf4f"));
    fs::create_dir(&folder).unwrap();
    let running = cli(&dir).start("-q legacy watch --format json");
    let log = || fs::read_to_string(dir.join("data/legacy/handlers.jsonl")).unwrap_or_default();
    until("it watches", || {
        // Each attempt writes the file anew, until one is noticed.
        fs::write(folder.join("first.md"), log()).unwrap();
        std::thread::sleep(std::time::Duration::from_millis(100));
        log().contains("first.md")
    });
    // Both are `caf\u{fffd}.md` where what is no text is replaced.
    fs::write(folder.join(name(b"caf\xe9.md")), "one\n").unwrap();
    fs::write(folder.join(name(b"caf\xe8.md")), "one\ntwo\n").unwrap();
    fs::write(dir.path().join("data/briefings").join(name(b"\xff.md")), "").unwrap();
    until("both are handled, and the dashboard", || {
        log().contains(r"data/h\udcf4f/caf\udce9.md, 1 line")
            && log().contains(r"data/h\udcf4f/caf\udce8.md, 2 lines")
            && log().contains("Dashboard updated: 1 definition")
    });
    running.signal("TERM");
    assert_eq!(running.end().code, 0);
    let dashboard = fs::read_to_string(dir.join("data/legacy/dashboard.json")).unwrap();
    assert!(dashboard.contains(r#""path": "data/briefings/\udcff.md""#), "{dashboard}");
    for line in ["legacy queue --status done --format json", "legacy queue --status done --format jsonl"] {
        let queue = cli(&dir).run(line).result();
        assert!(queue.is_ascii() && queue.contains(r"data/h\udcf4f/caf\udce9.md"), "{queue}");
        assert!(
            queue.contains(r"data/h\udcf4f/caf\udce8.md") && queue.contains(r"data/briefings/\udcff.md"),
            "{queue}"
        );
    }
}
