//! Taking a cut-over back, before the settings name the new store.

use super::error::MoveError;
use super::ports::{Keys, MovingStore};
use super::row_digest::digest;
use super::standing::Standing;
use super::tables::{EVENTS, PROVENANCE};

/// Makes the source the store again, and the target a copy of it. Answers the position of the last event.
///
/// # Errors
/// The target has received something of its own; or it was not moved there. Nothing was changed.
pub fn undo(source: &mut dyn MovingStore, target: &mut dyn MovingStore) -> Result<i64, MoveError> {
    let (from, to) = (source.place(), target.place());
    match source.standing()? {
        Standing::Moved { to: place } if place == to => {}
        Standing::Moved { to: place } => {
            return Err(MoveError::Refused(format!("{from} was moved to {place}: name that one with --to")));
        }
        Standing::Own | Standing::Copy { .. } => {
            return Err(MoveError::Refused(format!(
                "{from} was not moved away: there is nothing to take back"
            )));
        }
    }
    let was = target.standing()?;
    let last = source.last_key(&EVENTS)?;
    // From here on, nothing is appended to either.
    let copy = Standing::Copy { of: from.clone(), is_whole: true };
    let found = match was {
        Standing::Own => target.stand_as(&copy, Some(last))?,
        Standing::Copy { .. } => last,
        Standing::Moved { to: place } => {
            return Err(MoveError::Negative(format!(
                "{to} was moved on to {place}: move that one back with `move --to {from} --from {place} --cut-over`"
            )));
        }
    };
    if found != last {
        return Err(MoveError::Negative(format!(
            "{to} has received events of its own, up to position {found}, and {from} ends with {last}: what is taken back \
             would lose them; move them back with `move --to {from} --from {to} --cut-over`"
        )));
    }
    if was == Standing::Own {
        for table in PROVENANCE {
            if digest(source, table, Keys::ALL)? != digest(target, table, Keys::ALL)? {
                target.stand_as(&Standing::Own, None)?;
                return Err(MoveError::Negative(format!(
                    "{to} has received rows of {} of its own: what is taken back would lose them; move them back with \
                     `move --to {from} --from {to} --cut-over`",
                    table.name
                )));
            }
        }
    }
    source.stand_as(&Standing::Own, None)?;
    Ok(last)
}
