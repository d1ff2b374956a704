//! The servers of the tests.

#[allow(dead_code, reason = "it serves tests as well")]
#[path = "../../tests/it/support/postgres.rs"]
pub mod postgres;
#[allow(dead_code, reason = "it serves tests as well")]
#[path = "../../tests/it/support/postgres_proxy.rs"]
pub mod postgres_proxy;

use std::time::{Duration, Instant};

/// Waits until something is so.
pub fn until(what: &str, is_so: impl Fn() -> bool) {
    let began = Instant::now();
    while !is_so() {
        assert!(began.elapsed() < Duration::from_secs(60), "it has not come to that: {what}");
        std::thread::sleep(Duration::from_millis(20));
    }
}
