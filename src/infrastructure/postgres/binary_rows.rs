//! Rows of any table of a store, as COPY takes them in binary form and as queries answer them. Both backends have the same values:
//! times are microseconds since 1970, and what is true is 1.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::error::Error as StdError;

use postgres::types::{FromSql, Type};
use postgres::{Error, Row};

use super::names::{key, read_exact_names, without_nul};
use crate::application::moving::{Kind, Table, Value};
use crate::domain::repository::RepositoryError;

/// How a stream of rows begins: a signature, no flags, no extension.
pub(super) const BEGINNING: &[u8] = b"PGCOPY\n\xff\r\n\0\0\0\0\0\0\0\0\0";
/// How it ends.
pub(super) const END: [u8; 2] = (-1_i16).to_be_bytes();

/// PostgreSQL counts microseconds from 2000-01-01 on.
const EPOCH: i64 = 946_684_800_000_000;
const NULL: i32 = -1;
const EXACT_NAMES: &str = "exact_names";

/// Whether a table has texts that a column may not hold.
fn has_exact_names(table: &Table) -> bool {
    table.columns.iter().any(|(_, kind)| matches!(kind, Kind::Name | Kind::Text))
}

/// The columns of a table, with that of texts which the others do not hold.
pub(super) fn columns(table: &Table) -> String {
    let columns = table.quoted_columns();
    if has_exact_names(table) { format!("{columns}, {EXACT_NAMES}") } else { columns }
}

/// What a column holds of a text.
fn held(kind: Kind, text: &str) -> Cow<'_, str> {
    if kind == Kind::Name { key(text) } else { without_nul(text) }
}

/// Appends a row to what is sent.
pub(super) fn encode(table: &Table, row: &[Value<'_>], buffer: &mut Vec<u8>) -> Result<(), RepositoryError> {
    let refused = |column: &str, expected: &str| {
        let row = format!("{:?}", row.first());
        let source = format!("column {column} of row {row} of {}: expected {expected}", table.name);
        RepositoryError::storage("move a row into PostgreSQL", source)
    };
    let has_exact_names = has_exact_names(table);
    let fields = table.columns.len() + usize::from(has_exact_names);
    buffer.extend_from_slice(&i16::try_from(fields).unwrap_or(i16::MAX).to_be_bytes());
    let mut exact: BTreeMap<&str, &str> = BTreeMap::new();
    for ((column, kind), value) in table.columns.iter().zip(row) {
        match (kind, value) {
            (_, Value::Null) => buffer.extend_from_slice(&NULL.to_be_bytes()),
            (Kind::Integer, Value::Integer(value)) => field(buffer, &value.to_be_bytes())?,
            (Kind::Flag, Value::Integer(value @ 0..=1)) => field(buffer, &[u8::from(*value == 1)])?,
            (Kind::Time, Value::Integer(micros)) => {
                let since = micros.checked_sub(EPOCH).ok_or_else(|| refused(column, "a time"))?;
                field(buffer, &since.to_be_bytes())?;
            }
            (Kind::Body, Value::Text(text)) if !text.contains('\0') => field(buffer, text.as_bytes())?,
            (Kind::Text | Kind::Name, Value::Text(text)) => {
                let held = held(*kind, text);
                if let Cow::Owned(_) = held {
                    exact.insert(column, text);
                }
                field(buffer, held.as_bytes())?;
            }
            (Kind::Bytes, Value::Bytes(bytes)) => field(buffer, bytes)?,
            (kind, _) => return Err(refused(column, &format!("{kind:?}, without a zero byte"))),
        }
    }
    if has_exact_names {
        if exact.is_empty() {
            buffer.extend_from_slice(&NULL.to_be_bytes());
        } else {
            let text = serde_json::to_string(&exact)
                .map_err(|error| RepositoryError::storage("write names as JSON", error))?;
            field(buffer, text.as_bytes())?;
        }
    }
    Ok(())
}

fn field(buffer: &mut Vec<u8>, bytes: &[u8]) -> Result<(), RepositoryError> {
    let length = i32::try_from(bytes.len()).map_err(|_| {
        let said = format!("a value of {} bytes: PostgreSQL takes less than 1 GiB", bytes.len());
        RepositoryError::storage("move a row into PostgreSQL", said)
    })?;
    buffer.extend_from_slice(&length.to_be_bytes());
    buffer.extend_from_slice(bytes);
    Ok(())
}

/// A time in microseconds since 1970.
struct Micros(i64);

impl<'a> FromSql<'a> for Micros {
    fn from_sql(_: &Type, raw: &'a [u8]) -> Result<Self, Box<dyn StdError + Sync + Send>> {
        let since = i64::from_be_bytes(raw.try_into()?);
        let micros = since.checked_add(EPOCH).filter(|_| since != i64::MIN);
        Ok(Self(micros.ok_or("expected a time, found infinity")?))
    }

    fn accepts(ty: &Type) -> bool {
        *ty == Type::TIMESTAMPTZ
    }
}

/// The row of a table, whose [`columns`] were asked for.
pub(super) fn decode<'r>(table: &Table, row: &'r Row) -> Result<Vec<Value<'r>>, RepositoryError> {
    let corrupt = |column: &str, detail: String| {
        let key = row.try_get::<_, i64>(0).unwrap_or_default();
        RepositoryError::Corrupt { place: format!("column {column} of row {key} of {}", table.name), detail }
    };
    let mut exact = BTreeMap::new();
    if has_exact_names(table) {
        let names: Option<&str> =
            row.try_get(table.columns.len()).map_err(|error| corrupt(EXACT_NAMES, error.to_string()))?;
        if let Some(names) = names {
            exact = read_exact_names(names).map_err(|error| corrupt(EXACT_NAMES, error.to_string()))?;
        }
    }
    let mut values = Vec::with_capacity(table.columns.len());
    for (number, (column, kind)) in table.columns.iter().enumerate() {
        let is_text = matches!(kind, Kind::Text | Kind::Name);
        let text = if is_text { exact.remove(*column) } else { None };
        let value = match text {
            Some(text) => {
                let found: Option<&str> =
                    row.try_get(number).map_err(|error| corrupt(column, error.to_string()))?;
                if found != Some(&*held(*kind, &text)) {
                    let detail =
                        format!("expected what is held of {text:?} in {EXACT_NAMES}, found {found:?}");
                    return Err(corrupt(column, detail));
                }
                Value::Text(text.into())
            }
            None => value(row, number, *kind).map_err(|error| corrupt(column, error.to_string()))?,
        };
        values.push(value);
    }
    if let Some((other, _)) = exact.first_key_value() {
        return Err(corrupt(
            EXACT_NAMES,
            format!("expected names of columns that hold texts, found {other:?}"),
        ));
    }
    Ok(values)
}

fn value(row: &Row, number: usize, kind: Kind) -> Result<Value<'_>, Error> {
    let integer = |value: Option<i64>| value.map_or(Value::Null, Value::Integer);
    Ok(match kind {
        Kind::Integer => integer(row.try_get(number)?),
        Kind::Flag => integer(row.try_get::<_, Option<bool>>(number)?.map(i64::from)),
        Kind::Time => integer(row.try_get::<_, Option<Micros>>(number)?.map(|micros| micros.0)),
        Kind::Text | Kind::Name | Kind::Body => {
            row.try_get::<_, Option<&str>>(number)?.map_or(Value::Null, |text| Value::Text(text.into()))
        }
        Kind::Bytes => {
            row.try_get::<_, Option<&[u8]>>(number)?.map_or(Value::Null, |bytes| Value::Bytes(bytes.into()))
        }
    })
}
