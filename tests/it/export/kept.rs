//! The places that an export keeps clear of: the store, the evidence, databases, locks, other folders.

use std::fs;

use super::{DATABASE, import, quiet};
use crate::support::cli::{Run, write};
use crate::support::test_dir::TestDir;

const STORE: &str =
    "this is the place of the store that is exported, or of a file of it: name another folder with --to";
const EVIDENCE: &str =
    "this is the place of recorded evidence, or of its lock: name another folder with --to";
const A_DATABASE: &str =
    "this is a SQLite database, or the place of a file of one: name another folder with --to";
const A_LOCK: &str = "this is a file that writers lock: name another folder with --to";
const MOVE_IT: &str = "move it away, or name another folder with --to";

fn record(id: &str) -> String {
    format!("{{\"event_id\": \"{id}\", \"event_type\": \"A\", \"timestamp\": \"2025-10-25T10:00:00Z\"}}\n")
}

/// A store with two logs: one of this name, and another one.
fn with_logs(name: &str) -> TestDir {
    let dir = TestDir::new();
    write(&dir, &format!("in/{name}"), record("e1"));
    write(&dir, "in/other.jsonl", record("e2"));
    import(&dir, &format!("in/{name} in/other.jsonl"));
    dir
}

fn export(dir: &TestDir, arguments: &str) -> Run {
    quiet(dir).run(&format!("--store {DATABASE} export {arguments}"))
}

/// Demands that the export said this of the file, and wrote the other one.
#[track_caller]
fn refuses(run: &Run, dir: &TestDir, file: &str, said: &str) {
    assert_eq!((run.code, run.stderr.as_str()), (1, ""), "{}", run.stdout);
    let lines: Vec<&str> = run.stdout.lines().filter(|line| line.starts_with("not written: ")).collect();
    assert!(lines.len() == 1 && lines[0].contains(file) && lines[0].ends_with(said), "{lines:#?}");
    let folder = dir.join(file);
    let other = folder.ancestors().map(|folder| folder.join("other.jsonl")).find(|other| other.exists());
    assert_eq!(fs::read_to_string(other.unwrap()).unwrap(), record("e2"));
}

/// What is in a store as another process sees it.
fn events(dir: &TestDir, database: &str) -> i64 {
    let connection = rusqlite::Connection::open(dir.join(database)).unwrap();
    connection.query_row("SELECT count(*) FROM events", [], |row| row.get(0)).unwrap()
}

#[test]
fn the_store_and_what_belongs_to_it_is_not_replaced_by_a_log_of_its_name_nor_made() {
    for suffix in ["", "-wal", "-shm", "-journal", ".lock", ".import.lock"] {
        let name = format!("{DATABASE}{suffix}");
        let dir = with_logs(&name);
        // Of the side files, some are not there: what is put there would be taken for them.
        let before = fs::read(dir.join(&name)).ok();
        refuses(&export(&dir, "--to . --force"), &dir, &name, STORE);
        assert_eq!(fs::read(dir.join(&name)).ok(), before, "{name}");
        assert_eq!(events(&dir, DATABASE), 2, "{name}");
    }
}

#[test]
fn a_store_that_others_write_to_keeps_its_side_files_and_its_locks() {
    let dir = with_logs(&format!("{DATABASE}-wal"));
    let connection = rusqlite::Connection::open(dir.join(DATABASE)).unwrap();
    connection
        .execute_batch("CREATE TABLE theirs (n); BEGIN IMMEDIATE; INSERT INTO theirs VALUES (1)")
        .unwrap();
    refuses(&export(&dir, "--to . --force"), &dir, "events.db-wal", STORE);
    connection.execute_batch("COMMIT").unwrap();
    drop(connection);
    let connection = rusqlite::Connection::open(dir.join(DATABASE)).unwrap();
    assert_eq!(connection.query_row("SELECT n FROM theirs", [], |row| row.get::<_, i64>(0)).unwrap(), 1);
}

