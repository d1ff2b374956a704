//! `completions`: the script that completes the command line in a shell.

use clap::Args;
use clap_complete::Shell;

use super::error::CliError;
use super::exit_code::ExitCode;
use super::output;

/// Print shell completions
///
/// Load them in the shell that you use, for example:
///   source <(mission-events completions bash)
///   mission-events completions fish > ~/.config/fish/completions/mission-events.fish
#[derive(Debug, Args)]
#[command(verbatim_doc_comment)]
pub struct CompletionsArgs {
    /// The shell to write them for
    #[arg(value_enum)]
    shell: Shell,
}

/// Prints the completions of the whole command line.
pub fn run(args: CompletionsArgs, mut command: clap::Command) -> Result<ExitCode, CliError> {
    // Into memory first: the generator panics where it cannot write.
    let mut script = Vec::new();
    clap_complete::generate(args.shell, &mut command, "mission-events", &mut script);
    output::result(|stdout| stdout.write_all(&script))?;
    Ok(ExitCode::Done)
}
