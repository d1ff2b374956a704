//! What was restored, for people and for programs.

use std::io::{self, Write};

use serde::Serialize;

use crate::application::backup::RestoreReport;
use crate::cli::output::visible;

/// What `restore` answers; its keys are part of the contract.
#[derive(Debug, Serialize)]
pub struct Restored {
    #[serde(flatten)]
    pub report: RestoreReport,
    /// Why those of the backup were not restored, where the settings are the reason.
    pub handlers_left: Option<String>,
    /// Handlers that stand still, since they are ahead of the store.
    pub ahead: Vec<AheadHandler>,
    pub elapsed_seconds: f64,
}

/// A handler that has handled events which the store has not got.
#[derive(Debug, Serialize)]
pub struct AheadHandler {
    pub handler: String,
    /// With what helps.
    pub reason: String,
}

impl Restored {
    /// In a line.
    pub fn summary(&self) -> String {
        let RestoreReport { store, events, last_position, made_at, replaced, .. } = &self.report;
        let up_to = last_position.map_or_else(String::new, |position| format!(" up to position {position}"));
        let done = if *replaced { "is restored" } else { "was as in the backup, and stays in place" };
        format!("{} {done}, as of {made_at}, with {events} events{up_to}", visible(store))
    }
}

pub fn human(restored: &Restored, out: &mut dyn Write) -> io::Result<()> {
    let RestoreReport { backup, handlers_restored, set_aside, .. } = &restored.report;
    writeln!(out, "{}", restored.summary())?;
    writeln!(out, "from {}", visible(backup))?;
    let handlers = if *handlers_restored { "restored with it" } else { "not restored" };
    let left = restored.handlers_left.as_ref().map_or_else(String::new, |why| format!("; {}", visible(why)));
    writeln!(out, "what handlers have done: {handlers}{left}")?;
    for path in set_aside {
        writeln!(out, "set aside: {}", visible(path))?;
    }
    for AheadHandler { handler, reason } in &restored.ahead {
        writeln!(out, "ahead of the store: {}: {}", visible(handler), visible(reason))?;
    }
    writeln!(
        out,
        "what was stored after {} is not there ({:.1} s)",
        restored.report.made_at, restored.elapsed_seconds
    )
}
