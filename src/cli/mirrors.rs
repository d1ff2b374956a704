//! The mirrors of a parallel run, for commands that dispatch nothing.

use super::error::CliError;
use super::event_system::failed;
#[cfg(feature = "legacy")]
use super::legacy::mirrors::set_lags;
#[cfg(feature = "legacy")]
pub use super::legacy::mirrors::{RunningMirrors, lag_of};
use crate::application::handling::{HandlerOperations, HandlerStatus};
use crate::infrastructure::config::Config;
#[cfg(not(feature = "legacy"))]
use without_legacy_system::set_lags;
#[cfg(not(feature = "legacy"))]
pub use without_legacy_system::{RunningMirrors, lag_of};

/// Every handler as it is, mirrors with what they have still to bring to the other side.
pub fn statuses(config: &Config, operations: &HandlerOperations) -> Result<Vec<HandlerStatus>, CliError> {
    let mut statuses = operations.list().map_err(failed)?;
    set_lags(&mut statuses, config)?;
    Ok(statuses)
}

/// There is no other side.
#[cfg(not(feature = "legacy"))]
mod without_legacy_system {
    use crate::application::handling::HandlerStatus;
    use crate::cli::error::CliError;
    use crate::infrastructure::config::Config;

    pub struct RunningMirrors;

    impl RunningMirrors {
        pub fn start(_: &Config) -> Result<Self, CliError> {
            Ok(Self)
        }

        pub fn look(&self) {}

        pub fn catch_up(&self, _: &dyn Fn() -> bool) {}

        pub fn end(self) {}
    }

    /// It is not known.
    pub fn lag_of(_: &HandlerStatus) -> Option<u64> {
        None
    }

    pub fn set_lags(_: &mut [HandlerStatus], _: &Config) -> Result<(), CliError> {
        Ok(())
    }
}
