//! Events that wait for their partners, and the pairs among them.

use xxhash_rust::xxh3::xxh3_64;

use super::entry::Entry;
use super::met::{Met, MetPair};

/// Events of one side, packed, that came together.
#[derive(Default)]
pub(super) struct Crowd {
    bytes: Vec<u8>,
    /// The hash of each one's id, and where it begins.
    places: Vec<(u64, usize)>,
}

impl Crowd {
    pub fn push(&mut self, id: u64, pack: impl FnOnce(&mut Vec<u8>)) {
        self.places.push((id, self.bytes.len()));
        pack(&mut self.bytes);
    }

    /// How many bytes its events are.
    pub fn size(&self) -> usize {
        self.bytes.len()
    }

    /// Its events, each with the hash of its id.
    pub fn entries(&self) -> impl Iterator<Item = (u64, Entry<'_>)> {
        self.places.iter().map(|(id, _)| *id).zip(Entry::all(&self.bytes))
    }

    /// Lets those go for whom `goes` says so, one after the other.
    fn release(&mut self, goes: &mut dyn Iterator<Item = bool>) {
        let end = self.bytes.len();
        let (mut kept, mut kept_bytes) = (0, 0);
        for (index, goes) in (0..self.places.len()).zip(goes) {
            let (id, start) = self.places[index];
            if goes {
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
    fn take_in(&mut self, other: Self) -> Option<Self> {
        if self.bytes.capacity() - self.bytes.len() < other.bytes.len() {
            return Some(other);
        }
        let start = self.bytes.len();
        self.places.extend(other.places.iter().map(|(id, at)| (*id, start + at)));
        self.bytes.extend_from_slice(&other.bytes);
        None
    }
}

/// All of one side who wait.
pub(super) struct Everyone {
    crowds: Vec<Crowd>,
    places: Vec<Place>,
}

#[derive(Clone, Copy)]
struct Place {
    /// As much of the hash of the id as is used.
    hash: u64,
    crowd: u32,
    at: u32,
}

impl Everyone {
    pub fn of(crowds: Vec<Crowd>, hash_bits: u32) -> Self {
        let mask = u64::MAX.checked_shl(64 - hash_bits).unwrap_or(u64::MAX);
        let mut places = Vec::with_capacity(crowds.iter().map(|crowd| crowd.places.len()).sum());
        for (number, crowd) in (0..).zip(&crowds) {
            let of_crowd = crowd.places.iter();
            places.extend(of_crowd.map(|&(id, at)| Place { hash: id & mask, crowd: number, at: at as u32 }));
        }
        Self { crowds, places }
    }

    /// How many bytes their events are.
    pub fn size(&self) -> usize {
        self.crowds.iter().map(Crowd::size).sum()
    }

    fn entry(&self, place: Place) -> Option<Entry<'_>> {
        let bytes = self.crowds[place.crowd as usize].bytes.get(place.at as usize..)?;
        Entry::unpack(bytes).map(|(entry, _)| entry)
    }

    /// Those who have not gone, in as few crowds as they fit into.
    pub fn without(self, gone: Vec<bool>) -> Vec<Crowd> {
        let mut gone = gone.into_iter();
        let mut kept: Vec<Crowd> = Vec::new();
        for mut crowd in self.crowds {
            crowd.release(&mut gone);
            let is_new = match kept.last_mut() {
                Some(last) => last.take_in(crowd),
                None => Some(crowd),
            };
            kept.extend(is_new);
        }
        kept
    }
}

/// The pairs of both sides that say the same under an id that is there once on each, and who is one of them.
pub(super) fn pairs([control, candidate]: &[Everyone; 2]) -> (Vec<MetPair>, [Vec<bool>; 2]) {
    let mut met = Vec::new();
    let mut gone = [vec![false; control.places.len()], vec![false; candidate.places.len()]];
    if control.places.is_empty() || candidate.places.is_empty() {
        return (met, gone);
    }
    for (index, partner) in partners(control, candidate).into_iter().enumerate() {
        if let Partner::One(partner) = partner
            && let Some(one) = control.entry(control.places[index])
            && let Some(other) = candidate.entry(candidate.places[partner as usize])
            && one.says_the_same(&other)
            && let Some(pair) = pair(&one, &other)
        {
            met.push(pair);
            gone[0][index] = true;
            gone[1][partner as usize] = true;
        }
    }
    (met, gone)
}

/// Who has the id of an event on the other side.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Partner {
    Nobody,
    One(u32),
    /// Several have it, or several on its own side.
    Unclear,
}

/// The partner of each event of the control.
fn partners(control: &Everyone, candidate: &Everyone) -> Vec<Partner> {
    let mut partners = vec![Partner::Nobody; control.places.len()];
    // A table with open addressing: the number of an event, counted from 1, stands at its hash or behind it.
    let mut table = vec![0_u32; (control.places.len() * 2).next_power_of_two()];
    let mask = table.len() - 1;
    let find = |table: &[u32], side: &Everyone, place: Place| {
        let mut slot = place.hash.rotate_left(20) as usize & mask;
        while let Some(number) = table[slot].checked_sub(1) {
            let known = control.places[number as usize];
            let has_its_id = || {
                let (one, other) = (control.entry(known), side.entry(place));
                one.zip(other).is_some_and(|(one, other)| one.id == other.id)
            };
            if known.hash == place.hash && has_its_id() {
                return (slot, Some(number as usize));
            }
            slot = (slot + 1) & mask;
        }
        (slot, None)
    };
    for (number, place) in (1..).zip(&control.places) {
        match find(&table, control, *place) {
            (_, Some(twin)) => partners[twin] = Partner::Unclear,
            (slot, None) => table[slot] = number,
        }
    }
    for (number, place) in (0..).zip(&candidate.places) {
        if let (_, Some(found)) = find(&table, candidate, *place) {
            let is_first = partners[found] == Partner::Nobody;
            partners[found] = if is_first { Partner::One(number) } else { Partner::Unclear };
        }
    }
    partners
}

fn pair(one: &Entry<'_>, other: &Entry<'_>) -> Option<MetPair> {
    Some(MetPair {
        id: xxh3_64(one.id),
        aggregate: one.aggregate.map(xxh3_64),
        control: Met::of(&one.head)?,
        candidate: Met::of(&other.head)?,
        event_type: one.head.event_type,
        is_respelled: one.head.spelling != other.head.spelling,
    })
}
