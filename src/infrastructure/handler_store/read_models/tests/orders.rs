//! Random lives of tasks in several streams, handled in random orders of the streams.

use proptest::prelude::*;
use proptest::sample::select;

use super::{empty, handle, stored, tables};
use crate::application::read_models::TaskReports;
use crate::application::read_models::memory::MemoryReadModels;
use crate::domain::repository::StoredEvent;
use crate::infrastructure::handler_store::read_models::SqliteReadModels;
use crate::infrastructure::handler_store::task_reports::SqliteTaskReports;
use crate::property_cases::cases;
use crate::wire::zone::Zone;

const TASKS: [&str; 3] = ["T1", "T2", "T3"];
const DAYS: [&str; 3] = ["2025-10-24", "2025-10-25", "2025-10-26"];
/// Few, so that events of one time are the rule.
const TIMES: [&str; 5] = ["00:00:00", "08:00:00", "08:00:00.000001", "12:30:00", "23:59:59.999999"];

/// Type and fields.
const WHAT: &[(&str, &str)] = &[
    ("TaskCreated", r#""title":"a","priority":"P1","status":"NOT_STARTED""#),
    ("TaskCreated", r#""priority":"P2","linked_goal_id":"G1","linked_to":{"task_id":"T2"}"#),
    ("TaskCreated", r#""title":"b""#),
    ("TaskUpdated", r#""changes":{"priority":"P0"}"#),
    ("TaskUpdated", r#""changes":["priority"],"new_values":{"priority":"P3"}"#),
    ("TaskUpdated", r#""changes":["title","status"],"new_values":{"title":"c"}"#),
    ("TaskUpdated", r#""changes":{"linked_to":{"goal_id":"G2","task_id":"T1"},"priority":null}"#),
    ("TaskUpdated", r#""changes":{"linked_task_id":"T3","status":{"old":"todo","new":"DONE"}}"#),
    ("TaskCompleted", r#""completion_notes":"n""#),
    ("TaskCompleted", r#""completed_date":"2025-10-25T09:00:00""#),
    ("TaskDeleted", r#""reason":"r""#),
    ("TaskDeleted", ""),
];

/// The events of each day, in the order in which they arrived.
type Streams = Vec<Vec<StoredEvent>>;

fn streams() -> impl Strategy<Value = Streams> {
    let event = (
        0..DAYS.len(),
        select(&TIMES[..]),
        prop_oneof![9 => select(&TASKS[..]).prop_map(Some), 1 => Just(None)],
        select(WHAT),
    );
    prop::collection::vec(event, 0..40).prop_map(|arrived| {
        let mut streams = vec![Vec::new(); DAYS.len()];
        for (day, time, task, (event_type, fields)) in arrived {
            let position = 1000 * (day as i64 + 1) + streams[day].len() as i64;
            let task = task.map_or(String::new(), |task| format!(r#""task_id":"{task}","#));
            let fields = if fields.is_empty() { String::new() } else { format!("{fields},") };
            let day_and_time = format!("{}T{time}Z", DAYS[day]);
            let json = format!(r#"{{"type":"{event_type}",{task}{fields}"timestamp":"{day_and_time}"}}"#);
            streams[day].push(stored(position, &json));
        }
        streams
    })
}

/// The events as they are handled live: each stream in its order, and a choice between streams for each event.
fn interleaved(streams: &Streams, choices: &[usize]) -> Vec<StoredEvent> {
    let mut left: Vec<_> = streams.iter().map(|stream| stream.iter()).collect();
    let mut handled = Vec::new();
    let mut choices = choices.iter().cycle();
    while !left.is_empty() {
        let chosen = choices.next().map_or(0, |choice| choice % left.len());
        match left[chosen].next() {
            Some(event) => handled.push(event.clone()),
            None => drop(left.remove(chosen)),
        }
    }
    handled
}

fn days(streams: &Streams) -> Vec<StoredEvent> {
    streams.concat()
}

proptest! {
    #![proptest_config(cases(128))]

    #[test]
    fn live_handling_and_a_replay_leave_equal_read_models_in_memory_and_in_tables(
        streams in streams(),
        choices in prop::collection::vec(0..DAYS.len(), 1..40),
    ) {
        let (live, replay) = (interleaved(&streams, &choices), days(&streams));
        prop_assert_eq!(live.len(), replay.len());
        let mut in_memory = Vec::new();
        let mut in_tables = Vec::new();
        for events in [&live, &replay] {
            let mut memory = MemoryReadModels::default();
            handle(&mut memory, &Zone::utc(), events);
            in_memory.push(memory);
            let connection = empty();
            handle(&mut SqliteReadModels::new(&connection), &Zone::utc(), events);
            in_tables.push(connection);
        }
        prop_assert_eq!(&in_memory[0], &in_memory[1]);
        prop_assert_eq!(tables(&in_tables[0]), tables(&in_tables[1]));
        let memory = &in_memory[0];
        let reports = SqliteTaskReports::new(in_tables.remove(0));
        let [first, second, third] = DAYS.map(|day| day.parse().ok());
        for (since, until) in [(None, None), (first, second), (third, None), (None, first)] {
            prop_assert_eq!(
                memory.statistics(since, until).unwrap(),
                reports.statistics(since, until).unwrap()
            );
        }
        for task in TASKS {
            prop_assert_eq!(memory.task(task).unwrap(), reports.task(task).unwrap());
        }
    }

    #[test]
    fn any_order_of_the_events_leaves_equal_read_models(
        (in_order, shuffled) in streams().prop_map(|streams| days(&streams)).prop_flat_map(|events| {
            (Just(events.clone()), Just(events).prop_shuffle())
        }),
    ) {
        let handled = |events: &[StoredEvent]| {
            let connection = empty();
            handle(&mut SqliteReadModels::new(&connection), &Zone::utc(), events);
            tables(&connection)
        };
        prop_assert_eq!(handled(&in_order), handled(&shuffled));
    }
}
