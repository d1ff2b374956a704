use std::path::{Path, PathBuf};

/// A folder that is removed, with all that is in it, when the test is over.
pub struct TestDir(tempfile::TempDir);

impl TestDir {
    pub fn new() -> Self {
        Self(tempfile::Builder::new().prefix("mission-events-").tempdir().unwrap())
    }

    pub fn path(&self) -> &Path {
        self.0.path()
    }

    /// The names in the folder that begin like this, sorted.
    pub fn names_like(&self, prefix: &str) -> Vec<String> {
        let entries = std::fs::read_dir(self.path()).unwrap();
        let names = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap());
        let mut names: Vec<String> = names.filter(|name| name.starts_with(prefix)).collect();
        names.sort();
        names
    }

    /// The path of something in the folder, whether it exists or not.
    pub fn join(&self, name: &str) -> PathBuf {
        self.path().join(name)
    }
}

#[test]
fn a_test_dir_is_removed_with_what_is_in_it() {
    let dir = TestDir::new();
    let (root, file) = (dir.path().to_owned(), dir.join("events.json"));
    std::fs::write(&file, "[]").unwrap();
    assert!(file.starts_with(&root) && file.exists());
    drop(dir);
    assert!(!root.exists());
}
