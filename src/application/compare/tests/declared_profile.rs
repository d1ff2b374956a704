//! One-sided fields of a profile that declares its own.

use super::*;

/// Events in the new shape, some of which have a priority.
fn new_shape(prefix: &str, with_priority: impl Fn(usize) -> bool) -> Vec<String> {
    let event = |number: usize| {
        let at = time(number as i64 * 600_000);
        let priority = if with_priority(number) { r#", "priority": "P1""# } else { "" };
        format!(
            r#"{{"event_id": "{prefix}{number}", "event_type": "A", "timestamp": "{at}", "aggregate_id": "T{number}", "title": "title {number}"{priority}}}"#
        )
    };
    (0..6).map(event).collect()
}

fn declared(default: Option<&str>) -> Settings {
    let default = default.map(str::to_owned);
    let one_sided = vec![OneSided { field: "priority".to_owned(), default }];
    let profile =
        Profile { name: "declared".to_owned(), one_sided, times: Default::default(), ..Profile::default() };
    Settings { profile, ..settings() }
}

#[test]
fn a_control_of_the_new_shape_may_lack_a_declared_one_sided_field_with_ids_and_without() {
    let without = new_shape("a", |_| false);
    for with in [new_shape("a", |_| true), new_shape("b", |_| true), new_shape("b", |number| number % 2 == 0)]
    {
        let found = compared_with(&declared(None), &without, &with);
        assert_eq!((found.verdict, found.matched), (Verdict::Consistent, 6));
        assert_eq!(found.unused_rules, []);
        // The new system lacks nothing that the control has.
        let found = compared_with(&declared(None), &with, &without);
        assert_eq!(found.verdict, Verdict::Different);
        let found = compared_with(&settings(), &without, &with);
        assert_eq!(found.verdict, Verdict::Different, "the built-in profile is one of two shapes");
    }
}

#[test]
fn what_the_control_lacks_has_its_declared_default_and_what_it_states_has_that_value() {
    let (without, with) = (new_shape("a", |_| false), new_shape("b", |_| true));
    let found = compared_with(&declared(Some("\"P1\"")), &without, &with);
    assert_eq!((found.verdict, found.matched), (Verdict::Consistent, 6));
    let found = compared_with(&declared(Some("\"P2\"")), &without, &with);
    assert_eq!((found.verdict, found.changed), (Verdict::Different, 6));
    assert_eq!(found.differences[0].cause, Cause::DeclaredDefault);
    let other: Vec<String> = with.iter().map(|event| event.replace("P1", "P2")).collect();
    let found = compared_with(&declared(None), &with, &other);
    assert_eq!((found.verdict, found.changed), (Verdict::Different, 6));
}
