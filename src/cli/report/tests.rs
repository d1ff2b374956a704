//! The pages as they are written.

mod gate;

use data_encoding::BASE64;
use serde_json::Value;
use sha2::{Digest, Sha256};

use super::outcome::Outcome;
use super::*;
use crate::application::compare::memory_side::{self, MemorySide, compare_in_memory, settings};
use crate::application::compare::report::{Comparison, Verdict};
use crate::application::compare::settings::Settings;
use crate::infrastructure::report_file::MARK;

const EVIL: &str = "</script><script>alert(1)</script><img src=x onerror=alert(2)>\u{202e}";

/// An event with a field beside its title, by which it is the same event under another title.
fn event(number: u32) -> String {
    memory_side::event(number).replace('}', r#", "list": "inbox"}"#)
}

fn compared(control: impl Iterator<Item = String>, candidate: impl Iterator<Item = String>) -> Comparison {
    let settings = Settings { is_reported: true, limit: 1, ..settings() };
    let (control, candidate) =
        (MemorySide::file("old.json", control), MemorySide::file("new.jsonl", candidate));
    compare_in_memory(&settings, &control, &candidate, |_, found| found.clone())
}

/// Three events that are missing, two that have changed, one that is on the candidate's side only.
fn with_differences() -> Comparison {
    let candidate = (3..40).map(|number| match number {
        5 | 30 => event(number).replace("title", "another title of"),
        number => event(number),
    });
    compared((0..39).map(event), candidate)
}

fn page(comparison: &Comparison) -> String {
    let told = Told { statements: vec!["what was <said>".to_owned()], recorded: "not recorded".to_owned() };
    let mut page = Vec::new();
    Page::of_comparison(comparison, told).write(&mut page).unwrap();
    String::from_utf8(page).unwrap()
}

fn between<'t>(text: &'t str, from: &str, to: &str) -> &'t str {
    let (_, after) = text.split_once(from).unwrap_or_else(|| panic!("{from}"));
    after.split_once(to).unwrap().0
}

