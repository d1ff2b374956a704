//! The outbox.

use std::sync::{Arc, Mutex};

use super::faults::{Faults, Part};
use crate::legacy::routing::ports::{LegacyPlace, LegacySideError, Outbox, OutboxLine};

/// Its lines, as they are on disk; those before the first one were given back.
#[derive(Debug, Default)]
pub struct OutboxFile {
    pub lines: Vec<OutboxLine>,
}

/// The outbox as one process has it open.
pub struct ProcessOutbox {
    pub file: Arc<Mutex<OutboxFile>>,
    pub faults: Arc<Faults>,
}

impl Outbox for ProcessOutbox {
    fn append(&self, event: &str, place: &LegacyPlace) -> Result<u64, LegacySideError> {
        self.faults.legacy_step(Part::Outbox)?;
        let mut file = self.file.lock().unwrap();
        let number = file.lines.last().map_or(0, |last| last.number) + 1;
        file.lines.push(OutboxLine { number, event: event.to_owned(), place: *place, is_crossed_out: false });
        drop(file);
        if self.faults.is_killed() { Err(LegacySideError(Box::from("killed"))) } else { Ok(number) }
    }

    fn cross_out(&self, number: u64) -> Result<(), LegacySideError> {
        self.faults.legacy_step(Part::Outbox)?;
        let mut file = self.file.lock().unwrap();
        file.lines
            .iter_mut()
            .filter(|line| line.number == number)
            .for_each(|line| line.is_crossed_out = true);
        Ok(())
    }

    fn head(&self) -> Result<u64, LegacySideError> {
        Ok(self.last()?.map_or(0, |last| last.number))
    }

    fn last(&self) -> Result<Option<OutboxLine>, LegacySideError> {
        Ok(self.file.lock().unwrap().lines.last().cloned())
    }

    fn read_after(&self, number: u64, limit: usize) -> Result<Vec<OutboxLine>, LegacySideError> {
        self.faults.legacy_step(Part::Outbox)?;
        let file = self.file.lock().unwrap();
        Ok(file.lines.iter().filter(|line| line.number > number).take(limit).cloned().collect())
    }

    fn rotate(&self, up_to: u64) -> Result<(), LegacySideError> {
        self.faults.legacy_step(Part::Outbox)?;
        let mut file = self.file.lock().unwrap();
        if file.lines.last().is_some_and(|last| last.number == up_to) {
            file.lines.retain(|line| line.number == up_to);
        }
        Ok(())
    }

    fn bytes(&self) -> Result<u64, LegacySideError> {
        Ok(self.file.lock().unwrap().lines.iter().map(|line| line.event.len() as u64).sum())
    }
}
