//! What a profile declares and nothing has needed.

use std::collections::BTreeSet;

use super::*;
use crate::application::compare::report::{RuleKind, UnusedRule};

fn unused(profile: Profile, control: &[String], candidate: &[String]) -> Vec<(RuleKind, String)> {
    let found = compared_with(&Settings { profile, ..settings() }, control, candidate);
    found.unused_rules.into_iter().map(|UnusedRule { kind, name }| (kind, name)).collect()
}

fn names(names: &[&str]) -> BTreeSet<String> {
    names.iter().map(|name| (*name).to_owned()).collect()
}

#[test]
fn fields_and_types_of_a_declared_profile_that_nothing_has_needed_are_named() {
    let one_sided = |field: &str| OneSided { field: field.to_owned(), default: None };
    let profile = Profile {
        name: "declared".to_owned(),
        one_sided: ["metadata", "priority", "prioritty", "status"].map(one_sided).to_vec(),
        times: names(&["title", "at"]),
        event_types: names(&["TaskCreated", "TaskCreeated"]),
        ignore: vec![IgnoreRule { field: "host".to_owned(), reason: "moved".to_owned() }],
    };
    let mut events = day();
    events[1].title = "2025-10-20".to_owned();
    let expected = [
        (RuleKind::OneSided, "prioritty".to_owned()),
        (RuleKind::Time, "at".to_owned()),
        (RuleKind::EventType, "TaskCreeated".to_owned()),
    ];
    assert_eq!(unused(profile.clone(), &legacy(&events), &new(&events)), expected);
    // Of one shape, and of copies, no event lacks a field that its partner has.
    let expected: Vec<(RuleKind, String)> = ["metadata", "priority", "prioritty", "status"]
        .map(|field| (RuleKind::OneSided, field.to_owned()))
        .into_iter()
        .chain(expected[1..].to_vec())
        .collect();
    assert_eq!(unused(profile, &new(&events), &new(&events)), expected);
}

#[test]
fn the_built_in_profile_is_not_written_for_these_logs() {
    assert_eq!(unused(Profile::default(), &new(&day()), &new(&day())), []);
    let times = names(&["completed_date", "due"]);
    let expected = [(RuleKind::Time, "completed_date".to_owned()), (RuleKind::Time, "due".to_owned())];
    assert_eq!(unused(Profile { times, ..Profile::default() }, &legacy(&day()), &new(&day())), expected);
}
