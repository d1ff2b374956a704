//! Whether handlers and mirrors have done what they are to do.

use chrono::TimeDelta;

use super::known::{Known, TOLD, counted};
use crate::application::doctor::handlers::MIRRORS;
use crate::application::gate::criterion::Criterion;
use crate::application::gate::facts::HandlerFacts;
use crate::application::gate::name::CriterionName;
use crate::application::handling::failure::{Failure, FailureState};
use crate::application::handling::store::HandlerState;
use crate::domain::event::format_timestamp;

/// How long an event may be unhandled.
const SETTLE: TimeDelta = TimeDelta::seconds(60);

const WITHOUT_STORE: &str = "the handler store is missing, and with it what handlers have failed on and done";
const RESTORE: &str = "restore it from a backup, or name it in `handlers.path`; where none was ever made, `mission-events handlers run` makes it";

/// No handler has failed in the period, on whatever event, and whatever became of it.
pub fn errors(known: &Known<'_>) -> Criterion {
    let (name, threshold) = (CriterionName::HandlerErrors, format!("0 {}", known.period()));
    let handlers = match &known.facts.handlers {
        Err(why) => return Criterion::unread(name, threshold, why),
        Ok(None) => return Criterion::new(name, "not known", threshold).lacks(WITHOUT_STORE, RESTORE),
        Ok(Some(handlers)) => handlers,
    };
    let all =
        || handlers.iter().flat_map(|handler| handler.failures.iter().map(move |failure| (handler, failure)));
    let is_recent = |failure: &Failure| {
        let failed = [failure.first_failed_at, failure.last_failed_at];
        failed.into_iter().flatten().any(|at| known.is_in_period(known.day_of(at)))
    };
    let recent: Vec<_> = all().filter(|(_, failure)| is_recent(failure)).collect();
    let count = recent.len() as u64;
    let skipped: Vec<_> = all().filter(|(_, failure)| failure.state == FailureState::Skipped).collect();
    let mut criterion =
        Criterion::new(name, format!("{} {}", counted(count, "event", "events"), known.period()), threshold)
            .figure("failed", count)
            .figure("skipped", skipped.len() as u64);
    for (handler, failure) in recent.iter().take(TOLD) {
        let remedy = format!(
            "`mission-events handlers failures {}` shows them; mend the cause, and let the period pass without another",
            handler.status.name
        );
        criterion = criterion.fails(failed(handler, failure), remedy);
    }
    for (handler, failure) in &skipped {
        let reason = failure.resolved_by.as_deref().unwrap_or("no reason is recorded");
        criterion =
            criterion.note(format!("{} left out event {}: {reason}", handler.status.name, failure.event_id));
    }
    criterion
}

fn failed(handler: &HandlerFacts, failure: &Failure) -> String {
    let at = failure.last_failed_at.or(failure.first_failed_at).map(format_timestamp).unwrap_or_default();
    let error = failure.error.as_deref().unwrap_or("no error is recorded");
    format!(
        "{}: {} failed at {at} ({}): {error}",
        handler.status.name,
        failure.event_id,
        failure.state.as_str()
    )
}

