//! What watchers have seen: gathered for a while, limited, queued.

use super::*;
use crate::legacy::definition::Definition;
use crate::legacy::occurrence::{Occurrence, OccurrenceSink};
use crate::legacy::registry::Registry;
use crate::legacy::tests::log::logged;

/// A window over a queue, with one definition.
struct Gathering {
    place: Place,
    queue: Arc<EventQueue>,
    registry: Arc<Registry>,
    window: BatchWindow,
}

impl Gathering {
    /// The definition `a` may happen `most` times a minute, gathered for so many seconds.
    fn new(most: u32, window_seconds: u64) -> Self {
        let place = Place::new();
        let queue = Arc::new(place.open());
        let registry = Arc::new(Registry::open(&place.folder.path().join("event_definitions.json")));
        let a = json!({
            "id": "a", "type": "file_system", "source": {"path": "data", "events": ["modified"]}, "handler": "h.run",
            "rate_limit": {"max_per_minute": most, "batch_window_seconds": window_seconds},
        });
        registry.add(Definition::from_value(a).unwrap()).unwrap();
        let clock = Arc::clone(&place.clock) as _;
        let window = BatchWindow::new(Arc::clone(&queue), Arc::clone(&registry), clock);
        Self { place, queue, registry, window }
    }

    fn happens(&self, definition: &str, path: &str, change: &str) {
        self.window.occurred(Occurrence {
            definition_id: definition.to_owned(),
            event_type: "file_system".to_owned(),
            at: self.place.clock.now(),
            data: object(json!({"path": path, "event_type": change})),
        });
    }

    fn pass(&self, seconds: f64) {
        self.place.clock.pass(seconds);
        self.window.tick();
    }

    /// The data of what is queued.
    fn queued(&self) -> Vec<Value> {
        self.queue.entries().into_iter().map(|entry| Value::Object(entry.data)).collect()
    }
}

#[test]
fn what_happens_to_one_path_within_a_window_is_one_entry() {
    let gathering = Gathering::new(10, 30);
    for change in ["created", "modified", "deleted"] {
        gathering.happens("a", "x.md", change);
        gathering.pass(9.0);
    }
    assert_eq!(gathering.queued(), [] as [Value; 0], "the window is open");
    gathering.pass(3.0);
    assert_eq!(
        gathering.queued(),
        [json!({
            "path": "x.md", "event_type": "deleted", "count": 3,
            "first_at": "2025-10-16T11:46:40Z", "last_at": "2025-10-16T11:46:58Z",
            "merged": [
                {"timestamp": "2025-10-16T11:46:40Z", "path": "x.md", "event_type": "created"},
                {"timestamp": "2025-10-16T11:46:49Z", "path": "x.md", "event_type": "modified"},
                {"timestamp": "2025-10-16T11:46:58Z", "path": "x.md", "event_type": "deleted"},
            ],
        })]
    );
    assert_eq!(gathering.queue.entries()[0].event_id, "a_1760615200", "it happened when the first one did");
}

#[test]
fn other_paths_and_other_definitions_have_windows_of_their_own() {
    let gathering = Gathering::new(10, 30);
    gathering.happens("a", "x.md", "modified");
    gathering.pass(10.0);
    gathering.happens("a", "y.md", "modified");
    gathering.happens("of_another_program", "x.md", "modified");
    gathering.pass(20.0);
    assert_eq!(
        gathering.queued(),
        [json!({"path": "x.md", "event_type": "modified"})],
        "a single one is as it was"
    );
    gathering.pass(10.0);
    assert_eq!(gathering.queued().len(), 3);
}

#[test]
fn what_happens_after_a_window_opens_another_one() {
    let gathering = Gathering::new(10, 30);
    for _ in 0..2 {
        gathering.happens("a", "x.md", "modified");
        gathering.pass(30.0);
    }
    assert_eq!(gathering.queued().len(), 2);
}

#[test]
fn without_a_window_each_occurrence_is_queued_at_once() {
    let gathering = Gathering::new(10, 0);
    for _ in 0..3 {
        gathering.happens("a", "x.md", "modified");
    }
    assert_eq!(gathering.queued(), vec![json!({"path": "x.md", "event_type": "modified"}); 3]);
}

#[test]
fn the_first_hundred_of_a_window_are_kept_and_all_are_counted() {
    let gathering = Gathering::new(10, 30);
    for _ in 0..250 {
        gathering.happens("a", "x.md", "modified");
    }
    gathering.pass(30.0);
    let queued = gathering.queued().remove(0);
    assert_eq!((&queued["count"], queued["merged"].as_array().unwrap().len()), (&json!(250), 100));
}

