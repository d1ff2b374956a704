//! The move, from the first range to the cut-over.

use std::ops::RangeInclusive;
use std::time::Duration;

use crate::application::clock::Clock;
use crate::application::compare::feed::Scratch;
use crate::application::compare::report::Verdict;
use crate::application::compare::settings::Settings;
use crate::application::evidence::{EvidenceLog, RecordedMove, last_move, record_move};
use crate::domain::repository::RepositoryError;

use super::copying::{RANGE, copy_up_to};
use super::error::MoveError;
use super::ports::{ANY, MovingStore};
use super::proof::{Comparing, Proved, copy_state, has_changed, prove_uses};
use super::report::MoveReport;
use super::stage::{Stage, is_empty, refuse_rows_of_its_own, stage_of};
use super::standing::Standing;
use super::tables::EVENTS;

/// After so long, what waited for a lock when it was given back has it.
const TURN: Duration = Duration::from_millis(100);

/// What a move is done with.
pub struct MovePorts<'p> {
    /// How the events of both are compared.
    pub settings: &'p Settings,
    /// Gives an empty scratch for each comparison.
    pub new_scratch: &'p dyn Fn() -> Box<dyn Scratch>,
    /// Where it is recorded.
    pub evidence: &'p dyn EvidenceLog,
    /// The clock.
    pub clock: &'p dyn Clock,
    /// Is told up to which position events were copied.
    pub tell: &'p mut dyn FnMut(i64),
}

/// A move.
pub struct Move<'m> {
    source: &'m mut dyn MovingStore,
    target: &'m mut dyn MovingStore,
    source_is: Standing,
    target_is: Standing,
    ports: MovePorts<'m>,
    proved: Proved,
    copied_events: u64,
}

impl<'m> Move<'m> {
    /// The move of one store into another place.
    pub fn new(
        source: &'m mut dyn MovingStore,
        target: &'m mut dyn MovingStore,
        ports: MovePorts<'m>,
    ) -> Self {
        let (source_is, target_is) = (Standing::Own, Standing::Own);
        Self { source, target, source_is, target_is, ports, proved: Proved::default(), copied_events: 0 }
    }

    /// Copies what the target does not have yet, and proves that it is what the source is. With `cut_over`, the target is the store
    /// then, and the source refuses writers.
    ///
    /// # Errors
    /// Nothing was cut over.
    pub fn run(mut self, cut_over: bool) -> Result<MoveReport, MoveError> {
        self.source.lock()?;
        self.target.lock()?;
        self.source_is = self.source.standing()?;
        self.target_is = self.target.standing()?;
        let stage = stage_of([&mut *self.source, &mut *self.target], [&self.source_is, &self.target_is])?;
        match stage {
            Stage::Done if cut_over => return self.done_before(),
            Stage::Done => {
                let (from, to) = (self.source.place(), self.target.place());
                return Err(MoveError::Refused(format!(
                    "{from} was moved to {to}, which is the store: name that one with --from"
                )));
            }
            Stage::Fenced if !cut_over => {
                return Err(MoveError::Refused(format!(
                    "{} refuses writers, as a cut-over to {} was begun and not ended: run it again with --cut-over, or take it back with --undo",
                    self.source.place(),
                    self.target.place()
                )));
            }
            Stage::New | Stage::Begun { .. } | Stage::Fenced => {}
        }
        let complaints = self.source.complaints()?;
        if !complaints.is_empty() {
            let complaints = complaints.join("; ");
            return Err(MoveError::Negative(format!(
                "{} {complaints}. Nothing was moved",
                self.source.place()
            )));
        }
        if stage == Stage::Fenced {
            refuse_rows_of_its_own([&mut *self.source, &mut *self.target])?;
            return self.cut_over();
        }
        self.begin_copy(stage)?;
        self.copy_what_is_there()?;
        self.or_record(|this| this.copy_and_prove())?;
        if cut_over {
            return self.cut_over();
        }
        let proved = self.recorded(false, Vec::new());
        let recorded_as = Some(record_move(proved.clone(), self.ports.evidence, self.ports.clock)?.sequence);
        Ok(self.report(proved, None, recorded_as))
    }

