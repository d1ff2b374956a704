//! Searching a file for events, whatever else is in it.
//!
//! Of a log every byte is accounted for, and what is no record there is damage. A file that is not read as a
//! log is asked one question: does a record stand in it, anywhere? Each `{` is tried, so that records of several
//! lines, in holders, after other text or in UTF-16 are found as well. What a log would reject is a record too,
//! where it has the name of the field of a type or a time.

use std::io::{self, ErrorKind, Read};
use std::ops::ControlFlow;

use crate::wire::json::{ScanError, ScannedObject};
use crate::wire::local_time::DstPolicy;
use crate::wire::mapping::Mapping;
use crate::wire::record::RecordReader;
use crate::wire::zone::Zone;

use super::limits::LONGEST_RECORD;

/// How many bytes are read at once.
const CHUNK: usize = 1 << 18;
/// How much of a damaged line is looked at.
const LONGEST_LINE: usize = 1 << 16;
/// How often each byte may be scanned as a part of what is no event, on average: objects within objects are
/// scanned again and again.
const MOST_SCANS: u64 = 16;
/// How many bytes may be, whatever the length of the content: those of a few objects that are too long to be held.
const LEAST_WASTE: u64 = 8 * LONGEST_RECORD as u64;

/// How a search ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Searched {
    /// It was stopped at a record.
    Stopped,
    /// The whole content was searched.
    Ended {
        /// All of it is text: a record that is in it was found.
        is_text: bool,
        /// Something in it may be a record that is damaged.
        has_damage: bool,
    },
    /// It was given up: too much of the content lies within objects that are no events, or never close.
    GivenUp,
}

/// A record that was found.
pub(super) struct FoundRecord<'f> {
    text: &'f [u8],
    object: ScannedObject,
    reader: &'f RecordReader<'f>,
}

impl FoundRecord<'_> {
    /// Its text.
    pub fn bytes(&self) -> &[u8] {
        self.object.span.of(self.text)
    }

    /// Whether it has a field of that name at its top level.
    pub fn has_field(&self, name: &str) -> bool {
        let (members, _) = self.reader.members();
        members.iter().any(|member| member.key.decode(self.text).as_deref() == Some(name))
    }
}

/// Gives every record of the content, as the mapping reads them, to `take`, until it stops the search.
pub(super) fn search_events(
    content: &mut dyn Read,
    mapping: &Mapping,
    take: &mut dyn FnMut(&FoundRecord<'_>) -> ControlFlow<()>,
) -> io::Result<Searched> {
    // Times do not matter here.
    let zone = Zone::utc();
    let mut reader = RecordReader::with_mapping(&zone, DstPolicy::Resolve, mapping);
    let names = names_of_records(mapping);
    let mut window = SearchWindow::new(content);
    let mut at = 0;
    // Up to where the text is nested in an object that is no record.
    let mut nested_to = 0_usize;
    let mut has_damage = false;
    loop {
        let Some(offset) = memchr::memchr(b'{', &window.text[at..]) else {
            let length = window.text.len();
            if !window.grow(length)? {
                return Ok(Searched::Ended { is_text: window.is_text(), has_damage });
            }
            (at, nested_to) = (0, nested_to.saturating_sub(length));
            continue;
        };
        at += offset;
        window.has_objects = true;
        let scanned = match reader.scan(&window.text, at) {
            Ok(object) => {
                let is_event = reader.is_event(&window.text, object);
                let found = FoundRecord { text: &window.text, object, reader: &reader };
                if is_event || at >= nested_to && names.iter().any(|name| found.has_field(name)) {
                    if take(&found).is_break() {
                        return Ok(Searched::Stopped);
                    }
                    at = object.span.end;
                    continue;
                }
                nested_to = nested_to.max(object.span.end);
                object.span.end - at
            }
            Err(ScanError::Incomplete { .. }) if window.text.len() - at < LONGEST_RECORD => {
                let scanned = window.text.len() - at;
                if window.grow(at)? {
                    window.wasted += scanned as u64;
                    (at, nested_to) = (0, nested_to.saturating_sub(at));
                    continue;
                }
                (at, nested_to) = (0, nested_to.saturating_sub(at));
                has_damage |= nested_to == 0 && names_one(&window.text, &names);
                scanned
            }
            Err(error) => {
                let scanned = error.at().saturating_sub(at);
                let has_line =
                    |text: &[u8]| memchr::memchr(b'\n', text).is_some() || text.len() >= LONGEST_LINE;
                if !has_line(&window.text[at..]) {
                    let has_grown = window.grow(at)?;
                    (at, nested_to) = (0, nested_to.saturating_sub(at));
                    if has_grown {
                        continue;
                    }
                }
                let rest = &window.text[at..];
                let line = memchr::memchr(b'\n', rest).map_or(rest, |end| &rest[..end]);
                has_damage |= at >= nested_to && names_one(line, &names);
                scanned
            }
        };
        at += 1;
        window.wasted += scanned as u64;
        if window.wasted > MOST_SCANS * window.read + LEAST_WASTE {
            return Ok(Searched::GivenUp);
        }
    }
}

/// The names by which an object at the top shows that it was written as a record.
fn names_of_records(mapping: &Mapping) -> Vec<String> {
    match mapping {
        Mapping::BuiltIn => ["event_type", "type", "timestamp"].map(str::to_owned).to_vec(),
        Mapping::Declared(declared) => [&declared.event_type, &declared.timestamp]
            .into_iter()
            .filter_map(|path| path.names().first().cloned())
            .collect(),
    }
}

/// Whether one of the names stands in a text as the name of a field does.
fn names_one(text: &[u8], names: &[String]) -> bool {
    names.iter().any(|name| memchr::memmem::find(text, format!("\"{name}\"").as_bytes()).is_some())
}

/// A part of the content, as text in UTF-8: zero bytes are left out, and what is no UTF-8 is replaced.
struct SearchWindow<'c> {
    content: &'c mut dyn Read,
    chunk: Vec<u8>,
    text: Vec<u8>,
    /// The beginning of a character that the last chunk has cut.
    cut: Vec<u8>,
    /// How many bytes were read.
    read: u64,
    /// How many bytes were scanned as a part of what is no event.
    wasted: u64,
    has_objects: bool,
    has_zeros: bool,
    has_controls: bool,
}

