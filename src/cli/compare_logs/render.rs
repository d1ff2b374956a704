//! The report as text: the verdict first, then why, then by cause, then where.

use std::collections::BTreeMap;
use std::io::{self, Write};

use anstyle::{AnsiColor, Style};

use super::statements;
use crate::application::compare::feed::FeedFacts;
use crate::application::compare::report::{
    Cause, Class, Comparison, Difference, EventPlace, RejectedPlace, Verdict,
};
use crate::application::compare::settings::Settings;
use crate::cli::output::visible;
use crate::cli::rejected::{self, ListedReject};
use crate::cli::table::Columns;
use crate::domain::counted::counted;
use crate::domain::path_text::text_of;

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
    writeln!(out)?;
    lines(out, &statements::clocks(&comparison.clock, settings))?;
    lines(out, &statements::observations(comparison))?;
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
        table.add([name, events, range, pending, rejected, &text_of(&side.path)]);
    }
    write!(out, "\n{}", table.text(&[(5, 20)]))?;
    lines(out, &statements::range(comparison))?;
    for (name, side) in [("control", &comparison.control), ("candidate", &comparison.candidate)] {
        let rejects: Vec<_> = side.rejects.iter().map(listed).collect();
        rejected::reasons(out, &format!(" of the {name}"), &side.reasons, &rejects, None)?;
        for file in &side.files {
            if let FeedFacts::File { flags, .. } = &file.facts
                && !flags.is_empty()
            {
                let flags: Vec<String> =
                    flags.iter().map(|(name, count)| format!("{name} {count}")).collect();
                let path = text_of(&file.path);
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

fn listed(reject: &RejectedPlace) -> ListedReject<'_> {
    let RejectedPlace { path, location, reason, detail } = reject;
    ListedReject { reason, place: format!("{}, {location}", text_of(path)), detail }
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
        if let Some(taken_off) = difference.clock_taken_off(comparison.clock.tolerance_us) {
            writeln!(out, "  clock: {taken_off}")?;
        }
    }
    let total: u64 = comparison.by_cause.iter().map(|cause| cause.count).sum();
    if total > SHOWN as u64 {
        let more = counted(total - SHOWN as u64, "more difference", "more differences");
        writeln!(out, "\nand {more} (--format json lists them)")?;
    }
    Ok(())
}

fn lines(out: &mut dyn Write, lines: &[String]) -> io::Result<()> {
    lines.iter().try_for_each(|line| writeln!(out, "{line}"))
}

fn more(out: &mut dyn Write, all: usize, shown: usize) -> io::Result<()> {
    if all > shown {
        let more = counted((all - shown) as u64, "more line", "more lines");
        writeln!(out, "and {more} (--format json lists them)")
    } else {
        Ok(())
    }
}

fn place(event: &EventPlace) -> String {
    let path = text_of(&event.path);
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_long_token_is_cut_at_a_character() {
        assert_eq!(shortened("\u{1b}x"), "\\u{1b}x");
        assert_eq!(shortened(&"é".repeat(100)).chars().count(), 81);
    }
}
