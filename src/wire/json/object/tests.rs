use proptest::prelude::*;

use super::*;

fn scan(text: &str) -> Result<(ScannedObject, Vec<Member>), ScanError> {
    let mut scanner = ObjectScanner::new();
    let found = scanner.scan(text.as_bytes(), 0)?;
    Ok((found, scanner.members().to_vec()))
}

#[test]
fn the_members_of_the_object_itself_are_given_as_spans() {
    let text = r#" {"a": "x", "b": {"c": [1, {"d": 2}]}, "e": [3], "f": 1e5, "g": null} rest"#;
    let (found, members) = scan(text).unwrap();
    assert_eq!(&text[found.span.start..found.span.end], text.trim().trim_end_matches(" rest"));
    let shown: Vec<(String, String)> = members
        .iter()
        .map(|member| {
            let value = match member.value {
                MemberValue::String(value) => value.span.of(text.as_bytes()),
                MemberValue::Number(span) | MemberValue::Array(span) | MemberValue::Object(span) => {
                    span.of(text.as_bytes())
                }
                _ => b"-",
            };
            let key = member.key.span.of(text.as_bytes());
            (String::from_utf8_lossy(key).into_owned(), String::from_utf8_lossy(value).into_owned())
        })
        .collect();
    let shown: Vec<(&str, &str)> = shown.iter().map(|(k, v)| (k.as_str(), v.as_str())).collect();
    assert_eq!(shown, [("a", "x"), ("b", r#"{"c": [1, {"d": 2}]}"#), ("e", "[3]"), ("f", "1e5"), ("g", "-")]);
}

#[test]
fn what_is_unusual_is_seen_at_any_depth() {
    let flags = |text: &str| {
        let (found, _) = scan(text).unwrap();
        (found.non_finite, found.lone_surrogate, found.duplicate_key)
    };
    assert_eq!(flags(r#"{"a": [{"b": 1}], "b": {"a": 2}}"#), (false, false, false));
    assert_eq!(flags(r#"{"a": [[NaN]]}"#), (true, false, false));
    assert_eq!(flags(r#"{"a": {"\udc00": 1}}"#), (false, true, false));
    assert_eq!(flags(r#"{"a": [{"b": 1, "b": 2}]}"#), (false, false, true));
    assert_eq!(flags(r#"{"a": 1, "\u0061": 1}"#), (false, false, true));
    let many: Vec<String> = (0..40).map(|i| format!("\"k{i}\": {{}}")).collect();
    assert_eq!(flags(&format!("{{{}}}", many.join(","))), (false, false, false));
    assert_eq!(flags(&format!("{{{}, \"k7\": 0}}", many.join(","))), (false, false, true));
}

#[test]
fn names_whose_hashes_collide_are_told_apart_in_any_number() {
    let text: String = (0..100_000).map(|i| format!("{i:06}")).collect();
    let name = |i: usize| Text {
        span: Span { start: 6 * i, end: 6 * i + 6 },
        escaped: false,
        lone_surrogate: false,
    };
    for (count, again) in [(10, 7), (100_000, 77_777)] {
        let mut keys = Keys::default();
        for repeated in [None, Some(again)] {
            keys.open_object();
            keys.names.extend((0..count).chain(repeated).map(|i| (0, name(i))));
            assert_eq!(keys.close_object(text.as_bytes()), repeated.is_some(), "{count} names");
        }
    }
}

#[test]
fn only_an_object_in_utf_8_is_a_record() {
    assert_eq!(scan("[1]").unwrap_err().to_string(), "expected an object, found `[`");
    assert_eq!(scan(" ").unwrap_err().to_string(), "expected an object, but the text ends");
    let mut scanner = ObjectScanner::new();
    assert_eq!(scanner.scan(b"{\"a\": \"x\xff\"}", 0), Err(ScanError::NotUtf8 { at: 8, found: 0xff }));
}

/// Objects of a few names, so that shapes come again, in any spelling.
fn value(depth: u32) -> BoxedStrategy<String> {
    let scalar = prop_oneof![
        "[a-zé]{0,9}".prop_map(|text| format!("\"{text}\"")),
        Just(r#""\ud800 \n""#.to_owned()),
        any::<i16>().prop_map(|number| number.to_string()),
        prop_oneof!["null", "true", "false", "NaN", "-Infinity", "-1.5e+3"],
    ];
    if depth == 0 {
        return scalar.boxed();
    }
    let array = proptest::collection::vec(value(depth - 1), 0..3)
        .prop_map(|values| format!("[{}]", values.join(", ")));
    prop_oneof![3 => scalar, 1 => array, 2 => object(depth - 1)].boxed()
}

fn object(depth: u32) -> BoxedStrategy<String> {
    let name = prop_oneof![5 => "[ab]", 1 => Just(r"\u0061".to_owned()), 1 => Just("é".to_owned())];
    let member = (name, prop_oneof![3 => Just(": "), 1 => Just(":")], value(depth))
        .prop_map(|(name, colon, value)| format!("\"{name}\"{colon}{value}"));
    (proptest::collection::vec(member, 0..4), prop_oneof![3 => Just(", "), 1 => Just(",\n ")])
        .prop_map(|(members, comma)| format!("{{{}}}", members.join(comma)))
        .boxed()
}

proptest! {
    #[test]
    fn what_a_scanner_has_seen_before_changes_nothing_about_what_it_finds(
        texts in proptest::collection::vec(object(2), 1..12),
        cut in any::<proptest::sample::Index>(),
        damage in any::<(proptest::sample::Index, u8)>(),
    ) {
        let mut scanner = ObjectScanner::new();
        let mut recognised = 0;
        for text in texts.iter().chain(&texts).chain(&texts) {
            let mut damaged = text.as_bytes().to_vec();
            damaged[damage.0.index(text.len())] = damage.1;
            for text in [text.as_bytes(), &text.as_bytes()[..cut.index(text.len())], &damaged] {
                let mut fresh = ObjectScanner::new();
                prop_assert_eq!(scanner.scan(text, 0), fresh.scan(text, 0));
                if fresh.scan(text, 0).is_ok() {
                    prop_assert_eq!(scanner.members(), fresh.members());
                }
                recognised += usize::from(scanner.shape().is_some());
            }
        }
        let is_plain = |text: &&String| !text.contains("\\u0061") && scan(text).is_ok_and(|(found, _)| !found.duplicate_key);
        prop_assert!(recognised >= texts.iter().filter(is_plain).count(), "shapes are recognised");
    }
}

#[test]
fn a_known_shape_gives_the_scalar_values_at_any_depth() {
    let mut scanner = ObjectScanner::new();
    for _ in 0..2 {
        scanner.scan(br#"{"a": 1, "b": {"c": ["x", {}], "d": null}}"#, 0).unwrap();
        assert_eq!(scanner.shape(), None, "the first object is not remembered, the second one is new");
    }
    let text = br#"{"a": 22, "b": {"c": ["yy", {}], "d": true}} rest"#;
    let found = scanner.scan(text, 0).unwrap();
    let (_, scalars) = scanner.shape().unwrap();
    assert_eq!(scalars.len(), 3);
    assert_eq!(scalars[2], MemberValue::Boolean(true));
    assert_eq!(found.span, Span { start: 0, end: text.len() - 5 });
    let [_, Member { value: MemberValue::Object(span), .. }] = scanner.members() else {
        panic!("{:?}", scanner.members());
    };
    assert_eq!(span.of(text), br#"{"c": ["yy", {}], "d": true}"#);
}

#[test]
fn objects_that_never_look_alike_are_scanned_in_bounded_memory() {
    let mut scanner = ObjectScanner::new();
    for number in 0..20_000 {
        let text = format!(r#"{{"a{}": 1, "b{number}": {{"c": "x"}}}}"#, number % 7);
        assert_eq!(scanner.scan(text.as_bytes(), 0).unwrap().span.end, text.len());
        assert_eq!(scanner.members().len(), 2);
    }
}

#[test]
fn a_scanner_forgets_the_object_before() {
    let mut scanner = ObjectScanner::new();
    assert!(scanner.scan(br#"{"a": {"b": [1, 2"#, 0).is_err());
    let found = scanner.scan(br#"{"b": 1}"#, 0).unwrap();
    assert!(!found.duplicate_key);
    assert_eq!(scanner.members().len(), 1);
}

/// An object with so many containers within each other, itself included.
fn nested(depth: usize) -> String {
    format!("{{\"v\": {}{}}}", "[".repeat(depth - 1), "]".repeat(depth - 1))
}

fn with_names(count: usize) -> String {
    let names: Vec<String> = (1..count).map(|name| format!("\"{name}\": 0")).collect();
    format!("{{\"v\": {{{}}}}}", names.join(","))
}

fn with_values(count: usize) -> String {
    format!("{{\"v\": [{}{{}}]}}", "[],".repeat(count - 3))
}

#[test]
fn an_object_that_has_more_than_a_record_may_have_says_so_and_its_end_is_known() {
    for (text, excess) in [
        (nested(MOST_DEPTH), None),
        (nested(MOST_DEPTH + 1), Some(Excess::Depth)),
        (nested(100_000), Some(Excess::Depth)),
        (with_names(MOST_NAMES), None),
        (with_names(MOST_NAMES + 1), Some(Excess::Names)),
    ] {
        let mut scanner = ObjectScanner::limited();
        // Twice: a shape that was too much is not taken for one that is known.
        for _ in 0..2 {
            let found = scanner.scan(text.as_bytes(), 0).unwrap();
            assert_eq!((found.excess, found.span.end), (excess, text.len()));
        }
        let stored = scanner.scan_stored(text.as_bytes(), 0).unwrap();
        assert_eq!((stored.excess, scanner.members().len()), (None, 1));
        assert_eq!(ObjectScanner::new().scan(text.as_bytes(), 0).unwrap().excess, None);
    }
    // Long texts, each read once: a stored one of so many values is read in the tests of records.
    for (more, excess) in [(0, None), (1, Some(Excess::Values))] {
        let text = with_values(MOST_VALUES + more);
        let found =
            ObjectScanner::limited().scan(text.as_bytes(), 0).map(|found| (found.excess, found.span.end));
        assert_eq!(found.unwrap(), (excess, text.len()));
    }
}
