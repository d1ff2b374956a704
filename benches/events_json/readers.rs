//! Readers in Python beside a writer: how many of their reads fail.

use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use mission_events::internals::legacy::events_json::{EventsJson, LegacyWriter};

use super::{event, make_array};

/// Reads until the time is over, and prints how many reads there were, and how many failed.
const READER: &str = "
import json, sys, time
path, end, reads, failed = sys.argv[1], time.monotonic() + float(sys.argv[2]), 0, 0
while time.monotonic() < end:
    reads += 1
    try:
        with open(path) as file:
            json.load(file)
    except ValueError:
        failed += 1
print(reads, failed)
";

/// Writes the whole file anew for each event, and prints how many were written.
const WRITER: &str = "
import json, os, sys, time
path, end, way, writes = sys.argv[1], time.monotonic() + float(sys.argv[2]), sys.argv[3], 0
while time.monotonic() < end:
    with open(path) as file:
        events = json.load(file)
    events.append({'type': 'updated', 'task_id': 'T1', 'timestamp': '2025-10-25T10:00:00'})
    target = path + '.new' if way == 'rename' else path
    with open(target, 'w') as file:
        json.dump(events, file)
        if way == 'rename':
            file.flush()
            os.fsync(file.fileno())
    if way == 'rename':
        os.replace(target, path)
    writes += 1
print(writes)
";

/// Prints how many reads fail beside each way to write, for arrays of these lengths.
pub fn failures(folder: &Path, lengths: &[u64], time: Duration) {
    if Command::new("python3").arg("--version").output().is_err() {
        println!("there is no python3: no readers");
        return;
    }
    println!("\ntwo readers with json.load");
    println!("{:>12} {:>12} {:>9} {:>9} {:>9}", "array", "written", "writes", "reads", "failed");
    let path = folder.join("read.json");
    for length in lengths {
        for way in ["in place", "anew", "rename"] {
            make_array(&path, *length);
            // The writer is there before the readers, and after them.
            let longer = time + Duration::from_millis(200);
            let writer = (way != "in place").then(|| python(WRITER, &path, longer, way));
            let readers: Vec<Child> = (0..2).map(|_| python(READER, &path, time, "")).collect();
            let writes = match writer {
                Some(writer) => numbers(writer)[0],
                None => written_in_place(&path, longer),
            };
            let read: Vec<Vec<u64>> = readers.into_iter().map(numbers).collect();
            let sum = |column: usize| read.iter().map(|row| row[column]).sum::<u64>();
            println!("{length:>12} {way:>12} {writes:>9} {:>9} {:>9}", sum(0), sum(1));
        }
    }
}

fn written_in_place(path: &Path, time: Duration) -> u64 {
    let (events, began) = (EventsJson::open(path.to_owned(), LegacyWriter::This).unwrap(), Instant::now());
    (0..).take_while(|number| began.elapsed() < time && events.append(&event(*number)).is_ok()).count() as u64
}

fn python(program: &str, path: &Path, time: Duration, way: &str) -> Child {
    let seconds = time.as_secs_f64().to_string();
    let mut python = Command::new("python3");
    python.args(["-c", program]).arg(path).args([&seconds, way]);
    python.stdout(Stdio::piped()).spawn().unwrap()
}

fn numbers(python: Child) -> Vec<u64> {
    let output = python.wait_with_output().unwrap();
    assert!(output.status.success());
    String::from_utf8(output.stdout)
        .unwrap()
        .split_whitespace()
        .map(|number| number.parse().unwrap())
        .collect()
}
