//! Evidence, for people and for programs.

use std::io::{self, Write};

use serde::Serialize;

use super::verified::Verified;
use crate::application::evidence::{
    Chain, ChainedRecord, CheckedInput, Converted, Evidence, InputKind, InputState, RecordedBackup,
    RecordedMove, RecordedVerification, RehearsalFindings,
};
use crate::cli::output::{self, Format, visible};
use crate::cli::table::Columns;
use crate::domain::counted::counted;
use crate::domain::event::format_timestamp;
use crate::domain::repository::DEFAULT_LIMIT;

#[derive(Serialize)]
struct Listed<'c> {
    path: &'c str,
    records: &'c [ChainedRecord],
}

pub fn list(
    records: &[ChainedRecord],
    limit: Option<usize>,
    path: &str,
    format: Format,
    out: &mut dyn Write,
) -> io::Result<()> {
    let all = if format == Format::Human { DEFAULT_LIMIT } else { usize::MAX };
    let earlier = records.len().saturating_sub(limit.unwrap_or(all));
    let latest = &records[earlier..];
    match format {
        Format::Json => output::json_document(out, &Listed { path, records: latest }),
        Format::Jsonl => latest.iter().try_for_each(|record| output::json_line(out, record)),
        Format::Human if records.is_empty() => {
            writeln!(out, "no comparison is recorded in {}", visible(path))
        }
        Format::Human => human_list(latest, earlier, out),
    }
}

fn human_list(records: &[ChainedRecord], earlier: usize, out: &mut dyn Write) -> io::Result<()> {
    let mut table = Columns::new([
        "number",
        "recorded",
        "verdict",
        "control",
        "events",
        "candidate",
        "events",
        "differences",
    ]);
    for ChainedRecord { record, .. } in records {
        let (number, recorded) = (record.sequence.to_string(), recorded(&record.evidence));
        match &record.evidence {
            Evidence::Comparison(comparison) => table.add([
                &number,
                &recorded,
                &comparison.verdict.to_string(),
                &comparison.control.path,
                &comparison.control.events.to_string(),
                &comparison.candidate.path,
                &comparison.candidate.events.to_string(),
                &comparison.differences.to_string(),
            ]),
            Evidence::Rehearsal(rehearsal) => {
                let RehearsalFindings { verdict, control, candidate, events, .. } = &rehearsal.findings;
                let verdict = format!("{verdict} ({})", record.evidence.kind());
                table.add([&number, &recorded, &verdict, control, "", candidate, &events.to_string(), ""]);
            }
            Evidence::Backup(made) => {
                let RecordedBackup { store, backup, events, .. } = &made.backup;
                table.add([&number, &recorded, "backup", store, "", backup, &events.to_string(), ""]);
            }
            Evidence::Verification(made) => {
                let RecordedVerification { store, backup, events, verdict, .. } = &made.verified;
                let (backup, events) = (backup.as_ref(), events.to_string());
                let verdict = format!("{verdict} (verification)");
                let path = backup.map_or("", |backup| backup.path.as_str());
                let (of_store, of_backup) = if backup.is_some() { ("", &*events) } else { (&*events, "") };
                table.add([&number, &recorded, &verdict, store, of_store, path, of_backup, ""]);
            }
            Evidence::Move(made) => {
                let RecordedMove { source, target, events, verdict, cut_over, .. } = &made.moved;
                let kind = if *cut_over { "move, cut over" } else { "move" };
                let (verdict, events) = (format!("{verdict} ({kind})"), events.to_string());
                table.add([&number, &recorded, &verdict, source, &events, target, &events, ""]);
            }
            Evidence::Unknown(_) => {
                let kind = format!("unknown kind {}", record.evidence.kind());
                table.add([&number, &recorded, &kind, "", "", "", "", ""]);
            }
        }
    }
    write!(out, "{}", table.text(&[(3, 12), (5, 12)]))?;
    if earlier > 0 {
        writeln!(out, "\n{earlier} earlier ones are not listed: raise --limit")?;
    }
    Ok(())
}

pub fn verified(verified: &Verified<'_>, format: Format, out: &mut dyn Write) -> io::Result<()> {
    match format {
        Format::Json => output::json_document(out, verified),
        // One object is the result: as jsonl it is one line.
        Format::Jsonl => output::json_line(out, verified),
        Format::Human => human_verified(verified, out),
    }
}

