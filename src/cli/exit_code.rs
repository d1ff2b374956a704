//! Exit codes: an interface that scripts build on.

use std::fmt::Write;
use std::process;

/// How a command ended. The number is the exit code.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub enum ExitCode {
    /// The command did what it was asked, or the answer is yes.
    Done = 0,
    /// The command did its work, and the answer is no.
    Negative = 1,
    /// The command line or a setting is wrong.
    Usage = 2,
    /// There was too little to judge by.
    Inconclusive = 3,
    /// Something could not be read or written.
    Storage = 4,
    /// The program noticed a mistake of its own.
    SelfCheck = 5,
}

impl ExitCode {
    /// Every code, in the order of its number.
    pub const ALL: [Self; 6] =
        [Self::Done, Self::Negative, Self::Usage, Self::Inconclusive, Self::Storage, Self::SelfCheck];

    /// The number that the process exits with.
    pub const fn number(self) -> u8 {
        self as u8
    }

    /// What the code tells a script. The help and the documentation say it in these words.
    pub const fn meaning(self) -> &'static str {
        match self {
            Self::Done => "done; consistent; GO",
            Self::Negative => {
                "the answer is no: differences, rejected records, refused overlap, NO-GO, not found, findings"
            }
            Self::Usage => "usage or configuration error; nothing was done",
            Self::Inconclusive => {
                "inconclusive: nothing to compare, a torn or changing input, a limit hit, too little evidence"
            }
            Self::Storage => {
                "could not read or write (I/O, corrupt store, disk full, busy); what is on disk is intact"
            }
            Self::SelfCheck => {
                "the tool caught itself being wrong (self-test or conservation of counts failed)"
            }
        }
    }
}

impl From<ExitCode> for process::ExitCode {
    fn from(code: ExitCode) -> Self {
        code.number().into()
    }
}

/// The list of codes for the end of the long help.
pub(super) fn help() -> String {
    let mut text = "Exit codes:".to_owned();
    for code in ExitCode::ALL {
        // Writing to a String cannot fail.
        let _ = write!(text, "\n  {}  {}", code.number(), code.meaning());
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_codes_are_0_to_5_and_listed_in_that_order() {
        assert_eq!(ExitCode::ALL.map(ExitCode::number), [0, 1, 2, 3, 4, 5]);
    }

    #[test]
    fn the_help_lists_every_code_with_its_meaning() {
        for code in ExitCode::ALL {
            assert!(help().contains(&format!("\n  {}  {}", code.number(), code.meaning())));
        }
    }
}
