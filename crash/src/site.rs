//! A folder in which the program runs, as an operator runs it.

use std::io::Write;
use std::os::unix::process::ExitStatusExt;
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::thread::JoinHandle;
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use serde_json::Value;

/// What a pipe holds at least, in bytes.
const PIPE: usize = 4096;

#[derive(Clone)]
pub struct Site {
    pub program: PathBuf,
    pub folder: PathBuf,
    pub environment: Vec<(&'static str, &'static str)>,
}

/// How a run ended.
#[derive(Debug)]
pub struct Ended {
    /// The exit code, or the negative number of the signal.
    pub code: i32,
    pub stdout: Vec<u8>,
    pub stderr: String,
}

impl Site {
    pub fn path(&self, name: &str) -> PathBuf {
        self.folder.join(name)
    }

    pub fn command(&self, wrapper: &[String], arguments: &[&str]) -> Command {
        let mut command = match wrapper {
            [] => Command::new(&self.program),
            [first, rest @ ..] => {
                let mut command = Command::new(first);
                command.args(rest).arg(&self.program);
                command
            }
        };
        command.args(arguments).current_dir(&self.folder).env_clear();
        command
            .envs(std::env::vars_os().filter(|(name, _)| name == "PATH"))
            .envs(self.environment.iter().copied());
        command
    }

    pub fn run(&self, arguments: &[&str], input: &[u8]) -> Result<Ended> {
        self.run_within(&[], arguments, input)
    }

    /// Runs it as the last arguments of another program.
    pub fn run_within(&self, wrapper: &[String], arguments: &[&str], input: &[u8]) -> Result<Ended> {
        finish(self.command(wrapper, arguments), input, None)
    }

    /// Runs it, and kills it after some time.
    pub fn run_killed_after(&self, after: Duration, arguments: &[&str], input: &[u8]) -> Result<Ended> {
        finish(self.command(&[], arguments), input, Some(after))
    }

    /// As [`run`](Self::run), where only these exit codes are right.
    pub fn expect(&self, codes: &[i32], arguments: &[&str], input: &[u8]) -> Result<Ended> {
        let ended = self.run(arguments, input)?;
        ensure!(
            codes.contains(&ended.code),
            "`{}` ended with {}, expected {codes:?}: {}{}",
            arguments.join(" "),
            ended.code,
            ended.stderr,
            String::from_utf8_lossy(&ended.stdout).chars().take(2000).collect::<String>(),
        );
        Ok(ended)
    }

    /// The events of a store, ordered by position; none where there is no store.
    pub fn events(&self, store: &str) -> Result<Vec<Event>> {
        if !self.path(store).exists() {
            return Ok(Vec::new());
        }
        let arguments =
            ["-q", "--store", store, "--format", "jsonl", "events", "recent", "--limit", "1000000"];
        let ended = self.expect(&[0], &arguments, b"")?;
        let mut events: Vec<Event> = lines(&ended.stdout)?.iter().map(Event::of).collect::<Result<_>>()?;
        events.sort_by(|a, b| a.position.cmp(&b.position).then_with(|| a.id.cmp(&b.id)));
        Ok(events)
    }
}

/// Runs a command to its end, or kills it after some time.
fn finish(mut command: Command, input: &[u8], kill_after: Option<Duration>) -> Result<Ended> {
    let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn()?;
    let mut stdin = child.stdin.take().context("no standard input")?;
    // What fits into a pipe is there at once. The program may end before it has read all.
    let writer = if input.len() <= PIPE {
        drop(stdin.write_all(input));
        drop(stdin);
        None
    } else {
        let input = input.to_vec();
        Some(std::thread::spawn(move || drop(stdin.write_all(&input))))
    };
    if let Some(after) = kill_after {
        std::thread::sleep(after);
        child.kill()?;
    }
    let output = child.wait_with_output()?;
    drop(writer.map(JoinHandle::join));
    let code = output.status.code().unwrap_or_else(|| -output.status.signal().unwrap_or(0));
    Ok(Ended { code, stdout: output.stdout, stderr: String::from_utf8_lossy(&output.stderr).into_owned() })
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Event {
    pub position: i64,
    pub id: String,
    pub body: String,
}

impl Event {
    fn of(value: &Value) -> Result<Self> {
        let text = |key: &str| {
            value[key].as_str().map(str::to_owned).with_context(|| format!("no {key} in {value}"))
        };
        let position = value["position"].as_i64().with_context(|| format!("no position in {value}"))?;
        Ok(Self { position, id: text("event_id")?, body: text("body")? })
    }
}

/// The whole lines of JSON of an output, of which the last may be cut off.
pub fn lines(output: &[u8]) -> Result<Vec<Value>> {
    let whole = output.iter().rposition(|byte| *byte == b'\n').map_or(0, |at| at + 1);
    output[..whole]
        .split(|byte| *byte == b'\n')
        .filter(|line| !line.is_empty())
        .map(|line| {
            serde_json::from_slice(line)
                .with_context(|| format!("no JSON: {}", String::from_utf8_lossy(line)))
        })
        .collect()
}
