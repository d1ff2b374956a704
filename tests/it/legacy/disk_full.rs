//! `legacy watch` on a disk that is full for a while, stood in for by a limit on the size of files.

use std::fs::{self, File};
use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;

use serde_json::Value;

use super::{briefings, defined, handled};
use crate::support::test_dir::TestDir;
use crate::support::until;
use crate::support::write;

/// What is said on standard error, which is no file that the limit holds for.
struct Watching {
    process: Child,
    said: Arc<Mutex<String>>,
}

impl Watching {
    /// No file may grow beyond so many blocks of 512 bytes, until the limit is raised.
    fn with_room_for(dir: &TestDir, blocks: u64) -> Self {
        let program = env!("CARGO_BIN_EXE_mission-events");
        let script =
            format!("ulimit -S -f {blocks}; trap '' XFSZ; exec '{program}' legacy watch --format json");
        let mut process = Command::new("sh")
            .args(["-c", &script])
            .current_dir(dir.path())
            .stdin(Stdio::null())
            .stdout(File::create(dir.join("answer.json")).unwrap())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let said = Arc::<Mutex<String>>::default();
        let (lines, into) = (BufReader::new(process.stderr.take().unwrap()).lines(), Arc::clone(&said));
        thread::spawn(move || {
            lines.map_while(Result::ok).for_each(|line| *into.lock().unwrap() += &(line + "\n"))
        });
        let watching = Self { process, said };
        until("it watches", || watching.said().contains("file_changed_briefings is watched"));
        watching
    }

    fn said(&self) -> String {
        self.said.lock().unwrap().clone()
    }

    /// How often something was said.
    fn times(&self, text: &str) -> usize {
        self.said().matches(text).count()
    }

    fn make_room(&self) {
        let pid = self.process.id().to_string();
        let raised = Command::new("prlimit").args(["--pid", &pid, "--fsize=unlimited"]).status().unwrap();
        assert!(raised.success());
    }

    /// Asks it to end: its exit code, and what it answers.
    fn end(mut self, dir: &TestDir) -> (i32, Value) {
        let kill = Command::new("kill").args(["-TERM", &self.process.id().to_string()]).status().unwrap();
        assert!(kill.success());
        let code = self.process.wait().unwrap().code().unwrap();
        (code, serde_json::from_slice(&fs::read(dir.join("answer.json")).unwrap()).unwrap())
    }
}

const NOT_QUEUED: &str =
    "the queue cannot be written; what is noticed stays in memory, and is tried again every second: ";
const NOT_KEPT: &str = "what becomes of events cannot be written, and is tried again: ";

#[test]
fn a_full_disk_is_told_when_it_begins_and_when_it_ends_with_the_way_out_and_nothing_is_lost() {
    let dir = defined(&[briefings()]);
    let watching = Watching::with_room_for(&dir, 8);
    for number in 0..40 {
        write(&dir, &format!("data/briefings/{number}.md"), "one\n");
    }
    until("both are told", || watching.times(NOT_QUEUED) > 0 && watching.times(NOT_KEPT) > 0);
    assert!(
        watching.said().contains("; raise the limit of the size of files (`ulimit -f`)"),
        "{}",
        watching.said()
    );
    // It is tried again meanwhile.
    thread::sleep(Duration::from_millis(2_500));
    watching.make_room();
    let is_handled = |number: u32| {
        let name = format!("data/briefings/{number}.md, 1 line");
        handled(&dir)
            .iter()
            .any(|entry| entry["output"].as_str().is_some_and(|output| output.ends_with(&name)))
    };
    until("all are handled", || (0..40).all(is_handled));
    until("both are over", || {
        watching.times("the queue is written again, after") > 0
            && watching.times("what becomes of events is written again, after") > 0
    });
    let said = watching.said();
    // One error for each file, and for each thing that fails with it.
    assert!(said.matches(NOT_QUEUED).count() <= 2 && said.matches(NOT_KEPT).count() <= 4, "{said}");
    assert!(said.matches("cannot be written").count() <= 6, "{said}");
    let (code, answer) = watching.end(&dir);
    assert_eq!((code, &answer["lost"], &answer["left"]), (0, &Value::from(0), &Value::from(0)), "{said}");
}

#[test]
fn what_a_full_disk_kept_from_the_queue_to_the_end_is_counted_and_the_exit_code_is_4() {
    let dir = defined(&[briefings()]);
    let watching = Watching::with_room_for(&dir, 1);
    for number in 0..20 {
        write(&dir, &format!("data/briefings/{number}.md"), "one\n");
    }
    until("it is told", || watching.times(NOT_QUEUED) > 0);
    let (code, answer) = watching.end(&dir);
    assert!(code == 4 && answer["lost"].as_u64().unwrap() > 0, "{answer}");
}
