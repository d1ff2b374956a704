//! A group that is too large for memory: its events are in the temporary file, and are sorted there for every
//! round of pairing. It gives the pairs that a group in memory gives.

use std::cmp::Ordering;
use std::collections::VecDeque;

use crate::application::compare::clock::timed_event::TimedEvent;
use crate::application::compare::feed::CompareError;
use crate::application::compare::reading::packed_event::Side;
use crate::application::compare::spill::memory_budget::GroupShare;
use crate::application::compare::spill::partitions::SharedScratch;
use crate::application::compare::spill::run::{Run, RunReader, RunWriter};
use crate::application::compare::spill::sorter::{Sorted, Sorter};

use super::group::{Group, NeighbourKey, Neighbours, Select};
use super::member_record::{CROWDED, Member, PAIRED, Ranked, compare_ranked};
use super::two_pointer::{Accept, CrowdWindow, Queue, pair_sorted};

/// A group on disk.
pub(crate) struct SpilledGroup<'s> {
    scratch: &'s SharedScratch,
    share: GroupShare,
    /// The members that have no partner, control first; before the first round in the order of
    /// [`TimedEvent::compare_time`].
    unpaired: [Run; 2],
    /// Those that have one, where they are kept.
    paired: Option<[RunWriter<'s>; 2]>,
    counts: [u64; 2],
}

fn by_key_and_time(one: &[u8], other: &[u8]) -> Ordering {
    compare_ranked(None, one, other)
}

impl<'s> SpilledGroup<'s> {
    /// A group of these members, control first, each side in the order of [`TimedEvent::compare_time`].
    /// Those that have a partner are kept where neighbours will be asked for.
    pub fn new(members: [Run; 2], keeps_paired: bool, scratch: &'s SharedScratch, share: GroupShare) -> Self {
        let counts = members.each_ref().map(|run| run.records);
        let paired = keeps_paired.then(|| [(); 2].map(|()| RunWriter::new(scratch, share.run)));
        Self { scratch, share, unpaired: members, paired, counts }
    }

    fn writer(&self) -> RunWriter<'s> {
        RunWriter::new(self.scratch, self.share.run)
    }

    fn sorter(&self) -> Sorter<'s> {
        Sorter::new(self.scratch, &by_key_and_time, self.share.sort)
    }

    fn each(
        &self,
        run: &Run,
        take: &mut dyn FnMut(&Member<'_>) -> Result<(), CompareError>,
    ) -> Result<(), CompareError> {
        let mut reader = RunReader::new(run.clone(), self.scratch, self.share.run)?;
        while let Some(record) = reader.current() {
            Member::read(record).as_ref().map_or(Ok(()), &mut *take)?;
            reader.advance()?;
        }
        Ok(())
    }
}

