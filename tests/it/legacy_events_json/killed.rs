//! A process that is killed while it appends.

use std::env;
use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Command, Stdio};

use super::{elements, event, open, set_aside, warnings};
use crate::support::kill_moments;
use crate::support::test_dir::TestDir;

/// Names what the process is to do, and the array.
const CHILD: &str = "MISSION_EVENTS_TEST_APPENDS";

/// The tests, started once more for the test below alone, where no file may become longer than a few kilobytes if
/// it is to go on until the disk is full.
pub fn child(path: &Path, task: &str) -> Command {
    let mut child = Command::new("sh");
    let limit = if task == "until_full" { "ulimit -f 8; trap '' XFSZ; " } else { "" };
    child
        .args(["-c", &format!("{limit}exec \"$0\" \"$@\"")])
        .arg(env::current_exe().unwrap())
        .args(["legacy_events_json::killed::a_process_appends_until_it_is_killed", "--exact", "--nocapture"])
        .env(CHILD, format!("{task} {}", path.display()))
        .stdout(Stdio::piped());
    child
}

/// Appends, and says what was acknowledged, until it is killed, or an event is refused.
///
/// The tests start this program once more, for this test alone; else there is nothing to do.
#[test]
fn a_process_appends_until_it_is_killed() {
    let Ok(child) = env::var(CHILD) else { return };
    let events = open(Path::new(child.split_once(' ').unwrap().1)).unwrap();
    let mut number = 0;
    loop {
        let together = if number % 5 == 4 { 3 } else { 1 };
        let batch: Vec<String> = (number..number + together).map(event).collect();
        if let Err(error) = events.append_all(&batch.iter().map(String::as_str).collect::<Vec<_>>()) {
            println!("refused {error}");
            return;
        }
        (number..number + together).for_each(|number| println!("stored {number}"));
        number += together;
    }
}

#[test]
fn every_acknowledged_event_is_in_the_array_once_after_the_process_is_killed() {
    for moment in 0..kill_moments() {
        let dir = TestDir::new();
        let path = super::file(&dir, if moment % 2 == 0 { "[]" } else { "[\n  {\n    \"x\": 1\n  }\n]" });
        let before = elements(&path).len();
        let acknowledged = killed_after(&path, 1 + 3 * moment);

        let (events, said) = warnings(|| open(&path).unwrap());
        assert!(said.iter().all(|line| !line.contains("another program")), "{said:?}");
        let written: Vec<String> = elements(&path)[before..]
            .iter()
            .map(|event| event["task_id"].as_str().unwrap().to_owned())
            .collect();
        // In order, none twice, none left out.
        assert_eq!(written, (0..written.len()).map(|number| format!("T{number}")).collect::<Vec<_>>());
        assert!(written.len() as u64 >= acknowledged, "{} of {acknowledged}", written.len());
        assert!(written.len() as u64 <= acknowledged + 3, "{} of {acknowledged}", written.len());
        assert!(set_aside(&dir).len() <= 1);
        events.append(&event(9)).unwrap();
        assert_eq!(elements(&path).len(), before + written.len() + 1);
    }
}

/// Starts the process, kills it after so many acknowledgements, and gives how many events it has acknowledged.
fn killed_after(path: &Path, acknowledgements: u64) -> u64 {
    let mut child = child(path, "until_killed").spawn().unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
    let mut acknowledged = 0;
    while acknowledged < acknowledgements {
        let line = lines.next().expect("it appends until it is killed").unwrap();
        // The test harness begins its own line with the first one.
        acknowledged += u64::from(line.contains("stored "));
    }
    child.kill().unwrap();
    child.wait().unwrap();
    // A line without its end was not said.
    acknowledged + lines.map_while(Result::ok).filter(|line| line.contains("stored ")).count() as u64
}
