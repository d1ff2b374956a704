//! Paths as texts, also those whose bytes are no UTF-8.
//!
//! The files of the legacy system spell them as Python does (`surrogateescape`): a byte that is no text becomes half of a
//! surrogate pair, 0xE9 the code U+DCE9, which `json.dump` writes as `\udce9`, and `open` makes the byte of again. A text of
//! Rust holds no such half. In memory, U+10FF00 + byte stands in for it: the last 128 characters, of private use. A path that
//! holds one of these itself is spelled byte by byte, so that two paths never have one text.
//!
//! Stores and reports of this program have `\xFF` instead (`domain/path_text.rs`), which no program in Python reads back.

use std::borrow::Cow;
use std::path::{Path, PathBuf};

const FIRST_STAND_IN: u32 = 0x0010_FF80;

/// The text of a path.
#[cfg(unix)]
pub fn text_of(path: &Path) -> String {
    use std::os::unix::ffi::OsStrExt;
    let mut text = String::new();
    for chunk in path.as_os_str().as_bytes().utf8_chunks() {
        for character in chunk.valid().chars() {
            match byte_of(character) {
                None => text.push(character),
                Some(_) => text.extend(character.encode_utf8(&mut [0; 4]).bytes().map(stand_in)),
            }
        }
        text.extend(chunk.invalid().iter().copied().map(stand_in));
    }
    text
}

/// The path that a text names.
#[cfg(unix)]
pub fn path_of(text: &str) -> PathBuf {
    use std::os::unix::ffi::OsStringExt;
    let mut bytes = Vec::with_capacity(text.len());
    for character in text.chars() {
        match byte_of(character) {
            Some(byte) => bytes.push(byte),
            None => bytes.extend_from_slice(character.encode_utf8(&mut [0; 4]).as_bytes()),
        }
    }
    std::ffi::OsString::from_vec(bytes).into()
}

/// The text of a path.
#[cfg(not(unix))]
pub fn text_of(path: &Path) -> String {
    path.to_string_lossy().into_owned()
}

/// The path that a text names.
#[cfg(not(unix))]
pub fn path_of(text: &str) -> PathBuf {
    text.into()
}

/// A text, or the JSON of texts, with bytes that are no text as JSON spells them: `\udce9`. For files, and to be shown.
pub fn escaped(text: &str) -> Cow<'_, str> {
    if !holds_stand_in(text) {
        return Cow::Borrowed(text);
    }
    let mut escaped = String::with_capacity(text.len() + 16);
    for character in text.chars() {
        match byte_of(character) {
            Some(byte) => escaped.push_str(&format!("\\udc{byte:02x}")),
            None => escaped.push(character),
        }
    }
    Cow::Owned(escaped)
}

/// JSON as it is read: with what stands in for each byte that is spelled so.
pub fn unescaped(json: &[u8]) -> Cow<'_, [u8]> {
    let (mut unescaped, mut taken, mut at) = (Vec::new(), 0, 0);
    while let Some(found) = memchr::memchr(b'\\', &json[at..]) {
        at += found;
        let Some(unit) = escaped_unit(&json[at..]) else {
            at = json.len().min(at + 2);
            continue;
        };
        let is_pair = (0xD800..0xDC00).contains(&unit)
            && escaped_unit(&json[at + 6..]).is_some_and(|low| (0xDC00..0xE000).contains(&low));
        if let (0xDC80..=0xDCFF, Ok(byte)) = (unit, u8::try_from(unit & 0xFF)) {
            unescaped.extend_from_slice(&json[taken..at]);
            unescaped.extend_from_slice(stand_in(byte).encode_utf8(&mut [0; 4]).as_bytes());
            taken = at + 6;
        }
        at += if is_pair { 12 } else { 6 };
    }
    if taken == 0 {
        return Cow::Borrowed(json);
    }
    unescaped.extend_from_slice(&json[taken..]);
    Cow::Owned(unescaped)
}

/// Whether a text holds what stands in for a byte.
pub fn holds_stand_in(text: &str) -> bool {
    text.chars().any(|character| byte_of(character).is_some())
}

