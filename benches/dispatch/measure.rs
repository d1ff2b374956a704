//! Threads that do one thing again and again, and how long each time took.

use std::sync::Barrier;
use std::thread;
use std::time::{Duration, Instant};

/// What was measured once.
#[derive(Debug, Clone)]
pub struct Figures {
    pub events: usize,
    pub time: Duration,
    /// Sorted.
    pub latencies: Vec<Duration>,
}

impl Figures {
    pub fn rate(&self) -> f64 {
        self.events as f64 / self.time.as_secs_f64()
    }

    /// The latency that this part of the events did not exceed.
    pub fn quantile(&self, part: f64) -> Duration {
        let last = self.latencies.len().saturating_sub(1);
        self.latencies.get((last as f64 * part).round() as usize).copied().unwrap_or_default()
    }
}

/// Has each worker do its work until the time is over, after it has done it for as long without being measured: a
/// store that was just opened lets its log grow, which costs more than to write to it again. The time counts until the last
/// of them has ended.
pub fn measure<W: FnMut() + Send>(workers: Vec<W>, time: Duration) -> Figures {
    let start = Barrier::new(workers.len() + 1);
    let work = |mut worker: W| {
        let mut latencies = Vec::with_capacity(100_000);
        let opened = Instant::now();
        while opened.elapsed() < time {
            worker();
        }
        start.wait();
        let began = Instant::now();
        let mut before = began;
        while before - began < time {
            worker();
            let after = Instant::now();
            latencies.push(after - before);
            before = after;
        }
        latencies
    };
    let (mut latencies, time) = thread::scope(|scope| {
        let threads: Vec<_> = workers.into_iter().map(|worker| scope.spawn(|| work(worker))).collect();
        start.wait();
        let began = Instant::now();
        let latencies: Vec<Duration> =
            threads.into_iter().flat_map(|thread| thread.join().unwrap()).collect();
        (latencies, began.elapsed())
    });
    latencies.sort();
    Figures { events: latencies.len(), time, latencies }
}