fn human_verified(verified: &Verified<'_>, out: &mut dyn Write) -> io::Result<()> {
    let holds = holds(verified.chain_holds);
    let records = counted(verified.records as u64, "record", "records");
    writeln!(out, "{}: {records}, the chain {holds}", visible(&verified.path))?;
    if let Some(last) = &verified.last {
        let recorded = last.recorded_at.as_deref().unwrap_or("an unknown time");
        writeln!(out, "the last one is number {} of {recorded}, SHA-256", last.sequence)?;
        writeln!(out, "{} (noted elsewhere, it also shows an end that was cut off)", last.sha256)?;
    }
    if !verified.faults.is_empty() || !verified.torn.is_empty() || verified.converted.is_some() {
        writeln!(out)?;
    }
    if let Some(converted) = verified.converted {
        writeln!(out, "converted by another program, which hashes do not cover: {}", said(converted))?;
    }
    for fault in verified.faults {
        writeln!(out, "line {}: {}", fault.line, visible(&fault.kind.to_string()))?;
    }
    for torn in verified.torn {
        writeln!(
            out,
            "line {}: torn, {} that an interrupted append has left; no evidence, and no fault",
            torn.line,
            counted(torn.bytes, "byte", "bytes")
        )?;
    }
    if verified.inputs.is_empty() {
        return Ok(());
    }
    let mut table = Columns::new(["compared", "is", "state", "in records", "detail"]);
    for input in &verified.inputs {
        let kind = match input.kind {
            InputKind::File => "file",
            InputKind::Store => "store",
        };
        let (state, detail) = match &input.state {
            InputState::Unchanged => ("unchanged", ""),
            InputState::Grown => ("grown", ""),
            InputState::Gone => ("gone", ""),
            InputState::Changed { detail } => ("CHANGED", detail.as_str()),
            InputState::Unreadable { detail } => ("UNREADABLE", detail.as_str()),
        };
        table.add([&input.path, kind, state, &ranges(&input.records), detail]);
    }
    write!(out, "\n{}", table.text(&[(0, 20), (3, 10)]))
}

fn recorded(evidence: &Evidence) -> String {
    evidence.recorded_at().map(format_timestamp).unwrap_or_default()
}

/// What was found, in one sentence.
pub fn summary(place: &str, chain: &Chain, inputs: &[CheckedInput]) -> String {
    let is_changed = |input: &&CheckedInput| matches!(input.state, InputState::Changed { .. });
    format!(
        "{place}: {}, the chain {} ({}); of the files and stores that were compared {} of {} changed",
        counted(chain.records.len() as u64, "record", "records"),
        holds(chain.holds()),
        counted(chain.faults.len() as u64, "fault", "faults"),
        inputs.iter().filter(is_changed).count(),
        inputs.len()
    )
}

fn holds(chain_holds: bool) -> &'static str {
    if chain_holds { "holds" } else { "DOES NOT HOLD" }
}

/// What was converted, in words.
pub fn said(converted: Converted) -> String {
    let Converted { crlf_lines, byte_order_mark, blank_lines } = converted;
    let parts = [
        (crlf_lines > 0).then(|| format!("lines that end with CRLF: {crlf_lines}")),
        byte_order_mark.then(|| "a byte order mark at the beginning".to_owned()),
        (blank_lines > 0).then(|| format!("blank lines at the end: {blank_lines}")),
    ];
    parts.into_iter().flatten().collect::<Vec<_>>().join("; ")
}

/// Ascending numbers for people: `1-3, 5`.
fn ranges(numbers: &[u64]) -> String {
    let mut ranges: Vec<(u64, u64)> = Vec::new();
    for &number in numbers {
        match ranges.last_mut() {
            Some((_, last)) if *last + 1 == number => *last = number,
            _ => ranges.push((number, number)),
        }
    }
    let texts = ranges.iter().map(|(first, last)| match first == last {
        true => first.to_string(),
        false => format!("{first}-{last}"),
    });
    texts.collect::<Vec<_>>().join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_that_follow_each_other_are_shown_as_a_range() {
        for (numbers, shown) in [
            (&[][..], ""),
            (&[7], "7"),
            (&[1, 2], "1-2"),
            (&[1, 2, 3, 5, 8, 9], "1-3, 5, 8-9"),
            (&[2, 2], "2, 2"),
        ] {
            assert_eq!(ranges(numbers), shown);
        }
    }
}
