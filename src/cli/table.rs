//! Aligned columns for people.
//!
//! Not comfy-table: it leaves no order in which columns are cut, drops whole words and wraps what is cut, and counts the gap
//! after the last column.

use std::borrow::Cow;
use std::io::IsTerminal;

use unicode_width::{UnicodeWidthChar, UnicodeWidthStr};

use super::output::visible;

const GAP: usize = 2;
const CUT: char = '…';

/// A column that may be cut, and the number of characters that are left of it at least.
pub type Expendable = (usize, usize);

/// Aligned columns, one line a row, under headings.
pub struct Columns<const N: usize> {
    rows: Vec<[String; N]>,
}

impl<const N: usize> Columns<N> {
    /// Columns with these headings.
    pub fn new(headings: [&str; N]) -> Self {
        Self { rows: vec![headings.map(str::to_owned)] }
    }

    /// Adds a row. Its text may come from anywhere.
    pub fn add(&mut self, cells: [&str; N]) {
        self.rows.push(cells.map(|cell| visible(cell).into_owned()));
    }

    /// The lines, each with its line end. On a terminal, where they are wider than it, columns are
    /// cut: the first of the `expendable` ones first. Elsewhere nothing is cut.
    pub fn text(&self, expendable: &[Expendable]) -> String {
        self.text_within(terminal_width(), expendable)
    }

    fn text_within(&self, available: Option<usize>, expendable: &[Expendable]) -> String {
        let widths = self.widths(available, expendable);
        let mut text = String::new();
        for row in &self.rows {
            let mut line = String::new();
            for (cell, &width) in row.iter().zip(&widths) {
                let cell = cut(cell, width);
                line.push_str(&cell);
                line.extend(std::iter::repeat_n(' ', width - cell.width() + GAP));
            }
            text.push_str(line.trim_end());
            text.push('\n');
        }
        text
    }

    fn widths(&self, available: Option<usize>, expendable: &[Expendable]) -> [usize; N] {
        let mut widths =
            std::array::from_fn(|column| self.rows.iter().map(|row| row[column].width()).max().unwrap_or(0));
        let wanted = widths.iter().sum::<usize>() + GAP * N.saturating_sub(1);
        let mut excess = available.map_or(0, |available| wanted.saturating_sub(available));
        for &(column, least) in expendable {
            let saved = widths[column].saturating_sub(least).min(excess);
            widths[column] -= saved;
            excess -= saved;
        }
        widths
    }
}

fn cut(cell: &str, width: usize) -> Cow<'_, str> {
    if cell.width() <= width {
        return Cow::Borrowed(cell);
    }
    let mut kept = String::new();
    for character in cell.chars() {
        kept.push(character);
        if kept.width() + CUT.width().unwrap_or(0) > width {
            kept.pop();
            break;
        }
    }
    kept.push(CUT);
    Cow::Owned(kept)
}

fn terminal_width() -> Option<usize> {
    let stdout = std::io::stdout();
    if !stdout.is_terminal() {
        return None;
    }
    let (width, _) = terminal_size::terminal_size_of(stdout)?;
    Some(usize::from(width.0))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn columns() -> Columns<3> {
        let mut columns = Columns::new(["A", "TEXT", "ID"]);
        columns.add(["1", "ein 日本語 text", "0123456789"]);
        columns.add(["22", "", "x\ny"]);
        columns
    }

    #[test]
    fn columns_are_aligned_by_what_the_terminal_shows_and_lines_end_without_blanks() {
        let expected = "A   TEXT             ID\n\
                        1   ein 日本語 text  0123456789\n\
                        22                   x\\ny\n";
        assert_eq!(columns().text_within(None, &[(1, 4)]), expected);
        assert_eq!(columns().text_within(Some(31), &[(1, 4)]), expected);
    }

    #[test]
    fn the_first_expendable_column_is_cut_first_and_none_below_its_least_width() {
        let lines = |width| {
            let text = columns().text_within(Some(width), &[(1, 6), (2, 4)]);
            text.lines().nth(1).map(str::to_owned).unwrap()
        };
        assert_eq!(lines(30), "1   ein 日本語 te…  0123456789");
        assert_eq!(lines(22), "1   ein …   0123456789");
        assert_eq!(lines(21), "1   ein …   01234567…");
        assert_eq!(lines(5), "1   ein …   012…");
    }
}
