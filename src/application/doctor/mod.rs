//! What can be wrong with the event systems, found without changing anything: findings, each with its remedy.
//!
//! Each check decides over facts that were gathered elsewhere. Where the facts could not be had, that is a finding too.

pub mod disk;
pub mod events;
pub mod handlers;
pub mod mode;
pub mod speed;
mod survey;

use serde::Serialize;

use crate::domain::counted::counted;
pub use survey::{StoreSurvey, survey};

/// What can be found out. The names are stable.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Check {
    /// Whether the new event system is active, and why not.
    EventSystem,
    /// Processes that dispatch in other modes, or that have ended without saying so.
    Processes,
    /// Types of stored events without a handler.
    EventTypes,
    /// Handlers that do not run, or have not handled events.
    Handlers,
    /// Mirrors of a parallel run that are behind or do not run, and their outbox.
    Mirrors,
    /// Records that a power cut or another program has left undecided.
    UndecidedRecords,
    /// Whether the handler store is there where it must be.
    HandlerStore,
    /// Daily files that are large.
    DailyFiles,
    /// Dispatches that took long or failed, and the time of a sync.
    DispatchTime,
    /// The databases.
    Integrity,
    /// Ends of files that a killed process or a power cut has left.
    TornTails,
    /// Times without offset while no zone is configured.
    NaiveTimes,
    /// The length of write-ahead logs.
    WriteAheadLogs,
    /// Files with several names.
    HardLinks,
    /// Events of the future.
    Clock,
    /// The room on the disks.
    DiskSpace,
    /// The legacy log: whether it is whole, and which program has written it.
    #[cfg(feature = "legacy")]
    EventsJson,
    /// Watched folders whose file system tells nothing of changes, or that are not there.
    #[cfg(feature = "legacy")]
    WatchedFolders,
    /// The limits of the system for watched folders.
    #[cfg(feature = "legacy")]
    Inotify,
}

/// How much a finding matters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    /// It is to be looked after.
    Finding,
    /// It is worth knowing, and nothing is wrong.
    Note,
}

/// Something that was found.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Finding {
    /// By which check.
    pub check: Check,
    /// How much it matters.
    pub severity: Severity,
    /// What it is about: a file, a handler, a process, a setting.
    pub subject: String,
    /// What is.
    pub detail: String,
    /// What helps, as a command or a setting.
    pub remedy: String,
    /// Whether it is that this could not be looked at.
    pub could_not_look: bool,
}

impl Finding {
    /// Something to be looked after.
    pub fn new(
        check: Check,
        subject: impl Into<String>,
        detail: impl Into<String>,
        remedy: impl Into<String>,
    ) -> Self {
        Self {
            check,
            severity: Severity::Finding,
            subject: subject.into(),
            detail: detail.into(),
            remedy: remedy.into(),
            could_not_look: false,
        }
    }

    /// The same as something that is worth knowing.
    #[must_use]
    pub fn into_note(self) -> Self {
        Self { severity: Severity::Note, ..self }
    }

    /// That something could not be looked at, for this reason.
    pub fn unread(check: Check, subject: impl Into<String>, reason: impl Into<String>) -> Self {
        let detail = format!("it could not be looked at: {}", reason.into());
        let remedy = "run doctor as the user that the program runs as, and see what the reason says";
        Self { could_not_look: true, ..Self::new(check, subject, detail, remedy) }
    }
}

/// Everything that was found, and what was looked at.
#[derive(Debug, Default, Serialize)]
pub struct Diagnosis {
    /// In the order of the checks.
    pub findings: Vec<Finding>,
    /// The checks that were run, those that could not look included.
    pub checked: Vec<Check>,
}

impl Diagnosis {
    /// Adds what a check has found.
    pub fn add(&mut self, check: Check, findings: Vec<Finding>) {
        self.checked.push(check);
        self.findings.extend(findings);
    }

    /// Whether there is something to be looked after.
    pub fn has_findings(&self) -> bool {
        self.findings.iter().any(|finding| finding.severity == Severity::Finding)
    }

    /// Whether something could not be looked at.
    pub fn is_incomplete(&self) -> bool {
        self.findings.iter().any(|finding| finding.could_not_look)
    }
}

/// So many events, in words.
fn events_in_words(count: u64) -> String {
    counted(count, "event", "events")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_note_is_no_finding_and_what_could_not_be_looked_at_is_one() {
        let mut diagnosis = Diagnosis::default();
        diagnosis.add(Check::Clock, vec![Finding::new(Check::Clock, "a", "b", "c").into_note()]);
        assert!(!diagnosis.has_findings() && !diagnosis.is_incomplete());
        diagnosis
            .add(Check::Integrity, vec![Finding::unread(Check::Integrity, "events.db", "permission denied")]);
        assert!(diagnosis.has_findings() && diagnosis.is_incomplete());
        assert_eq!(diagnosis.checked, [Check::Clock, Check::Integrity]);
    }
}
