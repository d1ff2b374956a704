//! Appending: one chain, whichever process appends and whatever happens.

use std::ffi::OsStr;
use std::fs;
use std::path::Path;
use std::process::Command;
use std::sync::mpsc;
use std::time::Duration;

use mission_events::internals::application::evidence::{EvidenceError, EvidenceLog, TornLine};
use mission_events::internals::infrastructure::evidence::log::JsonlEvidenceLog;

use super::{chain, evidence, record};
use crate::support::test_dir::TestDir;

const PATH: &str = "EVIDENCE_PATH";
const COUNT: &str = "EVIDENCE_COUNT";

/// This test as a program of its own: appends as often as the environment says, and fails as the
/// append does. Without such an environment it has nothing to do.
#[test]
fn a_process_that_appends() {
    let (Some(path), Ok(count)) = (std::env::var_os(PATH), std::env::var(COUNT)) else { return };
    let log = JsonlEvidenceLog::new(Path::new(&path));
    for number in 1..=count.parse().unwrap() {
        if let Err(error) = log.append(&evidence(number)) {
            panic!("{error}: {}", std::error::Error::source(&error).unwrap());
        }
    }
}

fn program(path: &Path, count: u64, mut command: Command) -> Command {
    command.args(["--exact", "evidence::appending::a_process_that_appends"]);
    command.env(PATH, path).env(COUNT, count.to_string());
    command
}

fn this_program() -> Command {
    Command::new(std::env::current_exe().unwrap())
}

#[test]
fn processes_that_append_at_once_make_one_chain() {
    let dir = TestDir::new();
    let path = dir.join("new/folder/evidence.jsonl");
    let mut running: Vec<_> = (0..4)
        .map(|_| program(&path, 25, this_program()).stdout(std::process::Stdio::null()).spawn().unwrap())
        .collect();
    record(&path, 25);
    for process in &mut running {
        assert!(process.wait().unwrap().success());
    }
    let chain = chain(&path);
    assert!(chain.holds() && chain.torn.is_empty(), "{:?}", chain.faults);
    assert_eq!(chain.records.len(), 125);
}

#[cfg(unix)]
#[test]
fn processes_that_append_through_links_make_one_chain() {
    let dir = TestDir::new();
    let path = dir.join("evidence.jsonl");
    fs::create_dir_all(dir.join("other/folder")).unwrap();
    std::os::unix::fs::symlink("../../evidence.jsonl", dir.join("other/folder/link.jsonl")).unwrap();
    std::os::unix::fs::symlink("other/folder", dir.join("short")).unwrap();
    let names = ["other/folder/link.jsonl", "short/link.jsonl", "other/../evidence.jsonl"];
    let start = |name: &str| {
        let mut process = program(&dir.join(name), 25, this_program());
        process.stdout(std::process::Stdio::null()).spawn().unwrap()
    };
    let mut running: Vec<_> = names.iter().map(|name| start(name)).collect();
    record(&path, 25);
    for process in &mut running {
        assert!(process.wait().unwrap().success());
    }
    let chain = chain(&path);
    assert!(chain.holds() && chain.torn.is_empty(), "{:?}", chain.faults);
    assert_eq!(chain.records.len(), 100);
    assert!(!dir.join("other/folder/link.jsonl.lock").exists());
}

#[cfg(unix)]
#[test]
fn nothing_is_appended_to_a_file_with_two_names_and_it_can_be_read() {
    let dir = TestDir::new();
    let path = dir.join("evidence.jsonl");
    record(&path, 2);
    fs::hard_link(&path, dir.join("other.jsonl")).unwrap();
    for name in ["evidence.jsonl", "other.jsonl"] {
        let error = JsonlEvidenceLog::new(&dir.join(name)).append(&evidence(3)).unwrap_err();
        let source = std::error::Error::source(&error).unwrap().to_string();
        assert!(source.starts_with("it has 2 names (hard links)"), "{source}");
        assert_eq!(chain(&dir.join(name)).records.len(), 2);
    }
    fs::remove_file(dir.join("other.jsonl")).unwrap();
    record(&path, 1);
    assert_eq!(chain(&path).records.len(), 3);
}

