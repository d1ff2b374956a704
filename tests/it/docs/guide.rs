//! Every entry of the migration guide has an answer, and the commands among them are run.

#[cfg(feature = "legacy")]
use std::collections::BTreeSet;
use std::path::Path;

#[cfg(feature = "legacy")]
use super::markdown::blocks;
use super::markdown::rows;
#[cfg(feature = "legacy")]
use super::service::{Service, created, tells_of_slow_disk};
use super::{ROOT, command_lines_that_fail, file, is_test};

/// The entries of the guide, which itself is no part of the project, by the headings of the page.
const ENTRIES: &[(&str, &[&str])] = &[
    (
        "Phase 2: testing",
        &[
            "step 1, unit testing: the events",
            "step 1, unit testing: the event handlers",
            "step 1, unit testing: the repository",
            "step 2, integration testing: enable the new system in the test environment",
            "step 2, integration testing: run the full test suite, all tests still pass",
            "step 3, performance testing: measure the event dispatch time, under 10 ms",
            "step 3, performance testing: compare with the legacy system",
            "step 3, performance testing: no degradation",
            "step 4, manual testing: create tasks, events are fired",
            "step 4, manual testing: complete tasks, check TaskCompleted events",
            "step 4, manual testing: delete tasks, check TaskDeleted events",
            "step 4, manual testing: update tasks, check TaskUpdated events",
            "step 4, manual testing: inspect the event log files",
            "criterion: all tests pass with the new system",
            "criterion: performance meets or exceeds the legacy system",
            "criterion: event logs are created and queryable",
            "criterion: handlers execute correctly",
        ],
    ),
    (
        "Phase 3: gradual rollout",
        &[
            "step 1, change the default",
            "step 2, monitor: errors in event handling",
            "step 2, monitor: event file growth",
            "step 2, monitor: handler execution logs",
            "step 2, monitor: analytics are updated",
            "step 3, rollback plan: immediate rollback by the flag, restart",
            "step 3, rollback plan: change the default back and redeploy",
            "step 4, validation period: run both systems in parallel",
            "step 4, validation period: compare event logs",
            "step 4, validation period: verify data consistency",
            "criterion: zero critical errors for 1 week",
            "criterion: all events captured and processed",
            "criterion: performance within acceptable range",
            "criterion: user workflows unaffected",
        ],
    ),
    (
        "Phase 4: deprecation",
        &[
            "prerequisite: phase 3 complete with 2+ weeks of stability",
            "prerequisite: no incidents related to the event system",
            "prerequisite: all stakeholders approve the removal",
            "step 1, remove the legacy code",
            "step 2, remove the feature flag: USE_NEW_EVENT_SYSTEM from the configuration",
            "step 2, remove the feature flag: conditional logic",
            "step 2, remove the feature flag: dual-path routing",
            "step 3, update tests: remove or archive old event tests",
            "step 3, update tests: keep new tests as primary",
            "step 4, update documentation: mark the migration guide as complete",
            "step 4, update documentation: update the architecture docs",
            "step 4, update documentation: remove references to the legacy system",
            "criterion: code simplified, no more conditional routing",
            "criterion: all tests pass without the legacy system",
            "criterion: documentation updated",
        ],
    ),
    (
        "Testing strategy",
        &[
            "regression: 72 legacy tests",
            "new system: domain events",
            "new system: event handlers",
            "new system: event dispatcher",
            "new system: repository",
            "new system: integration",
            "feature flag: all tests with the legacy system",
            "feature flag: all tests with the new system",
        ],
    ),
    (
        "Troubleshooting",
        &[
            "new system not active: events do not appear",
            "new system not active: check the configuration",
            "new system not active: set the environment variable",
            "event files growing too large: files over 100 MB",
            "event files growing too large: daily rotation",
            "event files growing too large: archive old files",
            "performance issues: dispatch takes over 10 ms",
            "performance issues: performance warnings in the log",
            "performance issues: check disk I/O",
            "performance issues: consider batch event writes",
            "performance issues: optimise handler logic",
            "performance issues: add caching if needed",
            "handler not executing: events persisted, handlers not running",
            "handler not executing: check the registration",
            "handler not executing: register the handlers",
        ],
    ),
    (
        "Rollback procedure",
        &[
            "immediate, 1: set the environment variable",
            "immediate, 2: restart the application",
            "code rollback: the default is false",
            "code rollback: commit and deploy",
            "verify: the log says legacy_events",
            "verify: the lines of EventDispatcher",
        ],
    ),
    (
        "Success metrics",
        &[
            "phase 2: all unit tests passing (25+ new)",
            "phase 2: all integration tests passing",
            "phase 2: all regression tests passing (72)",
            "phase 2: event dispatch time under 10 ms (average)",
            "phase 2: zero critical errors",
            "phase 3: 1 week of production use without incidents",
            "phase 3: event files created daily",
            "phase 3: all handlers executing successfully",
            "phase 3: performance within SLA",
            "phase 3: no user-reported issues",
            "phase 4: legacy code removed",
            "phase 4: feature flag removed",
            "phase 4: code simplified",
            "phase 4: documentation updated",
        ],
    ),
    (
        "Bug report",
        &["the value of USE_NEW_EVENT_SYSTEM", "error logs", "event samples", "steps to reproduce"],
    ),
    (
        "Appendix: the event file format",
        &[
            "each line is a complete JSON object",
            "daily rotation: files are named by date",
            "daily rotation: each day gets a new file automatically",
        ],
    ),
];

/// An entry and its answer.
struct Row {
    entry: String,
    answer: String,
    /// Of a command.
    exit_code: Option<i32>,
}

