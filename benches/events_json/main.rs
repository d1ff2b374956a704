//! Appends to `events.json`, acknowledged on disk; and how often a reader in Python fails meanwhile.
//!
//! `cargo bench --bench events_json`. Arrays of 10,000, 100,000 and 1,000,000 events are appended to for `BENCH_SECONDS` (3)
//! each, beside the *limit*: the same bytes, appended to a plain file with an `fdatasync` after each event. `BENCH_FOLDER` is
//! where the files are made: the disk that is measured; the folder for temporary files, where that is not set, often is
//! memory, which tells nothing.
//!
//! Where `python3` is on the path, two readers then call `json.load` in a loop for as long, while events are
//! written in place, as the legacy system writes them (`json.load`, append, `open("w")`, `json.dump`), and by a rename.

// A bench that cannot go on has failed.
#![allow(clippy::unwrap_used, missing_docs)]

mod readers;

use std::fs::{self, File};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use mission_events::internals::legacy::events_json::{EventsJson, LegacyWriter};

fn main() {
    let is_measured = std::env::args().any(|argument| argument == "--bench");
    let setting = |name: &str| std::env::var(name).ok().map(|text| text.parse::<u64>().unwrap());
    let time = setting("BENCH_SECONDS").map_or(Duration::from_millis(50), Duration::from_secs);
    let time = if is_measured && setting("BENCH_SECONDS").is_none() { Duration::from_secs(3) } else { time };
    let folder = std::env::var_os("BENCH_FOLDER").map_or_else(std::env::temp_dir, PathBuf::from);
    let folder = tempfile::tempdir_in(folder).unwrap();
    let lengths: &[u64] = if is_measured { &[10_000, 100_000, 1_000_000] } else { &[100] };

    println!("append, acknowledged on disk; milliseconds");
    println!("{:>22} {:>9} {:>8} {:>8} {:>8} {:>8}", "array", "appends", "mean", "p50", "p99", "max");
    for length in lengths {
        latencies(folder.path(), *length, time);
    }
    limit(folder.path(), time);
    let lengths: &[u64] = if is_measured { &[1_000, 5_000, 20_000] } else { &[100] };
    readers::failures(folder.path(), lengths, time);
}

/// An event of the legacy system, about as long as those of the sample data.
pub fn event(number: u64) -> String {
    format!(
        r#"{{"type": "updated", "task_id": "T{}", "timestamp": "2025-10-25T10:{:02}:{:02}.{:06}", "title": "Call Priya about the budget", "changes": [{{"field": "status", "new": "DONE"}}], "by": "user"}}"#,
        number % 5_000,
        number / 60 % 60,
        number % 60,
        number % 1_000_000
    )
}

/// An array of so many events, as `json.dump` writes it.
pub fn make_array(path: &Path, length: u64) {
    let events: Vec<String> = (0..length).map(event).collect();
    fs::write(path, format!("[{}]", events.join(", "))).unwrap();
}

fn latencies(folder: &Path, length: u64, time: Duration) {
    let path = folder.join("events.json");
    make_array(&path, length);
    File::open(&path).unwrap().sync_all().unwrap();
    let began = Instant::now();
    drop(EventsJson::open(path.clone(), LegacyWriter::This).unwrap());
    let first = began.elapsed();
    let began = Instant::now();
    let events = EventsJson::open(path, LegacyWriter::This).unwrap();
    let again = began.elapsed();
    print_row(
        &format!("{length} events"),
        &measured(time, |number| {
            events.append(&event(number)).unwrap();
        }),
    );
    println!("{:>22} opened first in {:.1} ms, and again in {:.2} ms", "", ms(first), ms(again));
}

fn limit(folder: &Path, time: Duration) {
    let mut file = File::create(folder.join("limit")).unwrap();
    let append = |number| {
        file.write_all(event(number).as_bytes()).unwrap();
        file.sync_data().unwrap();
    };
    print_row("limit: plain file", &measured(time, append));
}

/// How long each call took, sorted.
fn measured(time: Duration, mut work: impl FnMut(u64)) -> Vec<Duration> {
    let (began, mut latencies) = (Instant::now(), Vec::new());
    while began.elapsed() < time {
        let before = Instant::now();
        work(latencies.len() as u64);
        latencies.push(before.elapsed());
    }
    latencies.sort();
    latencies
}

fn print_row(name: &str, sorted: &[Duration]) {
    let quantile = |part: f64| ms(sorted[((sorted.len() - 1) as f64 * part).round() as usize]);
    let mean = ms(sorted.iter().sum()) / sorted.len() as f64;
    println!(
        "{name:>22} {:>9} {mean:>8.3} {:>8.3} {:>8.3} {:>8.3}",
        sorted.len(),
        quantile(0.5),
        quantile(0.99),
        quantile(1.0)
    );
}

fn ms(time: Duration) -> f64 {
    time.as_secs_f64() * 1_000.0
}
