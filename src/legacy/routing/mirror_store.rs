//! A mirror in the handler store: the right to run it, its row, and its progress.

use chrono::{DateTime, Utc};

use super::mirror_error::MirrorError;
use crate::application::handling::HandlerKind;
use crate::application::handling::store::{
    Durability, HandlerRow, HandlerSession, HandlerState, HandlerStore, HandlerStoreError, HandlingFigures,
    StreamProgress,
};

/// A power cut may take back the last changes, each of them whole: a mirror finds by the records and ids of the other side what
/// it has done.
const DURABILITY: Durability = Durability::Later;

/// The handler store, as a mirror uses it.
pub(super) struct MirrorStore {
    name: &'static str,
    session: Option<Box<dyn HandlerSession>>,
    /// The right to mirror, which other processes do not have meanwhile.
    claim: Option<Box<dyn Send>>,
}

impl MirrorStore {
    pub fn new(name: &'static str) -> Self {
        Self { name, session: None, claim: None }
    }

    /// Gives everything back, the right to mirror too.
    pub fn forget(&mut self) {
        (self.session, self.claim) = (None, None);
    }

    /// Takes the right to mirror. Answers whether this process has it.
    pub fn claim(&mut self, handlers: &dyn HandlerStore) -> Result<bool, HandlerStoreError> {
        if self.claim.is_none() {
            self.claim = handlers.claim(self.name)?;
        }
        Ok(self.claim.is_some())
    }

    /// Makes the mirror known, and checks that it is to run.
    pub fn enter(&mut self, handlers: &dyn HandlerStore, now: DateTime<Utc>) -> Result<(), MirrorError> {
        let name = self.name;
        let row = self.session(handlers)?.snapshot()?.handler(name)?;
        match row {
            Some(row) if row.state == HandlerState::Running => Ok(()),
            Some(_) => Err(MirrorError::Paused { name }),
            None => Ok(self.put_row(handlers, None, now)?),
        }
    }

    /// Keeps why it does not go on, for other processes to read.
    pub fn put_reason(
        &mut self,
        handlers: &dyn HandlerStore,
        reason: Option<&str>,
        now: DateTime<Utc>,
    ) -> Result<(), HandlerStoreError> {
        let name = self.name;
        let row = self.session(handlers)?.snapshot()?.handler(name)?;
        match row {
            Some(row) if row.state != HandlerState::Running => Ok(()),
            Some(row) if row.state_reason.as_deref() == reason => Ok(()),
            _ => self.put_row(handlers, reason, now),
        }
    }

    fn put_row(
        &mut self,
        handlers: &dyn HandlerStore,
        reason: Option<&str>,
        now: DateTime<Utc>,
    ) -> Result<(), HandlerStoreError> {
        let name = self.name;
        let mut transaction = self.session(handlers)?.begin()?;
        let row = match transaction.handler(name)? {
            // An operator may have paused it meanwhile.
            Some(row) if row.state != HandlerState::Running => row,
            Some(row) => HandlerRow { state_reason: reason.map(str::to_owned), ..row },
            None => HandlerRow {
                name: name.to_owned(),
                kind: HandlerKind::Effect,
                version: 1,
                state: HandlerState::Running,
                state_reason: reason.map(str::to_owned),
                created_at: now,
            },
        };
        transaction.put_handler(&row)?;
        transaction.commit()
    }

    /// How far that mirror is, in every stream.
    pub fn progress_of(
        &mut self,
        handlers: &dyn HandlerStore,
        mirror: &str,
    ) -> Result<Vec<StreamProgress>, HandlerStoreError> {
        self.session(handlers)?.snapshot()?.progress(mirror)
    }

    /// How far this mirror is, in every stream.
    pub fn progress(
        &mut self,
        handlers: &dyn HandlerStore,
    ) -> Result<Vec<StreamProgress>, HandlerStoreError> {
        self.progress_of(handlers, self.name)
    }

    /// Sets how far it is, with how many events more are on the other side, in one transaction.
    pub fn put_progress(
        &mut self,
        handlers: &dyn HandlerStore,
        progress: &[StreamProgress],
        mirrored: u64,
        now: DateTime<Utc>,
    ) -> Result<(), HandlerStoreError> {
        let name = self.name;
        let mut transaction = self.session(handlers)?.begin()?;
        if mirrored > 0 {
            let figures = HandlingFigures { handled: mirrored, ..HandlingFigures::default() };
            transaction.add_figures(name, now.date_naive(), &figures)?;
        }
        for row in progress {
            transaction.put_progress(name, row)?;
        }
        transaction.commit()
    }

    fn session(
        &mut self,
        handlers: &dyn HandlerStore,
    ) -> Result<&mut Box<dyn HandlerSession>, HandlerStoreError> {
        let session = match self.session.take() {
            Some(session) => session,
            None => handlers.session(DURABILITY)?,
        };
        Ok(self.session.insert(session))
    }
}
