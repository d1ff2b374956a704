//! The program `mission-events`.

use std::process::ExitCode;

fn main() -> ExitCode {
    mission_events::run_program()
}
