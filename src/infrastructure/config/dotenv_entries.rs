//! Divides a `.env` file into entries, without looking at what their values mean.
//!
//! The file belongs to other programs as well, each of which reads it by rules of its own. An entry is one line,
//! unless its value begins with a quote that is closed at the end of a later one.

use std::borrow::Cow;

/// What a line of a `.env` file begins.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Entry<'t> {
    /// The first line, from 1.
    pub line: usize,
    /// All of its lines.
    pub text: Cow<'t, str>,
    /// What stands before the `=`, without `export` and without what no name begins or ends with; empty where nothing does.
    pub name: &'t str,
    /// Whether all of it is text in UTF-8.
    pub is_utf8: bool,
}

/// The entries of a file, in order; blank lines and comments are none.
pub(super) fn entries(content: &[u8]) -> Vec<Entry<'_>> {
    let mut found = Vec::new();
    let (mut rest, mut line) = (content.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(content), 1);
    while !rest.is_empty() {
        let (first, _) = split_line(rest, 0);
        let (name, value_at) = name_and_value(first);
        let length = value_at.and_then(|at| end_of_quoted(rest, at)).map_or(first.len(), |end| {
            let (_, after) = split_line(rest, end);
            rest.len() - after.len()
        });
        let (entry, after) = rest.split_at(length);
        if !matches!(entry.trim_ascii_start(), [] | [b'#', ..]) {
            let text = String::from_utf8_lossy(entry);
            let is_utf8 = matches!(text, Cow::Borrowed(_));
            found.push(Entry { line, text, name: trimmed(name), is_utf8 });
        }
        line += entry.iter().filter(|byte| **byte == b'\n').count();
        rest = after;
    }
    found
}

/// The rest of the line that `at` is on, with its end, and what follows.
fn split_line(text: &[u8], at: usize) -> (&[u8], &[u8]) {
    let end = text[at..].iter().position(|byte| *byte == b'\n').map_or(text.len(), |end| at + end + 1);
    (&text[at..end], &text[end..])
}

/// The name that a line gives a value, and where that begins, if it does.
fn name_and_value(line: &[u8]) -> (&[u8], Option<usize>) {
    let equals = line.iter().position(|byte| *byte == b'=');
    // Without one, a line that begins with the name of a setting is one that was written in another way.
    let end = equals.unwrap_or_else(|| line.iter().position(|byte| *byte == b':').unwrap_or(line.len()));
    let name = line[..end].trim_ascii();
    let name = match name.strip_prefix(b"export") {
        Some(exported) if exported.first().is_some_and(u8::is_ascii_whitespace) => exported.trim_ascii(),
        _ => name,
    };
    let value = equals.and_then(|at| {
        let blanks = line[at + 1..].iter().position(|byte| !matches!(byte, b' ' | b'\t'))?;
        Some(at + 1 + blanks)
    });
    (name, value)
}

/// Without blanks of any kind, byte order marks or quotes around it.
fn trimmed(name: &[u8]) -> &str {
    let is_of_names = |char: char| char.is_ascii_alphanumeric() || char == '_';
    std::str::from_utf8(name).unwrap_or_default().trim_matches(|char| !is_of_names(char))
}

/// Where the quote is closed with which a value begins; `None` where it does not begin with one, or none at the end of a line closes it.
fn end_of_quoted(text: &[u8], at: usize) -> Option<usize> {
    let quote = *text.get(at).filter(|byte| matches!(byte, b'"' | b'\''))?;
    let mut is_escaped = false;
    let end = text[at + 1..].iter().position(|&byte| {
        let closes = byte == quote && !is_escaped;
        // Within single quotes a backslash is one.
        is_escaped = byte == b'\\' && !is_escaped && quote == b'"';
        closes
    });
    let end = at + 1 + end?;
    let (after, _) = split_line(text, end + 1);
    // Otherwise that quote begins another value, and the first one was never closed.
    matches!(after.trim_ascii_start(), [] | [b'#', ..]).then_some(end)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The names of the entries, each with its first line and the number of its lines.
    fn found(content: &[u8]) -> Vec<(&str, usize, usize)> {
        entries(content)
            .into_iter()
            .map(|entry| (entry.name, entry.line, entry.text.lines().count()))
            .collect()
    }

    #[test]
    fn an_entry_is_one_line_but_where_its_value_begins_with_a_quote_that_a_later_line_closes() {
        for (content, expected) in [
            (
                &b"A=1\r\n\r\n # note\nexport B='x' # it's\nC"[..],
                &[("A", 1, 1), ("B", 4, 1), ("C", 5, 1)][..],
            ),
            (b"\xEF\xBB\xBFA=1", &[("A", 1, 1)]),
            (b"A=\"one\ntwo\\\"\n=three\" # rest\nB=2", &[("A", 1, 3), ("B", 4, 1)]),
            (b"A= 'one\\'\nB=2\n", &[("A", 1, 1), ("B", 2, 1)]),
            (b"A='one\nB=2\nC='x'\n", &[("A", 1, 1), ("B", 2, 1), ("C", 3, 1)]),
            (b"A=\"one\nB=\"two\n", &[("A", 1, 1), ("B", 2, 1)]),
            ("\u{a0}A=1\n\u{feff}B=2\n\"C\"=3\n".as_bytes(), &[("A", 1, 1), ("B", 2, 1), ("C", 3, 1)]),
            (b"A=don't\nB=2\nC=isn't\n", &[("A", 1, 1), ("B", 2, 1), ("C", 3, 1)]),
            (b"A='never closed\nB=2\n", &[("A", 1, 1), ("B", 2, 1)]),
            (b"A={\"a\": 1}\nB=two words\n", &[("A", 1, 1), ("B", 2, 1)]),
            (b"exported=1\nexport=2\n = 3\n", &[("exported", 1, 1), ("export", 2, 1), ("", 3, 1)]),
            (b"", &[]),
        ] {
            assert_eq!(found(content), expected, "{:?}", String::from_utf8_lossy(content));
        }
    }

    #[test]
    fn bytes_that_are_not_utf8_are_those_of_their_entry() {
        let entries = entries(b"A=\xFF\nB=1\n\xFF=2\n");
        let found: Vec<_> = entries.iter().map(|entry| (entry.name, entry.is_utf8)).collect();
        assert_eq!(found, [("A", false), ("B", true), ("", false)]);
    }
}
