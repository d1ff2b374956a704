//! Searching a file for events, whatever else is in it.
//!
//! Of a log every byte is accounted for, and what is no record there is damage. A file that is not read as a
//! log is asked one question: does a record stand in it, anywhere? Each `{` is tried, so that records of several
//! lines, in holders, after other text, in UTF-16 or in strings of other records are found as well. What a log would
//! reject is a record too, where it has the name of the field of a type or a time.

use std::io::{self, Read};

use crate::infrastructure::side_files::OwnRecords;
use crate::wire::json::ScanError;
use crate::wire::local_time::DstPolicy;
use crate::wire::mapping::Mapping;
use crate::wire::record::RecordReader;
use crate::wire::zone::Zone;

use super::damaged_lines::DamagedLines;
use super::found_record::{FoundRecord, RecordNames, Take};
use super::search_window::SearchWindow;
use super::string_search::{InString, end_of_string, is_in_string, read_in_string};

/// How many bytes of an object are held at once (4 MiB; in tests 512 KiB): its nested objects and fields take several
/// times as many.
/// A longer one may be a record, for all that is known of it; what is nested in it is searched.
pub(super) const LONGEST_OBJECT: usize = if cfg!(test) { 1 << 19 } else { 4 << 20 };
/// How often each byte may be scanned as a part of what is no event, on average: objects within objects are
/// scanned again and again.
pub(super) const MOST_SCANS: u64 = 16;
/// How many bytes may be, whatever the length of the content: those of a few objects that are too long to be held.
pub(super) const LEAST_WASTE: u64 = 8 * LONGEST_OBJECT as u64;

/// What is searched, and how far.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct SearchOptions {
    /// Records of the two systems' own files, which are no events.
    pub own: Option<OwnRecords>,
    /// Binary data is not searched to its end.
    pub stops_at_binary: bool,
}

/// How a search ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Searched {
    /// It was stopped at a record.
    Stopped,
    /// The whole content was searched.
    Ended {
        /// All of it is text: a record that is in it was found.
        is_text: bool,
        /// Something in it may be a record that is damaged, or too long.
        has_damage: bool,
    },
    /// The content is binary data, and was not searched to its end.
    Binary,
    /// It was given up: too much of the content lies within objects that are no events, or never close.
    GivenUp,
}

