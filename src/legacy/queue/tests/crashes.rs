//! What was accepted survives.

use std::io::{BufRead, BufReader};
use std::process::{Command, Stdio};

use super::*;

#[test]
fn what_was_accepted_is_there_when_the_queue_is_opened_again() {
    let place = Place::new();
    let queue = place.open();
    let pushed: Vec<_> = ["a", "b", "c"].map(|definition| queue.push(new(definition, None)).unwrap()).into();
    drop(queue);
    assert_eq!(place.open().entries(), pushed);
}

#[test]
fn what_was_being_handled_is_pending_again() {
    let place = Place::new();
    let queue = place.open();
    queue.push(new("a", None)).unwrap();
    let handled = queue.next().unwrap().unwrap();
    drop(queue);
    let queue = place.open();
    assert_eq!(place.read(), [(handled.event_id.clone(), QueueStatus::Pending)], "others see it as well");
    assert_eq!(queue.next().unwrap(), Some(handled));
}

#[test]
fn a_torn_last_line_is_set_aside_with_its_bytes() {
    let place = Place::new();
    place.open().push(new("a", None)).unwrap();
    let whole = place.text();
    for torn in ["{\"event_id\": \"b_1", "\0\0\0\0"] {
        fs::write(&place.path, format!("{whole}{torn}")).unwrap();
        let queue = place.open();
        assert_eq!((queue.entries().len(), place.text()), (1, whole.clone()));
    }
    let aside = |attempt: &str| format!("queue.jsonl.torn-{}{attempt}", whole.len());
    assert_eq!(place.others(), [aside(""), aside("-2")]);
    let bytes = fs::read(place.path.with_file_name(aside("-2"))).unwrap();
    assert_eq!(bytes, b"\0\0\0\0");
}

#[test]
fn after_a_torn_line_the_length_is_that_of_the_whole_lines() {
    let place = Place::new();
    place.open().push(new("a", None)).unwrap();
    let whole = place.text();
    fs::write(&place.path, format!("{whole}torn")).unwrap();
    let (log, lines) = log_file::LogFile::open(&place.path).unwrap();
    assert_eq!((log.length(), lines), (whole.len() as u64, whole.into_bytes()));
}

#[test]
fn a_last_line_that_lacks_its_end_alone_is_an_entry() {
    let place = Place::new();
    place.open().push(new("a", None)).unwrap();
    let whole = place.text();
    fs::write(&place.path, whole.trim_end()).unwrap();
    let queue = place.open();
    assert_eq!(place.text(), whole);
    queue.push(new("b", None)).unwrap();
    assert_eq!((queue.entries().len(), place.others()), (2, Vec::<String>::new()));
}

const FILE: &str = "QUEUE_OF_A_PROCESS_THAT_IS_KILLED";

/// Run by the test below alone, in a process of its own: pushes and handles, and prints what was acknowledged.
#[test]
fn a_process_that_is_killed() {
    let Ok(path) = std::env::var(FILE) else { return };
    let queue = EventQueue::open(path.as_ref(), ManualClock::new()).unwrap();
    for round in 0.. {
        let pushed = queue.push(new("a", None)).unwrap();
        println!("\npushed {}", pushed.event_id);
        if round % 2 == 0 {
            let entry = queue.next().unwrap().unwrap();
            queue.done(&entry).unwrap();
            println!("\ndone {}", entry.event_id);
        }
    }
}

#[test]
fn a_killed_process_loses_nothing_that_it_acknowledged() {
    let (_, module) = module_path!().split_once("::").unwrap();
    let name = format!("{module}::a_process_that_is_killed");
    for lines in [1, 8, 41] {
        let place = Place::new();
        fs::create_dir(place.path.parent().unwrap()).unwrap();
        let mut child = Command::new(std::env::current_exe().unwrap())
            .args(["--exact", "--nocapture", &name])
            .env(FILE, &place.path)
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let output = BufReader::new(child.stdout.take().unwrap()).lines().map(Result::unwrap);
        let mut said: Vec<String> = Vec::new();
        for line in output.filter(|line| line.starts_with("pushed ") || line.starts_with("done ")) {
            said.push(line);
            if said.len() == lines {
                child.kill().unwrap();
            }
        }
        child.wait().unwrap();
        assert!(said.len() >= lines, "it did not end before it was killed");
        drop(place.open());
        let read = place.read();
        for line in said {
            let (what, id) = line.split_once(' ').unwrap();
            let status =
                read.iter().filter(|(found, _)| found == id).map(|(_, status)| *status).collect::<Vec<_>>();
            assert_eq!(status.len(), 1, "{id} is there once");
            assert!(what == "pushed" || status == [QueueStatus::Done], "{line}: {status:?}");
        }
    }
}
