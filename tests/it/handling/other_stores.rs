use std::fs;
use std::ops::ControlFlow;
use std::path::Path;
use std::sync::Arc;

use mission_events::EventRepository;
use mission_events::internals::application::handling::HandlingError;
use mission_events::internals::application::handling::{HandlerKind, Registration};

use super::{
    Backend, Recorder, effect, operations, projections, read_models, read_models_from_nothing, save, update,
};
use crate::support::test_dir::TestDir;

/// Copies the store of a backend, which is not open.
fn copy_store(from: &TestDir, to: &TestDir) {
    for name in ["events.db", "events.db-wal"] {
        fs::remove_file(to.join(name)).ok();
        if from.join(name).exists() {
            fs::copy(from.join(name), to.join(name)).unwrap();
        }
    }
    if from.join("events").exists() {
        fs::create_dir_all(to.join("events")).unwrap();
        for file in fs::read_dir(from.join("events")).unwrap() {
            let file = file.unwrap();
            fs::copy(file.path(), to.join("events").join(file.file_name())).unwrap();
        }
    }
}

fn updates(name: &str, count: u32) -> Vec<mission_events::DomainEvent> {
    (0..count).map(|number| update(&format!("{name}{number}"), "T1", 25, number)).collect()
}

/// Runs the handlers to the end of the store, and answers why those that were not run were not.
fn run(
    events: &Arc<dyn EventRepository>,
    handlers: &Path,
    registrations: Vec<Registration>,
) -> Vec<HandlingError> {
    let not_run = operations(events, handlers, registrations).run_to_end(&|| true).unwrap();
    not_run.into_iter().map(|not_run| not_run.error).collect()
}

fn assert_ahead(errors: &[HandlingError], count: usize) {
    assert_eq!(errors.len(), count, "{errors:?}");
    for error in errors {
        let HandlingError::Ahead { handler, kind, .. } = error else { panic!("{error}") };
        let remedy = match kind {
            HandlerKind::Projection => format!("`handlers replay {handler}`"),
            HandlerKind::Effect => format!("`handlers resume {handler} --from-now`"),
        };
        assert!(error.to_string().contains(&remedy), "{error}");
    }
}

#[test]
fn a_restored_backup_is_refused_until_read_models_are_replayed_and_effects_begin_anew() {
    for backend in Backend::ALL {
        let (dir, backup) = (TestDir::new(), TestDir::new());
        let handlers = dir.join("handlers.db");
        let recorder = Arc::new(Recorder::default());
        let registrations = || projections().into_iter().chain([effect(&recorder)]).collect::<Vec<_>>();
        let events = backend.open(&dir);
        save(&events, &updates("e", 5));
        drop(events);
        copy_store(&dir, &backup);
        let events = backend.open(&dir);
        save(&events, &updates("e", 9));
        assert_ahead(&run(&events, &handlers, registrations()), 0);
        assert_eq!(recorder.given().len(), 9);
        drop(events);

        copy_store(&backup, &dir);
        let events = backend.open(&dir);
        let before = read_models(&handlers);
        assert_ahead(&run(&events, &handlers, registrations()), 5);
        // Also once the store has grown beyond where the handlers are.
        save(&events, &updates("other", 30));
        assert_ahead(&run(&events, &handlers, registrations()), 5);
        assert_eq!(
            (read_models(&handlers), recorder.given().len()),
            (before, 9),
            "{backend:?}: nothing was handled"
        );

        let operations = operations(&events, &handlers, registrations());
        for registration in projections() {
            operations.replay(registration.handler.name(), &mut |_| ControlFlow::Continue(())).unwrap();
        }
        operations.resume("recorder", true).unwrap();
        save(&events, &updates("new", 2));
        assert_ahead(&run(&events, &handlers, registrations()), 0);
        assert_eq!(read_models(&handlers), read_models_from_nothing(&events), "{backend:?}");
        let given: Vec<String> = recorder.given()[9..].iter().map(ToString::to_string).collect();
        assert_eq!(given, ["new0", "new1"], "{backend:?}: from now on");
    }
}

#[test]
fn another_store_in_the_place_of_the_one_that_was_handled_is_refused() {
    for backend in Backend::ALL {
        let (dir, other) = (TestDir::new(), TestDir::new());
        let handlers = dir.join("handlers.db");
        for (store, name) in [(&dir, "e"), (&other, "f")] {
            save(&backend.open(store), &updates(name, 8));
        }
        assert_ahead(&run(&backend.open(&dir), &handlers, projections()), 0);
        // Its events are at the same positions.
        assert_ahead(&run(&backend.open(&other), &handlers, projections()), 4);
        assert_ahead(&run(&backend.open(&dir), &handlers, projections()), 0);
    }
}
