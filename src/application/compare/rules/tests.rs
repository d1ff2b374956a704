use proptest::prelude::*;

use super::optional_fields::{Scope, stated_fields};
use super::*;
use crate::application::compare::clock::anchors::AnchorSample;
use crate::application::compare::profile::{IgnoreRule, OneSided, Profile};
use crate::application::compare::reading::content::Content;
use crate::application::compare::reading::packed_event::EventHead;
use crate::application::compare::tests::settings;
use crate::wire::zone::Zone;

const SECOND: i64 = 1_000_000;

/// An event as a test states it: every part that a rule looks at.
#[derive(Debug, Clone)]
struct Stated {
    event_type: u32,
    id: &'static str,
    aggregate: Option<&'static str>,
    content: &'static str,
    /// By the number of the field; the first is the `event_id` of a legacy record.
    optional: Vec<Option<u8>>,
    is_legacy: bool,
    at: i64,
}

fn event() -> Stated {
    let optional = vec![None; 6];
    // `{"a": true}`.
    let (aggregate, content) = (Some("T1"), "{s1:at}");
    Stated { event_type: 1, id: "", aggregate, content, optional, is_legacy: false, at: 0 }
}

impl Stated {
    fn packed(&self) -> Vec<u8> {
        let mut content = Content { shared_content: self.content.into(), ..Content::default() };
        for value in &self.optional {
            let length = value.map_or(u32::MAX, |_| 1);
            content.optional_fields.extend_from_slice(&length.to_le_bytes());
            content.optional_fields.extend(value);
        }
        let flags = if self.is_legacy { EventHead::LEGACY_SHAPE } else { 0 };
        let (event_type, at) = (self.event_type, self.at);
        let head =
            EventHead { hash: 0, at, offset: 0, line: 1, feed: 0, event_type, lexical_fingerprint: 0, flags };
        let mut packed = Vec::new();
        let aggregate = self.aggregate.map(str::as_bytes);
        PackedEvent::pack(&head, self.id.as_bytes(), aggregate, &content, &mut packed);
        packed
    }
}

/// `event_id`, one field with a default, two without, two that are ignored.
fn fields() -> Fields {
    let one_sided = |field: &str, default: Option<&str>| OneSided {
        field: field.to_owned(),
        default: default.map(str::to_owned),
    };
    let rule = |field: &str| IgnoreRule { field: field.to_owned(), reason: "a test".to_owned() };
    let profile = Profile {
        name: "test".to_owned(),
        one_sided: vec![one_sided("a", Some("true")), one_sided("b", None), one_sided("c", None)],
        ignore: vec![rule("d"), rule("e")],
        event_types: Default::default(),
        times: Default::default(),
    };
    Fields::new(&profile, &Zone::utc()).unwrap()
}

/// The same as if the built-in profile had these fields.
fn built_in_fields() -> Fields {
    Fields { are_declared: false, ..fields() }
}

