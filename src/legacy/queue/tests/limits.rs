//! Token buckets: bursts are allowed, the average is limited.

use std::time::Duration;

use crate::legacy::queue::token_bucket::TokenBucket;

fn seconds(seconds: f64) -> Duration {
    Duration::from_secs_f64(seconds)
}

/// How many tokens are there at that second.
fn taken(bucket: &mut TokenBucket, max_per_minute: u32, at: f64) -> usize {
    (0..1000).take_while(|_| bucket.take(max_per_minute, seconds(at))).count()
}

#[test]
fn a_burst_takes_what_is_allowed_in_a_minute_and_no_more() {
    let mut bucket = TokenBucket::full(10, seconds(0.0));
    assert_eq!(taken(&mut bucket, 10, 0.0), 10);
    assert_eq!(taken(&mut bucket, 10, 5.9), 0);
    assert_eq!(taken(&mut bucket, 10, 6.0), 1);
}

#[test]
fn the_average_is_limited_however_often_is_asked() {
    let mut bucket = TokenBucket::full(7, seconds(0.0));
    taken(&mut bucket, 7, 0.0);
    let in_ten_minutes: usize = (1..=6000).map(|tenth| taken(&mut bucket, 7, f64::from(tenth) / 10.0)).sum();
    assert_eq!(in_ten_minutes, 70);
}

#[test]
fn a_pause_fills_the_bucket_and_does_not_let_it_overflow() {
    let mut bucket = TokenBucket::full(10, seconds(0.0));
    taken(&mut bucket, 10, 0.0);
    assert_eq!(taken(&mut bucket, 10, 86_400.0), 10);
}

#[test]
fn a_limit_that_was_changed_holds_from_now_on() {
    let mut bucket = TokenBucket::full(10, seconds(0.0));
    assert_eq!(taken(&mut bucket, 2, 0.0), 2);
    assert_eq!(taken(&mut bucket, 60, 10.0), 10);
}
