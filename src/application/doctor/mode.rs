//! Which event system is active, and in which processes.

use chrono::{DateTime, TimeDelta, Utc};

use super::{Check, Finding};
use crate::application::mode_log::{ProcessMode, UndecidedRecord};
use crate::domain::counted::counted;
use crate::domain::event::format_timestamp;
use crate::domain::event_system_mode::{EventSystemMode, Routing, Side};

/// A process that dispatches says so each minute. One that has said nothing for so long has ended, whichever process has its number now.
const SILENT: TimeDelta = TimeDelta::minutes(10);
/// So many undecided records are told each for itself.
const TOLD: usize = 20;

/// Whether the new event system is active; `source` says where the flag came from.
pub fn event_system(routing: &Routing, source: &str) -> Vec<Finding> {
    if routing.mode != EventSystemMode::LegacyEvents {
        return Vec::new();
    }
    let named = &routing.new_event_types;
    let but = if named.is_empty() {
        String::new()
    } else {
        format!(", but for {}", named.iter().map(String::as_str).collect::<Vec<_>>().join(", "))
    };
    let detail =
        format!("events do not go to the new event system{but}: use_new_event_system is False, by {source}");
    let remedy = "set MISSION_CONTROL_USE_NEW_EVENT_SYSTEM=true, or first MISSION_CONTROL_PARALLEL_RUN=true for both systems";
    vec![Finding::new(Check::EventSystem, "use_new_event_system", detail, remedy).into_note()]
}

/// Processes that dispatch otherwise than the settings say, and those that have ended without saying so. `is_running` answers `None` where the
/// system does not tell.
pub fn processes(
    processes: &[ProcessMode],
    configured: &Routing,
    now: DateTime<Utc>,
    is_running: impl Fn(u32) -> Option<bool>,
) -> Vec<Finding> {
    let mut findings = Vec::new();
    for process in processes {
        let subject = format!("process {}", process.pid);
        if is_running(process.pid) == Some(false) || now - process.seen_at > SILENT {
            let detail = format!(
                "it dispatched in the mode {}, has said nothing since {}, and not that it ended: it was killed, or the power was cut",
                routing_in_words(&process.routing),
                format_timestamp(process.seen_at)
            );
            let remedy = "nothing to do: the next start goes on where it was";
            findings.push(Finding::new(Check::Processes, subject, detail, remedy).into_note());
        } else if process.routing != *configured {
            let detail = format!(
                "it dispatches in the mode {} since {}, and the settings say {}",
                routing_in_words(&process.routing),
                format_timestamp(process.since),
                routing_in_words(configured)
            );
            let remedy = format!(
                "`kill -HUP {}` lets `dispatch -` read its settings again; restart any other process",
                process.pid
            );
            findings.push(Finding::new(Check::Processes, subject, detail, remedy));
        }
    }
    findings
}

/// Records that only a power cut or another program can have made unknown.
pub fn undecided(records: &[UndecidedRecord]) -> Vec<Finding> {
    let finding = |record: &UndecidedRecord| {
        let event = record.event_id.as_ref().map(|id| format!(", event {id}")).unwrap_or_default();
        let place = record
            .legacy_offset
            .map(|offset| format!(", byte {offset} of the legacy log"))
            .unwrap_or_default();
        let subject = format!("{}{event}{place}", record.mirror);
        let detail = format!("{}: {}", format_timestamp(record.found_at), record.detail);
        let remedy = "`compare-logs` shows whether it is on both sides";
        Finding::new(Check::UndecidedRecords, subject, detail, remedy)
    };
    let mut findings: Vec<Finding> = records.iter().take(TOLD).map(finding).collect();
    if let Some(more) = records.len().checked_sub(TOLD).filter(|more| *more > 0) {
        let detail = format!("{} undecided", counted(more as u64, "more record is", "more records are"));
        findings.push(Finding::new(Check::UndecidedRecords, "all mirrors", detail, "as above"));
    }
    findings
}

/// A mode with its primary side and its named types, as people are told it.
pub fn routing_in_words(routing: &Routing) -> String {
    let primary = match (routing.mode, routing.primary) {
        (EventSystemMode::ParallelEvents, primary) => format!(", {primary} primary"),
        _ => String::new(),
    };
    let named = match (routing.primary, &routing.new_event_types) {
        (Side::Legacy, types) if !types.is_empty() => {
            format!(", new for {}", types.iter().map(String::as_str).collect::<Vec<_>>().join(", "))
        }
        _ => String::new(),
    };
    format!("{}{primary}{named}", routing.mode)
}

