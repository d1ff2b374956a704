//! The program as an operator has it: a working directory, arguments, an environment of its own.

use std::ffi::OsStr;
use std::path::Path;
use std::process::{Child, ChildStdin, ChildStdout, Command, Output, Stdio};

use super::test_dir::TestDir;

/// The flag of the new event system: the tests run with it on and off.
const FLAG: &str = "MISSION_CONTROL_USE_NEW_EVENT_SYSTEM";

/// The binary in the working directory `dir`, with nothing in its environment but `PATH`, and the flag where the tests have it.
pub fn cli(dir: &TestDir) -> Cli {
    let command = Command::new(env!("CARGO_BIN_EXE_mission-events"));
    Cli::in_dir(command, dir)
}

/// As [`cli`], by a user for whom permissions hold: where the tests run as root, for whom they do
/// not, by another one. The working directory, and what is in it now, becomes that user's.
#[cfg(unix)]
pub fn cli_without_privileges(dir: &TestDir) -> Cli {
    use std::os::unix::fs::{MetadataExt, chown};
    use std::os::unix::process::CommandExt;

    const UNPRIVILEGED: u32 = 65_534;
    let is_root = std::fs::metadata(TestDir::new().path()).unwrap().uid() == 0;
    if !is_root {
        return cli(dir);
    }
    // The program may lie where only root may look. It stays root's: the link is the file itself.
    let (built, program) = (env!("CARGO_BIN_EXE_mission-events"), dir.join("program"));
    chown(dir.path(), Some(UNPRIVILEGED), Some(UNPRIVILEGED)).unwrap();
    for entry in std::fs::read_dir(dir.path()).unwrap() {
        let path = entry.unwrap().path();
        if path != program {
            chown(path, Some(UNPRIVILEGED), Some(UNPRIVILEGED)).unwrap();
        }
    }
    if !program.exists() {
        std::fs::hard_link(built, &program).or_else(|_| std::fs::copy(built, &program).map(drop)).unwrap();
    }
    let mut command = Command::new(program);
    command.uid(UNPRIVILEGED).gid(UNPRIVILEGED);
    Cli::in_dir(command, dir)
}

pub struct Cli {
    command: Command,
    stderr: Option<Stdio>,
}

impl Cli {
    fn in_dir(mut command: Command, dir: &TestDir) -> Self {
        command.current_dir(dir.path()).env_clear().stdin(Stdio::null());
        command.envs(std::env::vars_os().filter(|(name, _)| name == "PATH" || name == FLAG));
        Self { command, stderr: None }
    }

    /// As where nothing is set, for tests of the flag and of its default.
    pub fn without_flag(mut self) -> Self {
        self.command.env_remove(FLAG);
        self
    }

    pub fn env(mut self, name: &str, value: &str) -> Self {
        self.command.env(name, value);
        self
    }

    pub fn stdin(mut self, stdin: impl Into<Stdio>) -> Self {
        self.command.stdin(stdin);
        self
    }

    /// Gives it a standard error of the test's own, for [`start`](Self::start) and
    /// [`start_with_pipes`](Self::start_with_pipes).
    #[cfg(feature = "legacy")]
    pub fn stderr(mut self, stderr: impl Into<Stdio>) -> Self {
        self.stderr = Some(stderr.into());
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

    /// Starts it with the words of `line` as arguments, and does not wait for it.
    pub fn start(mut self, line: &str) -> Running {
        let command = self.command.args(line.split_whitespace());
        let stderr = self.stderr.unwrap_or_else(Stdio::piped);
        Running(command.stdout(Stdio::piped()).stderr(stderr).spawn().unwrap())
    }

    /// Starts it with the words of `line` as arguments, and both ends of a conversation with it.
    pub fn start_with_pipes(mut self, line: &str) -> (Running, ChildStdin, ChildStdout) {
        let command = self.command.args(line.split_whitespace()).stdin(Stdio::piped());
        let stderr = self.stderr.unwrap_or_else(Stdio::inherit);
        let mut child = command.stdout(Stdio::piped()).stderr(stderr).spawn().unwrap();
        let (input, output) = (child.stdin.take().unwrap(), child.stdout.take().unwrap());
        (Running(child), input, output)
    }

    /// Runs it with a standard output of the test's own.
    pub fn run_into(mut self, stdout: impl Into<Stdio>, line: &str) -> Run {
        let child = self.command.args(line.split_whitespace()).stdout(stdout).stderr(Stdio::piped());
        let child = child.spawn().unwrap();
        // The command keeps its end of the pipe open until it is dropped.
        drop(self.command);
        Run::of(child.wait_with_output().unwrap())
    }

    /// Runs it with a pipe that has no reader as standard output and standard error, and tells its exit code.
    pub fn run_into_nothing(mut self, line: &str) -> i32 {
        let (reader, writer) = std::io::pipe().unwrap();
        drop(reader);
        let command = self.command.args(line.split_whitespace());
        command.stdout(writer.try_clone().unwrap()).stderr(writer).status().unwrap().code().unwrap()
    }
}

/// The program while it runs.
pub struct Running(Child);

impl Running {
    pub fn has_ended(&mut self) -> bool {
        self.0.try_wait().unwrap().is_some()
    }

