//! The differences that are listed: with the texts of their events, read again from where they stand.

use std::collections::{BTreeMap, HashMap};

use crate::application::compare::clock::local_day_cache::instant;
use crate::application::compare::feed::{CompareError, Feed};
use crate::application::compare::input::Input;
use crate::application::compare::report::{Difference, DifferentField, EventPlace, RecordLocation};
use crate::application::log_source::Place;

use super::field_diff::{FieldDifference, raw_tokens};
use super::listed::{Listed, ListedEvent};

type Texts = BTreeMap<(u32, u64), Vec<u8>>;

/// Fills in what is shown of each difference.
pub(crate) fn differences(
    listed: Vec<Listed>,
    types: &[String],
    inputs: &mut [Input; 2],
) -> Result<Vec<Difference>, CompareError> {
    let [control, candidate] = inputs.each_mut().map(|input| &mut input.feeds[..]);
    let left = texts(listed.iter().filter_map(|one| one.control.as_ref()), control)?;
    let right = texts(listed.iter().filter_map(|one| one.candidate.as_ref()), candidate)?;
    Ok(listed
        .into_iter()
        .map(|one| {
            let text = |texts: &'_ Texts, event: &Option<ListedEvent>| {
                event
                    .as_ref()
                    .and_then(|event| texts.get(&(event.feed, event.offset)).cloned())
                    .unwrap_or_default()
            };
            let (left_text, right_text) = (text(&left, &one.control), text(&right, &one.candidate));
            let elsewhere = one.elsewhere;
            let paths: Vec<&str> = one.fields.iter().map(|field| field.path.as_str()).collect();
            let (left_tokens, right_tokens) =
                (raw_tokens(&left_text, &paths), raw_tokens(&right_text, &paths));
            let fields = one.fields.into_iter().map(|FieldDifference { path, cause }| {
                // The envelope stands in fields of any name: what was made of it is shown.
                let (left, right) = match (path.as_str(), &elsewhere) {
                    ("event_type", Some((other, _))) => {
                        (Some(types[one.event_type as usize].clone()), Some(types[*other as usize].clone()))
                    }
                    ("aggregate_id", Some((_, other))) => (one.aggregate.clone(), other.clone()),
                    (path, _) => {
                        let token =
                            |of: &HashMap<String, &str>| of.get(path).map(|token| (*token).to_owned());
                        (token(&left_tokens), token(&right_tokens))
                    }
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
                fields,
                control: one.control.map(|event| place(event, control, &left_text)),
                candidate: one.candidate.map(|event| place(event, candidate, &right_text)),
            }
        })
        .collect())
}

fn place(event: ListedEvent, feeds: &[Box<dyn Feed>], text: &[u8]) -> EventPlace {
    let feed = &feeds[event.feed as usize];
    let place = Place { line: event.line, offset: event.offset };
    EventPlace {
        path: feed.path().to_owned(),
        location: RecordLocation::new(place, feed.has_positions()),
        event_id: event.id,
        body: String::from_utf8_lossy(text).into_owned(),
    }
}

fn texts<'e>(
    events: impl Iterator<Item = &'e ListedEvent>,
    feeds: &mut [Box<dyn Feed>],
) -> Result<Texts, CompareError> {
    let mut wanted: BTreeMap<u32, Vec<u64>> = BTreeMap::new();
    for event in events {
        wanted.entry(event.feed).or_default().push(event.offset);
    }
    let mut texts = Texts::new();
    for (feed, mut offsets) in wanted {
        offsets.sort_unstable();
        offsets.dedup();
        feeds[feed as usize].texts(&offsets, &mut |offset, text| {
            texts.insert((feed, offset), text.to_owned());
        })?;
    }
    Ok(texts)
}
