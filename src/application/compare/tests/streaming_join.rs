//! Pairs that are joined while both sides are read come to what they come to where all events go through
//! the stages.

use std::path::Path;

use proptest::prelude::*;

use super::*;
use crate::application::compare::feed::{Fed, Feed, FeedFacts};
use crate::property_cases::{cases, events_to_last};
use crate::wire::record::RecordReader;

/// An event that may stand on either side: kind, task, title, slot of time, id; and on the candidate
/// how many seconds it is late.
pub(super) type Planned = (usize, u8, u8, i64, Option<u8>, i64);

fn planned() -> impl Strategy<Value = Vec<(Planned, bool, bool)>> {
    let late = prop_oneof![8 => Just(0_i64), 1 => 1_i64..4, 1 => Just(900)];
    let event = (0..3_usize, 0..4_u8, 0..2_u8, 0..30_i64, proptest::option::weighted(0.9, 0..40_u8), late);
    proptest::collection::vec((event, prop::bool::weighted(0.9), prop::bool::weighted(0.9)), 0..60)
}

fn record_at((kind, task, title, slot, id, late): Planned, is_candidate: bool, base: i64) -> String {
    let lived = Lived {
        event_type: ["A", "B", "C"][kind],
        task: format!("T{task}"),
        title: if is_candidate && title == 1 && slot % 7 == 0 {
            "changed".into()
        } else {
            format!("t{title}")
        },
        at: base + slot * 60_000 + if is_candidate { late * 1000 } else { 0 },
    };
    match id {
        Some(id) => lived.as_new(&format!("e{id}")),
        None => lived.as_legacy(),
    }
}

pub(super) fn report(
    shortcuts: bool,
    hash_bits: u32,
    settings: &Settings,
    sides: &[Vec<String>; 2],
) -> serde_json::Value {
    report_from(Beginning::Declared, shortcuts, hash_bits, settings, sides)
}

fn report_from(
    beginning: Beginning,
    shortcuts: bool,
    hash_bits: u32,
    settings: &Settings,
    sides: &[Vec<String>; 2],
) -> serde_json::Value {
    let settings = Settings { shortcuts, ..settings.clone() };
    let context = Context { beginning, sample: 8, hash_bits, ..context(&settings) };
    let [control, candidate] = sides;
    serde_json::to_value(run(&context, [input(control), input(candidate)]).unwrap().0).unwrap()
}

/// What a run is made under: an ignored field that differs now and then, a clock that is ahead, a zone whose
/// hour comes twice, a range, and how its beginning is known.
#[derive(Debug, Clone)]
pub(super) struct Conditions {
    memory: usize,
    ignores_priority: bool,
    /// How many seconds the candidate's clock is ahead.
    ahead: i64,
    /// Times are written without an offset, in the hour that comes twice.
    in_repeated_hour: bool,
    since: Option<i64>,
    until: Option<i64>,
    beginning: Beginning,
}

/// Each way in which a beginning is known.
pub(super) fn beginning() -> impl Strategy<Value = Beginning> {
    prop_oneof![
        2 => Just(Beginning::Declared),
        1 => Just(Beginning::ByCandidate),
        2 => Just(Beginning::FirstOfCandidate),
    ]
}

pub(super) fn conditions() -> impl Strategy<Value = Conditions> {
    let memory = prop_oneof![Just(64_usize << 20), Just(20_000), Just(0)];
    let ahead = prop_oneof![3 => Just(0_i64), 1 => Just(90), 1 => Just(400)];
    let slot = || proptest::option::weighted(0.3, 0_i64..30);
    let conditions = (memory, any::<bool>(), ahead, prop::bool::weighted(0.3), slot(), slot(), beginning());
    conditions.prop_map(|(memory, ignores_priority, ahead, in_repeated_hour, since, until, beginning)| {
        Conditions { memory, ignores_priority, ahead, in_repeated_hour, since, until, beginning }
    })
}

impl Conditions {
    /// Milliseconds since the beginning of 2025-10-20: in Berlin, 02:00 to 03:00 on 2025-10-26 comes twice.
    fn base(&self) -> i64 {
        if self.in_repeated_hour { (6 * 24 + 2) * 3_600_000 } else { 0 }
    }

    pub fn settings(&self) -> Settings {
        let instant = |slot: Option<i64>| slot.map(|slot| time(self.base() + slot * 60_000).parse().unwrap());
        let mut profile = Profile::default();
        if self.ignores_priority {
            profile.one_sided.retain(|expected| expected.field != "priority");
            profile.ignore.push(IgnoreRule { field: "priority".into(), reason: "a test".into() });
        }
        let zone = if self.in_repeated_hour {
            Zone::new("Europe/Berlin", jiff::tz::TimeZone::get("Europe/Berlin").unwrap())
        } else {
            Zone::utc()
        };
        let (since, until) = (instant(self.since), instant(self.until));
        Settings { memory: self.memory, profile, zone, since, until, ..settings() }
    }