/// Asks a rule about two events.
fn ask<T>(
    one: &Stated,
    other: &Stated,
    rule: impl Fn(&Rules<'_>, &TimedEvent<'_>, &TimedEvent<'_>) -> T,
) -> T {
    let (settings, fields, clock) = (settings(), built_in_fields(), ClockModel::default());
    let rules = Rules::new(&settings, &fields, &clock);
    let (one, other) = (one.packed(), other.packed());
    let timed = |packed| {
        let entry = PackedEvent::unpack(packed).unwrap().0;
        TimedEvent { entry, at: entry.head.at, other_reading: None }
    };
    rule(&rules, &timed(&one), &timed(&other))
}

fn with(edit: impl FnOnce(&mut Stated)) -> Stated {
    let mut edited = event();
    edit(&mut edited);
    edited
}

/// `t` is the canonical form of `true`, the declared default of the first field.
fn legacy(optional: [Option<u8>; 6]) -> Stated {
    with(|event| (event.is_legacy, event.optional) = (true, optional.to_vec()))
}

fn full(optional: [Option<u8>; 6]) -> Stated {
    with(|event| event.optional = optional.to_vec())
}

#[test]
fn the_class_of_a_pair_with_one_id_is_its_first_difference() {
    let one = event();
    for (other, class) in [
        (event(), Class::Matched),
        (with(|event| event.at = 2 * SECOND), Class::Matched),
        (with(|event| event.at = 2 * SECOND + 1), Class::TimeShifted),
        (with(|event| event.at = 1 << 60), Class::TimeShifted),
        (with(|event| event.optional[5] = Some(b'1')), Class::Ignored),
        (with(|event| (event.optional[5], event.at) = (Some(b'1'), 3 * SECOND)), Class::TimeShifted),
        (with(|event| event.optional[2] = Some(b'1')), Class::Changed),
        (with(|event| event.content = "{x}"), Class::Changed),
        (with(|event| (event.aggregate, event.content) = (None, "{x}")), Class::Misfiled),
        (with(|event| (event.event_type, event.aggregate) = (2, None)), Class::Retyped),
    ] {
        let ruling = ask(&one, &other, |rules, one, other| rules.of_same_id(one, other));
        assert_eq!(ruling.class, class, "{other:?}");
        assert_eq!(ruling.ignoring.is_empty(), class != Class::Ignored, "{other:?}");
    }
}

#[test]
fn events_with_the_same_content_are_a_pair_only_within_the_largest_shift_and_where_their_fields_agree() {
    let one = event();
    for (other, class) in [
        (event(), Some(Class::Matched)),
        (with(|event| event.at = -2 * SECOND), Some(Class::Matched)),
        (with(|event| event.at = 3600 * SECOND), Some(Class::TimeShifted)),
        (with(|event| event.at = 3600 * SECOND + 1), None),
        (with(|event| event.optional[4] = Some(b'1')), Some(Class::Ignored)),
        (with(|event| (event.optional[4], event.at) = (Some(b'1'), 3 * SECOND)), None),
        (with(|event| event.optional[3] = Some(b'1')), None),
    ] {
        let ruling = ask(&one, &other, |rules, one, other| rules.of_same_content(one, other));
        assert_eq!(ruling.map(|ruling| ruling.class), class, "{other:?}");
    }
}

#[test]
fn a_legacy_event_says_nothing_about_a_field_that_it_lacks_and_its_default_must_hold() {
    let x = Some(b'x');
    for (one, other, agrees) in [
        (legacy([None; 6]), full([None; 6]), true),
        (legacy([None; 6]), full([None, Some(b't'), x, x, None, None]), true),
        (legacy([None; 6]), full([None, x, None, None, None, None]), false),
        (legacy([None, None, x, None, None, None]), full([None, None, x, x, None, None]), true),
        (legacy([None, None, x, None, None, None]), full([None, None, Some(b'y'), x, None, None]), false),
        (legacy([None, None, x, None, None, None]), full([None; 6]), false),
        // The `event_id` of a legacy record is no identity.
        (legacy([x, None, None, None, None, None]), full([None; 6]), true),
        (legacy([x, None, None, None, None, None]), legacy([None; 6]), false),
        (full([None, None, x, None, None, None]), full([None; 6]), false),
    ] {
        let fields = built_in_fields();
        let agreed = |one: &Stated, other: &Stated| {
            let (one, other) = (one.packed(), other.packed());
            let [one, other] = [&one, &other].map(|packed| PackedEvent::unpack(packed).unwrap().0);
            agreement(&one, &other, &fields, [0, 0]) != Agreement::Differs
        };
        assert_eq!(agreed(&one, &other), agrees, "{one:?} {other:?}");
        assert_eq!(agreed(&other, &one), agrees, "{one:?} {other:?}");
    }
}

#[test]
fn by_a_declared_profile_a_record_of_the_control_may_lack_a_field_whatever_its_shape() {
    let (t, x) = (Some(b't'), Some(b'x'));
    let agreed = |control: &Stated, candidate: &Stated| {
        let (control, candidate) = (control.packed(), candidate.packed());
        let [one, other] = [&control, &candidate].map(|packed| PackedEvent::unpack(packed).unwrap().0);
        agreement(&one, &other, &fields(), [0, 0])
    };
    for shape in [legacy, full] {
        for (control, candidate, expected) in [
            ([None; 6], [None, t, x, x, None, None], Agreement::Agrees),
            ([None; 6], [None, x, None, None, None, None], Agreement::Differs),
            ([None, None, x, None, None, None], [None, None, x, x, None, None], Agreement::Agrees),
            ([None, None, x, None, None, None], [None, None, Some(b'y'), x, None, None], Agreement::Differs),
            ([None, None, x, None, None, None], [None; 6], Agreement::Differs),
            ([x, None, None, None, None, None], [None; 6], Agreement::Differs),
        ] {
            let (control, candidate) = (shape(control), shape(candidate));
            assert_eq!(agreed(&control, &candidate), expected, "{control:?} {candidate:?}");
        }
    }
    // Of two shapes, the legacy one may.
    assert_eq!(agreed(&full([None, None, x, None, None, None]), &legacy([None; 6])), Agreement::Agrees);
    assert_eq!(agreed(&full([None; 6]), &legacy([None, None, x, None, None, None])), Agreement::Differs);
}

#[test]
fn content_under_another_type_or_aggregate_is_the_same_event_and_under_both_or_neither_it_is_none() {
    for (other, class) in [
        (with(|event| event.event_type = 2), Some(Class::Retyped)),
        (with(|event| event.aggregate = None), Some(Class::Misfiled)),
        (with(|event| event.aggregate = Some("T2")), Some(Class::Misfiled)),
        (with(|event| (event.event_type, event.aggregate) = (2, None)), None),
        (with(|event| (event.event_type, event.aggregate) = (2, Some("T2"))), None),
        (event(), None),
        (with(|event| (event.event_type, event.optional[2]) = (2, Some(b'x'))), None),
    ] {
        let found = ask(&event(), &other, |rules, one, other| rules.of_content_elsewhere(one, other));
        assert_eq!(found, class, "{other:?}");
    }
}

#[test]
fn no_aggregate_on_either_side_is_not_the_same_aggregate() {
    for aggregate in [None, Some("")] {
        let one = with(|event| event.aggregate = aggregate);
        let other = with(|event| (event.aggregate, event.event_type) = (aggregate, 2));
        assert_eq!(ask(&one, &other, |rules, one, other| rules.of_content_elsewhere(one, other)), None);
    }
}

/// `{}`, `{"m": {}}` and `{"a": null, "b": ""}`.
const SAY_NOTHING: [&str; 3] = ["{}", "{s1:m{}}", "{s1:ans1:bs0:}"];

#[test]
fn content_that_says_nothing_is_no_evidence_under_another_type_or_aggregate_or_at_another_time() {
    for content in SAY_NOTHING {
        let one = with(|event| event.content = content);
        for other in [
            with(|event| (event.content, event.event_type) = (content, 2)),
            with(|event| (event.content, event.aggregate) = (content, Some("T2"))),
        ] {
            let found = ask(&one, &other, |rules, one, other| rules.of_content_elsewhere(one, other));
            assert_eq!(found, None, "{other:?}");
        }
        for (at, class) in [(2 * SECOND, Some(Class::Matched)), (2 * SECOND + 1, None)] {
            let other = with(|event| (event.content, event.at) = (content, at));
            let ruling = ask(&one, &other, |rules, one, other| rules.of_same_content(one, other));
            assert_eq!(ruling.map(|ruling| ruling.class), class, "{other:?}");
        }
    }
}

#[test]
fn content_has_changed_where_a_field_agrees_or_nothing_contradicts_at_the_same_time() {
    // `{"a": true, "b": 1}` and so on.
    let (one, near, far) = ("{s1:ats1:bd1:1}", 2 * SECOND, 2 * SECOND + 1);
    for (one, other, at, expected) in [
        (one, "{s1:ats1:bd1:2}", far, true),
        (one, "{s1:at}", far, true),
        (one, "{s1:afs1:bd1:2}", 0, false),
        (one, "{s1:ct}", 0, false),
        (one, "{}", 0, false),
        ("{s1:c{s1:at}}", "{s1:c{s1:bt}}", 0, false),
        ("{s1:c{s1:ats1:bt}}", "{s1:c{s1:bt}}", far, true),
        ("{}", "{}", near, true),
        ("{}", "{}", far, false),
        ("{}", "{s1:an}", near, true),
        ("{}", "{s1:an}", far, false),
    ] {
        let one = with(|event| event.content = one);
        let other = with(|event| (event.content, event.at) = (other, at));
        let found = ask(&one, &other, |rules, one, other| rules.may_have_changed(one, other, false));
        assert_eq!(found, expected, "{one:?} {other:?}");
    }
}

#[test]
fn an_event_of_the_same_fields_within_the_tolerance_is_a_copy() {
    for (later, is_copy) in [
        (event(), true),
        (with(|event| event.at = 2 * SECOND), true),
        (with(|event| event.at = 2 * SECOND + 1), false),
        (with(|event| event.optional[5] = Some(b'1')), false),
        (with(|event| event.is_legacy = true), false),
    ] {
        let found = ask(&event(), &later, |rules, earlier, later| rules.is_copy(earlier, later));
        assert_eq!(found, is_copy, "{later:?}");
    }
}

#[test]
fn events_with_two_ids_have_changed_only_where_the_sides_do_not_share_ids() {
    let with_id = |id| with(|event| event.id = id);
    for (one, other, if_shared) in
        [(with_id("a"), with_id("b"), false), (with_id("a"), event(), true), (event(), with_id("b"), true)]
    {
        let may_have_changed = |ids_are_shared| {
            ask(&one, &other, |rules, one, other| rules.may_have_changed(one, other, ids_are_shared))
        };
        assert_eq!([may_have_changed(true), may_have_changed(false)], [if_shared, true]);
    }
}

#[test]
fn a_pair_of_a_day_whose_clocks_are_too_far_apart_has_another_time() {
    let (settings, fields) = (settings(), fields());
    let day: NaiveDate = "1970-01-01".parse().unwrap();
    for (offset, matched, is_in_time) in
        [(299 * SECOND, Class::Matched, true), (301 * SECOND, Class::TimeShifted, false)]
    {
        let sample = |at| {
            let mut sample = AnchorSample::new(1);
            sample.observe(1, Some(at));
            sample
        };
        let mut day_of = |_| day;
        let max_offset = settings.max_offset_us();
        let clock = ClockModel::estimate(&sample(0), &sample(offset), &mut day_of, 2 * SECOND, max_offset);
        let rules = Rules::new(&settings, &fields, &clock);
        assert_eq!(rules.on_day(Class::Matched, day), matched);
        assert_eq!(rules.on_day(Class::Changed, day), Class::Changed);
        assert_eq!(rules.is_matched_in_time(0, 0, day), is_in_time);
    }
}

fn optional() -> impl Strategy<Value = [Option<u8>; 6]> {
    prop::array::uniform6(prop_oneof![3 => Just(None), 1 => Just(Some(b't')), 1 => Just(Some(b'x'))])
}

proptest! {
    #[test]
    fn keys_of_a_scope_are_equal_where_and_only_where_the_fields_agree(
        (one, other) in (optional(), optional()),
        (one_is_legacy, other_is_legacy, are_declared) in (any::<bool>(), any::<bool>(), any::<bool>()),
    ) {
        let fields = Fields { are_declared, ..fields() };
        let stated = |optional, is_legacy| if is_legacy { legacy(optional) } else { full(optional) };
        let packed = [stated(one, one_is_legacy).packed(), stated(other, other_is_legacy).packed()];
        let [one, other] = packed.each_ref().map(|packed| PackedEvent::unpack(packed).unwrap().0);
        let scope = match (one_is_legacy, other_is_legacy) {
            (true, false) => Scope::AcrossShapes(stated_fields(&one, &fields)),
            (false, true) => Scope::AcrossShapes(stated_fields(&other, &fields)),
            _ if are_declared => Scope::ControlStates(stated_fields(&one, &fields)),
            _ => Scope::SameShape,
        };
        let equal = |with_ignored| {
            let keys = [&one, &other].map(|event| {
                let mut key = Vec::new();
                scope.key(event, &fields, (with_ignored, 0), &mut key);
                key
            });
            keys[0] == keys[1]
        };
        let agreed = agreement(&one, &other, &fields, [0, 0]);
        prop_assert_eq!(equal(true), agreed == Agreement::Agrees);
        prop_assert_eq!(equal(false), agreed != Agreement::Differs);
    }

    #[test]
    fn what_says_the_same_is_matched_by_every_other_rule(
        (one, other) in (optional(), optional()).prop_flat_map(|(one, other)| {
            (Just(one), prop_oneof![Just(one), Just(other)])
        }),
        is_legacy in any::<bool>(),
        apart in 0..=2 * SECOND,
    ) {
        let stated = |optional: [Option<u8>; 6], at| {
            with(|event| {
                (event.optional, event.is_legacy, event.at) = (optional.to_vec(), is_legacy, at);
            })
        };
        let (one, other) = (stated(one, 0), stated(other, apart));
        if ask(&one, &other, |_, one, other| says_the_same(&one.entry, &other.entry)) {
            prop_assert_eq!(ask(&one, &other, |rules, one, other| rules.of_same_id(one, other)), Class::Matched.into());
            prop_assert_eq!(ask(&one, &other, |rules, one, other| rules.of_same_content(one, other)), Some(Class::Matched.into()));
        }
    }
}
