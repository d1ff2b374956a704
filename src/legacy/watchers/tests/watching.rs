//! The end of watching, and watchers of other programs.

use std::sync::Arc;
use std::thread;
use std::time::Duration;

use jiff::civil::time;

use super::support::{PACE, Place, Told, file_watcher, source, wait_until};
use crate::infrastructure::system_clock::SystemClock;
use crate::legacy::definition::Schedule;
use crate::legacy::occurrence::{Occurrence, OccurrenceSink};
use crate::legacy::watchers::times::TimeWatcher;
use crate::legacy::watchers::{WatchError, Watcher, Watching};
use crate::wire::zone::Zone;

/// Drops it on another thread, which has to come to its end before the longest wait of a watcher does.
#[track_caller]
fn assert_ends_at_once(watching: Watching, told: &Arc<Told>) {
    let dropped = thread::spawn(move || drop(watching));
    wait_until(|| dropped.is_finished(), || "the threads have not ended".to_owned());
    assert_eq!(Arc::strong_count(told), 1, "a thread still has the sink");
}

#[test]
fn a_watcher_of_times_that_waits_ends_when_it_is_dropped() {
    let told = Arc::new(Told::default());
    let schedule = Schedule::Daily(time(9, 0, 0, 0));
    let clock = Arc::new(SystemClock::default());
    let watcher = TimeWatcher::new("daily".to_owned(), schedule, Zone::utc(), clock);
    let watching = Box::new(watcher).start(told.clone()).unwrap();
    assert_ends_at_once(watching, &told);
}

#[test]
fn a_watcher_of_files_ends_when_it_is_dropped_and_tells_nothing_after() {
    let place = Place::new();
    let told = Arc::new(Told::default());
    let watching = Box::new(file_watcher(&source(&place.folder()), &[], PACE)).start(told.clone()).unwrap();
    place.put("a.md", "one");
    told.wait_for("created a.md");
    assert_ends_at_once(watching, &told);
    place.put("b.md", "one");
    assert_eq!(told.lines(), ["created a.md"]);
}

#[test]
fn another_program_brings_a_watcher_of_its_own() {
    /// Tells that a mail has come, as long as it is watched.
    struct Mailbox;

    impl Watcher for Mailbox {
        fn start(self: Box<Self>, sink: Arc<dyn OccurrenceSink>) -> Result<Watching, WatchError> {
            let (end, ended) = crossbeam_channel::unbounded::<()>();
            thread::spawn(move || {
                while ended.recv_timeout(Duration::from_millis(1))
                    == Err(crossbeam_channel::RecvTimeoutError::Timeout)
                {
                    sink.occurred(Occurrence {
                        definition_id: "mail".to_owned(),
                        event_type: "mailbox".to_owned(),
                        at: chrono::DateTime::UNIX_EPOCH,
                        data: serde_json::Map::new(),
                    });
                }
            });
            Ok(Watching::new(end))
        }
    }

    let told = Arc::new(Told::default());
    let watching = Box::new(Mailbox).start(told.clone()).unwrap();
    wait_until(|| !told.occurrences().is_empty(), || "no mail was told".to_owned());
    assert_eq!(told.occurrences()[0].event_type, "mailbox");
    drop(watching);
    wait_until(|| Arc::strong_count(&told) == 1, || "it goes on".to_owned());
}
