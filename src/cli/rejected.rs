//! Rejected records for people: each reason with its count and its first places.

use std::collections::BTreeMap;
use std::io::{self, Write};

use super::output::visible;

/// How many places of each reason are shown.
const SHOWN_PLACES: usize = 3;

/// A rejected record that is listed.
pub struct ListedReject<'r> {
    /// Why, in one word.
    pub reason: &'r str,
    /// Where it stands.
    pub place: String,
    /// Why, in a sentence.
    pub detail: &'r str,
}

/// Writes every reason with its count and its first places. `of_what` says more of whose records they are, and `all`
/// which command lists those of a reason that JSON does not.
pub fn reasons(
    out: &mut dyn Write,
    of_what: &str,
    reasons: &BTreeMap<String, u64>,
    rejects: &[ListedReject<'_>],
    all: Option<&str>,
) -> io::Result<()> {
    for (reason, count) in reasons {
        writeln!(out, "\nrejected{of_what}, {reason}: {count}")?;
        let listed: Vec<_> = rejects.iter().filter(|reject| reject.reason == reason).collect();
        for ListedReject { place, detail, .. } in listed.iter().take(SHOWN_PLACES) {
            writeln!(out, "  {}: {}", visible(place), visible(detail))?;
        }
        let more = count.saturating_sub(SHOWN_PLACES as u64);
        match (listed.len().saturating_sub(SHOWN_PLACES) as u64, all) {
            (0, _) if more == 0 => {}
            (listed, _) if listed == more => writeln!(out, "  and {more} more (--format json lists them)")?,
            (listed, Some(all)) => writeln!(
                out,
                "  and {more} more (--format json lists {listed} of them, `{all} --reason {reason}` all)"
            )?,
            (listed, None) => writeln!(out, "  and {more} more (--format json lists {listed} of them)")?,
        }
    }
    Ok(())
}
