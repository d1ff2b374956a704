//! Records of versions that did not know all keys of today.

use serde_json::Value;

use super::{chain, record};
use crate::support::test_dir::TestDir;

use mission_events::internals::application::evidence::{Chain, line_hash};

#[test]
fn a_record_without_the_keys_of_today_is_read_and_its_chain_holds() {
    let dir = TestDir::new();
    let path = dir.join("evidence.jsonl");
    record(&path, 1);
    let text = std::fs::read_to_string(&path).unwrap();
    let mut old: Value = serde_json::from_str(&text).unwrap();
    old["window"].as_object_mut().unwrap().remove("beginning").unwrap();
    for key in ["spread", "drift_us_per_day", "histogram"] {
        old["clock"].as_object_mut().unwrap().remove(key).unwrap();
    }
    old["history"] = serde_json::json!({
        "control": 14, "candidate": 14, "matched": 14, "differences": 0,
        "classes": {"missing": 0, "extra": 0, "other": 0}, "verdict": "consistent",
    });
    let old = old.to_string();
    std::fs::write(&path, format!("{old}\n")).unwrap();
    record(&path, 1);
    let Chain { records, faults, torn, converted } = chain(&path);
    assert_eq!((records.len(), faults, torn, converted), (2, Vec::new(), Vec::new(), None));
    let evidence = records[0].record.evidence.as_comparison().unwrap();
    assert_eq!(evidence.window.beginning, None);
    assert_eq!((evidence.clock.anchors, evidence.clock.spread, &evidence.clock.histogram), (1, None, &None));
    let history = evidence.history.as_ref().unwrap();
    assert_eq!((history.matched, history.not_imported, history.not_imported_before), (14, None, None));
    assert_eq!(records[1].record.previous, line_hash(old.as_bytes()));
}
