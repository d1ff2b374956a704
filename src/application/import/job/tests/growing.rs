//! Logs that grow, or stay as they are, between two looks at them.

use super::doubles::{Seen, into_store, start};
use super::fake_logs::Growth;
use super::{ImportError, Refusal, SourceError};
use crate::application::import::RejectList;
use crate::application::import::report::{RecordCounts, RejectedRecord};
use crate::application::import::target::ImportedLog;
use crate::application::log_source::{LogFormat, Place, SourceDigest};

const LINE: u64 = 66;

fn by(records: usize) -> Growth {
    Growth { records, ..Growth::default() }
}

#[test]
fn a_load_reads_as_far_as_the_preview_and_leaves_what_a_log_has_got_since() {
    for records in [0, 1, 7, 1_000] {
        let imported = into_store(true).growing(by(records)).run();
        let calls = ["survey old.log", "preview old.log", "load follow", "load old.log", "load publish"];
        assert_eq!(imported.calls, calls, "{records}");
        let report = imported.result.unwrap();
        assert_eq!(report.total.imported, 1, "{records}");
        assert_eq!((report.sources[0].bytes, report.refused), (LINE, None));
        // It was opened three times, and is as long as for a fourth time.
        assert_eq!(report.sources[0].left_bytes, 3 * records as u64 * LINE);
    }
}

#[test]
fn a_strict_load_is_all_or_nothing_of_what_the_preview_saw() {
    let strict = |settings: &mut super::ImportSettings| settings.strict = true;
    let imported = into_store(true).set(strict).growing(by(5)).run();
    assert_eq!(imported.calls.last().unwrap(), "load publish");
    assert_eq!(imported.result.unwrap().total.imported, 1);
    let conflict = Seen { has_conflict: true, ..Seen::default() };
    let refused = into_store(true).set(strict).growing(by(5)).seeing([conflict]).run();
    assert_eq!(refused.result.unwrap().refused, Some(Refusal::Strict));
}

#[test]
fn a_log_that_begins_with_other_records_than_were_seen_is_previewed_again() {
    // Written anew after the survey that a load or a preview follows, and after the preview.
    for (is_apart, rewritten_at, records) in [(true, 1, 6), (false, 1, 6), (false, 2, 7)] {
        let rewritten = Growth { records: 1, rewritten_at: Some(rewritten_at), ..Growth::default() };
        let mut import = into_store(true).growing(rewritten);
        import.store.is_apart = is_apart;
        let imported = import.run();
        assert_eq!(imported.waits.len(), 3, "{:?}", imported.calls);
        assert_eq!(
            imported.calls[imported.calls.len() - 3..],
            ["load follow", "load old.log", "load publish"]
        );
        assert_eq!(imported.result.unwrap().total.imported, records, "as the last preview saw it");
    }
}

#[test]
fn after_waiting_for_a_young_record_the_legacy_log_is_read_no_further_than_before() {
    let young = || Seen { has_overlap: true, youngest: Some(start()), ..Seen::default() };
    let imported = into_store(true).seeing([young(), young()]).growing(by(3)).run();
    assert_eq!(imported.waits.len(), 1);
    let report = imported.result.unwrap();
    assert_eq!(report.total.imported, 1, "what came while it waited is as young again");
    assert_eq!(report.sources[0].left_bytes, 4 * 3 * LINE);
}

#[test]
fn a_log_of_the_new_system_is_read_on_after_waiting() {
    let young = || Seen { has_overlap: true, youngest: Some(start()), ..Seen::default() };
    let native = |settings: &mut super::ImportSettings| settings.logs.files = vec!["new.log".into()];
    let imported = into_store(true).set(native).seeing([young(), young()]).growing(by(3)).run();
    assert_eq!(imported.result.unwrap().total.imported, 7, "as the second preview saw it");
}

#[test]
fn a_log_that_grows_whenever_it_is_read_is_imported_as_far_as_it_was_read() {
    let growing = Growth { records: 2, changing: 4, has_grown: true, ..Growth::default() };
    let imported = into_store(false).growing(growing).run();
    assert_eq!(imported.waits.len(), 3);
    assert_eq!(imported.calls[4..], ["build old.log", "build leave", "build publish"]);
    let report = imported.result.unwrap();
    assert_eq!(report.total.imported, 7, "what the fourth reading found, read again");
    assert_eq!((report.sources[0].bytes, report.sources[0].left_bytes), (7 * LINE, 4 * LINE));
    // One that is as long as before was not appended to.
    let rewritten = Growth { has_grown: false, ..growing };
    let imported = into_store(false).growing(rewritten).run();
    assert!(matches!(imported.result, Err(ImportError::Source(SourceError::Changing { .. }))));
}

#[test]
fn a_log_that_is_what_was_imported_last_is_not_read_and_nothing_is_written() {
    let rejected = RejectedRecord {
        path: "/elsewhere/old.log".to_owned(),
        place: Place { line: 2, offset: 66 },
        reason: "conflict".to_owned(),
        detail: "it is".to_owned(),
        loses_bytes: false,
    };
    let counts = RecordCounts { records: 3, already_present: 2, rejected: 1, ..RecordCounts::default() };
    let sha256 = "the same".to_owned();
    let digest = SourceDigest { bytes: 9, sha256: sha256.clone(), content_bytes: 9, content_sha256: sha256 };
    let last = ImportedLog {
        source_id: 1,
        format: LogFormat::JsonArray,
        digest,
        counts,
        rejects: RejectList::of([("conflict".to_owned(), 1)].into(), [rejected.clone()]),
    };
    let unchanged = Growth { is_unchanged: true, ..Growth::default() };
    let imported = into_store(true).having(last.clone()).growing(unchanged).run();
    assert_eq!(imported.calls, ["load follow", "load publish"]);
    let report = imported.result.unwrap();
    assert_eq!((report.total, report.conflicts), (counts, 1));
    assert_eq!(report.rejects, [RejectedRecord { path: "old.log".to_owned(), ..rejected }]);
    let source = &report.sources[0];
    assert_eq!((source.format, source.bytes, source.left_bytes), (LogFormat::JsonArray, 9, 0));
    let changed = into_store(true).having(last).run();
    assert_eq!(changed.calls[..2], ["survey old.log", "preview old.log"]);
}
