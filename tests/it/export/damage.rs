//! A log that is not what was imported is not put into its place, and the reason is said.

use sha2::{Digest, Sha256};

use super::{comes_back, export, import, quiet, run_export, tamper, tells_of_missing_rows};
use crate::support::cli::write;
use crate::support::test_dir::TestDir;

const LOG: &str = concat!(
    "{\"event_id\": \"e1\", \"event_type\": \"A\", \"timestamp\": \"2025-10-25T10:00:00Z\"}\n",
    "{\"event_id\": \"e2\", \"event_type\": \"A\", \"timestamp\": \"2025-10-26T10:00:00Z\"}\n",
    "nonsense\n",
    " \n",
    "{\"event_id\": \"e1\", \"event_type\": \"A\", \"timestamp\": \"2025-10-25T10:00:00Z\"}\n",
);

fn with_logs() -> TestDir {
    let dir = TestDir::new();
    write(&dir, "a.jsonl", LOG);
    write(
        &dir,
        "b.jsonl",
        "{\"event_id\": \"e3\", \"event_type\": \"A\", \"timestamp\": \"2025-10-26T10:00:00Z\"}\n",
    );
    import(&dir, "a.jsonl b.jsonl");
    dir
}

#[test]
fn the_report_names_size_and_hash_of_each_file() {
    let report = comes_back(&with_logs());
    let hash: String = Sha256::digest(LOG).iter().map(|byte| format!("{byte:02x}")).collect();
    assert_eq!((report.files[0].bytes, report.files[0].sha256.as_str()), (LOG.len() as u64, hash.as_str()));
    assert_eq!(report.files[0].records, 4);
}

#[test]
fn a_store_that_another_program_changed_does_not_pass_for_the_log() {
    for (sql, reason) in [
        (
            "UPDATE events SET body = replace(body, '\"A\"', '\"B\"') WHERE event_id = 'e1'",
            "the store was changed since",
        ),
        ("UPDATE events SET body = body || ' ' WHERE event_id = 'e2'", "the store was changed since"),
        ("UPDATE events SET body = '{}' WHERE event_id = 'e2'", "the store was changed since"),
        ("DELETE FROM events WHERE event_id = 'e2'", "the store was changed since"),
        ("UPDATE events SET source_offset = 1000000000000 WHERE event_id = 'e2'", "and it has"),
        ("UPDATE events SET source_offset = -5 WHERE event_id = 'e2'", "does not say where"),
        ("UPDATE events SET source_offset = NULL WHERE event_id = 'e2'", "does not say where"),
        (
            "UPDATE events SET source_offset = -9223372036854775808 WHERE event_id = 'e1'",
            "does not say where",
        ),
        ("UPDATE events SET source_offset = 9223372036854775807 WHERE event_id = 'e1'", "and it has"),
        ("UPDATE events SET source_offset = 0 WHERE event_id = 'e2'", "the store was changed since"),
        ("UPDATE events SET source_offset = 90 WHERE event_id = 'e2'", "the store was changed since"),
        ("UPDATE source_repeats SET offset = -1", "does not say where"),
        ("UPDATE source_repeats SET position = 99", "the store was changed since"),
        ("UPDATE reject_texts SET offset = -1", "does not say where"),
        ("UPDATE source_texts SET offset = -1", "does not say where"),
        ("DELETE FROM source_repeats", "the store was changed since"),
        ("UPDATE reject_texts SET text = x'00'", "the store was changed since"),
        ("UPDATE reject_texts SET text = CAST('nonsensE' AS BLOB)", "the store was changed since"),
        ("DELETE FROM source_texts", "the store was changed since"),
        ("UPDATE sources SET separator = x'' WHERE source_id = 1", "is not in the store"),
        ("UPDATE sources SET separator = x'20' WHERE source_id = 1", "the store was changed since"),
        (
            "UPDATE sources SET content_bytes = content_bytes + 1 WHERE source_id = 1",
            "the store was changed since",
        ),
        ("UPDATE sources SET finished_at = NULL WHERE source_id = 1", "did not come to its end"),
    ] {
        let dir = with_logs();
        tamper(&dir, sql);
        let report = export(&dir, "");
        let [changed, intact] = &report.files[..] else { panic!("{report:#?}") };
        assert!(!changed.written && intact.written, "{sql}");
        let said = changed.reason.as_deref().unwrap();
        assert!(said.contains(reason), "{sql}: {said}");
        let left: Vec<_> =
            std::fs::read_dir(dir.join("out")).unwrap().map(|entry| entry.unwrap().file_name()).collect();
        assert_eq!(left, ["b.jsonl"], "{sql}");
    }
}

#[test]
fn whatever_number_is_changed_nothing_false_is_written_and_the_program_says_so() {
    for column in [
        "events.source_id",
        "events.occurred_at",
        "sources.source_id",
        "sources.records",
        "sources.out_of_range",
        "sources.content_bytes",
    ] {
        for number in ["-9223372036854775808", "-1", "0", "77", "9223372036854775807"] {
            let (table, name) = column.split_once('.').unwrap();
            let dir = with_logs();
            let id = if table == "events" { "event_id = 'e2'" } else { "source_id = 1" };
            tamper(&dir, &format!("UPDATE {table} SET {name} = {number} WHERE {id}"));
            let run = run_export(&dir, "");
            assert!([0, 1, 4].contains(&run.code), "{column} {number}: {run:?}");
            let is_error_told = !run.stderr.is_empty() && !tells_of_missing_rows(&run.stderr);
            assert_eq!(is_error_told, run.code == 4, "{column} {number}: {run:?}");
            let written = std::fs::read_to_string(dir.join("out/a.jsonl")).unwrap_or_else(|_| LOG.to_owned());
            assert_eq!(written, LOG, "{column} {number}");
            if run.code == 0 {
                assert!(dir.join("out/a.jsonl").exists() && dir.join("out/b.jsonl").exists());
            }
        }
    }
}

#[test]
fn a_log_that_was_imported_in_part_is_not_exported_as_if_it_were_whole() {
    for bound in ["--since 2025-10-26", "--until 2025-10-25"] {
        let dir = TestDir::new();
        write(&dir, "a.jsonl", LOG);
        import(&dir, &format!("a.jsonl {bound}"));
        let report = export(&dir, "");
        let said = report.files[0].reason.as_deref().unwrap();
        assert!(
            said.contains("of its records w") && said.contains("left out by --since or --until"),
            "{said}"
        );
    }
}

#[test]
fn people_are_told_what_is_not_written_and_why() {
    let dir = with_logs();
    tamper(&dir, "UPDATE sources SET finished_at = NULL WHERE source_id = 1");
    let run = quiet(&dir).run(&format!("--store {} export --to out", super::DATABASE));
    assert_eq!(run.code, 1);
    let path = dir.join("a.jsonl").canonicalize().unwrap().display().to_string();
    let line =
        format!("\nnot written: out/a.jsonl ({path}): its import did not come to its end: import it again\n");
    assert!(run.stdout.contains(&line), "{}", run.stdout);
}

#[test]
fn a_store_whose_logs_were_removed_does_not_pass_for_an_empty_one() {
    for (sql, missing) in [("DELETE FROM sources", 5), ("DELETE FROM sources WHERE source_id = 2", 1)] {
        let dir = with_logs();
        tamper(&dir, sql);
        let run = run_export(&dir, "");
        assert_eq!(run.code, 1, "{sql}: {run:?}");
        let report: serde_json::Value = serde_json::from_str(&run.stdout).unwrap();
        assert_eq!(report["missing_records"], missing, "{sql}");
    }
}