/// What stands in for a byte, of which the highest bit is set: the others are text.
#[cfg_attr(not(unix), allow(dead_code))]
fn stand_in(byte: u8) -> char {
    char::from_u32(FIRST_STAND_IN + u32::from(byte & 0x7F)).unwrap_or(char::REPLACEMENT_CHARACTER)
}

/// The byte that a character stands in for.
fn byte_of(character: char) -> Option<u8> {
    let offset = u32::from(character).checked_sub(FIRST_STAND_IN)?;
    u8::try_from(offset).ok().map(|offset| offset | 0x80)
}

/// The code unit of an escape `\uXXXX` that JSON begins with.
fn escaped_unit(json: &[u8]) -> Option<u16> {
    let digits = json.strip_prefix(b"\\u")?.get(..4)?;
    let digits = std::str::from_utf8(digits)
        .ok()
        .filter(|digits| digits.bytes().all(|digit| digit.is_ascii_hexdigit()))?;
    u16::from_str_radix(digits, 16).ok()
}

#[cfg(test)]
#[cfg(unix)]
mod tests {
    use std::ffi::OsStr;
    use std::os::unix::ffi::OsStrExt;

    use super::*;

    fn path(bytes: &[u8]) -> &Path {
        Path::new(OsStr::from_bytes(bytes))
    }

    #[test]
    fn a_path_is_spelled_as_python_spells_it_and_is_found_again() {
        for (bytes, text) in [
            (&b"data/a.md"[..], "data/a.md"),
            ("d\u{e4}ta/\u{1f600}".as_bytes(), "d\u{e4}ta/\u{1f600}"),
            (b"caf\xe9.md", "caf\\udce9.md"),
            (b"\x80\xff", "\\udc80\\udcff"),
            // Half of a character of two bytes, and one that is too long.
            (b"a\xc3", "a\\udcc3"),
            (b"\xc0\xaf", "\\udcc0\\udcaf"),
            // What stands in for a byte itself.
            ("\u{10ff80}".as_bytes(), "\\udcf4\\udc8f\\udcbe\\udc80"),
        ] {
            let spelled = text_of(path(bytes));
            assert_eq!(escaped(&spelled), text);
            assert_eq!(path_of(&spelled), path(bytes), "{text}");
        }
    }

    #[test]
    fn two_paths_never_have_one_text() {
        let bytes = [b'a', 0x7F, 0x80, 0xBE, 0xC3, 0xE9, 0xF4, 0x8F, 0xFF];
        let mut texts = std::collections::HashSet::new();
        for one in bytes {
            for two in bytes {
                for three in bytes {
                    let name = [one, two, three, b'\xf4', b'\x8f', b'\xbe', b'\x80'];
                    let text = text_of(path(&name));
                    assert_eq!(path_of(&text), path(&name));
                    assert!(texts.insert(text), "{name:?}");
                }
            }
        }
    }

    #[test]
    fn json_is_read_as_it_was_written_and_pairs_and_other_halves_stay() {
        for (bytes, quoted) in
            [(&b"caf\xe9\"\\.md"[..], r#""caf\udce9\"\\.md""#), (b"\\udce9", r#""\\udce9""#)]
        {
            let text = text_of(path(bytes));
            let json = serde_json::to_string(&text).unwrap();
            assert_eq!(escaped(&json), quoted);
            let read: String = serde_json::from_slice(&unescaped(quoted.as_bytes())).unwrap();
            assert_eq!(read, text);
        }
        for stays in [
            r#""\ud83d\udcff""#,
            r#""\ud83d""#,
            r#""\udc7f""#,
            r#""\udd00""#,
            r#""\u00e9\n\\""#,
            r#""\udc"#,
            "\\",
        ] {
            assert!(matches!(unescaped(stays.as_bytes()), Cow::Borrowed(_)), "{stays}");
        }
        let mixed = unescaped(br#""\ud83d\udcff\uDCFF\udcff\ud83d\udcff""#).into_owned();
        let mixed: String = serde_json::from_slice(&mixed).unwrap();
        assert_eq!(path_of(&mixed), path(b"\xf0\x9f\x93\xbf\xff\xff\xf0\x9f\x93\xbf"));
    }
}
