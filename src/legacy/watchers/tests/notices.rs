//! What the system tells of changes, by a stand-in: overflow, limits, and what is lost.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use crossbeam_channel::Sender;
use notify::event::{CreateKind, Flag};
use notify::{Event, EventKind};
use notify_debouncer_full::DebouncedEvent;

use super::support::{self, Place, Told, file_watcher, source, wait_until};
use crate::legacy::occurrence::{Occurrence, OccurrenceSink};
use crate::legacy::watchers::files::notices::{FolderNotices, Signal};
use crate::legacy::watchers::files::watch::Pace;
use crate::legacy::watchers::{WatchError, Watching};

/// What no notice tells is not told.
const PACE: Pace = Pace { recheck: Duration::from_secs(600), ..support::PACE };

type OnWatch = dyn FnMut(&Path) -> notify::Result<()> + Send;

/// Tells nothing by itself.
struct Silent {
    on_watch: Box<OnWatch>,
}

impl FolderNotices for Silent {
    fn watch(&mut self, folder: &Path) -> notify::Result<()> {
        (self.on_watch)(folder)
    }

    fn unwatch(&mut self) {}
}

struct Started {
    told: Arc<Told>,
    watching: Watching,
    signals: Sender<Signal>,
}

impl Started {
    fn tell(&self, event: Event) {
        tell(&self.signals, event);
    }

    fn overflow(&self) {
        overflow(&self.signals);
    }
}

fn tell(signals: &Sender<Signal>, event: Event) {
    signals.send(Signal::Notices(Ok(vec![DebouncedEvent::new(event, Instant::now())]))).unwrap();
}

/// As inotify does: a flag, and no path.
fn overflow(signals: &Sender<Signal>) {
    tell(signals, Event::new(EventKind::Other).set_flag(Flag::Rescan));
}

fn start(
    place: &Place,
    pace: Pace,
    on_watch: impl FnMut(&Path) -> notify::Result<()> + Send + 'static,
) -> Result<Started, WatchError> {
    let told = Arc::new(Told::default());
    let mut signals = None;
    let watching = file_watcher(&source(&place.folder()), &[], pace).start_with(told.clone(), |sender| {
        signals = Some(sender);
        Box::new(Silent { on_watch: Box::new(on_watch) })
    })?;
    Ok(Started { told, watching, signals: signals.unwrap() })
}

#[test]
fn an_overflow_is_answered_by_a_listing_that_tells_what_differs_and_is_noted() {
    let place = Place::new();
    place.put("old.md", "one");
    place.put("gone.md", "one");
    let started = start(&place, PACE, |_| Ok(())).unwrap();
    for number in 0..50 {
        place.put(&format!("{number}.md"), "one");
    }
    place.put("old.md", "another");
    fs::remove_file(place.at("gone.md")).unwrap();
    started.overflow();
    started.told.wait_for("deleted gone.md");
    let lines = started.told.lines();
    assert_eq!(lines.len(), 52, "{lines:?}");
    assert_eq!(lines.iter().filter(|line| line.starts_with("created")).count(), 50);
    assert!(lines.contains(&"modified old.md".to_owned()), "{lines:?}");
    let note = "overflows of the system's notices, answered by listings: 1";
    assert_eq!(started.watching.notes(), [note]);
}

#[test]
fn an_overflow_has_notices_asked_for_anew_since_the_folder_may_have_been_replaced() {
    let place = Place::new();
    let watched: Arc<Mutex<Vec<PathBuf>>> = Arc::default();
    let on_watch = {
        let watched = watched.clone();
        move |folder: &Path| {
            watched.lock().unwrap().push(folder.to_owned());
            Ok(())
        }
    };
    let started = start(&place, PACE, on_watch).unwrap();
    started.overflow();
    wait_until(|| watched.lock().unwrap().len() == 2, || format!("{:?}", watched.lock().unwrap()));
    assert_eq!(*watched.lock().unwrap(), [place.folder(), place.folder()]);
}

#[test]
fn notices_of_reading_and_of_other_files_ask_for_no_look() {
    let place = Place::new();
    let started = start(&place, PACE, |_| Ok(())).unwrap();
    place.put("a.md", "one");
    let path = place.root.path().join("other.md");
    started.tell(Event::new(EventKind::Create(CreateKind::File)).add_path(path));
    let read = notify::event::AccessKind::Open(notify::event::AccessMode::Any);
    started.tell(Event::new(EventKind::Access(read)).add_path(place.folder()));
    // After them, in their order: what is told now was not before.
    assert!(started.told.lines().is_empty());
    started.tell(Event::new(EventKind::Create(CreateKind::File)).add_path(place.at("a.md")));
    started.told.assert(&["created a.md"]);
}

/// Changes a file whenever it is told of a change: after the listing that showed that, and before the next look is
/// put off.
struct Changing {
    told: Told,
    place: Place,
}

impl OccurrenceSink for Changing {
    fn occurred(&self, occurrence: Occurrence) {
        self.told.occurred(occurrence);
        match self.told.lines().len() {
            1 => self.place.put("a.md", "another"),
            2 => fs::remove_file(self.place.at("a.md")).unwrap(),
            _ => {}
        }
    }
}

#[test]
fn what_follows_a_change_without_a_notice_of_its_own_is_found_by_another_look() {
    // As where the debouncer drops notices of a creation and a deletion that follow each other.
    let sink = Arc::new(Changing { told: Told::default(), place: Place::new() });
    let watcher = file_watcher(&source(&sink.place.folder()), &[], PACE);
    let mut signals = None;
    let _watching = watcher
        .start_with(sink.clone(), |sender| {
            signals = Some(sender);
            Box::new(Silent { on_watch: Box::new(|_| Ok(())) })
        })
        .unwrap();
    sink.place.put("a.md", "one");
    overflow(&signals.unwrap());
    sink.told.assert(&["created a.md", "modified a.md", "deleted a.md"]);
}

#[test]
fn what_no_notice_tells_is_found_at_the_next_recheck() {
    let place = Place::new();
    let pace = Pace { recheck: Duration::from_millis(20), ..PACE };
    let started = start(&place, pace, |_| Ok(())).unwrap();
    place.put("a.md", "one");
    started.told.assert(&["created a.md"]);
}

#[test]
fn notices_are_asked_for_before_the_first_listing() {
    let place = Place::new();
    let early = place.at("early.md");
    let started = start(&place, PACE, move |_| {
        if !early.exists() {
            fs::write(&early, "one").unwrap();
        }
        Ok(())
    })
    .unwrap();
    place.put("late.md", "one");
    started.overflow();
    started.told.assert(&["created late.md"]);
}

#[test]
fn a_limit_of_the_system_is_an_error_at_the_start_that_says_what_to_do() {
    let place = Place::new();
    let Err(error) = start(&place, PACE, |_| Err(notify::Error::new(notify::ErrorKind::MaxFilesWatch)))
    else {
        panic!("expected an error");
    };
    let text = error.to_string();
    for part in ["fs.inotify.max_user_watches", "poll_seconds", "legacy.watcher = \"poll\"", "sysctl -w"] {
        assert!(text.contains(part), "{part}: {text}");
    }
}

#[test]
fn a_polled_folder_asks_for_no_notices() {
    let place = Place::new();
    let pace = Pace { poll: Some(Duration::from_millis(10)), ..PACE };
    let started = start(&place, pace, |folder| panic!("{} is watched", folder.display())).unwrap();
    place.put("a.md", "one");
    started.told.assert(&["created a.md"]);
}
