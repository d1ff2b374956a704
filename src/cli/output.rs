//! The forms of a result, and what goes to stderr. Nothing here panics on a pipe that was closed.

use std::borrow::Cow;
use std::fmt::{self, Write as _};
use std::io::{self, Write};

use anstyle::{AnsiColor, Style};
use clap::ValueEnum;
use serde::Serialize;

/// The form of a result.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, ValueEnum)]
pub enum Format {
    /// For people; may change
    #[default]
    Human,
    /// One JSON document with stable keys
    Json,
    /// One JSON object a line, where a command lists events
    Jsonl,
}

/// Writes one JSON document.
pub fn json_document(out: &mut dyn Write, document: &impl Serialize) -> io::Result<()> {
    serde_json::to_writer_pretty(&mut *out, document)?;
    out.write_all(b"\n")
}

/// Writes one JSON value on one line.
pub fn json_line(out: &mut dyn Write, value: &impl Serialize) -> io::Result<()> {
    serde_json::to_writer(&mut *out, value)?;
    out.write_all(b"\n")
}

/// Prints one line of the log on stderr, as it is.
pub fn log_line(line: &str) {
    stderr_line(&visible(line));
}

/// Prints an error on stderr, then each of its causes and of the details on a line of its own.
pub(super) fn report_error(error: &anyhow::Error, details: &[String]) {
    let mut text = String::new();
    for (depth, cause) in error.chain().enumerate() {
        let cause = cause.to_string();
        let cause = visible(&cause);
        // Writing to a String cannot fail.
        let _ = match depth {
            0 => write!(text, "{} {cause}", Label::ERROR),
            _ => write!(text, "\n  caused by: {cause}"),
        };
    }
    for detail in details {
        let _ = write!(text, "\n  {}", visible(detail));
    }
    stderr_line(&text);
}

fn stderr_line(line: &str) {
    // Where stderr is closed, there is nothing left to say so on.
    let _ = writeln!(anstream::stderr().lock(), "{line}");
}

/// The word that a line on stderr begins with, its colon included, coloured where that is wanted.
pub(super) struct Label {
    word: &'static str,
    color: AnsiColor,
}

impl Label {
    pub const ERROR: Self = Self { word: "error", color: AnsiColor::Red };
    pub const WARNING: Self = Self { word: "warning", color: AnsiColor::Yellow };
    pub const INFO: Self = Self { word: "info", color: AnsiColor::Cyan };
}

impl fmt::Display for Label {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let style = Style::new().bold().fg_color(Some(self.color.into()));
        write!(f, "{style}{}:{style:#}", self.word)
    }
}

/// The text as it may be shown to people: what would steer a terminal, or reorder the line, is
/// written as an escape. A log can hold anything, and must not speak to the operator's terminal.
pub fn visible(text: &str) -> Cow<'_, str> {
    if !text.contains(steers) {
        return Cow::Borrowed(text);
    }
    let mut shown = String::with_capacity(text.len() + 16);
    for character in text.chars() {
        if steers(character) {
            shown.extend(character.escape_default());
        } else {
            shown.push(character);
        }
    }
    Cow::Owned(shown)
}

/// Control characters, line and paragraph separators, and the marks that reorder bidirectional text.
fn steers(character: char) -> bool {
    character.is_control()
        || matches!(
            character,
            '\u{61c}' | '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}'
        )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_steers_a_terminal_is_shown_as_an_escape() {
        for (text, shown) in [
            ("\u{1b}[2J", "\\u{1b}[2J"),
            ("a\nb\tc\rd", "a\\nb\\tc\\rd"),
            ("\u{7f}\u{9b}31m", "\\u{7f}\\u{9b}31m"),
            ("\u{202e}gpj.exe", "\\u{202e}gpj.exe"),
            ("a\u{2028}b", "a\\u{2028}b"),
        ] {
            assert_eq!(visible(text), shown);
        }
    }

    #[test]
    fn all_other_text_is_shown_as_it_is() {
        for text in ["", "Zürich \\n \"quoted\"", "👩\u{200d}🚀", "日本語", "שלום"] {
            assert!(matches!(visible(text), Cow::Borrowed(shown) if shown == text));
        }
    }
}
