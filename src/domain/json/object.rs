//! A record: one object, its top-level members as spans, and what is unusual about it.

use std::collections::HashSet;

use xxhash_rust::xxh3::xxh3_64;

use super::layout::{LayoutId, Layouts, Recognised};
use super::tokens::unexpected;
use super::{ScanError, Span, Text, Token, Tokens};

/// One member of the scanned object itself; what lies deeper is inside `value`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Member {
    /// Its name.
    pub key: Text,
    /// Its value.
    pub value: MemberValue,
}

/// The value of a member.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MemberValue {
    /// `null`
    Null,
    /// `true` or `false`
    Boolean(bool),
    /// A number, as its characters.
    Number(Span),
    /// `NaN`, `Infinity` or `-Infinity`.
    NonFinite(Span),
    /// A string.
    String(Text),
    /// An array, from `[` to `]`.
    Array(Span),
    /// An object, from `{` to `}`.
    Object(Span),
}

impl MemberValue {
    /// As [`Span::moved_back`].
    pub fn moved_back(self, by: usize) -> Self {
        match self {
            Self::Number(span) => Self::Number(span.moved_back(by)),
            Self::NonFinite(span) => Self::NonFinite(span.moved_back(by)),
            Self::String(text) => Self::String(text.moved_back(by)),
            Self::Array(span) => Self::Array(span.moved_back(by)),
            Self::Object(span) => Self::Object(span.moved_back(by)),
            Self::Null | Self::Boolean(_) => self,
        }
    }
}

/// What is known of an object once it was scanned whole.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ScannedObject {
    /// From `{` to `}`; valid UTF-8.
    pub span: Span,
    /// `NaN` or an infinity stands in it, at any depth.
    pub non_finite: bool,
    /// Half of a surrogate pair stands in it, at any depth.
    pub lone_surrogate: bool,
    /// An object of it, at any depth, has the same name twice.
    pub duplicate_key: bool,
}

/// Scans objects, keeping its memory from one to the next.
#[derive(Default)]
pub struct ObjectScanner {
    members: Vec<Member>,
    /// The scalar values of an object whose layout was known, at any depth.
    scalars: Vec<MemberValue>,
    layout: Option<LayoutId>,
    /// Of the objects before this one; many scanners are made for one object alone.
    layouts: Option<Layouts>,
    open: Vec<bool>,
    keys: Keys,
}

impl ObjectScanner {
    /// A scanner.
    pub fn new() -> Self {
        Self::default()
    }

    /// Scans the object at `start`, which may have white space before it. What follows the object
    /// is not looked at. On success `members` holds its members.
    pub fn scan(&mut self, text: &[u8], start: usize) -> Result<ScannedObject, ScanError> {
        let blanks = text[start.min(text.len())..].iter().take_while(|byte| is_blank(**byte));
        let start = start + blanks.count();
        if text.get(start) != Some(&b'{') {
            self.members.clear();
            return Err(unexpected(text, start, "an object"));
        }
        if let Some(object) = self.recognise(text, start) {
            return ensure_utf8(text, object);
        }
        let mut tokens = Tokens::with_stack(text, start, std::mem::take(&mut self.open));
        let scanned = self.scan_tokens(text, start, &mut tokens);
        self.open = tokens.into_stack();
        let object = ensure_utf8(text, scanned?)?;
        match &mut self.layouts {
            Some(_) if object.duplicate_key => {}
            Some(layouts) => layouts.remember(text, start),
            None => self.layouts = Some(Layouts::default()),
        }
        Ok(object)
    }

    /// The members of the last object, in the order of the text.
    pub fn members(&self) -> &[Member] {
        &self.members
    }

    /// The layout of the last object, where it is one that was remembered, and the object's scalar
    /// values at any depth, in the order of the text.
    pub fn layout(&self) -> Option<(LayoutId, &[MemberValue])> {
        self.layout.map(|layout| (layout, &*self.scalars))
    }

    fn recognise(&mut self, text: &[u8], start: usize) -> Option<ScannedObject> {
        self.members.clear();
        self.scalars.clear();
        self.layout = None;
        let layouts = self.layouts.as_mut()?;
        let Recognised { layout, end, non_finite, lone_surrogate } =
            layouts.recognise(text, start, &mut self.members, &mut self.scalars)?;
        self.layout = Some(layout);
        let span = Span { start, end };
        Some(ScannedObject { span, non_finite, lone_surrogate, duplicate_key: false })
    }

