//! A parallel run over simulated days: both sides in real files, where the program looks for them, and a clock that is set.
//!
//! Each day one process dispatches through the entry points, from nine o'clock on, an event every ten minutes, and ends in the
//! evening. Faults are planted beside the router, while the legacy side is primary: what the new side stores as primary is mirrored,
//! whatever has stored it.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use chrono::{DateTime, NaiveDate, NaiveTime, TimeDelta, Utc};
use mission_events::compare::{
    Comparison, EvidencePorts, FoundSide, JsonlEvidenceLog, ParallelRun, Recording, Settings, Start,
    TempScratch, compare_and_record,
};
use mission_events::dispatch::{
    Clock, DispatchOutcome, DispatchPorts, DispatchRecorder, DispatchSettings, EntryPoints,
    EventDispatcherService, JsonlDispatchFigures, JsonlStoreTurn, Runner, RunnerSettings, SqliteHandlerStore,
    SqliteStoreTurn, StoreTurn, TimeOrderedIds,
};
use mission_events::event_system::UndecidedRecord;
use mission_events::import::Mapping;
use mission_events::internals::application::mode_log::start_of_parallel_run;
use mission_events::legacy_system::routing::{
    LegacyLog, MirrorOutcome, ModeLog, NewSide, OutboxFile, Routed, Router, RouterPorts, RouterSettings,
    Routing, Side,
};
use mission_events::legacy_system::{EventsJson, LegacyWriter};
use mission_events::tasks::default_registrations;
use mission_events::{EventRepository, JsonlEventRepository, Priority, SqliteEventRepository, Status};

use super::{event, utc};

/// Longer than any mirror needs.
const LONG: Duration = Duration::from_secs(120);
/// Between one event and the next.
const APART: TimeDelta = TimeDelta::minutes(10);
/// What a dispatch is recorded to have taken: how long it does on this machine is not what is asked.
const TOOK: Duration = Duration::from_millis(2);

/// What goes wrong with one event.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    /// The new side does not have it.
    LostOnNewSide,
    /// The legacy side does not have it.
    LostOnLegacySide,
    /// Both have it, with other notes.
    Changed,
    /// The legacy side has it twice.
    Doubled,
    /// The new side has it five minutes later.
    Late,
}

impl Fault {
    pub const ALL: [Self; 5] =
        [Self::LostOnNewSide, Self::LostOnLegacySide, Self::Changed, Self::Doubled, Self::Late];
}

/// Which store the new side has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NewStore {
    Jsonl,
    Sqlite,
}

impl NewStore {
    fn path(self, folder: &Path) -> PathBuf {
        folder.join(match self {
            Self::Jsonl => "data/events",
            Self::Sqlite => "data/events.db",
        })
    }

    /// The store, and the turns of those that write to it.
    fn open(self, folder: &Path) -> (Arc<dyn EventRepository>, Box<dyn StoreTurn>) {
        let path = self.path(folder);
        match self {
            Self::Jsonl => (
                Arc::new(JsonlEventRepository::open(&path, utc()).unwrap()),
                Box::new(JsonlStoreTurn::new(path)),
            ),
            Self::Sqlite => {
                let store = Arc::new(SqliteEventRepository::open(path, utc()).unwrap());
                (Arc::clone(&store) as _, Box::new(SqliteStoreTurn::new(store)))
            }
        }
    }
}

/// The run, in a folder.
pub struct SimulatedRun {
    folder: PathBuf,
    new_store: NewStore,
    clock: Arc<SetClock>,
    /// How many tasks there were.
    tasks: u64,
}

impl SimulatedRun {
    pub fn in_folder(folder: &Path, new_store: NewStore) -> Self {
        Self { folder: folder.to_owned(), new_store, clock: Arc::default(), tasks: 0 }
    }

    /// A day: so many events are dispatched, then the faults are planted; answers the tasks of these.
    pub fn day(&mut self, day: NaiveDate, routing: &Routing, events: usize, faults: &[Fault]) -> Vec<String> {
        let process = self.process(day, routing);
        self.dispatch(&process, events);
        let mut planted = Vec::new();
        for fault in faults {
            assert_eq!(routing.primary, Side::Legacy);
            let task = self.next_task();
            self.plant(*fault, &task);
            planted.push(task);
            self.clock.advance(APART);
        }
        process.end();
        planted
    }

