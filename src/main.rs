use std::process;

use mission_events::cli;

fn main() -> process::ExitCode {
    let outcome = cli::parse().and_then(cli::run);
    let code = outcome.unwrap_or_else(|failure| {
        failure.report();
        failure.exit_code()
    });
    code.into()
}
