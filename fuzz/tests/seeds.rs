//! The seeds themselves, without a fuzzer.

use std::fs;
use std::path::Path;

use mission_events_fuzz::{log, record};

fn each_seed(target: &str, check: fn(&[u8])) {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("seeds").join(target);
    let mut count = 0;
    for entry in fs::read_dir(&folder).unwrap() {
        let path = entry.unwrap().path();
        println!("{}", path.display());
        check(&fs::read(&path).unwrap());
        count += 1;
    }
    assert!(count > 0, "no seeds in {}", folder.display());
}

#[test]
fn every_seed_of_a_record_is_read_as_it_should_be() {
    each_seed("record", record::check);
}

#[test]
fn every_seed_of_a_log_is_read_as_it_should_be() {
    each_seed("array", log::check);
}
