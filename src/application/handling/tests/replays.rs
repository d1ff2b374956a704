//! Replay, and read models of another version.

use super::doubles::{Ending, effect, projection};
use super::*;
use crate::application::handling::failure::FailureState::{Resolved, Retrying};
use crate::application::handling::retry::OPEN_FAILURES;
use crate::application::read_models::TaskChange;
use crate::application::read_models::memory::MemoryReadModels;
use crate::domain::value_objects::Position;

fn plant(setting: &Setting) {
    let mut session = setting.handlers.session(Durability::Later).unwrap();
    let mut transaction = session.begin().unwrap();
    let planted = TaskChange {
        task_id: "planted",
        position: Position::new(7),
        changed_at: setting.clock.now(),
        field: "by hand",
        old_value: None,
        new_value: None,
    };
    transaction.read_models().record_change(&planted).unwrap();
    transaction.commit().unwrap();
}

#[test]
fn a_replay_equals_what_was_handled_live_and_a_planted_row_is_gone() {
    let (setting, tasks) = (Setting::new(), Recorder::new("task_history"));
    let registrations = [projection(&tasks)];
    append_many(&setting, 5);
    setting.events.append(2, "next day", "TaskCreated", None);
    setting.process(&registrations).catch_up();
    let (live, handled) = (setting.handlers.read_models(), setting.handled("task_history", 1));
    plant(&setting);
    assert_ne!(setting.handlers.read_models(), live);
    let replayed = setting.operations(&registrations).replay("task_history", &mut to_the_end).unwrap();
    assert_eq!((replayed.events, replayed.handled, replayed.failed), (6, 6, 0));
    assert_eq!(setting.handlers.read_models(), live);
    assert_eq!(setting.handled("task_history", 1), handled);
    assert_eq!(tasks.replays(), 6);
    setting.process(&registrations).catch_up();
    assert_eq!(tasks.attempts().len(), 12, "nothing is handled a third time");
}

