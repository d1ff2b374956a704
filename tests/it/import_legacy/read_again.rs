//! A log that changes while it is read: what an earlier reading stored is counted once.

use std::cell::Cell;
use std::path::Path;

use crate::support::imports::open_import;
use mission_events::internals::application::import::pass::ImportPass;
use mission_events::internals::application::import::{ImportSink, ReadOptions, RecordCounts};
use mission_events::internals::application::log_source::{
    LogFormat, LogPiece, LogSource, ResumePoint, SourceDigest, SourceError,
};
use mission_events::internals::infrastructure::sources::open_log;
use mission_events::internals::infrastructure::system_clock::SystemClock;
use mission_events::internals::wire::local_time::DstPolicy;
use mission_events::internals::wire::mapping::Mapping;
use mission_events::internals::wire::record::RecordReader;

use super::{DATABASE, rows};
use crate::support::cli::write;
use crate::support::test_dir::TestDir;
use crate::support::utc;

/// More than one batch, so that something is stored before the end is known.
const DIFFERENT: u64 = 100;
const REPEATED: u64 = 4_000;

/// A log that turns out, at its end, to be changing.
struct Changing(Box<dyn LogSource>);

impl LogSource for Changing {
    fn path(&self) -> &Path {
        self.0.path()
    }

    fn format(&self) -> LogFormat {
        self.0.format()
    }

    fn compression(&self) -> Option<&'static str> {
        self.0.compression()
    }

    fn resume_at(&mut self, point: &ResumePoint) -> Result<bool, SourceError> {
        self.0.resume_at(point)
    }

    fn next_piece<'s>(
        &'s mut self,
        reader: &mut RecordReader<'_>,
    ) -> Result<Option<LogPiece<'s>>, SourceError> {
        let path = self.0.path().to_owned();
        match self.0.next_piece(reader)? {
            Some(piece) => Ok(Some(piece)),
            None => Err(SourceError::Changing { path, opened: 1, ended: 2 }),
        }
    }

    fn resume_point(&mut self) -> ResumePoint {
        self.0.resume_point()
    }

    fn digest(&self) -> SourceDigest {
        self.0.digest()
    }
}

fn import_at_the_second_reading(dir: &TestDir, target: &mut dyn ImportSink) -> RecordCounts {
    let (mapping, readings) = (Mapping::default(), Cell::new(0));
    let reading = ReadOptions {
        zone: utc(),
        dst: DstPolicy::Resolve,
        mapping: mapping.clone(),
        since: None,
        until: None,
    };
    let (clock, mut progress) = (SystemClock::default(), ());
    let mut import = ImportPass::new(reading, target, &clock, &mut progress);
    let open = || {
        readings.set(readings.get() + 1);
        let log = open_log(&dir.join("a.jsonl"), &mapping)?;
        Ok::<Box<dyn LogSource>, _>(if readings.get() == 1 { Box::new(Changing(log)) } else { log })
    };
    import.import(&dir.join("a.jsonl"), &open).unwrap();
    let imported = import.finish().unwrap();
    target.publish().unwrap();
    assert_eq!(readings.get(), 2);
    imported.total
}

#[test]
fn what_an_earlier_reading_put_into_a_new_store_is_counted_as_imported_and_its_repeats_as_duplicates() {
    let dir = TestDir::new();
    let event = |id: u64| {
        format!(
            "{{\"event_id\": \"e{id}\", \"event_type\": \"A\", \"timestamp\": \"2025-10-25T10:00:00Z\"}}\n"
        )
    };
    let mut log = event(0).repeat(REPEATED as usize);
    log.extend((1..=DIFFERENT).map(event));
    write(&dir, "a.jsonl", log);
    let mut target = open_import(&dir.join(DATABASE), 0).unwrap();
    let total = import_at_the_second_reading(&dir, target.as_mut());
    let expected = RecordCounts {
        records: REPEATED + DIFFERENT,
        imported: 1 + DIFFERENT,
        duplicates: REPEATED - 1,
        ..RecordCounts::default()
    };
    assert_eq!(total, expected);
    assert_eq!(rows(&dir, DATABASE).len() as u64, 1 + DIFFERENT);
}
