//! Power cuts on a simulated disk, at every point of a recorded run.

use std::collections::HashSet;
use std::path::Path;

use anyhow::{Context, Result, ensure};
use sha2::{Digest, Sha256};

use crate::disk::{Disk, Left, ROOT, Remains};
use crate::guards::Guard;
use crate::life::{Cut, Told, Trial};
use crate::recording::{Recording, Replay, Step, record};
use crate::trace::{STRACE_OPTIONS, TRACED_CALLS, parse};

pub fn run(trial: &Trial, cuts: usize, guard: Option<Guard>, keep: Option<&Path>) -> Result<Told> {
    let reference = trial.reference()?;
    let mut recording = recorded(trial)?;
    if let Some(guard) = guard {
        guard.break_in(&mut recording);
    }
    let places: Vec<usize> =
        (0..recording.steps.len()).filter(|&index| is_place(&recording.steps, index)).collect();
    let mut told = Told { unit: "power cuts", places: places.len(), ..Told::default() };
    let mut random = fastrand::Rng::with_seed(trial.seed);
    let mut replay = Replay::of(&recording);
    let mut seen = HashSet::new();
    let site = trial.site()?;
    for (index, step) in recording.steps.iter().enumerate() {
        replay.step(step)?;
        if places.binary_search(&index).is_err() {
            continue;
        }
        let ended = index + 1 == recording.steps.len();
        // The remainder goes to places by chance.
        let share = cuts / places.len() + usize::from(random.usize(0..places.len()) < cuts % places.len());
        // What a run has left when it ended is told at least a few times.
        for _ in 0..if ended { share.max(4) } else { share } {
            let left = [Left::Synced, Left::All, Left::Prefixes, Left::Pages, Left::Sectors, Left::Sectors]
                [random.usize(0..6)];
            let remains = replay.disk.cut(left, &mut random)?;
            told.tried += 1;
            if !seen.insert(digest(&remains, &replay.answers, ended)) {
                continue;
            }
            told.distinct += 1;
            put_back(&remains, &site.folder)?;
            let cut = Cut { answers: &replay.answers, ended, reference: &reference, chance: random.u64(..) };
            if let Err(error) = (trial.life.check)(&site, &cut) {
                let place = format!(
                    "after step {} of {} ({}), {left:?}",
                    index + 1,
                    recording.steps.len(),
                    named(&recording, step)
                );
                told.broken.push(format!("{place}: {error:#}"));
                if let Some(keep) = keep {
                    let kept = keep.join(format!("{}-{:x}", trial.life.name, random.u64(..)));
                    std::fs::create_dir_all(&kept)?;
                    put_back(&remains, &kept)?;
                }
            }
        }
    }
    Ok(told)
}

/// Records the run.
fn recorded(trial: &Trial) -> Result<Recording> {
    let site = trial.prepared()?;
    let mut before = Disk::new();
    before.load(ROOT, &site.folder)?;
    let output = trial.folder.join("strace");
    let mut wrapper = vec!["strace".to_owned()];
    wrapper.extend(STRACE_OPTIONS.iter().map(|&option| option.to_owned()));
    wrapper.extend([TRACED_CALLS.to_owned(), "-o".to_owned(), output.to_string_lossy().into_owned()]);
    let ended = site.run_within(&wrapper, trial.life.arguments, &(trial.life.input)()).context("strace")?;
    ensure!(ended.code == trial.life.code, "the recorded run ended with {}: {}", ended.code, ended.stderr);
    let text = String::from_utf8(std::fs::read(&output)?)?;
    let (calls, points) = parse(&text)?;
    let recording = record(&site.folder, before, &calls, &points)?;
    is_what_happened(&recording, &site.folder)?;
    std::fs::remove_dir_all(&site.folder)?;
    Ok(recording)
}

/// Replayed to the end, the recording gives the files that the run has left: else a call was not understood.
fn is_what_happened(recording: &Recording, folder: &Path) -> Result<()> {
    let mut replay = Replay::of(recording);
    for step in &recording.steps {
        replay.step(step)?;
    }
    let left = replay.disk.cut(Left::All, &mut fastrand::Rng::with_seed(0))?;
    let mut found = Disk::new();
    found.load(ROOT, folder)?;
    let found = found.cut(Left::All, &mut fastrand::Rng::with_seed(0))?;
    let names = |remains: &Remains| remains.files.keys().cloned().collect::<Vec<_>>();
    ensure!(
        names(&left) == names(&found),
        "the recording ends with the files {:?}, the run with {:?}",
        names(&left),
        names(&found)
    );
    for (name, content) in &left.files {
        ensure!(
            is_shared_memory(name) || found.files[name] == *content,
            "the recording ends with another content of {name}"
        );
    }
    Ok(())
}

/// After each step that changes what a power cut can leave, or what was promised.
fn is_place(steps: &[Step], index: usize) -> bool {
    match &steps[index] {
        Step::SyncBegins { .. } | Step::NewFile | Step::NewFolder | Step::NewLink(_) => {
            index + 1 == steps.len()
        }
        _ => true,
    }
}

fn named(recording: &Recording, step: &Step) -> String {
    let name = |node: &usize| recording.names.get(node).map_or("a file that was there", String::as_str);
    match step {
        Step::Write { node, at, bytes } => format!("{} bytes at {at} of {}", bytes.len(), name(node)),
        Step::Length { node, length } => format!("length {length} of {}", name(node)),
        Step::SyncBegins { node, .. } | Step::SyncEnds { node, .. } => format!("sync of {}", name(node)),
        Step::Names(parts) => format!(
            "names {:?}",
            parts.iter().map(|(_, name, node)| (name, node.is_some())).collect::<Vec<_>>()
        ),
        Step::Answer(bytes) => format!("answer of {} bytes", bytes.len()),
        other => format!("{other:?}"),
    }
}

/// The memory that processes share in a file is gone with them.
fn is_shared_memory(name: &str) -> bool {
    name.ends_with("-shm")
}

fn digest(remains: &Remains, answers: &[u8], ended: bool) -> [u8; 32] {
    let mut digest = Sha256::new();
    let mut add = |bytes: &[u8]| {
        digest.update((bytes.len() as u64).to_le_bytes());
        digest.update(bytes);
    };
    for (name, content) in remains.files.iter().filter(|(name, _)| !is_shared_memory(name)) {
        add(name.as_bytes());
        add(content);
    }
    remains.folders.iter().for_each(|name| add(name.as_bytes()));
    add(answers);
    add(&[u8::from(ended)]);
    digest.finalize().into()
}

/// Makes a folder what the power cut has left.
fn put_back(remains: &Remains, folder: &Path) -> Result<()> {
    std::fs::remove_dir_all(folder)?;
    std::fs::create_dir_all(folder)?;
    for name in &remains.folders {
        std::fs::create_dir_all(folder.join(name))?;
    }
    for (name, content) in remains.files.iter().filter(|(name, _)| !is_shared_memory(name)) {
        std::fs::write(folder.join(name), content)?;
    }
    for (name, target) in &remains.links {
        let target = String::from_utf8(target.clone())?;
        std::os::unix::fs::symlink(target, folder.join(name))?;
    }
    Ok(())
}