impl Group for SpilledGroup<'_> {
    fn counts(&self) -> [u64; 2] {
        self.counts
    }

    fn unpaired(
        &self,
        take: &mut dyn FnMut(Side, &TimedEvent<'_>) -> Result<(), CompareError>,
    ) -> Result<(), CompareError> {
        for side in [Side::Control, Side::Candidate] {
            self.each(&self.unpaired[side as usize], &mut |member| take(side, &member.event))?;
        }
        Ok(())
    }

    fn note_crowds(&mut self, tolerance: i64) -> Result<(), CompareError> {
        let mut noted = [Run::default(), Run::default()];
        for (side, other) in [(0, 1), (1, 0)] {
            let mut others = RunReader::new(self.unpaired[other].clone(), self.scratch, self.share.run)?;
            let mut next = || {
                let at = others.current().and_then(Member::read).map(|member| member.event.at);
                others.advance().map(|()| at)
            };
            let (mut crowd, mut writer, mut record) = (CrowdWindow::default(), self.writer(), Vec::new());
            self.each(&self.unpaired[side], &mut |member| {
                let is_crowded = crowd.is_crowded(member.event.at, tolerance, &mut next)?;
                record.clear();
                Member::write(if is_crowded { CROWDED } else { 0 }, &member.event, &mut record);
                writer.push(&record)
            })?;
            noted[side] = writer.finish()?;
        }
        self.unpaired = noted;
        Ok(())
    }

    fn pair(
        &mut self,
        window: i64,
        select: &mut Select<'_>,
        accept: &mut Accept<'_>,
    ) -> Result<(), CompareError> {
        if self.unpaired.iter().any(|run| run.records == 0) {
            return Ok(());
        }
        let mut queue = |side: Side| {
            let (mut sorter, mut rest, mut key) = (self.sorter(), self.writer(), Vec::new());
            self.each(&self.unpaired[side as usize], &mut |member| {
                key.clear();
                match select(side, &member.event, &mut key) {
                    Some(at) => sorter.push(|out| Ranked::write(&key, at, member.state, &member.event, out)),
                    None => rest.push(member.record),
                }
            })?;
            Ok::<_, CompareError>((sorter.finish()?, rest))
        };
        let (control, candidate) = (queue(Side::Control)?, queue(Side::Candidate)?);
        let [of_control, of_candidate] =
            self.paired.as_mut().map_or([None, None], |[one, other]| [Some(one), Some(other)]);
        let queue = |(sorted, rest), paired| SpilledQueue { sorted, ahead: VecDeque::new(), rest, paired };
        let mut control = queue(control, of_control);
        let mut candidate = queue(candidate, of_candidate);
        pair_sorted(&mut control, &mut candidate, window, accept)?;
        self.unpaired = [control.rest.finish()?, candidate.rest.finish()?];
        Ok(())
    }

    fn unpaired_with_neighbours(
        &mut self,
        key: &NeighbourKey<'_>,
        take: &mut dyn FnMut(Side, &Neighbours<'_, '_>) -> Result<(), CompareError>,
    ) -> Result<(), CompareError> {
        let Some(paired) = self.paired.take() else { return Ok(()) };
        for (side, paired) in [Side::Control, Side::Candidate].into_iter().zip(paired) {
            let unpaired = &self.unpaired[side as usize];
            if unpaired.records == 0 {
                continue;
            }
            let (mut sorter, mut sorted_by) = (self.sorter(), Vec::new());
            for (run, state) in [(unpaired, 0), (&paired.finish()?, PAIRED)] {
                self.each(run, &mut |member| {
                    sorted_by.clear();
                    key(&member.event, &mut sorted_by);
                    sorter.push(|out| Ranked::write(&sorted_by, member.event.at, state, &member.event, out))
                })?;
            }
            let mut sorted = sorter.finish()?;
            // The records before, of and after the event that is looked at.
            let mut window: [Option<Vec<u8>>; 3] = [const { None }; 3];
            loop {
                window.rotate_left(1);
                window[2] = sorted.current().map(<[u8]>::to_vec);
                sorted.advance()?;
                let [before, member, after] =
                    window.each_ref().map(|record| Ranked::read(record.as_deref()?)?.member());
                match (member, &after) {
                    (Some(member), _) if member.state & PAIRED == 0 => {
                        let before = before.as_ref().map(|before| &before.event);
                        let after = after.as_ref().map(|after| (&after.event, after.state & PAIRED != 0));
                        take(side, &Neighbours { before, event: &member.event, after })?;
                    }
                    (None, None) => break,
                    _ => {}
                }
            }
        }
        Ok(())
    }
}

/// The members of one side that take part in a round.
struct SpilledQueue<'q, 's> {
    sorted: Sorted<'s>,
    /// The records that were looked at, and not taken.
    ahead: VecDeque<Vec<u8>>,
    rest: RunWriter<'s>,
    paired: Option<&'q mut RunWriter<'s>>,
}

impl Queue for SpilledQueue<'_, '_> {
    fn rank(&mut self, place: usize) -> Result<Option<(&[u8], i64)>, CompareError> {
        while self.ahead.len() <= place
            && let Some(record) = self.sorted.current()
        {
            self.ahead.push_back(record.to_vec());
            self.sorted.advance()?;
        }
        let ranked = self.ahead.get(place).and_then(|record| Ranked::read(record));
        Ok(ranked.map(|ranked| (ranked.key, ranked.at())))
    }

    fn event(&self, place: usize) -> Option<(TimedEvent<'_>, bool)> {
        let member = Ranked::read(self.ahead.get(place)?)?.member()?;
        Some((member.event, member.state & CROWDED != 0))
    }

    fn take(&mut self, place: usize, is_paired: bool) -> Result<(), CompareError> {
        let record = self.ahead.remove(place);
        let Some(ranked) = record.as_deref().and_then(Ranked::read) else { return Ok(()) };
        match &mut self.paired {
            _ if !is_paired => self.rest.push(ranked.member_record),
            Some(paired) => paired.push(ranked.member_record),
            None => Ok(()),
        }
    }
}
