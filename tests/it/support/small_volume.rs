//! A file system of a few megabytes, which can be filled.

use std::io::{BufRead, BufReader, ErrorKind, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, Command, Stdio};

/// Mounts it, and takes it away when the input ends, however the test does.
const KEEPER: &str = r#"
trap '' HUP INT TERM
if ! mount -t tmpfs -o size="$2" tmpfs "$1"; then
    rmdir "$1"
    exit
fi
echo mounted
exec > /dev/null
cat > /dev/null
umount --lazy "$1"
rmdir "$1"
"#;

/// Where it is mounted. It is gone with this.
pub struct SmallVolume {
    folder: PathBuf,
    keeper: Child,
    life: Option<ChildStdin>,
}

impl Drop for SmallVolume {
    fn drop(&mut self) {
        drop(self.life.take());
        // It has ended or ends: nothing can be done about it here.
        drop(self.keeper.wait());
    }
}

impl SmallVolume {
    /// One of so many megabytes; what the system says where it lets nobody mount one, as without root.
    pub fn of_megabytes(size: u32) -> Result<Self, String> {
        let folder = tempfile::Builder::new().prefix("me-vol-").tempdir().unwrap().keep();
        let mut keeper = Command::new("sh")
            .args(["-c", KEEPER, "keeper"])
            .arg(&folder)
            .arg(format!("{size}m"))
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let life = keeper.stdin.take();
        let mut said = String::new();
        BufReader::new(keeper.stdout.take().unwrap()).read_line(&mut said).unwrap();
        if said.trim() == "mounted" {
            return Ok(Self { folder, keeper, life });
        }
        drop(life);
        let output = keeper.wait_with_output().unwrap();
        Err(String::from_utf8_lossy(&output.stderr).lines().next().unwrap_or_default().to_owned())
    }

    pub fn path(&self) -> &Path {
        &self.folder
    }

    fn ballast(&self) -> PathBuf {
        self.folder.join("ballast")
    }

    /// Leaves no byte of it free.
    pub fn fill(&self) {
        let mut ballast = std::fs::File::create(self.ballast()).unwrap();
        let error = loop {
            if let Err(error) = ballast.write_all(&[1; 4096]) {
                break error;
            }
        };
        assert_eq!(error.kind(), ErrorKind::StorageFull, "{error}");
    }

    /// Gives back what [`fill`](Self::fill) took.
    pub fn make_room(&self) {
        std::fs::remove_file(self.ballast()).unwrap();
    }
}
