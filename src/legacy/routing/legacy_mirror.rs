//! The mirror to the legacy side: brings what the new side stores, as primary, into the legacy log.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use super::intervals::Intervals;
use super::known_changes::KnownChanges;
use super::lag::LegacyLag;
use super::legacy_pages::{LegacyPage, PAGE};
use super::legacy_records::{records_of, refused};
use super::log_progress::{IntendedRecord, Intent, LEGACY_MIRROR, LogProgress};
use super::mirror::{MirrorWorker, Round};
use super::mirror_error::MirrorError;
use super::mirror_state::{MirrorState, News};
use super::mirror_store::MirrorStore;
use super::outbox_progress::{BroughtEvents, NEW_MIRROR, OutboxProgress};
use super::ports::{LegacyLog, LegacyPlace};
use super::sides::{NewSide, RouterPorts, Sides};
use super::undecided::tell;
use crate::application::handling::store::StreamProgress;
use crate::application::mode_log::ModeChange;
use crate::domain::error_chain::error_chain;
use crate::domain::repository::{StoredEvent, Stream};
use crate::domain::value_objects::{Position, StreamId};

/// How often all streams are looked at, for what other processes have stored, and counted what is left.
const LOOK_AGAIN: Duration = Duration::from_secs(1);

/// The mirror to the legacy side.
pub(super) struct LegacyMirror {
    pub(super) sides: Arc<Sides>,
    pub(super) state: Arc<MirrorState>,
    pub(super) store: MirrorStore,
    /// What is known since this process mirrors.
    begun: Option<Begun>,
    known: KnownChanges,
    /// The streams of the new side, and how far they reach.
    pub(super) streams: Vec<Stream>,
    looked_at: Option<Duration>,
    counted_at: Option<Duration>,
    /// Up to where a page was read before the outbox was looked at, and that had so many lines.
    barrier: Option<(StreamId, Position, u64)>,
}

pub(super) struct Begun {
    pub mirrored: BTreeMap<StreamId, Position>,
    pub log: LogProgress,
    /// Whether it is known what stands in the legacy log.
    pub is_recovered: bool,
}

impl MirrorWorker for LegacyMirror {
    fn round(&mut self) -> Result<Round, MirrorError> {
        let sides = Arc::clone(&self.sides);
        let ports = &sides.ports;
        // A switch is recorded before the mirror is told of it.
        let (news, given) = self.state.take_news();
        self.known.read(&*ports.modes)?;
        let intervals = Arc::clone(&self.known.intervals);
        if !self.store.claim(&*ports.handlers)? {
            return self.watch(&intervals);
        }
        self.state.set_elsewhere(false);
        self.store.enter(&*ports.handlers, ports.clock.now())?;
        if self.begun.is_none() && is_done(&mut self.store, ports, &intervals)? {
            return Ok(Round::Finished);
        }
        let new = sides.new_side()?;
        self.look(new, &news)?;
        let mut begun = match self.begun.take() {
            Some(begun) => begun,
            None => self.begin(new)?,
        };
        let round = self.mirror(&mut begun, new)?;
        if round == Round::CaughtUp {
            self.state.set_caught_up(given);
        }
        let is_done = round == Round::CaughtUp && intervals.are_done(&begun.mirrored);
        self.begun = Some(begun);
        Ok(if is_done { Round::Finished } else { round })
    }

    fn forget(&mut self) {
        self.store.forget();
        (self.begun, self.looked_at, self.counted_at, self.barrier) = (None, None, None, None);
    }

    fn note_trouble(&mut self, reason: Option<&str>) {
        let ports = &self.sides.ports;
        // It is for other processes to read, and the next trouble is noted again.
        if let Err(error) = self.store.put_reason(&*ports.handlers, reason, ports.clock.now()) {
            tracing::debug!("{LEGACY_MIRROR}: its trouble could not be noted: {}", error_chain(&error));
        }
    }
}

impl LegacyMirror {
    pub fn boxed(sides: Arc<Sides>, state: Arc<MirrorState>) -> Box<dyn MirrorWorker> {
        Box::new(Self::new(sides, state))
    }

    pub fn new(sides: Arc<Sides>, state: Arc<MirrorState>) -> Self {
        let store = MirrorStore::new(LEGACY_MIRROR);
        let (streams, looked_at, counted_at, barrier) = (Vec::new(), None, None, None);
        Self {
            sides,
            state,
            store,
            begun: None,
            known: KnownChanges::default(),
            streams,
            looked_at,
            counted_at,
            barrier,
        }
    }

    /// What another process has mirrored.
    fn watch(&mut self, intervals: &Intervals) -> Result<Round, MirrorError> {
        (self.begun, self.looked_at) = (None, None);
        self.state.set_elsewhere(true);
        let is_done = is_done(&mut self.store, &self.sides.ports, intervals)?;
        Ok(if is_done { Round::Finished } else { Round::Waits })
    }

