//! What lies in the folder of a side and is known to be no part of it: the other side, files that the systems keep
//! beside their logs, copies, signatures, documents; and what looks like that and is not.

use std::fs;
use std::path::Path;

use mission_events::compare::{FoundSide, ParallelSide};
use mission_events::import::Mapping;

use super::{
    array, compare, consistent, different, inconclusive, jsonl, legacy_records, new_records, three_days,
};
use crate::support::cli::write;
use crate::support::test_dir::TestDir;

const RECORD: &str = r#"{"type": "A", "task_id": "T1", "timestamp": "2025-10-23T10:00:00", "title": "é"}"#;

/// The two layouts of a folder: the name of a log in it that is read.
const LOGS: [&str; 2] = ["events-2025-10-20.jsonl", "app.jsonl"];

/// A folder with a log of the new system.
fn candidate(log: &str) -> TestDir {
    let dir = TestDir::new();
    write(&dir, &format!("candidate/{log}"), jsonl(&new_records(&three_days())));
    dir
}

/// The names of what was not read of the candidate, and may hold events.
fn findings(dir: &TestDir) -> Vec<String> {
    let side = FoundSide::find(&dir.join("candidate"), Mapping::BuiltIn).unwrap();
    let name = |path: &Path| path.file_name().unwrap().to_string_lossy().into_owned();
    side.skipped().iter().map(|(path, _)| name(path)).collect()
}

#[track_caller]
fn is_left_out(log: &str, name: &str, content: impl AsRef<[u8]>) {
    let dir = candidate(log);
    write(&dir, &format!("candidate/{name}"), content.as_ref());
    assert_eq!(findings(&dir), [] as [&str; 0], "{log} {name}");
}

#[track_caller]
fn is_a_finding(log: &str, name: &str, content: impl AsRef<[u8]>) {
    let dir = candidate(log);
    write(&dir, &format!("candidate/{name}"), content.as_ref());
    assert_eq!(findings(&dir), [Path::new(name).file_name().unwrap().to_str().unwrap()], "{log} {name}");
}

#[test]
fn the_other_side_in_the_folder_of_a_side_is_read_and_no_part_of_that_side() {
    for log in LOGS {
        let dir = candidate(log);
        write(&dir, "candidate/events.json", array(&legacy_records(&three_days())));
        for other in ["candidate/events.json", "candidate/../candidate/events.json"] {
            let found = consistent(&dir, &format!("{other} candidate"), 36);
            let left_out = &found["candidate"]["left_out"][0];
            assert_eq!(left_out["path"], "candidate/events.json", "{log}");
            assert!(left_out["reason"].as_str().unwrap().ends_with("it is the other side of the comparison"));
        }
        consistent(&dir, "candidate candidate/events.json", 36);
        // Beside another file with a record that is a finding as ever.
        write(&dir, "candidate/more.txt", RECORD);
        inconclusive(
            &dir,
            "candidate/events.json candidate",
            "candidate/more.txt of the candidate was not read",
        );
    }
}

#[cfg(unix)]
#[test]
fn the_other_side_is_known_by_whatever_link_leads_to_it() {
    use std::os::unix::fs::symlink;
    for log in LOGS {
        let dir = candidate(log);
        write(&dir, "legacy/events.json", array(&legacy_records(&three_days())));
        symlink(dir.join("legacy"), dir.join("linked")).unwrap();
        symlink("../legacy/events.json", dir.join("candidate/soft.json")).unwrap();
        fs::hard_link(dir.join("legacy/events.json"), dir.join("candidate/hard.json")).unwrap();
        symlink("../legacy", dir.join("candidate/old")).unwrap();
        for other in
            ["legacy/events.json", "linked/events.json", "candidate/soft.json", "candidate/hard.json"]
        {
            consistent(&dir, &format!("{other} candidate"), 36);
        }
        fs::remove_file(dir.join("candidate/hard.json")).unwrap();
        consistent(&dir, "legacy candidate", 36);
    }
}

#[test]
fn a_folder_of_the_other_side_within_that_of_a_side_is_no_part_of_it_and_the_reverse_is() {
    let dir = TestDir::new();
    write(&dir, "data/events-2025-10-20.jsonl", jsonl(&new_records(&three_days())));
    write(&dir, "data/legacy/events-2025-10-20.jsonl", jsonl(&legacy_records(&three_days())));
    consistent(&dir, "data/legacy data", 36);
    write(&dir, "data/legacy/old.txt", RECORD);
    inconclusive(&dir, "data/legacy data", "data/legacy/old.txt of the control was not read");
}

#[test]
fn a_folder_that_holds_the_other_side_alone_holds_no_log() {
    let dir = TestDir::new();
    write(&dir, "data/events.json", array(&legacy_records(&three_days())));
    different(&dir, "data/events.json data", &[("missing", 36)]);
    assert_eq!(compare(&dir, "data/events.json data/events.json")["verdict"], "consistent");
}

