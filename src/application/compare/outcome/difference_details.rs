//! The differences that are shown: with the texts of their events, read again from where they stand.

use std::collections::{BTreeMap, HashMap};

use crate::application::compare::clock::local_day_cache::instant;
use crate::application::compare::feed::{CompareError, Feed};
use crate::application::compare::input::Input;
use crate::application::compare::report::{Difference, DifferentField, EventPlace, RecordLocation};
use crate::application::log_source::Place;

use super::field_diff::{FieldDifference, raw_tokens};
use super::listed::{Listed, ListedEvent};

/// How many bytes of a record are kept where only its beginning is.
const LONGEST_BODY: usize = 2 << 10;
/// The same of a value.
const LONGEST_TOKEN: usize = 256;

/// What is shown of the record of an event.
#[derive(Default)]
struct Text {
    body: String,
    /// The tokens of the fields that differ, by path.
    tokens: HashMap<String, String>,
}

/// Fills in what is shown of each difference: of the first `whole` all of it, and of the others the beginnings of long
/// texts.
pub(crate) fn differences(
    listed: Vec<Listed>,
    whole: usize,
    types: &[String],
    inputs: &mut [Input; 2],
) -> Result<Vec<Difference>, CompareError> {
    let [control, candidate] = inputs.each_mut().map(|input| &mut input.feeds[..]);
    let mut left = texts(&listed, whole, |one| one.control.as_ref(), control)?;
    let mut right = texts(&listed, whole, |one| one.candidate.as_ref(), candidate)?;
    let differences = listed.into_iter().enumerate().map(|(number, one)| {
        let [mut left, mut right] =
            [&mut left, &mut right].map(|texts| texts.remove(&number).unwrap_or_default());
        let elsewhere = one.elsewhere;
        let fields = one.fields.into_iter().map(|FieldDifference { path, cause }| {
            // The envelope stands in fields of any name: what was made of it is shown.
            let (left, right) = match (path.as_str(), &elsewhere) {
                ("event_type", Some((other, _))) => {
                    (Some(types[one.event_type as usize].clone()), Some(types[*other as usize].clone()))
                }
                ("aggregate_id", Some((_, other))) => (one.aggregate.clone(), other.clone()),
                (path, _) => (left.tokens.remove(path), right.tokens.remove(path)),
            };
            DifferentField { path, cause, control: left, candidate: right }
        });
        let fields = fields.collect();
        Difference {
            class: one.class,
            cause: one.cause,
            ambiguous: one.ambiguous,
            event_type: types[one.event_type as usize].clone(),
            aggregate_id: one.aggregate,
            timestamp: crate::domain::event::format_timestamp(instant(one.at)),
            day: one.day,
            clock_offset_us: one.clock_offset,
            fields,
            control: one.control.map(|event| place(event, control, left.body)),
            candidate: one.candidate.map(|event| place(event, candidate, right.body)),
        }
    });
    Ok(differences.collect())
}

fn place(event: ListedEvent, feeds: &[Box<dyn Feed>], body: String) -> EventPlace {
    let feed = &feeds[event.feed as usize];
    let place = Place { line: event.line, offset: event.offset };
    EventPlace {
        path: feed.path().to_owned(),
        location: RecordLocation::new(place, feed.has_positions()),
        event_id: event.id,
        body,
    }
}

/// The texts of the events of one side, by the numbers of their differences.
fn texts(
    listed: &[Listed],
    whole: usize,
    event_of: impl Fn(&Listed) -> Option<&ListedEvent>,
    feeds: &mut [Box<dyn Feed>],
) -> Result<HashMap<usize, Text>, CompareError> {
    let mut wanted: BTreeMap<u32, BTreeMap<u64, usize>> = BTreeMap::new();
    for (number, one) in listed.iter().enumerate() {
        if let Some(event) = event_of(one) {
            wanted.entry(event.feed).or_default().insert(event.offset, number);
        }
    }
    let mut texts = HashMap::new();
    for (feed, numbers) in wanted {
        let offsets: Vec<u64> = numbers.keys().copied().collect();
        feeds[feed as usize].texts(&offsets, &mut |offset, record| {
            let Some(number) = numbers.get(&offset) else { return };
            let paths: Vec<&str> = listed[*number].fields.iter().map(|field| field.path.as_str()).collect();
            let is_whole = *number < whole;
            let shown = |text: &str, longest: usize| match is_whole {
                true => text.to_owned(),
                false => beginning(text, longest),
            };
            let tokens = raw_tokens(record, &paths).into_iter();
            let tokens = tokens.map(|(path, token)| (path, shown(token, LONGEST_TOKEN))).collect();
            let body = shown(&String::from_utf8_lossy(record), LONGEST_BODY);
            texts.insert(*number, Text { body, tokens });
        })?;
    }
    Ok(texts)
}

/// The text, or as many whole characters of it as have so many bytes, and a mark that it goes on.
fn beginning(text: &str, longest: usize) -> String {
    match text.len() <= longest {
        true => text.to_owned(),
        false => format!("{}…", &text[..text.floor_char_boundary(longest)]),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_long_text_is_cut_between_characters_and_marked_and_a_short_one_is_not() {
        assert_eq!(beginning("ééé", 5), "éé…");
        assert_eq!(beginning("ééé", 6), "ééé");
        assert_eq!(beginning("", 0), "");
    }
}
