//! Paths as texts, also those whose bytes are no UTF-8: two paths never have one text, and each is found again by its own.
//!
//! A byte that is no text becomes `\xFF`. A path that holds such a spelling itself has `\x5C` in the place of its backslash.
//! People read these texts, and stores keep them: every path has one, on every system, in characters that are seen.
//! `legacy/path_text.rs` spells them otherwise, because the files that it is for are Python's, which has a spelling of
//! its own; neither can stand for the other.

use std::path::{Path, PathBuf};

use serde::Serializer;

/// The text of a path.
#[cfg(unix)]
pub fn text_of(path: &Path) -> String {
    use std::os::unix::ffi::OsStrExt;
    let bytes = path.as_os_str().as_bytes();
    let mut text = String::with_capacity(bytes.len());
    for chunk in bytes.utf8_chunks() {
        let mut rest = chunk.valid();
        while let Some(at) = rest.find('\\') {
            let (before, from) = rest.split_at(at);
            text.push_str(before);
            text.push_str(if escaped_byte(from).is_some() { "\\x5C" } else { "\\" });
            rest = &from[1..];
        }
        text.push_str(rest);
        chunk.invalid().iter().for_each(|byte| text.push_str(&format!("\\x{byte:02X}")));
    }
    text
}

/// The path that a text names.
#[cfg(unix)]
pub fn path_of(text: &str) -> PathBuf {
    use std::os::unix::ffi::OsStringExt;
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find('\\') {
        let (before, from) = rest.split_at(at);
        bytes.extend_from_slice(before.as_bytes());
        let (byte, length) = escaped_byte(from).map_or((b'\\', 1), |byte| (byte, ESCAPE));
        bytes.push(byte);
        rest = &from[length..];
    }
    bytes.extend_from_slice(rest.as_bytes());
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

/// How a path is written in a document, whose texts are UTF-8.
pub fn serialize<S: Serializer>(path: &Path, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(&text_of(path))
}

/// The same, of a path that there need not be.
pub fn serialize_some<S: Serializer>(path: &Option<PathBuf>, serializer: S) -> Result<S::Ok, S::Error> {
    match path {
        Some(path) => serializer.serialize_some(&text_of(path)),
        None => serializer.serialize_none(),
    }
}

/// The length of `\xFF`.
#[cfg(unix)]
const ESCAPE: usize = 4;

/// The byte that a text which begins with a backslash spells there.
#[cfg(unix)]
fn escaped_byte(text: &str) -> Option<u8> {
    let digits = text.strip_prefix("\\x")?.get(..2)?;
    let is_spelled = digits.bytes().all(|digit| matches!(digit, b'0'..=b'9' | b'A'..=b'F'));
    is_spelled.then(|| u8::from_str_radix(digits, 16).ok()).flatten()
}

#[cfg(test)]
#[cfg(unix)]
mod tests {
    use std::collections::HashSet;
    use std::ffi::OsStr;
    use std::os::unix::ffi::OsStrExt;

    use super::*;

    fn path(bytes: &[u8]) -> &Path {
        Path::new(OsStr::from_bytes(bytes))
    }

    #[test]
    fn what_is_text_is_spelled_as_it_is_and_other_bytes_by_their_values() {
        for (bytes, text) in [
            (&b"data/a.json"[..], "data/a.json"),
            ("d\u{e4}ta/\u{1f600}\u{fffd}".as_bytes(), "d\u{e4}ta/\u{1f600}\u{fffd}"),
            (b"a\\b\\x\\xg0\\xfe\\x4", "a\\b\\x\\xg0\\xfe\\x4"),
            (b"x\xff.jsonl", "x\\xFF.jsonl"),
            (b"a\xc3/\x80", "a\\xC3/\\x80"),
            (b"x\\xFF.jsonl", "x\\x5CxFF.jsonl"),
            (b"\\\\x41\xff", "\\\\x5Cx41\\xFF"),
        ] {
            assert_eq!(text_of(path(bytes)), text);
            assert_eq!(path_of(text), path(bytes), "{text}");
        }
    }

    #[test]
    fn two_paths_never_have_one_text() {
        let parts = [&b"\\"[..], b"x", b"F", b"5C", b"\xff", b"\xc3", b"\xa4"];
        let mut texts = HashSet::new();
        let mut paths = HashSet::new();
        for number in 0..parts.len().pow(5) {
            let part = |place: u32| parts[number / parts.len().pow(place) % parts.len()];
            let name: Vec<u8> = (0..5).flat_map(part).copied().collect();
            let text = text_of(path(&name));
            assert_eq!(path_of(&text), path(&name));
            texts.insert(text);
            paths.insert(name);
        }
        assert_eq!(texts.len(), paths.len());
    }
}
