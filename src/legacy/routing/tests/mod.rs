//! What routing promises.

mod alone;
pub mod doubles;
mod legacy_crashes;
mod legacy_foreign;
mod modes;
mod new_crashes;
mod outbox;
mod property;
mod refused;
mod switching;
mod waiting;
