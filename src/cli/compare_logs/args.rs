//! The arguments of `compare-logs`.

use std::path::PathBuf;

use clap::Args;

use super::comparison_args::ComparisonArgs;

/// Prove that two logs hold the same events, or show every difference
///
/// CONTROL is the reference log (the legacy one); CANDIDATE is checked against it. Either is an events.json
/// array, a JSONL file, a folder of daily JSONL (.gz, .zst and its archive/ included) or a SQLite store.
/// Neither shared ids nor equal timestamps are needed: the clocks are set against each other
/// by what occurs exactly once on both sides, and every event is paired, or ends as a difference, by exact
/// content. Nothing is changed on either side.
///
/// For a store, only events written by the new system are compared. Events that were imported from the
/// legacy log would prove nothing but themselves: they are compared apart with the whole legacy log, as `history`.
/// Events before the beginning of the comparison must be imported, or nothing can be said; later ones that are
/// not imported yet are counted.
///
/// A comparison of the configured logs (without paths) is recorded in evidence.path.
///
/// Exit codes: 0 consistent; 1 different; 3 inconclusive, as where a side is empty or torn, or a file of its
/// folder was not read that may hold events; 4 something could not be read, or the comparison not be recorded;
/// 5 the comparison caught itself being wrong.
#[derive(Debug, Args)]
#[command(
    after_help = "Example:\n  mission-events compare-logs data/events.json data/events.db --since 2025-10-20"
)]
pub struct CompareLogsArgs {
    /// The reference log [default: legacy.events_json]
    #[arg(value_name = "CONTROL")]
    pub control: Option<PathBuf>,

    /// The log that is checked against it [default: the configured store]
    #[arg(value_name = "CANDIDATE", requires = "control")]
    pub candidate: Option<PathBuf>,

    /// List at most N differences; all are counted
    #[arg(long, value_name = "N", default_value_t = 1000)]
    pub limit: usize,

    /// Write the result to FILE.html as well, a page that opens without a network
    ///
    /// It shows the verdict, both sides day by day, the differences by day and type, the clocks, what a comparison cannot
    /// see, and up to 10,000 differences, whatever --limit says (fewer where --memory is less than 240MiB), to be searched,
    /// sorted and filtered. An earlier report is written over, and no other file; FILE.html cannot lie in a folder of logs.
    #[arg(long, value_name = "FILE.html")]
    pub report: Option<PathBuf>,

    #[command(flatten)]
    pub comparison: ComparisonArgs,
}
