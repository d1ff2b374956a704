//! A comparison is never consistent while a file of a side that may hold a record was not read.

use std::fs;
use std::io::Write;
use std::path::Path;

use mission_events::compare::{FoundSide, ParallelSide};
use mission_events::import::Mapping;

use super::{compare, consistent, inconclusive, jsonl, legacy_records, new_records, quiet, run, three_days};
use crate::support::cli::write;
use crate::support::test_dir::TestDir;

const RECORD: &str = r#"{"type": "A", "task_id": "T1", "timestamp": "2025-10-23T10:00:00", "title": "é"}"#;

/// The two layouts of a folder: the name of a log in it that is read.
const LOGS: [&str; 2] = ["events-2025-10-20.jsonl", "app.jsonl"];

/// Two folders that hold the same events.
fn two_folders(log: &str) -> TestDir {
    let dir = TestDir::new();
    write(&dir, &format!("control/{log}"), jsonl(&legacy_records(&three_days())));
    write(&dir, &format!("candidate/{log}"), jsonl(&new_records(&three_days())));
    dir
}

fn gzip(content: &[u8]) -> Vec<u8> {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    encoder.write_all(content).unwrap();
    encoder.finish().unwrap()
}

fn zstd(content: &[u8]) -> Vec<u8> {
    zstd::encode_all(content, 1).unwrap()
}

fn tar(content: &[u8]) -> Vec<u8> {
    let mut archive = vec![0; 512];
    archive[..7].copy_from_slice(b"a.jsonl");
    archive[257..262].copy_from_slice(b"ustar");
    archive.extend_from_slice(content);
    archive
}

/// What a file can be that holds a record, or that may hold one for all that can be seen.
fn contents() -> Vec<(&'static str, Vec<u8>)> {
    let line = format!("{RECORD}\n").into_bytes();
    let utf_16: Vec<u8> = RECORD.encode_utf16().flat_map(u16::to_le_bytes).collect();
    vec![
        ("jsonl", line.clone()),
        ("an array", format!("[{RECORD}]").into_bytes()),
        ("a holder", format!("{{\"Records\": [{RECORD}]}}").into_bytes()),
        ("several lines", RECORD.replace(", ", ",\n  ").into_bytes()),
        ("after text", format!("{}{RECORD}", "all is quiet\n".repeat(50_000)).into_bytes()),
        ("after zero bytes", [&[0; 5_000], line.as_slice()].concat()),
        ("utf-16", [b"\xff\xfe", utf_16.as_slice()].concat()),
        ("gzip", gzip(&line)),
        ("gzip, two members", [gzip(b"quiet\n"), gzip(&line)].concat()),
        ("gzip, cut", gzip(&line)[..40].to_vec()),
        ("zstd", zstd(&line)),
        ("gzip in gzip", gzip(&gzip(&line))),
        ("zstd in gzip", gzip(&zstd(&line))),
        ("tar", tar(&line)),
        ("tar in gzip", gzip(&tar(&gzip(&line)))),
        ("zip", b"PK\x03\x04 and more".to_vec()),
        ("7z", b"7z\xBC\xAF\x27\x1C and more".to_vec()),
        ("xz", b"\xFD7zXZ\0 and more".to_vec()),
        ("bzip2", b"BZh91AY&SY and more".to_vec()),
        ("lz4", b"\x04\x22\x4D\x18 and more".to_vec()),
        ("unknown", b"\x01\x02 what is this \x03".to_vec()),
    ]
}

/// Where a file can lie, that none of the layouts reads.
const NAMES: &[&str] = &[
    "events-2025-10-23.JSONL",
    "Events-2025-10-23.jsonl.1",
    "events-2025-10-20.jsonl.1",
    "events-2025-10-20.jsonl.2.gz",
    "events-2025-10-23.jsonl.bz2",
    "events-2025-10-20.jsonl~",
    "#events-2025-10-20.jsonl#",
    "events-2025-10-20.jsonl.torn-170",
    "events-2025-10-23",
    "app.jsonl.1",
    "app.jsonl.2.GZ",
    "app-2025.log",
    "app.JSON",
    "app.txt",
    "app",
    ".app.jsonl.swp",
    ".hidden",
    ".events.lock",
    "event_definitions.json.bak",
    "2025/10/23.jsonl",
    "2025/events-2025-10-23.jsonl",
    "archive/2024/events-2024-10-23.jsonl",
    "archive/app.log",
    ".git/events-2025-10-23.jsonl",
    "events-2025-10-23.jsonl.d/part",
    "one/two/three/four/five/six.json",
];

/// What was not read of the folder `side` by a comparison, for it may hold events.
fn findings(side: &Path) -> Vec<String> {
    let side = FoundSide::find(side, Mapping::BuiltIn).unwrap();
    side.skipped().iter().map(|(path, _)| path.display().to_string()).collect()
}

