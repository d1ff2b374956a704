//! `completions`: the script that completes the command line in a shell.

use clap::Args;
use clap_complete::Shell;

use super::answer::Answer;
use super::error::CliError;
use super::exit_code::ExitCode;

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

/// The completions of the whole command line.
pub fn run(args: CompletionsArgs, mut command: clap::Command) -> Result<Answer, CliError> {
    // Into memory first: the generator panics where it cannot write.
    let mut script = Vec::new();
    clap_complete::generate(args.shell, &mut command, "mission-events", &mut script);
    Ok(Answer::new(ExitCode::Done, None, move |out| out.write_all(&script)))
}