    /// Looks how far the streams reach.
    fn look(&mut self, new: &NewSide, news: &News) -> Result<(), MirrorError> {
        let now = self.sides.ports.clock.elapsed();
        let is_due = self.looked_at.is_none_or(|at| now.saturating_sub(at) >= LOOK_AGAIN);
        if is_due || news.is_all {
            self.streams = new.events.streams()?;
            self.looked_at = Some(now);
            return Ok(());
        }
        for position in &news.positions {
            if self.streams.iter().any(|stream| stream.head == *position) {
                continue;
            }
            let Some(id) = new.events.stream_of(*position)? else { continue };
            match self.streams.iter_mut().find(|known| known.id == id) {
                Some(known) => known.head = known.head.max(*position),
                None => {
                    self.streams.push(Stream { id, head: *position });
                    self.streams.sort_by_key(|stream| stream.head);
                }
            }
        }
        Ok(())
    }

    /// Events that the other mirror brings to the new side while that is primary already are on both sides: they are left out, and
    /// before that is known, nothing is mirrored. `None` where the other mirror goes first.
    ///
    /// A page is read first, and then the lines of the outbox are counted: what of the page has come by a line came by one of these.
    fn without_brought(
        &mut self,
        mut page: LegacyPage,
    ) -> Result<Option<(LegacyPage, BroughtEvents)>, MirrorError> {
        let ports = &self.sides.ports;
        if !self.known.changes.iter().any(|change| change.to.mirrors_to_new()) {
            page.keep_mirrored(&BroughtEvents::default());
            return Ok(Some((page, BroughtEvents::default())));
        }
        let (stream, cut, lines) = match self.barrier.take() {
            Some(barrier) if barrier.0 == page.stream => barrier,
            _ => (page.stream.clone(), page.read.0, ports.outbox.head()?),
        };
        let passed = OutboxProgress::of(&self.store.progress_of(&*ports.handlers, NEW_MIRROR)?)?;
        if passed.line < lines {
            self.barrier = Some((stream, cut, lines));
            return Ok(None);
        }
        page.cut(cut);
        page.keep_mirrored(&passed.brought);
        Ok(Some((page, passed.brought)))
    }

    /// Mirrors the next page.
    fn mirror(&mut self, begun: &mut Begun, new: &NewSide) -> Result<Round, MirrorError> {
        loop {
            let intervals = Arc::clone(&self.known.intervals);
            let Some(page) = self.next_page(begun, new, &intervals)? else { return Ok(Round::CaughtUp) };
            // An event that was stored after a switch was stored after that was recorded.
            if self.known.read(&*self.sides.ports.modes)? {
                continue;
            }
            if page.events.len() == PAGE || !begun.is_recovered {
                self.count(begun, new, &intervals)?;
            }
            let Some((page, brought)) = self.without_brought(page)? else {
                return Ok(Round::Waits);
            };
            if begun.is_recovered {
                self.write(begun, page)?;
                return Ok(Round::Worked);
            }
            // It moves the progress, and is no step that went well by itself.
            self.recover(begun, new, &intervals, &brought)?;
        }
    }

    fn next_page(
        &self,
        begun: &Begun,
        new: &NewSide,
        intervals: &Intervals,
    ) -> Result<Option<LegacyPage>, MirrorError> {
        for stream in &self.streams {
            let mirrored = begun.mirrored.get(&stream.id).copied();
            if let Some(page) = LegacyPage::read(&*new.events, intervals, stream, mirrored)? {
                return Ok(Some(page));
            }
        }
        Ok(None)
    }

    /// Counts what is to be mirrored, now and then.
    fn count(&mut self, begun: &Begun, new: &NewSide, intervals: &Intervals) -> Result<(), MirrorError> {
        let now = self.sides.ports.clock.elapsed();
        if self.counted_at.is_some_and(|at| now.saturating_sub(at) < LOOK_AGAIN) {
            return Ok(());
        }
        self.counted_at = Some(now);
        let passed = OutboxProgress::of(&self.store.progress_of(&*self.sides.ports.handlers, NEW_MIRROR)?)?;
        let (streams, mirrored) = (&self.streams, &begun.mirrored);
        let lag = LegacyLag { events: &*new.events, intervals, brought: &passed.brought, streams, mirrored };
        let behind = lag.count()?;
        self.state.set_behind(behind.events, behind.is_at_least);
        Ok(())
    }

