//! Taking a cut-over back, before the settings name the new store.

use crate::application::clock::Clock;
use crate::application::compare::report::Verdict;
use crate::application::evidence::{EvidenceLog, RecordedMove, last_move, record_move};

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
        Standing::Own if is_unrecorded(source, target, evidence)? => {
            let last = source.last_key(&EVENTS)?;
            record(source, target, last, evidence, clock)?;
            return Ok(last);
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
    // What is imported from here on is refused by the target when it is a copy: none of it is lost by one that is killed.
    target.hold_imports()?;
    let proved = last_move(evidence, &from, &to)?;
    let refuse_what_is_its_own = |source: &mut dyn MovingStore, target: &mut dyn MovingStore| {
        refuse_what_is_its_own(source, target, &target_was, proved.as_ref())
    };
    refuse_what_is_its_own(source, target)?;
    // From here on, nothing is appended to either. What ends before the source has nothing that the source lacks.
    let found = target.stand_as(&target_was, &copy, 0..=last)?;
    if found > last {
        return Err(MoveError::Negative(format!(
            "{to} has received events of its own, up to position {found}, and {from} ends with {last}: what is taken back \
             would lose them; move them back with `move --to {from} --from {to} --cut-over`"
        )));
    }
    if let Err(refusal) = refuse_what_is_its_own(source, target) {
        target.stand_as(&copy, &target_was, ANY)?;
        return Err(refusal);
    }
    source.stand_as(&source_was, &Standing::Own, ANY)?;
    record(source, target, last, evidence, clock)?;
    Ok(last)
}

/// Whether the evidence still says of a source, which is the store again, that it was moved to the target.
fn is_unrecorded(
    source: &mut dyn MovingStore,
    target: &mut dyn MovingStore,
    evidence: &dyn EvidenceLog,
) -> Result<bool, MoveError> {
    let is_its_copy = matches!(target.standing()?, Standing::Copy { of, .. } if of == source.place());
    let last = last_move(evidence, &source.place(), &target.place())?;
    Ok(is_its_copy && last.is_some_and(|last| last.cut_over))
}

fn record(
    source: &dyn MovingStore,
    target: &dyn MovingStore,
    last: i64,
    evidence: &dyn EvidenceLog,
    clock: &dyn Clock,
) -> Result<(), MoveError> {
    let store = source.place();
    let reasons = vec![format!("taken back: {store} is the store again")];
    let (events, elapsed_seconds) = (last.unsigned_abs(), clock.elapsed().as_secs_f64());
    let recorded = RecordedMove {
        source: store.clone(),
        target: target.place(),
        cut_over: false,
        events,
        last_position: last,
        ranges: Vec::new(),
        tables: Vec::new(),
        logs: 0,
        unfinished_logs: 0,
        comparisons: Vec::new(),
        verdict: Verdict::Consistent,
        reasons,
        elapsed_seconds,
    };
    record_move(recorded, evidence, clock)
        .map(drop)
        .map_err(|source| MoveError::UndoUnrecorded { store, source })
}

/// Fails where the target knows of logs what the source does not know.
fn refuse_what_is_its_own(
    source: &mut dyn MovingStore,
    target: &mut dyn MovingStore,
    target_was: &Standing,
    proved: Option<&RecordedMove>,
) -> Result<(), MoveError> {
    let (last, of_target) = (source.last_key(&EVENTS)?, target.last_key(&EVENTS)?);
    if *target_was != Standing::Own || of_target < last {
        return refuse_rows_of_its_own([source, target]);
    }
    // Events of its own are told as such.
    for table in PROVENANCE.into_iter().filter(|_| of_target == last) {
        let found = digest(target, table, Keys::ALL)?;
        // What is different can have come to the source behind the fence, and the target be as it was when it was cut over to.
        let is_as_proved = proved.is_some_and(|proved| {
            proved.cut_over
                && proved.tables.iter().any(|known| known.table == table.name && known.digest == found.digest)
        });
        if !is_as_proved && digest(source, table, Keys::ALL)? != found {
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
