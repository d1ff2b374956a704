//! The grammar, once: a pull tokenizer that every other reader of JSON in this crate is built on.

use super::error::{ScanError, unexpected};
use super::span::Span;
use super::text::{self, Text};

/// One token. Separators are checked and not reported.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Token {
    /// `{`
    ObjectStart,
    /// `}`
    ObjectEnd,
    /// `[`
    ArrayStart,
    /// `]`
    ArrayEnd,
    /// The name of a member; its colon has been read.
    Key(Text),
    /// A string value.
    String(Text),
    /// A number, as its characters.
    Number(Span),
    /// `NaN`, `Infinity` or `-Infinity`, which are Python's and not JSON's.
    NonFinite(Span),
    /// `true`
    True,
    /// `false`
    False,
    /// `null`
    Null,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Expect {
    Value,
    ValueOrArrayEnd,
    Key,
    KeyOrObjectEnd,
    CommaOrEnd,
    Nothing,
}

/// Reads the tokens of one value, of any depth, from a place in a text.
pub struct Tokens<'t> {
    text: &'t [u8],
    at: usize,
    /// The open containers; true is an object.
    open: Vec<bool>,
    expect: Expect,
}

impl<'t> Tokens<'t> {
    /// A tokenizer for the value at `start`; white space before it is skipped.
    pub fn new(text: &'t [u8], start: usize) -> Self {
        Self::with_stack(text, start, Vec::new())
    }

    /// A tokenizer for the rest of an object that is open at `start`, after one of its values.
    pub fn after_member(text: &'t [u8], start: usize) -> Self {
        Self { text, at: start, open: vec![true], expect: Expect::CommaOrEnd }
    }

    /// As `new`, with a stack to reuse; `into_stack` gives it back.
    pub(super) fn with_stack(text: &'t [u8], start: usize, mut open: Vec<bool>) -> Self {
        open.clear();
        Self { text, at: start, open, expect: Expect::Value }
    }

    pub(super) fn into_stack(self) -> Vec<bool> {
        self.open
    }

    /// How many containers are open.
    pub fn depth(&self) -> usize {
        self.open.len()
    }

    /// The offset after the last token.
    pub fn offset(&self) -> usize {
        self.at
    }

    /// The next token, or `None` once the value is whole. What follows the value is not looked at.
    #[inline(always)]
    pub fn next_token(&mut self) -> Result<Option<Token>, ScanError> {
        if self.expect == Expect::Nothing {
            return Ok(None);
        }
        let mut byte = self.skip_blanks()?;
        if self.expect == Expect::CommaOrEnd && byte == b',' {
            self.at += 1;
            self.expect = if self.in_object() { Expect::Key } else { Expect::Value };
            byte = self.skip_blanks()?;
        }
        match (self.expect, byte) {
            (Expect::Key | Expect::KeyOrObjectEnd, b'"') => self.key().map(Some),
            (Expect::KeyOrObjectEnd, b'}') => Ok(Some(self.close(Token::ObjectEnd))),
            (Expect::ValueOrArrayEnd, b']') => Ok(Some(self.close(Token::ArrayEnd))),
            (Expect::CommaOrEnd, b'}') if self.in_object() => Ok(Some(self.close(Token::ObjectEnd))),
            (Expect::CommaOrEnd, b']') if !self.in_object() => Ok(Some(self.close(Token::ArrayEnd))),
            (Expect::Value | Expect::ValueOrArrayEnd, _) => self.value(byte).map(Some),
            _ => Err(self.unexpected(self.at)),
        }
    }

    fn in_object(&self) -> bool {
        self.open.last() == Some(&true)
    }

    #[inline(always)]
    fn skip_blanks(&mut self) -> Result<u8, ScanError> {
        loop {
            match self.text.get(self.at) {
                Some(b' ' | b'\n' | b'\r' | b'\t') => self.at += 1,
                Some(&byte) => return Ok(byte),
                None => return Err(self.unexpected(self.at)),
            }
        }
    }

