//! Why two contents differ: the smallest values that do, and the cause of each.

use std::collections::{BTreeMap, HashMap, HashSet};

use unicode_normalization::UnicodeNormalization;

use crate::application::compare::reading::canonical_values::{LEVELS, elements, members, payload};
use crate::application::compare::report::Cause;
use crate::application::compare::rules::repeated_times::Near;
use crate::wire::instant::{Instant, differ_in_precision, read_near};
use crate::wire::json::{Token, Tokens};
use crate::wire::zone::Zone;

/// A value that differs, by its path: names with dots between them (`\.` is a dot within a name), elements as `[2]`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct FieldDifference {
    pub path: String,
    pub cause: Cause,
}

/// The cause of a difference as a whole: the one that weighs most of its fields', and real, if that of
/// any field is.
pub(crate) fn cause_of(fields: &[FieldDifference]) -> Cause {
    const BY_WEIGHT: [Cause; 7] = [
        Cause::Real,
        Cause::Precision,
        Cause::NullVersusMissing,
        Cause::TimeSpelling,
        Cause::UnicodeForm,
        Cause::ClockOrZone,
        Cause::DeclaredDefault,
    ];
    let is_among = |cause: &Cause| fields.iter().any(|field| field.cause == *cause);
    BY_WEIGHT.into_iter().find(is_among).unwrap_or(Cause::Real)
}

/// What differs between two contents, each given as canonical objects whose members belong together. Times without
/// an offset are those of `zone`.
pub(crate) fn differing_fields(
    control: &[&[u8]],
    candidate: &[&[u8]],
    zone: &Zone,
    near: Near,
) -> Vec<FieldDifference> {
    let mut found = Vec::new();
    let mut open = vec![(1, String::new(), members_of(control), members_of(candidate))];
    while let Some((level, path, left, right)) = open.pop() {
        let mut names: BTreeMap<Occurrence, [Option<&[u8]>; 2]> = BTreeMap::new();
        for (side, children) in [left, right].into_iter().enumerate() {
            let mut counts: BTreeMap<Vec<u8>, usize> = BTreeMap::new();
            for (name, value) in children {
                let count = counts.entry(name.clone()).or_default();
                names.entry((name, *count)).or_default()[side] = Some(value);
                *count += 1;
            }
        }
        for ((name, _), values) in names {
            let path = join(&path, &name);
            match values {
                [Some(one), Some(other)] if one == other => {}
                [Some(one), Some(other)] if level < LEVELS && is_alike(one, other) => {
                    open.push((level + 1, path, children(one), children(other)))
                }
                [Some(one), Some(other)] => {
                    let cause = leaf_cause(one, other, zone, near);
                    found.extend(cause.map(|cause| FieldDifference { path, cause }))
                }
                [one, other] => {
                    let is_null = one.or(other) == Some(b"n");
                    let cause = if is_null { Cause::NullVersusMissing } else { Cause::Real };
                    found.push(FieldDifference { path, cause });
                }
            }
        }
    }
    found.sort_by(|one, other| one.path.cmp(&other.path));
    found
}

fn members_of<'b>(objects: &[&'b [u8]]) -> Vec<(Vec<u8>, &'b [u8])> {
    objects.iter().flat_map(|object| children(object)).collect()
}

/// A name, and how often it has stood in its object before.
type Occurrence = (Vec<u8>, usize);

/// Two objects, or two arrays of one length: the difference lies within.
fn is_alike(one: &[u8], other: &[u8]) -> bool {
    match (one.first(), other.first()) {
        (Some(b'{'), Some(b'{')) => true,
        (Some(b'['), Some(b'[')) => children(one).len() == children(other).len(),
        _ => false,
    }
}

/// The cause of a difference between two values that hold no others; `None` where they are one time that comes twice.
pub(crate) fn leaf_cause(one: &[u8], other: &[u8], zone: &Zone, near: Near) -> Option<Cause> {
    let (one, other) = (read_near(one, near[0]), read_near(other, near[1]));
    (one != other).then(|| cause_of_values(&one, &other, zone))
}

fn cause_of_values(one: &[u8], other: &[u8], zone: &Zone) -> Cause {
    let number = |value: &[u8]| match value.first() {
        Some(b'd' | b'D') => std::str::from_utf8(payload(value)).ok()?.parse::<f64>().ok(),
        _ => None,
    };
    let string = |value: &[u8]| match value.first() {
        Some(b's') => std::str::from_utf8(payload(value)).map(str::to_owned).ok(),
        _ => None,
    };
    if let (Some(one), Some(other)) = (number(one), number(other)) {
        // A few units in the last place: what adding up in another order comes to.
        let is_near = one == other || (one - other).abs() <= one.abs().max(other.abs()) * 4.0 * f64::EPSILON;
        return if is_near { Cause::Precision } else { Cause::Real };
    }
    match (string(one), string(other)) {
        (Some(one), Some(other)) if one.nfc().eq(other.nfc()) => Cause::UnicodeForm,
        (Some(one), Some(other)) => {
            let instants = (Instant::read(&one, zone), Instant::read(&other, zone));
            match instants {
                (Some(one), Some(other)) if one.is_same(&other) => Cause::TimeSpelling,
                _ => Cause::Real,
            }
        }
        _ if differ_in_precision(one, other) => Cause::Precision,
        _ => Cause::Real,
    }
}

