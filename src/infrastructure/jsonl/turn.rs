//! Taking turns with other writers of a folder.

use std::path::Path;

use crate::application::dispatch::{StoreTurn, Turn};
use crate::infrastructure::side_files::TURN_OF_A_FOLDER;
use crate::infrastructure::turn_file::TurnFile;

/// The turns of the processes that write to a JSONL store, by the files `.events.turn` and `.events.turn.next` in its
/// folder.
pub struct JsonlStoreTurn {
    file: TurnFile,
}

impl JsonlStoreTurn {
    /// The turns of the store in that folder, whether it is there yet or not.
    pub fn new(folder: impl AsRef<Path>) -> Self {
        Self { file: TurnFile::at(folder.as_ref().join(TURN_OF_A_FOLDER)) }
    }
}

impl StoreTurn for JsonlStoreTurn {
    fn take(&mut self) -> Box<dyn Turn + '_> {
        Box::new(self.file.take())
    }

    fn take_now(&mut self) -> Option<Box<dyn Turn + '_>> {
        Some(Box::new(self.file.take_now()?))
    }

    fn idle(&mut self) {}
}