#[test]
fn a_window_takes_one_token_at_its_end() {
    let gathering = Gathering::new(1, 30);
    for _ in 0..50 {
        gathering.happens("a", "x.md", "modified");
    }
    gathering.pass(30.0);
    assert_eq!((gathering.queued().len(), gathering.window.refused("a")), (1, 0));
}

#[test]
fn what_is_refused_is_counted_and_kept_as_rate_limited() {
    let gathering = Gathering::new(2, 0);
    for path in ["1", "2", "3", "4"] {
        gathering.happens("a", path, "modified");
    }
    assert_eq!((gathering.queued().len(), gathering.window.refused("a")), (2, 2));
    let refused = EventQueue::read(&gathering.place.path).unwrap().entries.into_iter();
    let refused: Vec<_> = refused.filter(|entry| entry.status == QueueStatus::RateLimited).collect();
    assert_eq!(
        refused.iter().map(|entry| entry.data["path"].as_str().unwrap()).collect::<Vec<_>>(),
        ["3", "4"]
    );
}

#[test]
fn a_clock_that_is_set_back_holds_up_neither_windows_nor_tokens() {
    let gathering = Gathering::new(1, 30);
    for _ in 0..2 {
        gathering.happens("a", "x.md", "modified");
        gathering.place.clock.set_back(86_400);
        gathering.pass(30.0);
        gathering.place.clock.pass(30.0);
    }
    assert_eq!((gathering.queued().len(), gathering.window.refused("a")), (2, 0));
}

#[test]
fn refusals_are_told_at_most_once_a_minute_with_their_number() {
    let gathering = Gathering::new(1, 0);
    let lines = logged(|| {
        for _ in 0..5 {
            gathering.happens("a", "x.md", "modified");
        }
        gathering.pass(30.0);
        gathering.pass(30.0);
        gathering.happens("a", "x.md", "modified");
        gathering.happens("a", "x.md", "modified");
        gathering.window.flush();
    });
    let refused: Vec<_> =
        lines.lines().filter_map(|line| line.split_once("a: ")).map(|(_, told)| told).collect();
    assert_eq!(
        refused,
        [
            "1 refused, beyond 1 a minute (1 since the start); kept in the queue as rate_limited",
            "3 refused, beyond 1 a minute (4 since the start); kept in the queue as rate_limited",
            "1 refused, beyond 1 a minute (5 since the start); kept in the queue as rate_limited",
        ]
    );
}

#[test]
fn open_windows_are_queued_at_the_end_of_the_process() {
    let gathering = Gathering::new(10, 30);
    gathering.happens("a", "x.md", "modified");
    gathering.happens("a", "y.md", "modified");
    gathering.window.flush();
    assert_eq!(gathering.queued().len(), 2);
    gathering.pass(30.0);
    assert_eq!(gathering.queued().len(), 2, "and not again");
}

#[test]
fn what_a_disabled_definition_sees_is_not_queued() {
    let gathering = Gathering::new(10, 0);
    gathering.registry.set_enabled("a", false).unwrap();
    gathering.happens("a", "x.md", "modified");
    assert_eq!(gathering.queued(), [] as [Value; 0]);
}

#[test]
fn a_changed_limit_is_followed_a_second_later() {
    let gathering = Gathering::new(1, 0);
    gathering.happens("a", "x.md", "modified");
    let mut changed = gathering.registry.get("a").unwrap().unwrap();
    (changed.rate_limit.max_per_minute, changed.rate_limit.batch_window) = (60, Duration::from_secs(5));
    gathering.registry.update(changed).unwrap();
    gathering.pass(1.0);
    gathering.happens("a", "x.md", "modified");
    assert_eq!(gathering.queued().len(), 1, "it is gathered now");
    gathering.pass(5.0);
    assert_eq!(gathering.queued().len(), 2);
}

#[test]
fn definitions_that_cannot_be_read_any_more_lose_no_occurrence() {
    let gathering = Gathering::new(1, 0);
    gathering.happens("a", "x.md", "modified");
    fs::write(gathering.place.folder.path().join("event_definitions.json"), "[{").unwrap();
    gathering.pass(2.0);
    gathering.happens("a", "x.md", "modified");
    assert_eq!(
        (gathering.queued().len(), gathering.window.refused("a")),
        (1, 1),
        "its limit is the last one that was read"
    );
}

#[test]
fn a_flood_of_paths_is_not_held_in_memory_without_bound() {
    let gathering = Gathering::new(3, 30);
    for number in 0..10_004 {
        gathering.happens("a", &format!("{number}.md"), "created");
        gathering.place.clock.pass(0.000_01);
    }
    let queued = gathering.queued();
    let paths: Vec<_> = queued.iter().map(|data| data["path"].as_str().unwrap()).collect();
    assert_eq!(
        (paths, gathering.window.refused("a")),
        (vec!["0.md", "1.md", "2.md"], 1),
        "the first windows end early"
    );
}
