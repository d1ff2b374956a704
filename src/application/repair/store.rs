//! The port to the store that is repaired, and what is decided about each missing event.

use super::missing::MissingEvent;
use crate::application::import::identity::is_saved_already;
use crate::domain::repository::RepositoryError;
use crate::domain::value_objects::Position;

/// A store that missing events can be added to.
pub trait RepairStore {
    /// Says what [`add`](Self::add) would do with each event, in the order given. Nothing is changed.
    ///
    /// # Errors
    /// What the store says.
    fn look_up(
        &mut self,
        events: &[&MissingEvent],
        compared_up_to: Position,
    ) -> Result<Vec<Disposition>, RepositoryError>;

    /// Adds what [`disposition`] says is to be added, and notes what is accepted: in one transaction, while no import
    /// runs. One answer for each event, in the order given.
    ///
    /// # Errors
    /// What the store says; then nothing was added.
    fn add(
        &mut self,
        events: &[&MissingEvent],
        compared_up_to: Position,
    ) -> Result<Vec<Disposition>, RepositoryError>;
}

/// What becomes of a missing event.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Disposition {
    /// It is added: nothing in the store has its id.
    Add,
    /// An import has brought it: that event is accepted in its place.
    AcceptImported(Position),
    /// A repair has added it.
    AlreadyRepaired(Position),
    /// The store has got an event of its type and aggregate since it was compared: that may be it.
    SavedMeanwhile(Position),
    /// The store keeps it as the twin of the event there, which does not agree with it.
    Twin(Position),
    /// The new system has saved an event under its id.
    Native(Position),
    /// Its id belongs to an event with other content.
    Conflict(Position),
    /// There is no store that it could be added to.
    NoStore,
}

/// What a store has under an id.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct HeldEvent<'s> {
    /// Where it is.
    pub position: Position,
    /// Its text.
    pub body: &'s str,
    /// How it came there.
    pub origin: HeldOrigin,
}

/// How what a store has under an id came there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum HeldOrigin {
    /// The new system saved it.
    Native,
    /// It was imported from the legacy log.
    Imported,
    /// It counts as repaired.
    Repaired,
    /// It is no event of its own, but the twin of the one at its position.
    Twin,
}

/// What becomes of an event: `held` is what the store has under its id, and `saved_meanwhile` an event of its type and
/// aggregate that the new system has saved since the comparison.
pub fn disposition(
    event: &MissingEvent,
    held: Option<HeldEvent<'_>>,
    saved_meanwhile: Option<Position>,
) -> Disposition {
    if let Some(position) = saved_meanwhile {
        return Disposition::SavedMeanwhile(position);
    }
    let Some(HeldEvent { position, body, origin }) = held else { return Disposition::Add };
    if !is_saved_already(body, &event.record.body) {
        return Disposition::Conflict(position);
    }
    match origin {
        HeldOrigin::Native => Disposition::Native(position),
        HeldOrigin::Imported => Disposition::AcceptImported(position),
        HeldOrigin::Repaired => Disposition::AlreadyRepaired(position),
        HeldOrigin::Twin => Disposition::Twin(position),
    }
}