#[test]
fn what_a_store_has_set_aside_of_a_record_is_no_event_whatever_is_nested_in_it() {
    for log in LOGS {
        let torn = format!(r#"{{"type": "B", "of": {RECORD}, "timesta"#);
        for name in ["events-2025-10-20.jsonl.torn-170", "events-2025-10-20.jsonl.torn-170-2"] {
            is_left_out(log, name, &torn);
            is_left_out(log, name, &RECORD[..50]);
            is_a_finding(log, name, RECORD);
            is_a_finding(log, name, format!("{torn}\n{RECORD}"));
            is_a_finding(log, name, format!("\"}}, {torn}"));
        }
        is_a_finding(log, "events-2025-10-20.jsonl.cut-170", &torn);
    }
}

#[test]
fn a_copy_of_the_same_bytes_is_left_out_whatever_they_are() {
    for log in LOGS {
        let damaged = format!("{}{}\n", jsonl(&new_records(&three_days())), &RECORD[..40]);
        let dir = candidate(log);
        write(&dir, &format!("candidate/{log}"), &damaged);
        write(&dir, &format!("candidate/{log}.bak"), &damaged);
        assert_eq!(findings(&dir), [] as [&str; 0]);
        write(&dir, &format!("candidate/{log}.bak"), damaged.replace("title", "Title"));
        assert_eq!(findings(&dir), [format!("{log}.bak")]);
    }
}

#[test]
fn files_that_the_systems_keep_beside_their_stores_are_no_logs() {
    let database = b"SQLite format 3\0".to_vec();
    let figures =
        format!(r#"{{"day": "2025-10-20", "histogram": "HISTFAAA", "type": "A", "slowest": {RECORD}}}"#);
    for log in LOGS {
        let dir = candidate(log);
        for (name, content) in [
            ("handlers.db", &database[..]),
            ("handlers.db-wal", RECORD.as_bytes()),
            ("handlers.db-shm", RECORD.as_bytes()),
            ("handlers.db.reminders.lock", b""),
            ("events.db.turn", b""),
            ("dispatch-figures.jsonl", figures.as_bytes()),
            ("parallel/outbox.jsonl", format!("{{\"event\": {RECORD}, \"offset\": 7}}\n").as_bytes()),
        ] {
            write(&dir, &format!("candidate/{name}"), content);
        }
        assert_eq!(findings(&dir), [] as [&str; 0], "{log}");
        // The same under another name, and a record under one of these.
        is_a_finding(log, "outbox.jsonl.1", format!("{{\"event\": {RECORD}, \"offset\": 7}}\n"));
        is_a_finding(log, "parallel/outbox.jsonl", RECORD);
        is_a_finding(log, "dispatch-figures.jsonl", RECORD);
        is_a_finding(log, "events.db.turn", RECORD);
    }
}

#[cfg(unix)]
#[test]
fn sockets_hold_nothing_and_what_a_pipe_is_given_is_not_known() {
    let dir = candidate("app.jsonl");
    let _socket = std::os::unix::net::UnixListener::bind(dir.join("candidate/socket")).unwrap();
    assert_eq!(findings(&dir), [] as [&str; 0]);
    // They are not opened, not even one with the name of a log: nothing writes to them, and each would be waited for.
    for name in ["pipe.log", "pipe.jsonl", "events-2025-10-23.jsonl", "sub/pipe.jsonl"] {
        let pipe = dir.join(&format!("candidate/{name}"));
        fs::create_dir_all(pipe.parent().unwrap()).unwrap();
        assert!(std::process::Command::new("mkfifo").arg(&pipe).status().unwrap().success());
        assert_eq!(findings(&dir), [pipe.file_name().unwrap().to_str().unwrap()]);
        fs::remove_file(&pipe).unwrap();
    }
}

#[test]
fn an_empty_lost_and_found_is_left_out_and_what_is_in_it_is_looked_at() {
    let dir = candidate("app.jsonl");
    fs::create_dir(dir.join("candidate/lost+found")).unwrap();
    assert_eq!(findings(&dir), [] as [&str; 0]);
    write(&dir, "candidate/lost+found/#1234", RECORD);
    assert_eq!(findings(&dir), ["#1234"]);
}

#[test]
fn signatures_and_documents_are_no_logs_and_other_binary_data_may_be() {
    let binary = [[0x13_u8, 7, 0xff, 3], [9, 0x80, 1, 2]].concat();
    for log in LOGS {
        is_left_out(log, "a.asc", "-----BEGIN PGP SIGNATURE-----\n\niQEz\n-----END PGP SIGNATURE-----\n");
        is_left_out(log, "a.sha256", "aa  app.jsonl\n");
        is_left_out(log, "a.gpg", [&[0x88, 8, 4][..], &[7; 7]].concat());
        is_left_out(log, &format!("{log}.sig"), &binary);
        is_a_finding(log, "another.sig", &binary);
        is_a_finding(log, &format!("{log}.sig"), [&binary[..], RECORD.as_bytes()].concat());
        is_a_finding(log, &format!("{log}.sig"), binary.repeat(1_000));
        let zip = |name: &str| {
            let mut zip = b"PK\x03\x04".to_vec();
            zip.resize(30, 0);
            zip[26] = name.len() as u8;
            [&zip, name.as_bytes(), &[3, 1, 0x90, 4, 2]].concat()
        };
        is_left_out(log, "report.docx", zip("[Content_Types].xml"));
        is_left_out(log, "report.odt", zip("mimetype"));
        is_a_finding(log, "logs.docx", zip("events-2025-10-21.jsonl"));
    }
}

#[test]
fn an_event_in_the_output_that_a_container_wrote_is_a_finding() {
    let line = |text: &str| {
        let log = serde_json::to_string(&format!("{text}\n")).unwrap();
        format!("{{\"log\":{log},\"stream\":\"stdout\",\"time\":\"2025-10-20T10:00:00.1Z\"}}\n")
    };
    for log in LOGS {
        is_a_finding(log, "4f1c-json.log", line("started") + &line(RECORD) + &line("done"));
        is_a_finding(log, "4f1c-json.log", line(&RECORD[..60]));
        is_left_out(
            log,
            "4f1c-json.log",
            line("started") + &line(r#"{"level": "info", "message": "quiet"}"#),
        );
    }
}