#[test]
fn readers_see_the_old_state_until_a_replay_is_done_and_one_that_is_ended_changes_nothing() {
    let (setting, tasks) = (Setting::new(), Recorder::new("task_history"));
    let registrations = [projection(&tasks)];
    append_many(&setting, 9);
    setting.process(&registrations).catch_up();
    plant(&setting);
    let old = setting.handlers.read_models();
    let mut pages = Vec::new();
    let ended = setting.operations(&registrations).replay("task_history", &mut |read| {
        assert_eq!(setting.handlers.read_models(), old);
        pages.push(read);
        if read == 6 { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    });
    assert!(matches!(ended, Err(HandlingError::Interrupted { .. })));
    assert_eq!(pages, [3, 6]);
    assert_eq!(setting.handlers.read_models(), old);
    assert_eq!(setting.handled("task_history", 1), ids(1..=9));
}

#[test]
fn a_replay_resolves_the_failures_of_before_and_opens_its_own() {
    let (setting, tasks) = (Setting::new(), Recorder::new("tasks"));
    let registrations = [projection(&tasks)];
    append_many(&setting, 3);
    tasks.fail("e1", &[Ending::Permanent]);
    setting.process(&registrations).catch_up();
    setting.after(5);
    let first_failed = setting.all_failures("tasks")[0].first_failed_at;
    tasks.fail("e2", &[Ending::Transient]);
    setting.operations(&registrations).replay("tasks", &mut to_the_end).unwrap();
    assert_eq!(setting.handled("tasks", 1), ["e1", "e3"]);
    let found = setting.failures("tasks");
    assert_eq!(found, [("e1".to_owned(), Resolved, 1), ("e2".to_owned(), Retrying, 1)]);
    let resolved = &setting.all_failures("tasks")[0];
    assert_eq!((resolved.resolved_by.as_deref(), resolved.first_failed_at), (Some("replay"), first_failed));
    setting.after(1);
    setting.process(&registrations).catch_up();
    assert_eq!(setting.handled("tasks", 1), ["e1", "e3", "e2"]);
}

#[test]
fn a_replay_in_which_too_many_events_fail_changes_nothing() {
    let (setting, tasks) = (Setting::new(), Recorder::new("tasks"));
    let registrations = [projection(&tasks)];
    append_many(&setting, OPEN_FAILURES as u32 + 2);
    setting.process(&registrations).catch_up();
    for id in ids(1..=OPEN_FAILURES as u32 + 2) {
        tasks.fail(&id, &[Ending::Permanent]);
    }
    let error = setting.operations(&registrations).replay("tasks", &mut to_the_end).unwrap_err();
    assert!(
        error.to_string().ends_with(
            "1025 events failed, the first with: the event cannot be handled: the field is missing"
        )
    );
    assert_eq!(setting.failures("tasks"), []);
    assert_eq!(setting.handled("tasks", 1).len(), OPEN_FAILURES as usize + 2);
}

#[test]
fn read_models_of_another_version_are_made_anew_at_the_next_start() {
    let (setting, tasks) = (Setting::new(), Recorder::new("task_history"));
    append_many(&setting, 4);
    let mut old = setting.process(&[projection(&tasks)]);
    old.catch_up();
    plant(&setting);
    let mut new = setting.process(&[Registration { version: 2, ..projection(&tasks) }]);
    assert_eq!(setting.state("task_history"), HandlerState::ReplayNeeded);
    setting.events.append(1, "e5", "TaskCreated", None);
    old.catch_up();
    assert_eq!(setting.handled("task_history", 1), ids(1..=4), "the old program leaves it alone");
    new.catch_up();
    assert_eq!(
        (setting.state("task_history"), setting.row("task_history").version),
        (HandlerState::Running, 2)
    );
    assert_eq!(setting.handled("task_history", 1), ids(1..=5));
    setting.events.append(1, "e6", "TaskCreated", None);
    old.catch_up();
    assert_eq!(setting.handled("task_history", 1), ids(1..=5), "it is not of its version");
    new.catch_up();
    assert_eq!(setting.handled("task_history", 1), ids(1..=6));
    let without_planted = setting.handlers.read_models();
    assert_ne!(without_planted, MemoryReadModels::default());
    setting
        .operations(&[Registration { version: 2, ..projection(&tasks) }])
        .replay("task_history", &mut to_the_end)
        .unwrap();
    assert_eq!(setting.handlers.read_models(), without_planted);
}

#[test]
fn a_program_that_has_not_seen_the_new_version_yet_handles_nothing_into_its_read_models() {
    let (setting, tasks) = (Setting::new(), Recorder::new("tasks"));
    append_many(&setting, 1);
    let mut old = setting.process(&[projection(&tasks)]);
    old.catch_up();
    setting.process(&[Registration { version: 2, ..projection(&tasks) }]).catch_up();
    setting.events.append(1, "e2", "TaskCreated", None);
    old.round().unwrap();
    assert_eq!(setting.handled("tasks", 1), ["e1"]);
}

#[test]
fn an_effect_is_not_replayed_without_the_number_of_its_events() {
    let (setting, mail) = (Setting::new(), Recorder::new("mail"));
    let registrations = [effect(&mail)];
    append_many(&setting, 3);
    setting.process(&registrations).catch_up();
    let operations = setting.operations(&registrations);
    let refused = operations.replay("mail", &mut to_the_end);
    assert!(matches!(refused, Err(HandlingError::EffectsAgain { events: 3, .. })));
    assert!(operations.effects_again("mail", 2).is_err());
    setting.process(&registrations).catch_up();
    assert_eq!(mail.attempts(), []);
    operations.effects_again("mail", 3).unwrap();
    setting.process(&registrations).catch_up();
    assert_eq!(setting.handled("mail", 1), ids(1..=3));
}

#[test]
fn an_effect_that_another_process_runs_is_not_begun_anew() {
    let (setting, mail) = (Setting::new(), Recorder::new("mail"));
    let registrations = [effect(&mail)];
    let mut process = setting.process(&registrations);
    process.look().unwrap();
    let refused = setting.operations(&registrations).effects_again("mail", 0);
    assert!(matches!(refused, Err(HandlingError::RunElsewhere { .. })));
}
