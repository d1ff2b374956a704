//! Reading a record: which event a JSON object of a log is.
//!
//! Only the envelope is looked at: id, type, time, aggregate. Typed fields are never validated here,
//! so that a log keeps what it holds.

mod envelope;
mod error;
mod mapped;

use std::borrow::Cow;

use chrono::{DateTime, Utc};
use sha1::{Digest, Sha1};
use uuid::Uuid;

use crate::wire::json::{
    Canonicalizer, Excess, MOST_DEPTH, MOST_NAMES, MOST_VALUES, Member, MemberValue, ObjectScanner,
    ScanError, ScannedObject, ShapeId, ShapeTable, utf8,
};
use crate::wire::local_time::{DstPolicy, LocalTimeResolver, RepeatedTimes, TimeFlags};
use crate::wire::mapping::Mapping;
use crate::wire::timestamp::{LastDate, WrittenTimestamp};
use crate::wire::zone::Zone;

use self::envelope::{Envelope, Scanned, Slots, Values};
use self::mapped::MappedFields;

pub use self::envelope::Shape;
pub use self::error::RecordError;

/// The namespace of the ids that are derived from content. Frozen.
const DERIVED_IDS: Uuid = Uuid::from_u128(0x5e0a_3c1d_9b64_4f27_8d1e_a4c7_f3b2_6091);

/// A record of a log, borrowed from its bytes.
#[derive(Debug, Clone)]
pub struct Record<'t> {
    /// The object, from `{` to `}`, as it was written.
    pub body: &'t str,
    /// Which shape it was recognised by.
    pub shape: Shape,
    /// The id it carries; `None` for a record without identity.
    pub event_id: Option<Cow<'t, str>>,
    /// The type of the event.
    pub event_type: Cow<'t, str>,
    /// When it occurred, to the microsecond (floor).
    pub occurred_at: DateTime<Utc>,
    /// The time as written, before any zone: a pure function of the text.
    pub written_at: WrittenTimestamp,
    /// What it is about.
    pub aggregate: Option<Cow<'t, str>>,
    /// What is unusual about it.
    pub flags: RecordFlags,
}

/// What the identity of a record without id is derived from: UUIDv5 over the canonical form of the
/// raw record. Identical records, and only they, have the same one.
#[derive(Default)]
pub struct ContentIds {
    canonicalizer: Canonicalizer,
}

impl ContentIds {
    /// The content id of the record that `body` is.
    pub fn of(&mut self, body: &str) -> Result<Uuid, ScanError> {
        Ok(uuid_v5(DERIVED_IDS, self.canonicalizer.form(body.as_bytes())?))
    }

    /// The content id of the record that `reader` has read last, which is not read again.
    pub fn of_last(&mut self, record: &Record<'_>, reader: &RecordReader<'_>) -> Result<Uuid, ScanError> {
        let (members, start) = reader.members();
        let form = self.canonicalizer.object_form(record.body.as_bytes(), members, start)?;
        Ok(uuid_v5(DERIVED_IDS, form))
    }
}

/// The id of the `occurrence`-th (from 1) of the identical records that `content_id` stands for.
pub fn occurrence_id(content_id: Uuid, occurrence: u64) -> Uuid {
    uuid_v5(content_id, occurrence.to_string().as_bytes())
}

/// As `Uuid::new_v5`, with the processor's instructions for SHA-1 where it has them: every record of
/// a legacy log is hashed.
fn uuid_v5(namespace: Uuid, name: &[u8]) -> Uuid {
    let hash = Sha1::new().chain_update(namespace.as_bytes()).chain_update(name).finalize();
    let mut bytes = [0; 16];
    bytes.copy_from_slice(&hash[..16]);
    uuid::Builder::from_sha1_bytes(bytes).into_uuid()
}

/// What is unusual about a record that is kept all the same.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct RecordFlags {
    /// It holds `NaN` or an infinity.
    pub nan: bool,
    /// It holds half of a surrogate pair.
    pub lone_surrogate: bool,
    /// A name that is not part of the envelope stands twice in one object.
    pub duplicate_key: bool,
    /// How its time was placed.
    pub time: TimeFlags,
}

