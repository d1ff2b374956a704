//! Taking turns with other writers of a database, and what is done in idle time.

use std::sync::{Arc, PoisonError};

use rusqlite::Connection;

use super::SqliteEventRepository;
use super::checkpoint::Checkpoints;
use super::schema::turn_file_of;
use crate::application::dispatch::{StoreTurn, Turn};
use crate::infrastructure::turn_file::TurnFile;

/// The turns of the processes that write to a SQLite store, by the files `<database>.turn` and
/// `<database>.turn.next`; and the checkpoints of its write-ahead log, by the connection that writes.
pub struct SqliteStoreTurn {
    store: Arc<SqliteEventRepository>,
    file: TurnFile,
    checkpoints: Checkpoints,
}

impl SqliteStoreTurn {
    /// The turns of a store that is open for writing.
    pub fn new(store: Arc<SqliteEventRepository>) -> Self {
        let file = turn_file_of(store.path());
        Self { store, file, checkpoints: Checkpoints::default() }
    }

    fn checkpoint_when_due(&mut self) {
        if self.checkpoints.is_due() {
            self.checkpoint(Checkpoints::when_busy);
        }
    }

    /// A log that stays as it is costs room, and nothing else.
    fn checkpoint(&mut self, run: fn(&mut Checkpoints, &mut Connection) -> rusqlite::Result<()>) {
        let Some(writer) = &self.store.writer else { return };
        let mut writer = writer.lock().unwrap_or_else(PoisonError::into_inner);
        if let Err(error) = run(&mut self.checkpoints, &mut writer) {
            tracing::debug!(%error, "the write-ahead log was not looked after");
        }
    }
}

impl StoreTurn for SqliteStoreTurn {
    fn take(&mut self) -> Box<dyn Turn + '_> {
        let turn = self.file.take();
        self.checkpoint_when_due();
        Box::new(turn)
    }

    fn take_now(&mut self) -> Option<Box<dyn Turn + '_>> {
        let turn = self.file.take_now()?;
        self.checkpoint_when_due();
        Some(Box::new(turn))
    }

    fn idle(&mut self) {
        self.checkpoint(Checkpoints::when_idle);
    }
}
