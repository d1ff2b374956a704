//! Which rejects of a store stand for bytes that are in no store: their sentences say so.

use crate::application::log_source::{DAMAGED_DATA, KEPT_NOWHERE};

/// In SQL, whether bytes of the file that a reject stands for are in no store.
pub(super) fn loses_bytes() -> String {
    format!("(reason = '{DAMAGED_DATA}' OR reason = 'torn_tail' AND instr(detail, '{KEPT_NOWHERE}') > 0)")
}
