//! The workload of Mission Control: tasks are created, updated, completed and deleted.

use std::borrow::Cow;

use chrono::{DateTime, Days, NaiveDate};
use fastrand::Rng;

use super::Plan;
use super::schedule::Schedule;
use super::wording;

pub type Text = Cow<'static, str>;

pub const PRIORITIES: [&str; 4] = ["P0", "P1", "P2", "P3"];
pub const STATUSES: [&str; 3] = ["NOT_STARTED", "IN_PROGRESS", "BLOCKED"];
const ACTORS: [&str; 5] = ["mara", "jürgen", "aiko", "ben", "scheduler"];
const SOURCES: [&str; 4] = ["web", "cli", "mobile", "mission-control"];

/// Around this many tasks are open at a time, whatever the number of events: memory stays constant.
const USUALLY_OPEN: usize = 30;
const FIRST_TASK: u64 = 101;

#[derive(Clone, Debug)]
pub struct Event {
    /// Microseconds since the Unix epoch.
    pub at: i64,
    /// The number in the task's id: 123 in `T123`.
    pub task: u64,
    pub actor: &'static str,
    pub source: &'static str,
    pub kind: Kind,
}

#[derive(Clone, Debug)]
pub enum Kind {
    Created { title: Text, priority: Text, status: Text },
    Updated { changes: Vec<Change> },
    Completed { notes: Text },
    Deleted { reason: Text },
}

/// One changed field of a task; `None` is null.
#[derive(Clone, Debug)]
pub struct Change {
    pub field: &'static str,
    pub old: Option<Text>,
    pub new: Option<Text>,
}

impl Event {
    /// The day of the event in UTC.
    pub fn day(&self) -> NaiveDate {
        DateTime::from_timestamp_micros(self.at).unwrap_or_default().date_naive()
    }
}

struct Task {
    number: u64,
    title: Text,
    priority: Text,
    status: Text,
    due_date: Option<Text>,
}

/// The events of a plan in the order of their time.
pub struct Workload {
    rng: Rng,
    schedule: Schedule,
    open: Vec<Task>,
    next_task: u64,
}

impl Workload {
    pub fn new(plan: &Plan) -> Self {
        Self {
            rng: Rng::with_seed(plan.seed),
            schedule: Schedule::new(plan),
            open: Vec::with_capacity(2 * USUALLY_OPEN),
            next_task: FIRST_TASK,
        }
    }

    fn happen(&mut self, day: NaiveDate) -> (u64, Kind) {
        // Fewer open tasks make a new one likelier, so their number settles at the usual one.
        let to_create = (2 * USUALLY_OPEN).saturating_sub(self.open.len());
        let dice = self.rng.usize(..to_create + 72);
        if self.open.is_empty() || dice < to_create {
            self.create()
        } else {
            match dice - to_create {
                0..42 => self.update(day),
                42..65 => self.complete(),
                _ => self.delete(),
            }
        }
    }

    fn create(&mut self) -> (u64, Kind) {
        let number = self.next_task;
        self.next_task += 1;
        let task = Task {
            number,
            title: wording::title(&mut self.rng),
            priority: pick(&mut self.rng, &["P0", "P1", "P1", "P2", "P2", "P2", "P3"]).into(),
            status: pick(&mut self.rng, &["NOT_STARTED", "NOT_STARTED", "IN_PROGRESS"]).into(),
            due_date: None,
        };
        let kind = Kind::Created {
            title: task.title.clone(),
            priority: task.priority.clone(),
            status: task.status.clone(),
        };
        self.open.push(task);
        (number, kind)
    }

    fn update(&mut self, day: NaiveDate) -> (u64, Kind) {
        let Self { rng, open, .. } = self;
        let index = rng.usize(..open.len());
        let task = &mut open[index];
        let changes = match rng.u8(..10) {
            0..5 => vec![switch(rng, "status", &mut task.status, &STATUSES)],
            5..7 => vec![switch(rng, "priority", &mut task.priority, &PRIORITIES)],
            7 => vec![
                switch(rng, "priority", &mut task.priority, &PRIORITIES),
                switch(rng, "status", &mut task.status, &STATUSES),
            ],
            8 => vec![retitle(rng, &mut task.title)],
            _ => vec![postpone(rng, day, &mut task.due_date)],
        };
        (task.number, Kind::Updated { changes })
    }

    fn complete(&mut self) -> (u64, Kind) {
        let mut index = self.rng.usize(..self.open.len());
        // What is being worked on is likelier to be finished.
        for _ in 0..3 {
            if self.open[index].status == "IN_PROGRESS" {
                break;
            }
            index = self.rng.usize(..self.open.len());
        }
        let task = self.open.swap_remove(index);
        let notes = wording::completion_notes(&mut self.rng);
        (task.number, Kind::Completed { notes })
    }

    fn delete(&mut self) -> (u64, Kind) {
        let index = self.rng.usize(..self.open.len());
        let task = self.open.swap_remove(index);
        let reason = wording::reason(&mut self.rng);
        (task.number, Kind::Deleted { reason })
    }
}

impl Iterator for Workload {
    type Item = Event;

    fn next(&mut self) -> Option<Event> {
        let at = self.schedule.next()?;
        let day = DateTime::from_timestamp_micros(at)?.date_naive();
        let actor = pick(&mut self.rng, &ACTORS);
        let source = pick(&mut self.rng, &SOURCES);
        let (task, kind) = self.happen(day);
        Some(Event { at, task, actor, source, kind })
    }
}

/// Changes a value to another one of those that are allowed.
fn switch(rng: &mut Rng, field: &'static str, value: &mut Text, allowed: &[&'static str]) -> Change {
    loop {
        let new = pick(rng, allowed);
        if new != value.as_ref() {
            return change(field, value, new.into());
        }
    }
}

fn change(field: &'static str, value: &mut Text, new: Text) -> Change {
    let old = std::mem::replace(value, new.clone());
    Change { field, old: Some(old), new: Some(new) }
}

fn retitle(rng: &mut Rng, title: &mut Text) -> Change {
    let new = format!("{title}{}", wording::title_addition(rng));
    change("title", title, new.into())
}

fn postpone(rng: &mut Rng, day: NaiveDate, due_date: &mut Option<Text>) -> Change {
    let new = Some(Text::from((day + Days::new(rng.u64(1..=10))).to_string()));
    let old = std::mem::replace(due_date, new.clone());
    Change { field: "due_date", old, new }
}

pub fn pick(rng: &mut Rng, values: &[&'static str]) -> &'static str {
    values[rng.usize(..values.len())]
}