#[test]
fn a_file_with_a_record_is_a_finding_whatever_its_name_place_and_form() {
    let mut looked = 0;
    for log in LOGS {
        let dir = two_folders(log);
        let side = dir.join("control");
        assert_eq!(findings(&side), [] as [String; 0]);
        for name in NAMES {
            for (form, content) in contents() {
                let path = format!("control/{name}");
                write(&dir, &path, &content);
                assert_eq!(findings(&side), [dir.join(&path).display().to_string()], "{log} {name} {form}");
                fs::remove_file(dir.join(&path)).unwrap();
                looked += 1;
            }
        }
    }
    assert_eq!(looked, 2 * 26 * 21);
}

#[cfg(unix)]
#[test]
fn a_file_behind_a_link_is_a_finding() {
    use std::os::unix::fs::symlink;
    for log in LOGS {
        let dir = two_folders(log);
        write(&dir, "elsewhere/more", RECORD);
        let side = dir.join("control");
        let links = [
            ("../elsewhere/more", "today.log", "today.log"),
            ("../elsewhere", "old", "old/more"),
            ("/nowhere/at/all", "gone", "gone"),
            ("circle", "circle", "circle"),
            (".", "here", "here"),
            ("..", "above", "above"),
        ];
        for (to, name, found) in links {
            symlink(to, side.join(name)).unwrap();
            assert_eq!(findings(&side), [side.join(found).display().to_string()], "{log} {name}");
            fs::remove_file(side.join(name)).unwrap();
        }
        // Names of what is read are no other files, and what leads to a folder twice is looked at once.
        symlink(log, side.join("current")).unwrap();
        fs::hard_link(side.join(log), side.join("the same")).unwrap();
        fs::create_dir(side.join("notes")).unwrap();
        symlink("notes", side.join("other notes")).unwrap();
        symlink("user@host.4711:1700000000", side.join(format!(".#{log}"))).unwrap();
        assert_eq!(findings(&side), [] as [String; 0]);
    }
}

#[test]
fn what_is_known_to_be_no_log_is_left_out_by_name() {
    for log in LOGS {
        let dir = two_folders(log);
        let database = [b"SQLite format 3\0".as_slice(), RECORD.as_bytes()].concat();
        let queued = RECORD.replace("\"type\"", "\"definition_id\": \"d\", \"type\"");
        let defined = RECORD.replace("\"type\"", "\"handler\": \"h\", \"type\"");
        let torn = &RECORD[..40];
        let own: Vec<(&str, &[u8])> = vec![
            (".events.lock", b""),
            ("events.db.import.lock", b""),
            ("events.db.turn", b"17\n"),
            ("events.db", &database),
            ("events.db-wal", RECORD.as_bytes()),
            ("events.db-journal", RECORD.as_bytes()),
            ("events-2025-10-20.jsonl.torn-170", torn.as_bytes()),
            (".mission-events-a1B2c3", RECORD.as_bytes()),
            ("event_definitions.json.bak", defined.as_bytes()),
            ("handlers.jsonl.1", queued.as_bytes()),
            ("notes.md", b"# remember {the milk}\n"),
            ("picture.png", b"\x89PNG\r\n\x1a\n\x00\x01"),
            (".DS_Store", b"\0\0\0\x01Bud1\0\0"),
            ("empty.txt", b""),
            ("zeros.txt", &[0; 100]),
        ];
        for (name, content) in &own {
            write(&dir, &format!("candidate/{name}"), content);
        }
        write(&dir, "candidate/.git/HEAD", "ref: refs/heads/main");
        write(&dir, "candidate/.git/objects/aa/bb", RECORD);
        write(&dir, "candidate/notes/of/today.md", "");
        let found = consistent(&dir, "control candidate", 36);
        let left_out = found["candidate"]["left_out"].as_array().unwrap();
        let names: Vec<&str> = left_out.iter().map(|file| file["path"].as_str().unwrap()).collect();
        for name in own.iter().map(|(name, _)| *name).chain([".git", "notes"]) {
            assert!(names.contains(&format!("candidate/{name}").as_str()), "{name}: {names:?}");
        }
        assert_eq!(names.len(), own.len() + 2);
        assert!(left_out.iter().all(|file| file["holds_events"] == false));
    }
}

