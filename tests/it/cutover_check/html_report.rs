//! `--report`: the decision as a page.

use std::fs;

use super::{run, write_logs};
use crate::support::test_dir::TestDir;

#[test]
fn the_decision_is_written_as_a_page_beside_the_answer() {
    let dir = TestDir::new();
    write_logs(&dir, 20..=21);
    assert_eq!(run(&dir, "-q compare-logs").code, 0);
    let checked = run(&dir, "-q cutover-check --report gate.html");
    assert_eq!((checked.code, checked.stderr.as_str()), (3, ""), "{}", checked.stdout);
    assert!(checked.stdout.ends_with("\nthe report is gate.html\n"), "{}", checked.stdout);
    let page = fs::read_to_string(dir.join("gate.html")).unwrap();
    assert!(
        page.contains(">NOT ENOUGH EVIDENCE</p>") && page.contains("Enough days were compared and clean")
    );
    assert!(page.contains("the last comparison is record number 1"));

    let refused = run(&dir, "-q cutover-check --report data/events/gate.html");
    assert_eq!((refused.code, refused.stdout.as_str()), (2, ""));
    assert!(refused.stderr.contains("what lies in data/events is read as a log"), "{}", refused.stderr);
}
