//! Events that wait for their partners, and the pairs among them.

use crate::application::compare::reading::packed_event::PackedEvent;
use crate::application::compare::rules::says_the_same;

use super::joined_pair::JoinedPair;

/// How many bytes the processor fetches at a time.
const CACHE_LINE: usize = 64;
/// How much of an event is fetched before it is looked at, and of how many together: few enough that the
/// first one is still near when the last one is.
const FETCHED_LINES: usize = 4;
const FETCHED_AT_ONCE: usize = 32;
/// About how many bytes an event takes beside its own: its place in its batch and among all of its side (16
/// each), its part of the table of ids (16) and of the pairs that are found (48).
const REFERENCE: usize = 96;

/// Events of one side, packed, that came together: far less than 4 GiB of them, as no record is longer than
/// its reader holds in memory.
#[derive(Default)]
pub(crate) struct EventBatch {
    bytes: Vec<u8>,
    /// The hash of the id of each event, and where it begins.
    places: Vec<(u64, usize)>,
}

impl EventBatch {
    /// One without events, with room for as many as another one has.
    pub fn with_room_of(other: &Self) -> Self {
        let room = other.bytes.len() + other.bytes.len() / 16;
        Self { bytes: Vec::with_capacity(room), places: Vec::with_capacity(other.places.len()) }
    }

    pub fn push(&mut self, id: u64, pack: impl FnOnce(&mut Vec<u8>)) {
        self.places.push((id, self.bytes.len()));
        pack(&mut self.bytes);
    }

    /// How many bytes its events hold while they wait and while they are joined.
    pub fn size(&self) -> usize {
        self.bytes.len() + self.places.len() * REFERENCE
    }

    /// Its events, each with the hash of its id.
    pub fn events(&self) -> impl Iterator<Item = (u64, PackedEvent<'_>)> {
        self.places.iter().map(|(id, _)| *id).zip(PackedEvent::all(&self.bytes))
    }

    /// Drops the events of which `is_matched` says so, one after the other.
    fn drop_matched(&mut self, is_matched: &mut dyn Iterator<Item = bool>) {
        let end = self.bytes.len();
        let (mut kept, mut kept_bytes) = (0, 0);
        for (index, is_matched) in (0..self.places.len()).zip(is_matched) {
            let (id, start) = self.places[index];
            if is_matched {
                continue;
            }
            let end = self.places.get(index + 1).map_or(end, |(_, next)| *next);
            self.bytes.copy_within(start..end, kept_bytes);
            self.places[kept] = (id, kept_bytes);
            kept_bytes += end - start;
            kept += 1;
        }
        self.places.truncate(kept);
        self.bytes.truncate(kept_bytes);
    }

    /// Takes over another one, where it has room for it.
    fn append(&mut self, other: Self) -> Option<Self> {
        if self.bytes.capacity() - self.bytes.len() < other.bytes.len() {
            return Some(other);
        }
        let start = self.bytes.len();
        self.places.extend(other.places.iter().map(|(id, at)| (*id, start + at)));
        self.bytes.extend_from_slice(&other.bytes);
        None
    }
}

/// All waiting events of one side.
pub(crate) struct JoinSide {
    batches: Vec<EventBatch>,
    places: Vec<Place>,
}

#[derive(Clone, Copy)]
struct Place {
    /// As much of the hash of the id as is used.
    hash: u64,
    batch: u32,
    at: u32,
}

impl JoinSide {
    pub fn of(batches: Vec<EventBatch>, mask: u64) -> Self {
        let mut places = Vec::with_capacity(batches.iter().map(|batch| batch.places.len()).sum());
        for (number, batch) in (0..).zip(&batches) {
            let of_batch = batch.places.iter();
            places.extend(of_batch.map(|&(id, at)| Place { hash: id & mask, batch: number, at: at as u32 }));
        }
        Self { batches, places }
    }

    /// How many bytes its events hold.
    pub fn size(&self) -> usize {
        self.batches.iter().map(EventBatch::size).sum()
    }

