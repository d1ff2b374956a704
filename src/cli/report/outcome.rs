//! The verdict, in one sentence and its reasons.

use super::numbers::grouped;
use crate::application::compare::report::{Class, Comparison, Verdict};
use crate::cli::output::visible;

/// How many reasons are shown: there is one for each file that was not read.
const SHOWN_REASONS: usize = 20;

/// What was found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Outcome {
    /// Whether that is good.
    pub tone: Tone,
    /// In one word.
    pub word: String,
    /// In one sentence.
    pub sentence: String,
    /// Why, a sentence each.
    pub reasons: Vec<String>,
    /// How many reasons are not shown.
    pub more_reasons: usize,
}

/// What colour says beside the words.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Tone {
    /// It may go on.
    Good,
    /// It may not.
    Bad,
    /// Nothing can be said.
    Unknown,
}

impl Tone {
    /// The class of elements in this tone.
    pub fn class(self) -> &'static str {
        match self {
            Self::Good => "good",
            Self::Bad => "bad",
            Self::Unknown => "unknown",
        }
    }
}

impl Outcome {
    /// The outcome with as many of the reasons as are shown.
    pub fn new(tone: Tone, word: &str, sentence: String, reasons: &[String]) -> Self {
        let shown = reasons.iter().take(SHOWN_REASONS).map(|reason| visible(reason).into_owned());
        let more_reasons = reasons.len().saturating_sub(SHOWN_REASONS);
        Self { tone, word: word.to_owned(), sentence, reasons: shown.collect(), more_reasons }
    }
}

impl From<&Comparison> for Outcome {
    fn from(comparison: &Comparison) -> Self {
        let total = comparison.total();
        let reason = comparison.reasons.first().map(|reason| visible(reason)).unwrap_or_default();
        let (tone, word, sentence) = match comparison.verdict {
            Verdict::Consistent => {
                let same = Class::Matched.sentence(comparison.matched);
                let but = match total.ignored {
                    0 => String::new(),
                    ignored => format!(", and {} more agree only because of a rule", grouped(ignored)),
                };
                (Tone::Good, "Consistent", format!("Both logs agree: {same}{but}."))
            }
            Verdict::Different => {
                let found = match total.differences() {
                    0 => reason.into_owned(),
                    1 => "there is 1 difference".to_owned(),
                    differences => format!("there are {} differences", grouped(differences)),
                };
                let among = match total.differences() {
                    0 => String::new(),
                    _ => format!(" among {} events of the control", grouped(total.control)),
                };
                (Tone::Bad, "Different", format!("The logs do not agree: {found}{among}."))
            }
            Verdict::Inconclusive => {
                (Tone::Unknown, "Inconclusive", format!("Whether the logs agree cannot be said: {reason}."))
            }
        };
        Self::new(tone, word, sentence, &comparison.reasons)
    }
}