    #[inline(always)]
    fn key(&mut self) -> Result<Token, ScanError> {
        let key = self.string()?;
        if self.skip_blanks().map_err(|error| expecting(error, COLON))? != b':' {
            return Err(unexpected(self.text, self.at, COLON));
        }
        self.at += 1;
        self.expect = Expect::Value;
        Ok(Token::Key(key))
    }

    #[inline(always)]
    fn value(&mut self, byte: u8) -> Result<Token, ScanError> {
        let token = match byte {
            b'{' => return Ok(self.open(Token::ObjectStart, true, Expect::KeyOrObjectEnd)),
            b'[' => return Ok(self.open(Token::ArrayStart, false, Expect::ValueOrArrayEnd)),
            b'"' => Token::String(self.string()?),
            b'0'..=b'9' => Token::Number(self.number()?),
            b'-' if self.text.get(self.at + 1) == Some(&b'I') => Token::NonFinite(self.literal("-Infinity")?),
            b'-' => Token::Number(self.number()?),
            b't' => self.literal("true").map(|_| Token::True)?,
            b'f' => self.literal("false").map(|_| Token::False)?,
            b'n' => self.literal("null").map(|_| Token::Null)?,
            b'N' => Token::NonFinite(self.literal("NaN")?),
            b'I' => Token::NonFinite(self.literal("Infinity")?),
            _ => return Err(self.unexpected(self.at)),
        };
        self.expect = self.after_value();
        Ok(token)
    }

    fn open(&mut self, token: Token, is_object: bool, expect: Expect) -> Token {
        self.at += 1;
        self.open.push(is_object);
        self.expect = expect;
        token
    }

    fn close(&mut self, token: Token) -> Token {
        self.at += 1;
        self.open.pop();
        self.expect = self.after_value();
        token
    }

    fn after_value(&self) -> Expect {
        if self.open.is_empty() { Expect::Nothing } else { Expect::CommaOrEnd }
    }

    #[inline(always)]
    fn string(&mut self) -> Result<Text, ScanError> {
        let text = text::scan(self.text, self.at + 1)?;
        self.at = text.span.end + 1;
        Ok(text)
    }

    fn number(&mut self) -> Result<Span, ScanError> {
        let start = self.at;
        let mut at = start + usize::from(self.text[start] == b'-');
        if self.text.get(at) == Some(&b'0') {
            at += 1;
        } else {
            at = self.digits(at)?;
        }
        if self.text.get(at) == Some(&b'.') {
            at = self.digits(at + 1)?;
        }
        if matches!(self.text.get(at), Some(b'e' | b'E')) {
            at += 1;
            at += usize::from(matches!(self.text.get(at), Some(b'+' | b'-')));
            at = self.digits(at)?;
        }
        self.at = at;
        Ok(Span { start, end: at })
    }

    fn digits(&self, start: usize) -> Result<usize, ScanError> {
        let count =
            self.text[start.min(self.text.len())..].iter().take_while(|byte| byte.is_ascii_digit()).count();
        if count == 0 { Err(unexpected(self.text, start, "a digit")) } else { Ok(start + count) }
    }

    fn literal(&mut self, literal: &'static str) -> Result<Span, ScanError> {
        let start = self.at;
        for (i, &expected) in literal.as_bytes().iter().enumerate() {
            if self.text.get(start + i) != Some(&expected) {
                return Err(unexpected(self.text, start + i, literal_name(literal)));
            }
        }
        self.at = start + literal.len();
        Ok(Span { start, end: self.at })
    }

    #[cold]
    fn unexpected(&self, at: usize) -> ScanError {
        let expected = match self.expect {
            Expect::Value => "a value",
            Expect::ValueOrArrayEnd => "a value or `]`",
            Expect::Key => "a member name in double quotes",
            Expect::KeyOrObjectEnd => "a member name in double quotes or `}`",
            Expect::CommaOrEnd if self.in_object() => "`,` or `}`",
            Expect::CommaOrEnd => "`,` or `]`",
            Expect::Nothing => "nothing more",
        };
        unexpected(self.text, at, expected)
    }
}

