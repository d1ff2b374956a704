//! Events of the control without a partner, from about the beginning: what they come to shows when all pairs are
//! known. There can be any number of them: beyond a share of the memory they wait in the temporary file.

use crate::application::compare::context::Context;
use crate::application::compare::feed::CompareError;
use crate::application::compare::reading::packed_event::PackedEvent;
use crate::application::compare::spill::run::{Run, RunReader, RunWriter};

/// Events that wait.
pub(crate) struct AboutBeginning<'t> {
    context: &'t Context<'t>,
    writer: Option<RunWriter<'t>>,
    /// Those of other workers.
    runs: Vec<Run>,
}

impl<'t> AboutBeginning<'t> {
    pub fn new(context: &'t Context<'t>) -> Self {
        Self { context, writer: None, runs: Vec::new() }
    }

    pub fn push(&mut self, event: &PackedEvent<'_>) -> Result<(), CompareError> {
        let Context { scratch, budget, .. } = self.context;
        let writer = self.writer.get_or_insert_with(|| RunWriter::new(scratch, budget.about_beginning()));
        writer.push(event.packed)
    }

    /// Takes over those of another worker.
    pub fn add(&mut self, other: Self) -> Result<(), CompareError> {
        self.runs.extend(other.runs);
        self.runs.extend(other.writer.map(RunWriter::finish).transpose()?);
        Ok(())
    }

    /// Gives all of them to `take`, in no particular order.
    pub fn each(self, take: &mut dyn FnMut(&PackedEvent<'_>)) -> Result<(), CompareError> {
        let Context { scratch, budget, .. } = self.context;
        let last = self.writer.map(RunWriter::finish).transpose()?;
        for run in self.runs.into_iter().chain(last) {
            let mut reader = RunReader::new(run, scratch, budget.about_beginning())?;
            while let Some(packed) = reader.current() {
                if let Some((event, _)) = PackedEvent::unpack(packed) {
                    take(&event);
                }
                reader.advance()?;
            }
        }
        Ok(())
    }
}
