//! `legacy definitions`: what is watched, and which handler it is for.

use std::io::{self, Read};

use clap::{Args, Subcommand};
use serde::Serialize;
use serde_json::{Map, Value};

use super::escaped::escaped;
use super::system;
use crate::cli::answer::Answer;
use crate::cli::error::CliError;
use crate::cli::exit_code::ExitCode;
use crate::cli::global::Context;
use crate::cli::output::{self, Format};
use crate::cli::table::Columns;
use crate::infrastructure::config::Config;
use crate::legacy::definition::Definition;
use crate::legacy::registry::{Registry, RegistryError};
use crate::legacy::watchers::watcher_for;

/// How long a definition on standard input may be, in bytes.
const MAX_DEFINITION: u64 = 1 << 20;

/// List and change the definitions
///
/// Changes are written to a new file that takes the place of the old one, of which the last 5 are kept beside it. `legacy watch` follows
/// them while it runs.
#[derive(Debug, Args)]
pub struct DefinitionsArgs {
    #[command(subcommand)]
    command: DefinitionsCommand,
}

#[derive(Debug, Subcommand)]
enum DefinitionsCommand {
    /// List the definitions
    ///
    /// `--format json` prints {"definitions": [...]}, `--format jsonl` one definition a line, each as in the file.
    List,
    /// Show a definition, as in the file
    Show {
        /// Its id
        id: String,
    },
    /// Add a definition
    ///
    /// One that could never be watched is refused: a path of the program's own, or a pattern that no name matches.
    ///
    /// `id`, `type`, `source` and `handler` must be there. The others may be absent: `name` is the id then, `enabled` true, and
    /// `rate_limit` 10 a minute, gathered for 30 seconds.
    Add {
        /// The definition, as a JSON object; or - for standard input
        #[arg(value_name = "DEFINITION_JSON")]
        definition: String,
    },
    /// Let a definition be watched and handled
    Enable {
        /// Its id
        id: String,
    },
    /// Let a definition rest
    Disable {
        /// Its id
        id: String,
    },
    /// Remove a definition
    Remove {
        /// Its id
        id: String,
    },
}

/// A change of one definition.
#[derive(Debug, Serialize)]
struct Changed {
    id: String,
    /// The change as a sentence.
    said: String,
}

/// Runs the command.
pub fn run(args: DefinitionsArgs, context: &Context) -> Result<Answer, CliError> {
    let files = system::files(&context.config);
    let registry = Registry::open(&files.definitions);
    let format = context.format;
    let said = match args.command {
        DefinitionsCommand::List => return Ok(list(registry.list()?, format)),
        DefinitionsCommand::Show { id } => {
            let Some(definition) = registry.get(&id)? else { return Err(unknown(&registry, &id)) };
            return Ok(shown(definition.to_json(), format));
        }
        DefinitionsCommand::Add { definition } => {
            let definition = Definition::from_json(&text_of(&definition)?)
                .map_err(|error| CliError::new(ExitCode::Negative, error))?;
            ensure_watchable(&definition, &context.config)?;
            registry.add(definition.clone())?;
            let known = system::handlers(&files).map(|(name, _)| name);
            if !known.contains(&&*definition.handler) {
                tracing::warn!(
                    "{} is no handler of this program ({}): its events fail unless another program registers it",
                    definition.handler,
                    known.join(", ")
                );
            }
            Changed { said: format!("{} is added", definition.id), id: definition.id }
        }
        DefinitionsCommand::Enable { id } => {
            if let Some(definition) = registry.get(&id)? {
                ensure_watchable(&definition, &context.config)?;
            }
            found(&registry, &id, registry.set_enabled(&id, true)?)?;
            Changed { said: format!("{id} is enabled"), id }
        }
        DefinitionsCommand::Disable { id } => {
            found(&registry, &id, registry.set_enabled(&id, false)?)?;
            Changed { said: format!("{id} is disabled"), id }
        }
        DefinitionsCommand::Remove { id } => {
            found(&registry, &id, registry.remove(&id)?)?;
            Changed { said: format!("{id} is removed"), id }
        }
    };
    Ok(told(said, format))
}