fn join(path: &str, name: &[u8]) -> String {
    if name.starts_with(b"[") {
        return format!("{path}{}", String::from_utf8_lossy(name));
    }
    let name = String::from_utf8_lossy(name.strip_prefix(b".").unwrap_or(name));
    let name = name.replace('\\', "\\\\").replace('.', "\\.");
    if path.is_empty() { name } else { format!("{path}.{name}") }
}

/// The values within a canonical container: members under `.name`, elements under `[index]`.
fn children(container: &[u8]) -> Vec<(Vec<u8>, &[u8])> {
    if container.first() == Some(&b'{') {
        return members(container).map(|(name, value)| ([b".", name].concat(), value)).collect();
    }
    let name = |index: usize| format!("[{index}]").into_bytes();
    elements(container).enumerate().map(|(index, value)| (name(index), value)).collect()
}

/// The values at paths as a record writes them, in one pass; of a name that stands twice, the last one.
pub(crate) fn raw_tokens<'t>(record: &'t [u8], paths: &[&str]) -> HashMap<String, &'t str> {
    let wanted: HashSet<&str> = paths.iter().copied().collect();
    let mut found = HashMap::new();
    let mut tokens = Tokens::new(record, 0);
    // The path to the value that comes next, one step a container.
    let mut steps: Vec<Step> = Vec::new();
    // The wanted containers that are open: their depths, paths and beginnings.
    let mut open: Vec<(usize, String, usize)> = Vec::new();
    let mut find = |path, start, end| {
        if let Some(Ok(token)) = record.get(start..end).map(std::str::from_utf8) {
            found.insert(path, token);
        }
    };
    while let Ok(Some(token)) = tokens.next_token() {
        let end = tokens.offset();
        let start = match token {
            Token::Key(name) => {
                let mut decoded = vec![b'.'];
                name.decode_into(record, &mut decoded);
                if let Some(Step::Name(last)) = steps.last_mut() {
                    *last = decoded;
                }
                continue;
            }
            Token::ObjectStart | Token::ArrayStart => {
                begin_value(&mut steps);
                if let Some(path) = wanted_path(&steps, &wanted) {
                    open.push((steps.len(), path, end - 1));
                }
                steps.push(if token == Token::ObjectStart {
                    Step::Name(Vec::new())
                } else {
                    Step::Element(None)
                });
                continue;
            }
            Token::ObjectEnd | Token::ArrayEnd => {
                steps.pop();
                if let Some((_, path, start)) = open.pop_if(|(depth, ..)| *depth == steps.len()) {
                    find(path, start, end);
                }
                continue;
            }
            Token::String(text) => text.span.start - 1,
            Token::Number(span) | Token::NonFinite(span) => span.start,
            Token::True | Token::Null => end - 4,
            Token::False => end - 5,
        };
        begin_value(&mut steps);
        if let Some(path) = wanted_path(&steps, &wanted) {
            find(path, start, end);
        }
    }
    found
}

enum Step {
    Name(Vec<u8>),
    Element(Option<usize>),
}

fn begin_value(steps: &mut [Step]) {
    if let Some(Step::Element(index)) = steps.last_mut() {
        *index = Some(index.map_or(0, |index| index + 1));
    }
}

/// The path that the steps are, if it is wanted; none has more steps than levels are looked into.
fn wanted_path(steps: &[Step], wanted: &HashSet<&str>) -> Option<String> {
    let path = (steps.len() <= LEVELS).then(|| shown(steps))?;
    wanted.contains(path.as_str()).then_some(path)
}

