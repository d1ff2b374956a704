//! Lines that are damaged, looked at once: a line can have any number of objects in it that are none.

use std::ops::Range;

use super::found_record::RecordNames;

/// How much of a damaged line is looked at.
const LONGEST_LINE: usize = 1 << 16;

/// What was found in a text, to be asked for places from its beginning to its end.
#[derive(Debug, Default)]
pub(super) struct DamagedLines {
    /// From where a line end was searched, and where it is.
    line_end: Option<(usize, Option<usize>)>,
    /// Where no name stands.
    nameless: Range<usize>,
}

impl DamagedLines {
    /// Forgets what was found: the text is another one.
    pub fn forget(&mut self) {
        *self = Self::default();
    }

    /// Where the line ends that goes on at `at`, or what is looked at of it; `None` where the text ends before.
    pub fn end_of(&mut self, text: &[u8], at: usize) -> Option<usize> {
        let is_long = text.len() - at >= LONGEST_LINE;
        let end = match self.line_end {
            Some((from, end)) if from <= at && end.is_none_or(|end| at <= end) => end,
            _ => {
                let end = memchr::memchr(b'\n', &text[at..]).map(|length| at + length);
                self.line_end = Some((at, end));
                end
            }
        };
        end.or(is_long.then_some(text.len()))
    }

    /// Whether one of the names stands in a part of the text as that of a field does.
    pub fn have_name(&mut self, text: &[u8], part: Range<usize>, names: &RecordNames) -> bool {
        if self.nameless.start <= part.start && part.end <= self.nameless.end {
            return false;
        }
        let found = names.stand_in(&text[part.clone()]);
        if !found {
            self.nameless = part;
        }
        found
    }
}
