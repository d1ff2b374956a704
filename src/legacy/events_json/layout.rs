//! How an array is laid out, and where its next record goes.

use serde::{Deserialize, Serialize};

use super::python_json::Spread;

/// A separator that is longer is no layout of any program.
pub(super) const LONGEST_SEPARATOR: usize = 80;

/// Where a record was written. A later write of another program may have moved it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Appended {
    /// Where its text begins in the file, in bytes.
    pub offset: u64,
    /// How long its text is, in bytes.
    pub length: u64,
}

/// Where the last element of an array ends.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct ArrayEnd {
    /// One past the last element; past the opening bracket where there is none. In bytes.
    pub end: u64,
    pub is_empty: bool,
    pub layout: Layout,
}

impl ArrayEnd {
    /// An array without elements, whose bracket opens before `end`.
    pub fn empty(end: u64) -> Self {
        Self { end, is_empty: true, layout: Layout::default() }
    }

    /// What stands before the next record.
    pub fn separator(&self) -> &str {
        if self.is_empty { "" } else { &self.layout.separator }
    }

    /// What closes the array where its own closing is lost.
    pub fn closing(&self) -> String {
        let newline = self.layout.line().filter(|_| !self.is_empty);
        format!("{}]", newline.map_or("", |(newline, _)| newline))
    }
}

/// How the elements of an array are set apart.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Layout {
    /// A comma and blanks.
    separator: String,
    /// The elements are spread over lines as well.
    is_expanded: bool,
}

impl Default for Layout {
    /// That of `json.dump` without `indent`.
    fn default() -> Self {
        Self { separator: ", ".to_owned(), is_expanded: false }
    }
}

impl Layout {
    /// That of an element with these blanks before it. `None` where the element does not tell how it is spread: it
    /// is then spread where it begins a line.
    pub fn of_element(blanks_before: &str, is_expanded: Option<bool>) -> Self {
        if !blanks_before.contains('\n') || blanks_before.len() >= LONGEST_SEPARATOR {
            return Self::default();
        }
        Self { separator: format!(",{blanks_before}"), is_expanded: is_expanded.unwrap_or(true) }
    }

    /// How the next record is spread.
    pub fn spread(&self) -> Spread<'_> {
        match self.line() {
            Some((newline, indent)) if self.is_expanded => Spread::Lines { newline, indent },
            _ => Spread::OneLine,
        }
    }

    /// What ends a line, and what an element is indented by, where each begins a line.
    fn line(&self) -> Option<(&str, &str)> {
        let at = self.separator.rfind('\n')?;
        let start = at - usize::from(self.separator[..at].ends_with('\r'));
        Some((&self.separator[start..=at], &self.separator[at + 1..]))
    }
}