const COLON: &str = "`:` after the member name";

fn literal_name(literal: &'static str) -> &'static str {
    match literal {
        "true" => "the literal `true`",
        "false" => "the literal `false`",
        "null" => "the literal `null`",
        "NaN" => "the literal `NaN`",
        _ => "the literal `Infinity`",
    }
}

#[cold]
fn expecting(error: ScanError, expected: &'static str) -> ScanError {
    match error {
        ScanError::Unexpected { at, found, .. } => ScanError::Unexpected { at, expected, found },
        ScanError::Incomplete { at, .. } => ScanError::Incomplete { at, expected },
        other => other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tokens(text: &str) -> Result<Vec<Token>, ScanError> {
        let mut tokens = Tokens::new(text.as_bytes(), 0);
        let mut all = Vec::new();
        while let Some(token) = tokens.next_token()? {
            all.push(token);
        }
        Ok(all)
    }

    #[test]
    fn an_object_is_read_as_its_tokens_in_order() {
        use Token::*;
        let text = |start, end| Text { span: Span { start, end }, escaped: false, lone_surrogate: false };
        assert_eq!(
            tokens(r#"{"a": [1, -Infinity, null], "b": true}"#).unwrap(),
            vec![
                ObjectStart,
                Key(text(2, 3)),
                ArrayStart,
                Number(Span { start: 7, end: 8 }),
                NonFinite(Span { start: 10, end: 19 }),
                Null,
                ArrayEnd,
                Key(text(29, 30)),
                True,
                ObjectEnd,
            ]
        );
    }

    #[test]
    fn what_is_not_json_is_refused_at_its_byte() {
        for (text, at, expected) in [
            (r#"{"a" 1}"#, 5, "`:` after the member name"),
            (r#"{"a": 01}"#, 7, "`,` or `}`"),
            (r#"{"a": 1.}"#, 8, "a digit"),
            (r#"{"a": 1,}"#, 8, "a member name in double quotes"),
            (r#"[1,]"#, 3, "a value"),
            (r#"[1}"#, 2, "`,` or `]`"),
            (r#"{"a": tru}"#, 9, "the literal `true`"),
            (r#"{"a": +1}"#, 6, "a value"),
            (r#"{a: 1}"#, 1, "a member name in double quotes or `}`"),
            (r#"{"a": -}"#, 7, "a digit"),
            (r#"{"a": 1e}"#, 8, "a digit"),
        ] {
            match tokens(text) {
                Err(ScanError::Unexpected { at: found_at, expected: found, .. }) => {
                    assert_eq!((found_at, found), (at, expected), "{text}");
                }
                other => panic!("{text}: {other:?}"),
            }
        }
    }

    #[test]
    fn every_prefix_of_a_value_is_incomplete_and_never_wrong() {
        let whole = r#"{"a": [1.5e+10, -Infinity, NaN, "x\u00e9\n", {"b": null}], "c": false}"#;
        assert!(tokens(whole).is_ok());
        for end in 0..whole.len() {
            assert!(matches!(tokens(&whole[..end]), Err(ScanError::Incomplete { .. })), "cut at {end}");
        }
    }

    #[test]
    fn depth_is_bounded_by_memory_alone() {
        let deep = "[".repeat(1_000_000) + &"]".repeat(1_000_000);
        assert_eq!(tokens(&deep).unwrap().len(), 2_000_000);
    }

    #[test]
    fn an_error_names_what_was_expected_and_what_came() {
        assert_eq!(tokens("[1 2]").unwrap_err().to_string(), "expected `,` or `]`, found `2`");
        assert_eq!(tokens("[1").unwrap_err().to_string(), "expected `,` or `]`, but the text ends");
        assert_eq!(tokens("[\u{1}").unwrap_err().to_string(), "expected a value or `]`, found the byte 0x01");
    }
}