/// Gives every record of the content, as the mapping reads them, to `take`, until it stops the search.
pub(super) fn search_events(
    content: &mut dyn Read,
    mapping: &Mapping,
    options: SearchOptions,
    take: &mut Take<'_>,
) -> io::Result<Searched> {
    // Times do not matter here.
    let zone = Zone::utc();
    let new_reader = || RecordReader::with_mapping(&zone, DstPolicy::Resolve, mapping);
    let (mut reader, mut string_reader) = (new_reader(), new_reader());
    let names = RecordNames::of(mapping);
    let mut window = SearchWindow::new(content);
    let mut lines = DamagedLines::default();
    let mut at = 0;
    // Up to where the text is nested in an object that is no record.
    let mut nested_to = 0_usize;
    let mut has_damage = false;
    loop {
        if options.stops_at_binary && window.is_binary() {
            return Ok(Searched::Binary);
        }
        let Some(offset) = memchr::memchr(b'{', &window.text[at..]) else {
            let length = window.text.len();
            if !window.grow(length)? {
                return Ok(Searched::Ended { is_text: window.is_text(), has_damage });
            }
            (at, nested_to) = (0, nested_to.saturating_sub(length));
            lines.forget();
            continue;
        };
        at += offset;
        window.has_objects = true;
        let is_top = at >= nested_to;
        let scanned = match reader.scan(&window.text, at) {
            Ok(object) => {
                let is_event = reader.is_event(&window.text, object);
                let found = FoundRecord { text: &window.text, object, reader: &reader };
                let is_record = is_event || is_top && names.are_in(&found);
                let is_own = match options.own {
                    Some(OwnRecords::With(field)) => found.has_field(field),
                    Some(OwnRecords::HoldingEvents) => is_top && !is_record,
                    None => false,
                };
                if is_record && !is_own && take(&found).is_break() {
                    return Ok(Searched::Stopped);
                }
                if is_record || is_own {
                    at = object.span.end;
                    continue;
                }
                nested_to = nested_to.max(object.span.end);
                object.span.end - at
            }
            Err(ScanError::Incomplete { .. }) if window.text.len() - at < LONGEST_OBJECT => {
                let scanned = window.text.len() - at;
                if !window.has_ended {
                    let has_grown = window.grow(at)?;
                    (at, nested_to) = (0, nested_to.saturating_sub(at));
                    lines.forget();
                    if has_grown {
                        window.wasted += scanned as u64;
                        continue;
                    }
                }
                has_damage =
                    has_damage || is_top && lines.have_name(&window.text, at..window.text.len(), &names);
                scanned
            }
            Err(ScanError::Incomplete { .. }) => {
                has_damage |= is_top;
                window.text.len() - at
            }
            Err(error) => {
                let scanned = error.at().saturating_sub(at);
                let is_in_string = is_in_string(&window.text[at..]);
                let end = match is_in_string {
                    true => end_of_string(&window.text[at..]).map(|length| at + length),
                    false => lines.end_of(&window.text, at),
                };
                if end.is_none() && !window.has_ended && window.text.len() - at < LONGEST_OBJECT {
                    let has_grown = window.grow(at)?;
                    (at, nested_to) = (0, nested_to.saturating_sub(at));
                    lines.forget();
                    if has_grown {
                        continue;
                    }
                }
                // Where it ended with the text, it ends with what is left of that.
                let end = end.unwrap_or(window.text.len());
                let rest = &window.text[at..end];
                if !is_in_string {
                    has_damage = has_damage || is_top && lines.have_name(&window.text, at..end, &names);
                    scanned
                } else {
                    match read_in_string(rest, &mut string_reader, &names, take) {
                        InString::Stopped => return Ok(Searched::Stopped),
                        InString::Record => {
                            at += rest.len();
                            continue;
                        }
                        InString::Nothing { may_be_damaged } => has_damage |= may_be_damaged,
                    }
                    rest.len()
                }
            }
        };
        at += 1;
        window.wasted += scanned as u64;
        if window.wasted > MOST_SCANS * window.read + LEAST_WASTE {
            return Ok(Searched::GivenUp);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::ops::ControlFlow;

    use super::*;
    use crate::infrastructure::sources::search_window::CHUNK;

    const EVENT: &str = r#"{"type": "A", "timestamp": "2025-01-01T00:00:00", "title": "é"}"#;

    /// How many events are found, and how the search ended.
    fn search(content: &[u8]) -> (usize, Searched) {
        let mut found = 0;
        let ended =
            search_events(&mut &content[..], &Mapping::BuiltIn, SearchOptions::default(), &mut |_| {
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
        let filling = format!("{{\"n\": \"{}\"}}, ", "x".repeat(1000)).repeat(LONGEST_OBJECT / 900);
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
        for open in ["{\"a\":", "{\"a\":[", "[{\"a\":1,\"b\":"] {
            let open = open.repeat(150_000 / open.len());
            let (found, ended) = search(open.as_bytes());
            assert_eq!((found, ended), (0, Searched::GivenUp));
        }
    }

    #[test]
    fn an_object_that_is_too_long_to_be_held_may_be_a_record() {
        let long = format!("{{\"a\": \"{}\", \"b\": 1}}", "x".repeat(3 * LONGEST_OBJECT));
        for before in ["", "all quiet\n"] {
            let ended = Searched::Ended { is_text: true, has_damage: true };
            assert_eq!(search(format!("{before}{long}\n").as_bytes()), (0, ended));
        }
        let (found, ended) = search(format!("{long}\n{EVENT}\n").as_bytes());
        assert_eq!((found, ended), (1, Searched::Ended { is_text: true, has_damage: true }));
    }

    #[test]
    fn an_event_in_a_string_is_found_wherever_the_string_stands() {
        let string = serde_json::to_string(&format!("{EVENT}\n")).unwrap();
        let indented =
            serde_json::to_string("{\n  \"event_type\": \"A\",\n \"timestamp\": \"2025-01-01\"}").unwrap();
        let nested = serde_json::to_string(&format!("{{\"of\": {{\"it\": {EVENT}}}}}")).unwrap();
        let text = serde_json::to_string(&format!("10:00 INFO {EVENT} done")).unwrap();
        for string in [string, indented, nested, text] {
            for content in [
                format!("{{\"log\": {string}, \"stream\": \"stdout\"}}\n"),
                format!("{{\"a\": {{\"b\": [1, {string}]}}}}"),
                format!("[{string}]"),
                format!("2025-01-01 INFO payload={string}\n"),
                format!("{{\"log\": \"started\"}}\n{{\"log\": {string}"),
            ] {
                assert!(is_found(&content), "{content}");
            }
        }
        for before in CHUNK - 90..CHUNK + 2 {
            let string = serde_json::to_string(EVENT).unwrap();
            assert!(is_found(format!("{}{{\"log\": {string}}}", " ".repeat(before))));
        }
    }

    #[test]
    fn what_may_be_a_damaged_event_in_a_string_is_told_and_other_strings_are_not() {
        let string = |text: &str| serde_json::to_string(text).unwrap();
        for (text, expected) in [
            (string(&EVENT[..40]), true),
            (string(&string(EVENT)), true),
            (string(EVENT).replace("title", "ti\\xtle"), true),
            (string("{\"level\": \"info\", \"message\": \"the type is missing\"}"), false),
            (string("{\\textbf{x}} and {not json}"), false),
            (string("{"), false),
        ] {
            let content = format!("{{\"log\": {text}, \"stream\": \"stdout\"}}\n");
            let (found, ended) = search(content.as_bytes());
            assert_eq!(found, 0, "{content}");
            assert_eq!(ended, Searched::Ended { is_text: true, has_damage: expected }, "{content}");
        }
    }

    #[test]
    fn binary_data_is_not_searched_to_its_end_and_zero_bytes_and_text_are() {
        let search = |content: &[u8]| {
            let options = SearchOptions { stops_at_binary: true, ..SearchOptions::default() };
            search_events(&mut &content[..], &Mapping::BuiltIn, options, &mut |_| ControlFlow::Break(()))
                .unwrap()
        };
        let mut random = fastrand::Rng::with_seed(1);
        let mut bytes: Vec<u8> = std::iter::repeat_with(|| random.u8(..)).take(2 << 20).collect();
        bytes.extend_from_slice(EVENT.as_bytes());
        assert_eq!(search(&bytes), Searched::Binary);
        let mut text = vec![b'a'; 3 << 20];
        text[..9].fill(1);
        for before in [vec![0; 3 << 20], text, bytes[..1000].to_vec()] {
            assert_eq!(search(&[&before, EVENT.as_bytes()].concat()), Searched::Stopped);
        }
    }

    #[test]
    fn records_of_own_files_are_passed_with_all_that_is_in_them() {
        let of =
            |own, content: &str| {
                let options = SearchOptions { own: Some(own), ..SearchOptions::default() };
                search_events(&mut content.as_bytes(), &Mapping::BuiltIn, options, &mut |_| {
                    ControlFlow::Break(())
                })
                .unwrap()
            };
        let ended = Searched::Ended { is_text: true, has_damage: false };
        let handled = OwnRecords::With("handler");
        assert_eq!(of(handled, &format!("[{{\"handler\": \"x\", \"sample\": {EVENT}}}]")), ended);
        assert_eq!(of(handled, &EVENT.replace("title", "handler")), ended);
        assert_eq!(of(handled, EVENT), Searched::Stopped);
        let outbox = format!("{{\"offset\": 17, \"event\": {EVENT}}}\n");
        assert_eq!(of(OwnRecords::HoldingEvents, &outbox), ended);
        assert_eq!(of(OwnRecords::HoldingEvents, &format!("{outbox}{EVENT}")), Searched::Stopped);
    }
}
