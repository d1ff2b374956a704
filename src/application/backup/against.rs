//! Two stores, event by event.

use serde::Serialize;

use super::contents::RangeDigest;
use super::findings::{Check, Findings};
use super::lacking::LackingRows;
use crate::domain::event::format_timestamp;
use crate::domain::repository::{EventRepository, RepositoryError, StoredEvent};
use crate::domain::value_objects::{AggregateId, Position, StreamId};

/// So many events are read at a time.
const PAGE: usize = 1_000;

/// What the other store is to the one that is held against it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Relation {
    /// A backup of this very store: all that it has is to be here, and more may have come since.
    ItsBackup,
    /// A later state of this one, as the store is of its backup: it can have more in each stream.
    Later,
    /// Any other one, of which this one may be an earlier state.
    Other,
}

/// What came of holding a store against another one.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Against {
    /// The other store.
    pub path: String,
    /// Events that both have, at the same positions.
    pub same: u64,
    /// Events that the other store has after the last one of this store: what this one lacks. 0 where that is a backup of this one: what that has
    /// is to be here.
    pub later_in_other: u64,
    /// Where the first of them is.
    pub first_later_in_other: Option<String>,
    /// Events that came into this store, after those of each stream, since the other one was made as a backup of it.
    pub later_here: u64,
    /// Where the first of them is.
    pub first_later_here: Option<String>,
    /// Events that this store has and the other one lacks, but for these.
    pub only_here: u64,
    /// Where the first of them is.
    pub first_only_here: Option<String>,
    /// Where both have another event.
    pub different: u64,
    /// The first difference.
    pub first_difference: Option<String>,
    /// Those of `different` that are not here at all.
    #[serde(skip)]
    pub lost_here: u64,
    /// The first difference between two events.
    #[serde(skip)]
    pub first_other: Option<String>,
    /// Rows beside what the port gives of events that the earlier of the two states of one store has, and the later one lacks or has otherwise.
    pub rows: Vec<LackingRows>,
}

/// Holds the events of a store against those of another one, position by position. What an earlier state of a store cannot have yet is told, and
/// no finding; everything else is. The later state is this one where the other one is a backup of it, else the other one.
///
/// A day file with days after it here is not at its end. An event that was stored there late is a finding all the same: nothing tells it from one
/// that is lost here.
///
/// # Errors
/// One of the two cannot be read.
pub fn hold_against(
    this: &dyn EventRepository,
    other: &dyn EventRepository,
    path: String,
    relation: Relation,
    findings: &mut Findings,
) -> Result<Against, RepositoryError> {
    findings.look(Check::Against);
    let mut against = Against { path, ..Against::default() };
    let mut streams: Vec<StreamId> = this.streams()?.into_iter().map(|stream| stream.id).collect();
    let last = streams.iter().max().cloned();
    streams.extend(other.streams()?.into_iter().map(|stream| stream.id));
    streams.sort();
    streams.dedup();
    for stream in &streams {
        let (mut here, mut there) = (Events::of(this, stream), Events::of(other, stream));
        let is_at_the_end = last.as_ref().is_none_or(|last| stream >= last);
        loop {
            let mut is_later = false;
            let pair = (here.next()?, there.next()?);
            let (one, two) = match pair {
                (None, None) => break,
                (one, None) => {
                    is_later = relation == Relation::ItsBackup;
                    (one, None)
                }
                (None, two) => {
                    is_later = match relation {
                        Relation::ItsBackup => false,
                        Relation::Later => true,
                        Relation::Other => is_at_the_end,
                    };
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
            against.take(stream, one, two, is_later, findings);
        }
    }
    Ok(against)
}

/// The first event of the other store in these ranges, by its place, that this one lacks or has otherwise, and what it has.
///
/// # Errors
/// One of the two cannot be read.
pub fn first_missing(
    this: &dyn EventRepository,
    other: &dyn EventRepository,
    ranges: &[&RangeDigest],
) -> Result<Option<String>, RepositoryError> {
    for range in ranges {
        let stream = if range.stream.is_empty() { StreamId::single() } else { StreamId::new(&range.stream) };
        let before = Some(Position::new(range.first - 1));
        let (mut here, mut there) =
            (Events::after(this, &stream, before), Events::after(other, &stream, before));
        while let Some(two) = there.next()? {
            if two.position.get() > range.last {
                break;
            }
            let mut one = here.next()?;
            while one.as_ref().is_some_and(|one| one.position < two.position) {
                one = here.next()?;
            }
            let difference = match one.filter(|one| one.position == two.position) {
                None => Some(format!("{} is not there", two.event.event_id())),
                Some(one) => difference(&one, &two),
            };
            if let Some(difference) = difference {
                return Ok(Some(format!("{}: {difference}", place(&stream, two.position))));
            }
        }
    }
    Ok(None)
}

impl Against {
    /// Takes rows that the later of two states of one store, which is at `later`, lacks.
    pub fn take_rows(&mut self, rows: Vec<LackingRows>, earlier: &str, later: &str, findings: &mut Findings) {
        for lacking in &rows {
            let detail = format!("{earlier} has {lacking} which are not there, or are others");
            findings.add(Check::Against, later, detail);
        }
        self.rows.extend(rows);
    }

    fn take(
        &mut self,
        stream: &StreamId,
        one: Option<StoredEvent>,
        two: Option<StoredEvent>,
        is_later: bool,
        findings: &mut Findings,
    ) {
        match (one, two) {
            (Some(one), Some(two)) => match difference(&one, &two) {
                None => self.same += 1,
                Some(detail) => {
                    self.different += 1;
                    let place = place(stream, one.position);
                    findings.add(Check::Against, place.clone(), detail.clone());
                    let difference = format!("{place}: {detail}");
                    self.first_difference.get_or_insert_with(|| difference.clone());
                    self.first_other.get_or_insert(difference);
                }
            },
            (Some(one), None) if is_later => {
                self.later_here += 1;
                self.first_later_here.get_or_insert_with(|| place(stream, one.position));
            }
            (Some(one), None) => {
                self.only_here += 1;
                let place = place(stream, one.position);
                findings.add(Check::Against, place.clone(), format!("{} has no event there", self.path));
                self.first_only_here.get_or_insert(place);
            }
            (None, Some(two)) if is_later => {
                self.later_in_other += 1;
                self.first_later_in_other.get_or_insert_with(|| place(stream, two.position));
            }
            (None, Some(two)) => {
                self.different += 1;
                self.lost_here += 1;
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
        Self::after(store, stream, None)
    }

    fn after(store: &'r dyn EventRepository, stream: &'r StreamId, after: Option<Position>) -> Self {
        let page = Vec::new().into_iter();
        Self { store, stream, page, after, put_back: None, has_ended: false }
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
