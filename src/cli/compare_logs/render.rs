//! The report as text: the verdict first, then why, then by cause, then where.

use std::collections::BTreeMap;
use std::io::{self, Write};

use anstyle::{AnsiColor, Style};

use crate::application::compare::feed::FeedFacts;
use crate::application::compare::report::{
    BeginningKind, BeginningReport, Cause, CheckOutcome, Class, Comparison, Difference, EventPlace,
    OffsetMode, Verdict,
};
use crate::application::compare::settings::Settings;
use crate::cli::output::visible;
use crate::cli::table::Columns;
use crate::domain::event::format_timestamp;

/// How many differences are shown with their places.
const SHOWN: usize = 10;
/// How many files of a folder that are left out are named.
const SHOWN_FILES: usize = 20;
/// How many reasons are shown: there is one for each file that was not read.
const SHOWN_REASONS: usize = 20;
/// How many lines of a table are shown.
const SHOWN_LINES: usize = 20;

/// Writes the report; `recorded` says what became of the evidence.
pub fn report(
    comparison: &Comparison,
    settings: &Settings,
    recorded: &str,
    out: &mut dyn Write,
) -> io::Result<()> {
    verdict(out, comparison)?;
    sides(out, comparison)?;
    causes(out, comparison)?;
    places(out, comparison)?;
    surroundings(out, comparison, settings)?;
    writeln!(out, "\n{recorded} ({:.1} s)", comparison.elapsed_seconds)
}

fn verdict(out: &mut dyn Write, comparison: &Comparison) -> io::Result<()> {
    let (word, color) = match comparison.verdict {
        Verdict::Consistent => ("CONSISTENT", AnsiColor::Green),
        Verdict::Different => ("DIFFERENT", AnsiColor::Red),
        Verdict::Inconclusive => ("INCONCLUSIVE", AnsiColor::Yellow),
    };
    let style = Style::new().bold().fg_color(Some(color.into()));
    let (style, end) = if anstream::AutoStream::choice(&io::stdout()) == anstream::ColorChoice::Never {
        (String::new(), String::new())
    } else {
        (style.render().to_string(), style.render_reset().to_string())
    };
    match comparison.verdict {
        Verdict::Consistent => {
            let ignored: u64 = comparison.total().ignored;
            let but = if ignored > 0 {
                format!(", {ignored} more agree only because of a rule")
            } else {
                String::new()
            };
            let repaired = match comparison.repaired {
                0 => String::new(),
                repaired => format!(", {}", Class::Repaired.sentence(repaired)),
            };
            let matched = Class::Matched.sentence(comparison.matched);
            writeln!(out, "{style}{word}{end}: {matched}{but}{repaired}")?;
        }
        _ => writeln!(out, "{style}{word}{end}")?,
    }
    for reason in comparison.reasons.iter().take(SHOWN_REASONS) {
        writeln!(out, "  - {}", visible(reason))?;
    }
    more(out, comparison.reasons.len(), SHOWN_REASONS)
}

fn sides(out: &mut dyn Write, comparison: &Comparison) -> io::Result<()> {
    let mut table = Columns::new(["", "events", "out of range", "pending", "rejected", "read from"]);
    for (name, side, pending, rejected) in [
        ("control", &comparison.control, comparison.pending.control, comparison.quarantined.control),
        ("candidate", &comparison.candidate, comparison.pending.candidate, comparison.quarantined.candidate),
    ] {
        let numbers = [side.events, side.out_of_range, pending, rejected].map(|number| number.to_string());
        let [events, range, pending, rejected] = numbers.each_ref().map(String::as_str);
        table.add([name, events, range, pending, rejected, &side.path.display().to_string()]);
    }
    write!(out, "\n{}", table.text(&[(5, 20)]))?;
    types(out, comparison)?;
    beginning(out, &comparison.beginning)?;
    for side in [&comparison.control, &comparison.candidate] {
        for reject in side.rejects.iter().take(3) {
            let path = reject.path.display().to_string();
            writeln!(out, "rejected: {}, {}: {}", visible(&path), reject.location, visible(&reject.detail))?;
        }
        for file in &side.files {
            if let FeedFacts::File { flags, .. } = &file.facts
                && !flags.is_empty()
            {
                let flags: Vec<String> =
                    flags.iter().map(|(name, count)| format!("{name} {count}")).collect();
                let path = file.path.display().to_string();
                writeln!(out, "read, and flagged: {}: {}", visible(&path), flags.join(", "))?;
            }
        }
        for file in side.left_out.iter().take(SHOWN_FILES) {
            writeln!(out, "left out: {} ({})", visible(&file.path), file.reason)?;
        }
        if side.left_out.len() > SHOWN_FILES {
            writeln!(out, "and {} more (--format json lists them)", side.left_out.len() - SHOWN_FILES)?;
        }
    }
    Ok(())
}

