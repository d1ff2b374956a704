//! Queries on the store.

mod range;
mod render;

pub use range::parse_bound;

use std::io;

use clap::{Args, Subcommand};

use super::answer::Answer;
use super::error::CliError;
use super::exit_code::ExitCode;
use super::global::Context;
use super::store;
use crate::domain::counted::counted;
use crate::domain::query::EventQuery;
use crate::domain::repository::{DEFAULT_LIMIT, StoredEvent};
use crate::domain::value_objects::{EventId, InvalidValue};
use crate::infrastructure::config::Config;
use render::Rendering;

const EXAMPLES: &str = "\
Examples:
  mission-events events recent --limit 20
  mission-events events between 2025-10-20 2025-10-21 --format jsonl
  mission-events --store data/events.db events of T123 --raw

Exit codes: 0 also where nothing was found; 1 where `show` finds no event of that id; 4 where the
store cannot be read.";

/// Query the events in the store
///
/// Lists say with a warning when --limit cut them. `--format json` prints
/// {"events": [{"position", "event_id", "event_type", "timestamp", "aggregate_id", "body"}]},
/// `--format jsonl` one such object a line; timestamps are RFC 3339 in UTC.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES, verbatim_doc_comment)]
pub struct EventsArgs {
    #[command(subcommand)]
    query: Query,

    /// Print the exact stored text of each event, and a line end after it
    ///
    /// The text of an imported event may span several lines.
    #[arg(long, global = true)]
    raw: bool,
}

#[derive(Debug, Subcommand)]
enum Query {
    /// The newest events, newest first
    ///
    /// Example: mission-events events recent --limit 20
    Recent {
        #[command(flatten)]
        listing: Listing,
    },
    /// The events of one type, newest first
    ///
    /// Example: mission-events events by-type TaskCompleted
    ByType {
        /// The exact type, such as TaskCreated
        #[arg(value_name = "TYPE")]
        event_type: String,
        #[command(flatten)]
        listing: Listing,
    },
    /// The events from START to END, both included, in the order of their time
    ///
    /// START and END are RFC 3339 or ISO 8601 timestamps, or dates. Without an offset they are read
    /// in the setting `timezone`. A date alone is, as START, the first moment of that day, and as
    /// END its last: `between 2025-10-20 2025-10-21` covers two whole days.
    ///
    /// Example: mission-events events between 2025-10-20T08:00 2025-10-20T12:00+02:00
    ///
    /// Exit code 2 where END is before START.
    Between {
        /// The time of the first event, such as 2025-10-20 or 2025-10-20T08:00:00Z
        start: String,
        /// The time of the last event; a date alone includes that day
        end: String,
        #[command(flatten)]
        listing: Listing,
    },
    /// The event of one id
    ///
    /// Example: mission-events events show 019a00a4-273a-7e7a-8000-91d255205aa5
    ///
    /// Exit code 1 where there is none.
    Show {
        /// The exact id
        #[arg(value_parser = event_id)]
        id: EventId,
    },
    /// The events about one aggregate, such as a task, in the order of their time
    ///
    /// Example: mission-events events of T123
    Of {
        /// The exact aggregate id
        aggregate: String,
        #[command(flatten)]
        listing: Listing,
    },
}

#[derive(Debug, Args)]
struct Listing {
    /// How many events to list at most; 0 lists none
    #[arg(long, value_name = "N", default_value_t = DEFAULT_LIMIT)]
    limit: usize,
}

fn event_id(text: &str) -> Result<EventId, InvalidValue> {
    EventId::new(text)
}

pub fn run(args: EventsArgs, context: &Context) -> Result<Answer, CliError> {
    let rendering = Rendering::choose(args.raw, context.format)?;
    let config = &context.config;
    let list = match args.query {
        Query::Recent { listing } => listing.answer("newest", &EventQuery::newest_first(), config)?,
        Query::ByType { event_type, listing } => {
            listing.answer("newest", &EventQuery::newest_first().of_type(event_type), config)?
        }
        Query::Between { start, end, listing } => {
            let (start, end) = range::parse(&start, &end, &config.timezone)?;
            listing.answer("first", &EventQuery::chronological().between(start, end), config)?
        }
        Query::Of { aggregate, listing } => {
            listing.answer("first", &EventQuery::chronological().about(aggregate), config)?
        }
        Query::Show { id } => {
            let found = store::open_to_answer(config)?.repository().find_by_id(&id)?;
            let event =
                found.ok_or_else(|| CliError::not_found(format!("there is no event {id} in the store")))?;
            return Ok(Answer::new(ExitCode::Done, None, move |out| rendering.print_one(&event, out)));
        }
    };
    Ok(Answer::new(ExitCode::Done, None, move |out| {
        rendering.print_list(&list.events, out)?;
        if let Some(which) = list.cut_to {
            // After the list: on a terminal it would scroll away before it.
            out.flush()?;
            tracing::warn!(
                "there are more than the {which} {}: raise --limit",
                counted(list.events.len() as u64, "event", "events")
            );
        }
        io::Result::Ok(())
    }))
}

struct List {
    events: Vec<StoredEvent>,
    /// Which of the events are listed, where there are more than that.
    cut_to: Option<&'static str>,
}

impl Listing {
    /// The answer of the active store, which is asked for one event more than is listed: it shows
    /// whether there are more without a second query.
    fn answer(&self, which: &'static str, query: &EventQuery, config: &Config) -> Result<List, CliError> {
        let store = store::open_to_answer(config)?;
        let mut events = store.repository().query(query, self.limit.saturating_add(1))?;
        let cut_to = (events.len() > self.limit).then_some(which);
        events.truncate(self.limit);
        Ok(List { events, cut_to })
    }
}
