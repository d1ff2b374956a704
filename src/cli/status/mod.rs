//! What is configured, why, and what lies where the settings point.

mod answer;
mod handlers_state;
mod parts;
mod render;
mod render_parts;
mod store_state;

pub use self::answer::Status;
pub use self::handlers_state::found_handlers;
use super::answer::Answer;
use super::error::CliError;
use super::global::Context;
use super::output::{self, Format};

pub const EXAMPLES: &str = "\
Examples:
  mission-events status
  mission-events --store copy.db status
  mission-events status --format json | jq .store.events

Sizes are in bytes, times are RFC 3339 in UTC. A store that does not exist yet is no error.

Growth is told of the last 14 days, by the times of events; what was dispatched, by the times of dispatching.

Exit codes: 4 where something is there and cannot be read; the rest is shown all the same.";

pub fn run(context: &Context) -> Result<Answer, CliError> {
    let format = context.format;
    if format == Format::Jsonl {
        return Err(CliError::usage("status is one document and no list: use --format json"));
    }
    let status = Status::of(&context.config);
    Ok(Answer::new(status.exit_code(), None, move |out| match format {
        Format::Human => render::print(&status, out),
        Format::Json | Format::Jsonl => output::json_document(out, &status),
    }))
}
