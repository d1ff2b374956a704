//! The runbook is carried out: every command, in the order of the page, in the folder of a simulated parallel run. What is shown of
//! each is what it prints: when all is well, and with a fault that is planted in a copy of the folder.

mod page;

use std::collections::BTreeSet;

use mission_events::legacy_system::routing::Routing;

use super::file;
use super::service::{ALONE_FOR_DAYS, ALONE_FOR_WEEKS, Service, created, tells_of_slow_disk};
use page::{Shown, Step, as_shown, steps};

/// What a step is carried out on, beside what the page says.
struct Scene {
    title: &'static str,
    /// What has happened since the step before.
    before: fn(&mut Service),
    /// The faults, in the order of the outputs that the page shows of them.
    faults: &'static [Fault],
}

/// What is wrong, and how it came to that.
struct Fault(&'static str, fn(&mut Service));

fn nothing(_: &mut Service) {}

const SCENES: [Scene; 25] = [
    Scene {
        title: "Look at the installation",
        before: nothing,
        faults: &[
            Fault("no zone is set", |service| service.settings("timezone = \"UTC\"\n", "")),
            Fault("a setting is misspelt", |service| service.settings("timezone", "timezne")),
        ],
    },
    Scene {
        title: "Import the history",
        before: nothing,
        faults: &[Fault("the log is cut off within its last record", Service::tear_legacy_log)],
    },
    Scene {
        title: "Switch the parallel run on",
        before: nothing,
        faults: &[Fault("another file says that there is none", |service| {
            service.write(".env", "MISSION_CONTROL_PARALLEL_RUN=false\n");
        })],
    },
    Scene {
        title: "Compare, each day after midnight",
        before: Service::parallel_days,
        faults: &[
            Fault("the new side has lost an event", Service::lose_event),
            Fault("the application was not restarted for the parallel run", |service| {
                service.lives(&[(&[11, 10], false, false)]);
                service.done("import-legacy");
            }),
        ],
    },
    Scene {
        title: "Look after handlers and mirrors, each day",
        before: nothing,
        faults: &[Fault("the mirror is paused", |service| service.done("handlers pause new_mirror"))],
    },
    Scene {
        title: "Rehearse",
        before: nothing,
        faults: &[Fault("the new side has lost an event", Service::lose_event)],
    },
    Scene {
        title: "Rehearse the way back",
        before: nothing,
        faults: &[Fault("a row of the store was changed", |service| {
            service
                .tampers("UPDATE events SET body = replace(body, 'Task T1', 'Task T0') WHERE position = 1");
        })],
    },
    Scene {
        title: "Freeze",
        before: nothing,
        faults: &[
            Fault("a process dispatches", Service::start_dispatching),
            Fault("a setting was misspelt", |service| service.settings("timezone", "timezne")),
        ],
    },
    Scene {
        title: "Bring what is left to the other side",
        before: nothing,
        faults: &[Fault("the mirror is paused, and an event came", |service| {
            service.done("handlers pause new_mirror");
            service.done(&format!("dispatch '{}'", created("LATE")));
        })],
    },
    Scene { title: "The final import", before: nothing, faults: &[] },
    Scene { title: "The last comparison", before: nothing, faults: &[] },
    Scene {
        title: "Back up, and verify the backup",
        before: nothing,
        faults: &[Fault("a page of the store is damaged", Service::damage_store)],
    },
    Scene {
        title: "The gate",
        before: nothing,
        faults: &[
            Fault("a handler is paused", |service| service.done("handlers pause task_state")),
            Fault("the application ran on", |service| {
                service.days(&[1], &Routing::of(false, true, BTreeSet::new()));
                service.done("handlers run");
            }),
        ],
    },
    Scene {
        title: "Copy everything",
        before: nothing,
        faults: &[Fault("there is a copy already", |service| {
            std::fs::create_dir(service.folder().join("data-before-cutover")).unwrap();
        })],
    },
    Scene {
        title: "Switch over: the new system answers, the legacy log follows",
        before: nothing,
        faults: &[],
    },
    Scene {
        title: "Send one event through both systems",
        before: nothing,
        faults: &[Fault("the mirror is paused", |service| {
            service.done(&format!("dispatch '{}'", created("FIRST")));
            service.done("handlers pause legacy_mirror");
        })],
    },
    Scene { title: "Switch the mirror off", before: |service| service.keep(BOTH), faults: &[] },
    Scene {
        title: "Send one event through the new system",
        before: nothing,
        faults: &[Fault("another program has changed the store", |service| {
            service.in_store("DROP TRIGGER events_refuse_delete");
        })],
    },
    Scene {
        title: "The installation",
        before: |service| {
            service.keep(ALONE);
            service.lives(&ALONE_FOR_WEEKS);
            service.keep(WEEKS_LATER);
        },
        faults: &[Fault("a handler is paused", |service| service.done("handlers pause task_state"))],
    },
    Scene { title: "Switch back", before: |service| service.goes_back_to(ALONE), faults: &[] },
    Scene { title: "Bring what is left to the legacy log", before: nothing, faults: &[] },
    Scene {
        title: "Export what the new side alone has",
        before: nothing,
        faults: &[Fault("the store is one of daily files", |service| service.settings("sqlite", "jsonl"))],
    },
    Scene {
        title: "Append it to the legacy log",
        before: nothing,
        faults: &[Fault("another program writes the legacy log", |service| {
            service.settings("timezone", "legacy.writer = \"other\"\ntimezone");
        })],
    },
    Scene { title: "Compare", before: nothing, faults: &[] },
    Scene {
        title: "Ask whether the legacy system can be deleted",
        before: |service| service.goes_back_to(WEEKS_LATER),
        faults: &[
            Fault("it was switched over five days ago", |service| service.lives(&ALONE_FOR_DAYS)),
            Fault("the legacy system was primary for a day", |service| {
                service.days(&[1], &Routing::of(false, false, BTreeSet::new()));
            }),
        ],
    },
];

/// Where the folder is kept as it was after step 16, after step 18, and two weeks later.
const BOTH: &str = "both";
const ALONE: &str = "alone";
const WEEKS_LATER: &str = "weeks later";

#[test]
fn every_step_of_the_runbook_prints_what_is_shown_when_all_is_well_and_when_it_is_not() {
    let steps = steps(&file("docs/runbook.md"));
    let mut service = Service::new(&[(&[11, 10], false, false)]);
    let mut faults = Vec::new();
    for (step, scene) in steps.iter().zip(&SCENES) {
        (scene.before)(&mut service);
        let [well, not @ ..] = &step.shown[..] else { panic!("{}: no output is shown", step.title) };
        assert_eq!(not.len(), scene.faults.len(), "{}: each output with a fault has a fault", step.title);
        for (Fault(what, plant), shown) in scene.faults.iter().zip(not) {
            service.in_copy(*plant, |service| faults.extend(differs(step, what, shown, service)));
        }
        faults.extend(differs(step, "all is well", well, &service));
    }
    assert!(faults.is_empty(), "{}", faults.join("\n"));
    let titles: Vec<&str> = steps.iter().map(|step| step.title.as_str()).collect();
    assert_eq!(titles, SCENES.map(|scene| scene.title), "every step of the page is run");

    // The way back from both systems: what is exported otherwise is there already.
    service.goes_back_to(BOTH);
    let back = ["Switch back", "Bring what is left to the legacy log", "Export what the new side alone has"];
    for title in back {
        let step = steps.iter().find(|step| step.title == title).unwrap();
        let (code, printed) = service.run(&step.command);
        assert_eq!(code, 0, "{title}: {printed}");
        assert_eq!(printed.contains("nothing was written"), title == back[2], "{printed}");
    }
}

/// How an output is not what is shown of it.
fn differs(step: &Step, what: &str, shown: &Shown, service: &Service) -> Option<String> {
    let (code, printed) = service.run(&step.command);
    let is_shown = tells_of_slow_disk(&printed) || code == shown.exit_code && as_shown(&shown.text, &printed);
    (!is_shown).then(|| {
        format!(
            "{}. {}, {what}:\n{}exit code {}\n  but it printed\n{printed}exit code {code}\n",
            step.number, step.title, shown.text, shown.exit_code
        )
    })
}
