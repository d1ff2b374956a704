//! How far a move is, by what its two stores stand as.

use std::collections::HashSet;

use crate::domain::repository::RepositoryError;

use super::difference::first_difference;
use super::error::MoveError;
use super::ports::{Keys, MovingStore};
use super::report::MovePlan;
use super::row_digest::digest;
use super::standing::Standing;
use super::tables::{EVENTS, PROVENANCE, Value};

/// How far a move is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Stage {
    /// The target is empty.
    New,
    /// The target has a beginning of the source.
    Begun {
        /// The position of the last event there.
        last: i64,
    },
    /// The source refuses writers already, and so does the target.
    Fenced,
    /// The target is the store.
    Done,
}

/// Finds out how far the move is.
///
/// # Errors
/// The two cannot be source and target; or the target is no beginning of the source.
pub(super) fn stage_of(
    [source, target]: [&mut dyn MovingStore; 2],
    standings: [&Standing; 2],
) -> Result<Stage, MoveError> {
    let (from, to) = (source.place(), target.place());
    match <(&Standing, &Standing)>::from(standings) {
        (Standing::Moved { to: place }, Standing::Own) if *place == to => {
            ensure_moved(source, target)?;
            return Ok(Stage::Done);
        }
        (Standing::Moved { to: place }, Standing::Copy { .. }) if *place == to => {
            ensure_beginning(source, target)?;
            return Ok(Stage::Fenced);
        }
        (is @ (Standing::Moved { .. } | Standing::Copy { .. }), _) => refuse_source(&from, is)?,
        (Standing::Own, Standing::Moved { to: place }) if *place != from => {
            let refusal =
                format!("{to} was moved to {place}: expected a target that is empty, or a copy of {from}");
            return Err(MoveError::Refused(refusal));
        }
        (Standing::Own, Standing::Own) => {}
        (Standing::Own, _) => {
            let last = ensure_beginning(source, target)?;
            return Ok(Stage::Begun { last });
        }
    }
    if is_empty(target)? {
        return Ok(Stage::New);
    }
    Err(MoveError::Refused(format!(
        "{to} is a store of its own: expected one that is empty, or a copy of {from}; name another schema, or another file"
    )))
}

pub(super) fn is_empty(store: &mut dyn MovingStore) -> Result<bool, RepositoryError> {
    let mut is_empty = store.last_key(&EVENTS)? == 0;
    for table in PROVENANCE.iter().filter(|table| table.key > 0) {
        is_empty &= store.last_key(table)? == 0;
    }
    Ok(is_empty)
}

/// Fails where a source is not the store.
fn refuse_source(from: &str, standing: &Standing) -> Result<(), MoveError> {
    Err(MoveError::Refused(match standing {
        Standing::Own => return Ok(()),
        Standing::Moved { to } => format!(
            "{from} was moved to {to}: name that one with --from; a move to there that did not end goes on with these very words after --to"
        ),
        Standing::Copy { of, .. } => format!(
            "{from} is a copy of {of}, and not the store: name that one with --from, or cut over to the copy first"
        ),
    }))
}

/// The last event of the target stands in the source as it is: whatever else is not the same, the proof finds.
/// Answers its position.
fn ensure_beginning(source: &mut dyn MovingStore, target: &mut dyn MovingStore) -> Result<i64, MoveError> {
    let (last, of_source) = (target.last_key(&EVENTS)?, source.last_key(&EVENTS)?);
    if last > of_source {
        return Err(MoveError::Negative(format!(
            "{} has events up to position {last}, and {} up to {of_source}: it has received events of its own, and is no copy",
            target.place(),
            source.place()
        )));
    }
    let keys = Keys { first: last, last };
    if digest(source, &EVENTS, keys)? != digest(target, &EVENTS, keys)?
        && let Some(difference) = first_difference([source, target], &EVENTS, keys)?
    {
        return Err(MoveError::Different { difference });
    }
    Ok(last)
}

/// The store that the source was moved to has the last event of the source as it is.
fn ensure_moved(source: &mut dyn MovingStore, target: &mut dyn MovingStore) -> Result<(), MoveError> {
    let (last, of_target) = (source.last_key(&EVENTS)?, target.last_key(&EVENTS)?);
    let keys = Keys { first: last, last };
    if of_target >= last && digest(source, &EVENTS, keys)? == digest(target, &EVENTS, keys)? {
        return Ok(());
    }
    let (from, to) = (source.place(), target.place());
    Err(MoveError::Negative(format!(
        "{from} was moved to {to}, and what stands there does not have its last event, at position {last}: it ends with {of_target}, \
         and is another store, or has lost events; `move --undo` makes {from} the store again where {to} has no events of its own"
    )))
}

/// Fails where the target has rows that the source does not have: a copy has none, and they would be lost.
pub(super) fn refuse_rows_of_its_own([source, target]: [&mut dyn MovingStore; 2]) -> Result<(), MoveError> {
    // Others lose rows to an import that goes on, or tell them apart by more.
    for table in PROVENANCE.iter().filter(|table| table.key == 1) {
        let mut known = HashSet::new();
        source.each_row(table, Keys::ALL, &mut |row| {
            known.extend(number(row));
            Ok(())
        })?;
        let mut own = None;
        target.each_row(table, Keys::ALL, &mut |row| {
            own = own.or(number(row).filter(|key| !known.contains(key)));
            Ok(())
        })?;
        if let Some(own) = own {
            return Err(MoveError::Negative(format!(
                "{} has received rows of {} of its own (number {own}), which {} does not have: they would be lost; nothing was changed",
                target.place(),
                table.name,
                source.place()
            )));
        }
    }
    Ok(())
}

fn number(row: &[Value<'_>]) -> Option<i64> {
    match row.first() {
        Some(Value::Integer(number)) => Some(*number),
        _ => None,
    }
}

/// What a move would do. Nothing is changed, and the target need not be there.
///
/// # Errors
/// The two cannot be source and target.
pub fn plan(
    source: &mut dyn MovingStore,
    target: Option<&mut dyn MovingStore>,
) -> Result<MovePlan, MoveError> {
    let (copied_to, target_is) = match target {
        None => {
            refuse_source(&source.place(), &source.standing()?)?;
            (0, "nothing")
        }
        Some(target) => {
            let standings = [source.standing()?, target.standing()?];
            let target_is = match stage_of([&mut *source, &mut *target], [&standings[0], &standings[1]])? {
                Stage::New => "nothing",
                Stage::Begun { .. } => "copy",
                Stage::Fenced => "copy, to be cut over",
                Stage::Done => "the store",
            };
            (target.last_key(&EVENTS)?, target_is)
        }
    };
    let last_position = source.last_key(&EVENTS)?;
    let mut tables = Vec::new();
    for table in PROVENANCE {
        let mut rows = 0;
        source.each_row(table, Keys::ALL, &mut |_| {
            rows += 1;
            Ok(())
        })?;
        tables.push((table.name, rows));
    }
    Ok(MovePlan { last_position, copied_to, tables, target_is })
}
