//! What is configured, why, and what lies where the settings point.

mod answer;
mod render;
mod store_state;

use self::answer::Status;
use super::error::CliError;
use super::exit_code::ExitCode;
use super::global::Context;
use super::output::{self, Format};

pub const EXAMPLES: &str = "\
Examples:
  mission-events status
  mission-events --store copy.db status
  mission-events status --format json | jq .store.events

Sizes are in bytes, times are RFC 3339 in UTC. A store that does not exist yet is no error.

Exit codes: 4 where a store or the legacy log is there and cannot be read; the rest is shown all
the same.";

pub fn run(context: &Context) -> Result<ExitCode, CliError> {
    let status = Status::of(&context.config);
    match context.format {
        Format::Human => output::result(|stdout| render::print(&status, stdout))?,
        Format::Json => output::json_document(&status)?,
        Format::Jsonl => {
            return Err(CliError::usage("status is one document and no list: use --format json"));
        }
    }
    Ok(status.exit_code())
}