fn rows(page: &str) -> Vec<Value> {
    serde_json::from_str(between(page, r#"id="rows">"#, "</script>")).unwrap()
}

#[test]
fn the_numbers_of_the_page_are_those_of_the_document() {
    let comparison = with_differences();
    let (page, document) = (page(&comparison), serde_json::to_value(&comparison).unwrap());
    let shown = |attribute: &str| {
        let text = between(&page, &format!("{attribute}\">"), "<").replace(',', "");
        text.parse::<u64>().unwrap()
    };
    for class in ["matched", "missing", "extra", "changed", "time_shifted", "retyped", "misfiled"] {
        assert_eq!(Value::from(shown(&format!(r#"data-class="{class}"#))), document[class], "{class}");
    }
    assert_eq!((shown(r#"data-fact="control"#), shown(r#"data-fact="candidate"#)), (39, 37));
    let differences: u64 =
        document["by_cause"].as_array().unwrap().iter().map(|cause| cause["count"].as_u64().unwrap()).sum();
    assert_eq!(differences, 6);
    assert_eq!((shown(r#"data-fact="differences"#), shown(r#"data-fact="map-total"#)), (6, 6));
    assert_eq!(
        rows(&page).len(),
        6,
        "also those that are not among the {} listed",
        comparison.differences.len()
    );
    for day in document["by_day"].as_array().unwrap() {
        let row =
            between(&page, &format!(r#"<th scope="row">{}</th>"#, day["day"].as_str().unwrap()), "</tr>");
        for side in ["control", "candidate"] {
            assert!(row.contains(&format!(">{}</td>", day[side])), "{row}");
        }
    }
}

#[test]
fn the_verdict_comes_first_in_one_sentence_with_its_reasons() {
    let different = with_differences();
    let page_of_different = page(&different);
    let first = between(&page_of_different, "<main", "</ul>");
    assert!(first.contains("The logs do not agree: there are 6 differences among 39 events of the control."));
    for reason in &different.reasons {
        assert!(first.contains(&format!("<li>{reason}</li>")), "{first}");
    }
    let consistent = page(&compared((0..9).map(event), (0..9).map(event)));
    assert!(consistent.contains("Both logs agree: 9 events are the same on both sides."));
    let nothing = page(&compared(std::iter::empty(), std::iter::empty()));
    assert!(
        nothing.contains("Whether the logs agree cannot be said: the control holds no event in the range")
    );
}

#[test]
fn a_verdict_without_a_counted_difference_is_told_by_its_reason() {
    let mut comparison = compared((0..9).map(event), (0..9).map(event));
    comparison.verdict = Verdict::Different;
    comparison.reasons = vec!["the clocks are 3h apart".to_owned(); 25];
    let outcome = Outcome::from(&comparison);
    assert_eq!(outcome.sentence, "The logs do not agree: the clocks are 3h apart.");
    assert_eq!((outcome.reasons.len(), outcome.more_reasons), (20, 5));
}

#[test]
fn what_a_log_says_is_text_wherever_it_stands() {
    let evil = |number: u32, name: &str| {
        let text = serde_json::to_string(&format!("{name} {EVIL}")).unwrap();
        event(number).replace(&format!("\"{name}\""), &text)
    };
    let control = [evil(0, "TaskCreated"), evil(1, "T1"), evil(2, "title 2"), evil(3, "title 3")];
    let mut comparison = compared(control.into_iter(), [event(2)].into_iter());
    comparison.reasons.push(EVIL.to_owned());
    comparison.control.path = EVIL.into();
    let page = page(&comparison);
    assert!(
        !page.contains("<img") && !page.contains("<script>alert") && !page.contains('\u{202e}'),
        "{page}"
    );
    assert_eq!(page.matches("<script").count(), 2, "the rows, and the script of the page");
    let rows = rows(&page);
    let shown = EVIL.replace('\u{202e}', "\\u{202e}");
    assert_eq!(rows[0]["type"], format!("TaskCreated {shown}"));
    assert_eq!(rows[1]["aggregate"], format!("T1 {shown}"));
    assert!(rows[2]["fields"][0]["control"].as_str().unwrap().contains("<img src=x onerror=alert(2)>"));
    assert!(rows[3]["control"]["record"].as_str().unwrap().contains("</script><script>"));
    assert!(page.contains("what was &#60;said&#62;"));
}

#[test]
fn a_page_without_differences_says_so_and_is_small() {
    let page = page(&compared((0..40).map(event), (0..40).map(event)));
    assert!(page.contains("There are no differences.") && !page.contains(r#"id="rows""#));
    assert!(page.len() < 60_000, "{} bytes", page.len());
}

#[test]
fn of_more_than_ten_thousand_differences_the_first_are_shown_and_the_others_counted() {
    let mut comparison = with_differences();
    let one = comparison.differences[0].clone();
    comparison.more_differences = vec![one; 12_000];
    let missing = &mut comparison.by_day[0].counts.missing;
    *missing += 12_000 - 5;
    let page = page(&comparison);
    assert_eq!(rows(&page).len(), 10_000);
    assert!(page.contains(
        "The first 10,000 of 12,001 differences, the earliest first. 2,001 more are counted above"
    ));
    assert!(page.contains("<caption>The first 100 of 12,001 differences, the earliest first.</caption>"));
    assert_eq!(between(&page, r#"<div id="plain">"#, "</div>\n<script").matches("<tr role").count(), 101);
    assert!(page.len() < 8_000_000, "{} bytes", page.len());
}

#[test]
fn the_page_is_known_as_a_report_and_its_policy_lets_its_own_style_and_script_in_alone() {
    let page = page(&with_differences());
    assert!(page.starts_with(MARK));
    let policy = between(&page, r#"Content-Security-Policy" content=""#, "\"");
    let hash = |text: &str| format!("&#39;sha256-{}&#39;", BASE64.encode(&Sha256::digest(text)));
    assert!(policy.starts_with("default-src &#39;none&#39;;"), "{policy}");
    assert!(policy.contains(&hash(between(&page, "<style>", "</style>"))), "{policy}");
    assert!(policy.contains(&hash(between(&page, "<script>", "</script>"))), "{policy}");
    for elsewhere in
        ["http:", "https:", "url(", "@import", "href=\"/", "src=", "style=\"", "onclick", "innerHTML"]
    {
        assert!(!page.contains(elsewhere), "{elsewhere}");
    }
}

#[test]
fn names_that_are_referred_to_are_there_once() {
    let page = page(&with_differences());
    let mut ids: Vec<&str> = page.split(" id=\"").skip(1).filter_map(|rest| rest.split('"').next()).collect();
    let count = ids.len();
    ids.sort_unstable();
    ids.dedup();
    assert_eq!(ids.len(), count, "{ids:?}");
    for reference in ["for=\"", "aria-labelledby=\"", "href=\"#"] {
        let names = page.split(reference).skip(1).filter_map(|rest| rest.split('"').next());
        names.for_each(|name| assert!(ids.contains(&name), "{reference}{name}"));
    }
    let headings = page.matches("<th ").count();
    assert_eq!(page.matches("<th scope=").count(), headings, "each heading says of what it is one");
}
