//! What fails again and again, as on a full disk: told when it begins, counted, and told when it is over.

use std::error::Error;
use std::io::{self, ErrorKind};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use crate::domain::error_chain::error_chain;
use crate::legacy::counted::counted;

/// Another error than those is not told any more.
const MOST_TOLD: usize = 8;

/// One thing that is tried again and again.
#[derive(Debug)]
pub struct Outage {
    /// What fails, and what that means meanwhile: `the queue is not written: ...`.
    begins: &'static str,
    /// The same when it is over: `the queue is written again`.
    ends: &'static str,
    ongoing: Mutex<Option<Ongoing>>,
}

#[derive(Debug)]
struct Ongoing {
    since: Duration,
    failures: u64,
    told: Vec<String>,
}

impl Outage {
    /// None is going on.
    pub const fn new(begins: &'static str, ends: &'static str) -> Self {
        Self { begins, ends, ongoing: Mutex::new(None) }
    }

    /// It has failed. The first time, and with another error than before, that is told. `now` is of a clock that is never set
    /// back.
    pub fn has_failed(&self, error: &(dyn Error + 'static), now: Duration) {
        let mut ongoing = self.ongoing.lock().unwrap_or_else(PoisonError::into_inner);
        let ongoing = ongoing.get_or_insert_with(|| Ongoing { since: now, failures: 0, told: Vec::new() });
        ongoing.failures += 1;
        let text = error_chain(error);
        if ongoing.told.len() < MOST_TOLD && !ongoing.told.contains(&text) {
            tracing::error!("[EventDispatcher] {}: {text}; {}", self.begins, way_out(error));
            ongoing.told.push(text);
        }
    }

    /// It has succeeded: where it had failed before, that is told, with the number of failures.
    pub fn is_over(&self, now: Duration) {
        let ongoing = self.ongoing.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(Ongoing { since, failures, .. }) = ongoing {
            let seconds = now.saturating_sub(since).as_secs();
            let failures = counted(failures, "failed attempt");
            tracing::warn!("[EventDispatcher] {}, after {failures} in {seconds} s", self.ends);
        }
    }
}

/// What helps.
fn way_out(error: &(dyn Error + 'static)) -> &'static str {
    let mut cause = Some(error);
    while let Some(error) = cause {
        if let Some(error) = error.downcast_ref::<io::Error>() {
            return match error.kind() {
                ErrorKind::StorageFull => "free space on that disk: `df` shows how full it is",
                ErrorKind::QuotaExceeded => "free space of this user, or have the quota raised",
                ErrorKind::FileTooLarge => {
                    "raise the limit of the size of files (`ulimit -f`), or that of the file system"
                }
                ErrorKind::PermissionDenied | ErrorKind::ReadOnlyFilesystem => "let this user write there",
                _ => "see to that file, or to the disk that it is on",
            };
        }
        cause = error.source();
    }
    "correct what it names"
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::legacy::tests::log::logged;

    const SECOND: Duration = Duration::from_secs(1);

    #[test]
    fn it_is_told_when_it_begins_and_when_it_is_over_and_not_in_between() {
        let outage = Outage::new("nothing is written", "it is written again");
        let full = || io::Error::from(ErrorKind::StorageFull);
        let lines = logged(|| {
            outage.is_over(SECOND);
            (0..100).for_each(|number| outage.has_failed(&full(), SECOND * number));
            outage.is_over(SECOND * 100);
            outage.is_over(SECOND * 101);
            outage.has_failed(&full(), SECOND * 102);
        });
        let told: Vec<_> = lines
            .lines()
            .filter_map(|line| line.split_once("[EventDispatcher] "))
            .map(|(_, told)| told)
            .collect();
        let begins =
            format!("nothing is written: {}; free space on that disk: `df` shows how full it is", full());
        let ends = "it is written again, after 100 failed attempts in 100 s";
        assert_eq!(told, [&*begins, ends, &begins]);
    }

    #[test]
    fn another_error_is_told_as_well_but_not_without_end() {
        let outage = Outage::new("nothing is written", "it is written again");
        let lines = logged(|| {
            for number in 0..50 {
                outage.has_failed(&io::Error::other(format!("error {}", number % 20)), SECOND);
            }
        });
        assert_eq!(lines.lines().count(), MOST_TOLD);
    }
}
