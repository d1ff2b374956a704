//! What goes wrong for a process.

use std::collections::BTreeMap;
use std::error::Error as StdError;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Condvar, Mutex};

use crate::legacy::routing::ports::LegacySideError;

/// A part of a process that can be disturbed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Part {
    /// Its lock.
    Legacy,
    LegacyWrite,
    Outbox,
    New,
    Handlers,
    Modes,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Fault {
    Fails(&'static str),
    /// Until the fault is another one.
    Hangs,
}

/// The faults of one process. Each call of a port is a step or several.
#[derive(Default)]
pub struct Faults {
    faults: Mutex<BTreeMap<Part, Fault>>,
    changed: Condvar,
    is_killed: AtomicBool,
    /// The process is killed at that step, and does nothing from then on.
    kill_at: Mutex<Option<u64>>,
    steps: Mutex<u64>,
}

pub type FaultError = Box<dyn StdError + Send + Sync>;

impl Faults {
    pub fn set(&self, part: Part, fault: Option<Fault>) {
        let mut faults = self.faults.lock().unwrap();
        match fault {
            Some(fault) => faults.insert(part, fault),
            None => faults.remove(&part),
        };
        self.changed.notify_all();
    }

    /// Kills the process before its step with that number, counted from now.
    pub fn kill_at(&self, step: u64) {
        *self.kill_at.lock().unwrap() = Some(*self.steps.lock().unwrap() + step);
    }

    pub fn kill(&self) {
        self.is_killed.store(true, Ordering::SeqCst);
        self.changed.notify_all();
    }

    pub fn is_killed(&self) -> bool {
        self.is_killed.load(Ordering::SeqCst)
    }

    /// A step of that part.
    pub fn step(&self, part: Part) -> Result<(), FaultError> {
        let mut faults = self.faults.lock().unwrap();
        while faults.get(&part) == Some(&Fault::Hangs) && !self.is_killed() {
            faults = self.changed.wait(faults).unwrap();
        }
        if let Some(Fault::Fails(reason)) = faults.get(&part) {
            return Err(Box::from(*reason));
        }
        let mut steps = self.steps.lock().unwrap();
        *steps += 1;
        if self.kill_at.lock().unwrap().is_some_and(|at| *steps >= at) {
            self.is_killed.store(true, Ordering::SeqCst);
        }
        if self.is_killed() { Err(Box::from("the process is killed")) } else { Ok(()) }
    }

    pub fn legacy_step(&self, part: Part) -> Result<(), LegacySideError> {
        self.step(part).map_err(LegacySideError)
    }
}
