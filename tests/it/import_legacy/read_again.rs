//! A log that changes while it is read: what an earlier reading stored is counted once.

use std::cell::Cell;
use std::path::Path;

use crate::support::imports::open_import;
use mission_events::internals::application::import::pass::ImportPass;
use mission_events::internals::application::import::{ImportSink, ReadOptions, RecordCounts};
use mission_events::internals::application::log_source::{
    LogFormat, LogPiece, LogSource, ResumePoint, SourceDigest, SourceError,
};
use mission_events::internals::infrastructure::sources::{FileSystem, open_log};
use mission_events::internals::infrastructure::system_clock::SystemClock;
use mission_events::internals::wire::local_time::DstPolicy;
use mission_events::internals::wire::mapping::Mapping;
use mission_events::internals::wire::record::RecordReader;

use rusqlite::Connection;

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

/// Imports a log that changes while it is read at first, as `change` has it.
fn import_at_the_second_reading(
    dir: &TestDir,
    target: &mut dyn ImportSink,
    change: &dyn Fn(),
) -> RecordCounts {
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
        if readings.get() == 2 {
            change();
        }
        let log = open_log(&dir.join("a.jsonl"), &mapping)?;
        Ok::<Box<dyn LogSource>, _>(if readings.get() == 1 { Box::new(Changing(log)) } else { log })
    };
    import.import(&dir.join("a.jsonl"), &FileSystem, &open).unwrap();
    let imported = import.finish().unwrap();
    target.publish().unwrap();
    assert_eq!(readings.get(), 2);
    imported.total
}

fn event(id: u64) -> String {
    format!("{{\"event_id\": \"e{id}\", \"event_type\": \"A\", \"timestamp\": \"2025-10-25T10:00:00Z\"}}\n")
}

#[test]
fn what_an_earlier_reading_put_into_a_new_store_is_counted_as_imported_and_its_repeats_as_duplicates() {
    let dir = TestDir::new();
    let mut log = event(0).repeat(REPEATED as usize);
    log.extend((1..=DIFFERENT).map(event));
    write(&dir, "a.jsonl", log);
    let mut target = open_import(&dir.join(DATABASE), 0).unwrap();
    let total = import_at_the_second_reading(&dir, target.as_mut(), &|| {});
    let expected = RecordCounts {
        records: REPEATED + DIFFERENT,
        imported: 1 + DIFFERENT,
        duplicates: REPEATED - 1,
        ..RecordCounts::default()
    };
    assert_eq!(total, expected);
    assert_eq!(rows(&dir, DATABASE).len() as u64, 1 + DIFFERENT);
}

#[cfg(unix)]
#[test]
fn each_file_that_a_link_leads_to_while_the_log_is_read_is_written_down_where_it_lies() {
    use std::os::unix::fs::symlink;

    let dir = TestDir::new();
    let last: String = event(DIFFERENT + 1);
    write(&dir, "first.jsonl", (1..=DIFFERENT).map(event).collect::<String>());
    write(&dir, "last.jsonl", &last);
    let link = dir.join("a.jsonl");
    symlink("first.jsonl", &link).unwrap();
    let mut target = open_import(&dir.join(DATABASE), 0).unwrap();
    import_at_the_second_reading(&dir, target.as_mut(), &|| {
        std::fs::remove_file(&link).unwrap();
        symlink("last.jsonl", &link).unwrap();
    });
    let connection = Connection::open(dir.join(DATABASE)).unwrap();
    let mut sources =
        connection.prepare("SELECT path, bytes, superseded_by FROM sources ORDER BY source_id").unwrap();
    let sources: Vec<(String, Option<u64>, Option<i64>)> = sources
        .query_map([], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))
        .unwrap()
        .map(Result::unwrap)
        .collect();
    let at = |name: &str| dir.join(name).canonicalize().unwrap().display().to_string();
    let expected = [(at("first.jsonl"), None, None), (at("last.jsonl"), Some(last.len() as u64), None)];
    assert_eq!(sources, expected);
}