    fn scan_tokens(
        &mut self,
        text: &[u8],
        start: usize,
        tokens: &mut Tokens<'_>,
    ) -> Result<ScannedObject, ScanError> {
        self.members.clear();
        self.keys.clear();
        let mut found = ScannedObject {
            span: Span { start, end: start },
            non_finite: false,
            lone_surrogate: false,
            duplicate_key: false,
        };
        let mut key = None;
        let mut container_start = 0;
        while let Some(token) = tokens.next_token()? {
            let depth = tokens.depth();
            let value = match token {
                Token::Key(name) => {
                    found.lone_surrogate |= name.lone_surrogate;
                    self.keys.push(text, name);
                    if depth == 1 {
                        key = Some(name);
                    }
                    continue;
                }
                Token::ObjectStart | Token::ArrayStart => {
                    if depth == 2 {
                        container_start = tokens.offset() - 1;
                    }
                    if token == Token::ObjectStart {
                        self.keys.open_object();
                    }
                    continue;
                }
                Token::ObjectEnd => {
                    found.duplicate_key |= self.keys.close_object(text);
                    MemberValue::Object(Span { start: container_start, end: tokens.offset() })
                }
                Token::ArrayEnd => MemberValue::Array(Span { start: container_start, end: tokens.offset() }),
                Token::String(value) => {
                    found.lone_surrogate |= value.lone_surrogate;
                    MemberValue::String(value)
                }
                Token::Number(span) => MemberValue::Number(span),
                Token::NonFinite(span) => {
                    found.non_finite = true;
                    MemberValue::NonFinite(span)
                }
                Token::True => MemberValue::Boolean(true),
                Token::False => MemberValue::Boolean(false),
                Token::Null => MemberValue::Null,
            };
            if depth == 1
                && let Some(key) = key.take()
            {
                self.members.push(Member { key, value });
            }
        }
        found.span.end = tokens.offset();
        Ok(found)
    }
}

fn ensure_utf8(text: &[u8], object: ScannedObject) -> Result<ScannedObject, ScanError> {
    utf8(text, object.span).map(|_| object)
}

/// The text of a span.
///
/// # Errors
/// The first byte of it that is not UTF-8.
pub fn utf8(text: &[u8], span: Span) -> Result<&str, ScanError> {
    // The quick check does not tell where it failed.
    simdutf8::basic::from_utf8(span.of(text)).or_else(|_| std::str::from_utf8(span.of(text))).map_err(
        |error| {
            let at = span.start + error.valid_up_to();
            ScanError::NotUtf8 { at, found: text[at] }
        },
    )
}

/// White space between JSON tokens.
pub fn is_blank(byte: u8) -> bool {
    matches!(byte, b' ' | b'\n' | b'\r' | b'\t')
}

/// The names of the objects that are open, to find one that stands twice in the same object.
#[derive(Default)]
struct Keys {
    names: Vec<(u64, Text)>,
    objects: Vec<usize>,
    sorted: Vec<(u64, usize)>,
    decoded: Vec<u8>,
}

impl Keys {
    fn clear(&mut self) {
        self.names.clear();
        self.objects.clear();
    }

    fn open_object(&mut self) {
        self.objects.push(self.names.len());
    }

    fn push(&mut self, text: &[u8], name: Text) {
        let hash = if name.escaped {
            self.decoded.clear();
            name.decode_into(text, &mut self.decoded);
            xxh3_64(&self.decoded)
        } else {
            xxh3_64(name.span.of(text))
        };
        self.names.push((hash, name));
    }

    /// Closes the innermost object: true if it has a name twice.
    fn close_object(&mut self, text: &[u8]) -> bool {
        let start = self.objects.pop().unwrap_or(0);
        let names = &self.names[start..];
        let decoded = |name: Text| {
            let mut decoded = Vec::new();
            name.decode_into(text, &mut decoded);
            decoded
        };
        const FEW: usize = 16;
        let twice = if names.len() <= FEW {
            names.iter().enumerate().any(|(i, &(hash, name))| {
                names[..i].iter().any(|&(other, earlier)| hash == other && decoded(name) == decoded(earlier))
            })
        } else {
            self.sorted.clear();
            self.sorted.extend(names.iter().enumerate().map(|(i, &(hash, _))| (hash, i)));
            self.sorted.sort_unstable();
            // A set, because names can be made whose hashes collide: comparing each with each would
            // let one such object hold up everything behind it.
            self.sorted.chunk_by(|a, b| a.0 == b.0).filter(|group| group.len() > 1).any(|group| {
                let mut seen = HashSet::new();
                group.iter().any(|&(_, i)| !seen.insert(decoded(names[i].1)))
            })
        };
        self.names.truncate(start);
        twice
    }
}

#[cfg(test)]
mod tests {
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
        assert_eq!(
            shown,
            [("a", "x"), ("b", r#"{"c": [1, {"d": 2}]}"#), ("e", "[3]"), ("f", "1e5"), ("g", "-")]
        );
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

    /// Objects of a few names, so that layouts come again, in any spelling.
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
                    recognised += usize::from(scanner.layout().is_some());
                }
            }
            let is_plain = |text: &&String| !text.contains("\\u0061") && scan(text).is_ok_and(|(found, _)| !found.duplicate_key);
            prop_assert!(recognised >= texts.iter().filter(is_plain).count(), "layouts are recognised");
        }
    }

    #[test]
    fn a_known_layout_gives_the_scalar_values_at_any_depth() {
        let mut scanner = ObjectScanner::new();
        for _ in 0..2 {
            scanner.scan(br#"{"a": 1, "b": {"c": ["x", {}], "d": null}}"#, 0).unwrap();
            assert_eq!(scanner.layout(), None, "the first object is not remembered, the second one is new");
        }
        let text = br#"{"a": 22, "b": {"c": ["yy", {}], "d": true}} rest"#;
        let found = scanner.scan(text, 0).unwrap();
        let (_, scalars) = scanner.layout().unwrap();
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
}
