//! Several processes that dispatch to one store: each is this program itself, with 8 threads.

use std::io::{self, BufRead, BufReader, Read, Write};
use std::path::PathBuf;
use std::process::{Child, ChildStdout, Command, Stdio};
use std::time::Duration;

use crate::handlers;
use crate::measure::measure;
use crate::stores::{Backend, Place};
use crate::table::Shares;

const THREADS: u64 = 8;
/// Set for a child, to what it is to do: backend, milliseconds, `turns` or `none`, path.
const CHILD: &str = "BENCH_DISPATCH_CHILD";

pub fn is_child() -> bool {
    std::env::var_os(CHILD).is_some()
}

/// Opens the store, waits for a line, dispatches, and answers how many events and the slowest of them in microseconds.
pub fn child() {
    let task = std::env::var(CHILD).unwrap();
    let [backend, milliseconds, turns, path]: [&str; 4] =
        task.splitn(4, ' ').collect::<Vec<_>>().try_into().unwrap();
    let backend = Backend::ALL.into_iter().find(|known| known.name() == backend).unwrap();
    let workers = backend.dispatching(PathBuf::from(path), THREADS, turns == "turns", &handlers::none);
    println!("ready");
    io::stdin().read_line(&mut String::new()).unwrap();
    let figures = measure(workers, Duration::from_millis(milliseconds.parse().unwrap()));
    println!("{} {}", figures.events, figures.quantile(1.0).as_micros());
}

pub fn together(
    backend: Backend,
    place: &Place,
    processes: usize,
    with_turns: bool,
    time: Duration,
) -> Shares {
    let turns = if with_turns { "turns" } else { "none" };
    let path = backend.path(place);
    let task = format!("{} {} {turns} {}", backend.name(), time.as_millis(), path.display());
    let mut children: Vec<(Child, BufReader<ChildStdout>)> = (0..processes).map(|_| start(&task)).collect();
    for (_, answers) in &mut children {
        answers.read_line(&mut String::new()).unwrap();
    }
    for (child, _) in &mut children {
        child.stdin.take().unwrap().write_all(b"\n").unwrap();
    }
    let figures: Vec<(u64, u64)> = children.into_iter().map(end).collect();
    let events = figures.iter().map(|(events, _)| *events);
    let (least, most) = (events.clone().min().unwrap(), events.clone().max().unwrap());
    Shares {
        rate: events.sum::<u64>() as f64 / time.as_secs_f64(),
        least_to_most: least as f64 / most.max(1) as f64,
        slowest: Duration::from_micros(figures.iter().map(|(_, slowest)| *slowest).max().unwrap()),
    }
}

fn start(task: &str) -> (Child, BufReader<ChildStdout>) {
    let mut child = Command::new(std::env::current_exe().unwrap())
        .env(CHILD, task)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let answers = BufReader::new(child.stdout.take().unwrap());
    (child, answers)
}

fn end((mut child, mut answers): (Child, BufReader<ChildStdout>)) -> (u64, u64) {
    let mut text = String::new();
    answers.read_to_string(&mut text).unwrap();
    assert!(child.wait().unwrap().success());
    let (events, slowest) = text.trim().split_once(' ').unwrap();
    (events.parse().unwrap(), slowest.parse().unwrap())
}
