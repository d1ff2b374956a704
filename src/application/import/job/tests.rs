mod doubles;
mod fake_logs;
mod growing;

use super::*;
use crate::application::log_source::{SkippedFile, SourceError};
use doubles::{LoadEnd, Seen, into_store, start};
use fake_logs::Growth;

fn conflict() -> Seen {
    Seen { has_conflict: true, ..Seen::default() }
}

fn overlap() -> Seen {
    Seen { has_overlap: true, ..Seen::default() }
}

#[test]
fn a_store_that_does_not_exist_is_built_and_published() {
    let (path, reason) = ("notes.txt".to_owned(), "no log".to_owned());
    let skipped = vec![SkippedFile { path, reason, holds_events: Some(false) }];
    let imported = into_store(false).set(|settings| settings.logs.skipped = skipped.clone()).run();
    assert_eq!(imported.calls, ["build old.log", "build publish"]);
    let report = imported.result.unwrap();
    assert_eq!((report.total.records, report.total.imported, report.refused), (1, 1, None));
    assert_eq!((report.store.path.as_str(), report.store.events), ("events.db", 7));
    assert_eq!(report.skipped_files, skipped);
}

#[test]
fn a_new_store_is_dropped_where_nothing_is_to_be_written() {
    let dry_run = into_store(false).set(|settings| settings.dry_run = true).run();
    assert_eq!(dry_run.calls, ["dry run old.log"]);
    assert!(dry_run.result.unwrap().dry_run);
    let strict = into_store(false).set(|settings| settings.strict = true).seeing([conflict()]).run();
    assert_eq!(strict.calls, ["build old.log"]);
    assert_eq!(strict.result.unwrap().refused, Some(Refusal::Strict));
}

#[test]
fn logs_are_added_to_a_store_that_has_appeared_while_a_new_one_was_built() {
    let mut overtaken = into_store(false);
    overtaken.store.is_overtaken = true;
    let imported = overtaken.run();
    let calls = ["survey old.log", "preview old.log", "load follow", "load old.log", "load publish"];
    assert_eq!(imported.calls[..2], ["build old.log", "build publish"]);
    assert_eq!(imported.calls[2..], calls);
    assert_eq!(imported.result.unwrap().total.records, 1);
}

#[test]
fn a_dry_run_opens_a_store_that_exists_for_a_preview_alone() {
    let imported = into_store(true).set(|settings| settings.dry_run = true).run();
    assert_eq!(imported.calls, ["preview old.log"]);
}

#[test]
fn a_store_that_exists_is_loaded_as_previewed() {
    let imported = into_store(true).run();
    let calls = ["survey old.log", "preview old.log", "load follow", "load old.log", "load publish"];
    assert_eq!(imported.calls, calls);
    assert!(imported.waits.is_empty());
}

#[test]
fn no_preview_is_needed_where_nothing_can_overlap_and_rejects_are_allowed() {
    let apart = || {
        let mut import = into_store(true);
        import.store.is_apart = true;
        import
    };
    let surveyed = ["survey old.log", "load follow survey", "load old.log"];
    assert_eq!(apart().run().calls, surveyed);
    let strict = apart().set(|settings| settings.strict = true).run();
    assert_eq!(strict.calls[0], "preview old.log");
    let refuse = apart().set(|settings| settings.overlap = OverlapPolicy::Refuse).run();
    assert_eq!(refuse.calls[0], "preview old.log");
    let mut twins = apart();
    twins.store.has_twins = true;
    assert_eq!(twins.run().calls[0], "preview old.log");
    let outdated = apart().ending([LoadEnd::Outdated]).run();
    let previewed = ["preview old.log", "load follow", "load old.log", "load publish"];
    assert_eq!(outdated.calls, [&surveyed[..], &previewed].concat());
    assert_eq!(outdated.result.unwrap().total.imported, 1);
    let broken = apart().ending([LoadEnd::Broken]).run();
    assert_eq!(broken.calls, surveyed);
    assert!(matches!(broken.result, Err(ImportError::Store { .. })));
}

#[test]
fn what_speaks_against_a_preview_keeps_the_store_as_it_is() {
    let strict = into_store(true).set(|settings| settings.strict = true).seeing([conflict()]).run();
    assert_eq!(strict.calls, ["preview old.log"]);
    assert_eq!(strict.result.unwrap().refused, Some(Refusal::Strict));
    let refused = |settings: &mut ImportSettings| settings.overlap = OverlapPolicy::Refuse;
    let overlapping = into_store(true).set(refused).seeing([overlap()]).run();
    assert_eq!(overlapping.calls, ["preview old.log"]);
    assert!(matches!(overlapping.result.unwrap().refused, Some(Refusal::Overlap(_))));
}

