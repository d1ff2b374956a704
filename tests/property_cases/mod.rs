//! How much a test does: with how many cases, and how many events. A file of its own, because tests within the library
//! and those beside it build on it.

use proptest::test_runner::Config;

/// For a property whose cases take long: so many cases, or as many percent of them as the environment variable
/// `CASES_PERCENT` says. `.ci/run` says 30 and, where it runs them once more, 1, and `.ci/nightly` 1600. Where `PROPTEST_CASES`
/// is set, proptest takes that number for every property.
pub fn cases(usual: u32) -> Config {
    let percent = std::env::var("CASES_PERCENT").map_or(100, |percent| percent.parse().unwrap());
    Config { cases: (usual * percent).div_ceil(100), failure_persistence: None, ..Config::default() }
}

/// How many events a log has that is to last for a while: that is read while something else happens, or in several
/// pieces. A program that is built without optimisation takes several times as long for each of them: fewer last as
/// long. `.ci/nightly` tests an optimised build.
pub const fn events_to_last(without_optimisation: u64, with_optimisation: u64) -> u64 {
    if cfg!(debug_assertions) { without_optimisation } else { with_optimisation }
}
