//! A record as Python's `json.dump` writes it.
//!
//! What is written is what `json.dumps(json.loads(text))` gives: ASCII alone, `", "` and `": "`, keys in their order, floats
//! as Python's `repr` spells them, `NaN` and the infinities as they came; half of a surrogate pair stays what it is. What
//! Python would read as something else, or could not read back, is refused.

use thiserror::Error;

use crate::wire::json::{ObjectScanner, ScanError, Text, Token, Tokens, is_blank};

/// Containers may be nested so deep, the record itself counted: Python's `json.load` gives up where its stack ends, at
/// 1,000 in all by default, and with it every event of the file would be unreadable.
const MOST_NESTED: usize = 500;
/// Python refuses to make an integer of more digits.
const MOST_DIGITS: usize = 4_300;

/// Why a text cannot be written as a record.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum InvalidRecord {
    /// It is no JSON object.
    #[error("it is not one JSON object, at byte {}", .0.at())]
    Syntax(#[from] ScanError),
    /// Something stands after the object.
    #[error("expected nothing after the JSON object, found more at byte {at}")]
    Trailing {
        /// The offset of the first byte that is too many.
        at: usize,
    },
    /// An object, at any depth, has the same name twice.
    #[error("an object in it has the same name twice, of which Python would keep one: remove the other")]
    RepeatedName,
    /// A number that would become another one.
    #[error("the number {number} is beyond what a float can hold: Python would write Infinity")]
    BeyondFloat {
        /// Its characters.
        number: String,
    },
    /// An integer that Python would not read back.
    #[error(
        "it holds an integer of {digits} digits, and Python reads {MOST_DIGITS} at most: write it as text"
    )]
    TooManyDigits {
        /// How many there are.
        digits: usize,
    },
    /// Python could not read it back.
    #[error("it is nested deeper than {MOST_NESTED}, where Python's reading of the whole file could fail")]
    TooDeep,
}

/// How an element is spread over lines.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Spread<'l> {
    /// Not at all.
    OneLine,
    /// As `json.dump` with an `indent` does, within an array.
    Lines {
        /// `\n`, or what the file has.
        newline: &'l str,
        /// What a level is indented by.
        indent: &'l str,
    },
}

/// Writes the object that `record` holds.
pub(super) fn write_record(record: &str, spread: Spread<'_>, out: &mut String) -> Result<(), InvalidRecord> {
    let text = record.as_bytes();
    let object = ObjectScanner::new().extent(text, 0)?;
    if let Some(more) = text[object.span.end..].iter().position(|byte| !is_blank(*byte)) {
        return Err(InvalidRecord::Trailing { at: object.span.end + more });
    }
    if object.duplicate_key {
        return Err(InvalidRecord::RepeatedName);
    }
    let mut tokens = Tokens::new(text, 0);
    let mut writer = Writer { out, spread, open: Vec::new(), is_after_name: false };
    while let Some(token) = tokens.next_token()? {
        writer.write(token, text)?;
    }
    Ok(())
}

struct Writer<'o, 'l> {
    out: &'o mut String,
    spread: Spread<'l>,
    /// Of each open container, whether something stands in it.
    open: Vec<bool>,
    is_after_name: bool,
}

impl Writer<'_, '_> {
    fn write(&mut self, token: Token, text: &[u8]) -> Result<(), InvalidRecord> {
        match token {
            Token::ObjectEnd => self.close('}'),
            Token::ArrayEnd => self.close(']'),
            Token::Key(name) => {
                self.begin();
                self.string(name, text);
                self.out.push_str(": ");
                self.is_after_name = true;
            }
            value => {
                self.begin();
                self.value(value, text)?;
            }
        }
        Ok(())
    }

    fn value(&mut self, value: Token, text: &[u8]) -> Result<(), InvalidRecord> {
        match value {
            Token::ObjectStart => self.open('{')?,
            Token::ArrayStart => self.open('[')?,
            Token::String(value) => self.string(value, text),
            Token::Number(span) => self.number(&String::from_utf8_lossy(span.of(text)))?,
            Token::NonFinite(span) => self.out.push_str(&String::from_utf8_lossy(span.of(text))),
            Token::True => self.out.push_str("true"),
            Token::False => self.out.push_str("false"),
            Token::Null => self.out.push_str("null"),
            Token::Key(_) | Token::ObjectEnd | Token::ArrayEnd => {}
        }
        Ok(())
    }

    /// What stands before a name, or before a value of an array.
    fn begin(&mut self) {
        if std::mem::take(&mut self.is_after_name) {
            return;
        }
        let Some(has_values) = self.open.last_mut() else { return };
        let is_further = std::mem::replace(has_values, true);
        match self.spread {
            Spread::OneLine if is_further => self.out.push_str(", "),
            Spread::OneLine => {}
            Spread::Lines { .. } => {
                if is_further {
                    self.out.push(',');
                }
                self.new_line();
            }
        }
    }

