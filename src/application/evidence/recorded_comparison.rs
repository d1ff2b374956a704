//! A comparison that is recorded as evidence.

use std::path::Path;

use super::log::{EvidenceError, EvidenceLog};
use super::of_comparison::of_comparison;
use crate::application::clock::Clock;
use crate::application::compare::feed::CompareError;
use crate::application::compare::parallel_run::ParallelRun;
use crate::application::compare::report::Comparison;

/// Where evidence is recorded, and how.
pub struct EvidencePorts<'p> {
    /// The log of recorded comparisons.
    pub log: &'p dyn EvidenceLog,
    /// Tells when a comparison has ended, and how long it took.
    pub clock: &'p dyn Clock,
    /// Gives the absolute form of a path.
    pub absolute: &'p dyn Fn(&Path) -> String,
}

/// A comparison, and what became of its record.
#[derive(Debug)]
pub struct RecordedComparison {
    /// What was found.
    pub comparison: Comparison,
    /// What became of its record.
    pub recording: Recording,
}

/// What became of the record of a comparison.
#[derive(Debug)]
pub enum Recording {
    /// It is in the evidence log.
    Recorded {
        /// Its number there.
        sequence: u64,
    },
    /// None was made: the sides are not the configured ones.
    NotConfigured,
    /// It could not be written: the comparison is no evidence.
    Failed(EvidenceError),
}

/// Compares a parallel run and, where its sides are the configured ones, records the comparison as evidence,
/// whatever its verdict.
///
/// # Errors
/// As [`ParallelRun::compare`]. A record that could not be written is no error of the comparison:
/// [`Recording::Failed`] has it.
pub fn compare_and_record(
    run: &ParallelRun<'_>,
    sides_are_configured: bool,
    ports: &EvidencePorts<'_>,
) -> Result<RecordedComparison, CompareError> {
    let started = ports.clock.elapsed();
    let mut comparison = run.compare()?;
    comparison.elapsed_seconds = ports.clock.elapsed().saturating_sub(started).as_secs_f64();
    if !sides_are_configured {
        return Ok(RecordedComparison { comparison, recording: Recording::NotConfigured });
    }
    let evidence = of_comparison(&comparison, run, ports.clock.now(), ports.absolute);
    let recording = match evidence.and_then(|evidence| ports.log.append(&evidence.into())) {
        Ok(record) => Recording::Recorded { sequence: record.sequence },
        Err(error) => Recording::Failed(error),
    };
    Ok(RecordedComparison { comparison, recording })
}

#[cfg(test)]
mod tests {
    use std::cell::RefCell;
    use std::time::Duration;

    use chrono::{DateTime, Utc};

    use super::*;
    use crate::application::compare::feed::Scratch;
    use crate::application::compare::memory_side::{MemoryScratch, MemorySide, event, settings};
    use crate::application::evidence::record::Verdict;
    use crate::application::evidence::{Evidence, EvidenceRecord, Line, NO_PREVIOUS};

    /// A log in memory, which may be one that cannot be written.
    #[derive(Default)]
    struct MemoryLog {
        recorded: RefCell<Vec<Evidence>>,
        is_full: bool,
    }

    impl EvidenceLog for MemoryLog {
        fn place(&self) -> String {
            "memory".to_owned()
        }

        fn append(&self, evidence: &Evidence) -> Result<EvidenceRecord, EvidenceError> {
            if self.is_full {
                let source = "no space left".into();
                return Err(EvidenceError::Write { action: "append to", place: self.place(), source });
            }
            let mut recorded = self.recorded.borrow_mut();
            recorded.push(evidence.clone());
            let (sequence, previous) = (recorded.len() as u64, NO_PREVIOUS.to_owned());
            Ok(EvidenceRecord { sequence, previous, evidence: evidence.clone() })
        }

        fn lines(&self) -> Result<Option<Vec<Line>>, EvidenceError> {
            Ok(None)
        }
    }

    struct FixedClock;

    impl Clock for FixedClock {
        fn now(&self) -> DateTime<Utc> {
            DateTime::UNIX_EPOCH
        }

        fn elapsed(&self) -> Duration {
            Duration::ZERO
        }

        fn wait(&self, _: Duration) {}
    }

    fn compared(log: &MemoryLog, sides_are_configured: bool) -> RecordedComparison {
        let run = ParallelRun {
            settings: &settings(),
            control: &MemorySide::file("events.json", (0..4).map(event)),
            candidate: &MemorySide::file("new.jsonl", (0..3).map(event)),
            new_scratch: &|| Box::new(MemoryScratch::default()) as Box<dyn Scratch>,
        };
        let ports =
            EvidencePorts { log, clock: &FixedClock, absolute: &|path| format!("/{}", path.display()) };
        compare_and_record(&run, sides_are_configured, &ports).unwrap()
    }

    #[test]
    fn a_comparison_of_the_configured_sides_is_recorded_when_it_ended_whatever_its_verdict() {
        let log = MemoryLog::default();
        let found = compared(&log, true);
        assert!(matches!(found.recording, Recording::Recorded { sequence: 1 }), "{:?}", found.recording);
        let recorded = log.recorded.borrow();
        let Evidence::Comparison(recorded) = &recorded[0] else { panic!("a comparison") };
        assert_eq!((recorded.verdict, recorded.recorded_at), (Verdict::Different, DateTime::UNIX_EPOCH));
        assert_eq!(recorded.control.path, "/events.json");
    }

    #[test]
    fn a_comparison_of_other_sides_is_not_recorded() {
        let log = MemoryLog::default();
        assert!(matches!(compared(&log, false).recording, Recording::NotConfigured));
        assert!(log.recorded.borrow().is_empty());
    }

    #[test]
    fn a_comparison_that_cannot_be_recorded_is_told_all_the_same() {
        let found = compared(&MemoryLog { is_full: true, ..MemoryLog::default() }, true);
        assert_eq!(found.comparison.missing, 1);
        assert!(matches!(found.recording, Recording::Failed(EvidenceError::Write { .. })));
    }
}
