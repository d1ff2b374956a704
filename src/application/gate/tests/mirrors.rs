//! Mirrors are judged by themselves, though they are handlers.

use super::cases::{handler, mirror};
use super::*;
use crate::application::doctor::handlers::MirrorFacts;

fn mirrors_alone(change: fn(&mut Case)) {
    let expected = [(CriterionName::Mirrors, CriterionVerdict::Fails)];
    assert_eq!(not_held(&judged(change)), expected);
}

#[test]
fn a_mirror_that_runs_and_is_in_trouble_does_not_hold() {
    mirrors_alone(|case| {
        let reason = Some("the disk is full".to_owned());
        case.facts.mirrors = Ok(vec![MirrorFacts { reason, ..mirror(HandlerState::Running, 0) }]);
    });
}

#[test]
fn a_mirror_that_was_stopped_is_no_stopped_handler_besides() {
    mirrors_alone(|case| {
        handler(case).status = HandlerStatus { state: Some(HandlerState::Stopped), ..running("new_mirror") };
        case.facts.mirrors = Ok(vec![mirror(HandlerState::Stopped, 0)]);
    });
}