/// An event of the future: the clock is wrong, or was.
pub fn clock(last: Option<DateTime<Utc>>, now: DateTime<Utc>) -> Vec<Finding> {
    /// Clocks of several machines differ by less.
    const TOLERANCE: TimeDelta = TimeDelta::seconds(60);
    match last {
        Some(last) if last > now + TOLERANCE => {
            let detail = format!(
                "the latest event is of {}, and the clock shows {}",
                format_timestamp(last),
                format_timestamp(now)
            );
            let remedy = "see whether the clock of this machine is right (`timedatectl`), and whether `timezone` is that of the events";
            vec![Finding::new(Check::Clock, "the clock", detail, remedy)]
        }
        _ => Vec::new(),
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::super::Severity;
    use super::*;

    fn routing(use_new: bool, parallel: bool, types: &[&str]) -> Routing {
        Routing::of(use_new, parallel, types.iter().map(|name| (*name).to_owned()).collect::<BTreeSet<_>>())
    }

    fn process(pid: u32, routing: Routing) -> ProcessMode {
        let time = DateTime::UNIX_EPOCH;
        ProcessMode { pid, routing, since: time, seen_at: time }
    }

    #[test]
    fn a_new_system_that_is_not_active_is_noted_with_the_source_of_the_flag() {
        let found = event_system(&routing(false, false, &[]), "Default (False)");
        assert_eq!(found[0].severity, Severity::Note);
        assert!(found[0].detail.ends_with("use_new_event_system is False, by Default (False)"));
        let found = event_system(&routing(false, false, &["A", "B"]), "Default (False)");
        assert!(found[0].detail.contains("new event system, but for A, B:"), "{}", found[0].detail);
        for (use_new, parallel) in [(true, false), (false, true), (true, true)] {
            assert_eq!(event_system(&routing(use_new, parallel, &[]), "x"), []);
        }
    }

    #[test]
    fn a_process_in_another_mode_is_a_finding_and_a_killed_one_a_note() {
        let configured = routing(true, true, &[]);
        let rows = [
            process(1, configured.clone()),
            process(2, routing(false, true, &[])),
            process(3, routing(false, false, &[])),
            process(4, configured.clone()),
        ];
        let now = DateTime::UNIX_EPOCH + TimeDelta::minutes(10);
        let found = processes(&rows, &configured, now, |pid| Some(pid < 4));
        let told: Vec<_> = found.iter().map(|finding| (finding.subject.as_str(), finding.severity)).collect();
        assert_eq!(
            told,
            [
                ("process 2", Severity::Finding),
                ("process 3", Severity::Finding),
                ("process 4", Severity::Note)
            ]
        );
        assert!(found[0].detail.contains("parallel_events, legacy primary since"), "{}", found[0].detail);
        assert_eq!(
            processes(&rows[..1], &configured, now, |_| None),
            [],
            "where the system does not tell, it runs"
        );
        let silent = processes(&rows[1..2], &configured, now + TimeDelta::seconds(1), |_| Some(true));
        assert_eq!(silent[0].severity, Severity::Note, "another process has its number");
    }

    #[test]
    fn the_named_types_tell_modes_apart() {
        let rows = [process(1, routing(false, false, &["A"]))];
        assert_eq!(
            processes(&rows, &routing(false, false, &[]), DateTime::UNIX_EPOCH, |_| Some(true)).len(),
            1
        );
        assert_eq!(routing_in_words(&rows[0].routing), "legacy_events, new for A");
    }

    #[test]
    fn each_undecided_record_is_a_finding_with_its_place() {
        let record = UndecidedRecord {
            mirror: "legacy_mirror".to_owned(),
            found_at: DateTime::UNIX_EPOCH,
            event_id: Some("e1".to_owned()),
            legacy_offset: Some(17),
            detail: "another program has written there".to_owned(),
        };
        assert_eq!(undecided(&vec![record.clone(); 25]).len(), 21, "twenty, and how many more");
        let found = undecided(&[record]);
        assert_eq!(found[0].subject, "legacy_mirror, event e1, byte 17 of the legacy log");
        assert_eq!(undecided(&[]), []);
    }

    #[test]
    fn an_event_of_the_future_is_found_where_clocks_do_not_just_differ() {
        let now = DateTime::UNIX_EPOCH;
        for (seconds, findings) in [(-5, 0), (0, 0), (60, 0), (61, 1)] {
            assert_eq!(clock(Some(now + TimeDelta::seconds(seconds)), now).len(), findings, "{seconds}");
        }
        assert_eq!(clock(None, now), []);
    }
}
