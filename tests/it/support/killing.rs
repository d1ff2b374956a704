//! Programs that are killed.

use std::io::{BufRead, BufReader};
use std::process::Child;

/// Kills a process, whose output is a pipe, after it has said `stored ID` so many times; answers all ids that it has said.
pub fn killed_after(mut child: Child, acknowledgements: u64) -> Vec<String> {
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
    let mut acknowledged = Vec::new();
    let mut next = |acknowledged: &mut Vec<String>| {
        let line = lines.next()?.ok()?;
        // The test harness begins its own line with the first one.
        acknowledged.extend(line.split_once("stored ").map(|(_, id)| id.to_owned()));
        Some(())
    };
    while (acknowledged.len() as u64) < acknowledgements {
        next(&mut acknowledged).expect("it dispatches until it is killed");
    }
    child.kill().unwrap();
    child.wait().unwrap();
    while next(&mut acknowledged).is_some() {}
    acknowledged
}