#[test]
fn threads_that_append_and_read_at_once_see_whole_records_alone() {
    let dir = TestDir::new();
    let path = dir.join("evidence.jsonl");
    record(&path, 1);
    std::thread::scope(|scope| {
        for _ in 0..3 {
            scope.spawn(|| record(&path, 20));
        }
        scope.spawn(|| {
            for _ in 0..60 {
                let chain = chain(&path);
                assert!(chain.holds() && chain.torn.is_empty(), "{:?} {:?}", chain.faults, chain.torn);
            }
        });
    });
    assert_eq!(chain(&path).records.len(), 61);
}

#[test]
fn a_reader_waits_for_an_append_to_end() {
    let dir = TestDir::new();
    let path = dir.join("evidence.jsonl");
    record(&path, 2);
    let whole = fs::read(&path).unwrap();
    let lock = fs::File::options().write(true).open(dir.join("evidence.jsonl.lock")).unwrap();
    lock.lock().unwrap();
    fs::write(&path, &whole[..whole.len() - 9]).unwrap();
    std::thread::scope(|scope| {
        let (begin, has_begun) = mpsc::channel();
        let (tell, told) = mpsc::channel();
        let path = &path;
        scope.spawn(move || {
            begin.send(()).unwrap();
            tell.send(chain(path).records.len()).unwrap();
        });
        has_begun.recv().unwrap();
        // Long enough for a reader that does not wait; one that does can only be told so.
        let early = told.recv_timeout(Duration::from_millis(100));
        fs::write(path, &whole).unwrap();
        lock.unlock().unwrap();
        assert_eq!(early.or_else(|_| told.recv()), Ok(2));
    });
}

#[test]
fn a_log_that_was_cut_at_any_byte_of_its_last_record_goes_on_from_the_last_whole_one() {
    let dir = TestDir::new();
    let path = dir.join("evidence.jsonl");
    record(&path, 2);
    let whole = fs::read(&path).unwrap();
    let first = whole.iter().position(|byte| *byte == b'\n').unwrap() as u64 + 1;
    let end = whole.len() as u64;
    let cuts = (first..end - 3).step_by(97).chain(first..first + 3).chain(end - 3..=end);
    for cut in cuts {
        fs::write(&path, &whole[..cut as usize]).unwrap();
        let appended = JsonlEvidenceLog::new(&path).append(&evidence(3)).unwrap();
        let chain = chain(&path);
        assert!(chain.holds(), "{cut}: {:?}", chain.faults);
        let is_whole = cut >= end - 1;
        assert_eq!(chain.records.len(), if is_whole { 3 } else { 2 }, "{cut}");
        assert_eq!(appended.sequence, chain.records.len() as u64);
        assert_eq!(chain.records.last().unwrap().record, appended);
        let torn = TornLine { line: 2, bytes: cut - first };
        assert_eq!(chain.torn, if is_whole || cut == first { vec![] } else { vec![torn] }, "{cut}");
        assert!(fs::read(&path).unwrap().starts_with(&whole[..cut as usize]), "nothing is taken away");
    }
}