    fn entry(&self, place: Place) -> Option<PackedEvent<'_>> {
        let bytes = self.batches[place.batch as usize].bytes.get(place.at as usize..)?;
        PackedEvent::unpack(bytes).map(|(entry, _)| entry)
    }

    /// Brings events into the cache of the processor that lie far apart in memory: asked for together, they
    /// are waited for once.
    fn prefetch(&self, places: impl Iterator<Item = Place>) {
        let lines = places.flat_map(|place| {
            let bytes = &self.batches[place.batch as usize].bytes;
            (place.at as usize..).step_by(CACHE_LINE).map_while(|at| bytes.get(at)).take(FETCHED_LINES)
        });
        std::hint::black_box(lines.fold(0, |sum, byte| sum ^ byte));
    }

    /// The events that have no partner, in as few batches as they fit into.
    pub fn without(self, matched: Vec<bool>) -> Vec<EventBatch> {
        let mut matched = matched.into_iter();
        let mut kept: Vec<EventBatch> = Vec::new();
        for mut batch in self.batches {
            batch.drop_matched(&mut matched);
            let is_new = match kept.last_mut() {
                Some(last) => last.append(batch),
                None => Some(batch),
            };
            kept.extend(is_new);
        }
        kept
    }
}

/// The pairs of events that say the same under an id that stands once on each side, and which events they
/// are of, control first.
pub(crate) fn join([control, candidate]: &[JoinSide; 2]) -> (Vec<JoinedPair>, [Vec<bool>; 2]) {
    let mut joined = Vec::new();
    let mut matched = [vec![false; control.places.len()], vec![false; candidate.places.len()]];
    if control.places.is_empty() || candidate.places.is_empty() {
        return (joined, matched);
    }
    let found: Vec<(u32, u32)> = (0..)
        .zip(partners(control, candidate))
        .filter_map(|(one, partner)| match partner {
            Partner::One(other) => Some((one, other)),
            Partner::Missing | Partner::Unclear => None,
        })
        .collect();
    for some in found.chunks(FETCHED_AT_ONCE) {
        candidate.prefetch(some.iter().map(|(_, other)| candidate.places[*other as usize]));
        for &(index, partner) in some {
            if let Some(one) = control.entry(control.places[index as usize])
                && let Some(other) = candidate.entry(candidate.places[partner as usize])
                && says_the_same(&one, &other)
                && let Some(pair) = JoinedPair::of(&one, &other)
            {
                joined.push(pair);
                matched[0][index as usize] = true;
                matched[1][partner as usize] = true;
            }
        }
    }
    (joined, matched)
}

/// What seems to have the id of an event on the other side, by the hash.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Partner {
    Missing,
    One(u32),
    /// Several events have it, or several on its own side.
    Unclear,
}

/// The partner of each event of the control.
fn partners(control: &JoinSide, candidate: &JoinSide) -> Vec<Partner> {
    let mut partners = vec![Partner::Missing; control.places.len()];
    // A table with open addressing: the number of an event, counted from 1, stands at its hash or after it.
    let mut table = vec![0_u32; (control.places.len() * 2).next_power_of_two()];
    let mask = table.len() - 1;
    let find = |table: &[u32], hash: u64| {
        let mut slot = hash.rotate_left(20) as usize & mask;
        while let Some(number) = table[slot].checked_sub(1) {
            if control.places[number as usize].hash == hash {
                return (slot, Some(number as usize));
            }
            slot = (slot + 1) & mask;
        }
        (slot, None)
    };
    for (number, place) in (1..).zip(&control.places) {
        match find(&table, place.hash) {
            (_, Some(earlier)) => partners[earlier] = Partner::Unclear,
            (slot, None) => table[slot] = number,
        }
    }
    for (number, place) in (0..).zip(&candidate.places) {
        if let (_, Some(found)) = find(&table, place.hash) {
            let is_first = partners[found] == Partner::Missing;
            partners[found] = if is_first { Partner::One(number) } else { Partner::Unclear };
        }
    }
    partners
}
