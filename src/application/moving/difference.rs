//! Where two stores that are to be equal are not.

use std::fmt;

use crate::domain::repository::RepositoryError;

use super::ports::{Keys, MovingStore};
use super::row_digest::short_hash;
use super::tables::{Table, Value};

/// The longest value that is shown whole, in characters.
const SHOWN: usize = 60;

/// The first difference of two tables.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TableDifference {
    /// The table.
    pub table: &'static str,
    /// By what the row is known: its columns and their values.
    pub row: String,
    /// The column; `None` where one of the two has no such row.
    pub column: Option<&'static str>,
    /// What each has, the source first.
    pub values: [String; 2],
}

impl fmt::Display for TableDifference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { table, row, column, values: [source, target] } = self;
        match column {
            Some(column) => {
                write!(f, "{table}, {row}, column {column}: the source has {source}, the target {target}")
            }
            None => write!(f, "{table}, {row}: the source has {source}, the target {target}"),
        }
    }
}

/// Finds the first row that is not the same in both, and its first column that is not; `None` where there is none.
pub(super) fn first_difference(
    [source, target]: [&mut dyn MovingStore; 2],
    table: &'static Table,
    keys: Keys,
) -> Result<Option<TableDifference>, RepositoryError> {
    let mut hashes = Vec::new();
    source.each_row(table, keys, &mut |row| {
        hashes.push(short_hash(row));
        Ok(())
    })?;
    let (mut count, mut found) = (0, None);
    target.each_row(table, keys, &mut |row| {
        if found.is_none() && hashes.get(count) != Some(&short_hash(row)) {
            found = Some(count);
        }
        count += 1;
        Ok(())
    })?;
    let Some(number) = found.or((count < hashes.len()).then_some(count)) else { return Ok(None) };
    let rows = [row_at(source, table, keys, number)?, row_at(target, table, keys, number)?];
    Ok(Some(difference(table, rows)))
}

fn row_at(
    store: &mut dyn MovingStore,
    table: &Table,
    keys: Keys,
    number: usize,
) -> Result<Option<Vec<Value<'static>>>, RepositoryError> {
    let (mut count, mut found) = (0, None);
    store.each_row(table, keys, &mut |row| {
        if count == number {
            found = Some(row.iter().cloned().map(Value::into_owned).collect());
        }
        count += 1;
        Ok(())
    })?;
    Ok(found)
}

fn difference(table: &'static Table, [source, target]: [Option<Vec<Value<'_>>>; 2]) -> TableDifference {
    let key_of = |row: &[Value<'_>]| row.iter().take(table.key).cloned().map(Value::into_owned).collect();
    let [source_key, target_key] =
        [&source, &target].map(|row| row.as_deref().map_or_else(Vec::<Value<'static>>::new, key_of));
    let named = |key: &[Value<'_>]| {
        let pairs = table.columns.iter().zip(key);
        let pairs: Vec<String> = pairs.map(|((name, _), value)| format!("{name} {}", shown(value))).collect();
        if pairs.is_empty() { "its row".to_owned() } else { pairs.join(", ") }
    };
    if let (Some(source), Some(target)) = (&source, &target)
        && source_key == target_key
    {
        let mut columns = table.columns.iter().zip(source.iter().zip(target));
        let first = columns.find(|(_, (source, target))| source != target);
        if let Some(((column, _), (source, target))) = first {
            return TableDifference {
                table: table.name,
                row: named(&source_key),
                column: Some(column),
                values: apart(source, target),
            };
        }
    }
    // The rows are not of one key: that of the lesser one is missing on the other side.
    let is_of_source = match (&source, &target) {
        (Some(_), Some(_)) => sortable(&source_key) < sortable(&target_key),
        (source, _) => source.is_some(),
    };
    let values = if is_of_source { ["it", "no such row"] } else { ["no such row", "it"] };
    TableDifference {
        table: table.name,
        row: named(if is_of_source { &source_key } else { &target_key }),
        column: None,
        values: values.map(str::to_owned),
    }
}

/// Keys are numbers.
fn sortable(key: &[Value<'_>]) -> Vec<i64> {
    key.iter().map(|value| if let Value::Integer(value) = value { *value } else { i64::MIN }).collect()
}

/// Two values that are not the same, from shortly before where they differ.
fn apart(source: &Value<'_>, target: &Value<'_>) -> [String; 2] {
    if let (Value::Text(source), Value::Text(target)) = (source, target) {
        let same = source.chars().zip(target.chars()).take_while(|(one, other)| one == other).count();
        let skipped = if same > SHOWN / 2 { same - SHOWN / 4 } else { 0 };
        return [source, target].map(|text| {
            let rest: String = text.chars().skip(skipped).collect();
            let before = if skipped > 0 { "…" } else { "" };
            format!("{before}{}", shown(&Value::Text(rest.into())))
        });
    }
    [shown(source), shown(target)]
}

fn shown(value: &Value<'_>) -> String {
    match value {
        Value::Null => "NULL".to_owned(),
        Value::Integer(value) => value.to_string(),
        Value::Text(text) if text.chars().count() <= SHOWN => format!("{text:?}"),
        Value::Text(text) => format!("{:?}…", text.chars().take(SHOWN).collect::<String>()),
        Value::Bytes(bytes) => {
            let text = String::from_utf8_lossy(bytes);
            let beginning: String = text.chars().take(SHOWN).collect();
            format!("{} bytes that begin with {beginning:?}", bytes.len())
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::tables::EVENTS;
    use super::*;

    fn row(position: i64, body: &str) -> Option<Vec<Value<'static>>> {
        let mut row = vec![Value::Null; EVENTS.columns.len()];
        (row[0], row[5]) = (Value::Integer(position), Value::Text(body.to_owned().into()));
        Some(row)
    }

    #[test]
    fn the_row_and_the_first_column_that_is_not_the_same_are_named() {
        for (rows, said) in [
            (
                [row(7, "ab"), row(7, "ac")],
                "events, position 7, column body: the source has \"ab\", the target \"ac\"",
            ),
            ([row(7, "ab"), row(8, "ab")], "events, position 7: the source has it, the target no such row"),
            ([row(8, "ab"), row(7, "ab")], "events, position 7: the source has no such row, the target it"),
            ([row(7, "ab"), None], "events, position 7: the source has it, the target no such row"),
            ([None, row(7, "ab")], "events, position 7: the source has no such row, the target it"),
        ] {
            assert_eq!(difference(&EVENTS, rows).to_string(), said);
        }
    }

    #[test]
    fn of_long_texts_the_places_where_they_differ_are_shown() {
        let (one, other) = (format!("{}1", "x".repeat(500)), format!("{}2", "x".repeat(500)));
        let said = difference(&EVENTS, [row(1, &one), row(1, &other)]).to_string();
        assert!(said.contains("xx1\"") && said.contains("xx2\"") && said.len() < 200, "{said}");
    }
}
