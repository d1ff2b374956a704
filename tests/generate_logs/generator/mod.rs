//! A seeded workload of Mission Control, written as the legacy log or as the new daily log.
//!
//! The same [`Plan`] always gives the same bytes, in both forms the same workload, and any number of
//! events in constant memory. Nothing here knows the crate `mission_events`, so a test or a bench
//! that includes this module checks the crate against an independent hand:
//!
//! ```ignore
//! #[allow(dead_code, reason = "the example uses what this test does not")]
//! #[path = "../tests/generate_logs/generator/mod.rs"]
//! mod generator;
//! ```

mod fortnight;
pub mod python_json;
pub mod schedule;
pub mod shapes;
pub mod sinks;
pub mod summary;
mod trap_list;
pub mod traps;
mod wording;
pub mod workload;

use std::io::{self, BufWriter, Write};
use std::path::Path;

use chrono::NaiveDate;

use python_json::{Layout, Spelling};
use shapes::Form;
use sinks::{ArraySink, DailySink, RecordSink};
use summary::Summary;
use traps::Planter;
use workload::{Event, Workload};

/// Large enough that a log of gigabytes costs few system calls.
const BUFFER_BYTES: usize = 1 << 20;

/// What decides every byte of a log.
#[derive(Clone, Debug)]
pub struct Plan {
    pub seed: u64,
    /// The first day, in UTC.
    pub start: NaiveDate,
    /// Over how many days the events are spread; at least 1.
    pub days: u32,
    /// How many events happen, not counting the further records that traps add.
    pub events: u64,
    /// Whether the log carries the damage and the oddities of [`traps`].
    pub traps: bool,
}

impl Default for Plan {
    fn default() -> Self {
        Self {
            seed: 1,
            start: NaiveDate::from_ymd_opt(2025, 10, 13).unwrap_or_default(),
            days: 30,
            events: 10_000,
            traps: false,
        }
    }
}

/// Writes the workload as one JSON array of legacy records, as Python's `json.dump` lays it out.
pub fn write_legacy(plan: &Plan, layout: Layout, out: impl Write) -> io::Result<Summary> {
    let sink = ArraySink::new(BufWriter::with_capacity(BUFFER_BYTES, out), layout, plan.traps)?;
    write_records(plan, Form::Legacy, Spelling { layout, ascii: true }, sink)
}

/// Writes the workload as `events-YYYY-MM-DD.jsonl` files into `folder`, which is made if it is missing.
/// Files of other days that are there already stay.
pub fn write_daily(plan: &Plan, folder: &Path) -> io::Result<Summary> {
    let sink = DailySink::new(folder, plan.traps)?;
    write_records(plan, Form::Daily, shapes::DAILY_SPELLING, sink)
}

/// Writes the sample data: the legacy system's `events.json` of two weeks, and the new system's
/// `events/events-YYYY-MM-DD.jsonl` of the second one, in which both ran.
pub fn write_fortnight(seed: u64, folder: &Path) -> io::Result<()> {
    fortnight::write(seed, folder)
}

fn write_records(
    plan: &Plan,
    form: Form,
    spelling: Spelling,
    mut sink: impl RecordSink,
) -> io::Result<Summary> {
    let mut encoder = Encoder::new(plan, form, spelling);
    let mut summary = Summary::new(form, plan.seed);
    let mut planter = plan.traps.then(|| Planter::new(plan.seed, form));
    let mut remaining = plan.events;

    for event in Workload::new(plan) {
        remaining -= 1;
        encoder.encode(&event);
        match &mut planter {
            // The torn tail is the only damage at the end: next to other damage in an array, a
            // reader could not tell the two apart and would rightly count one.
            Some(_) if remaining == 0 => {
                encoder.text.truncate(encoder.text.len() / 2);
                sink.record(event.day(), &encoder.text)?;
                summary.count("torn_tail", traps::Outcome::Rejected);
            }
            Some(planter) if remaining > 1 => {
                planter.write(&event, &mut encoder, &mut sink, &mut summary)?;
            }
            _ => {
                sink.record(event.day(), &encoder.text)?;
                summary.count_plain();
            }
        }
    }
    let torn = plan.traps && plan.events > 0;
    summary.byte_order_marks(sink.finish(torn)?);
    Ok(summary)
}

/// Turns events into the text of their records, into one buffer that is used again.
pub struct Encoder {
    form: Form,
    spelling: Spelling,
    ids: shapes::EventIds,
    /// The id that the last encoded event got.
    pub id: uuid::Uuid,
    pub text: Vec<u8>,
}

impl Encoder {
    fn new(plan: &Plan, form: Form, spelling: Spelling) -> Self {
        Self {
            form,
            spelling,
            ids: shapes::EventIds::new(plan.seed),
            id: uuid::Uuid::nil(),
            text: Vec::with_capacity(1024),
        }
    }

    /// Gives the event its id and writes its record into `text`.
    fn encode(&mut self, event: &Event) {
        self.id = self.ids.next(event.at);
        self.encode_as(event, self.id, self.spelling, |_| {});
    }

    /// Writes the record of an event that has its id, after `edit` has had its way with the fields.
    pub fn encode_as(
        &mut self,
        event: &Event,
        id: uuid::Uuid,
        spelling: Spelling,
        edit: impl FnOnce(&mut python_json::Object<'_>),
    ) {
        let mut record = match self.form {
            Form::Legacy => shapes::legacy_record(event),
            Form::Daily => shapes::daily_record(event, id),
        };
        edit(&mut record);
        self.text.clear();
        python_json::write_object(&mut self.text, &record, spelling);
    }

    pub fn spelling(&self) -> Spelling {
        self.spelling
    }
}
