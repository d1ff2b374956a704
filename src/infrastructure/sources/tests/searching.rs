//! The search for events looks at damaged lines once, and finds what a search does that looks at all of them again
//! and again.

use std::ops::ControlFlow;
use std::time::{Duration, Instant};

use proptest::prelude::*;

use super::super::event_search::{SearchOptions, Searched, search_events};
use crate::wire::mapping::Mapping;

mod reference {
    use std::io;
    use std::io::Read;

    use super::super::super::event_search::{
        LEAST_WASTE, LONGEST_OBJECT, MOST_SCANS, SearchOptions, Searched,
    };
    use super::super::super::found_record::{FoundRecord, RecordNames, Take};
    use super::super::super::search_window::SearchWindow;
    use super::super::super::string_search::{InString, end_of_string, is_in_string, read_in_string};
    use crate::infrastructure::side_files::OwnRecords;
    use crate::wire::json::ScanError;
    use crate::wire::local_time::DstPolicy;
    use crate::wire::mapping::Mapping;
    use crate::wire::record::RecordReader;
    use crate::wire::zone::Zone;

    const LONGEST_LINE: usize = 1 << 16;

    /// As the search that is tested, and nothing is kept from one object to the next.
    pub fn search_events(
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
                    if window.grow(at)? {
                        window.wasted += scanned as u64;
                        (at, nested_to) = (0, nested_to.saturating_sub(at));
                        continue;
                    }
                    (at, nested_to) = (0, nested_to.saturating_sub(at));
                    has_damage |= nested_to == 0 && names.stand_in(&window.text);
                    scanned
                }
                Err(ScanError::Incomplete { .. }) => {
                    has_damage |= is_top;
                    window.text.len() - at
                }
                Err(error) => {
                    let is_in_string = is_in_string(&window.text[at..]);
                    let end_of = if is_in_string { end_of_string } else { end_of_line };
                    let end = end_of(&window.text[at..]);
                    if end.is_none() && window.text.len() - at < LONGEST_OBJECT {
                        let has_grown = window.grow(at)?;
                        (at, nested_to) = (0, nested_to.saturating_sub(at));
                        if has_grown {
                            continue;
                        }
                    }
                    let rest = &window.text[at..];
                    let rest = &rest[..end.unwrap_or(rest.len())];
                    if !is_in_string {
                        has_damage |= is_top && names.stand_in(rest);
                        error.at().saturating_sub(at)
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

    /// Where the line ends, or what is looked at of it; `None` where the text ends before.
    fn end_of_line(text: &[u8]) -> Option<usize> {
        let is_long = text.len() >= LONGEST_LINE;
        memchr::memchr(b'\n', text).or(is_long.then_some(text.len()))
    }
}

const PIECES: [&str; 16] = [
    "{",
    "{\"a\":",
    "{ x",
    "{\\\"a\\\":",
    "}",
    "\"",
    "\\\"",
    "\n",
    "[",
    "\"type\"",
    "\"type\": \"A\", ",
    "\"timestamp\": \"2025-01-01\"}",
    "{\"type\": \"A\", \"timestamp\": \"2025-01-01\"}",
    "{\\\"type\\\": \\\"A\\\", ",
    "{\"a\": \"",
    " all quiet ",
];

/// What is found in a content, read in pieces of at most so many bytes, and how the search ended.
fn found(
    content: &[u8],
    search: impl Fn(&mut dyn std::io::Read, &mut Vec<Vec<u8>>) -> Searched,
) -> (Vec<Vec<u8>>, Searched) {
    let mut events = Vec::new();
    let ended = search(&mut &content[..], &mut events);
    (events, ended)
}

proptest! {
    #[test]
    fn as_much_is_found_as_by_looking_at_every_line_again_and_again(
        pieces in prop::collection::vec((prop::sample::select(&PIECES[..]), 1..4_usize, 0..40_usize), 1..40),
        is_long in 0..8_u8,
    ) {
        // Some have parts that are longer than what is looked at of a line, or read at once.
        let long = |times: usize| if is_long == 0 { times * 4000 } else { times };
        let text: String = pieces.iter().map(|(piece, times, more)| piece.repeat(if *more == 0 { long(*times) } else { *times })).collect();
        let (mapping, options) = (Mapping::BuiltIn, SearchOptions::default());
        let now = found(text.as_bytes(), |content, events| {
            search_events(content, &mapping, options, &mut |event| {
                events.push(event.bytes().to_vec());
                ControlFlow::Continue(())
            }).unwrap()
        });
        let before = found(text.as_bytes(), |content, events| {
            reference::search_events(content, &mapping, options, &mut |event| {
                events.push(event.bytes().to_vec());
                ControlFlow::Continue(())
            }).unwrap()
        });
        prop_assert_eq!(now, before);
    }
}

#[test]
fn a_long_line_of_objects_that_are_none_is_looked_at_once() {
    for open in ["{\"a", "{ x", "{\"x\\\":"] {
        let (text, started) = (open.repeat((1 << 20) / open.len()), Instant::now());
        let options = SearchOptions::default();
        let ended =
            search_events(&mut text.as_bytes(), &Mapping::BuiltIn, options, &mut |_| ControlFlow::Break(()));
        assert_eq!(ended.unwrap(), Searched::Ended { is_text: true, has_damage: false });
        // Looked at again and again, it takes minutes.
        assert!(started.elapsed() < Duration::from_secs(20), "{open}: {:?}", started.elapsed());
    }
}
