//! What routing promises.

mod doubles;
mod legacy_crashes;
