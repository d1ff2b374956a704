//! Power cuts, failed calls and kills, tried on the program as it is built. `README.md` says what is tried, and how.

mod disk;
mod guards;
mod inputs;
mod interrupted;
mod life;
mod lives;
mod power;
mod recording;
mod simulate;
mod site;
mod trace;

use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use anyhow::{Context, Result, bail};
use clap::{Parser, Subcommand};

use crate::guards::Guard;
use crate::life::Life;

/// Tries power cuts, failed calls and kills on the program
#[derive(Parser)]
struct Arguments {
    /// The program that is tried
    #[arg(long, global = true, default_value = "target/debug/mission-events")]
    program: PathBuf,
    /// The lives that are tried, separated by commas [default: all]
    #[arg(long, global = true, value_delimiter = ',')]
    lives: Vec<String>,
    /// Where the random choices begin
    #[arg(long, global = true, default_value_t = 1)]
    seed: u64,
    /// Where the program works: a folder in memory is faster
    #[arg(long, global = true, default_value = "/dev/shm")]
    folder: PathBuf,
    #[command(subcommand)]
    what: What,
}

#[derive(Subcommand)]
enum What {
    /// List the lives
    List,
    /// Cut the power of a simulated disk at every write, sync and answer
    Simulate {
        /// How many power cuts are tried for each life, at least one at each point
        #[arg(long, default_value_t = 500)]
        cuts: usize,
        /// Try it with a guard of the program broken, which must be found
        #[arg(long = "break")]
        guard: Option<Guard>,
    },
    /// Fail every call that writes, syncs or names a file, once
    Fail {
        /// The errors
        #[arg(long, value_delimiter = ',', default_value = "ENOSPC,EIO,EINTR")]
        errors: Vec<String>,
        /// At most so many places of each call
        #[arg(long, default_value_t = usize::MAX)]
        places: usize,
    },
    /// Kill the program at calls that write, sync or name a file
    Kill {
        /// At most so many places of each call
        #[arg(long, default_value_t = usize::MAX)]
        places: usize,
    },
    /// Shut down a file system of its own under the program, as root, and mount it again
    Power {
        /// How often for each life
        #[arg(long, default_value_t = 10)]
        cuts: usize,
    },
}

fn main() -> ExitCode {
    match run() {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::from(1),
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::from(2)
        }
    }
}

/// Whether every promise held.
fn run() -> Result<bool> {
    let arguments = Arguments::parse();
    let lives = chosen(&arguments.lives)?;
    if let What::List = arguments.what {
        lives.iter().for_each(|life| println!("{:16} {}", life.name, life.about));
        return Ok(true);
    }
    let program =
        arguments.program.canonicalize().with_context(|| format!("{}", arguments.program.display()))?;
    let work = tempfile::Builder::new().prefix("crash-").tempdir_in(&arguments.folder)?;
    let next = AtomicUsize::new(0);
    let held = AtomicBool::new(true);
    let failed = Mutex::new(None);
    // Each thread has a life of its own: a life has one folder.
    std::thread::scope(|scope| {
        for _ in 0..std::thread::available_parallelism().map_or(1, Into::into) {
            scope.spawn(|| {
                while let Some(life) = lives.get(next.fetch_add(1, Ordering::Relaxed)) {
                    match try_life(&arguments, life, &program, work.path()) {
                        Ok(all) => drop(held.fetch_and(all, Ordering::Relaxed)),
                        Err(error) => drop(failed.lock().map(|mut failed| failed.replace(error))),
                    }
                }
            });
        }
    });
    match failed.into_inner() {
        Ok(Some(error)) => Err(error),
        _ => Ok(held.into_inner()),
    }
}

/// Tries a life, and prints what was found.
fn try_life(arguments: &Arguments, life: &Life, program: &Path, work: &Path) -> Result<bool> {
    let folder = work.join(life.name);
    std::fs::create_dir(&folder)?;
    let trial = life::Trial { life, program, folder: &folder, seed: arguments.seed };
    let told = match &arguments.what {
        What::List => return Ok(true),
        What::Simulate { cuts, guard } => simulate::run(&trial, *cuts, *guard),
        What::Fail { errors, places } => interrupted::fail(&trial, errors, *places),
        What::Kill { places } => interrupted::kill(&trial, *places),
        What::Power { cuts } => power::run(&trial, *cuts),
    };
    let told = told.with_context(|| format!("the life {}", life.name))?;
    let broken = told.broken.iter().take(3).map(|broken| format!("\n    {broken}"));
    println!("{:16} {told}{}", life.name, broken.collect::<String>());
    std::fs::remove_dir_all(&folder)?;
    Ok(told.broken.is_empty())
}

fn chosen(names: &[String]) -> Result<Vec<Life>> {
    let mut all = lives::all();
    for name in names {
        if !all.iter().any(|life| life.name == name) {
            bail!("there is no life {name}: `list` names them");
        }
    }
    all.retain(|life| names.is_empty() || names.iter().any(|name| name == life.name));
    Ok(all)
}
