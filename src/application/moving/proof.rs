//! The proof that the target is what the source is, and what of it is recorded.

use crate::application::compare::Input;
use crate::application::compare::compare;
use crate::application::compare::feed::Scratch;
use crate::application::compare::parallel_run::Rows;
use crate::application::compare::report::Verdict;
use crate::application::compare::settings::Settings;
use crate::application::evidence::{MovedRange, MovedRows, MovedTable};
use crate::application::export::check_log;
use crate::domain::path_text::path_of;
use crate::domain::repository::RepositoryError;
use crate::wire::mapping::Mapping;

use super::copying::{copy_table, copy_up_to};
use super::difference::first_difference;
use super::error::MoveError;
use super::ports::{Keys, MovingStore};
use super::row_digest::digest;
use super::tables::{EVENTS, PROVENANCE, STORED_ROWS, TWINS, Table};

/// So many positions are proved and recorded together.
const RANGE: i64 = 100_000;

/// What is the same on both sides.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct Proved {
    /// The position of the last event that was proved.
    pub last: i64,
    /// The greatest number of a twin.
    pub last_twin: i64,
    pub ranges: Vec<MovedRange>,
    pub tables: Vec<MovedTable>,
    pub logs: u64,
    /// Of which there is nothing to hold them against.
    pub unfinished_logs: u64,
    pub comparisons: Vec<MovedRows>,
}

/// Copies what is left of one state of the source, behind the events that were `proved` before, and reads all of it back from both:
/// those events, and every other table.
pub(super) fn copy_state(
    [source, target]: [&mut dyn MovingStore; 2],
    proved: &mut Proved,
    tell: &mut dyn FnMut(i64),
) -> Result<(), MoveError> {
    source.begin_state()?;
    let copied = copy_and_hash([&mut *source, target], proved, tell);
    source.end_state()?;
    copied
}

fn copy_and_hash(
    [source, target]: [&mut dyn MovingStore; 2],
    proved: &mut Proved,
    tell: &mut dyn FnMut(i64),
) -> Result<(), MoveError> {
    let last = source.last_key(&EVENTS)?;
    copy_up_to([&mut *source, &mut *target], &EVENTS, last, tell)?;
    proved.tables.clear();
    for table in PROVENANCE {
        let [of_source, of_target] = copy_table([&mut *source, &mut *target], table)?;
        if of_source != of_target {
            return Err(different([source, target], table, Keys::ALL)?);
        }
        let (rows, digest) = (of_source.rows, of_source.digest);
        proved.tables.push(MovedTable { table: table.name.to_owned(), rows, digest });
    }
    while proved.last < last || proved.ranges.is_empty() {
        let first = proved.last + 1;
        // What is greater in the target than the last event of the source is found too.
        let until = if last - proved.last <= RANGE { i64::MAX } else { proved.last + RANGE };
        let keys = Keys { first, last: until };
        let of_source = digest(source, &EVENTS, Keys { first, last: until.min(last) })?;
        if of_source != digest(target, &EVENTS, keys)? {
            return Err(different([source, target], &EVENTS, Keys { first, last: until.min(last) })?);
        }
        proved.last = until.min(last);
        let (events, digest) = (of_source.rows, of_source.digest);
        proved.ranges.push(MovedRange { first, last: proved.last, events, digest });
    }
    proved.last_twin = source.last_key(&TWINS)?;
    Ok(())
}

fn different(
    [source, target]: [&mut dyn MovingStore; 2],
    table: &'static Table,
    keys: Keys,
) -> Result<MoveError, MoveError> {
    let found = first_difference([source, &mut *target], table, keys)?;
    Ok(match found {
        Some(difference) => MoveError::Different { difference },
        None => MoveError::Negative(format!(
            "{} has rows of {} that the source does not have: something else writes to it",
            target.place(),
            table.name
        )),
    })
}

/// What the comparisons are made with.
pub(super) struct Comparing<'c> {
    pub settings: &'c Settings,
    pub new_scratch: &'c dyn Fn() -> Box<dyn Scratch>,
}

/// Puts every imported log together from the target, and compares the events of both by what they say: machines of which none
/// knows of rows and digests.
pub(super) fn prove_uses(
    [source, target]: [&mut dyn MovingStore; 2],
    comparing: &Comparing<'_>,
    proved: &mut Proved,
) -> Result<(), MoveError> {
    (proved.logs, proved.unfinished_logs) = prove_logs([&mut *source, &mut *target])?;
    proved.comparisons.clear();
    for (rows, name) in [(Rows::Native, "native"), (Rows::History, "history"), (Rows::Repaired, "repaired")] {
        let [control, candidate] = [&*source, &*target].map(|store| -> Result<Input, MoveError> {
            let feed = store.feed(rows, proved.last, proved.last_twin)?;
            let path = path_of(&store.place());
            Ok(Input { path, mapping: Mapping::BuiltIn, feeds: vec![feed], skipped: Vec::new() })
        });
        let comparison = compare(comparing.settings, control?, candidate?, (comparing.new_scratch)())?;
        let events = comparison.control.events;
        if events == 0 && comparison.candidate.events == 0 {
            continue;
        }
        if comparison.verdict == Verdict::Different {
            let reasons = comparison.reasons.join("; ");
            let said = format!("compare-logs finds that the {name} events are not the same ({reasons})");
            return Err(MoveError::Contradiction(said));
        }
        proved.comparisons.push(MovedRows { rows: name.to_owned(), events, verdict: comparison.verdict });
    }
    Ok(())
}

/// Whether a store has other rows than these: events after the last one, or others in these tables.
pub(super) fn has_changed(
    store: &mut dyn MovingStore,
    last: i64,
    tables: &[MovedTable],
) -> Result<bool, RepositoryError> {
    if store.last_key(&EVENTS)? != last {
        return Ok(true);
    }
    for table in PROVENANCE.into_iter().filter(|table| *table != &STORED_ROWS) {
        let found = digest(store, table, Keys::ALL)?;
        let is_known = tables.iter().any(|known| known.table == table.name && known.digest == found.digest);
        if !is_known {
            return Ok(true);
        }
    }
    Ok(false)
}

/// Of each log, the target says what the source says: that it is what was imported, or why it is not. Answers how many there are,
/// and how many more whose import did not come to its end: of these it is not known what they are to be put together to.
fn prove_logs([source, target]: [&mut dyn MovingStore; 2]) -> Result<(u64, u64), MoveError> {
    let mut of_target = target.export()?;
    let mut of_source = None;
    let (logs, unfinished): (Vec<_>, Vec<_>) =
        of_target.logs()?.into_iter().partition(|log| log.content.is_some());
    for log in &logs {
        let Some(reason) = check_log(&mut *of_target, log)? else { continue };
        if of_source.is_none() {
            of_source = Some(source.export()?);
        }
        let Some(of_source) = &mut of_source else { continue };
        let expected = check_log(&mut **of_source, log)?;
        if expected.as_ref() != Some(&reason) {
            let expected = expected.unwrap_or_else(|| "whole".to_owned());
            let said = format!(
                "the log {} is another one when the target gives it back: there {reason}, from the source {expected}",
                log.path
            );
            return Err(MoveError::Contradiction(said));
        }
    }
    Ok((logs.len() as u64, unfinished.len() as u64))
}
