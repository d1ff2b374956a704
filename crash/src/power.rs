//! Power cuts of a real file system: ext4 on a loop device, shut down while the program writes.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};

use crate::life::{Cut, Told, Trial, promised};
use crate::site::Site;

pub fn run(trial: &Trial, cuts: usize) -> Result<Told> {
    let reference = trial.reference()?;
    let mut random = fastrand::Rng::with_seed(trial.seed);
    let mut told = Told { unit: "real power cuts", ..Told::default() };
    let length = length_of_a_run(trial)?;
    for _ in 0..cuts {
        let volume = Volume::new(trial.folder)?;
        let site = trial.prepared()?;
        call(Command::new("sync").arg("-f").arg(&site.folder))?;
        let after = length.mul_f64(random.f64() * 1.1);
        let (answers, code) = volume.shut_down_after(after, &site, trial)?;
        volume.mount_again()?;
        told.tried += 1;
        told.places += 1;
        told.distinct += 1;
        let answers = promised(&answers);
        let cut = Cut {
            answers: &answers,
            ended: code == Some(trial.life.code),
            reference: &reference,
            chance: random.u64(..),
        };
        if let Err(error) = (trial.life.check)(&site, &cut) {
            told.broken.push(format!("after {} us: {error:#}", after.as_micros()));
        }
    }
    Ok(told)
}

fn length_of_a_run(trial: &Trial) -> Result<Duration> {
    let volume = Volume::new(trial.folder)?;
    let site = trial.prepared()?;
    let begun = Instant::now();
    site.expect(&[trial.life.code], trial.life.arguments, &(trial.life.input)())?;
    let length = begun.elapsed();
    drop(volume);
    Ok(length)
}

/// A file system in a file, mounted where the program works.
struct Volume {
    image: PathBuf,
    mounted: PathBuf,
}

impl Volume {
    fn new(folder: &Path) -> Result<Self> {
        let volume = Self { image: folder.join("image"), mounted: folder.join("site") };
        std::fs::File::create(&volume.image)?.set_len(64 << 20)?;
        call(Command::new("mkfs.ext4").args(["-q", "-F"]).arg(&volume.image))?;
        std::fs::create_dir_all(&volume.mounted)?;
        volume.mount()?;
        Ok(volume)
    }

    fn mount(&self) -> Result<()> {
        call(Command::new("mount").args(["-o", "loop"]).arg(&self.image).arg(&self.mounted))
    }

    /// What had been answered when the file system went away, and the exit code of a run that had ended before.
    fn shut_down_after(&self, after: Duration, site: &Site, trial: &Trial) -> Result<(Vec<u8>, Option<i32>)> {
        let input = (trial.life.input)();
        let file = trial.folder.join("input");
        std::fs::write(&file, input)?;
        let answers = trial.folder.join("answers");
        let mut child = site
            .command(&[], trial.life.arguments)
            .stdin(std::fs::File::open(&file)?)
            .stdout(std::fs::File::create(&answers)?)
            .stderr(Stdio::null())
            .spawn()?;
        std::thread::sleep(after);
        let code = child.try_wait()?.and_then(|status| status.code());
        // What was answered before is promised; what comes while the file system goes away is an error.
        let answered = std::fs::read(&answers)?;
        call(Command::new("xfs_io").args(["-x", "-c", "shutdown"]).arg(&self.mounted))?;
        child.wait()?;
        Ok((answered, code))
    }

    fn mount_again(&self) -> Result<()> {
        call(Command::new("umount").arg(&self.mounted))?;
        self.mount()
    }
}

impl Drop for Volume {
    fn drop(&mut self) {
        let _ = Command::new("umount").arg("-l").arg(&self.mounted).stderr(Stdio::null()).status();
    }
}

fn call(command: &mut Command) -> Result<()> {
    let output =
        command.stdin(Stdio::null()).output().with_context(|| format!("{:?}", command.get_program()))?;
    ensure!(
        output.status.success(),
        "{:?} ended with {}: {}",
        command.get_program(),
        output.status,
        String::from_utf8_lossy(&output.stderr)
    );
    Ok(())
}
