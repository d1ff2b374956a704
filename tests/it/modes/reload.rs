//! `dispatch -` reads its settings again at SIGHUP.

use std::fs::File;
use std::io::{BufRead, BufReader, Write};
use std::process::{ChildStdin, ChildStdout};

use serde_json::{Value, json};

use super::{
    BACKENDS, LEGACY, NEW, PARALLEL, PARALLEL_NEW, created, dispatch, on_legacy_side, on_new_side, program,
    set,
};
use crate::support::cli::Running;
use crate::support::test_dir::TestDir;
use crate::support::{until, write};

/// `dispatch -` while it runs, its log in `dispatch.log`.
struct Dispatching<'d> {
    dir: &'d TestDir,
    running: Running,
    input: ChildStdin,
    answers: BufReader<ChildStdout>,
}

impl<'d> Dispatching<'d> {
    fn start(dir: &'d TestDir) -> Self {
        let log = File::create(dir.join("dispatch.log")).unwrap();
        let (running, input, output) = program(dir).stderr(log).start_with_pipes("dispatch -");
        let mut dispatching = Self { dir, running, input, answers: BufReader::new(output) };
        // Once it answers, it listens for signals.
        writeln!(dispatching.input).unwrap();
        dispatching.answer();
        dispatching
    }

    fn dispatch(&mut self, task: &str) -> Value {
        writeln!(self.input, "{}", created(task)).unwrap();
        self.answer()
    }

    fn answer(&mut self) -> Value {
        let mut line = String::new();
        self.answers.read_line(&mut line).unwrap();
        serde_json::from_str(&line).unwrap()
    }

    fn log(&self) -> String {
        std::fs::read_to_string(self.dir.join("dispatch.log")).unwrap()
    }

    /// Has the settings read again, and waits until its log says this.
    fn reload(&self, said: &str) {
        let before = self.log().len();
        self.running.signal("HUP");
        until(said, || self.log()[before..].contains(said));
    }

    fn end(self) -> i32 {
        drop(self.input);
        self.running.code()
    }
}

#[test]
fn each_event_goes_where_the_mode_sends_it_that_is_on_when_it_comes() {
    for backend in BACKENDS {
        let dir = TestDir::new();
        set(&dir, backend, LEGACY, "");
        let mut dispatching = Dispatching::start(&dir);
        let modes = [
            (LEGACY, "legacy_events", "legacy"),
            (PARALLEL, "parallel_events", "legacy"),
            (PARALLEL_NEW, "parallel_events", "new"),
            (NEW, "new_events", "new"),
            (PARALLEL, "parallel_events", "legacy"),
            (LEGACY, "legacy_events", "legacy"),
        ];
        for (number, (mode, name, primary)) in (1..).zip(modes) {
            set(&dir, backend, mode, "");
            dispatching.reload(&format!("[config]   Event system mode: {name}\n"));
            let answer = dispatching.dispatch(&format!("T{number}"));
            assert_eq!((&answer["mode"], &answer["primary"]), (&json!(name), &json!(primary)), "{answer}");
        }
        assert_eq!(dispatching.end(), 0);
        assert_eq!(on_legacy_side(&dir), ["T1", "T2", "T3", "T5", "T6"], "{backend}");
        assert_eq!(on_new_side(&dir), ["T2", "T3", "T4", "T5"], "{backend}");
    }
}

#[cfg(target_os = "linux")]
#[test]
fn a_signal_that_comes_before_it_listens_to_its_input_has_the_settings_read_again() {
    let dir = TestDir::new();
    set(&dir, "sqlite", LEGACY, "");
    dispatch(&dir, &created("T1"));
    // While it waits for the legacy log, it has not begun to take events.
    let lock = File::open(dir.join("data/events.json.lock")).unwrap();
    lock.lock().unwrap();
    let log = File::create(dir.join("dispatch.log")).unwrap();
    let (running, mut input, output) = program(&dir).stderr(log).start_with_pipes("dispatch -");
    until("it waits", || running.has_open(&dir.path().canonicalize().unwrap().join("data/events.json.lock")));
    set(&dir, "sqlite", NEW, "");
    running.signal("HUP");
    lock.unlock().unwrap();
    let said = || std::fs::read_to_string(dir.join("dispatch.log")).unwrap();
    until("the mode is switched", || said().contains("[config]   Event system mode: new_events\n"));
    writeln!(input, "{}", created("T2")).unwrap();
    let mut answer = String::new();
    BufReader::new(output).read_line(&mut answer).unwrap();
    assert_eq!(serde_json::from_str::<Value>(&answer).unwrap()["mode"], "new_events");
    drop(input);
    assert_eq!(running.code(), 0);
    assert_eq!((on_legacy_side(&dir), on_new_side(&dir)), (vec!["T1".to_owned()], vec!["T2".to_owned()]));
}

#[test]
fn a_bad_setting_keeps_the_mode_and_says_so() {
    let dir = TestDir::new();
    set(&dir, "sqlite", NEW, "");
    let mut dispatching = Dispatching::start(&dir);
    write(&dir, "mission-events.toml", "use_new_event_system = maybe");
    dispatching.reload("the mode stays new_events: ");
    assert_eq!(dispatching.dispatch("T1")["mode"], "new_events");
    // What another program writes is not written, whatever the settings say now.
    set(&dir, "sqlite", PARALLEL, "");
    dispatching.reload("[config]   Event system mode: parallel_events\n");
    assert_eq!(dispatching.dispatch("T2")["mode"], "parallel_events");
    assert_eq!(dispatching.end(), 0);
}

#[test]
fn what_cannot_change_while_it_runs_is_named_and_stays() {
    let dir = TestDir::new();
    set(&dir, "sqlite", NEW, "");
    let mut dispatching = Dispatching::start(&dir);
    set(&dir, "jsonl", PARALLEL_NEW, "timezone = \"Europe/Berlin\"");
    dispatching.reload("[config]   Event system mode: parallel_events\n");
    let log = dispatching.log();
    for said in ["storage.backend stays sqlite until", "timezone stays UTC until"] {
        assert!(log.contains(said), "{log}");
    }
    assert!(!log.contains("parallel_run stays"), "{log}");
    dispatching.dispatch("T1");
    assert_eq!(dispatching.end(), 0);
    set(&dir, "sqlite", NEW, "");
    assert_eq!(on_new_side(&dir), ["T1"]);
}
