//! Sides that are the same bytes are not matched; what is said of them is the same.

use std::cell::Cell;
use std::path::Path;

use proptest::prelude::*;

use super::*;
use crate::application::compare::feed::{Fed, Feed, FeedFacts};
use crate::property_cases::cases;
use crate::wire::record::RecordReader;

/// A log that says of itself how often in a row it is the copy of another one.
struct Copy {
    log: MemoryFeed,
    times: Cell<u32>,
}

impl Feed for Copy {
    fn path(&self) -> &Path {
        self.log.path()
    }

    fn read(
        &mut self,
        reader: &mut RecordReader<'_>,
        take: &mut dyn FnMut(Fed<'_>, &RecordReader<'_>) -> Result<(), CompareError>,
    ) -> Result<FeedFacts, CompareError> {
        assert!(self.times.get() == 0, "what is known to be a copy is not read");
        self.log.read(reader, take)
    }

    fn is_copy_of(&mut self, _original: &Path) -> Result<bool, CompareError> {
        Ok(self.times.replace(self.times.get().saturating_sub(1)) > 0)
    }

    fn texts(&mut self, offsets: &[u64], take: &mut dyn FnMut(u64, &[u8])) -> Result<(), CompareError> {
        self.log.texts(offsets, take)
    }
}

/// The report on a log of several files and its copy, which says so many times that it is one.
fn report(settings: &Settings, records: &[String], times: u32) -> serde_json::Value {
    report_from(Beginning::Declared, settings, records, times)
}

fn report_from(
    beginning: Beginning,
    settings: &Settings,
    records: &[String],
    times: u32,
) -> serde_json::Value {
    let files = || records.chunks(1 + records.len() / 3).map(<[String]>::to_vec).map(MemoryFeed::new);
    let input = |feeds: Vec<Box<dyn Feed>>| Input { feeds, ..input(&[]) };
    let original = files().map(|log| Box::new(log) as Box<dyn Feed>).collect();
    let copies =
        files().map(|log| Box::new(Copy { log, times: Cell::new(times) }) as Box<dyn Feed>).collect();
    let context = Context { beginning, sample: 8, ..context(settings) };
    serde_json::to_value(run(&context, [input(original), input(copies)]).unwrap().0).unwrap()
}

proptest! {
    #![proptest_config(cases(256))]

    #[test]
    fn a_copy_is_reported_as_if_it_had_been_read_and_matched(
        events in proptest::collection::vec((0_usize..3, 0_usize..4, 0_i64..9, 0_u32..20, any::<bool>()), 0..60),
        since in proptest::option::of(0_i64..9),
        beginning in super::streaming_join::beginning(),
    ) {
        let record = |(number, (kind, task, slot, oddity, is_new)): (usize, (usize, usize, i64, u32, bool))| {
            let event_type = ["A", "B", "C"][kind];
            let lived = Lived { event_type, task: format!("T{task}"), title: "é".to_owned(), at: slot * 7_200_000 };
            match oddity {
                0 => r#"{"type": "A"}"#.to_owned(),
                1 => "{".to_owned(),
                _ if is_new => lived.as_new(&format!("e{}", if oddity < 4 { 0 } else { number })),
                _ => lived.as_legacy(),
            }
        };
        let records: Vec<String> = events.into_iter().enumerate().map(record).collect();
        let since = since.map(|slot| time(slot * 7_200_000 + 1).parse().unwrap());
        let settings = Settings { since, ..settings() };
        let without = Settings { shortcuts: false, ..settings.clone() };
        let matched = report_from(beginning, &without, &records, 0);
        prop_assert_eq!(&report_from(beginning, &settings, &records, u32::MAX), &matched);
        prop_assert_eq!(matched["matched"].as_u64(), matched["control"]["events"].as_u64());
    }
}

#[test]
fn a_copy_that_is_none_any_more_when_the_original_was_read_is_read_and_matched() {
    let records = new(&day());
    assert_eq!(report(&settings(), &records, 1), report(&settings(), &records, 0));
}
