//! Handlers, mirrors, and the store of what they have done.

use super::{Check, Finding, events_in_words};
use crate::application::handling::store::HandlerState;
use crate::application::handling::{HandlerKind, HandlerStatus};

/// The mirror to the new side: it brings what the legacy side takes.
pub const NEW_MIRROR: &str = "new_mirror";

/// The handlers that a parallel run has as mirrors. They are checked as such.
pub const MIRRORS: [&str; 2] = ["legacy_mirror", NEW_MIRROR];

/// Handlers that have parked events, do not run, are ahead of the store, or further behind than `behind_warn`.
pub fn handlers(statuses: &[HandlerStatus], behind_warn: u64) -> Vec<Finding> {
    let handlers = statuses.iter().filter(|status| !MIRRORS.contains(&status.name.as_str()));
    handlers.flat_map(|status| of_handler(status, behind_warn)).collect()
}

fn of_handler(status: &HandlerStatus, behind_warn: u64) -> Vec<Finding> {
    let name = &status.name;
    let mut findings = Vec::new();
    let mut found =
        |detail: String, remedy: String| findings.push(Finding::new(Check::Handlers, name, detail, remedy));
    if status.open.parked > 0 {
        found(
            format!("it has parked {}", events_in_words(status.open.parked)),
            format!(
                "`handlers failures {name}` says why; then `handlers retry {name}`, or `handlers skip {name} --event EVENT --reason REASON`"
            ),
        );
    }
    if let Some((state, remedy)) = stop_of(status) {
        let reason = status.reason.as_ref().map(|reason| format!(": {reason}")).unwrap_or_default();
        found(format!("it does not run, it is {state}{reason}"), remedy);
    }
    if status.behind.events > behind_warn {
        let at_least = if status.behind.is_at_least { "at least " } else { "" };
        found(
            format!("it is {at_least}{} behind", events_in_words(status.behind.events)),
            "`handlers run` handles what is left; `handlers run --follow` goes on with what comes".to_owned(),
        );
    }
    findings
}

/// The state of a handler that does not run, and what lets it go on.
fn stop_of(status: &HandlerStatus) -> Option<(&'static str, String)> {
    let name = &status.name;
    let remedy = match status.state {
        _ if status.is_ahead && status.kind == HandlerKind::Effect => {
            let remedy =
                format!("restore the events that are missing, or `handlers resume {name} --from-now`");
            return Some(("ahead of the store", remedy));
        }
        _ if status.is_ahead => return Some(("ahead of the store", format!("`handlers replay {name}`"))),
        None | Some(HandlerState::Running) => return None,
        Some(HandlerState::ReplayNeeded) => format!("`handlers replay {name}`"),
        Some(HandlerState::Paused) => format!("`handlers resume {name}`"),
        Some(HandlerState::Stopped) => {
            format!("`handlers failures {name}` says why; then `handlers resume {name}`")
        }
    };
    status.state.map(|state| (state.as_str(), remedy))
}

/// What is known of a mirror of a parallel run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MirrorFacts {
    /// Its name.
    pub name: String,
    /// Whether it runs.
    pub state: HandlerState,
    /// Why it is in that state; of one that runs, the trouble that it is in.
    pub reason: Option<String>,
    /// How many events it is still to bring to the other side, as far as that is known.
    pub behind: Option<u64>,
}

/// Mirrors that do not run, are in trouble, or are further behind than `behind_warn`.
pub fn mirrors(mirrors: &[MirrorFacts], behind_warn: u64) -> Vec<Finding> {
    let mut findings = Vec::new();
    for MirrorFacts { name, state, reason, behind } in mirrors {
        if *state != HandlerState::Running {
            let reason = reason.as_ref().map(|reason| format!(": {reason}")).unwrap_or_default();
            let detail = format!("it does not run, it is {}{reason}", state.as_str());
            let remedy = format!("`handlers resume {name}`, once the reason is gone");
            findings.push(Finding::new(Check::Mirrors, name, detail, remedy));
        } else if let Some(trouble) = reason {
            let detail = format!("it is in trouble, and tries again: {trouble}");
            let remedy = "the primary side goes on meanwhile; once the reason is gone, what is missing is brought by itself";
            findings.push(Finding::new(Check::Mirrors, name, detail, remedy));
        }
        if let Some(behind) = behind.filter(|behind| *behind > behind_warn) {
            let detail =
                format!("it is {} behind (parallel.behind_warn is {behind_warn})", events_in_words(behind));
            let remedy = "a process that dispatches in the parallel run brings them; see why the secondary side is slow or fails";
            findings.push(Finding::new(Check::Mirrors, name, detail, remedy));
        }
    }
    findings
}

/// The outbox of a parallel run, which is shortened once everything in it is mirrored.
pub fn outbox(path: &str, bytes: u64) -> Vec<Finding> {
    /// In bytes: hundreds of thousands of events.
    const LARGE: u64 = 256 << 20;
    if bytes <= LARGE {
        return Vec::new();
    }
    let detail = format!("it has {bytes} bytes: events wait in it for the new side");
    let remedy = "`status` shows new_mirror, which brings them, and why it does not";
    vec![Finding::new(Check::Mirrors, path, detail, remedy)]
}

