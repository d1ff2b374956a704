//! `legacy watch`: what the enabled definitions say is watched, until the process is asked to end.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

use serde::Serialize;

use super::queue::ListedDamage;
use super::system;
use crate::cli::answer::Answer;
use crate::cli::error::CliError;
use crate::cli::event_system::signals_refused;
use crate::cli::exit_code::ExitCode;
use crate::cli::global::Context;
use crate::cli::output::{self, Format};
use crate::cli::termination::Termination;
use crate::domain::error_chain::error_chain;
use crate::legacy::counted::counted;
use crate::legacy::definition::Definition;
use crate::legacy::dispatcher::{EventDispatcher, set_global_dispatcher};
use crate::legacy::watchers::{WatcherPorts, Watching, watcher_for};

/// How often a request to end is looked for.
const LOOK: Duration = Duration::from_millis(50);
/// How often the definitions are read again.
const READ_AGAIN: Duration = Duration::from_secs(1);
/// After how long a definition that cannot be watched is tried again.
const TRY_AGAIN: Duration = Duration::from_secs(60);

/// What was done, as programs are told; the keys are stable.
#[derive(Debug, Serialize)]
struct Watched {
    watched: Vec<String>,
    not_watched: Vec<NotWatched>,
    handled: u64,
    failed: u64,
    left: u64,
    lost: u64,
    damage: Vec<ListedDamage>,
}

#[derive(Debug, Serialize)]
struct NotWatched {
    id: String,
    error: String,
}

/// Runs the command.
pub fn run(context: &Context) -> Result<Answer, CliError> {
    let termination = Termination::watch().map_err(signals_refused)?;
    let dispatcher = Arc::new(system::open_dispatcher(&context.config)?);
    for damage in dispatcher.queue().damage() {
        tracing::error!("[EventDispatcher] {damage}");
    }
    set_global_dispatcher(Arc::clone(&dispatcher))
        .map_err(|error| CliError::new(ExitCode::Storage, error))?;
    // A file that cannot be read now is an error; later it is told, and what was read before stays.
    let mut watched = WatchedDefinitions::new(&dispatcher, system::watcher_ports(&context.config));
    watched.follow(dispatcher.registry().list()?);
    if watched.definitions.is_empty() {
        tracing::warn!(
            "[EventDispatcher] no definition is enabled: `mission-events legacy definitions add` or `enable` changes that, also while this runs"
        );
    }
    dispatcher.start()?;
    let mut last_read = Instant::now();
    while !termination.is_requested() {
        thread::sleep(LOOK);
        if last_read.elapsed() >= READ_AGAIN {
            last_read = Instant::now();
            watched.read_again();
        }
    }
    Ok(told(watched.end()?, context.format))
}

/// The enabled definitions, and the watchers of each.
struct WatchedDefinitions<'a> {
    dispatcher: &'a EventDispatcher,
    ports: WatcherPorts,
    definitions: BTreeMap<String, Watch>,
    /// Why the definitions could not be read the last time.
    unreadable: Option<String>,
}

/// A definition that is watched, or is to be.
struct Watch {
    definition: Definition,
    state: Result<Watching, NotYet>,
    /// What its watcher has noted, and was told.
    notes: Vec<String>,
}

impl Watch {
    /// Tells what its watcher has noted since.
    fn tell_notes(&mut self) {
        let Ok(watching) = &self.state else { return };
        let notes = watching.notes();
        for note in notes.iter().filter(|note| !self.notes.contains(note)) {
            tracing::warn!("[EventDispatcher] {}: {note}", self.definition.id);
        }
        self.notes = notes;
    }
}

struct NotYet {
    error: String,
    tried: Instant,
}

impl<'a> WatchedDefinitions<'a> {
    fn new(dispatcher: &'a EventDispatcher, ports: WatcherPorts) -> Self {
        Self { dispatcher, ports, definitions: BTreeMap::new(), unreadable: None }
    }

    /// Follows the file of definitions; where it cannot be read, what was read before stays.
    fn read_again(&mut self) {
        match self.dispatcher.registry().list() {
            Ok(definitions) => {
                self.unreadable = None;
                self.follow(definitions);
            }
            Err(error) => {
                let error = error_chain(&error);
                if self.unreadable.as_ref() != Some(&error) {
                    tracing::error!("[EventDispatcher] the definitions stay as they were read: {error}");
                    self.unreadable = Some(error);
                }
            }
        }
    }