    /// Days without faults, all by one process; the days are in order.
    pub fn days(&mut self, days: &[NaiveDate], routing: &Routing, events: usize) {
        let Some(first) = days.first() else { return };
        let process = self.process(*first, routing);
        for day in days {
            self.set_morning(*day);
            self.dispatch(&process, events);
        }
        process.end();
    }

    /// A process that is started on this morning.
    fn process(&self, day: NaiveDate, routing: &Routing) -> Process {
        self.set_morning(day);
        Process::start(&self.folder, self.new_store, &self.clock, routing.clone())
    }

    fn set_morning(&self, day: NaiveDate) {
        self.clock.set(day.and_time(NaiveTime::MIN).and_utc() + TimeDelta::hours(9));
    }

    fn dispatch(&mut self, process: &Process, events: usize) {
        for number in 0..events {
            let task = self.next_task();
            process.dispatch(number, &task);
            self.clock.advance(APART);
        }
    }

    /// Compares both sides as in the night after `until`, from `since` on, or from where the parallel run was started, and records
    /// what was found.
    pub fn compare(&self, since: Option<NaiveDate>, until: NaiveDate) -> Comparison {
        let midnight = |day: NaiveDate| day.and_time(NaiveTime::MIN).and_utc();
        let end = midnight(until) + TimeDelta::days(1);
        self.clock.set(end + TimeDelta::minutes(5));
        let changes = self.modes().changes().unwrap();
        let settings = Settings {
            since: since.map(midnight),
            until: Some(end - TimeDelta::microseconds(1)),
            start: start_of_parallel_run(&changes, &BTreeSet::new()).map_or(Start::Inferred, Start::Recorded),
            ..Settings::new(utc(), self.clock.now())
        };
        let run = ParallelRun {
            settings: &settings,
            control: &FoundSide::find(&self.folder.join("data/events.json"), Mapping::BuiltIn).unwrap(),
            candidate: &FoundSide::find(&self.new_store.path(&self.folder), Mapping::BuiltIn).unwrap(),
            new_scratch: &|| Box::new(TempScratch::default()),
        };
        let ports = EvidencePorts {
            log: &JsonlEvidenceLog::new(&self.folder.join("data/evidence.jsonl")),
            clock: &*self.clock,
            absolute: &|path| path.canonicalize().unwrap().display().to_string(),
        };
        let found = compare_and_record(&run, true, &ports).unwrap();
        assert!(matches!(found.recording, Recording::Recorded { .. }), "{:?}", found.recording);
        found.comparison
    }

    /// What the mirrors could not decide.
    pub fn undecided(&self) -> Vec<UndecidedRecord> {
        self.modes().undecided().unwrap()
    }

    fn modes(&self) -> impl ModeLog + use<> {
        SqliteHandlerStore::open(self.folder.join("data/handlers.db")).unwrap().mode_log().unwrap()
    }

    fn next_task(&mut self) -> String {
        self.tasks += 1;
        format!("T{}", self.tasks)
    }

    fn plant(&self, fault: Fault, task: &str) {
        let at = self.clock.now();
        match fault {
            Fault::LostOnNewSide => self.on_legacy_side(at, task, "lost"),
            Fault::LostOnLegacySide => self.on_new_side(at, task, "lost"),
            Fault::Changed => {
                self.on_legacy_side(at, task, "as it was");
                self.on_new_side(at, task, "as it became");
            }
            Fault::Doubled => {
                self.on_legacy_side(at, task, "doubled");
                self.on_legacy_side(at, task, "doubled");
                self.on_new_side(at, task, "doubled");
            }
            Fault::Late => {
                self.on_legacy_side(at, task, "late");
                self.on_new_side(at + TimeDelta::minutes(5), task, "late");
            }
        }
    }

    fn on_legacy_side(&self, at: DateTime<Utc>, task: &str, note: &str) {
        let log = EventsJson::open(self.folder.join("data/events.json"), LegacyWriter::This).unwrap();
        let at = at.format("%Y-%m-%dT%H:%M:%S");
        let record = format!(
            r#"{{"type": "TaskCreated", "task_id": "{task}", "timestamp": "{at}", "title": "Task {task}", "note": "{note}"}}"#
        );
        log.append(&record).unwrap();
    }

