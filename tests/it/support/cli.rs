//! The program as an operator has it: a working directory, arguments, an environment of its own.

use std::ffi::OsStr;
use std::path::Path;
use std::process::{Command, Output, Stdio};

use super::test_dir::TestDir;

/// The binary in the working directory `dir`, with nothing in its environment but `PATH`.
pub fn cli(dir: &TestDir) -> Cli {
    let mut command = Command::new(env!("CARGO_BIN_EXE_mission-events"));
    command.current_dir(dir.path()).env_clear().stdin(Stdio::null());
    command.envs(std::env::vars_os().filter(|(name, _)| name == "PATH"));
    Cli { command }
}

pub struct Cli {
    command: Command,
}

impl Cli {
    pub fn env(mut self, name: &str, value: &str) -> Self {
        self.command.env(name, value);
        self
    }

    /// Runs it with the words of `line` as arguments.
    pub fn run(self, line: &str) -> Run {
        self.run_with(line.split_whitespace())
    }

    /// Runs it with arguments that hold spaces.
    pub fn run_with<A: AsRef<OsStr>>(mut self, arguments: impl IntoIterator<Item = A>) -> Run {
        Run::of(self.command.args(arguments).output().unwrap())
    }

    /// Runs it with a standard output of the test's own.
    pub fn run_into(mut self, stdout: impl Into<Stdio>, line: &str) -> Run {
        let child = self.command.args(line.split_whitespace()).stdout(stdout).stderr(Stdio::piped());
        let child = child.spawn().unwrap();
        // The command keeps its end of the pipe open until it is dropped.
        drop(self.command);
        Run::of(child.wait_with_output().unwrap())
    }
}

/// What came of it.
#[derive(Debug)]
pub struct Run {
    pub code: i32,
    pub stdout: String,
    pub stderr: String,
}

impl Run {
    fn of(output: Output) -> Self {
        Self {
            code: output.status.code().unwrap(),
            stdout: String::from_utf8(output.stdout).unwrap(),
            stderr: String::from_utf8(output.stderr).unwrap(),
        }
    }

    /// Its result and nothing else: exit code 0, an empty stderr.
    #[track_caller]
    pub fn result(self) -> String {
        assert_eq!((self.code, self.stderr.as_str()), (0, ""), "{}", self.stdout);
        self.stdout
    }

    /// Its result as JSON, with the same demands.
    #[track_caller]
    pub fn json(self) -> serde_json::Value {
        serde_json::from_str(&self.result()).unwrap()
    }

    /// Demands this exit code, no result, and this on stderr.
    #[track_caller]
    pub fn fails(self, code: i32, stderr: &str) {
        assert_eq!((self.code, self.stdout.as_str(), self.stderr.as_str()), (code, "", stderr));
    }
}

/// Writes a file in the working directory, and its folders.
pub fn write(dir: &TestDir, name: &str, content: impl AsRef<[u8]>) {
    let path = dir.join(name);
    let folder = path.parent().unwrap_or(Path::new(""));
    std::fs::create_dir_all(folder).unwrap();
    std::fs::write(path, content).unwrap();
}
