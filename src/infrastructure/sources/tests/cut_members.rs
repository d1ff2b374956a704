//! Compressed data that is cut: what it decodes to is kept, and is no event until the whole file is read.

use super::damaged_members::{Packing, assert_resumes, jsonl, packed, read_file, reasons, records, rest};
use crate::application::log_source::Reject;

#[test]
fn a_member_that_was_cut_and_appended_to_is_kept_as_far_as_it_goes_and_what_follows_is_read() {
    let records = records(4_000, 7);
    for packing in [Packing::Gzip(6), Packing::Zstd(3)] {
        let cut = packing.pack(jsonl(&records[..3_000]).as_bytes());
        let cut = &cut[..cut.len() * 4 / 5];
        let appended = packing.pack(jsonl(&records[3_000..]).as_bytes());
        let (read, rejects) = read_file(&[cut, &appended].concat(), "log.jsonl");
        assert_eq!(read, records[3_000..], "{packing:?}");
        assert!(
            reasons(&rejects).iter().filter(|reason| **reason == "unverified").count() > 500,
            "{packing:?}"
        );
        let reject = rejects.iter().map(|(_, reject)| reject).find(|reject| reject.reason() == "torn_tail");
        let (from, to) = (0, cut.len() as u64);
        assert!(
            matches!(reject, Some(Reject::Cut { from: f, to: t, .. }) if (*f, *t) == (from, to)),
            "{rejects:?}"
        );
    }
}

#[test]
fn what_was_cut_off_is_read_again_wherever_reading_is_resumed() {
    let records = records(60, 10);
    for text in [jsonl(&records), format!("[{}]", records.join(",\n"))] {
        for within in [0, 20] {
            let end = text.find("{\"event_id\": \"e30\"").unwrap() + within;
            let (file, members) = packed(Packing::Gzip(0), text.as_bytes(), &[end]);
            let cut = &file[..members[1].0.start + members[1].0.len() / 2];
            let folder = tempfile::tempdir().unwrap();
            let path = folder.path().join("log");
            for file in [cut, &[cut, &Packing::Gzip(6).pack(text.as_bytes())].concat()] {
                std::fs::write(&path, file).unwrap();
                let read = rest(&path, None);
                let doubtful = read.iter().position(|(item, _)| item.2.contains("Unverified")).unwrap();
                assert!(read.iter().all(|(_, point)| point.offset <= read[doubtful].0.0.offset));
                assert_resumes(&path);
            }
        }
    }
}
