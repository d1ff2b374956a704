//! Files of the legacy system that are damaged, gone, or no files.

use std::fs;
use std::process::Command;

use serde_json::{Value, json};

use super::{briefings, defined, handled};
use crate::support::test_dir::TestDir;
use crate::support::until;
use crate::support::{cli, write};

const LINE: &str = r#"{"event_id":"file_changed_briefings_1760615000","definition_id":"file_changed_briefings","timestamp":"2025-10-16T13:00:00Z","type":"file_system","data":{"path":"data/briefings/.keep"},"status":"pending"}"#;

#[test]
fn a_damaged_line_of_the_queue_is_told_by_both_commands_with_exit_code_4_and_the_rest_is_handled() {
    let dir = defined(&[briefings()]);
    let damaged = LINE.replace("pending", "waiting");
    write(&dir, "data/legacy/queue.jsonl", format!("{damaged}\n{LINE}\n"));
    let told = "queue.jsonl, line 1, byte 0: `status`: expected \"pending\", \"processing\", \"done\", \"failed\" or \
                \"rate_limited\", found \"waiting\"; the line stays there, and is not handled: correct it, or take it out";
    let run = cli(&dir).run("legacy queue --format json");
    assert!(run.code == 4 && run.stderr.contains(told), "{}", run.stderr);
    let queue: Value = serde_json::from_str(&run.stdout).unwrap();
    assert_eq!((&queue["counts"]["pending"], &queue["damage"][0]["line"]), (&json!(1), &json!(1)));
    let human = cli(&dir).run("legacy queue");
    assert!(human.code == 4 && human.stdout.contains("1 pending"), "{}", human.stdout);

    let running = cli(&dir).start("legacy watch --format json");
    until("the rest is handled", || handled(&dir).len() == 1);
    running.signal("TERM");
    let run = running.end();
    assert!(run.code == 4 && run.stderr.contains(told), "{}", run.stderr);
    let watched: Value = serde_json::from_str(&run.stdout).unwrap();
    assert_eq!((&watched["handled"], &watched["damage"]), (&json!(1), &queue["damage"]));

    // Nothing is lost: corrected, it is handled.
    let text = fs::read_to_string(dir.join("data/legacy/queue.jsonl")).unwrap();
    assert!(text.starts_with(&damaged));
    write(
        &dir,
        "data/legacy/queue.jsonl",
        text.replace("waiting", "pending").replacen("1760615000", "1760615001", 1),
    );
    let running = cli(&dir).start("legacy watch --format json");
    until("it is handled", || handled(&dir).len() == 2);
    running.signal("TERM");
    assert_eq!(running.end().code, 0);
}

#[test]
fn a_part_that_is_gone_and_a_queue_that_is_gone_are_told_by_both_commands() {
    let dir = defined(&[]);
    write(&dir, "data/legacy/queue.jsonl", "{\"follows_part\":1}\n");
    let told = "data/legacy/queue.jsonl.part-1, an earlier part of the queue, is missing";
    let run = cli(&dir).run("legacy queue");
    assert!(run.code == 4 && run.stderr.contains(told), "{}", run.stderr);
    let running = cli(&dir).start("legacy watch");
    // Signals are taken before the queue is.
    until("it has the queue", || dir.join("data/legacy/queue.jsonl.lock").exists());
    running.signal("TERM");
    let run = running.end();
    assert!(run.code == 4 && run.stderr.contains(told), "{}", run.stderr);
    write(&dir, "data/legacy/queue.jsonl.part-1", "");
    cli(&dir).run("legacy queue").result();
    fs::remove_file(dir.join("data/legacy/queue.jsonl")).unwrap();
    for line in ["-q legacy queue", "-q legacy watch"] {
        cli(&dir).run(line).code_is(4, "queue.jsonl is missing, though an earlier part of it is there");
    }
    assert!(!dir.join("data/legacy/queue.jsonl").exists());
}

#[test]
fn what_is_no_file_is_refused_where_one_is_expected_and_no_command_waits_for_it() {
    type Make = fn(&TestDir, &str);
    let makers: [(&str, Make); 3] = [
        ("a named pipe", |dir, name| {
            assert!(Command::new("mkfifo").arg(dir.join(name)).status().unwrap().success());
        }),
        ("a folder", |dir, name| fs::create_dir(dir.join(name)).unwrap()),
        ("a device", |dir, name| std::os::unix::fs::symlink("/dev/null", dir.join(name)).unwrap()),
    ];
    for (found, make) in makers {
        let said = format!("expected a file there, found {found}: move it away");
        for (name, commands) in [
            ("data/legacy/queue.jsonl", &["legacy queue", "legacy watch"][..]),
            (
                "data/events/event_definitions.json",
                &["legacy definitions list", "legacy definitions remove a", "legacy watch"],
            ),
        ] {
            let dir = defined(&[]);
            write(&dir, "data/legacy/.keep", "");
            write(&dir, "data/events/.keep", "");
            make(&dir, name);
            // A link is followed.
            let name = if found == "a device" { "/dev/null" } else { name };
            for command in commands {
                let run = cli(&dir).run(&format!("-q {command}"));
                assert!(
                    run.code == 4 && run.stderr.contains(name) && run.stderr.contains(&said),
                    "{command}: {}",
                    run.stderr
                );
            }
        }
    }
}