#[cfg(unix)]
#[test]
fn another_name_of_the_store_is_the_store() {
    use std::os::unix::fs::symlink;
    let dir = with_logs("same.db");
    fs::hard_link(dir.join(DATABASE), dir.join("same.db")).unwrap();
    refuses(&export(&dir, "--to . --force"), &dir, "same.db", STORE);
    fs::remove_file(dir.join("same.db")).unwrap();
    symlink(DATABASE, dir.join("same.db")).unwrap();
    refuses(&export(&dir, "--to . --force"), &dir, "same.db", STORE);
    assert!(dir.join("same.db").is_symlink());

    // SQLite names the side files after the store itself, and not after a link to it.
    let dir = with_logs("real.db-wal");
    fs::create_dir(dir.join("shelf")).unwrap();
    fs::rename(dir.join(DATABASE), dir.join("shelf/real.db")).unwrap();
    symlink("shelf/real.db", dir.join(DATABASE)).unwrap();
    refuses(&export(&dir, "--to shelf --force"), &dir, "shelf/real.db-wal", STORE);
}

#[test]
fn a_name_that_differs_in_case_alone_may_be_the_store() {
    let dir = with_logs("EVENTS.DB");
    refuses(&export(&dir, "--to . --force"), &dir, "EVENTS.DB", STORE);
}

#[test]
fn the_evidence_is_not_replaced_nor_made() {
    for name in ["proof.jsonl", "proof.jsonl.lock"] {
        for content in [None, Some(""), Some("{}\n")] {
            let dir = with_logs(name);
            if let Some(content) = content {
                write(&dir, &format!("kept/{name}"), content);
            }
            let run = quiet(&dir)
                .env("MISSION_CONTROL_EVIDENCE", "kept/proof.jsonl")
                .run(&format!("--store {DATABASE} export --to kept --force"));
            refuses(&run, &dir, &format!("kept/{name}"), EVIDENCE);
            let found = fs::read_to_string(dir.join("kept").join(name)).ok();
            assert_eq!(found.as_deref(), content);
        }
    }
}

#[test]
fn recorded_evidence_is_known_by_its_content_wherever_it_is() {
    use mission_events::internals::application::evidence::EvidenceLog;
    use mission_events::internals::infrastructure::evidence::log::JsonlEvidenceLog;
    for mark in [&b""[..], b"\xef\xbb\xbf"] {
        let dir = TestDir::new();
        let log = JsonlEvidenceLog::new(&dir.join("first.jsonl"));
        log.append(&crate::evidence::evidence(1)).unwrap();
        let first = [mark, &fs::read(dir.join("first.jsonl")).unwrap()[..]].concat();
        // A copy of it was imported when it had gone on: the store has all of it.
        write(&dir, "in/copy.jsonl", [&first[..], b"{}\n"].concat());
        write(&dir, "in/other.jsonl", record("e2"));
        import(&dir, "in/copy.jsonl in/other.jsonl");
        write(&dir, "out/copy.jsonl", &first);
        refuses(&export(&dir, "--to out --force"), &dir, "out/copy.jsonl", EVIDENCE);
        assert_eq!(fs::read(dir.join("out/copy.jsonl")).unwrap(), first);
    }
}

#[test]
fn a_database_of_another_program_is_not_replaced_and_gets_no_file_beside_it() {
    for (name, makes) in [("their.db", true), ("their.db-journal", false), ("their.db-wal", false)] {
        let dir = with_logs(name);
        fs::create_dir(dir.join("out")).unwrap();
        let theirs = rusqlite::Connection::open(dir.join("out/their.db")).unwrap();
        theirs.execute_batch("CREATE TABLE theirs (n); INSERT INTO theirs VALUES (1)").unwrap();
        drop(theirs);
        refuses(&export(&dir, "--to out --force"), &dir, &format!("out/{name}"), A_DATABASE);
        assert_eq!(dir.join("out").join(name).exists(), makes);
    }
    let dir = with_logs("no.db-wal");
    assert_eq!(export(&dir, "--to out").code, 0, "there is no database of that name");
}

