//! What a command answers, and the one place that prints it.
//!
//! A command does its work first and returns an [`Answer`]. Its exit code is known before a byte of it is
//! printed, so that it does not depend on the reader: a pipe that was closed ends the printing and nothing else.
//! A command that answers while it works ([`Answer::streamed`]) prints through [`Lines`], with the same promise.

use std::io::{self, BufWriter, ErrorKind, Write};

use serde::Serialize;
use thiserror::Error;

use super::error::CliError;
use super::exit_code::ExitCode;
use super::output::json_line;
use crate::domain::repository::RepositoryError;

/// What a command answers: its exit code, and how the rest of it is printed.
pub struct Answer(Form);

enum Form {
    Complete(Complete),
    Streamed(Box<Stream>),
}

struct Complete {
    code: ExitCode,
    summary: Option<String>,
    failure: Option<CliError>,
    print: Box<Print>,
}

type Print = dyn FnOnce(&mut dyn Write) -> Result<(), PrintError>;
type Stream = dyn FnOnce(&mut Lines<'_>) -> Result<ExitCode, CliError>;

/// The output of a command that answers line by line while it works.
pub struct Lines<'o> {
    out: &'o mut dyn Write,
    refused: Option<io::Error>,
    summary: Option<String>,
}

impl Lines<'_> {
    /// Prints a value as a line of JSON, at once. Answers whether the output takes more: where it does not, the
    /// command begins nothing more, and finishes what it has begun.
    pub fn print(&mut self, value: &impl Serialize) -> bool {
        if self.refused.is_none() {
            self.refused = json_line(self.out, value).and_then(|()| self.out.flush()).err();
        }
        self.refused.is_none()
    }

    /// Says what the command has done: it is told where the lines could not be printed.
    pub fn sum_up(&mut self, summary: String) {
        self.summary = Some(summary);
    }
}

