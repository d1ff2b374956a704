//! An event of a group as a record of the temporary file.
//!
//! A *member* is a state and the event with its times. A *ranked* record is a key, a time and
//! the fingerprint of the spelling in front of a member: by these, members are sorted.

use std::cmp::Ordering;

use crate::application::compare::clock::timed_event::TimedEvent;

use super::key::Key;

/// Several events of the other side lie within the tolerance.
pub(crate) const CROWDED: u8 = 1;
/// It has a partner.
pub(crate) const PAIRED: u8 = 2;

/// An event of a group, borrowed from its record.
#[derive(Clone, Copy)]
pub(crate) struct Member<'r> {
    pub state: u8,
    pub event: TimedEvent<'r>,
    /// The whole of it.
    pub record: &'r [u8],
}

impl<'r> Member<'r> {
    /// The member that a record holds.
    pub fn read(record: &'r [u8]) -> Option<Self> {
        let (state, event) = record.split_first()?;
        Some(Self { state: *state, event: TimedEvent::read(event)?, record })
    }

    pub fn write(state: u8, event: &TimedEvent<'_>, out: &mut Vec<u8>) {
        out.push(state);
        event.write(out);
    }
}

/// What a ranked record begins with: of equal keys, the one whose rank is the smaller bytes comes first.
const RANK: usize = 16;

/// A member with the key and the time by which it is sorted.
#[derive(Clone, Copy)]
pub(crate) struct Ranked<'r> {
    pub key: &'r [u8],
    rank: &'r [u8; RANK],
    /// The record of the member.
    pub member_record: &'r [u8],
}

impl<'r> Ranked<'r> {
    /// What a record holds.
    pub fn read(record: &'r [u8]) -> Option<Self> {
        let (length, rest) = record.split_first_chunk()?;
        let (key, rest) = rest.split_at_checked(u32::from_le_bytes(*length) as usize)?;
        let (rank, member) = rest.split_first_chunk()?;
        Some(Self { key, rank, member_record: member })
    }

    pub fn write(key: &[u8], at: i64, state: u8, event: &TimedEvent<'_>, out: &mut Vec<u8>) {
        out.extend_from_slice(&(key.len() as u32).to_le_bytes());
        out.extend_from_slice(key);
        // With the sign turned, negative times come first.
        out.extend_from_slice(&(at ^ i64::MIN).to_be_bytes());
        out.extend_from_slice(&event.entry.head.lexical_fingerprint.to_be_bytes());
        Member::write(state, event, out);
    }

    /// The time by which it is sorted.
    pub fn at(&self) -> i64 {
        self.rank.first_chunk().map_or(0, |at| i64::from_be_bytes(*at) ^ i64::MIN)
    }

    pub fn member(&self) -> Option<Member<'r>> {
        Member::read(self.member_record)
    }
}

/// By key; then by what the events of a group have in common, where that is given; then by time, as
/// [`TimedEvent::compare_time`].
pub(crate) fn compare_ranked(in_common: Option<Key>, one: &[u8], other: &[u8]) -> Ordering {
    let (Some(one), Some(other)) = (Ranked::read(one), Ranked::read(other)) else { return Ordering::Equal };
    let compare =
        |compare: &dyn Fn(&TimedEvent<'_>, &TimedEvent<'_>) -> Ordering| match (one.member(), other.member())
        {
            (Some(one), Some(other)) => compare(&one.event, &other.event),
            _ => Ordering::Equal,
        };
    one.key
        .cmp(other.key)
        .then_with(|| match in_common {
            Some(key) => compare(&|one, other| key.compare(&one.entry, &other.entry)),
            None => Ordering::Equal,
        })
        .then_with(|| one.rank.cmp(other.rank))
        .then_with(|| compare(&|one, other| one.compare_time(other)))
}
