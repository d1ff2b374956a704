//! Taking a cut-over back, before the settings name the new store.

use crate::application::clock::Clock;
use crate::application::compare::report::Verdict;
use crate::application::evidence::{EvidenceLog, RecordedMove, record_move};

use super::error::MoveError;
use super::ports::{ANY, Keys, MovingStore};
use super::row_digest::digest;
use super::stage::refuse_rows_of_its_own;
use super::standing::Standing;
use super::tables::{EVENTS, PROVENANCE};

/// Makes the source the store again, and the target a copy of it. Answers the position of the last event.
///
/// # Errors
/// The target has received something of its own; or it was not moved there. Nothing was changed.
pub fn undo(
    source: &mut dyn MovingStore,
    target: &mut dyn MovingStore,
    evidence: &dyn EvidenceLog,
    clock: &dyn Clock,
) -> Result<i64, MoveError> {
    source.lock()?;
    target.lock()?;
    let (from, to) = (source.place(), target.place());
    let source_was = source.standing()?;
    match &source_was {
        Standing::Moved { to: place } if *place == to => {}
        Standing::Moved { to: place } => {
            return Err(MoveError::Refused(format!("{from} was moved to {place}: name that one with --to")));
        }
        Standing::Own | Standing::Copy { .. } => {
            return Err(MoveError::Refused(format!(
                "{from} was not moved away: there is nothing to take back"
            )));
        }
    }
    let target_was = target.standing()?;
    let last = source.last_key(&EVENTS)?;
    let copy = match &target_was {
        Standing::Own => Standing::Copy { of: from.clone(), is_whole: target.last_key(&EVENTS)? >= last },
        Standing::Copy { .. } => target_was.clone(),
        Standing::Moved { to: place } => {
            return Err(MoveError::Negative(format!(
                "{to} was moved on to {place}: move that one back with `move --to {from} --from {place} --cut-over`"
            )));
        }
    };
    refuse_what_is_its_own(source, target, &target_was)?;
    // From here on, nothing is appended to either. What ends before the source has nothing that the source lacks.
    let found = target.stand_as(&target_was, &copy, 0..=last)?;
    if found > last {
        return Err(MoveError::Negative(format!(
            "{to} has received events of its own, up to position {found}, and {from} ends with {last}: what is taken back \
             would lose them; move them back with `move --to {from} --from {to} --cut-over`"
        )));
    }
    if let Err(refusal) = refuse_what_is_its_own(source, target, &target_was) {
        target.stand_as(&copy, &target_was, ANY)?;
        return Err(refusal);
    }
    source.stand_as(&source_was, &Standing::Own, ANY)?;
    let reasons = vec![format!("taken back: {from} is the store again")];
    let (events, elapsed_seconds) = (last.unsigned_abs(), clock.elapsed().as_secs_f64());
    let recorded = RecordedMove {
        source: from.clone(),
        target: to,
        cut_over: false,
        events,
        last_position: last,
        ranges: Vec::new(),
        tables: Vec::new(),
        logs: 0,
        comparisons: Vec::new(),
        verdict: Verdict::Consistent,
        reasons,
        elapsed_seconds,
    };
    record_move(recorded, evidence, clock)
        .map_err(|error| MoveError::Unrecorded { target: from, source: error })?;
    Ok(last)
}

/// Fails where the target knows of logs what the source does not know.
fn refuse_what_is_its_own(
    source: &mut dyn MovingStore,
    target: &mut dyn MovingStore,
    target_was: &Standing,
) -> Result<(), MoveError> {
    let (last, of_target) = (source.last_key(&EVENTS)?, target.last_key(&EVENTS)?);
    if *target_was != Standing::Own || of_target < last {
        return refuse_rows_of_its_own([source, target]);
    }
    // Events of its own are told as such.
    for table in PROVENANCE.into_iter().filter(|_| of_target == last) {
        if digest(source, table, Keys::ALL)? != digest(target, table, Keys::ALL)? {
            let (from, to) = (source.place(), target.place());
            return Err(MoveError::Negative(format!(
                "{to} has received rows of {} of its own: what is taken back would lose them; move them back with \
                 `move --to {from} --from {to} --cut-over`",
                table.name
            )));
        }
    }
    Ok(())
}