    fn on_new_side(&self, at: DateTime<Utc>, task: &str, note: &str) {
        let (store, _) = self.new_store.open(&self.folder);
        let created = event(&format!("e-{task}")).at(&at.to_rfc3339()).about(task);
        store
            .save_event(
                &created
                    .with("title", &format!("\"Task {task}\""))
                    .with("note", &format!("\"{note}\""))
                    .build(),
            )
            .unwrap();
    }
}

/// A process that dispatches.
struct Process {
    entries: EntryPoints<Arc<Router>>,
    figures: DispatchRecorder,
}

impl Process {
    fn start(folder: &Path, new_store: NewStore, clock: &Arc<SetClock>, routing: Routing) -> Self {
        let handlers = Arc::new(SqliteHandlerStore::open(folder.join("data/handlers.db")).unwrap());
        let (folder_of_store, events_json) = (folder.to_owned(), folder.join("data/events.json"));
        let (new_handlers, new_clock) = (Arc::clone(&handlers), Arc::clone(clock));
        let new_side = move || {
            let (store, turn) = new_store.open(&folder_of_store);
            let runner = Runner::new(
                Arc::clone(&store),
                Arc::clone(&new_handlers) as _,
                Arc::clone(&new_clock) as _,
                RunnerSettings::default(),
            );
            for registration in default_registrations(&utc()) {
                runner.register(registration)?;
            }
            let ports = DispatchPorts { turn, clock: Arc::clone(&new_clock) as _ };
            let settings = DispatchSettings::default();
            let dispatcher =
                EventDispatcherService::new(Arc::clone(&store), Arc::new(runner), ports, settings);
            Ok(NewSide { events: store, dispatcher: Arc::new(dispatcher) })
        };
        let legacy_log = move || {
            Ok(Arc::new(EventsJson::open(events_json.clone(), LegacyWriter::This)?) as Arc<dyn LegacyLog>)
        };
        let ports = RouterPorts {
            new_side: Box::new(new_side),
            legacy_log: Box::new(legacy_log),
            outbox: Arc::new(OutboxFile::at(folder.join("data/parallel/outbox.jsonl"))),
            modes: Arc::new(handlers.mode_log().unwrap()),
            handlers,
            clock: Arc::clone(clock) as _,
            zone: utc(),
            pid: std::process::id(),
        };
        let settings = RouterSettings { secondary_timeout: LONG, ..RouterSettings::default() };
        let router = Arc::new(Router::open(routing, ports, settings).unwrap());
        let log = Box::new(JsonlDispatchFigures::new(&folder.join("data/dispatch-figures.jsonl")));
        Self {
            entries: EntryPoints::new(router, Box::new(TimeOrderedIds), Arc::clone(clock) as _),
            figures: DispatchRecorder::start(log, Arc::clone(clock) as _, utc(), std::process::id()),
        }
    }

    /// Something happens to a task, by turns one thing or another.
    fn dispatch(&self, number: usize, task: &str) {
        let entries = &self.entries;
        let routed: Routed = match number % 4 {
            0 => entries.on_task_created(task, format!("Task {task}"), Priority::P1, Status::NotStarted),
            1 => entries.on_task_updated(
                task,
                vec!["title".to_owned()],
                Default::default(),
                Default::default(),
            ),
            2 => entries.on_task_completed(task, "2025-10-20", Some("done".to_owned())),
            _ => entries.on_task_deleted(task, None),
        }
        .unwrap();
        assert!(routed.mirror.is_none_or(|outcome| outcome == MirrorOutcome::Done));
        self.figures.record(entries.route().routing().mode, TOOK, DispatchOutcome::Taken);
    }

    fn end(self) {
        assert!(self.entries.route().shut_down(LONG));
    }
}

/// A clock that stands still until it is set.
pub struct SetClock(Mutex<DateTime<Utc>>);

impl Default for SetClock {
    fn default() -> Self {
        Self(Mutex::new(DateTime::UNIX_EPOCH))
    }
}

impl SetClock {
    pub fn set(&self, now: DateTime<Utc>) {
        *self.0.lock().unwrap() = now;
    }

    pub fn advance(&self, by: TimeDelta) {
        *self.0.lock().unwrap() += by;
    }
}

impl Clock for SetClock {
    fn now(&self) -> DateTime<Utc> {
        *self.0.lock().unwrap()
    }

    fn elapsed(&self) -> Duration {
        (self.now() - DateTime::UNIX_EPOCH).to_std().unwrap()
    }

    fn wait(&self, duration: Duration) {
        self.advance(TimeDelta::from_std(duration).unwrap());
    }
}
