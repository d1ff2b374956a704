//! What was moved, for people and for programs.

use std::io::{self, Write};

use serde::Serialize;

use crate::application::moving::{MovePlan, MoveReport};
use crate::cli::output::visible;
use crate::domain::counted::counted;

/// What `move` answers; its keys are part of the contract.
#[derive(Debug, Serialize)]
pub struct Moved {
    #[serde(flatten)]
    pub report: MoveReport,
    /// What the settings have to say now; `None` without a cut-over.
    pub settings: Option<String>,
}

/// What `move --dry-run` answers.
#[derive(Debug, Serialize)]
pub struct Planned {
    pub source: String,
    pub target: String,
    #[serde(flatten)]
    pub plan: MovePlan,
}

/// What `move --undo` answers.
#[derive(Debug, Serialize)]
pub struct Undone {
    pub source: String,
    pub target: String,
    pub last_position: i64,
}

impl Moved {
    /// In a line.
    pub fn summary(&self) -> String {
        let MoveReport { proved, was_done, .. } = &self.report;
        let (source, target) = (visible(&proved.source), visible(&proved.target));
        match (proved.cut_over, was_done) {
            (true, true) => format!("{source} was moved to {target} before; nothing was done"),
            (true, false) => format!("{target} is the store now, and {source} refuses writers"),
            (false, _) => format!("{target} is a copy of {source}, which is the store as before"),
        }
    }
}

pub fn moved(moved: &Moved, out: &mut dyn Write) -> io::Result<()> {
    let MoveReport { proved, copied_events, pause_ms, was_done, recorded_as } = &moved.report;
    writeln!(out, "{}", moved.summary())?;
    if !was_done {
        writeln!(
            out,
            "proved: {} up to position {}, {}, {} put together; {copied_events} events were copied by this run",
            counted(proved.events, "event", "events"),
            proved.last_position,
            counted(proved.tables.len() as u64, "other table", "other tables"),
            counted(proved.logs, "log", "logs"),
        )?;
        if proved.unfinished_logs > 0 {
            writeln!(
                out,
                "{} not imported to the end: the rows are the same, but there is no digest to hold the text against",
                counted(proved.unfinished_logs, "more log was", "more logs were"),
            )?;
        }
        for rows in &proved.comparisons {
            writeln!(out, "compare-logs, {} events: {} of {}", rows.rows, rows.verdict, rows.events)?;
        }
    }
    if let Some(pause) = pause_ms {
        writeln!(out, "writers were refused by both for {pause} ms")?;
    }
    if let Some(settings) = &moved.settings {
        writeln!(
            out,
            "\nsay so in the settings, and start the writers again:\n\n{}\n",
            visible_lines(settings)
        )?;
        writeln!(out, "until then, `move --undo` with the same places takes it back")?;
    }
    match recorded_as {
        Some(number) => {
            writeln!(out, "recorded as number {number} in the evidence ({:.1} s)", proved.elapsed_seconds)
        }
        None => Ok(()),
    }
}

fn visible_lines(text: &str) -> String {
    text.lines().map(visible).collect::<Vec<_>>().join("\n")
}

pub fn planned(planned: &Planned, out: &mut dyn Write) -> io::Result<()> {
    let Planned { source, target, plan } = planned;
    let MovePlan { last_position, copied_to, tables, target_is } = plan;
    writeln!(out, "{} has events up to position {last_position}", visible(source))?;
    match *target_is {
        "nothing" => writeln!(out, "nothing is at {} yet", visible(target))?,
        is => writeln!(out, "{} is {is}, with events up to position {copied_to}", visible(target))?,
    }
    for (table, rows) in tables {
        writeln!(out, "{table}: {}", counted(*rows, "row", "rows"))?;
    }
    writeln!(out, "nothing was changed")
}

pub fn undone(undone: &Undone, out: &mut dyn Write) -> io::Result<()> {
    let Undone { source, target, last_position } = undone;
    writeln!(
        out,
        "{} is the store again, up to position {last_position}; {} is a copy of it",
        visible(source),
        visible(target)
    )
}