#[test]
fn torn_lines_that_are_longer_than_one_look_at_the_end_are_passed() {
    let dir = TestDir::new();
    let path = dir.join("evidence.jsonl");
    record(&path, 1);
    let mut text = fs::read(&path).unwrap();
    let torn = format!(r#"{{"sequence": 2, "previous": "{}"#, "0".repeat(200 << 10));
    text.extend_from_slice(format!("{torn}\n{torn}").as_bytes());
    fs::write(&path, &text).unwrap();
    record(&path, 1);
    let chain = chain(&path);
    assert!(chain.holds());
    assert_eq!((chain.records.len(), chain.torn.len()), (2, 2));
}

#[test]
fn nothing_is_appended_to_a_file_that_is_no_evidence() {
    for (text, offset) in
        [("{\"event_id\": \"e1\"}\n", 0), ("[\n{}\n]\n", 5), ("no newline", 0), ("{\"sequence\": 1\n{}", 15)]
    {
        let dir = TestDir::new();
        let path = dir.join("events.jsonl");
        fs::write(&path, text).unwrap();
        match JsonlEvidenceLog::new(&path).append(&evidence(1)).unwrap_err() {
            EvidenceError::NotEvidence { offset: found, .. } => assert_eq!(found, offset, "{text:?}"),
            other => panic!("{text:?}: {other}"),
        }
        assert_eq!(fs::read_to_string(&path).unwrap(), text);
    }
}

#[test]
fn an_empty_file_and_a_torn_first_record_begin_a_chain() {
    for text in ["", "{\"sequence\": 1, \"prev"] {
        let dir = TestDir::new();
        let path = dir.join("evidence.jsonl");
        fs::write(&path, text).unwrap();
        record(&path, 2);
        assert!(chain(&path).holds());
        assert_eq!(chain(&path).records.len(), 2);
    }
}

#[test]
fn a_folder_in_the_place_of_the_log_is_an_error_and_leaves_nothing() {
    let dir = TestDir::new();
    let folder = dir.join("evidence.jsonl");
    fs::create_dir(&folder).unwrap();
    let error = JsonlEvidenceLog::new(&folder).append(&evidence(1)).unwrap_err();
    let said = format!(
        "could not append to {}: evidence needs a file that this user may write; `evidence.path` names it",
        folder.display()
    );
    assert_eq!(error.to_string(), said);
    assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 1);
    assert!(JsonlEvidenceLog::new(&folder.join("deeper/evidence.jsonl")).lines().unwrap().is_none());
    fs::write(dir.join("file"), "").unwrap();
    JsonlEvidenceLog::new(&dir.join("file/evidence.jsonl")).append(&evidence(1)).unwrap_err();
}

/// What a process said that could not append.
fn failure(mut command: Command) -> String {
    let output = command.output().unwrap();
    assert!(!output.status.success());
    String::from_utf8(output.stdout).unwrap()
}

#[cfg(unix)]
#[test]
fn a_folder_that_may_not_be_written_is_an_error_that_names_the_way_out() {
    use std::os::unix::fs::{MetadataExt, PermissionsExt};
    use std::os::unix::process::CommandExt;

    const UNPRIVILEGED: u32 = 65_534;
    let dir = TestDir::new();
    let (built, linked) = (std::env::current_exe().unwrap(), dir.join("program"));
    fs::hard_link(&built, &linked).or_else(|_| fs::copy(&built, &linked).map(drop)).unwrap();
    fs::set_permissions(dir.path(), fs::Permissions::from_mode(0o755)).unwrap();
    let shelf = dir.join("shelf");
    fs::create_dir(&shelf).unwrap();
    fs::set_permissions(&shelf, fs::Permissions::from_mode(0o555)).unwrap();
    let mut command = Command::new(&linked);
    // Permissions do not hold for root.
    if fs::metadata(dir.path()).unwrap().uid() == 0 {
        command.uid(UNPRIVILEGED).gid(UNPRIVILEGED);
    }
    command.current_dir("/");
    let said = failure(program(&shelf.join("evidence.jsonl"), 1, command));
    assert!(said.contains("could not open the lock"), "{said}");
    assert!(said.contains("`evidence.path` names it: Permission denied"), "{said}");
    assert_eq!(fs::read_dir(&shelf).unwrap().count(), 0);
}

#[cfg(unix)]
#[test]
fn a_disk_that_is_full_takes_nothing_and_the_chain_goes_on_when_it_has_room() {
    let dir = TestDir::new();
    let path = dir.join("evidence.jsonl");
    record(&path, 1);
    let before = fs::read(&path).unwrap();
    // No file may grow beyond so many blocks of 512 bytes: the second record finds room for a part.
    let blocks = before.len().div_ceil(512) + 1;
    let mut shell = Command::new("sh");
    let script = format!("ulimit -f {blocks}; trap '' XFSZ; exec \"$0\" \"$@\"");
    shell.args([OsStr::new("-c"), OsStr::new(&script), std::env::current_exe().unwrap().as_os_str()]);
    let said = failure(program(&path, 5, shell));
    assert!(said.contains("could not append to"), "{said}");
    assert_eq!(fs::read(&path).unwrap(), before);
    record(&path, 1);
    assert!(chain(&path).holds());
    assert_eq!(chain(&path).records.len(), 2);
}
