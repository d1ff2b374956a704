//! Everything that reads foreign bytes, on the seeds of its fuzz target and on the inputs that fuzzing has kept. `fuzz/README.md` says what
//! must hold of each.

#[path = "../../fuzz/src/lib.rs"]
mod oracles;

use std::fs;
use std::path::Path;

use data_encoding::BASE64;

/// Holds the inputs of a fuzz target to its oracle; where one fails, it is named.
fn hold(target: &str, check: fn(&[u8])) {
    let fuzz = Path::new(env!("CARGO_MANIFEST_DIR")).join("fuzz");
    let mut inputs = Vec::new();
    for entry in fs::read_dir(fuzz.join("seeds").join(target)).unwrap() {
        let path = entry.unwrap().path();
        inputs.push((path.display().to_string(), fs::read(&path).unwrap()));
    }
    assert!(!inputs.is_empty(), "there are no seeds of {target}");
    let kept = fuzz.join("corpora").join(format!("{target}.base64"));
    for (number, line) in (1..).zip(fs::read_to_string(&kept).unwrap().lines()) {
        inputs.push((format!("{}:{number}", kept.display()), BASE64.decode(line.as_bytes()).unwrap()));
    }
    for (name, bytes) in inputs {
        let held = std::panic::catch_unwind(|| check(&bytes));
        assert!(held.is_ok(), "{name}");
    }
}

macro_rules! targets {
    ($($sentence:ident: $target:literal, $oracle:ident;)*) => {
        $(#[test]
        fn $sentence() {
            hold($target, oracles::$oracle::check);
        })*

        #[test]
        fn every_fuzz_target_is_held() {
            let bins = Path::new(env!("CARGO_MANIFEST_DIR")).join("fuzz/fuzz_targets");
            let name = |entry: fs::DirEntry| entry.path().file_stem().unwrap().to_string_lossy().into_owned();
            let mut found: Vec<String> = fs::read_dir(bins).unwrap().map(|entry| name(entry.unwrap())).collect();
            found.sort();
            let mut held = [$($target),*];
            held.sort();
            assert_eq!(found, held);
        }
    };
}

targets! {
    every_record_is_read_as_it_should_be: "record", record;
    every_log_is_read_as_it_should_be: "array", log;
    every_timestamp_is_the_instant_that_it_says: "timestamp", timestamp;
    every_declared_mapping_reads_what_it_declares: "mapping", mapping;
    every_settings_file_is_read_or_refused: "settings", settings;
    every_evidence_log_is_continued_or_left_as_it_is: "evidence", evidence;
    every_line_that_is_dispatched_is_stored_as_it_is_or_refused: "dispatch", dispatch;
    every_daily_file_is_read_as_it_is_or_refused: "jsonl", jsonl;
    every_change_of_a_store_is_found_or_changes_nothing: "store", store;
    every_manifest_is_believed_only_of_its_own_files: "manifest", manifest;
}
