//! What is recorded of modes.

use std::sync::{Arc, Mutex};

use super::faults::{Faults, Part};
use crate::application::handling::store::HandlerStoreError;
use crate::application::mode_log::{ModeChange, ModeLog, ProcessMode, UndecidedRecord};

/// Changes the switches.
type Work = Box<dyn FnOnce(&mut Vec<ModeChange>) + Send>;

/// As it is on disk.
#[derive(Default)]
pub struct ModeList {
    pub changes: Vec<ModeChange>,
    pub processes: Vec<ProcessMode>,
    pub undecided: Vec<UndecidedRecord>,
    /// What other processes do when the switches have been read once more.
    pub after_read: Option<Work>,
}

/// As one process has it open.
pub struct ProcessModes {
    pub list: Arc<Mutex<ModeList>>,
    pub faults: Arc<Faults>,
}

impl ProcessModes {
    fn step(&self) -> Result<(), HandlerStoreError> {
        let failed = |source| HandlerStoreError::Storage { action: "use what is recorded of modes", source };
        self.faults.step(Part::Modes).map_err(failed)
    }
}

impl ModeLog for ProcessModes {
    fn changes(&self) -> Result<Arc<Vec<ModeChange>>, HandlerStoreError> {
        let mut list = self.list.lock().unwrap();
        let changes = list.changes.clone();
        if let Some(work) = list.after_read.take() {
            work(&mut list.changes);
        }
        Ok(Arc::new(changes))
    }

    fn add_change(&self, change: &ModeChange) -> Result<bool, HandlerStoreError> {
        self.step()?;
        let changes = &mut self.list.lock().unwrap().changes;
        let from = changes.last().map(|last| last.to.clone());
        if from.as_ref() == Some(&change.to) {
            return Ok(false);
        }
        changes.push(ModeChange { from, ..change.clone() });
        Ok(true)
    }

    fn processes(&self) -> Result<Vec<ProcessMode>, HandlerStoreError> {
        Ok(self.list.lock().unwrap().processes.clone())
    }

    fn put_process(&self, process: &ProcessMode) -> Result<(), HandlerStoreError> {
        self.step()?;
        let processes = &mut self.list.lock().unwrap().processes;
        processes.retain(|other| other.pid != process.pid);
        processes.push(process.clone());
        Ok(())
    }

    fn remove_process(&self, pid: u32) -> Result<(), HandlerStoreError> {
        self.step()?;
        self.list.lock().unwrap().processes.retain(|other| other.pid != pid);
        Ok(())
    }

    fn undecided(&self) -> Result<Vec<UndecidedRecord>, HandlerStoreError> {
        Ok(self.list.lock().unwrap().undecided.clone())
    }

    fn add_undecided(&self, record: &UndecidedRecord) -> Result<(), HandlerStoreError> {
        self.step()?;
        let undecided = &mut self.list.lock().unwrap().undecided;
        let is_same = |other: &UndecidedRecord| {
            (&other.mirror, &other.event_id, other.legacy_offset, &other.detail)
                == (&record.mirror, &record.event_id, record.legacy_offset, &record.detail)
        };
        if !undecided.iter().any(is_same) {
            undecided.push(record.clone());
        }
        Ok(())
    }
}
