//! A byte of a backup that is not what it was.

use super::*;
use crate::support::cases;

#[test]
fn a_flipped_bit_anywhere_in_a_backup_is_found_and_no_store_is_made_of_it() {
    for backend in BACKENDS {
        let dir = stored(backend);
        let path = backup(&dir, backend);
        let mut files = vec![];
        let mut folders = vec![path.clone()];
        while let Some(folder) = folders.pop() {
            for entry in fs::read_dir(folder).unwrap() {
                let path = entry.unwrap().path();
                if path.is_dir() { folders.push(path) } else { files.push(path) }
            }
        }
        files.sort();
        let mut random = fastrand::Rng::with_seed(19);
        for turn in 0..cases(24).cases as usize {
            let file = &files[turn % files.len()];
            let sound = fs::read(file).unwrap();
            let (at, bit) = (random.usize(..sound.len()), 1 << random.u8(..8));
            overwrite(file, |bytes| bytes[at] ^= bit);
            let verified = run(&dir, backend, "verify backups");
            assert_eq!(verified.code, 1, "{}, byte {at}, bit {bit}: {verified:?}", file.display());
            overwrite(file, |bytes| *bytes = sound);
        }
        assert_eq!(run(&dir, backend, "verify backups").code, 0);
    }
}

#[test]
fn a_file_that_is_missing_or_was_added_is_found() {
    let dir = stored("sqlite");
    let path = backup(&dir, "sqlite");
    for name in ["events.db", "handlers.db", "manifest.json", "SHA256SUMS"] {
        let bytes = fs::read(path.join(name)).unwrap();
        fs::remove_file(path.join(name)).unwrap();
        let (code, verified) = answer(&dir, "sqlite", &format!("verify {}", path.display()));
        assert!(
            code == 1 && verified["findings"][0]["detail"].as_str().unwrap().contains("missing"),
            "{name}: {verified:#}"
        );
        run(&dir, "sqlite", "restore --from backups --into restored.db").code_is(1, "is not whole");
        fs::write(path.join(name), bytes).unwrap();
    }
    fs::write(path.join("more"), "").unwrap();
    let (code, verified) = answer(&dir, "sqlite", "verify backups");
    assert!(
        code == 1 && verified["findings"][0]["detail"].as_str().unwrap().contains("not of the backup"),
        "{verified:#}"
    );
}

#[test]
fn a_store_that_is_damaged_is_not_backed_up_and_earlier_backups_stay() {
    let dir = stored("sqlite");
    backup(&dir, "sqlite");
    let before = names(&dir, "backups");
    overwrite(&dir.join("data/events.db"), |bytes| {
        let page = bytes.len() / 4_096 - 1;
        bytes[page * 4_096..page * 4_096 + 64].fill(0xff);
    });
    run(&dir, "sqlite", "backup --to backups --keep 0").code_is(1, "is not whole, and was removed");
    assert_eq!(names(&dir, "backups"), before);
    assert_eq!(dir.names_like(".making"), [] as [String; 0]);
}
