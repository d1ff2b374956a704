//! What real logs hold and a naive reader trips over: planted on purpose, and counted.

use std::io;

use fastrand::Rng;
use uuid::Uuid;

use super::Encoder;
use super::python_json::{Object, Spelling};
use super::shapes::Form;
use super::sinks::RecordSink;
use super::summary::Summary;
use super::trap_list::TRAPS;
use super::workload::Event;

/// What an import must do with a record.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// Kept as an event of its own.
    Imported,
    /// Kept with its place, but the event is there already.
    Duplicate,
    /// Quarantined.
    Rejected,
}

impl Outcome {
    pub fn name(self) -> &'static str {
        match self {
            Self::Imported => "imported",
            Self::Duplicate => "duplicate",
            Self::Rejected => "rejected",
        }
    }
}

pub struct Trap {
    pub name: &'static str,
    pub plant: Plant,
    /// `None`: the legacy log cannot hold this trap, or not with one certain outcome.
    pub legacy: Option<Outcome>,
    pub daily: Option<Outcome>,
}

/// How a trap gets into the log.
pub enum Plant {
    /// As the event's own record with other fields. The number says how often it was planted
    /// before, so that its variants take turns.
    Fields(fn(&mut Object<'_>, Form, usize)),
    /// As the event's own record with other bytes.
    Bytes(fn(&mut Vec<u8>, usize)),
    /// As a further record: an earlier event once more.
    Again(fn(&mut Object<'_>), fn(Spelling) -> Spelling),
}

/// Plants the traps in turn, each some events after the last, so that every one stands between
/// sound records.
pub struct Planter {
    form: Form,
    rng: Rng,
    /// How many sound events come before the next trap.
    distance: u32,
    /// The traps that the form can hold, and what becomes of them.
    traps: Vec<(&'static Trap, Outcome)>,
    next: usize,
    rounds: usize,
    /// A sound event since the last trap, to be written again.
    remembered: Option<(Event, Uuid)>,
}

impl Planter {
    pub fn new(seed: u64, form: Form) -> Self {
        let traps = TRAPS
            .iter()
            .filter_map(|trap| {
                let outcome = match form {
                    Form::Legacy => trap.legacy,
                    Form::Daily => trap.daily,
                };
                Some((trap, outcome?))
            })
            .collect();
        let mut rng = Rng::with_seed(seed ^ 0x7a9_5eed);
        let distance = distance(&mut rng);
        Self { form, rng, distance, traps, next: 0, rounds: 0, remembered: None }
    }

    /// Writes the event that `encoder` holds, as a trap where one is due.
    pub fn write(
        &mut self,
        event: &Event,
        encoder: &mut Encoder,
        sink: &mut impl RecordSink,
        summary: &mut Summary,
    ) -> io::Result<()> {
        let day = event.day();
        if self.distance > 0 {
            self.distance -= 1;
            if self.remembered.is_none() {
                self.remembered = Some((event.clone(), encoder.id));
            }
            summary.count_plain();
            return sink.record(day, &encoder.text);
        }

        let (trap, outcome) = self.take_turn();
        let remembered = self.remembered.take();
        match trap.plant {
            Plant::Fields(edit) => {
                let (form, round) = (self.form, self.rounds);
                encoder.encode_as(event, encoder.id, encoder.spelling(), |record| {
                    edit(record, form, round);
                });
            }
            Plant::Bytes(damage) => damage(&mut encoder.text, self.rounds),
            Plant::Again(edit, respell) => {
                summary.count_plain();
                sink.record(day, &encoder.text)?;
                // Only within a day's file is it certain to count as a repetition in one source.
                let (event, id) = remembered
                    .filter(|(earlier, _)| earlier.day() == day)
                    .unwrap_or_else(|| (event.clone(), encoder.id));
                encoder.encode_as(&event, id, respell(encoder.spelling()), edit);
            }
        }
        summary.count(trap.name, outcome);
        sink.record(day, &encoder.text)
    }

    fn take_turn(&mut self) -> (&'static Trap, Outcome) {
        if self.next == self.traps.len() {
            self.next = 0;
            self.rounds += 1;
        }
        let turn = self.traps[self.next];
        self.next += 1;
        self.distance = distance(&mut self.rng);
        turn
    }
}

fn distance(rng: &mut Rng) -> u32 {
    rng.u32(10..40)
}
