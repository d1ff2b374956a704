//! Copying rows, in ranges that are in the target durably or not at all.

use crate::domain::repository::RepositoryError;

use super::ports::{Keys, MovingStore};
use super::row_digest::{RowDigest, digest};
use super::tables::{Growth, Table};

/// So many numbers of a key are a range: what is copied in one transaction.
pub(super) const RANGE: i64 = 5_000;

/// Copies the rows of a table that is only appended to, behind the last one that the target has, up to `last`. Tells the last number
/// after each range.
pub(super) fn copy_up_to(
    [source, target]: [&mut dyn MovingStore; 2],
    table: &'static Table,
    last: i64,
    tell: &mut dyn FnMut(i64),
) -> Result<(), RepositoryError> {
    let mut first = target.last_key(table)? + 1;
    while first <= last {
        let keys = Keys { first, last: last.min(first + RANGE - 1) };
        target.add_rows(table, &mut |take| source.each_row(table, keys, take))?;
        first = keys.last + 1;
        tell(keys.last);
    }
    Ok(())
}

/// Makes a table of the target what it is in the source; answers what both come to.
pub(super) fn copy_table(
    [source, target]: [&mut dyn MovingStore; 2],
    table: &'static Table,
) -> Result<[RowDigest; 2], RepositoryError> {
    if table.growth == Growth::Appended {
        let last = source.last_key(table)?;
        copy_up_to([source, target], table, last, &mut |_| {})?;
    }
    let of_source = digest(source, table, Keys::ALL)?;
    let of_target = digest(target, table, Keys::ALL)?;
    if of_source == of_target || table.growth == Growth::Appended {
        return Ok([of_source, of_target]);
    }
    target.replace_rows(table, &mut |take| source.each_row(table, Keys::ALL, take))?;
    let of_target = digest(target, table, Keys::ALL)?;
    Ok([of_source, of_target])
}
