//! The legacy log is `events.json`.

use sha2::{Digest, Sha256};

use super::ports::{LegacyLog, LegacyPlace, LegacyRecord, LegacySideError, LockedLegacyLog};
use crate::legacy::events_json::{Appended, EventsJson, EventsJsonError, LockedEventsJson};

impl From<EventsJsonError> for LegacySideError {
    fn from(error: EventsJsonError) -> Self {
        Self(Box::new(error))
    }
}

impl LegacyLog for EventsJson {
    fn lock(&self) -> Result<Box<dyn LockedLegacyLog + '_>, LegacySideError> {
        Ok(Box::new(EventsJson::lock(self)?))
    }
}

impl LockedLegacyLog for LockedEventsJson<'_> {
    fn end(&self) -> u64 {
        LockedEventsJson::end(self)
    }

    fn holds(&self, place: &LegacyPlace) -> Result<bool, LegacySideError> {
        let found = self.bytes_at(Appended { offset: place.offset, length: place.length })?;
        Ok(found.is_some_and(|text| <[u8; 32]>::from(Sha256::digest(text)) == place.sha256))
    }

    fn records_after(&self, end: u64, limit: usize) -> Result<Option<Vec<LegacyRecord>>, LegacySideError> {
        let records = LockedEventsJson::records_after(self, end, limit)?;
        let record = |(appended, text): (Appended, Vec<u8>)| LegacyRecord {
            place: place_of(appended, &text),
            text: String::from_utf8_lossy(&text).into_owned(),
        };
        Ok(records.map(|records| records.into_iter().map(record).collect()))
    }

    fn plan(&mut self, records: &[String]) -> Result<Vec<LegacyPlace>, LegacySideError> {
        let added = self.add(records)?;
        Ok(added.into_iter().map(|(appended, text)| place_of(appended, text.as_bytes())).collect())
    }

    fn write(self: Box<Self>) -> Result<(), LegacySideError> {
        Ok(LockedEventsJson::write(*self)?)
    }
}

fn place_of(appended: Appended, text: &[u8]) -> LegacyPlace {
    LegacyPlace { offset: appended.offset, length: appended.length, sha256: Sha256::digest(text).into() }
}
