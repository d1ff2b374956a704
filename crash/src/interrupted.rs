//! Calls of the system that fail, and processes that are killed within one.

use std::collections::BTreeMap;

use anyhow::{Result, ensure};

use crate::life::{Cut, Told, Trial, promised};

/// Every call by which files change.
const CALLS: &[&str] = &[
    "openat",
    "write",
    "pwrite64",
    "writev",
    "fsync",
    "fdatasync",
    "ftruncate",
    "rename",
    "renameat",
    "renameat2",
    "linkat",
    "link",
    "unlink",
    "unlinkat",
    "mkdir",
    "copy_file_range",
    "fallocate",
];

pub fn fail(trial: &Trial, errors: &[String], places: usize) -> Result<Told> {
    let injections: Vec<String> = errors.iter().map(|error| format!("error={error}")).collect();
    run(trial, "failed calls", &injections, places)
}

pub fn kill(trial: &Trial, places: usize) -> Result<Told> {
    run(trial, "kills", &["signal=KILL".to_owned()], places)
}

fn run(trial: &Trial, unit: &'static str, injections: &[String], places: usize) -> Result<Told> {
    let reference = trial.reference()?;
    let counts = counted(trial)?;
    let mut told = Told { unit, ..Told::default() };
    for (call, count) in counts {
        let step = count.div_ceil(places.min(count)).max(1);
        for at in (1..=count).step_by(step) {
            told.places += 1;
            for injection in injections {
                told.tried += 1;
                told.distinct += 1;
                let site = trial.prepared()?;
                let wrapper = [
                    "strace",
                    "-f",
                    "--seccomp-bpf",
                    "-qq",
                    "-o",
                    "/dev/null",
                    "-e",
                    &format!("trace={call}"),
                    "-e",
                ];
                let mut wrapper: Vec<String> = wrapper.iter().map(|&each| each.to_owned()).collect();
                wrapper.push(format!("inject={call}:{injection}:when={at}"));
                let ended = site.run_within(&wrapper, trial.life.arguments, &(trial.life.input)())?;
                let place = format!("{call} number {at}, {injection}, exit code {}", ended.code);
                if ended.code == 101 {
                    told.broken.push(format!("{place}: a panic: {}", ended.stderr));
                }
                let answers = promised(&ended.stdout);
                let ended = ended.code == trial.life.code;
                let cut = Cut { answers: &answers, ended, reference: &reference, chance: at as u64 };
                if let Err(error) = (trial.life.check)(&site, &cut) {
                    told.broken.push(format!("{place}: {error:#}"));
                }
                std::fs::remove_dir_all(&site.folder)?;
            }
        }
    }
    Ok(told)
}

/// How often a thread makes each call, at most.
fn counted(trial: &Trial) -> Result<BTreeMap<&'static str, usize>> {
    let site = trial.prepared()?;
    let output = trial.folder.join("counted.strace");
    let wrapper = [
        "strace",
        "-f",
        "--seccomp-bpf",
        "-qq",
        "-o",
        &output.to_string_lossy(),
        "-e",
        &format!("trace={}", CALLS.join(",")),
    ];
    let wrapper: Vec<String> = wrapper.iter().map(|&each| each.to_owned()).collect();
    let ended = site.run_within(&wrapper, trial.life.arguments, &(trial.life.input)())?;
    ensure!(
        ended.code == trial.life.code,
        "the run that is counted ended with {}: {}",
        ended.code,
        ended.stderr
    );
    let text = String::from_utf8_lossy(&std::fs::read(&output)?).into_owned();
    let mut counts: BTreeMap<(&str, &'static str), usize> = BTreeMap::new();
    for line in text.lines() {
        let Some((thread, rest)) = line.split_once(' ') else { continue };
        if let Some(call) = CALLS
            .iter()
            .find(|call| rest.trim_start().strip_prefix(**call).is_some_and(|rest| rest.starts_with('(')))
        {
            *counts.entry((thread, call)).or_default() += 1;
        }
    }
    let mut most = BTreeMap::new();
    for ((_, call), count) in counts {
        let entry = most.entry(call).or_default();
        *entry = count.max(*entry);
    }
    std::fs::remove_dir_all(&site.folder)?;
    Ok(most)
}