    /// Stops it where it is, until it [goes on](Self::go_on).
    #[cfg(unix)]
    pub fn pause(&self) {
        self.signal("STOP");
    }

    #[cfg(unix)]
    pub fn go_on(&self) {
        self.signal("CONT");
    }

    #[cfg(unix)]
    pub fn signal(&self, name: &str) {
        let kill = format!("kill -s {name} {}", self.0.id());
        assert!(Command::new("sh").args(["-c", &kill]).status().unwrap().success());
    }

    /// Whether it has the file open now; where it has ended, it has none.
    #[cfg(target_os = "linux")]
    pub fn has_open(&self, file: &Path) -> bool {
        self.open_files().iter().any(|open| open == file)
    }

    /// Whether it has a file open in the folder, be it one without a name.
    #[cfg(target_os = "linux")]
    pub fn has_open_in(&self, folder: &Path) -> bool {
        self.open_files().iter().any(|open| open.starts_with(folder))
    }

    #[cfg(target_os = "linux")]
    fn open_files(&self) -> Vec<std::path::PathBuf> {
        let Ok(open) = std::fs::read_dir(format!("/proc/{}/fd", self.0.id())) else { return Vec::new() };
        open.filter_map(|entry| std::fs::read_link(entry.ok()?.path()).ok()).collect()
    }

    /// Interrupts it as Ctrl-C does, and waits for its end; `None` where that was no signal. Where the
    /// tests themselves were started without ears for that (in the background of a shell), it is told to
    /// terminate, which is the same to it.
    #[cfg(target_os = "linux")]
    pub fn interrupt(mut self) -> Option<i32> {
        use std::os::unix::process::ExitStatusExt;
        const SIGINT: u64 = 1 << 1;
        let status = std::fs::read_to_string("/proc/self/status").unwrap();
        let ignored = status.lines().find_map(|line| line.strip_prefix("SigIgn:")).unwrap();
        let is_deaf = u64::from_str_radix(ignored.trim(), 16).unwrap() & SIGINT != 0;
        let kill = format!("kill -s {} {}", if is_deaf { "TERM" } else { "INT" }, self.0.id());
        assert!(Command::new("sh").args(["-c", &kill]).status().unwrap().success());
        self.0.wait().unwrap().signal()
    }

    /// Ends it as a power cut does: without a chance to tidy up.
    pub fn kill(mut self) {
        self.0.kill().unwrap();
        self.0.wait().unwrap();
    }

    /// Waits for its end, and tells its exit code.
    pub fn code(mut self) -> i32 {
        self.0.wait().unwrap().code().unwrap()
    }

    /// Waits for its end.
    pub fn end(self) -> Run {
        Run::of(self.0.wait_with_output().unwrap())
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

    /// Demands this exit code, no result, and that stderr says this among other things.
    #[track_caller]
    pub fn code_is(self, code: i32, said: &str) {
        assert_eq!((self.code, self.stdout.as_str()), (code, ""), "{}", self.stderr);
        assert!(self.stderr.contains(said), "{}", self.stderr);
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
