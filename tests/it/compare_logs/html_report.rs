//! `--report`: the page beside the answer.

use std::fs;

use super::{Cli, quiet, three_days, write_both};
use crate::support::test_dir::TestDir;

fn with_one_difference() -> TestDir {
    let dir = TestDir::new();
    let (control, mut candidate) = (three_days(), three_days());
    candidate[3].title = "</script><b>another title</b>".to_owned();
    write_both(&dir, &control, &candidate);
    dir
}

#[test]
fn a_report_is_written_beside_the_same_answer_and_over_an_earlier_report_alone() {
    let dir = with_one_difference();
    let command = "--format json compare-logs events.json new.jsonl --limit 0";
    let plain = quiet(&dir).run(command);
    let reported = quiet(&dir).run(&format!("{command} --report report.html"));
    assert_eq!((plain.code, reported.code, reported.stderr.as_str()), (1, 1, ""));
    let document = |text: &str| {
        let mut document: serde_json::Value = serde_json::from_str(text).unwrap();
        document["elapsed_seconds"] = 0.into();
        document
    };
    assert_eq!(document(&reported.stdout), document(&plain.stdout));
    let page = fs::read_to_string(dir.join("report.html")).unwrap();
    assert!(page.contains("The logs do not agree: there is 1 difference among 36 events of the control."));
    assert!(page.contains("another title") && !page.contains("</b>another"), "also where nothing is listed");

    let again = quiet(&dir).run("compare-logs events.json events.json --report report.html");
    assert_eq!(again.code, 0, "{}", again.stderr);
    assert!(again.stdout.contains("; the report is report.html"), "{}", again.stdout);
    assert!(fs::read_to_string(dir.join("report.html")).unwrap().contains("Both logs agree"));
}

#[test]
fn a_report_has_no_place_in_a_log_a_store_or_evidence_and_then_nothing_is_compared_or_recorded() {
    let dir = with_one_difference();
    fs::create_dir(dir.join("days")).unwrap();
    fs::copy(dir.join("new.jsonl"), dir.join("days/events-2025-10-20.jsonl")).unwrap();
    fs::write(dir.join("mine.html"), "<p>mine").unwrap();
    let refusal = |cli: Cli, report: &str| {
        let run = cli.run(&format!("compare-logs events.json days --report {report}"));
        assert_eq!((run.code, run.stdout.as_str()), (2, ""), "{report}: {}", run.stderr);
        run.stderr
    };
    for (report, reason) in [
        ("days/report.html", "what lies in days is read as a log"),
        ("mine.html", "the file that stands there is no report"),
        ("events.json", "expected a name that ends in .html"),
    ] {
        let said = refusal(quiet(&dir), report);
        assert!(said.contains(&format!("no report can be written to {report}: {reason}")), "{said}");
    }
    let evidence = quiet(&dir).env("MISSION_CONTROL_EVIDENCE", "evidence.html");
    assert!(refusal(evidence, "evidence.html").contains("recorded evidence"));
    assert_eq!(fs::read_to_string(dir.join("mine.html")).unwrap(), "<p>mine");
    assert!(!dir.join("evidence.html").exists() && !dir.join("data").exists());
}