fn shown(steps: &[Step]) -> String {
    steps.iter().fold(String::new(), |path, step| match step {
        Step::Name(name) => join(&path, name),
        Step::Element(index) => format!("{path}[{}]", index.unwrap_or(0)),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire::json::canonical_form;

    fn differing(control: &str, candidate: &str) -> Vec<(String, Cause)> {
        let form = |text: &str| canonical_form(text.as_bytes()).unwrap();
        let fields = differing_fields(&[&form(control)], &[&form(candidate)], &Zone::utc(), [0, 0]);
        fields.into_iter().map(|field| (field.path, field.cause)).collect()
    }

    #[test]
    fn the_smallest_values_that_differ_are_named_with_their_cause() {
        for (control, candidate, path, cause) in [
            (r#"{"a": {"b": [1, {"c": 2}]}}"#, r#"{"a": {"b": [1, {"c": 3}]}}"#, "a.b[1].c", Cause::Real),
            (r#"{"a.b": 1}"#, r#"{"a.b": 2}"#, r"a\.b", Cause::Real),
            (r#"{"[0]": 1}"#, r#"{"[0]": 2}"#, "[0]", Cause::Real),
            (r#"{"a": [1]}"#, r#"{"a": [1, 2]}"#, "a", Cause::Real),
            (r#"{"a": null}"#, "{}", "a", Cause::NullVersusMissing),
            (r#"{"a": null}"#, r#"{"a": ""}"#, "a", Cause::Real),
            (r#"{"a": ""}"#, "{}", "a", Cause::Real),
            (r#"{"a": 1}"#, r#"{"a": true}"#, "a", Cause::Real),
            (r#"{"a": 1}"#, r#"{"a": "1"}"#, "a", Cause::Real),
            (r#"{"a": 9007199254740993}"#, r#"{"a": 9007199254740992}"#, "a", Cause::Precision),
            (r#"{"a": 0.1}"#, r#"{"a": 0.10000000000000002}"#, "a", Cause::Precision),
            (r#"{"a": 0.1}"#, r#"{"a": 0.2}"#, "a", Cause::Real),
            (r#"{"a": "é"}"#, "{\"a\": \"e\u{301}\"}", "a", Cause::UnicodeForm),
            (r#"{"a": "2025-10-20T00:00"}"#, r#"{"a": "2025-10-20 00:00Z"}"#, "a", Cause::TimeSpelling),
            (r#"{"a": "2025-10-20"}"#, r#"{"a": "2025-10-20T00:00Z"}"#, "a", Cause::Real),
            (r#"{"a": "2016-12-31T23:59:60Z"}"#, r#"{"a": "2017-01-01T00:00:00Z"}"#, "a", Cause::Real),
            (r#"{"a": "2025-10-20T10:00:00.1Z"}"#, r#"{"a": "2025-10-20T10:00:00.12Z"}"#, "a", Cause::Real),
            (r#"{"a": NaN}"#, r#"{"a": null}"#, "a", Cause::Real),
            (r#"{"a": 1, "a": 2}"#, r#"{"a": 1, "a": 3}"#, "a", Cause::Real),
        ] {
            assert_eq!(differing(control, candidate), [(path.to_owned(), cause)], "{control} {candidate}");
        }
    }

    #[test]
    fn one_real_difference_makes_the_whole_real() {
        let fields = differing(r#"{"a": null, "b": 1}"#, r#"{"b": 2}"#);
        assert_eq!(fields.len(), 2);
        let fields: Vec<FieldDifference> =
            fields.into_iter().map(|(path, cause)| FieldDifference { path, cause }).collect();
        assert_eq!(cause_of(&fields), Cause::Real);
    }

    #[test]
    fn a_token_is_shown_as_it_is_written() {
        let record =
            br#"{"a": {"b": [1, {"c": 2.50}], "x.y": "\u00e9"}, "d": null, "e": [], "d": [1, [2 ]]}"#;
        for (path, token) in [
            ("a.b[1].c", Some("2.50")),
            (r"a.x\.y", Some(r#""\u00e9""#)),
            ("a.b", Some(r#"[1, {"c": 2.50}]"#)),
            ("e", Some("[]")),
            ("d", Some("[1, [2 ]]")),
            ("f", None),
            ("a.b[2]", None),
        ] {
            assert_eq!(raw_tokens(record, &[path]).get(path).copied(), token, "{path}");
        }
    }

    #[test]
    fn a_hundred_thousand_levels_cost_no_stack() {
        let deep = |leaf: &str| "[".repeat(100_000) + leaf + &"]".repeat(100_000);
        let (one, other) = (format!("{{\"a\":{}}}", deep("1")), format!("{{\"a\":{}}}", deep("1")));
        assert!(differing(&one, &other).is_empty());
    }

    #[test]
    fn what_differs_below_a_hundred_thousand_levels_is_shown_from_the_last_level_that_is_looked_into() {
        let deep = |leaf: &str| format!("{{\"a\":{}{leaf}{}}}", "[".repeat(100_000), "]".repeat(100_000));
        let path = format!("a{}", "[0]".repeat(LEVELS - 1));
        assert_eq!(differing(&deep("1"), &deep("2")), [(path.clone(), Cause::Real)]);
        let shown = raw_tokens(deep("1").as_bytes(), &[&path]).get(&path).map(|token| token.len());
        assert_eq!(shown, Some(2 * (100_000 - (LEVELS - 1)) + 1));
    }
}
