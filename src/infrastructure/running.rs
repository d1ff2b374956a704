//! Which processes run.

use std::path::Path;

/// Whether a process of that number runs; `None` where the system does not show its processes as files, as Linux does.
pub fn is_running(pid: u32) -> Option<bool> {
    let processes = Path::new("/proc");
    processes.join("self").exists().then(|| processes.join(pid.to_string()).exists())
}

#[cfg(test)]
#[cfg(target_os = "linux")]
mod tests {
    use super::*;

    #[test]
    fn this_process_runs_and_one_of_an_impossible_number_does_not() {
        assert_eq!(is_running(std::process::id()), Some(true));
        assert_eq!(is_running(u32::MAX), Some(false));
    }
}