impl RecordFlags {
    /// The names that reports count these flags under.
    pub fn names(self) -> impl Iterator<Item = &'static str> {
        let own = [
            ("nan", self.nan),
            ("lone_surrogate", self.lone_surrogate),
            ("duplicate_key", self.duplicate_key),
        ];
        own.into_iter().filter_map(|(name, is_set)| is_set.then_some(name)).chain(self.time.names())
    }
}

/// Reads the records of logs, of each in its order.
pub struct RecordReader<'z> {
    scanner: ObjectScanner,
    /// Where the object begins that was interpreted last.
    start: usize,
    clock: LocalTimeResolver<'z>,
    /// Where the fields of the built-in shapes are in each layout.
    slots: ShapeTable<Slots>,
    last_date: LastDate,
    /// `None` for the built-in shapes.
    mapped: Option<MappedFields>,
}

impl<'z> RecordReader<'z> {
    /// A reader for one log in the built-in shapes, whose naive times are in `zone`.
    pub fn new(zone: &'z Zone, dst: DstPolicy) -> Self {
        Self {
            scanner: ObjectScanner::limited(),
            start: 0,
            clock: LocalTimeResolver::new(zone, dst),
            slots: ShapeTable::default(),
            last_date: LastDate::default(),
            mapped: None,
        }
    }

    /// A reader in the built-in shapes that goes on in a store of which an earlier one has read the beginning: of what is
    /// stored, nothing is too much.
    pub fn resume(zone: &'z Zone, dst: DstPolicy, repeated: RepeatedTimes) -> Self {
        let clock = LocalTimeResolver::resume(zone, dst, repeated);
        Self { clock, scanner: ObjectScanner::new(), ..Self::new(zone, dst) }
    }

    /// What [`resume`](Self::resume) goes on with.
    pub fn into_repeated(self) -> RepeatedTimes {
        self.clock.into_repeated()
    }

    /// A reader for one log that is read through a mapping.
    pub fn with_mapping(zone: &'z Zone, dst: DstPolicy, mapping: &Mapping) -> Self {
        let mapped = match mapping {
            Mapping::BuiltIn => None,
            Mapping::Declared(declared) => Some(MappedFields::new(declared)),
        };
        Self { mapped, ..Self::new(zone, dst) }
    }

    /// A log begins: where its times stand says nothing of those of the log before. The layouts of records stay known.
    pub fn begin_log(&mut self) {
        self.clock.begin_log();
    }

