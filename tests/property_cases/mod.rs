//! With how many cases a property is tested. A file of its own, because tests within the library and those beside it
//! build on it.

use proptest::test_runner::Config;

/// For a property whose cases take long: so many cases, or as many percent of them as the environment variable
/// `CASES_PERCENT` says. `.ci/run` says 50, as it tests two builds, and `.ci/nightly` 1600. Where `PROPTEST_CASES`
/// is set, proptest takes that number for every property.
pub fn cases(usual: u32) -> Config {
    let percent = std::env::var("CASES_PERCENT").map_or(100, |percent| percent.parse().unwrap());
    Config { cases: (usual * percent).div_ceil(100), failure_persistence: None, ..Config::default() }
}
