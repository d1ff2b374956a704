//! `postgres grants`: what lets users into a store in PostgreSQL.

use clap::{Args, Subcommand};

use super::answer::Answer;
use super::error::CliError;
use super::exit_code::ExitCode;
use super::global::Context;
use crate::infrastructure::postgres::grants;

/// What concerns a store in PostgreSQL alone
#[derive(Debug, Args)]
pub struct PostgresArgs {
    #[command(subcommand)]
    command: PostgresCommand,
}

#[derive(Debug, Subcommand)]
enum PostgresCommand {
    /// Print the SQL that gives the roles of owner, writer and reader their rights; nothing is run
    ///
    /// The owner makes the schema and migrates it. A writer may append events and read them, by no other way than the functions
    /// `append_events` and `append_event`: it can neither change nor remove what is stored. A reader may read.
    ///
    /// Example: mission-events postgres grants --writer app --reader bi | psql
    ///
    /// Exit codes: 0 printed.
    #[command(verbatim_doc_comment)]
    Grants(GrantsArgs),
}

#[derive(Debug, Args)]
struct GrantsArgs {
    /// The role that owns the schema
    #[arg(long, value_name = "ROLE", default_value = "mission_events_owner")]
    owner: String,

    /// The role that appends events
    #[arg(long, value_name = "ROLE", default_value = "mission_events_writer")]
    writer: String,

    /// The role that reads them
    #[arg(long, value_name = "ROLE", default_value = "mission_events_reader")]
    reader: String,
}

/// Runs the command.
pub fn run(args: PostgresArgs, context: &Context) -> Result<Answer, CliError> {
    let PostgresCommand::Grants(GrantsArgs { owner, writer, reader }) = args.command;
    let config = &context.config;
    let schema = match &config.postgres_url.value {
        Some(url) => url.schema(),
        None => config.postgres_schema.value.as_str().to_owned(),
    };
    let sql = grants(&schema, [&owner, &writer, &reader]);
    Ok(Answer::new(ExitCode::Done, None, move |out| out.write_all(sql.as_bytes())))
}
