//! Logs in every layout, with every kind of damage, into new stores and into filled ones.

use super::{DATABASE, comes_back, import};
use crate::support::cli::write;
use crate::support::test_dir::TestDir;

const A: &str = r#"{"type": "A", "task_id": "T1", "timestamp": "2025-10-25T10:00:00Z"}"#;
const B: &str = r#"{"event_id": "b", "event_type": "B", "timestamp": "2025-10-25T11:00:00Z", "n": [NaN, 1.10, "\ud800"]}"#;
/// The same event as [`B`], in another spelling, and another event under its id.
const B_RESPELLED: &str =
    r#"{ "event_type":"B","event_id":"\u0062","timestamp":"2025-10-25T11:00:00Z","n":[NaN,1.1,"\uD800"] }"#;
const B_CONFLICTING: &str =
    r#"{"event_id": "b", "event_type": "B", "timestamp": "2025-10-25T11:00:00Z", "n": 0}"#;
const NO_TYPE: &str = r#"{"timestamp": "2025-10-25T10:00:00Z"}"#;
const INDENTED: &str = "{\r\n    \"type\": \"A\",\r\n    \"timestamp\": \"2025-10-25\"\r\n  }";

/// Names and contents of logs.
fn logs() -> Vec<(&'static str, Vec<u8>)> {
    let texts = [
        ("empty.jsonl", String::new()),
        ("blank.jsonl", " \n\n\t\r\n".to_owned()),
        ("empty.json", String::new()),
        ("empty_array.json", "[]".to_owned()),
        ("blank_array.json", "\u{feff} [ \n ]\n\n".to_owned()),
        ("lines.jsonl", format!("{A}\n{B}\n{A}\n{B}\n{B_RESPELLED}\n")),
        ("no_last_newline.jsonl", format!("{A}\n{B}")),
        ("bom_and_crlf.jsonl", format!("\u{feff}{A}\r\n{B}\r\n{A}\r\n")),
        ("mixed_line_ends.jsonl", format!("{A}\r\n{B}\n{A}\n\n\n  {B} \t\n{A}")),
        ("rejects.jsonl", format!("{A}\n{NO_TYPE}\nnonsense\n{B}\n{B_CONFLICTING}\n42\n{A}{B}\n")),
        ("torn.jsonl", format!("{A}\n{B}\n{{\"type\": \"A\", \"times")),
        ("only_rejects.jsonl", format!("x\n{NO_TYPE}\n\ny")),
        ("compact.json", format!("[{A},{B},{A},{B_RESPELLED}]")),
        ("as_python_writes.json", format!("[{A}, {B}, {A}, {B}]")),
        ("indented.json", format!("[\n  {A},\n  {B},\n  {INDENTED},\n  {A}\n]\n")),
        ("layouts.json", format!("\r\n[{A} ,{B}\t,\n\n{INDENTED},{A}\n ,{B}]\r\n \n")),
        ("rejects.json", format!("[{A}, {NO_TYPE}, 42, {B}, {{\"a\": }}, {B_CONFLICTING}, {A}]")),
        ("missing_comma.json", format!("[{A} {B}, {A}]")),
        ("missing_commas_before_rejects.json", format!("[{B} {B_CONFLICTING}, {A} {NO_TYPE}, {A}]")),
        ("trailing_comma.json", format!("[{A}, {B},]")),
        ("torn.json", format!("[{A}, {B}, {{\"type\": \"A\", \"ti")),
        ("torn_after_a_record.json", format!("[{A}, {B}")),
        ("torn_after_a_comma.json", format!("[{A}, {B}, ")),
        ("more_after_the_array.json", format!("[{A}, {B}] [{A}]")),
        ("quote_never_closes.json", format!("[{A}, {{\"type\": \"A, \"n\": 1}},\n {B},\n {A}]")),
    ];
    let mut logs: Vec<(&str, Vec<u8>)> = texts.into_iter().map(|(name, text)| (name, text.into())).collect();
    logs.push((
        "not_utf_8.jsonl",
        [A.as_bytes(), b"\n{\"type\": \"\xff\"}\n\xfe\xfe\n", B.as_bytes()].concat(),
    ));
    logs
}

fn write_all(dir: &TestDir) -> Vec<&'static str> {
    for (name, content) in logs() {
        write(dir, name, content);
    }
    logs().into_iter().map(|(name, _)| name).collect()
}

#[test]
fn a_log_in_any_layout_comes_back_from_a_new_store() {
    for (name, content) in logs() {
        let dir = TestDir::new();
        write(&dir, name, content);
        import(&dir, name);
        assert_eq!(comes_back(&dir).files.len(), 1, "{name}");
    }
}

#[test]
fn logs_in_all_layouts_come_back_from_one_store_that_was_built_in_bulk() {
    let dir = TestDir::new();
    let names = write_all(&dir);
    import(&dir, &names.join(" "));
    assert_eq!(comes_back(&dir).files.len(), names.len());
}

#[test]
fn logs_in_all_layouts_come_back_from_a_store_that_was_filled_batch_by_batch() {
    let dir = TestDir::new();
    let names = write_all(&dir);
    for name in &names {
        import(&dir, name);
    }
    assert_eq!(comes_back(&dir).files.len(), names.len());
}

#[test]
fn a_log_that_was_imported_twice_is_written_once() {
    let dir = TestDir::new();
    let names = write_all(&dir);
    for _ in 0..2 {
        import(&dir, &names.join(" "));
    }
    let report = comes_back(&dir);
    assert_eq!(report.files.len(), names.len());
    assert_eq!(report.left_out, []);
}

#[test]
fn a_copy_of_a_log_in_another_folder_and_another_layout_comes_back_as_well() {
    let dir = TestDir::new();
    write(&dir, "a/events.json", format!("[{A}, {B}, {A}]"));
    write(&dir, "b/events.json", format!("[\n  {B_RESPELLED},\n  {A},\n  {A}\n]\n"));
    import(&dir, "a/events.json");
    import(&dir, "b/events.json");
    assert_eq!(comes_back(&dir).files.len(), 2);
}

#[test]
fn a_log_of_many_batches_comes_back() {
    let dir = TestDir::new();
    let mut text = String::from("\u{feff}");
    for number in 0..5_000 {
        let record = match number % 7 {
            0 => NO_TYPE.to_owned(),
            1 => A.to_owned(),
            2 => B_RESPELLED.to_owned(),
            3 => "damage".to_owned(),
            _ => A.replace("T1", &format!("T{number}")),
        };
        text += &(record + if number % 100 == 0 { "\r\n" } else { "\n" });
    }
    write(&dir, "seed.jsonl", B);
    write(&dir, "a.jsonl", &text);
    import(&dir, "a.jsonl");
    assert_eq!(comes_back(&dir).files[0].records, 5_000);
    std::fs::remove_dir_all(dir.join("out")).unwrap();
    std::fs::remove_file(dir.join(DATABASE)).unwrap();
    import(&dir, "seed.jsonl");
    import(&dir, "a.jsonl");
    comes_back(&dir);
}