/// Which types are compared, where not all are.
fn types(out: &mut dyn Write, comparison: &Comparison) -> io::Result<()> {
    let Comparison { event_types, control, candidate, .. } = comparison;
    if event_types.is_empty() {
        return Ok(());
    }
    let names: Vec<_> = event_types.iter().map(|name| visible(name)).collect();
    writeln!(
        out,
        "only events of type {} are compared; of other types are {} events of the control and {} of the candidate",
        names.join(", "),
        control.other_types,
        candidate.other_types
    )
}

/// Where the comparison begins, and how that is known.
fn beginning(out: &mut dyn Write, beginning: &BeginningReport) -> io::Result<()> {
    let Some(at) = beginning.at else { return Ok(()) };
    let known = match beginning.kind {
        BeginningKind::All | BeginningKind::Declared => "",
        BeginningKind::Recorded => ", the recorded start of the parallel run",
        BeginningKind::Inferred if beginning.is_paired => {
            ", the partner of the candidate's first event (inferred; --since TIME declares it)"
        }
        BeginningKind::Inferred => ", the candidate's first event (inferred; --since TIME declares it)",
    };
    let earlier = match beginning.earlier {
        0 => String::new(),
        1 => "; 1 event of the control is earlier".to_owned(),
        earlier => format!("; {earlier} events of the control are earlier"),
    };
    writeln!(out, "from {} on{known}{earlier}", format_timestamp(at))?;
    match beginning.partial_day {
        Some(day) if beginning.kind != BeginningKind::Declared => {
            writeln!(out, "{day} is compared in part, and does not count as a clean day")
        }
        _ => Ok(()),
    }
}

fn causes(out: &mut dyn Write, comparison: &Comparison) -> io::Result<()> {
    if comparison.by_cause.is_empty() {
        return Ok(());
    }
    let mut by_cause: BTreeMap<(Cause, Class), u64> = BTreeMap::new();
    for cause in &comparison.by_cause {
        *by_cause.entry((cause.cause, cause.class)).or_default() += cause.count;
    }
    let mut table = Columns::new(["cause", "what", "events"]);
    for ((cause, class), count) in by_cause {
        table.add([cause.as_str(), class.label(), &count.to_string()]);
    }
    write!(out, "\n{}", table.text(&[]))?;
    let mut table = Columns::new(["day", "type", "cause", "what", "events"]);
    let mut by_day: Vec<_> = comparison.by_cause.iter().collect();
    by_day.sort_by(|one, other| {
        (one.day, &one.event_type, one.cause).cmp(&(other.day, &other.event_type, other.cause))
    });
    for cause in by_day.iter().take(SHOWN_LINES) {
        let (day, count) = (cause.day.to_string(), cause.count.to_string());
        table.add([&day, &cause.event_type, cause.cause.as_str(), cause.class.label(), &count]);
    }
    write!(out, "\n{}", table.text(&[(1, 12)]))?;
    more(out, by_day.len(), SHOWN_LINES)
}

fn places(out: &mut dyn Write, comparison: &Comparison) -> io::Result<()> {
    for difference in comparison.differences.iter().take(SHOWN) {
        let Difference { event_type, aggregate_id, timestamp, .. } = difference;
        let aggregate = aggregate_id.as_deref().unwrap_or("no aggregate");
        let ambiguous = if difference.ambiguous { " (one of several possible partners)" } else { "" };
        writeln!(
            out,
            "\n{}: {} of {}, {timestamp}{ambiguous}",
            difference.class.label(),
            visible(event_type),
            visible(aggregate)
        )?;
        for (side, event) in [("control", &difference.control), ("candidate", &difference.candidate)] {
            if let Some(event) = event {
                writeln!(out, "  {side:<9}  {}", place(event))?;
            }
        }
        for field in &difference.fields {
            let token = |token: &Option<String>| match token {
                Some(token) => shortened(token),
                None => "(none)".to_owned(),
            };
            writeln!(
                out,
                "  {}: {} -> {}  [{}]",
                visible(&field.path),
                token(&field.control),
                token(&field.candidate),
                field.cause.as_str()
            )?;
        }
    }
    let total: u64 = comparison.by_cause.iter().map(|cause| cause.count).sum();
    if total > SHOWN as u64 {
        writeln!(out, "\nand {} more differences (--format json lists them)", total - SHOWN as u64)?;
    }
    Ok(())
}

