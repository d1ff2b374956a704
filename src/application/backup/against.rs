//! Two stores, event by event.

use serde::Serialize;

use super::findings::{Check, Findings};
use crate::domain::event::format_timestamp;
use crate::domain::repository::{EventRepository, RepositoryError, StoredEvent};
use crate::domain::value_objects::{AggregateId, Position, StreamId};

/// So many events are read at a time.
const PAGE: usize = 1_000;

/// What came of holding a store against another one.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Against {
    /// The other store.
    pub path: String,
    /// Events that both have, at the same positions.
    pub same: u64,
    /// Events that the other store has after the last one of this store, of any stream: what this one lacks.
    pub later_in_other: u64,
    /// Where the first of them is.
    pub first_later_in_other: Option<String>,
    /// Events that this store has and the other one lacks.
    pub only_here: u64,
    /// Where the first of them is.
    pub first_only_here: Option<String>,
    /// Where both have another event.
    pub different: u64,
    /// The first difference.
    pub first_difference: Option<String>,
}

/// Holds the events of a store against those of another one, position by position. What the other one has after the end of this one is
/// told, and no finding; everything else is.
///
/// # Errors
/// One of the two cannot be read.
pub fn hold_against(
    this: &dyn EventRepository,
    other: &dyn EventRepository,
    path: String,
    findings: &mut Findings,
) -> Result<Against, RepositoryError> {
    findings.look(Check::Against);
    let mut against = Against { path, ..Against::default() };
    let mut streams: Vec<StreamId> =
        this.streams()?.into_iter().chain(other.streams()?).map(|stream| stream.id).collect();
    streams.sort();
    streams.dedup();
    for stream in &streams {
        let (mut here, mut there) = (Events::of(this, stream), Events::of(other, stream));
        let mut last_here = false;
        loop {
            let pair = (here.next()?, there.next()?);
            let (one, two) = match pair {
                (None, None) => break,
                (one, None) => (one, None),
                (None, two) => {
                    last_here = true;
                    (None, two)
                }
                (Some(one), Some(two)) if one.position < two.position => {
                    there.put_back(two);
                    (Some(one), None)
                }
                (Some(one), Some(two)) if one.position > two.position => {
                    here.put_back(one);
                    (None, Some(two))
                }
                (one, two) => (one, two),
            };
            against.take(stream, one, two, last_here, findings);
        }
    }
    Ok(against)
}

impl Against {
    fn take(
        &mut self,
        stream: &StreamId,
        one: Option<StoredEvent>,
        two: Option<StoredEvent>,
        is_after_the_end: bool,
        findings: &mut Findings,
    ) {
        match (one, two) {
            (Some(one), Some(two)) => match difference(&one, &two) {
                None => self.same += 1,
                Some(detail) => {
                    self.different += 1;
                    let place = place(stream, one.position);
                    findings.add(Check::Against, place.clone(), detail.clone());
                    self.first_difference.get_or_insert_with(|| format!("{place}: {detail}"));
                }
            },
            (Some(one), None) => {
                self.only_here += 1;
                let place = place(stream, one.position);
                findings.add(Check::Against, place.clone(), format!("{} has no event there", self.path));
                self.first_only_here.get_or_insert(place);
            }
            (None, Some(two)) if is_after_the_end => {
                self.later_in_other += 1;
                self.first_later_in_other.get_or_insert_with(|| place(stream, two.position));
            }
            (None, Some(two)) => {
                self.different += 1;
                let place = place(stream, two.position);
                let detail = format!("no event is there, and {} has {}", self.path, two.event.event_id());
                findings.add(Check::Against, place.clone(), detail.clone());
                self.first_difference.get_or_insert_with(|| format!("{place}: {detail}"));
            }
            (None, None) => {}
        }
    }
}

fn place(stream: &StreamId, position: Position) -> String {
    match stream.as_str() {
        "" => format!("position {position}"),
        stream => format!("position {position} of {stream}"),
    }
}

/// What differs between two events of one position.
fn difference(here: &StoredEvent, there: &StoredEvent) -> Option<String> {
    let (one, two) = (&here.event, &there.event);
    let aggregate =
        |event: &StoredEvent| event.event.aggregate_id().map_or("none", AggregateId::as_str).to_owned();
    let parts = [
        ("id", one.event_id().to_string(), two.event_id().to_string()),
        ("type", one.event_type().to_owned(), two.event_type().to_owned()),
        ("time", format_timestamp(one.timestamp()), format_timestamp(two.timestamp())),
        ("aggregate", aggregate(here), aggregate(there)),
    ];
    if let Some((what, one, two)) = parts.into_iter().find(|(_, one, two)| one != two) {
        return Some(format!("the {what} is {one:?} here, and {two:?} there"));
    }
    if one.body() != two.body() {
        let equal = one.body().bytes().zip(two.body().bytes()).take_while(|(one, two)| one == two).count();
        return Some(format!("the texts of {} differ from byte {equal} on", one.event_id()));
    }
    (here.origin != there.origin)
        .then(|| format!("{} is {:?} here, and {:?} there", one.event_id(), here.origin, there.origin))
}

/// The events of a stream, a page at a time.
struct Events<'r> {
    store: &'r dyn EventRepository,
    stream: &'r StreamId,
    page: std::vec::IntoIter<StoredEvent>,
    after: Option<Position>,
    put_back: Option<StoredEvent>,
    has_ended: bool,
}

impl<'r> Events<'r> {
    fn of(store: &'r dyn EventRepository, stream: &'r StreamId) -> Self {
        let page = Vec::new().into_iter();
        Self { store, stream, page, after: None, put_back: None, has_ended: false }
    }

    fn put_back(&mut self, event: StoredEvent) {
        self.put_back = Some(event);
    }

    fn next(&mut self) -> Result<Option<StoredEvent>, RepositoryError> {
        if let Some(event) = self.put_back.take() {
            return Ok(Some(event));
        }
        if let Some(event) = self.page.next() {
            self.after = Some(event.position);
            return Ok(Some(event));
        }
        if self.has_ended {
            return Ok(None);
        }
        self.page = self.store.read_stream(self.stream, self.after, PAGE)?.into_iter();
        let next = self.page.next();
        self.has_ended = next.is_none();
        self.after = next.as_ref().map(|event| event.position).or(self.after);
        Ok(next)
    }
}
