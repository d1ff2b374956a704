//! `backup` and `restore`, killed at moments spread over their work.

use std::time::{Duration, Instant};

use super::*;
use crate::support::{events_to_last, kill_moments};

/// About how long a command takes.
fn length_of(command: impl FnOnce()) -> Duration {
    let started = Instant::now();
    command();
    started.elapsed()
}

/// Kills a command so far into its work.
fn killed_after(dir: &TestDir, backend: &str, line: &str, delay: Duration) {
    let mut running = program(dir, backend).start(&format!("-q {line}"));
    let started = Instant::now();
    while started.elapsed() < delay && !running.has_ended() {
        std::thread::yield_now();
    }
    running.kill();
}

#[test]
fn a_backup_that_is_killed_at_any_moment_leaves_the_earlier_one_whole_and_the_store() {
    let events_of = events_to_last(3_000, 12_000) as u32;
    for backend in BACKENDS {
        let dir = TestDir::new();
        save(&dir, backend, 0..events_of);
        let earlier = backup(&dir, backend);
        let length = length_of(|| drop(backup(&dir, backend)));
        let moments = kill_moments();
        for moment in 0..moments {
            let delay = length * (moment as u32) / (moments as u32);
            killed_after(&dir, backend, "backup --to backups --keep 1", delay);
            let verified = run(&dir, backend, &format!("verify {}", earlier.display()));
            let is_there = earlier.exists();
            assert!(verified.code == 0 || !is_there, "{backend} {moment}: {verified:?}");
            // The latest one, be it earlier or new, is whole.
            assert_eq!(run(&dir, backend, "verify backups").code, 0, "{backend} {moment}");
        }
        assert_eq!(events(&dir, backend), events_of as usize);
        backup(&dir, backend);
        let folder = fs::read_dir(dir.join("backups")).unwrap();
        let hidden =
            folder.filter(|entry| entry.as_ref().unwrap().file_name().to_string_lossy().starts_with('.'));
        assert_eq!(hidden.count(), 1, "the lock alone");
    }
}

#[test]
fn a_restoration_that_is_killed_at_any_moment_leaves_a_whole_store_and_is_finished_by_the_next_one() {
    let events_of = events_to_last(3_000, 12_000) as u32;
    for backend in BACKENDS {
        let dir = TestDir::new();
        save(&dir, backend, 0..events_of / 2);
        let template = TestDir::new();
        copy_folder(&dir.join("data"), &template.join("data"));
        save(&dir, backend, events_of / 2..events_of);
        backup(&dir, backend);
        let reset = || {
            fs::remove_dir_all(dir.join("data")).unwrap();
            copy_folder(&template.join("data"), &dir.join("data"));
        };
        reset();
        let length = length_of(|| assert_eq!(run(&dir, backend, "restore --from backups").code, 0));
        let moments = kill_moments();
        for moment in 0..moments {
            reset();
            killed_after(
                &dir,
                backend,
                "restore --from backups",
                length * (moment as u32) / (moments as u32),
            );
            let looked = run(&dir, backend, "verify");
            // Between two days everybody refuses a folder.
            let is_refused = backend == "jsonl" && looked.stderr.contains("was not finished");
            if !is_refused {
                let found = events(&dir, backend) as u32;
                assert!(found == events_of / 2 || found == events_of, "{backend} {moment}: {found} events");
            }
            assert_eq!(looked.code, if is_refused { 4 } else { 0 }, "{backend} {moment}: {looked:?}");
            assert_eq!(run(&dir, backend, "restore --from backups").code, 0, "{backend} {moment}");
            assert_eq!(events(&dir, backend) as u32, events_of, "{backend} {moment}");
        }
    }
}

fn copy_folder(from: &std::path::Path, to: &std::path::Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let path = entry.unwrap().path();
        let copy = to.join(path.file_name().unwrap());
        if path.is_dir() { copy_folder(&path, &copy) } else { fs::copy(&path, &copy).map(drop).unwrap() }
    }
}
