//! What the library logs, as lines that an operator reads: `warning: ...`, on stderr.

use std::fmt::{self, Write};

use tracing::field::{Field, Visit};
use tracing::level_filters::LevelFilter;
use tracing::{Event, Level, Subscriber};
use tracing_subscriber::fmt::format::Writer;
use tracing_subscriber::fmt::{FmtContext, FormatEvent, FormatFields, MakeWriter};
use tracing_subscriber::registry::LookupSpan;

use super::output::{Label, visible};

/// Shows what is logged at this level and above, from now on.
pub fn start(level: LevelFilter) {
    // Fails only where the process logs already: then that stays.
    drop(tracing::subscriber::set_global_default(operator_lines(level, anstream::stderr)));
}

fn operator_lines<W>(level: LevelFilter, writer: W) -> impl Subscriber + Send + Sync
where
    W: for<'w> MakeWriter<'w> + Send + Sync + 'static,
{
    tracing_subscriber::fmt()
        .with_max_level(level)
        // Where stderr is closed, there is nothing left to say so on: the attempt would be a panic.
        .log_internal_errors(false)
        .with_writer(writer)
        .event_format(OperatorLines)
        .finish()
}

/// `warning: the message (field: value, field: value)`, without time and target.
struct OperatorLines;

impl<S, N> FormatEvent<S, N> for OperatorLines
where
    S: Subscriber + for<'a> LookupSpan<'a>,
    N: for<'a> FormatFields<'a> + 'static,
{
    fn format_event(
        &self,
        _context: &FmtContext<'_, S, N>,
        mut writer: Writer<'_>,
        event: &Event<'_>,
    ) -> fmt::Result {
        let label = match *event.metadata().level() {
            Level::ERROR => Label::ERROR,
            Level::WARN => Label::WARNING,
            _ => Label::INFO,
        };
        let mut line = Line::default();
        event.record(&mut line);
        write!(writer, "{label} {}", visible(&line.message))?;
        if !line.fields.is_empty() {
            write!(writer, " ({})", visible(&line.fields))?;
        }
        writeln!(writer)
    }
}

#[derive(Default)]
struct Line {
    message: String,
    fields: String,
}

impl Line {
    fn add(&mut self, field: &Field, value: fmt::Arguments<'_>) {
        // Writing to a String cannot fail.
        let _ = if field.name() == "message" {
            self.message.write_fmt(value)
        } else {
            let separator = if self.fields.is_empty() { "" } else { ", " };
            write!(self.fields, "{separator}{}: {value}", field.name())
        };
    }
}

impl Visit for Line {
    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        self.add(field, format_args!("{value:?}"));
    }

    fn record_str(&mut self, field: &Field, value: &str) {
        self.add(field, format_args!("{value}"));
    }

    fn record_error(&mut self, field: &Field, value: &(dyn std::error::Error + 'static)) {
        self.add(field, format_args!("{value}"));
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;

    fn logged(level: LevelFilter, log: impl FnOnce()) -> String {
        let file = tempfile::NamedTempFile::new().unwrap();
        let writer = Arc::new(file.reopen().unwrap());
        tracing::subscriber::with_default(operator_lines(level, writer), log);
        let lines = std::fs::read_to_string(file.path()).unwrap();
        anstream::adapter::strip_str(&lines).to_string()
    }

    #[test]
    fn a_line_is_its_level_its_message_and_its_fields() {
        let log = || {
            tracing::warn!("the file is torn");
            tracing::warn!(path = %"a b.jsonl", text = "t\u{1b}", count = 3, "skipped {} lines", 2);
        };
        assert_eq!(
            logged(LevelFilter::WARN, log),
            "warning: the file is torn\n\
             warning: skipped 2 lines (path: a b.jsonl, text: t\\u{1b}, count: 3)\n"
        );
    }

    #[test]
    fn the_level_decides_what_is_shown() {
        let log = || {
            tracing::error!("e");
            tracing::warn!("w");
            tracing::info!("i");
            tracing::debug!("d");
        };
        assert_eq!(logged(LevelFilter::ERROR, log), "error: e\n");
        assert_eq!(logged(LevelFilter::WARN, log), "error: e\nwarning: w\n");
        assert_eq!(logged(LevelFilter::INFO, log), "error: e\nwarning: w\ninfo: i\n");
    }
}