/// Every handler runs, has parked nothing, and has handled what is older than the settle delay.
pub fn running(known: &Known<'_>) -> Criterion {
    let (name, threshold) =
        (CriterionName::HandlersRunning, "all run, nothing parked, nothing settled unhandled");
    let handlers = match &known.facts.handlers {
        Err(why) => return Criterion::unread(name, threshold, why),
        Ok(None) => return Criterion::new(name, "not known", threshold).lacks(WITHOUT_STORE, RESTORE),
        Ok(Some(handlers)) => handlers,
    };
    let handlers = handlers.iter().map(|handler| &handler.status);
    let handlers: Vec<_> = handlers.filter(|status| !MIRRORS.contains(&status.name.as_str())).collect();
    let open: u64 =
        handlers.iter().map(|status| status.open.parked + status.open.waiting + status.open.retrying).sum();
    let behind: u64 = handlers.iter().map(|status| status.behind.events).sum();
    let value = format!(
        "{}, {open} open failures, {} behind",
        counted(handlers.len() as u64, "handler", "handlers"),
        counted(behind, "event", "events")
    );
    let mut criterion = Criterion::new(name, value, threshold)
        .figure("handlers", handlers.len() as u64)
        .figure("open_failures", open)
        .figure("behind", behind);
    for status in handlers {
        let handler = &status.name;
        let reason_of = |state: &str| match &status.reason {
            Some(reason) => format!("{handler} is {state}: {reason}"),
            None => format!("{handler} is {state}"),
        };
        if status.is_ahead {
            criterion =
                criterion.fails(reason_of("ahead of the store"), "`mission-events doctor` says what helps");
        } else if let Some(state) = status.state.filter(|state| *state != HandlerState::Running) {
            criterion = criterion.fails(reason_of(state.as_str()), "`mission-events doctor` says what helps");
        }
        if status.open.is_any() {
            let reason = format!(
                "{handler} has failed on {}, with those that wait for these",
                counted(status.open.parked + status.open.retrying + status.open.waiting, "event", "events")
            );
            criterion = criterion.fails(
                reason,
                format!("`mission-events handlers failures {handler}`, then `handlers retry {handler}`"),
            );
        }
        if let Some(earliest) = status.behind.earliest.filter(|at| known.facts.now - *at > SETTLE) {
            let reason = format!(
                "{handler} has not handled {}, the earliest of {}",
                counted(status.behind.events, "event", "events"),
                format_timestamp(earliest)
            );
            criterion = criterion.fails(reason, "`mission-events handlers run`");
        }
    }
    criterion
}

/// Every mirror runs, without trouble, and has nothing left to bring.
pub fn mirrors(known: &Known<'_>) -> Criterion {
    let (name, threshold) = (CriterionName::Mirrors, "all run, nothing left to bring");
    let mirrors = match &known.facts.mirrors {
        Err(why) => return Criterion::unread(name, threshold, why),
        Ok(mirrors) => mirrors,
    };
    let behind = mirrors.iter().filter_map(|mirror| mirror.behind).sum();
    let value = format!(
        "{}, {} behind",
        counted(mirrors.len() as u64, "mirror", "mirrors"),
        counted(behind, "event", "events")
    );
    let mut criterion = Criterion::new(name, value, threshold).figure("behind", behind);
    for mirror in mirrors {
        let reason = |what: &str| {
            let why = mirror.reason.as_ref().map(|reason| format!(": {reason}")).unwrap_or_default();
            format!("{} {what}{why}", mirror.name)
        };
        if mirror.state != HandlerState::Running {
            criterion = criterion.fails(
                reason(&format!("is {}", mirror.state.as_str())),
                format!("`mission-events handlers resume {}`, once the reason is gone", mirror.name),
            );
        } else if mirror.reason.is_some() {
            criterion = criterion.fails(reason("is in trouble"), "`mission-events doctor` says what helps");
        }
        criterion = match mirror.behind {
            Some(0) => criterion,
            Some(behind) => criterion.lacks(
                format!("{} has {} left to bring", mirror.name, counted(behind, "event", "events")),
                "let nothing be dispatched until it has brought them, and check again",
            ),
            None => criterion.lacks(
                format!("what {} has left to bring is not known without the legacy system", mirror.name),
                "check with a program that was built with it",
            ),
        };
    }
    match &known.facts.undecided {
        Err(why) => {
            criterion.lacks(format!("what mirrors could not decide could not be looked at: {why}"), RESTORE)
        }
        Ok(records) => records.iter().take(TOLD).fold(criterion, |criterion, record| {
            criterion.note(format!(
                "{}, {}: {}",
                record.mirror,
                format_timestamp(record.found_at),
                record.detail
            ))
        }),
    }
}
