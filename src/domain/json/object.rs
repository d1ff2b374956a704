//! A record: one object, its top-level members as spans, and what is unusual about it.

use std::collections::HashSet;

use xxhash_rust::xxh3::xxh3_64;

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
        self.members.clear();
        self.keys.clear();
        let blanks = text[start.min(text.len())..].iter().take_while(|byte| is_blank(**byte));
        let start = start + blanks.count();
        if text.get(start) != Some(&b'{') {
            return Err(unexpected(text, start, "an object"));
        }
        let mut tokens = Tokens::with_stack(text, start, std::mem::take(&mut self.open));
        let scanned = self.scan_tokens(text, start, &mut tokens);
        self.open = tokens.into_stack();
        scanned
    }

    /// The members of the last object, in the order of the text.
    pub fn members(&self) -> &[Member] {
        &self.members
    }

    fn scan_tokens(
        &mut self,
        text: &[u8],
        start: usize,
        tokens: &mut Tokens<'_>,
    ) -> Result<ScannedObject, ScanError> {
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
        let bytes = found.span.of(text);
        // Mostly all of it is ASCII, which is seen faster.
        if !bytes.is_ascii()
            && let Err(error) = std::str::from_utf8(bytes)
        {
            let at = start + error.valid_up_to();
            return Err(ScanError::NotUtf8 { at, found: text[at] });
        }
        Ok(found)
    }
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

    #[test]
    fn a_scanner_forgets_the_object_before() {
        let mut scanner = ObjectScanner::new();
        assert!(scanner.scan(br#"{"a": {"b": [1, 2"#, 0).is_err());
        let found = scanner.scan(br#"{"b": 1}"#, 0).unwrap();
        assert!(!found.duplicate_key);
        assert_eq!(scanner.members().len(), 1);
    }
}
