//! Makes logs for tests, benches and the sample data in `data/`; it is no command for users.
//!
//! ```sh
//! cargo run --release --example generate_logs -- fortnight --seed 20251013 data
//! cargo run --release --example generate_logs -- daily --events 1000000 /tmp/events
//! cargo run --release --example generate_logs -- legacy --traps --indent 2 /tmp/events.json
//! ```

mod generator;
#[cfg(test)]
mod tests;

use std::fs::File;
use std::path::PathBuf;

use anyhow::Context;
use chrono::NaiveDate;
use clap::{Args, Parser, Subcommand};

use generator::Plan;
use generator::python_json::Layout;
use generator::summary::Summary;

/// Writes the same believable log of Mission Control for the same seed
#[derive(Parser)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// One JSON array of legacy records, as Python's json.dump writes it
    Legacy {
        #[command(flatten)]
        workload: WorkloadArgs,
        /// Indent by this many spaces instead of writing one line
        #[arg(long, value_name = "SPACES")]
        indent: Option<usize>,
        /// The file to write
        file: PathBuf,
    },
    /// A folder of events-YYYY-MM-DD.jsonl, the new shape
    Daily {
        #[command(flatten)]
        workload: WorkloadArgs,
        /// The folder to write into
        folder: PathBuf,
    },
    /// The sample data: a legacy week, and a week in which both systems ran
    Fortnight {
        #[arg(long, default_value_t = 20_251_013)]
        seed: u64,
        /// The folder to write into
        folder: PathBuf,
    },
}

#[derive(Args)]
struct WorkloadArgs {
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// How many events happen in all
    #[arg(long, default_value_t = 10_000)]
    events: u64,
    /// Over how many days they are spread
    #[arg(long, default_value_t = 30, value_parser = clap::value_parser!(u32).range(1..=36_500))]
    days: u32,
    /// The first day
    #[arg(long, default_value = "2025-10-13")]
    start: NaiveDate,
    /// Plant damage and oddities, and print their counts as JSON
    #[arg(long)]
    traps: bool,
}

impl WorkloadArgs {
    fn plan(&self) -> Plan {
        Plan { seed: self.seed, start: self.start, days: self.days, events: self.events, traps: self.traps }
    }
}

fn main() -> anyhow::Result<()> {
    match Cli::parse().command {
        Command::Legacy { workload, indent, file } => {
            let layout = indent.map_or(Layout::Compact, Layout::Indented);
            let out = File::create(&file)
                .with_context(|| format!("the log cannot be created at {}", file.display()))?;
            let summary = generator::write_legacy(&workload.plan(), layout, out)
                .with_context(|| format!("the log cannot be written to {}", file.display()))?;
            print_traps(&workload, &summary);
        }
        Command::Daily { workload, folder } => {
            let summary = generator::write_daily(&workload.plan(), &folder)
                .with_context(|| format!("the log cannot be written into {}", folder.display()))?;
            print_traps(&workload, &summary);
        }
        Command::Fortnight { seed, folder } => generator::write_fortnight(seed, &folder)
            .with_context(|| format!("the fortnight cannot be written into {}", folder.display()))?,
    }
    Ok(())
}

fn print_traps(workload: &WorkloadArgs, summary: &Summary) {
    if workload.traps {
        println!("{:#}", summary.to_json());
    }
}
