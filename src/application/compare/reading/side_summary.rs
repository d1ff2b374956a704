//! What is known of a side once it was read.

use std::collections::BTreeMap;
use std::path::PathBuf;

use chrono::NaiveDate;

use crate::application::compare::clock::anchors::AnchorSample;
use crate::application::compare::report::{FileReport, RejectedPlace};
use crate::application::compare::rules::field_set::FieldSet;
use crate::application::multiset_digest::MultisetDigest;
use crate::application::reject_list::RejectList;

/// How many anchors of a side are kept.
const ANCHORS: usize = 1 << 16;
/// How many rejects of a side are listed; all are counted.
const LISTED_REJECTS: usize = 100;

/// A side that was read.
#[derive(Clone)]
pub(crate) struct SideSummary {
    pub anchors: AnchorSample,
    /// When the earliest one occurred, in the range or not. Microseconds.
    pub first: Option<i64>,
    /// In the range.
    pub events: u64,
    /// Outside the range, and too far for a partner within it.
    pub out_of_range: u64,
    /// Outside, in both ways, and not before the range.
    pub after_range: u64,
    /// Outside the range, but so near that a partner may be within it.
    pub near_boundary: u64,
    /// Of types that are not compared, whenever they occurred.
    pub other_types: u64,
    pub with_id: u64,
    /// Those whose time was written without an offset.
    pub naive: u64,
    /// The numbers of the fields in which a time was read, of those that the profile declares.
    pub times_read: FieldSet,
    /// Some of these are local times that come twice.
    pub has_repeated_times: bool,
    pub days: BTreeMap<NaiveDate, DaySum>,
    pub digest: MultisetDigest,
    pub files: Vec<FileReport>,
    pub quarantined: u64,
    /// Compressed data of it is damaged or cut: it is not known which events are in it.
    pub is_damaged: bool,
    pub rejects: RejectList<RejectedPlace, LISTED_REJECTS>,
    /// The file that changed each time it was read.
    pub changing: Option<PathBuf>,
    /// A few of its records, to test the comparison on.
    pub sample: BTreeMap<u64, String>,
}

impl SideSummary {
    /// A side of which nothing was read yet.
    pub fn nothing() -> Self {
        Self {
            anchors: AnchorSample::new(ANCHORS),
            first: None,
            events: 0,
            out_of_range: 0,
            after_range: 0,
            near_boundary: 0,
            other_types: 0,
            with_id: 0,
            naive: 0,
            times_read: FieldSet::default(),
            has_repeated_times: false,
            days: BTreeMap::new(),
            digest: MultisetDigest::default(),
            files: Vec::new(),
            quarantined: 0,
            is_damaged: false,
            rejects: RejectList::default(),
            changing: None,
            sample: BTreeMap::new(),
        }
    }

    /// Gives types the ranks of their names instead of their numbers.
    pub fn rank_types(&mut self, ranks: &[u32]) {
        for day in self.days.values_mut() {
            let types = std::mem::take(&mut day.types).into_iter();
            day.types = types.map(|(number, events)| (ranks[number as usize], events)).collect();
        }
    }

    /// Takes over what another part of the same side holds; of its sampled records at most `sample` are kept.
    pub fn add(&mut self, other: Self, sample: usize) {
        self.anchors.add(other.anchors);
        self.first = self.first.into_iter().chain(other.first).min();
        self.events += other.events;
        self.out_of_range += other.out_of_range;
        self.after_range += other.after_range;
        self.near_boundary += other.near_boundary;
        self.other_types += other.other_types;
        self.with_id += other.with_id;
        self.naive += other.naive;
        self.times_read.add(&other.times_read);
        self.has_repeated_times |= other.has_repeated_times;
        for (day, sum) in other.days {
            let into = self.days.entry(day).or_default();
            into.events += sum.events;
            into.digest.add_digest(sum.digest);
            for (event_type, events) in sum.types {
                *into.types.entry(event_type).or_default() += events;
            }
        }
        self.digest.add_digest(other.digest);
        self.files.extend(other.files);
        self.quarantined += other.quarantined;
        self.is_damaged |= other.is_damaged;
        self.rejects.append(other.rejects);
        self.changing = self.changing.take().or(other.changing);
        self.sample.extend(other.sample);
        while self.sample.len() > sample {
            self.sample.pop_last();
        }
    }
}

/// What a side holds of one day.
#[derive(Clone, Default)]
pub(crate) struct DaySum {
    pub events: u64,
    pub digest: MultisetDigest,
    /// How many events there are of each type.
    pub types: BTreeMap<u32, u64>,
}