    /// Reads text that must be exactly one record, white space around it apart.
    pub fn read_whole<'t>(&mut self, text: &'t [u8]) -> Result<Record<'t>, RecordError> {
        let (object, body) = self.scanner.scan_text(text, 0)?;
        let rest = &text[object.span.end..];
        match rest.iter().position(|&byte| !crate::wire::json::is_blank(byte)) {
            Some(at) => Err(RecordError::Trailing { at: object.span.end + at }),
            None => self.interpret_body(text, object, body),
        }
    }

    /// Finds the extent of the object at `start`: the first half of reading a record, for readers
    /// of logs that have to know first where a record ends.
    pub fn scan(&mut self, text: &[u8], start: usize) -> Result<ScannedObject, ScanError> {
        self.scanner.scan(text, start)
    }

    /// As [`scan`](Self::scan), but that the object is UTF-8 shows only when it is interpreted.
    pub fn extent(&mut self, text: &[u8], start: usize) -> Result<ScannedObject, ScanError> {
        self.scanner.extent(text, start)
    }

    /// Whether the object that was scanned last in the same `text` has the envelope of an event.
    pub fn is_event(&mut self, text: &[u8], object: ScannedObject) -> bool {
        self.interpret(text, object).is_ok()
    }

    /// The members of the record that was interpreted last, and where its body began in the text that
    /// their spans are of.
    pub fn members(&self) -> (&[Member], usize) {
        (self.scanner.members(), self.start)
    }

    /// Where the body of the record that was interpreted last began in the text that the spans of its
    /// values are of.
    pub fn body_start(&self) -> usize {
        self.start
    }

    /// The layout of the record that was interpreted last, where such a one was read before, and its
    /// scalar values: see `ObjectScanner::shape`.
    pub fn layout(&self) -> Option<(ShapeId, &[MemberValue])> {
        self.scanner.shape()
    }

    /// Reads the text of an event of a store, whose envelope the store knows.
    ///
    /// # Errors
    /// The text is not one JSON object.
    pub fn read_stored<'t>(
        &mut self,
        body: &'t str,
        event_id: Option<&'t str>,
        event_type: &'t str,
        occurred_at: DateTime<Utc>,
        aggregate: Option<&'t str>,
    ) -> Result<Record<'t>, RecordError> {
        let object = self.scanner.scan_stored(body.as_bytes(), 0)?;
        let read = self.interpret(body.as_bytes(), object);
        self.start = object.span.start;
        let (shape, written_at, flags) = match read {
            Ok(record) => (record.shape, record.written_at, record.flags),
            // It was imported through a mapping that is not at hand.
            Err(_) => {
                let at = WrittenTimestamp::from_unix_micros(occurred_at.timestamp_micros());
                (Shape::Mapped, at.unwrap_or_default(), RecordFlags::default())
            }
        };
        Ok(Record {
            body: &body[object.span.start..object.span.end],
            shape,
            event_id: event_id.map(Cow::Borrowed),
            event_type: Cow::Borrowed(event_type),
            occurred_at,
            written_at,
            aggregate: aggregate.map(Cow::Borrowed),
            flags,
        })
    }

    /// Interprets the object that was scanned last in the same `text`: the second half.
    pub fn interpret<'t>(
        &mut self,
        text: &'t [u8],
        object: ScannedObject,
    ) -> Result<Record<'t>, RecordError> {
        let body = utf8(text, object.span)?;
        self.interpret_body(text, object, body)
    }

    fn interpret_body<'t>(
        &mut self,
        text: &'t [u8],
        object: ScannedObject,
        body: &'t str,
    ) -> Result<Record<'t>, RecordError> {
        self.start = object.span.start;
        match object.excess {
            None => {}
            Some(Excess::Depth) => return Err(RecordError::TooDeep { limit: MOST_DEPTH }),
            Some(Excess::Names) => return Err(RecordError::TooManyFields { limit: MOST_NAMES }),
            Some(Excess::Values) => return Err(RecordError::TooManyValues { limit: MOST_VALUES }),
        }
        let scanned = Scanned { text, body, start: self.start };
        let Envelope { shape, event_id, event_type, aggregate, written_at } = match &self.mapped {
            None => built_in(scanned, &self.scanner, &mut self.slots, &mut self.last_date)?,
            Some(mapped) => mapped.envelope(scanned, self.scanner.members())?,
        };
        let (occurred_at, time) = self.clock.resolve(&written_at).map_err(RecordError::BadTimestamp)?;
        Ok(Record {
            body,
            shape,
            event_id,
            event_type,
            occurred_at,
            written_at,
            aggregate,
            flags: RecordFlags {
                nan: object.non_finite,
                lone_surrogate: object.lone_surrogate,
                duplicate_key: object.duplicate_key,
                time,
            },
        })
    }
}

/// The envelope of the object that was scanned last, in one of the built-in shapes. Where its layout is
/// known, so are the fields: nothing is looked for, and no member is asked for.
#[inline]
fn built_in<'t>(
    object: Scanned<'t>,
    scanner: &ObjectScanner,
    known: &mut ShapeTable<Slots>,
    last_date: &mut LastDate,
) -> Result<Envelope<'t>, RecordError> {
    let find = || Slots::of(object.text, scanner.members());
    match scanner.shape() {
        Some((layout, scalars)) => {
            let slots = known
                .get_mut(layout)
                .get_or_insert_with(|| find().among_scalars(scanner.members(), &scanner.scalar_numbers()));
            match Envelope::plain(object, scalars, slots, last_date) {
                Some(envelope) => Ok(envelope),
                None => Envelope::built_in(object, Values::Scalars(scalars), slots),
            }
        }
        None => Envelope::built_in(object, Values::Members(scanner.members()), &find()),
    }
}

#[cfg(test)]
mod tests;