#[test]
fn a_file_that_writers_lock_is_not_replaced() {
    for name in [".events.lock", "their.lock"] {
        let dir = with_logs(name);
        write(&dir, &format!("out/{name}"), "");
        refuses(&export(&dir, "--to out --force"), &dir, &format!("out/{name}"), A_LOCK);
        assert_eq!(fs::read_to_string(dir.join("out").join(name)).unwrap(), "");
    }
}

#[test]
fn what_is_no_file_stays_and_a_file_does_not_become_a_folder() {
    let dir = with_logs("a.jsonl");
    fs::create_dir_all(dir.join("out/a.jsonl/theirs")).unwrap();
    refuses(
        &export(&dir, "--to out --force"),
        &dir,
        "out/a.jsonl",
        &format!("a folder stands there: {MOVE_IT}"),
    );
    assert!(dir.join("out/a.jsonl/theirs").exists());

    for force in ["", "--force"] {
        let dir = TestDir::new();
        for folder in ["north", "south"] {
            write(&dir, &format!("in/{folder}/a.jsonl"), record(folder));
        }
        write(&dir, "in/other.jsonl", record("e2"));
        import(&dir, "in/north/a.jsonl in/south/a.jsonl in/other.jsonl");
        write(&dir, "out/north", "theirs");
        let folder = dir.path().canonicalize().unwrap().join("out/north");
        let reason = format!("{} has to be a folder, and is none: {MOVE_IT}", folder.display());
        refuses(&export(&dir, &format!("--to out {force}")), &dir, "out/north/a.jsonl", &reason);
        assert_eq!(fs::read_to_string(dir.join("out/north")).unwrap(), "theirs");
        assert_eq!(fs::read_to_string(dir.join("out/south/a.jsonl")).unwrap(), record("south"));
    }
}

#[cfg(unix)]
#[test]
fn a_pipe_is_not_waited_for() {
    let dir = with_logs("a.jsonl");
    fs::create_dir(dir.join("out")).unwrap();
    let made = std::process::Command::new("mkfifo").arg(dir.join("out/a.jsonl")).status().unwrap();
    assert!(made.success());
    refuses(
        &export(&dir, "--to out --force"),
        &dir,
        "out/a.jsonl",
        &format!("what stands there is no file: {MOVE_IT}"),
    );
}

#[cfg(unix)]
#[test]
fn an_export_does_not_leave_its_folder_through_a_link() {
    use std::os::unix::fs::symlink;
    for (target, force) in [("../victim", "--force"), ("../victim", ""), ("south", "--force"), ("gone", "")] {
        let dir = TestDir::new();
        for folder in ["north", "south"] {
            write(&dir, &format!("in/{folder}/a.jsonl"), record(folder));
        }
        write(&dir, "in/other.jsonl", record("e2"));
        import(&dir, "in/north/a.jsonl in/south/a.jsonl in/other.jsonl");
        write(&dir, "victim/a.jsonl", "");
        fs::create_dir_all(dir.join("out/south")).unwrap();
        symlink(target, dir.join("out/north")).unwrap();
        if target == "../victim" && force.is_empty() {
            fs::remove_file(dir.join("victim/a.jsonl")).unwrap();
        }
        let before = fs::read_to_string(dir.join("victim/a.jsonl")).ok();
        let link = dir.path().canonicalize().unwrap().join("out/north");
        let reason = format!(
            "{} is a link, and an export writes into folders of its own alone: {MOVE_IT}",
            link.display()
        );
        refuses(&export(&dir, &format!("--to out {force}")), &dir, "out/north/a.jsonl", &reason);
        assert_eq!(fs::read_to_string(dir.join("victim/a.jsonl")).ok(), before);
        assert_eq!(fs::read_to_string(dir.join("out/south/a.jsonl")).unwrap(), record("south"));
    }
}