impl<'c> SearchWindow<'c> {
    fn new(content: &'c mut dyn Read) -> Self {
        Self {
            content,
            chunk: vec![0; CHUNK],
            text: Vec::new(),
            cut: Vec::new(),
            read: 0,
            wasted: 0,
            has_objects: false,
            has_zeros: false,
            has_controls: false,
        }
    }

    /// Drops the text before `start` and reads on: as much again as is left, or a chunk. False at the end of
    /// the content.
    fn grow(&mut self, start: usize) -> io::Result<bool> {
        self.text.drain(..start);
        let before = self.text.len();
        let wanted = before.max(1);
        while self.text.len() - before < wanted {
            match self.content.read(&mut self.chunk) {
                Ok(0) => return Ok(self.text.len() > before),
                Ok(count) => {
                    self.read += count as u64;
                    self.add(count);
                }
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
        Ok(true)
    }

    fn add(&mut self, count: usize) {
        let mut bytes = std::mem::take(&mut self.cut);
        bytes.extend_from_slice(&self.chunk[..count]);
        self.has_controls |= bytes.iter().any(|byte| is_control(*byte));
        if memchr::memchr(0, &bytes).is_some() {
            self.has_zeros = true;
            bytes.retain(|byte| *byte != 0);
        }
        let mut rest = bytes.as_slice();
        while let Err(error) = std::str::from_utf8(rest) {
            let (valid, others) = rest.split_at(error.valid_up_to());
            self.text.extend_from_slice(valid);
            let Some(wrong) = error.error_len() else {
                self.cut = others.to_vec();
                return;
            };
            self.text.push(b'?');
            rest = &others[wrong..];
        }
        self.text.extend_from_slice(rest);
    }

    /// Zero bytes may be those of UTF-16, of which the characters beyond ASCII were not read as what they are:
    /// an object among them may have been overlooked.
    fn is_text(&self) -> bool {
        !(self.has_controls || self.has_zeros && self.has_objects)
    }
}

/// Control characters that texts do not have. Zero bytes stand in texts as well, after a power cut.
fn is_control(byte: u8) -> bool {
    matches!(byte, 0x01..=0x07 | 0x0E..=0x1A | 0x1C | 0x1D | 0x1F | 0x7F)
}

#[cfg(test)]
mod tests {
    use super::*;

    const EVENT: &str = r#"{"type": "A", "timestamp": "2025-01-01T00:00:00", "title": "é"}"#;

    /// How many events are found, and how the search ended.
    fn search(content: &[u8]) -> (usize, Searched) {
        let mut found = 0;
        let ended = search_events(&mut &content[..], &Mapping::BuiltIn, &mut |_| {
            found += 1;
            ControlFlow::Continue(())
        });
        (found, ended.unwrap())
    }

    fn is_found(content: impl AsRef<[u8]>) -> bool {
        search(content.as_ref()).0 == 1
    }

    #[test]
    fn an_event_is_found_wherever_and_however_it_stands() {
        let utf_16: Vec<u8> = EVENT.encode_utf16().flat_map(u16::to_be_bytes).collect();
        for content in [
            EVENT.as_bytes().to_vec(),
            format!("\u{feff}[{EVENT}]").into_bytes(),
            EVENT.replace(", ", ",\n  ").into_bytes(),
            format!("2025-01-01 INFO {EVENT} and more").into_bytes(),
            format!("{{\"Records\": [{{}}, {{\"of\": {EVENT}}}]}}").into_bytes(),
            format!("{{\"torn\": {{{{{{\n{EVENT}").into_bytes(),
            [&[0; 1000], EVENT.as_bytes(), &[0; 1000]].concat(),
            [b"\x1e", EVENT.as_bytes()].concat(),
            [b"\x89PNG\xff\xfe{\x01", EVENT.as_bytes()].concat(),
            EVENT.replace('é', "?").replace('?', "\u{1}").replace('\u{1}', "\\u00e9").into_bytes(),
            EVENT.as_bytes().iter().copied().filter(|byte| *byte != 0xc3).collect(),
            [b"\xfe\xff", utf_16.as_slice()].concat(),
            utf_16,
        ] {
            assert!(is_found(&content), "{}", String::from_utf8_lossy(&content));
        }
    }

    #[test]
    fn an_event_is_found_over_the_ends_of_what_is_read_at_once() {
        for before in CHUNK - 80..CHUNK + 2 {
            assert!(is_found(format!("{}{EVENT}", "é".repeat(before / 2) + &" ".repeat(before % 2))));
        }
        let long = EVENT.replace('é', &"é".repeat(CHUNK));
        assert!(is_found(format!("x {long} x")));
        assert!(is_found(format!("{}{EVENT}", "all quiet\n".repeat(500_000))));
    }

    #[test]
    fn an_event_is_found_in_a_holder_that_is_longer_than_a_record_may_be() {
        let filling = format!("{{\"n\": \"{}\"}}, ", "x".repeat(1000)).repeat(LONGEST_RECORD / 900);
        assert!(is_found(format!("{{\"records\": [{filling}{EVENT}]}}")));
    }

    #[test]
    fn what_is_no_event_is_not_found_and_said_to_be_text_or_not() {
        for (content, is_text) in [
            (&b""[..], true),
            (b"all quiet\r\n\tat {all}\x1b[0m", true),
            (b"caf\xe9 {}", true),
            (br#"{"name": "A", "schema": {"type": "string"}, "of": [{"type": "number"}]}"#, true),
            (br#"{"name": "A", "wrong": }"#, true),
            (b"\xff\xfea\x00b\x00", true),
            (b"\xff\xfe{\x00\x22\x4e}\x00", false),
            (b"\x01\x02", false),
        ] {
            let found = search(content);
            let ended = Searched::Ended { is_text, has_damage: false };
            assert_eq!(found, (0, ended), "{}", String::from_utf8_lossy(content));
        }
    }

    #[test]
    fn a_record_that_a_log_would_reject_is_found() {
        for content in [
            r#"{"type": "A"}"#,
            r#"x {"timestamp": "2025-01-01"}"#,
            r#"{"type": null, "timestamp": "2025-01-01"}"#,
            r#"{"event_type": "A", "timestamp": 1761559200}"#,
            r#"{"event_type": "A", "timestamp": "27.10.2025 10:00"}"#,
        ] {
            assert!(is_found(content), "{content}");
        }
    }

    #[test]
    fn a_record_that_is_damaged_is_told_wherever_it_stands() {
        let damaged = [
            r#"{"type": "A", "timestamp": "2025-01-01T00:00:00", "path": "C:\data"}"#.to_owned(),
            EVENT.replace('}', ",}"),
            EVENT.replace("title", "ti\ttle"),
            EVENT[..40].to_owned(),
        ];
        for line in damaged {
            for before in [0, CHUNK - 60, CHUNK - 5, CHUNK] {
                let (found, ended) = search(format!("{}{line}\n", " ".repeat(before)).as_bytes());
                let told = matches!(ended, Searched::Ended { has_damage: true, .. });
                assert!(found == 0 && told, "{line} after {before} bytes: {found}, {ended:?}");
            }
        }
    }

    #[test]
    fn a_search_of_what_never_closes_ends() {
        let open = "{\"a\":".repeat(200_000);
        assert_eq!(search(open.as_bytes()), (0, Searched::GivenUp));
    }
}