fn surroundings(out: &mut dyn Write, comparison: &Comparison, settings: &Settings) -> io::Result<()> {
    let clock = &comparison.clock;
    writeln!(out)?;
    if clock.anchors == 0 {
        writeln!(out, "clocks: no event occurs exactly once on each side; they are taken as equal")?;
    } else {
        writeln!(
            out,
            "clocks: the {} is {} ahead (median of {} events); tolerance {}",
            if clock.offset_us < 0 { "control" } else { "candidate" },
            micros(clock.offset_us),
            clock.anchors,
            micros(settings.tolerance.num_microseconds().unwrap_or_default())
        )?;
    }
    for OffsetMode { offset_us, percent, hint } in &clock.modes {
        let offset = micros(*offset_us);
        writeln!(out, "  {percent} % of the events are {offset} apart: {hint}")?;
    }
    if comparison.reordered > 0 || comparison.reordered_at_equal_times > 0 {
        writeln!(
            out,
            "order: {} events are in a different order within their aggregate, {} more among events of one time (for information)",
            comparison.reordered, comparison.reordered_at_equal_times
        )?;
    }
    if comparison.representation > 0 {
        writeln!(out, "spelling: {} pairs say the same in another spelling", comparison.representation)?;
    }
    if comparison.repaired > 0 {
        let days = comparison.by_day.iter().filter(|day| day.counts.repaired > 0);
        let days: Vec<String> = days.map(|day| day.day.to_string()).collect();
        let shown = days.iter().take(SHOWN_LINES).cloned().collect::<Vec<_>>().join(", ");
        let more = if days.len() > SHOWN_LINES { ", ..." } else { "" };
        writeln!(
            out,
            "repaired: {}; these days do not count as clean: {shown}{more}",
            Class::Repaired.sentence(comparison.repaired)
        )?;
    }
    for rule in &comparison.ignored {
        let hint = if rule.pairs == 0 { "; the rule matched nothing; remove it?" } else { "" };
        writeln!(
            out,
            "ignored: {} pairs agree only without `{}` ({}){hint}",
            rule.pairs,
            visible(&rule.field),
            visible(&rule.reason)
        )?;
    }
    if let Some(history) = &comparison.history {
        let holds = if history.holds { "holds" } else { "does not hold" };
        let later = match history.not_imported {
            0 => String::new(),
            1 => ", 1 later one is not imported yet".to_owned(),
            later => format!(", {later} later ones are not imported yet"),
        };
        writeln!(
            out,
            "history: the import {holds}: {} of {} events of the legacy log are in the store ({} there){later}",
            history.matched, history.control, history.candidate
        )?;
    }
    if let Some(test) = &comparison.self_test {
        writeln!(
            out,
            "self-test: {} checks passed on {} events of this run and {} synthetic ones",
            test.checks.iter().filter(|check| check.outcome == CheckOutcome::Held).count(),
            test.sampled,
            test.synthetic
        )?;
    }
    Ok(())
}

fn more(out: &mut dyn Write, all: usize, shown: usize) -> io::Result<()> {
    if all > shown {
        writeln!(out, "and {} more lines (--format json lists them)", all - shown)
    } else {
        Ok(())
    }
}

fn place(event: &EventPlace) -> String {
    let path = event.path.display().to_string();
    let id = event.event_id.as_deref().map(|id| format!(", id {}", visible(id))).unwrap_or_default();
    format!("{}, {}{id}", visible(&path), event.location)
}

fn shortened(token: &str) -> String {
    const LONGEST: usize = 80;
    let shown = visible(token);
    match shown.char_indices().nth(LONGEST) {
        Some((end, _)) => format!("{}…", &shown[..end]),
        None => shown.into_owned(),
    }
}

fn micros(micros: i64) -> String {
    crate::application::duration::rounded(micros)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_long_token_is_cut_at_a_character() {
        assert_eq!(shortened("\u{1b}x"), "\\u{1b}x");
        assert_eq!(shortened(&"é".repeat(100)).chars().count(), 81);
    }
}
