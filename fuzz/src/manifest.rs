//! The manifest of a backup, and after a line of `%` its file of sums.

use mission_events::internals::application::backup::{Findings, MANIFEST, Manifest, SUMS};
use mission_events::internals::infrastructure::backup_folder::BackupFolder;

use super::{parts, place};

/// Panics where a backup is believed that is none.
pub fn check(bytes: &[u8]) {
    let parts = parts(bytes);
    let text = parts[0];
    if let Ok(manifest) = Manifest::from_text(text) {
        let spelled = manifest.to_text().expect("a manifest is JSON");
        assert_eq!(Manifest::from_text(spelled.as_bytes()).expect("it is read back"), manifest);
    }
    let folder = place::folder();
    // What lies beside a backup is none of it.
    place::write(&folder.path().join("beside"), b"secret");
    let backup = folder.path().join("backup");
    std::fs::create_dir(&backup).expect("a folder can be made");
    place::write(&backup.join("events.db"), b"x");
    place::write(&backup.join(MANIFEST), text);
    if let Some(sums) = parts.get(1) {
        place::write(&backup.join(SUMS), sums);
    }
    let mut findings = Findings::default();
    let opened = BackupFolder::open(&backup, &mut findings).expect("the files can be read");
    let Some(opened) = opened else {
        assert!(!findings.is_empty(), "what cannot be believed is told");
        return;
    };
    if !findings.is_empty() {
        return;
    }
    for file in &opened.manifest.files {
        let path = opened.file(&file.name);
        assert!(path.starts_with(&backup), "{} is not in the backup", path.display());
        assert!(path.components().all(|part| part != std::path::Component::ParentDir), "{}", path.display());
    }
    if opened.check_files(&mut findings, &mut |_| {}).is_err() {
        return;
    }
    // SHA-256 of "x".
    let sha256 = "2d711642b726b04401627ca9fbac32f5c8530fb1903cc4db02258717921a4881";
    let is_whole = opened.manifest.files.iter().all(|file| (file.bytes, file.sha256.as_str()) == (1, sha256));
    assert!(is_whole || !findings.is_empty());
}
