//! Calls of the system that fail, and processes that are killed within one.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use anyhow::{Result, ensure};

use crate::Part;
use crate::life::{Cut, Reference, Told, Trial, promised};
use crate::site::{Ended, Site};

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

const KILL: &str = "signal=KILL";

/// The part of all places that is tried: every so manieth.
pub fn fail(trial: &Trial, errors: &[String], places: usize, part: &Part) -> Result<Told> {
    let injections: Vec<String> = errors.iter().map(|error| format!("error={error}")).collect();
    let mut told = Told { unit: "failed calls", ..Told::default() };
    at_calls(trial, &trial.reference()?, &injections, places, part, &mut told)?;
    Ok(told)
}

/// The same, and so often at moments by chance.
pub fn kill(trial: &Trial, places: usize, part: &Part, moments: usize) -> Result<Told> {
    let reference = trial.reference()?;
    let mut told = Told { unit: "kills", ..Told::default() };
    at_calls(trial, &reference, &[KILL.to_owned()], places, part, &mut told)?;
    ensure!(told.tried > 0 || told.places == 0, "no run was killed: strace has injected no signal");
    if moments > 0 {
        at_moments(trial, &reference, moments, &mut told)?;
    }
    Ok(told)
}

fn at_calls(
    trial: &Trial,
    reference: &Reference,
    injections: &[String],
    places: usize,
    part: &Part,
    told: &mut Told,
) -> Result<()> {
    for (index, (call, at)) in places_of(counted(trial)?, places).into_iter().enumerate() {
        if index % part.of != part.number {
            continue;
        }
        told.places += 1;
        for injection in injections {
            let site = trial.prepared()?;
            let wrapper = strace(
                injection != KILL,
                &[&format!("trace={call}"), &format!("inject={call}:{injection}:when={at}")],
                "/dev/null",
            );
            let ended = site.run_within(&wrapper, trial.life.arguments, &(trial.life.input)())?;
            if injection == KILL && ended.code == trial.life.code {
                // The call was not reached this time: it was not killed.
                std::fs::remove_dir_all(&site.folder)?;
                continue;
            }
            let place = format!("{call} number {at}, {injection}, exit code {}", ended.code);
            note(trial, &site, reference, &ended, &place, at as u64, told);
            std::fs::remove_dir_all(&site.folder)?;
        }
    }
    Ok(())
}

/// Each call with the number of each of its places, or of so many.
fn places_of(counts: BTreeMap<&'static str, usize>, most: usize) -> Vec<(&'static str, usize)> {
    let of_call = |(call, count): (&'static str, usize)| {
        let step = count.div_ceil(most.min(count)).max(1);
        (1..=count).step_by(step).map(move |at| (call, at))
    };
    counts.into_iter().flat_map(of_call).collect()
}

fn at_moments(trial: &Trial, reference: &Reference, moments: usize, told: &mut Told) -> Result<()> {
    let mut random = fastrand::Rng::with_seed(trial.seed);
    let input = (trial.life.input)();
    let mut longest = Duration::ZERO;
    for number in 0..=moments {
        let site = trial.prepared()?;
        if number == 0 {
            let begun = Instant::now();
            site.expect(&[trial.life.code], trial.life.arguments, &input)?;
            longest = begun.elapsed().mul_f64(1.1);
        } else {
            let after = longest.mul_f64(random.f64());
            let ended = site.run_killed_after(after, trial.life.arguments, &input)?;
            told.places += 1;
            let place = format!("after {} us, exit code {}", after.as_micros(), ended.code);
            note(trial, &site, reference, &ended, &place, random.u64(..), told);
        }
        std::fs::remove_dir_all(&site.folder)?;
    }
    Ok(())
}

/// Checks what a run has left that was interrupted.
fn note(
    trial: &Trial,
    site: &Site,
    reference: &Reference,
    run: &Ended,
    place: &str,
    chance: u64,
    told: &mut Told,
) {
    told.tried += 1;
    told.distinct += 1;
    if run.code == 101 {
        told.broken.push(format!("{place}: a panic: {}", run.stderr));
    }
    let answers = promised(&run.stdout);
    let cut = Cut { answers: &answers, ended: run.code == trial.life.code, reference, chance };
    if let Err(error) = (trial.life.check)(site, &cut) {
        told.broken.push(format!("{place}: {error:#}"));
    }
}

/// `strace` with these expressions, and where it writes. Where other calls are passed over by a filter, it injects no signal.
fn strace(filters: bool, expressions: &[&str], output: &str) -> Vec<String> {
    let mut wrapper = vec!["strace", "-f", "-qq", "-o", output];
    if filters {
        wrapper.push("--seccomp-bpf");
    }
    expressions.iter().for_each(|expression| wrapper.extend(["-e", expression]));
    wrapper.into_iter().map(str::to_owned).collect()
}

/// How often a thread makes each call, at most.
fn counted(trial: &Trial) -> Result<BTreeMap<&'static str, usize>> {
    let site = trial.prepared()?;
    let output = trial.folder.join("counted.strace");
    let wrapper = strace(true, &[&format!("trace={}", CALLS.join(","))], &output.to_string_lossy());
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
