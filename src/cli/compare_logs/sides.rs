//! What lies on the two sides of a comparison.

use std::path::{Path, PathBuf};

use super::comparison_args::ComparisonArgs;
use crate::cli::error::CliError;
use crate::cli::given_path::ensure_store;
use crate::cli::global::Context;
use crate::cli::store::configured_path;
use crate::infrastructure::compare_inputs::{FeedWrapper, FoundSide};
use crate::infrastructure::config::Config;
use crate::infrastructure::sources::Surroundings;

/// Which paths are compared, the control first.
pub struct ComparedPaths<'p> {
    /// Where the sides are.
    pub paths: [&'p Path; 2],
    /// Each is the one that is configured, whether or not it was named.
    pub are_configured: [bool; 2],
}

impl<'p> ComparedPaths<'p> {
    /// The paths that were named, and the configured ones where none was.
    ///
    /// # Errors
    /// Both sides are configured to be the same log, which agrees with itself and would be recorded as evidence.
    pub fn new(
        control: Option<&'p Path>,
        candidate: Option<&'p Path>,
        config: &'p Config,
    ) -> Result<Self, CliError> {
        let configured = [
            config.legacy_events_json.value.as_path(),
            configured_path(config.storage_backend.value, config),
        ];
        let paths = [control.unwrap_or(configured[0]), candidate.unwrap_or(configured[1])];
        let are_configured = [0, 1].map(|side| absolute(paths[side]) == absolute(configured[side]));
        if are_configured == [true; 2] && absolute(paths[0]) == absolute(paths[1]) {
            return Err(CliError::usage(format!(
                "`legacy.events_json` and the store are both at {}, and a log agrees with itself whatever it holds: expected two \
                 places",
                paths[0].display()
            )));
        }
        Ok(Self { paths, are_configured })
    }
}

/// Looks at what lies on both sides; each feed is read through what `watch` puts in its place.
///
/// # Errors
/// A mapping is wrong, or a side is not there or cannot be read.
pub fn find_sides<'w>(
    paths: [&Path; 2],
    comparison: &ComparisonArgs,
    context: &Context,
    watch: &'w FeedWrapper<'w>,
) -> Result<[FoundSide<'w>; 2], CliError> {
    let [control_mapping, candidate_mapping] = comparison.mappings(context)?;
    let stores = [context.config.sqlite_path.value.as_path()];
    let beside = |other_side| Surroundings { other_side: Some(other_side), stores: &stores };
    let [control, candidate] = paths;
    ensure_store(control)?;
    ensure_store(candidate)?;
    Ok([
        FoundSide::find_beside(&beside(candidate), control, control_mapping, comparison.allow_expansion)?,
        FoundSide::find_beside(&beside(control), candidate, candidate_mapping, comparison.allow_expansion)?,
    ]
    .map(|side| side.wrapped_by(watch)))
}

/// The path without links and without what is relative to the working directory; as it is where nothing is there.
pub fn absolute(path: &Path) -> PathBuf {
    path.canonicalize().unwrap_or_else(|_| path.to_owned())
}
