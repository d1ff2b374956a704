//! The folder of an application, as a simulated run has left it, in which the commands of pages are run.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use chrono::{Days, NaiveDate, Utc};
use mission_events::legacy_system::routing::Routing;
use rusqlite::Connection;

use super::examples::shell;
use super::file;
use super::markdown::blocks;
use crate::support::simulated_run::{NewStore, SimulatedRun};
use crate::support::tamper;
use crate::support::test_dir::TestDir;

/// Events of each day.
const EVENTS: usize = 4;
/// What is shown in the place of the folder.
const SHOWN_FOLDER: &str = "/srv/mission-control";

/// Days that many days ago: whether the new system was primary, and whether the other one was the mirror.
pub type Lived = (&'static [u64], bool, bool);

/// The application's folder, which has one path whatever it holds: recorded evidence is of that path.
pub struct Service {
    dir: TestDir,
    simulated: SimulatedRun,
    today: NaiveDate,
    /// What a fault has left running, or locked, until the command has ended.
    held: Vec<Box<dyn std::any::Any>>,
}

impl Service {
    /// These days, with the settings of the runbook as they were on the last ones.
    pub fn new(days: &[Lived]) -> Self {
        let dir = TestDir::new();
        let simulated = SimulatedRun::in_folder(&dir.join("service"), NewStore::Sqlite);
        let mut service = Self { dir, simulated, today: Utc::now().date_naive(), held: Vec::new() };
        service.lives(days);
        service
    }

    /// The days of the parallel run, of which the first is not whole.
    pub fn parallel_days(&mut self) {
        self.days(&[9, 8, 7, 6, 5, 4, 3, 2], &Routing::of(false, true, BTreeSet::new()));
        self.done("handlers run");
    }

    /// Nothing but these days, as in a new folder.
    pub fn lives(&mut self, days: &[Lived]) {
        self.simulated = SimulatedRun::in_folder(&self.folder(), NewStore::Sqlite);
        let _ = fs::remove_dir_all(self.folder());
        fs::create_dir_all(self.folder().join("data")).unwrap();
        let settings = blocks(&file("docs/runbook.md")).find(|block| block.language == "toml").unwrap();
        self.write("mission-events.toml", &settings.text);
        for (ago, new, parallel) in days {
            self.days(ago, &Routing::of(*new, *parallel, BTreeSet::new()));
        }
        if let Some((_, new, parallel)) = days.last() {
            self.settings("use_new_event_system = false", &format!("use_new_event_system = {new}"));
            self.settings("parallel_run = false", &format!("parallel_run = {parallel}"));
        }
        // A simulated process ends once its events are on their sides, handled or not.
        if self.folder().join("data/events.db").exists() {
            self.done("handlers run");
        }
    }

    /// The days so many days ago.
    pub fn days(&mut self, ago: &[u64], routing: &Routing) {
        let days: Vec<NaiveDate> =
            ago.iter().map(|ago| self.today.checked_sub_days(Days::new(*ago)).unwrap()).collect();
        self.simulated.days(&days, routing, EVENTS);
    }

    pub fn folder(&self) -> PathBuf {
        self.dir.join("service")
    }

    /// Runs a script; answers its exit code and all that it prints. How long is waited for handlers and mirrors is not what is asked.
    pub fn run(&self, script: &str) -> (i32, String) {
        let mut shell = shell(&format!("exec 2>&1\n{script}"), &self.folder());
        for wait in ["MISSION_CONTROL_SECONDARY_TIMEOUT_MS", "MISSION_CONTROL_HANDLERS_WAIT_MS"] {
            shell.env(wait, "60000");
        }
        let output = shell.output().unwrap();
        let printed = String::from_utf8(output.stdout).unwrap();
        let folder = fs::canonicalize(self.folder()).unwrap();
        (output.status.code().unwrap(), printed.replace(folder.to_str().unwrap(), SHOWN_FOLDER))
    }

    /// Runs a command of the program, which succeeds.
    pub fn done(&self, line: &str) {
        let (code, printed) = self.run(&format!("mission-events -q {line}"));
        assert_eq!(code, 0, "{line}: {printed}");
    }

    /// Keeps the folder as it is now.
    pub fn keep(&self, name: &str) {
        copy(&self.folder(), &self.dir.join(name));
    }

    pub fn goes_back_to(&self, name: &str) {
        fs::remove_dir_all(self.folder()).unwrap();
        copy(&self.dir.join(name), &self.folder());
    }

    /// Does something in a copy of the folder, in which something was done before.
    pub fn in_copy(&mut self, plant: fn(&mut Self), done: impl FnOnce(&Self)) {
        // The copy takes the path of the folder, which stays what it is: a copied legacy log is another file.
        let sound = self.dir.join("sound");
        fs::rename(self.folder(), &sound).unwrap();
        copy(&sound, &self.folder());
        plant(self);
        done(self);
        self.held.clear();
        fs::remove_dir_all(self.folder()).unwrap();
        fs::rename(sound, self.folder()).unwrap();
    }

    pub fn write(&self, name: &str, text: &str) {
        fs::write(self.folder().join(name), text).unwrap();
    }

    /// A folder of daily files with a day in it.
    pub fn write_daily_files(&self, name: &str) {
        fs::create_dir(self.folder().join(name)).unwrap();
        let event = r#"{"event_id": "e1", "event_type": "TaskCreated", "timestamp": "2025-10-20T10:00:00Z", "aggregate_id": "T1"}"#;
        self.write(&format!("{name}/events-2025-10-20.jsonl"), &format!("{event}\n"));
    }

    /// Changes the settings.
    pub fn settings(&self, from: &str, to: &str) {
        let name = "mission-events.toml";
        let text = fs::read_to_string(self.folder().join(name)).unwrap();
        assert!(text.contains(from), "{from}: {text}");
        self.write(name, &text.replacen(from, to, 1));
    }

    /// The legacy log has an event more, which the new side has not got.
    pub fn lose_event(&mut self) {
        let path = self.folder().join("data/events.json");
        let log = fs::read_to_string(&path).unwrap();
        let day = self.today.checked_sub_days(Days::new(3)).unwrap();
        let lost = format!(
            r#"{{"type": "TaskCreated", "task_id": "T99", "timestamp": "{day}T12:00:00", "title": "Lost"}}"#
        );
        fs::write(path, format!("{}, {lost}]", log.trim_end().strip_suffix(']').unwrap())).unwrap();
    }

    /// The legacy log ends within its last record.
    pub fn tear_legacy_log(&mut self) {
        let path = self.folder().join("data/events.json");
        let log = fs::read(&path).unwrap();
        fs::write(path, &log[..log.len() - 20]).unwrap();
    }

    /// Another program changes rows of the store, past what guards them.
    pub fn tampers(&self, sql: &str) {
        tamper(&self.folder().join("data/events.db"), sql);
    }

    /// The disk gives back other bytes in a page of the store.
    pub fn damage_store(&mut self) {
        let path = self.folder().join("data/events.db");
        let mut bytes = fs::read(&path).unwrap();
        let page = bytes.len() - 4_096;
        bytes[page..page + 64].fill(0xff);
        fs::write(path, bytes).unwrap();
    }

    /// Another program changes the store itself.
    pub fn in_store(&self, sql: &str) {
        Connection::open(self.folder().join("data/events.db")).unwrap().execute_batch(sql).unwrap();
    }

    /// A process that dispatches, until the command has ended.
    pub fn start_dispatching(&mut self) {
        use std::io::{BufRead, BufReader, Write};
        use std::process::Stdio;

        let mut shell = shell("exec mission-events -q dispatch -", &self.folder());
        let mut child = shell.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
        let (mut input, output) = (child.stdin.take().unwrap(), child.stdout.take().unwrap());
        // Once it answers, it runs.
        writeln!(input).unwrap();
        BufReader::new(output).read_line(&mut String::new()).unwrap();
        self.held.push(Box::new(Running { child, input: Some(input) }));
    }
}

/// A process that ends with its input.
struct Running {
    child: std::process::Child,
    input: Option<std::process::ChildStdin>,
}

impl Drop for Running {
    fn drop(&mut self) {
        drop(self.input.take());
        let _ = self.child.wait();
    }
}

/// The new system alone for less than three weeks, and before it both systems with the new one as primary.
pub const ALONE_FOR_WEEKS: [Lived; 2] = [(&[20], true, true), (&[19, 2], true, false)];
/// The same for less than a week.
pub const ALONE_FOR_DAYS: [Lived; 2] = [(&[5], true, true), (&[4, 2], true, false)];

/// Whether `doctor` has found that the disk of the test machine is slow at the moment, which changes its exit code.
pub fn tells_of_slow_disk(printed: &str) -> bool {
    printed.contains("each dispatch waits for a sync: a faster disk")
}

/// A new task, as a program would dispatch it.
pub fn created(task: &str) -> String {
    format!(r#"{{"event_type": "TaskCreated", "task_id": "{task}", "title": "Task {task}"}}"#)
}

/// Copies a folder with everything in it, but for the note of where the legacy log ends, which is of that very file and may be missing.
fn copy(from: &Path, to: &Path) {
    fs::create_dir(to).unwrap();
    for entry in fs::read_dir(from).unwrap().map(Result::unwrap) {
        if entry.file_name() == "events.json.end" {
            continue;
        }
        let to = to.join(entry.file_name());
        if entry.file_type().unwrap().is_dir() {
            copy(&entry.path(), &to);
        } else {
            fs::copy(entry.path(), to).unwrap();
        }
    }
}
