//! The flags that say where the fields stand in a log that another system wrote.

use clap::Args;
use clap::builder::PossibleValuesParser;

use super::error::CliError;
use crate::infrastructure::config::{Config, MappingSettings, spec};
use crate::wire::mapping::Mapping;
use crate::wire::unix_time::TimestampUnit;

/// The flags of a mapping. Each wins over its key in `[mapping]`.
#[derive(Debug, Args)]
#[command(next_help_heading = "Logs of other systems")]
pub struct MappingArgs {
    /// Where the id of a record stands; none: identical records are told apart by counting
    ///
    /// A PATH leads through nested objects, with dots: repo.name. A dot within a name is \.: id\.orig_h
    #[arg(long, value_name = "PATH|none")]
    event_id: Option<String>,

    /// Where the type of the event stands
    #[arg(long, value_name = "PATH")]
    event_type: Option<String>,

    /// Where its time stands
    #[arg(long, value_name = "PATH")]
    timestamp: Option<String>,

    /// How the time is written: as text (iso), or as a number since 1970 in UTC [default: iso]
    #[arg(long, value_name = "UNIT", value_parser = units())]
    timestamp_unit: Option<String>,

    /// Where stands what the event is about
    #[arg(long, value_name = "PATH")]
    aggregate: Option<String>,

    /// Under which top-level name of one object all records stand: {"Records": [...]}
    #[arg(long, value_name = "KEY")]
    records: Option<String>,
}

fn units() -> PossibleValuesParser {
    TimestampUnit::ALL.map(TimestampUnit::name).into()
}

impl MappingArgs {
    /// The mapping that the flags and the configuration declare together.
    ///
    /// # Errors
    /// Something is declared, and type or time are not; or a text is no path.
    pub fn mapping(&self, config: &Config) -> Result<Mapping, CliError> {
        Ok(self.settings(config).mapping()?)
    }

    /// What the flags and the configuration declare, not yet checked.
    pub fn settings(&self, config: &Config) -> MappingSettings {
        let mut settings = config.mapping.clone();
        for (key, flag, value) in [
            (spec::MAPPING_EVENT_ID, "--event-id", &self.event_id),
            (spec::MAPPING_EVENT_TYPE, "--event-type", &self.event_type),
            (spec::MAPPING_TIMESTAMP, "--timestamp", &self.timestamp),
            (spec::MAPPING_TIMESTAMP_UNIT, "--timestamp-unit", &self.timestamp_unit),
            (spec::MAPPING_AGGREGATE, "--aggregate", &self.aggregate),
            (spec::MAPPING_RECORDS, "--records", &self.records),
        ] {
            if let Some(value) = value {
                settings.set(key, flag, value);
            }
        }
        settings
    }
}
