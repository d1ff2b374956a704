//! The mirrors of a parallel run, for commands that dispatch nothing.

#[cfg(feature = "legacy")]
pub use super::legacy::mirrors::{RunningMirrors, set_lags};
#[cfg(not(feature = "legacy"))]
pub use without_legacy_system::{RunningMirrors, set_lags};

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

    pub fn set_lags(_: &mut [HandlerStatus], _: &Config) -> Result<(), CliError> {
        Ok(())
    }
}