fn text_of(argument: &str) -> Result<String, CliError> {
    if argument != "-" {
        return Ok(argument.to_owned());
    }
    let mut text = String::new();
    let read = io::stdin().take(MAX_DEFINITION + 1).read_to_string(&mut text);
    let read = read.map_err(|error| {
        CliError::new(ExitCode::Storage, anyhow::Error::new(error).context("could not read standard input"))
    })?;
    if read as u64 > MAX_DEFINITION {
        return Err(CliError::not_found(format!(
            "expected a definition of at most {MAX_DEFINITION} bytes on standard input, got more"
        )));
    }
    Ok(text)
}

/// What `legacy watch` would refuse whenever it is tried is refused here.
fn ensure_watchable(definition: &Definition, config: &Config) -> Result<(), CliError> {
    match watcher_for(definition, &system::watcher_ports(config)) {
        Ok(_) => Ok(()),
        Err(error) => Err(CliError::new(ExitCode::Negative, error)),
    }
}

fn found(registry: &Registry, id: &str, is_found: bool) -> Result<(), CliError> {
    if is_found { Ok(()) } else { Err(unknown(registry, id)) }
}

fn unknown(registry: &Registry, id: &str) -> CliError {
    let known: Vec<String> =
        registry.list().unwrap_or_default().into_iter().map(|definition| definition.id).collect();
    let known = if known.is_empty() { "there are none".to_owned() } else { known.join(", ") };
    CliError::not_found(format!("there is no definition {id:?}; known definitions: {known}"))
}

fn told(changed: Changed, format: Format) -> Answer {
    let summary = changed.said.clone();
    Answer::new(ExitCode::Done, Some(summary), move |out| match format {
        Format::Human => writeln!(out, "{}", output::visible(&changed.said)),
        Format::Json => output::json_document(out, &changed),
        Format::Jsonl => output::json_line(out, &changed),
    })
}

fn shown(definition: Map<String, Value>, format: Format) -> Answer {
    Answer::new(ExitCode::Done, None, move |out| match format {
        Format::Human | Format::Json => escaped(out, |out| output::json_document(out, &definition)),
        Format::Jsonl => escaped(out, |out| output::json_line(out, &definition)),
    })
}

fn list(definitions: Vec<Definition>, format: Format) -> Answer {
    Answer::new(ExitCode::Done, None, move |out| match format {
        Format::Human => out.write_all(table(&definitions).as_bytes()),
        Format::Json => {
            let definitions: Vec<_> = definitions.iter().map(Definition::to_json).collect();
            escaped(out, |out| output::json_document(out, &serde_json::json!({ "definitions": definitions })))
        }
        Format::Jsonl => escaped(out, |out| {
            definitions.iter().try_for_each(|definition| output::json_line(out, &definition.to_json()))
        }),
    })
}

fn table(definitions: &[Definition]) -> String {
    let mut table = Columns::new(["ID", "ENABLED", "TYPE", "SOURCE", "HANDLER", "LIMIT"]);
    for definition in definitions {
        let limit = definition.rate_limit;
        table.add([
            &definition.id,
            if definition.is_enabled { "yes" } else { "no" },
            definition.source.type_name(),
            &definition.source.to_string(),
            &definition.handler,
            &format!("{} a minute, gathered for {} s", limit.max_per_minute, limit.batch_window.as_secs()),
        ]);
    }
    table.text(&[(3, 20), (5, 12)])
}

impl From<RegistryError> for CliError {
    fn from(error: RegistryError) -> Self {
        let code = match error {
            RegistryError::Taken { .. } | RegistryError::Invalid { .. } => ExitCode::Negative,
            _ => ExitCode::Storage,
        };
        Self::new(code, error)
    }
}
