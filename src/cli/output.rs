//! The forms of a result, and what goes to stderr. Nothing here panics on a pipe that was closed.

use std::fmt::{self, Write as _};
use std::io::{self, Write};

use anstyle::{AnsiColor, Style};
use clap::ValueEnum;
use serde::Serialize;

pub use super::visible_text::visible;

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

/// Prints an error of the command line on stderr: in the colours of the parser, unless a part of it is not to be shown as it is.
pub(super) fn report_command_line(error: &clap::Error) {
    let text = error.render().to_string();
    if text.split('\n').all(|line| visible(line) == line) {
        // Where this cannot be printed, there is nothing left to say so on.
        drop(error.print());
    } else {
        text.trim_end().split('\n').for_each(|line| stderr_line(&visible(line)));
    }
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
