//! Settings that are read again while `dispatch -` runs, at each SIGHUP.

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use super::system::ensure_may_route;
use crate::cli::error::CliError;
use crate::cli::exit_code::ExitCode;
use crate::cli::global::Context;
use crate::cli::hang_ups::HangUps;
use crate::cli::output;
use crate::domain::error_chain::error_chain;
use crate::infrastructure::config::{Config, spec};
use crate::legacy::routing::Router;

/// How often a signal is looked for.
const LOOK: Duration = Duration::from_millis(50);
/// How often the process says that it still runs.
const SEEN_EVERY: Duration = Duration::from_secs(60);

/// The settings that say where events go.
const SWITCHED: [&str; 3] =
    [spec::USE_NEW_EVENT_SYSTEM.key, spec::PARALLEL_RUN.key, spec::NEW_EVENT_TYPES.key];

/// Reads the settings again, in a thread of its own, until it is dropped.
pub struct SettingsReload {
    ends: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

impl SettingsReload {
    /// Switches the router at each request. What `context` has is in effect.
    ///
    /// # Errors
    /// The system refused a thread.
    pub fn start(router: Arc<Router>, context: Context, hang_ups: HangUps) -> io::Result<Self> {
        let ends = Arc::new(AtomicBool::new(false));
        let is_ending = Arc::clone(&ends);
        let thread = thread::Builder::new().name("settings".to_owned()).spawn(move || {
            let mut seen = Instant::now();
            while !is_ending.load(Ordering::SeqCst) {
                thread::sleep(LOOK);
                if hang_ups.take() {
                    read_again(&router, &context);
                }
                if seen.elapsed() >= SEEN_EVERY {
                    seen = Instant::now();
                    if let Err(error) = router.seen() {
                        tracing::warn!(
                            "the mode of this process could not be recorded: {}",
                            error_chain(&error)
                        );
                    }
                }
            }
        })?;
        Ok(Self { ends, thread: Some(thread) })
    }
}

impl Drop for SettingsReload {
    fn drop(&mut self) {
        self.ends.store(true, Ordering::SeqCst);
        if let Some(thread) = self.thread.take()
            && thread.join().is_err()
        {
            tracing::error!("the thread that reads the settings again has panicked");
        }
    }
}

/// Reads the settings again and switches; where that cannot be, the mode stays and the reason is told.
fn read_again(router: &Router, context: &Context) {
    if let Err(error) = switched(router, context) {
        tracing::error!("the mode stays {}: {error}", router.routing().mode);
    }
}

fn switched(router: &Router, context: &Context) -> Result<(), CliError> {
    let config = context.read_settings_again()?;
    let routing = config.routing();
    // By the settings that the process has begun with: which program writes the log cannot change under it.
    ensure_may_route(&context.config, &routing)?;
    router.switch(routing).map_err(|error| CliError::new(ExitCode::Storage, error))?;
    config.warnings().iter().for_each(|warning| tracing::warn!("{warning}"));
    for stays in stay_as_they_are(&context.config, &config) {
        tracing::warn!("{stays}");
    }
    if !context.is_quiet {
        config.startup_lines().iter().for_each(|line| output::log_line(line));
    }
    Ok(())
}

/// What is set otherwise now and cannot change while the process runs, a sentence each.
fn stay_as_they_are(begun_with: &Config, now: &Config) -> Vec<String> {
    let both = begun_with.settings().zip(now.settings());
    let changed =
        both.filter(|(before, now)| before.value != now.value && !SWITCHED.contains(&before.spec.key));
    let said = changed.map(|(before, now)| {
        let (key, before, now) = (before.spec.key, before.value, now.value);
        format!("{key} stays {before} until the process is started again: only the mode can change before ({now} is set)")
    });
    said.collect()
}
