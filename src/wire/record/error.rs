//! Why an object is not an event.

use std::borrow::Cow;

use thiserror::Error;

use crate::wire::json::ScanError;
use crate::wire::timestamp::TimestampError;
use crate::wire::unix_time::UnixTimeError;

/// Why an object is not an event.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum RecordError {
    /// The bytes are not one JSON object.
    #[error("not a JSON object, from byte {} of the record on", .0.at())]
    Syntax(#[from] ScanError),
    /// It is nested deeper than is held in memory for one.
    #[error("the record is nested deeper than {limit} levels")]
    TooDeep {
        /// How deep one may be.
        limit: usize,
    },
    /// It has more names than are held in memory for one.
    #[error("the record has more than {limit} names of fields")]
    TooManyFields {
        /// How many one may have.
        limit: usize,
    },
    /// It has more values than are held in memory for one.
    #[error("the record has more than {limit} values")]
    TooManyValues {
        /// How many one may have.
        limit: usize,
    },
    /// Something follows the object.
    #[error("expected nothing after the object, found more at its byte {at}")]
    Trailing {
        /// The offset of the first byte that follows.
        at: usize,
    },
    /// Neither shape has its type.
    #[error("expected a field `event_type` (new shape) or `type` (legacy shape), found neither")]
    NoType,
    /// The mapping names a field for the type, and it is not there.
    #[error("expected the type of the event in `{field}`, found none")]
    NoMappedType {
        /// The path of the field.
        field: Cow<'static, str>,
    },
    /// There is no time.
    #[error("expected a field `{field}`, found none")]
    NoTimestamp {
        /// The field, or its path.
        field: Cow<'static, str>,
    },
    /// The time is not one that `docs/contract.md` accepts.
    #[error("bad timestamp")]
    BadTimestamp(#[source] TimestampError),
    /// The time is not a number in the declared unit.
    #[error("bad timestamp")]
    BadUnixTime(#[source] UnixTimeError),
    /// The time is a number, and its unit is not declared.
    #[error(
        "expected text in `{field}`, found a number: declare its unit with --timestamp-unit s, ms, us or ns"
    )]
    NumberWithoutUnit {
        /// The path of the field.
        field: Cow<'static, str>,
    },
    /// The time is a number, in one of the built-in shapes, which have texts.
    #[error("expected text in `timestamp`, found a number")]
    NumberInBuiltInShape {
        /// The flags of the mapping by which the other fields of a log are read in the same way.
        mapping: &'static str,
    },
    /// A field of the envelope is not text.
    #[error("expected text in `{field}`, found {found}")]
    NotText {
        /// The field, or its path.
        field: Cow<'static, str>,
        /// What stands there.
        found: &'static str,
    },
    /// A field of the envelope is empty that must not be.
    #[error("`{field}` is empty")]
    Empty {
        /// The field, or its path.
        field: Cow<'static, str>,
    },
    /// A field of the envelope, or one on the way to it, stands twice, so that it is not known
    /// which one holds.
    #[error("the field `{field}` stands twice")]
    Ambiguous {
        /// The field, or its path as far as what stands twice.
        field: Cow<'static, str>,
    },
}

impl RecordError {
    /// The reason in one word, stable for scripts.
    pub fn reason(&self) -> &'static str {
        match self {
            Self::Syntax(_) | Self::Trailing { .. } => "syntax",
            Self::TooDeep { .. } => "too_deep",
            Self::TooManyFields { .. } => "too_many_fields",
            Self::TooManyValues { .. } => "too_many_values",
            Self::NoType | Self::NoMappedType { .. } => "no_type",
            Self::NoTimestamp { .. } => "no_timestamp",
            Self::BadTimestamp(_) | Self::BadUnixTime(_) => "bad_timestamp",
            Self::NumberWithoutUnit { .. }
            | Self::NumberInBuiltInShape { .. }
            | Self::NotText { .. }
            | Self::Empty { .. } => "bad_field",
            Self::Ambiguous { .. } => "duplicate_field",
        }
    }
}