#[test]
fn an_editor_s_copy_is_a_finding_only_where_it_holds_more_than_the_log_that_is_read() {
    for log in LOGS {
        let dir = two_folders(log);
        let (records, more) = (legacy_records(&three_days()), RECORD.to_owned());
        let side = dir.join("control");
        for name in [format!("{log}~"), format!("#{log}#"), format!(".{log}.swp"), format!("{log}.bak")] {
            let path = format!("control/{name}");
            write(&dir, &path, jsonl(&records[..20]));
            assert_eq!(findings(&side), [] as [String; 0], "{name}");
            write(&dir, &path, format!("[{}]", records[7..].join(",\n")));
            assert_eq!(findings(&side), [] as [String; 0], "{name}");
            for content in [
                jsonl(&[records.clone(), vec![more.clone()]].concat()),
                jsonl(&[records[0].clone(), records[0].clone()]),
            ] {
                write(&dir, &path, content);
                assert_eq!(findings(&side), [dir.join(&path).display().to_string()], "{name}");
            }
            fs::remove_file(dir.join(&path)).unwrap();
        }
        // A copy of what is not there, or not read, is all there is.
        write(&dir, "control/lost.jsonl~", jsonl(&records[..20]));
        assert_eq!(findings(&side), [dir.join("control/lost.jsonl~").display().to_string()]);
    }
}

#[test]
fn an_unread_file_is_inconclusive_on_either_side_and_named_with_the_way_out() {
    let dir = two_folders("events-2025-10-20.jsonl");
    write(&dir, "control/2025/10/events.log.gz", gzip(RECORD.as_bytes()));
    write(&dir, "control/2025/notes.md", "");
    for (arguments, side) in [("control candidate", "control"), ("candidate control", "candidate")] {
        let reason = format!(
            "control/2025/10/events.log.gz of the {side} was not read: in a folder within the folder, and it holds \
             an event; move it out of the folder, or compare it by itself"
        );
        let found = inconclusive(&dir, arguments, &reason);
        assert_eq!(found["matched"], 36);
        let rest = &found[side]["left_out"][0];
        assert_eq!(rest["reason"], "a folder within the folder, and no event is in its 1 other file");
    }
    // What can be read by itself is, and is no part of a single file.
    consistent(&dir, "control/2025/10/events.log.gz control/2025/10/events.log.gz", 1);
}

#[test]
fn a_log_of_a_folder_that_is_refused_is_inconclusive_and_one_that_is_a_side_ends_the_comparison() {
    let several = RECORD.replace(", ", ",\n");
    for (content, way_out) in
        [(b"\xFD7zXZ\0\0\x04".to_vec(), "(xz -d FILE)"), (several.into_bytes(), "`jq -c . FILE > LOG.jsonl`")]
    {
        for (log, refused) in [(LOGS[0], "events-2025-10-23.jsonl"), (LOGS[1], "older.jsonl")] {
            for side in ["control", "candidate"] {
                let dir = two_folders(log);
                write(&dir, &format!("{side}/{refused}"), &content);
                let unread = format!("{side}/{refused} of the {side} was not read: ");
                let found = inconclusive(&dir, "control candidate", &unread);
                let reason = found["reasons"][0].as_str().unwrap();
                assert!(reason.contains(way_out), "{reason}");
                assert_eq!(found["matched"], 36);
                let run = run(&dir, &format!("control {side}/{refused}"));
                assert_eq!(run.code, 4, "{}", run.stdout);
                assert!(run.stderr.contains(way_out), "{}", run.stderr);
            }
        }
    }
}

#[test]
fn zstd_data_with_a_window_that_is_not_held_is_no_damage_in_a_file_that_is_not_read_either() {
    let dir = two_folders(LOGS[0]);
    let mut encoder = zstd::Encoder::new(Vec::new(), 1).unwrap();
    encoder.include_contentsize(false).unwrap();
    encoder.write_all(RECORD.as_bytes()).unwrap();
    let mut frame = encoder.finish().unwrap();
    frame[5] = (31 - 10) << 3;
    write(&dir, "control/older.jsonl.zst", frame);
    let found = inconclusive(&dir, "control candidate", "unpack it first (zstd -d --long=31 FILE)");
    assert!(!found["reasons"][0].as_str().unwrap().contains("damaged"), "{found:#}");
}

#[test]
fn what_is_an_event_is_said_by_the_mapping_of_the_side() {
    let dir = TestDir::new();
    let record = |n: u32| format!("{{\"kind\": \"A\", \"at\": {n}}}\n");
    for side in ["one", "two"] {
        write(&dir, &format!("{side}/app.jsonl"), record(1) + &record(2_000));
        write(&dir, &format!("{side}/app.jsonl.1"), RECORD);
    }
    let flags = "--event-type kind --timestamp at --timestamp-unit s --event-id none";
    consistent(&dir, &format!("one two {flags}"), 2);
    write(&dir, "two/app.jsonl.1", record(0));
    inconclusive(&dir, &format!("one two {flags}"), "two/app.jsonl.1 of the candidate was not read");
}

