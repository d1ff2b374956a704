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
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Instant;

use anyhow::{Context, Result, bail};
use clap::{Parser, Subcommand};

use crate::guards::Guard;
use crate::life::{Life, Told};

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
    /// Where `simulate` puts what a power cut has left after which a promise was broken, a folder each
    #[arg(long, global = true)]
    keep: Option<PathBuf>,
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
        /// Kill it so often at moments by chance, too
        #[arg(long, default_value_t = 0)]
        moments: usize,
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
    let parts = parts(&arguments.what, lives.len());
    let next = AtomicUsize::new(0);
    let begun = Instant::now();
    let campaign =
        Mutex::new(Campaign { lives: lives.iter().map(|_| Told::default()).collect(), failed: None });
    // Each thread has a part of a life of its own: a part has one folder.
    std::thread::scope(|scope| {
        for _ in 0..std::thread::available_parallelism().map_or(1, Into::into) {
            scope.spawn(|| {
                while let Some(part) = parts.get(next.fetch_add(1, Ordering::Relaxed)) {
                    let life = &lives[part.life];
                    let tried = try_part(&arguments, life, part, &program, work.path());
                    if let Ok(mut campaign) = campaign.lock() {
                        campaign.note(life, part, tried, begun);
                    }
                }
            });
        }
    });
    let campaign = campaign.into_inner().ok().context("a thread has panicked")?;
    match campaign.failed {
        Some(error) => Err(error),
        None => Ok(campaign.lives.iter().all(|told| told.broken.is_empty())),
    }
}

/// A part of what is tried of a life, with a run of its own that is recorded or counted.
struct Part {
    /// The index of the life.
    life: usize,
    /// From 0.
    number: usize,
    of: usize,
}

/// No more power cuts are tried of one recorded run.
const CUTS_OF_A_RUN: usize = 2000;
/// How many threads can share the calls of a life.
const PARTS_OF_CALLS: usize = 4;

/// The parts, those of a life one after the other.
fn parts(what: &What, lives: usize) -> Vec<Part> {
    let of = match what {
        What::Simulate { cuts, .. } => cuts.div_ceil(CUTS_OF_A_RUN).max(1),
        What::Fail { places: usize::MAX, .. } | What::Kill { places: usize::MAX, .. } => PARTS_OF_CALLS,
        _ => 1,
    };
    (0..lives).flat_map(|life| (0..of).map(move |number| Part { life, number, of })).collect()
}

struct Campaign {
    /// What was tried of each life so far.
    lives: Vec<Told>,
    failed: Option<anyhow::Error>,
}

impl Campaign {
    /// Prints what a part has found, and of a life that ends with it, what all have.
    fn note(&mut self, life: &Life, part: &Part, tried: Result<Told>, begun: Instant) {
        let told = match tried {
            Ok(told) => told,
            Err(error) => {
                eprintln!("{:16} could not be tried: {error:#}", life.name);
                self.failed.get_or_insert(error);
                return;
            }
        };
        let so_far = &mut self.lives[part.life];
        let is_first = so_far.broken.is_empty();
        let broken = told.broken.iter().take(3).map(|broken| format!("\n    {broken}")).collect::<String>();
        let broken = if is_first { broken } else { String::new() };
        so_far.add(told);
        if so_far.parts < part.of {
            let seconds = begun.elapsed().as_secs();
            eprintln!(
                "{:16} {so_far} ({} of {} parts, {seconds} s){broken}",
                life.name, so_far.parts, part.of
            );
            return;
        }
        let broken = so_far.broken.iter().take(3).map(|broken| format!("\n    {broken}"));
        println!("{:16} {so_far}{}", life.name, broken.collect::<String>());
    }
}

fn try_part(arguments: &Arguments, life: &Life, part: &Part, program: &Path, work: &Path) -> Result<Told> {
    let folder = work.join(format!("{}-{}", life.name, part.number));
    std::fs::create_dir(&folder)?;
    // Other parts make other choices.
    let seed = arguments.seed.wrapping_add((part.number as u64) << 32);
    let trial = life::Trial { life, program, folder: &folder, seed };
    let share = |all: usize| all / part.of + usize::from(part.number < all % part.of);
    let told = match &arguments.what {
        What::List => Ok(Told::default()),
        What::Simulate { cuts, guard } => {
            simulate::run(&trial, share(*cuts), *guard, arguments.keep.as_deref())
        }
        What::Fail { errors, places } => interrupted::fail(&trial, errors, *places, part),
        What::Kill { places, moments } => interrupted::kill(&trial, *places, part, share(*moments)),
        What::Power { cuts } => power::run(&trial, *cuts),
    };
    let told = told.with_context(|| format!("the life {}", life.name))?;
    std::fs::remove_dir_all(&folder)?;
    Ok(told)
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
