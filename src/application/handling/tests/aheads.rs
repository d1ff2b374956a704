//! Progress that is not of the event store: a restored backup, another store.

use super::doubles::{effect, projection};
use super::*;

/// What a test does to the store that was handled.
type Change = fn(&FakeEvents);

/// Stream 1 has the events e1 to e4, and stream 2 has `next`.
fn handled(registration: &Registration) -> Setting {
    let setting = Setting::new();
    let mut process = setting.process(std::slice::from_ref(registration));
    append_many(&setting, 4);
    setting.events.append(2, "next", "TaskCreated", None);
    process.catch_up();
    setting
}

const CHANGES: [(&str, Change); 4] = [
    ("the last stream is gone", |events| events.cut(2, 0)),
    ("a stream ends before", |events| events.cut(1, 3)),
    ("another event stands there", |events| {
        events.cut(2, 0);
        events.append(2, "foreign", "TaskCreated", None);
    }),
    ("other events came after the backup", |events| {
        events.cut(2, 0);
        for number in 0..3 {
            events.append(2, &format!("new {number}"), "TaskCreated", None);
        }
    }),
];

#[test]
fn a_handler_ahead_of_its_store_is_refused_with_its_remedy() {
    let tasks = Recorder::new("tasks");
    for (what, change) in CHANGES {
        for registration in [projection(&tasks), effect(&tasks)] {
            let setting = handled(&registration);
            change(&setting.events);
            let error = setting.try_process(std::slice::from_ref(&registration)).map(drop).unwrap_err();
            let remedy = match registration.kind {
                HandlerKind::Projection => "`handlers replay tasks` makes its read models anew",
                HandlerKind::Effect => {
                    "`handlers resume tasks --from-now` goes on with the next event that is stored"
                }
            };
            assert!(error.to_string().ends_with(remedy), "{what}: {error}");
            let status = &setting.operations(&[registration]).list().unwrap()[0];
            assert!(status.is_ahead, "{what}");
            assert_eq!(status.reason.as_deref(), Some(&*error.to_string()));
        }
    }
}

#[test]
fn an_earlier_stream_that_is_not_the_one_that_was_handled_is_seen_when_it_is_read_on() {
    let tasks = Recorder::new("tasks");
    for registration in [projection(&tasks), effect(&tasks)] {
        let setting = handled(&registration);
        setting.events.cut(1, 3);
        for id in ["foreign", "foreign again"] {
            setting.events.append(1, id, "TaskCreated", None);
        }
        let mut process = setting.process(&[registration]);
        process.catch_up();
        assert!(process.parts.passed.trouble(0).unwrap().contains("ahead of the event store"));
        assert_eq!(setting.handled("tasks", 1), ids(1..=4), "nothing of it is handled");
    }
}

#[test]
fn a_store_that_is_exchanged_while_handlers_run_is_noticed() {
    let tasks = Recorder::new("tasks");
    for (what, change) in CHANGES {
        for registration in [projection(&tasks), effect(&tasks)] {
            let setting = Setting::new();
            let mut process = setting.process(&[registration]);
            append_many(&setting, 4);
            setting.events.append(2, "next", "TaskCreated", None);
            process.catch_up();
            change(&setting.events);
            // Where nothing is to be read, the next event shows it.
            setting.events.append(2, "one more", "TaskCreated", None);
            process.catch_up();
            process.catch_up();
            assert!(process.parts.passed.trouble(0).is_some(), "{what}");
        }
    }
}

#[test]
fn a_projection_ahead_goes_on_after_a_replay_and_an_effect_from_now() {
    let (tasks, mail) = (Recorder::new("tasks"), Recorder::new("mail"));
    let projection_registrations = [projection(&tasks)];
    let setting = handled(&projection_registrations[0]);
    setting.events.cut(1, 2);
    setting.operations(&projection_registrations).replay("tasks", &mut to_the_end).unwrap();
    let mut process = setting.process(&projection_registrations);
    setting.events.append(1, "new", "TaskCreated", None);
    process.catch_up();
    assert_eq!(setting.handled("tasks", 1), ["e1", "e2", "new"]);

    let effect_registrations = [effect(&mail)];
    let setting = handled(&effect_registrations[0]);
    setting.events.cut(1, 2);
    setting.operations(&effect_registrations).resume("mail", true).unwrap();
    let attempts = mail.attempts().len();
    let mut process = setting.process(&effect_registrations);
    setting.events.append(1, "new", "TaskCreated", None);
    process.catch_up();
    assert_eq!(mail.attempts()[attempts..], [("new".to_owned(), 1)]);
}

#[test]
fn a_running_process_goes_on_once_the_remedy_was_applied() {
    let tasks = Recorder::new("tasks");
    let registrations = [projection(&tasks)];
    let setting = Setting::new();
    let mut process = setting.process(&registrations);
    append_many(&setting, 4);
    process.catch_up();
    setting.events.cut(1, 2);
    process.catch_up();
    assert!(process.parts.passed.trouble(0).is_some());
    setting.operations(&registrations).replay("tasks", &mut to_the_end).unwrap();
    setting.events.append(1, "new", "TaskCreated", None);
    process.catch_up();
    assert_eq!(setting.handled("tasks", 1), ["e1", "e2", "new"]);
    assert_eq!(process.parts.passed.trouble(0), None);
}

#[test]
fn progress_that_another_process_made_after_the_heads_were_read_is_not_ahead() {
    let tasks = Recorder::new("tasks");
    let setting = Setting::new();
    append_many(&setting, 1);
    let registrations = [projection(&tasks)];
    let mut process = setting.process(&registrations);
    let heads = setting.events.streams().unwrap();
    setting.events.append(1, "e2", "TaskCreated", None);
    setting.process(&registrations).catch_up();
    process.workers[0].look(&heads).unwrap();
    assert_eq!(process.parts.passed.trouble(0), None);
}

#[test]
fn a_projection_does_not_go_on_from_now() {
    let tasks = Recorder::new("tasks");
    let setting = handled(&projection(&tasks));
    let refused = setting.operations(&[projection(&tasks)]).resume("tasks", true);
    assert!(matches!(refused, Err(HandlingError::FromNow { .. })));
}