    fn new_line(&mut self) {
        if let Spread::Lines { newline, indent } = self.spread {
            self.out.push_str(newline);
            // The record is in an array.
            (0..=self.open.len()).for_each(|_| self.out.push_str(indent));
        }
    }

    fn open(&mut self, bracket: char) -> Result<(), InvalidRecord> {
        self.out.push(bracket);
        self.open.push(false);
        if self.open.len() > MOST_NESTED { Err(InvalidRecord::TooDeep) } else { Ok(()) }
    }

    fn close(&mut self, bracket: char) {
        if self.open.pop() == Some(true) {
            self.new_line();
        }
        self.out.push(bracket);
    }

    fn number(&mut self, number: &str) -> Result<(), InvalidRecord> {
        if number.contains(['.', 'e', 'E']) {
            return match number.parse::<f64>() {
                Ok(float) if float.is_finite() => {
                    push_float(float, self.out);
                    Ok(())
                }
                _ => Err(InvalidRecord::BeyondFloat { number: number.to_owned() }),
            };
        }
        let digits = number.trim_start_matches('-').len();
        if digits > MOST_DIGITS {
            return Err(InvalidRecord::TooManyDigits { digits });
        }
        // An integer has no negative zero.
        self.out.push_str(if number == "-0" { "0" } else { number });
        Ok(())
    }

    fn string(&mut self, string: Text, text: &[u8]) {
        let mut decoded = Vec::new();
        string.decode_into(text, &mut decoded);
        self.out.push('"');
        let mut rest = &decoded[..];
        while let Some((code_point, length)) = first_code_point(rest) {
            push_escaped(code_point, self.out);
            rest = &rest[length..];
        }
        self.out.push('"');
    }
}

/// The first code point of a text in generalized UTF-8, and how many bytes it has.
fn first_code_point(text: &[u8]) -> Option<(u32, usize)> {
    let first = *text.first()?;
    let (bits, length) = match first {
        ..0x80 => return Some((u32::from(first), 1)),
        0x80..0xE0 => (first & 0x1F, 2),
        0xE0..0xF0 => (first & 0x0F, 3),
        _ => (first & 0x07, 4),
    };
    let further = text.iter().take(length).skip(1);
    Some((
        further.fold(u32::from(bits), |code, byte| code << 6 | u32::from(byte & 0x3F)),
        length.min(text.len()),
    ))
}

fn push_escaped(code_point: u32, out: &mut String) {
    let mut push_unit = |unit: u32| out.push_str(&format!("\\u{unit:04x}"));
    match code_point {
        0x10000.. => {
            let rest = code_point - 0x10000;
            push_unit(0xD800 + (rest >> 10));
            push_unit(0xDC00 + (rest & 0x3FF));
        }
        0x22 => out.push_str("\\\""),
        0x5C => out.push_str("\\\\"),
        0x08 => out.push_str("\\b"),
        0x09 => out.push_str("\\t"),
        0x0A => out.push_str("\\n"),
        0x0C => out.push_str("\\f"),
        0x0D => out.push_str("\\r"),
        0x20..=0x7E => out.extend(char::from_u32(code_point)),
        _ => push_unit(code_point),
    }
}

/// As Python's `repr`: the shortest digits that give the float back, with an exponent from 1e+16 and below 1e-04.
fn push_float(float: f64, out: &mut String) {
    let shortest = shortest(float);
    let (mantissa, exponent) = shortest.split_once('e').unwrap_or((&shortest, "0"));
    let exponent: i32 = exponent.parse().unwrap_or(0);
    let (sign, mantissa) = mantissa.strip_prefix('-').map_or(("", mantissa), |rest| ("-", rest));
    out.push_str(sign);
    if !(-4..16).contains(&exponent) {
        let sign = if exponent < 0 { '-' } else { '+' };
        out.push_str(&format!("{mantissa}e{sign}{:02}", exponent.unsigned_abs()));
        return;
    }
    let digits: String = mantissa.chars().filter(char::is_ascii_digit).collect();
    let before_point = usize::try_from(exponent + 1).unwrap_or(0);
    if before_point == 0 {
        out.push_str("0.");
        (exponent..-1).for_each(|_| out.push('0'));
        out.push_str(&digits);
    } else if digits.len() <= before_point {
        out.push_str(&format!("{digits:0<before_point$}.0"));
    } else {
        out.push_str(&format!("{}.{}", &digits[..before_point], &digits[before_point..]));
    }
}

/// Of two texts of as few digits as can be that lie equally near, Rust takes the greater one, and Python the even one.
fn shortest(float: f64) -> String {
    let greater = format!("{float:e}");
    let digits = greater.bytes().take_while(|byte| *byte != b'e').filter(u8::is_ascii_digit).count();
    let nearest = format!("{float:.*e}", digits.saturating_sub(1));
    if nearest.parse() == Ok(float) { nearest } else { greater }
}

#[cfg(test)]
mod tests;