impl Row {
    fn runs_the_program(&self) -> bool {
        self.answer.split(' ').any(|word| word == "mission-events")
    }

    /// What is wrong with the answer, as far as that can be told without running it.
    fn fault(&self) -> Option<String> {
        let answer = self.answer.as_str();
        if self.runs_the_program() != self.exit_code.is_some() {
            return Some(format!("{answer}: commands have an exit code, and nothing else has"));
        }
        let is_there = if self.runs_the_program() {
            command_lines_that_fail(answer).is_empty()
        } else if let Some(selected) = answer.strip_prefix("cargo test") {
            tests_of(selected.trim()) >= least_tests(selected.trim())
        } else {
            Path::new(ROOT).join(answer).exists() || is_test(answer)
        };
        (!is_there).then(|| format!("{answer}: it is not there, or has another form"))
    }
}

/// The rows below a heading of the page.
fn answers(page: &str, heading: &str) -> Vec<Row> {
    let row = |cells: Vec<String>| {
        let [entry, answer, code, says] = &cells[..] else { panic!("{cells:?}") };
        assert!(!says.is_empty(), "{entry}");
        Row { entry: entry.clone(), answer: answer.clone(), exit_code: code.parse().ok() }
    };
    rows(page, heading).into_iter().map(row).collect()
}

/// How many tests there are, at least, in what the guide counts.
fn least_tests(selected: &str) -> usize {
    match selected {
        "legacy" => 72,
        "--lib domain::" => 25,
        _ => 1,
    }
}

/// How many tests `cargo test` selects by these words.
fn tests_of(selected: &str) -> usize {
    let path = |module: &str| module.replace("::", "/");
    let folders = match selected.rsplit_once(' ') {
        None => vec![format!("src/{selected}"), format!("tests/it/{selected}")],
        Some(("--lib", module)) => vec![format!("src/{}", path(module))],
        Some(("--test", _)) => vec!["tests/it".to_owned()],
        Some((_, module)) => vec![format!("tests/it/{}", path(module))],
    };
    folders.iter().map(|folder| tests_below(&Path::new(ROOT).join(folder))).sum()
}

fn tests_below(folder: &Path) -> usize {
    let Ok(entries) = std::fs::read_dir(folder) else { return 0 };
    let paths = entries.map(|entry| entry.unwrap().path());
    paths
        .map(|path| match std::fs::read_to_string(&path) {
            Ok(text) => text.matches("#[test]").count(),
            Err(_) => tests_below(&path),
        })
        .sum()
}

/// The entries that have no answer, the rows that answer none, and what is wrong with the answers.
fn faults(page: &str) -> Vec<String> {
    let mut faults = Vec::new();
    for (heading, entries) in ENTRIES {
        let answers = answers(page, heading);
        let is_answered = |entry: &&&str| answers.iter().any(|row| row.entry == **entry);
        faults.extend(
            entries.iter().filter(|entry| !is_answered(entry)).map(|entry| format!("no answer: {entry}")),
        );
        let is_entry = |row: &&Row| entries.contains(&row.entry.as_str());
        faults.extend(
            answers.iter().filter(|row| !is_entry(row)).map(|row| format!("no entry: {}", row.entry)),
        );
        faults.extend(answers.iter().filter_map(Row::fault));
    }
    faults
}

#[test]
fn every_entry_of_the_migration_guide_has_an_answer_that_is_there() {
    let page = file("docs/guide.md");
    assert_eq!(faults(&page), [] as [String; 0]);
    for (intact, broken, fault) in [
        ("| error logs |", "| logs of errors |", "no answer: error logs"),
        ("`cargo test legacy`", "`cargo test moods`", "moods: "),
        ("events by-type TaskDeleted", "events of-type TaskDeleted", "mission-events events of-type"),
        ("modes::reload::each", "modes::reload::every", "modes::reload::every"),
        ("`docs/design.md`", "`docs/designs.md`", "docs/designs.md"),
        ("events recent --raw` | 0 |", "events recent --raw` | |", "mission-events events recent"),
    ] {
        assert!(page.contains(intact), "{intact}");
        let found = faults(&page.replacen(intact, broken, 1)).join("\n");
        assert!(found.contains(fault), "{broken}: {found}");
    }
}

#[cfg(feature = "legacy")]
#[test]
fn every_command_that_answers_the_migration_guide_ends_with_the_exit_code_beside_it() {
    let (page, runbook) = (file("docs/guide.md"), file("docs/runbook.md"));
    let steps: Vec<String> =
        blocks(&runbook).filter(|block| block.language == "sh").map(|block| block.text).collect();
    let mut service = Service::new(&[(&[3, 2], false, true)]);
    service.write("events.jsonl", &created("T601"));
    service.write_daily_files("days");
    let (mut run, mut as_steps) = (BTreeSet::new(), BTreeSet::new());
    for row in ENTRIES.iter().flat_map(|(heading, _)| answers(&page, heading)).filter(Row::runs_the_program) {
        if let Some(step) = steps.iter().find(|step| step.starts_with(&row.answer)) {
            // That test demands the exit code of each step when all is well: 0.
            assert_eq!(row.exit_code, Some(0), "{step}");
            as_steps.insert(row.answer);
        } else if run.insert(row.answer.clone()) {
            // What is dispatched by one command is not there for the others.
            service.in_copy(
                |_| {},
                |service| {
                    let (code, printed) = service.run(&row.answer);
                    let is_as_told = Some(code) == row.exit_code || tells_of_slow_disk(&printed);
                    assert!(is_as_told, "{}: exit code {code}\n{printed}", row.answer);
                },
            );
        }
    }
    assert!(run.len() >= 15 && as_steps.len() >= 5, "{run:#?} {as_steps:#?}");
}