    /// Writes the records of a page: an intent first, then the records with one write, then the progress.
    fn write(&mut self, begun: &mut Begun, mut page: LegacyPage) -> Result<(), MirrorError> {
        let sides = Arc::clone(&self.sides);
        let ports = &sides.ports;
        let mut records = records_of(page.events.iter().map(|event| &event.event), &ports.zone)?;
        if !page.events.is_empty() {
            let legacy = &**sides.legacy_log()?;
            let (from, planned) = self.planned(legacy, &mut page, &mut records)?;
            self.check_length(begun, from)?;
            let events = page.events.iter().zip(&planned);
            let intended = events.map(|(event, place)| IntendedRecord::new(event, place)).collect();
            let stream = page.stream.as_str().to_owned();
            begun.log.end = from;
            begun.log.intent = Some(Intent { from, stream, records: intended });
            if begun.log.last.is_none() {
                begun.log.last = page.events.first().map(|event| event.event.event_id().clone());
            }
            // The lock is not held meanwhile: what the legacy side, as primary, appends does not wait for the handler store.
            self.put(begun, &[], 0)?;
            let mut log = legacy.lock()?;
            let places = log.plan(&records)?;
            if !places.iter().zip(&planned).all(|(place, planned)| has_text_of(place, planned)) {
                return Err(MirrorError::LayoutChanged);
            }
            log.write()?;
            begun.log.end = places.last().map_or(from, LegacyPlace::end);
            begun.log.intent = None;
            begun.log.records += records.len() as u64;
            if let Some(last) = page.events.last() {
                begun.log.last = Some(last.event.event_id().clone());
            }
        }
        let (position, event_id) = page.read.clone();
        begun.mirrored.insert(page.stream.clone(), position);
        self.state.set_mirrored(&page.stream, position, page.events.len() as u64);
        let (stream, updated_at) = (page.stream.clone(), ports.clock.now());
        let row = StreamProgress { stream, position, event_id, updated_at, detail: None };
        self.put(begun, &[row], records.len() as u64)
    }

    /// Where the log ends, and where the records of a page would stand. Those that the legacy log has no form for are told, and left out.
    fn planned(
        &self,
        legacy: &dyn LegacyLog,
        page: &mut LegacyPage,
        records: &mut Vec<String>,
    ) -> Result<(u64, Vec<LegacyPlace>), MirrorError> {
        loop {
            let mut log = legacy.lock()?;
            let (from, planned) = (log.end(), log.plan(records));
            drop(log);
            let error = match planned {
                Ok(planned) => return Ok((from, planned)),
                Err(error) => error,
            };
            let refused = refused(legacy, records)?;
            if refused.is_empty() {
                return Err(error.into());
            }
            for (index, reason) in &refused {
                let Some(StoredEvent { event, position, .. }) = page.events.get(*index) else { continue };
                self.state.set_refused(&page.stream, *position, reason.clone());
                let detail = format!(
                    "the legacy log has no form for it ({reason}): only the new side has it, and compare-logs shows it"
                );
                tell(&self.sides.ports, LEGACY_MIRROR, Some(event.event_id().as_str()), None, detail)?;
            }
            for (index, _) in refused.iter().rev() {
                records.remove(*index);
                page.events.remove(*index);
            }
        }
    }

    /// A log that is shorter than it was has lost records.
    fn check_length(&self, begun: &Begun, end: u64) -> Result<(), MirrorError> {
        let known = begun.log.end;
        if end >= known {
            return Ok(());
        }
        let detail = format!(
            "the legacy log ends at byte {end}, and ended at {known} before: another program has written it anew, or cut it, and \
             records may be missing; compare-logs shows them"
        );
        tell(&self.sides.ports, LEGACY_MIRROR, None, Some(end), detail)
    }

    /// Keeps what is known of the log, with the progress in streams.
    pub(super) fn put(
        &mut self,
        begun: &Begun,
        streams: &[StreamProgress],
        mirrored: u64,
    ) -> Result<(), MirrorError> {
        let now = self.sides.ports.clock.now();
        let mut rows = streams.to_vec();
        rows.extend(begun.log.row(now)?);
        Ok(self.store.put_progress(&*self.sides.ports.handlers, &rows, mirrored, now)?)
    }
}

/// Whether events are left for this mirror, or may come.
pub(super) fn is_left(ports: &RouterPorts, changes: &[ModeChange]) -> Result<bool, MirrorError> {
    let intervals = Intervals::of(changes);
    Ok(!intervals.is_empty() && !is_done(&mut MirrorStore::new(LEGACY_MIRROR), ports, &intervals)?)
}

fn is_done(store: &mut MirrorStore, ports: &RouterPorts, intervals: &Intervals) -> Result<bool, MirrorError> {
    let progress = store.progress(&*ports.handlers)?;
    let mirrored = progress.into_iter().map(|row| (row.stream, row.position)).collect();
    Ok(intervals.are_done(&mirrored))
}

fn has_text_of(place: &LegacyPlace, other: &LegacyPlace) -> bool {
    (place.length, place.sha256) == (other.length, other.sha256)
}