    /// Watches the enabled ones of these definitions, as they are now, and no others.
    fn follow(&mut self, definitions: Vec<Definition>) {
        let mut enabled: BTreeMap<String, Definition> = definitions
            .into_iter()
            .filter(|definition| definition.is_enabled)
            .map(|definition| (definition.id.clone(), definition))
            .collect();
        self.definitions.retain(|id, watch| {
            let stays = enabled.get(id) == Some(&watch.definition);
            if !stays {
                tracing::info!("[EventDispatcher] {id} is not watched any more, or otherwise");
            }
            stays
        });
        for (id, watch) in &mut self.definitions {
            enabled.remove(id);
            if let Err(not_yet) = &watch.state
                && not_yet.tried.elapsed() >= TRY_AGAIN
            {
                watch.state = begin(self.dispatcher, &self.ports, &watch.definition, Some(&not_yet.error));
            }
        }
        for (id, definition) in enabled {
            let state = begin(self.dispatcher, &self.ports, &definition, None);
            self.definitions.insert(id, Watch { definition, state, notes: Vec::new() });
        }
        self.definitions.values_mut().for_each(Watch::tell_notes);
    }

    /// Ends watching, and then handling.
    fn end(self) -> Result<Watched, CliError> {
        let (mut watched, mut not_watched) = (Vec::new(), Vec::new());
        for (id, watch) in self.definitions {
            match watch.state {
                // Its watchers end here.
                Ok(_) => watched.push(id),
                Err(NotYet { error, .. }) => not_watched.push(NotWatched { id, error }),
            }
        }
        self.dispatcher.stop();
        let figures = self.dispatcher.figures();
        let left = self.dispatcher.queue().entries().len();
        Ok(Watched {
            watched,
            not_watched,
            handled: figures.handled,
            failed: figures.failed,
            left: left as u64,
            lost: figures.lost,
            damage: self.dispatcher.queue().damage().iter().map(ListedDamage::from).collect(),
        })
    }
}

/// Begins to watch a definition. An error is told but where it was told before.
fn begin(
    dispatcher: &EventDispatcher,
    ports: &WatcherPorts,
    definition: &Definition,
    told: Option<&String>,
) -> Result<Watching, NotYet> {
    let id = &definition.id;
    match watcher_for(definition, ports).and_then(|watcher| dispatcher.watch(watcher)) {
        Ok(watching) => {
            tracing::info!("[EventDispatcher] {id} is watched: {}", definition.source);
            Ok(watching)
        }
        Err(error) => {
            let error = error_chain(&error);
            if told != Some(&error) {
                tracing::warn!("[EventDispatcher] {id} cannot be watched, and is tried again: {error}");
            }
            Err(NotYet { error, tried: Instant::now() })
        }
    }
}

fn told(watched: Watched, format: Format) -> Answer {
    let summary = sentence(&watched);
    let is_whole = watched.lost == 0 && watched.damage.is_empty();
    let code = if is_whole { ExitCode::Done } else { ExitCode::Storage };
    Answer::new(code, Some(summary.clone()), move |out| match format {
        Format::Human => writeln!(out, "{summary}"),
        Format::Json => output::json_document(out, &watched),
        Format::Jsonl => output::json_line(out, &watched),
    })
}

fn sentence(watched: &Watched) -> String {
    let count = |count: usize| count as u64;
    let lost = match watched.lost {
        0 => String::new(),
        lost => format!(", lost, as they could not be queued: {}", counted(lost, "occurrence")),
    };
    let damage = match watched.damage.len() {
        0 => "",
        _ => "; the queue is damaged: `mission-events legacy queue` says where, and what helps",
    };
    format!(
        "watched: {}, not watched: {}; handled: {}, failed: {}, left in the queue: {}{lost}{damage}",
        counted(count(watched.watched.len()), "definition"),
        watched.not_watched.len(),
        counted(watched.handled, "event"),
        watched.failed,
        watched.left
    )
}