/// The handler store where comparisons are recorded: what it holds beside read models cannot be made anew.
pub fn handler_store(path: &str, exists: bool, has_evidence: bool) -> Vec<Finding> {
    if exists || !has_evidence {
        return Vec::new();
    }
    let detail = "it is not there although comparisons are recorded: progress of effects and mirrors and the switches of modes went with it";
    let remedy =
        "restore it from a backup, or name it in handlers.path; without it, mirrors and effects stay stopped";
    vec![Finding::new(Check::HandlerStore, path, detail, remedy)]
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::application::handling::status::Behind;
    use crate::application::handling::store::OpenFailures;

    fn running(name: &str) -> HandlerStatus {
        HandlerStatus {
            name: name.to_owned(),
            kind: HandlerKind::Projection,
            event_types: None,
            handled: 0,
            behind: Behind::default(),
            open: OpenFailures::default(),
            state: Some(HandlerState::Running),
            reason: None,
            is_ahead: false,
            next_retry: None,
        }
    }

    fn only(status: HandlerStatus) -> (String, String) {
        let [finding] = &handlers(&[status], 1_000)[..] else { panic!("one finding") };
        (finding.detail.clone(), finding.remedy.clone())
    }

    #[test]
    fn a_handler_that_runs_and_keeps_up_is_no_finding() {
        let behind = Behind { events: 1_000, is_at_least: false, ..Behind::default() };
        assert_eq!(handlers(&[running("a"), HandlerStatus { behind, ..running("b") }], 1_000), []);
        assert_eq!(handlers(&[HandlerStatus { state: None, ..running("never run") }], 0), []);
    }

    #[test]
    fn a_handler_that_is_parked_stopped_behind_or_ahead_is_found_with_its_remedy() {
        let open = OpenFailures { parked: 2, ..OpenFailures::default() };
        let (detail, remedy) = only(HandlerStatus { open, ..running("h") });
        assert!(
            detail.contains("parked 2 events") && remedy.contains("handlers retry h"),
            "{detail} {remedy}"
        );

        for (state, word, command) in [
            (HandlerState::Stopped, "stopped", "handlers resume h"),
            (HandlerState::Paused, "paused", "handlers resume h"),
            (HandlerState::ReplayNeeded, "replay_needed", "handlers replay h"),
        ] {
            let reason = Some("a reason".to_owned());
            let (detail, remedy) = only(HandlerStatus { state: Some(state), reason, ..running("h") });
            assert!(
                detail.ends_with(&format!("it is {word}: a reason")) && remedy.contains(command),
                "{detail} {remedy}"
            );
        }

        let (detail, remedy) = only(HandlerStatus { is_ahead: true, ..running("h") });
        assert!(
            detail.contains("ahead of the store") && remedy == "`handlers replay h`",
            "{detail} {remedy}"
        );
        let kind = HandlerKind::Effect;
        assert!(
            only(HandlerStatus { is_ahead: true, kind, ..running("h") })
                .1
                .contains("handlers resume h --from-now")
        );

        let behind = Behind { events: 1_001, is_at_least: true, ..Behind::default() };
        assert!(only(HandlerStatus { behind, ..running("h") }).0.contains("at least 1001 events behind"));
    }

    #[test]
    fn mirrors_are_no_handlers_and_are_found_by_what_is_known_of_them() {
        let behind = Behind { events: 5_000, is_at_least: false, ..Behind::default() };
        assert_eq!(handlers(&[HandlerStatus { behind, ..running("new_mirror") }], 1_000), []);
        let mirror =
            |state, behind| MirrorFacts { name: "new_mirror".to_owned(), state, reason: None, behind };
        assert_eq!(
            mirrors(
                &[mirror(HandlerState::Running, Some(1_000)), mirror(HandlerState::Running, None)],
                1_000
            ),
            []
        );
        assert_eq!(mirrors(&[mirror(HandlerState::Stopped, Some(1_001))], 1_000).len(), 2);
        let in_trouble =
            MirrorFacts { reason: Some("disk full".to_owned()), ..mirror(HandlerState::Running, None) };
        assert!(mirrors(&[in_trouble], 1_000)[0].detail.ends_with("tries again: disk full"));
    }

    #[test]
    fn an_outbox_is_large_from_256_mebibytes_on() {
        assert_eq!(outbox("outbox.jsonl", 256 << 20), []);
        assert_eq!(outbox("outbox.jsonl", (256 << 20) + 1).len(), 1);
    }

    #[test]
    fn a_handler_store_that_is_missing_beside_evidence_is_found() {
        let found = |exists, has_evidence| handler_store("handlers.db", exists, has_evidence).len();
        assert_eq!(
            [found(true, true), found(true, false), found(false, false), found(false, true)],
            [0, 0, 0, 1]
        );
    }
}