#[test]
fn no_preview_is_needed_where_both_are_kept_and_rejects_are_allowed() {
    let keep = |settings: &mut ImportSettings| settings.overlap = OverlapPolicy::Keep;
    assert_eq!(into_store(true).set(keep).run().calls, ["load old.log"]);
    let strict = into_store(true).set(keep).set(|settings| settings.strict = true).run();
    let calls = ["preview old.log", "load follow", "load begin", "load old.log", "load publish"];
    assert_eq!(strict.calls, calls);
}

#[test]
fn a_young_record_without_a_partner_is_waited_for_once() {
    for (age_ms, waits) in [
        (0, vec![3_000]),
        (1_000, vec![2_000]),
        (2_999, vec![1]),
        (3_000, vec![]),
        (-2_999, vec![3_000]),
        (-3_000, vec![]),
    ] {
        let youngest = Some(start() - TimeDelta::milliseconds(age_ms));
        let seen = Seen { youngest, ..overlap() };
        // The second look finds one that is as young again, and is followed all the same.
        let again = Seen { youngest: Some(start() + TimeDelta::seconds(3)), ..overlap() };
        let imported = into_store(true).seeing([seen, again]).run();
        let waited: Vec<Duration> = waits.into_iter().map(Duration::from_millis).collect();
        assert_eq!(imported.waits, waited, "{age_ms} ms");
        let previews = imported.calls.iter().filter(|call| *call == "preview old.log").count();
        assert_eq!(previews, 1 + waited.len(), "{age_ms} ms");
        assert!(imported.result.unwrap().elapsed_seconds < 3.1);
    }
}

#[test]
fn a_load_that_is_out_of_date_is_previewed_again_four_times_at_most() {
    let imported = into_store(true).ending([LoadEnd::Outdated]).run();
    let again = ["preview old.log", "load follow", "load old.log"];
    let calls = [&["survey old.log"], &again[..], &["load roll back"], &again, &["load publish"]].concat();
    assert_eq!(imported.calls, calls);
    assert_eq!(imported.result.unwrap().total.imported, 1);
    let growing = into_store(true).ending([LoadEnd::Outdated; 9]).run();
    assert_eq!(growing.calls.iter().filter(|call| *call == "preview old.log").count(), 4);
    assert!(matches!(growing.result, Err(ImportError::Source(SourceError::Changing { .. }))));
    let broken = into_store(true).ending([LoadEnd::Broken]).run();
    assert_eq!(broken.calls[1..], again);
    assert!(matches!(broken.result, Err(ImportError::Store { .. })));
}

#[test]
fn a_strict_load_that_finds_a_conflict_is_rolled_back_and_previewed_again() {
    let strict = |settings: &mut ImportSettings| settings.strict = true;
    let imported =
        into_store(true).set(strict).seeing([Seen::default(), conflict()]).ending([LoadEnd::Conflict]).run();
    let calls =
        ["preview old.log", "load follow", "load begin", "load old.log", "load roll back", "preview old.log"];
    assert_eq!(imported.calls, calls);
    assert_eq!(imported.result.unwrap().refused, Some(Refusal::Strict));
}

#[test]
fn logs_with_events_of_the_new_system_are_loaded_first_and_reported_in_the_order_that_was_asked_for() {
    let both = |settings: &mut ImportSettings| {
        settings.logs.files = ["old.log", "new.log", "old.log.1"].map(PathBuf::from).to_vec();
    };
    for (seen, loaded) in [
        (overlap(), ["new.log", "old.log", "old.log.1"]),
        (Seen::default(), ["old.log", "new.log", "old.log.1"]),
    ] {
        let imported = into_store(true).set(both).seeing([seen]).run();
        assert_eq!(imported.calls[..3], ["survey old.log", "survey new.log", "survey old.log.1"]);
        assert_eq!(imported.calls[3..6], ["preview old.log", "preview new.log", "preview old.log.1"]);
        assert_eq!(imported.calls[7..10], loaded.map(|log| format!("load {log}")));
        let report = imported.result.unwrap();
        let reported: Vec<&str> = report.sources.iter().map(|source| source.path.as_str()).collect();
        assert_eq!(reported, ["old.log", "new.log", "old.log.1"]);
    }
}

#[test]
fn a_log_that_changes_while_it_is_read_is_waited_for_and_read_again_three_times_at_most() {
    let pause = Duration::from_millis(250);
    let imported = into_store(false).growing(Growth { changing: 3, ..Growth::default() }).run();
    assert_eq!(imported.waits, [pause; 3]);
    assert_eq!(imported.calls, [&["build old.log"; 4][..], &["build publish"]].concat());
    assert_eq!(imported.result.unwrap().total.records, 1);
    let imported = into_store(false).growing(Growth { changing: 4, ..Growth::default() }).run();
    assert_eq!((imported.waits, imported.calls), (vec![pause; 3], vec!["build old.log".to_owned(); 4]));
    assert!(matches!(imported.result, Err(ImportError::Source(SourceError::Changing { .. }))));
}
