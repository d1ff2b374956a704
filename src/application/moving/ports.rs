//! What a move needs of the two stores.

use std::ops::RangeInclusive;

use crate::application::compare::feed::{CompareError, Feed};
use crate::application::compare::parallel_run::Rows;
use crate::application::export::ExportStore;
use crate::domain::repository::RepositoryError;

use super::standing::Standing;
use super::tables::{Table, Value};

/// Takes a row, as the columns of its table say it.
pub type TakeRow<'t> = &'t mut dyn FnMut(&[Value<'_>]) -> Result<(), RepositoryError>;

/// Gives rows to what takes them.
pub type GiveRows<'g> = &'g mut dyn FnMut(TakeRow<'_>) -> Result<(), RepositoryError>;

/// Which rows of a table, by the number in its first column.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Keys {
    /// The first.
    pub first: i64,
    /// The last.
    pub last: i64,
}

impl Keys {
    /// All of them.
    pub const ALL: Self = Self { first: i64::MIN, last: i64::MAX };
}

/// Any position, and none.
pub const ANY: RangeInclusive<i64> = 0..=i64::MAX;

/// A store that rows are moved out of or into.
pub trait MovingStore {
    /// Where it is: what its counterpart says of it.
    fn place(&self) -> String;

    /// What it stands as.
    fn standing(&mut self) -> Result<Standing, RepositoryError>;

    /// Keeps other moves from it until it is closed, or fails where one is at work.
    fn lock(&mut self) -> Result<(), RepositoryError>;

    /// Makes it stand as `to` from one moment on, where its last event is at one of the positions `last` then; fails where it does not
    /// stand as `from`. Answers the position of its last event, 0 without one: what was appended before is there, and nothing is after
    /// that where it does not stand as [`Standing::Own`]. An import that runs is waited for.
    fn stand_as(
        &mut self,
        from: &Standing,
        to: &Standing,
        last: RangeInclusive<i64>,
    ) -> Result<i64, RepositoryError>;

    /// Keeps imports from it until [`release_imports`](Self::release_imports). One that runs is waited for.
    fn hold_imports(&mut self) -> Result<(), RepositoryError>;

    /// Lets imports go on.
    fn release_imports(&mut self);

    /// What rows another program has removed, sentences.
    fn complaints(&mut self) -> Result<Vec<String>, RepositoryError>;

    /// From here on, until [`end_state`](Self::end_state), all that is read is of one state.
    fn begin_state(&mut self) -> Result<(), RepositoryError>;

    /// Reads what there is from now on.
    fn end_state(&mut self) -> Result<(), RepositoryError>;

    /// The greatest number in the first column of a table, 0 without a row.
    fn last_key(&mut self, table: &Table) -> Result<i64, RepositoryError>;

    /// Gives the rows of a table, in the order of its key.
    fn each_row(&mut self, table: &Table, keys: Keys, take: TakeRow<'_>) -> Result<(), RepositoryError>;

    /// Adds rows, all of them durably or none.
    fn add_rows(&mut self, table: &Table, give: GiveRows<'_>) -> Result<(), RepositoryError>;

    /// Puts these rows in the place of all that the table has, durably, or changes nothing.
    fn replace_rows(&mut self, table: &Table, give: GiveRows<'_>) -> Result<(), RepositoryError>;

    /// The logs that were imported, as an export has them.
    fn export(&mut self) -> Result<Box<dyn ExportStore>, RepositoryError>;

    /// The rows of a side of a comparison, up to these positions and twins.
    fn feed(&self, rows: Rows, last: i64, last_twin: i64) -> Result<Box<dyn Feed>, CompareError>;
}
