//! What tests of every kind build on: the program, events, questions to a store, folders that vanish.

pub mod changing;
pub mod cli;
pub mod imports;
pub mod killing;
#[cfg(feature = "postgres")]
pub mod postgres;
#[cfg(feature = "postgres")]
pub mod postgres_proxy;
#[cfg(feature = "legacy")]
pub mod simulated_run;
#[cfg(feature = "postgres")]
pub mod small_volume;
pub mod tampering;
pub mod test_dir;

#[path = "../../property_cases/mod.rs"]
mod property_cases;

pub use cli::{cli, write};
pub use mission_events::conformance::events::{berlin, edited, event, imported, instant, live, live_in, utc};
pub use mission_events::conformance::questions::{Question, everything, ids};
pub use property_cases::{cases, events_to_last};
pub use tampering::tamper;

/// At how many moments, spread over its work, a program is killed. The environment variable `KILL_MOMENTS` says
/// it: 3 and, where they are run once more, 1 in `.ci/run`, 50 in `.ci/nightly`. Each takes a second or more.
pub fn kill_moments() -> u64 {
    std::env::var("KILL_MOMENTS").map_or(6, |count| count.parse().unwrap())
}

/// Kills a program at each of [`kill_moments`]: `attempt` gets the number of the moment and how many there are, and answers
/// whether the kill came before the end of the work. On a busy machine it can come too late; then that moment is tried again.
pub fn at_kill_moments(mut attempt: impl FnMut(u64, u64) -> bool) {
    const ATTEMPTS: usize = 20;
    let moments = kill_moments();
    for moment in 0..moments {
        let was_in_time = (0..ATTEMPTS).any(|_| attempt(moment, moments));
        assert!(was_in_time, "{ATTEMPTS} kills at moment {moment} of {moments} came after the end");
    }
}

/// Pairs of a first and a second thing: all of them, or as many percent as [`cases`] tests of a property, beginning with one
/// for each first thing, whose second things take turns.
pub fn some_pairs<A: Copy, B: Copy>(first: &[A], second: &[B]) -> Vec<(A, B)> {
    let count = cases((first.len() * second.len()) as u32).cases as usize;
    let turns = (0..second.len()).flat_map(|turn| {
        first.iter().enumerate().map(move |(place, one)| (*one, second[(place + turn) % second.len()]))
    });
    turns.take(count).collect()
}

/// Waits until it is so, for a minute at most.
#[cfg(any(feature = "legacy", target_os = "linux"))]
pub fn until(what: &str, is_so: impl Fn() -> bool) {
    let deadline = std::time::Instant::now() + std::time::Duration::from_secs(60);
    while !is_so() {
        assert!(std::time::Instant::now() < deadline, "it has not come to that: {what}");
        std::thread::sleep(std::time::Duration::from_millis(20));
    }
}
