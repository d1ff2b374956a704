//! Digests of rows, which do not depend on their order.

use sha2::{Digest, Sha256};

use crate::application::backup::RowHash;
use crate::domain::repository::RepositoryError;

use super::ports::{Keys, MovingStore};
use super::tables::{Table, Value};

/// The rows of a table, or of a range of it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct RowDigest {
    /// How many.
    pub rows: u64,
    /// Of all columns: that of the same table in a backup.
    pub digest: String,
}

/// Reads rows, and answers what they come to.
pub(super) fn digest(
    store: &mut dyn MovingStore,
    table: &Table,
    keys: Keys,
) -> Result<RowDigest, RepositoryError> {
    let mut hash = RowHash::default();
    store.each_row(table, keys, &mut |row| {
        row.iter().for_each(|value| with_bytes(value, |kind, bytes| hash.value(kind, bytes)));
        hash.end_row();
        Ok(())
    })?;
    let ended = hash.end("", table.name);
    Ok(RowDigest { rows: ended.rows, digest: ended.digest })
}

/// A hash that tells rows apart well enough to find the first one that is not the same.
pub(super) fn short_hash(row: &[Value<'_>]) -> u64 {
    let mut hash = Sha256::new();
    for value in row {
        with_bytes(value, |kind, bytes| {
            hash.update([kind]);
            hash.update((bytes.len() as u64).to_le_bytes());
            hash.update(bytes);
        });
    }
    hash.finalize().iter().take(8).fold(0, |sum, byte| sum << 8 | u64::from(*byte))
}

/// What a value is, and its bytes.
fn with_bytes(value: &Value<'_>, take: impl FnOnce(u8, &[u8])) {
    match value {
        Value::Null => take(0, &[]),
        Value::Integer(value) => take(1, &value.to_le_bytes()),
        Value::Text(text) => take(3, text.as_bytes()),
        Value::Bytes(bytes) => take(4, bytes),
    }
}