/// Why an answer was not printed to its end.
#[derive(Debug, Error)]
pub enum PrintError {
    /// Standard output did not take it.
    #[error("could not write the result to standard output")]
    Output(#[from] io::Error),
    /// What is listed could not be read on.
    #[error(transparent)]
    Store(#[from] RepositoryError),
}

impl From<serde_json::Error> for PrintError {
    fn from(error: serde_json::Error) -> Self {
        Self::Output(error.into())
    }
}

impl Answer {
    /// The answer with this exit code, which `print` writes out. `summary` says what the command has done and
    /// found, where there is more to it than the printing: it is told where the answer cannot be printed.
    pub fn new<E: Into<PrintError>>(
        code: ExitCode,
        summary: Option<String>,
        print: impl FnOnce(&mut dyn Write) -> Result<(), E> + 'static,
    ) -> Self {
        let print = |out: &mut dyn Write| print(out).map_err(Into::into);
        Self(Form::Complete(Complete { code, summary, failure: None, print: Box::new(print) }))
    }

    /// The answer of a command that prints lines while it works, and knows its exit code at its end.
    pub fn streamed(run: impl FnOnce(&mut Lines<'_>) -> Result<ExitCode, CliError> + 'static) -> Self {
        Self(Form::Streamed(Box::new(run)))
    }

    /// The same answer of a command that failed to do one thing besides. The exit code is that of the failure.
    #[must_use]
    pub fn but_failed(self, failure: CliError) -> Self {
        Self(match self.0 {
            Form::Complete(complete) => Form::Complete(Complete { failure: Some(failure), ..complete }),
            Form::Streamed(run) => Form::Streamed(Box::new(|lines| run(lines).and(Err(failure)))),
        })
    }

    /// Prints it on standard output, and tells the exit code.
    ///
    /// # Errors
    /// It could not be printed, for another reason than that its reader has gone; or the command failed.
    pub fn deliver(self) -> Result<ExitCode, CliError> {
        self.deliver_to(&mut BufWriter::new(io::stdout().lock()))
    }

    fn deliver_to(self, out: &mut dyn Write) -> Result<ExitCode, CliError> {
        match self.0 {
            Form::Complete(complete) => complete.deliver_to(out),
            Form::Streamed(run) => {
                let mut lines = Lines { out, refused: None, summary: None };
                let answered = run(&mut lines);
                match lines.refused {
                    Some(error) if !is_reader_gone(&error) => {
                        let error = CliError::new(ExitCode::Storage, PrintError::Output(error));
                        let failure = answered.err().map(|error| error.to_string());
                        Err(error.with_details(lines.summary).with_details(failure))
                    }
                    _ => answered,
                }
            }
        }
    }
}

impl Complete {
    fn deliver_to(self, out: &mut dyn Write) -> Result<ExitCode, CliError> {
        let printed = (self.print)(out).and_then(|()| Ok(out.flush()?));
        let not_printed = match printed {
            Ok(()) => None,
            Err(PrintError::Output(error)) if is_reader_gone(&error) => None,
            Err(error) => Some(error),
        };
        match (not_printed, self.failure) {
            (None, None) => Ok(self.code),
            (None, Some(failure)) => Err(failure),
            (Some(PrintError::Store(error)), None) => Err(error.into()),
            (Some(error), None) => Err(CliError::new(ExitCode::Storage, error).with_details(self.summary)),
            (Some(error), Some(failure)) => {
                let error = CliError::new(ExitCode::Storage, error);
                Err(error.with_details(self.summary.into_iter().chain([failure.to_string()])))
            }
        }
    }
}

/// Whether nothing reads the output any more, as `head` does not when it has enough.
fn is_reader_gone(error: &io::Error) -> bool {
    matches!(error.kind(), ErrorKind::BrokenPipe | ErrorKind::ConnectionReset)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// An output that takes a few bytes and then none.
    struct Ending {
        takes: usize,
        then: ErrorKind,
    }

    impl Write for Ending {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            if self.takes == 0 {
                return Err(self.then.into());
            }
            let count = bytes.len().min(self.takes);
            self.takes -= count;
            Ok(count)
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    fn answer(code: ExitCode) -> Answer {
        Answer::new(code, Some("all was done".to_owned()), |out| out.write_all(b"a result"))
    }

    #[test]
    fn the_exit_code_is_that_of_the_answer_wherever_its_reader_goes() {
        for code in ExitCode::ALL {
            for takes in 0..10 {
                for then in [ErrorKind::BrokenPipe, ErrorKind::ConnectionReset] {
                    let delivered = answer(code).deliver_to(&mut Ending { takes, then });
                    assert_eq!(delivered.ok(), Some(code), "{takes} {then}");
                }
            }
            assert_eq!(answer(code).deliver_to(&mut Vec::new()).ok(), Some(code));
        }
    }

    #[test]
    fn an_output_that_is_full_is_a_failure_that_says_what_was_done() {
        let failed = answer(ExitCode::Done).but_failed(CliError::not_found("no evidence"));
        for (answer, told) in [
            (answer(ExitCode::Negative), &["all was done"][..]),
            (failed, &["all was done", "no evidence"][..]),
        ] {
            let error = answer.deliver_to(&mut Ending { takes: 3, then: ErrorKind::StorageFull });
            let Err(CliError::Failed { code, details, .. }) = error else { panic!("it was printed") };
            assert_eq!(
                (code, details),
                (ExitCode::Storage, told.iter().map(|told| (*told).to_owned()).collect())
            );
        }
    }

    #[test]
    fn a_failure_besides_the_answer_decides_its_code_whether_or_not_it_is_read() {
        for takes in [0, 100] {
            let failed = answer(ExitCode::Done).but_failed(CliError::usage("wrong"));
            let out = &mut Ending { takes, then: ErrorKind::BrokenPipe };
            assert_eq!(failed.deliver_to(out).unwrap_err().exit_code(), ExitCode::Usage);
        }
    }

    #[test]
    fn a_streamed_answer_prints_each_line_at_once_and_is_told_when_no_more_is_taken() {
        for (then, expected) in
            [(ErrorKind::BrokenPipe, ExitCode::Negative), (ErrorKind::StorageFull, ExitCode::Storage)]
        {
            let streamed = Answer::streamed(|lines| {
                assert!(lines.print(&1), "two bytes");
                assert!(!lines.print(&22), "three more");
                assert!(!lines.print(&3), "for ever");
                Ok(ExitCode::Negative)
            });
            let delivered = streamed.deliver_to(&mut Ending { takes: 4, then });
            assert_eq!(delivered.unwrap_or_else(|error| error.exit_code()), expected);
        }
    }

    #[test]
    fn a_store_that_cannot_be_read_on_is_an_error_of_the_store() {
        let failing = Answer::new(ExitCode::Done, None, |out| {
            out.write_all(b"a beginning")?;
            Err(PrintError::Store(RepositoryError::Corrupt { place: "here".into(), detail: "torn".into() }))
        });
        assert_eq!(failing.deliver_to(&mut Vec::new()).unwrap_err().exit_code(), ExitCode::Storage);
    }
}
