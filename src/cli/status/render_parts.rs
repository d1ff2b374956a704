//! What the status tells of mirrors, growth, dispatching, comparisons and modes, for people. A part without content is left out.

use std::io::{self, Write};

use super::answer::Status;
use crate::cli::output::visible;
use crate::cli::table::Columns;
use crate::domain::counted::counted;

pub fn print(status: &Status, stdout: &mut dyn Write) -> io::Result<()> {
    let mut mirrors = Columns::new(["mirror", "behind", "state"]);
    for mirror in &status.mirrors {
        let behind = mirror.behind.map(|behind| behind.to_string()).unwrap_or_default();
        let reason = mirror.reason.as_ref().map(|reason| format!(": {reason}")).unwrap_or_default();
        mirrors.add([&mirror.mirror, &behind, &format!("{}{reason}", mirror.state)]);
    }
    print_table("mirrors", status.mirrors.is_empty(), &mirrors, stdout)?;

    for growth in &status.growth {
        let mut days = Columns::new(["day", "events", "bytes"]);
        for day in &growth.days {
            days.add([&day.day, &day.events.to_string(), &day.bytes.to_string()]);
        }
        let title = format!("growth of the last 14 days: {}", growth.backend);
        print_table(&title, growth.days.is_empty(), &days, stdout)?;
    }

    let mut days =
        Columns::new(["day", "dispatched", "over 10 ms", "p50", "p99", "max", "failed", "secondary failed"]);
    let ms = |micros: Option<u64>| {
        micros.map(|micros| format!("{}.{} ms", micros / 1_000, micros % 1_000 / 100)).unwrap_or_default()
    };
    for day in &status.dispatching {
        days.add([
            &day.day,
            &day.dispatches.to_string(),
            &day.over_10ms.to_string(),
            &ms(day.p50_us),
            &ms(day.p99_us),
            &ms(day.max_us),
            &day.primary_failures.to_string(),
            &day.secondary_failures.to_string(),
        ]);
    }
    print_table("dispatching", status.dispatching.is_empty(), &days, stdout)?;

    if let Some(last) = &status.last_comparison {
        writeln!(
            stdout,
            "\nlast comparison: {}, number {} of {}; {} matched, {}",
            last.verdict,
            last.sequence,
            last.recorded_at,
            last.matched,
            counted(last.differences, "difference", "differences")
        )?;
    }

    let mut processes = Columns::new(["process", "mode", "primary", "since", ""]);
    for process in &status.processes {
        let runs = if process.runs == Some(false) { "does not run" } else { "" };
        processes.add([&process.pid.to_string(), &process.mode, &process.primary, &process.since, runs]);
    }
    print_table("processes", status.processes.is_empty(), &processes, stdout)?;

    let mut changes = Columns::new(["at", "from", "to", "primary"]);
    for change in &status.mode_changes {
        changes.add([&change.at, change.from.as_deref().unwrap_or(""), &change.to, &change.primary]);
    }
    print_table("switches of the mode", status.mode_changes.is_empty(), &changes, stdout)?;

    status.problems.iter().try_for_each(|problem| writeln!(stdout, "\nerror: {}", visible(problem)))
}

fn print_table<const N: usize>(
    title: &str,
    is_empty: bool,
    table: &Columns<N>,
    stdout: &mut dyn Write,
) -> io::Result<()> {
    if is_empty {
        return Ok(());
    }
    writeln!(stdout, "\n{title}:")?;
    table.text(&[]).lines().try_for_each(|line| writeln!(stdout, "  {line}"))
}