#[cfg(unix)]
#[test]
fn the_folder_itself_may_be_a_link() {
    use std::os::unix::fs::symlink;
    let dir = with_logs("a.jsonl");
    fs::create_dir(dir.join("shelf")).unwrap();
    symlink("shelf", dir.join("out")).unwrap();
    for _ in 0..2 {
        assert_eq!(export(&dir, "--to out --force").code, 0);
        assert_eq!(fs::read_to_string(dir.join("shelf/a.jsonl")).unwrap(), record("e1"));
    }
}

#[cfg(unix)]
#[test]
fn a_link_in_the_place_of_a_file_is_replaced_and_not_followed_where_nothing_is_lost() {
    use std::os::unix::fs::symlink;
    for (content, reason) in [
        (Some(record("e1")), None),
        (Some(String::new()), None),
        (Some("theirs".to_owned()), Some("what stands there is not in the store")),
        (None, Some("a link stands there that leads nowhere")),
    ] {
        let dir = with_logs("a.jsonl");
        if let Some(content) = &content {
            write(&dir, "victim", content);
        }
        fs::create_dir(dir.join("out")).unwrap();
        symlink("../victim", dir.join("out/a.jsonl")).unwrap();
        let run = export(&dir, "--to out --force");
        match reason {
            Some(reason) => refuses(&run, &dir, "out/a.jsonl", &format!("{reason}: {MOVE_IT}")),
            None => assert_eq!(run.code, 0, "{}", run.stdout),
        }
        assert_eq!(dir.join("out/a.jsonl").is_symlink(), reason.is_some(), "{content:?}");
        assert_eq!(fs::read_to_string(dir.join("victim")).ok(), content);
    }
}

#[test]
fn a_jsonl_store_is_locked_while_a_file_of_it_is_replaced() {
    let dir = with_logs("events-2025-10-25.jsonl");
    write(&dir, "store/events-2025-10-25.jsonl", "");
    write(&dir, "store/.events.lock", "");
    let lock = fs::File::options().write(true).open(dir.join("store/.events.lock")).unwrap();
    lock.lock().unwrap();
    let mut running = quiet(&dir).start(&format!("--store {DATABASE} export --to store --force"));
    std::thread::sleep(std::time::Duration::from_millis(300));
    assert!(!running.has_ended(), "it waits for the writer");
    // The writer ends its append: the file has an event that is in no other place.
    fs::write(dir.join("store/events-2025-10-25.jsonl"), record("live")).unwrap();
    lock.unlock().unwrap();
    let said = format!("what stands there is not in the store: {MOVE_IT}");
    refuses(&running.end(), &dir, "store/events-2025-10-25.jsonl", &said);
    assert_eq!(fs::read_to_string(dir.join("store/events-2025-10-25.jsonl")).unwrap(), record("live"));
}

#[test]
fn an_event_that_is_saved_while_its_file_is_replaced_is_not_lost() {
    use crate::support::{live, utc};
    use mission_events::internals::domain::repository::EventRepository;
    use mission_events::internals::infrastructure::jsonl::JsonlEventRepository;

    let dir = with_logs("events-2025-10-25.jsonl");
    write(&dir, "in/events-2025-10-25.jsonl", record("e1") + &record("e3"));
    import(&dir, "in/events-2025-10-25.jsonl");
    for round in 0..12 {
        let folder = format!("store-{round}");
        write(&dir, &format!("{folder}/events-2025-10-25.jsonl"), record("e1"));
        let store = JsonlEventRepository::open(dir.join(&folder), utc()).unwrap();
        store.save_event(&live(record("e1").trim())).unwrap();
        let running = quiet(&dir).start(&format!("--store {DATABASE} export --to {folder} --force"));
        std::thread::sleep(std::time::Duration::from_millis(8 * round));
        store.save_event(&live(record("live").trim())).unwrap();
        let run = running.end();
        let found = fs::read_to_string(dir.join(&folder).join("events-2025-10-25.jsonl")).unwrap();
        assert!(found.contains("\"live\""), "{round}: {run:?}: {found}");
        assert!(found.contains("\"e3\"") || run.code == 1, "{round}: {run:?}: {found}");
    }
}