    pub fn record(&self, planned: Planned, is_candidate: bool) -> String {
        let mut planned = planned;
        planned.5 += self.ahead;
        let shifted = record_at(planned, is_candidate, self.base());
        let written = if self.in_repeated_hour { shifted.replace("+00:00", "") } else { shifted };
        if is_candidate && planned.3 % 5 == 0 { written.replace("P1", "P2") } else { written }
    }
}

proptest! {
    #![proptest_config(cases(256))]

    #[test]
    fn the_report_is_the_same_whether_pairs_are_joined_or_all_events_go_through_the_stages(
        (events, order) in planned().prop_flat_map(|events| {
            let order = Just((0..events.len()).collect::<Vec<_>>()).prop_shuffle();
            (Just(events), order)
        }),
        conditions in conditions(),
        hash_bits in prop_oneof![Just(64_u32), Just(1)],
    ) {
        let control = events.iter().filter(|(_, is_there, _)| *is_there);
        let control = control.map(|(event, ..)| conditions.record(*event, false));
        let candidate = order.iter().map(|index| &events[*index]).filter(|(_, _, is_there)| *is_there);
        let candidate = candidate.map(|(event, ..)| conditions.record(*event, true));
        let (sides, settings) = ([control.collect(), candidate.collect()], conditions.settings());
        let report = |shortcuts, hash_bits| {
            report_from(conditions.beginning, shortcuts, hash_bits, &settings, &sides)
        };
        prop_assert_eq!(report(true, hash_bits), report(false, 64));
    }
}

#[test]
fn many_events_that_are_joined_in_several_batches_are_all_matched() {
    const EVENTS: u64 = events_to_last(7_000, 20_000);
    let event = |number: i64| Lived {
        event_type: "A",
        task: format!("T{}", number % 100),
        title: format!("title {number}"),
        at: number * 1000,
    };
    let control = new(&(0..EVENTS as i64).map(event).collect::<Vec<_>>());
    let mut candidate = control.clone();
    candidate.chunks_mut(3000).for_each(<[String]>::reverse);
    // Each of them is there twice on one side, the second time long after the first ones were joined.
    candidate.push(candidate[5].clone());
    candidate.push(candidate[6].clone());
    for memory in [64 << 20, 4 << 20, 1 << 18] {
        let settings = Settings { memory, ..settings() };
        let sides = [control.clone(), candidate.clone()];
        let found = report(true, 64, &settings, &sides);
        assert_eq!((&found["matched"], &found["duplicated"]["candidate"]), (&EVENTS.into(), &2.into()));
        assert_eq!(found, report(false, 64, &settings, &sides));
    }
}

/// A log in which other events stand from its second reading on, in the same places.
struct Rewritten {
    first: Option<MemoryFeed>,
    then: MemoryFeed,
}

impl Feed for Rewritten {
    fn path(&self) -> &Path {
        self.then.path()
    }

    fn read(
        &mut self,
        reader: &mut RecordReader<'_>,
        take: &mut dyn FnMut(Fed<'_>, &RecordReader<'_>) -> Result<(), CompareError>,
    ) -> Result<FeedFacts, CompareError> {
        match self.first.take() {
            Some(mut first) => first.read(reader, take),
            None => self.then.read(reader, take),
        }
    }

    fn texts(&mut self, offsets: &[u64], take: &mut dyn FnMut(u64, &[u8])) -> Result<(), CompareError> {
        self.then.texts(offsets, take)
    }
}

#[test]
fn a_pair_whose_event_says_something_else_when_it_is_read_again_is_not_taken_for_it() {
    let event = |number: i64| Lived {
        event_type: "A",
        task: "T1".into(),
        title: format!("title {number}"),
        // The last one is so late on the candidate that the pair is looked at again.
        at: number * 60_000,
    };
    let control = new(&(0..50).map(event).collect::<Vec<_>>());
    let mut first = control.clone();
    first[49] = first[49].replace(&time(49 * 60_000), &time(80 * 60_000));
    let mut then = first.clone();
    then[49] = then[49].replace("title 49", "title 94");
    assert_ne!(first, then);
    let settings = settings();
    let rewritten = Rewritten { first: Some(MemoryFeed::new(first)), then: MemoryFeed::new(then.clone()) };
    let candidate = Input { feeds: vec![Box::new(rewritten)], ..input(&then) };
    let found =
        serde_json::to_value(run(&context(&settings), [input(&control), candidate]).unwrap().0).unwrap();
    let settings = Settings { shortcuts: false, ..settings };
    let expected =
        serde_json::to_value(run(&context(&settings), [input(&control), input(&then)]).unwrap().0).unwrap();
    assert_eq!(found, expected);
}