    fn begin_copy(&mut self, stage: Stage) -> Result<(), MoveError> {
        // What was a store before, or is a whole copy, is one that can be read at any time.
        let is_whole = match self.target_is {
            Standing::Own => stage != Stage::New,
            Standing::Copy { is_whole, .. } => is_whole,
            Standing::Moved { .. } => true,
        };
        let last = match stage {
            Stage::Begun { last } => last,
            _ => 0,
        };
        let copy = Standing::Copy { of: self.source.place(), is_whole };
        let found = self.target_becomes(copy, last..=last)?;
        if found == last && (stage != Stage::New || is_empty(self.target)?) {
            return Ok(());
        }
        if found == last {
            self.target_becomes(Standing::Own, ANY)?;
        }
        Err(MoveError::Negative(format!(
            "{} has got events or logs from elsewhere while this move began: expected its last event at position {last}, found it at \
             {found}; nothing was copied",
            self.target.place()
        )))
    }

    fn source_becomes(&mut self, standing: Standing) -> Result<i64, RepositoryError> {
        let found = self.source.stand_as(&self.source_is, &standing, ANY)?;
        self.source_is = standing;
        Ok(found)
    }

    /// Answers the position of the last event of the target; nothing was changed where that is none of `last`.
    fn target_becomes(
        &mut self,
        standing: Standing,
        last: RangeInclusive<i64>,
    ) -> Result<i64, RepositoryError> {
        let found = self.target.stand_as(&self.target_is, &standing, last.clone())?;
        if last.contains(&found) {
            self.target_is = standing;
        }
        Ok(found)
    }

    /// Copies events without holding one state of the source, until less than a range is left.
    fn copy_what_is_there(&mut self) -> Result<(), MoveError> {
        let before = self.target.last_key(&EVENTS)?;
        let mut copied = before;
        loop {
            let last = self.source.last_key(&EVENTS)?;
            if last - copied < RANGE {
                break;
            }
            copy_up_to([&mut *self.source, &mut *self.target], &EVENTS, last, self.ports.tell)?;
            copied = last;
        }
        self.copied_events = (copied - before).unsigned_abs();
        Ok(())
    }

    fn copy_and_prove(&mut self) -> Result<(), MoveError> {
        let found = self.copy_and_prove_once();
        if !matches!(found, Err(MoveError::Contradiction(_))) || !self.has_source_changed()? {
            return found;
        }
        // What is known of logs has changed between the copy and the look at its use: once more, while no import runs.
        self.source.hold_imports()?;
        let found = self.copy_and_prove_once();
        self.source.release_imports();
        found
    }

    fn copy_and_prove_once(&mut self) -> Result<(), MoveError> {
        self.copy_rest()?;
        let copy = Standing::Copy { of: self.source.place(), is_whole: true };
        self.target_becomes(copy, ANY)?;
        self.prove_uses()
    }

    fn has_source_changed(&mut self) -> Result<bool, RepositoryError> {
        has_changed(self.source, self.proved.last, &self.proved.tables)
    }

    fn copy_rest(&mut self) -> Result<(), MoveError> {
        let before = self.target.last_key(&EVENTS)?;
        copy_state([&mut *self.source, &mut *self.target], &mut self.proved, self.ports.tell)?;
        self.copied_events += (self.proved.last - before).max(0).unsigned_abs();
        Ok(())
    }

    fn prove_uses(&mut self) -> Result<(), MoveError> {
        let comparing = Comparing { settings: self.ports.settings, new_scratch: self.ports.new_scratch };
        prove_uses([&mut *self.source, &mut *self.target], &comparing, &mut self.proved)
    }

    /// Records what a proof found where it failed.
    fn or_record(&mut self, prove: impl FnOnce(&mut Self) -> Result<(), MoveError>) -> Result<(), MoveError> {
        let failed = match prove(self) {
            Ok(()) => return Ok(()),
            Err(failed) => failed,
        };
        if matches!(failed, MoveError::Different { .. } | MoveError::Contradiction(_)) {
            let found = self.recorded(false, vec![failed.to_string()]);
            record_move(found, self.ports.evidence, self.ports.clock)?;
        }
        Err(failed)
    }

