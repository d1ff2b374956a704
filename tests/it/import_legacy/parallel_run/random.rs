//! Random events: whatever was lost on either side, the store holds each event once.

use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::select;

use super::*;
use crate::import_legacy::quiet;
use crate::support::cases;

/// What happens, when after the one before, and which systems record it.
#[derive(Debug, Clone)]
struct Step {
    seconds: i64,
    event_type: &'static str,
    task: Option<u32>,
    title: &'static str,
    jitter_ms: i64,
    /// 0 lost by the legacy system, 1 by the new one, else recorded by both.
    lost: u8,
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let step = (
        select(vec![5, 6, 30, 3_000, 9_000]),
        select(vec!["TaskCreated", "TaskCompleted", "Heartbeat"]),
        proptest::option::of(0..3_u32),
        select(vec!["same", "same", "other"]),
        0..40_i64,
        0..8_u8,
    )
        .prop_map(|(seconds, event_type, task, title, jitter_ms, lost)| Step {
            seconds,
            event_type,
            task,
            title,
            jitter_ms,
            lost,
        });
    vec(step, 1..60)
}

/// The events of these steps. Of a content that one system has lost, the other one loses nothing: nothing
/// in the logs would tell two events from one whose time was shifted.
fn events_of(steps: &[Step], skew_ms: i64) -> Vec<ActualEvent> {
    let mut losers: BTreeMap<(&str, Option<u32>, &str), u8> = BTreeMap::new();
    let mut at = day(0) + TimeDelta::hours(20);
    let mut actual = Vec::new();
    for step in steps {
        at += TimeDelta::seconds(step.seconds);
        let mut lost = step.lost;
        if lost < 2 {
            lost = *losers.entry((step.event_type, step.task, step.title)).or_insert(lost);
        }
        actual.push(ActualEvent {
            at,
            event_type: step.event_type,
            task: step.task,
            title: step.title.to_owned(),
            by_legacy: lost != 0,
            by_new: lost != 1,
            ahead: TimeDelta::milliseconds(skew_ms + step.jitter_ms),
        });
    }
    actual
}

/// Imports, whatever is said of records that resemble each other.
fn import(dir: &TestDir, logs: &str) {
    let run = quiet(dir).run(&format!("--format json import-legacy {logs} --into {DATABASE}"));
    assert_eq!(run.code, 0, "{}{}", run.stdout, run.stderr);
}

proptest! {
    #![proptest_config(cases(24))]

    #[test]
    fn the_store_has_as_many_events_as_were_recorded(
        steps in steps(),
        skew_ms in -1_500..1_500_i64,
        cuts in vec((0..60_usize, any::<bool>()), 0..3),
    ) {
        let (dir, actual) = (TestDir::new(), events_of(&steps, skew_ms));
        let mut cuts: Vec<(usize, bool)> =
            cuts.into_iter().map(|(cut, order)| (cut.min(actual.len()), order)).collect();
        cuts.sort();
        for (cut, legacy_first) in cuts.into_iter().chain([(actual.len(), true)]) {
            let so_far = &actual[..cut];
            write_legacy(&dir, so_far);
            write_native(&dir, so_far);
            let has_native = so_far.iter().any(|event| event.by_new);
            if !has_native {
                import(&dir, "data/events.json");
            } else if legacy_first {
                import(&dir, "");
            } else {
                import(&dir, "data/events");
                import(&dir, "data/events.json");
            }
            prop_assert_eq!(count(&dir, "SELECT count(*) FROM events"), recorded(so_far));
        }
    }
}