#[test]
fn what_was_recorded_while_a_file_was_unread_is_no_evidence() {
    let dir = TestDir::new();
    write(&dir, "data/events.json", jsonl(&legacy_records(&three_days())));
    write(&dir, "data/events/events-2025-10-20.jsonl", jsonl(&new_records(&three_days())));
    let recorded = || -> serde_json::Value {
        let evidence = fs::read_to_string(dir.join("data/evidence.jsonl")).unwrap();
        serde_json::from_str(evidence.lines().last().unwrap()).unwrap()
    };
    assert_eq!(compare(&dir, "")["verdict"], "consistent");
    assert_eq!(recorded()["verdict"], "consistent");
    fs::copy(dir.join("data/evidence.jsonl"), dir.join("data/events/evidence.jsonl")).unwrap();
    assert_eq!(compare(&dir, "")["verdict"], "consistent");
    write(&dir, "data/events/2024/all.txt", RECORD);
    assert_eq!(compare(&dir, "")["verdict"], "inconclusive");
    let unread = &recorded()["candidate"]["left_out"];
    assert_eq!(recorded()["verdict"], "inconclusive");
    assert!(unread[0]["path"].as_str().unwrap().ends_with("data/events/2024/all.txt"), "{unread}");
}

#[test]
fn a_folder_in_which_nothing_is_found_names_what_it_holds() {
    let dir = two_folders("app.jsonl");
    for n in 0..30 {
        write(&dir, &format!("none/notes-{n:02}.md"), "quiet");
    }
    write(&dir, "none/App.JSONL", RECORD);
    inconclusive(&dir, "none none", "none/App.JSONL of the control was not read");
    let said = run(&dir, "none none");
    assert_eq!(said.code, 3);
    assert!(said.stdout.contains("none of the control was not read: it holds no log"), "{}", said.stdout);
    assert!(said.stdout.contains("left out: none/notes-19.md"), "{}", said.stdout);
    assert!(!said.stdout.contains("none/notes-20.md"), "{}", said.stdout);
    assert!(said.stdout.contains("and 10 more (--format json lists them)"), "{}", said.stdout);
}

#[cfg(unix)]
#[test]
fn a_folder_that_may_not_be_entered_is_inconclusive_and_named() {
    use crate::support::cli::cli_without_privileges;
    use std::os::unix::fs::PermissionsExt;
    let dir = two_folders("app.jsonl");
    fs::rename(dir.join("control"), dir.join("candidate/locked")).unwrap();
    write(&dir, "control.jsonl", jsonl(&legacy_records(&three_days())));
    fs::set_permissions(dir.join("candidate/locked"), fs::Permissions::from_mode(0o000)).unwrap();
    // The locked folder is not that of the user who compares.
    let run = cli_without_privileges(&dir)
        .env("MISSION_CONTROL_TIMEZONE", "UTC")
        .run("compare-logs control.jsonl candidate");
    assert_eq!(run.code, 3, "{}", run.stderr);
    assert!(run.stdout.contains("candidate/locked of the candidate was not read"), "{}", run.stdout);
    fs::set_permissions(dir.join("candidate/locked"), fs::Permissions::from_mode(0o755)).unwrap();
}

#[test]
fn a_store_with_events_in_the_folder_of_a_side_is_a_finding_whatever_its_name() {
    for log in LOGS {
        let dir = two_folders(log);
        write(&dir, "more.jsonl", RECORD);
        quiet(&dir).run("import-legacy more.jsonl --into store.db");
        quiet(&dir).run("import-legacy control --into empty.db --since 2040-01-01");
        let [store, empty] = ["store.db", "empty.db"].map(|name| fs::read(dir.join(name)).unwrap());
        for name in ["app.sqlite", "events.db", "events-2025-10-23.jsonl.bak", "sub/x", "app.sqlite.gz"] {
            let path = format!("control/{name}");
            write(&dir, &path, if name.ends_with(".gz") { gzip(&store) } else { store.clone() });
            assert_eq!(findings(&dir.join("control")), [dir.join(&path).display().to_string()], "{name}");
            inconclusive(&dir, "control candidate", name);
            fs::remove_file(dir.join(&path)).unwrap();
        }
        write(&dir, "control/empty.db", &empty);
        assert_eq!(findings(&dir.join("control")), [] as [String; 0]);
    }
}

#[test]
fn the_store_that_is_imported_into_compared_or_configured_may_lie_in_the_folder_of_a_side() {
    let dir = two_folders("app.jsonl");
    for _ in 0..2 {
        let import = quiet(&dir).run("import-legacy candidate --into candidate/events.db");
        assert_eq!(import.code, 0, "{}{}", import.stdout, import.stderr);
    }
    consistent(&dir, "control candidate/events.db", 36);
    let configured = quiet(&dir).run("--store candidate/events.db compare-logs control candidate");
    assert_eq!(configured.code, 0, "{}", configured.stdout);
    assert_eq!(run(&dir, "control candidate").code, 3);
}