    /// Makes the target the store. What fails before that takes the fence back.
    fn cut_over(mut self) -> Result<MoveReport, MoveError> {
        let fence = Standing::Moved { to: self.target.place() };
        let began = self.ports.clock.elapsed();
        let fenced_at = self.source_becomes(fence.clone())?;
        let proved = match self.prove_behind_the_fence(fenced_at) {
            Ok(proved) => proved,
            Err(failed) => {
                self.source_becomes(Standing::Own)?;
                return Err(failed);
            }
        };
        fence.ensure_is(&self.source.standing()?, &self.source.place())?;
        let last = self.target_becomes(Standing::Own, self.proved.last..=self.proved.last)?;
        if last != self.proved.last {
            self.source_becomes(Standing::Own)?;
            return Err(MoveError::Negative(format!(
                "{} has got events from elsewhere while it was proved: expected the last one at position {}, found it at {last}",
                self.target.place(),
                self.proved.last
            )));
        }
        let pause = self.ports.clock.elapsed().saturating_sub(began);
        let proved = RecordedMove { cut_over: true, ..proved };
        let recorded_as = self.record_cut_over(&proved)?;
        self.source.release_imports();
        self.ports.clock.wait(TURN);
        self.source.hold_imports()?;
        self.refuse_late_rows(&proved)?;
        let pause_ms = u64::try_from(pause.as_millis()).unwrap_or(u64::MAX);
        Ok(self.report(proved, Some(pause_ms), Some(recorded_as)))
    }

    /// What was proved, which is recorded: that nothing was cut over yet as well.
    fn prove_behind_the_fence(&mut self, fenced_at: i64) -> Result<RecordedMove, MoveError> {
        let before = self.proved.clone();
        // One of an earlier version goes on behind the fence where it had waited for its turn: its rows are moved too.
        self.source.hold_imports()?;
        self.or_record(|this| {
            this.copy_rest()?;
            if this.proved.last < fenced_at {
                return Err(MoveError::Contradiction(format!(
                    "{} ends with position {}, where writers were refused after {fenced_at}",
                    this.source.place(),
                    this.proved.last
                )));
            }
            // Logs and comparisons are of rows: those that were proved before have not changed.
            let is_known = |proved: &Proved| {
                proved.tables.iter().filter(|table| table.table != "stored_rows").cloned().collect::<Vec<_>>()
            };
            if before.ranges.is_empty() || is_known(&before) != is_known(&this.proved) {
                let copy = Standing::Copy { of: this.source.place(), is_whole: true };
                this.target_becomes(copy, ANY)?;
                this.prove_uses()?;
            }
            Ok(())
        })?;
        let proved = self.recorded(false, Vec::new());
        record_move(proved.clone(), self.ports.evidence, self.ports.clock)?;
        Ok(proved)
    }

    fn record_cut_over(&self, proved: &RecordedMove) -> Result<u64, MoveError> {
        let recorded = record_move(proved.clone(), self.ports.evidence, self.ports.clock);
        let target = self.target.place();
        Ok(recorded.map_err(|source| MoveError::Unrecorded { target, source })?.sequence)
    }

    /// Fails where the source has got rows since it was proved, which the target does not have.
    fn refuse_late_rows(&mut self, proved: &RecordedMove) -> Result<(), MoveError> {
        if !has_changed(self.source, proved.last_position, &proved.tables)? {
            return Ok(());
        }
        Err(MoveError::Late { old: self.source.place(), target: self.target.place() })
    }

    fn done_before(mut self) -> Result<MoveReport, MoveError> {
        self.proved.last = self.source.last_key(&EVENTS)?;
        let of_these = last_move(self.ports.evidence, &self.source.place(), &self.target.place())?;
        let (proved, recorded_as) = match of_these {
            // It was killed between the cut-over and its record.
            Some(proved) if !proved.cut_over => {
                let proved = RecordedMove { cut_over: true, ..proved };
                let recorded_as = self.record_cut_over(&proved)?;
                (proved, Some(recorded_as))
            }
            Some(proved) => {
                self.refuse_late_rows(&proved)?;
                (proved, None)
            }
            None => (self.recorded(true, Vec::new()), None),
        };
        Ok(MoveReport { was_done: true, ..self.report(proved, None, recorded_as) })
    }

    fn recorded(&self, cut_over: bool, reasons: Vec<String>) -> RecordedMove {
        let Proved { last, ranges, tables, logs, unfinished_logs, comparisons, .. } = self.proved.clone();
        RecordedMove {
            source: self.source.place(),
            target: self.target.place(),
            cut_over,
            events: ranges.iter().map(|range| range.events).sum(),
            last_position: last,
            ranges,
            tables,
            logs,
            unfinished_logs,
            comparisons,
            verdict: if reasons.is_empty() { Verdict::Consistent } else { Verdict::Different },
            reasons,
            elapsed_seconds: self.ports.clock.elapsed().as_secs_f64(),
        }
    }

    fn report(&self, proved: RecordedMove, pause_ms: Option<u64>, recorded_as: Option<u64>) -> MoveReport {
        MoveReport { proved, copied_events: self.copied_events, pause_ms, was_done: false, recorded_as }
    }
}
