//! The page, as steps; and how an output is held to what is shown of it.

use super::super::examples::shows;
use super::super::markdown::{Part, blocks, parts};

/// A step of the page.
pub struct Step {
    pub number: usize,
    pub title: String,
    pub command: String,
    /// What it prints when all is well, then what it prints when not.
    pub shown: Vec<Shown>,
}

/// An output, and the exit code that is named before it.
pub struct Shown {
    pub exit_code: i32,
    pub text: String,
}

/// The steps of a page, numbered from 1, of one command each: there is no other command on it.
pub fn steps(page: &str) -> Vec<Step> {
    let sections = page.split("\n### ").skip(1);
    let steps: Vec<Step> = sections.map(|section| step(section.split("\n## ").next().unwrap())).collect();
    let numbers: Vec<usize> = steps.iter().map(|step| step.number).collect();
    assert_eq!(numbers, (1..=steps.len()).collect::<Vec<_>>());
    let count = |language| blocks(page).filter(|block| block.language == language).count();
    let shown: usize = steps.iter().map(|step| step.shown.len()).sum();
    assert_eq!((count("sh"), count("text")), (steps.len(), shown), "a block stands outside of the steps");
    assert_eq!(blocks(page).count(), steps.len() + shown + 1, "the others are the settings alone");
    steps
}

fn step(section: &str) -> Step {
    let (heading, body) = section.split_once('\n').unwrap();
    let (number, title) = heading.split_once(". ").unwrap();
    let (mut commands, mut shown, mut prose) = (Vec::new(), Vec::new(), String::new());
    for part in parts(body) {
        match part {
            Part::Prose(text) => prose = text,
            Part::Block(block) if block.language == "sh" => commands.push(block.text),
            Part::Block(block) => {
                let digits = |rest: &str| rest.chars().take_while(char::is_ascii_digit).collect::<String>();
                let code = prose.split_once("exit code ").map(|(_, rest)| digits(rest));
                let exit_code =
                    code.unwrap_or_else(|| panic!("{heading}: no exit code is named")).parse().unwrap();
                shown.push(Shown { exit_code, text: block.text });
            }
        }
    }
    assert_eq!(commands.len(), 1, "{heading}: a step is one command");
    let is_elsewhere = body.contains("Not: as in step ");
    assert!(
        shown.len() > 1 || is_elsewhere,
        "{heading}: it does not say what is printed when not all is well"
    );
    Step { number: number.parse().unwrap(), title: title.to_owned(), command: commands.remove(0), shown }
}

/// Whether an output is what is shown, but for what varies.
pub fn as_shown(shown: &str, printed: &str) -> bool {
    shows(&without_what_varies(shown), &without_what_varies(printed))
}

fn without_what_varies(text: &str) -> String {
    text.lines().map(|line| without_what_varies_in(line) + "\n").collect()
}

/// The words of a line, with one space between them: the widths of columns vary with what stands in them.
fn without_what_varies_in(line: &str) -> String {
    let words: Vec<&str> = line.split(' ').filter(|word| !word.is_empty()).collect();
    let indent = if line.starts_with(' ') { "  " } else { "" };
    let kept = (0..words.len()).map(|at| {
        let before = at.checked_sub(1).map(|at| words[at]);
        stand_in(words[at], before, words.get(at + 1).copied())
    });
    indent.to_owned() + &kept.collect::<Vec<_>>().join(" ")
}

/// A word, or what stands for it where it varies: an id, a time or a day, a number of bytes or milliseconds, a place in a file, a process.
fn stand_in(word: &str, before: Option<&str>, after: Option<&str>) -> String {
    let is_number = word.starts_with(|c: char| c.is_ascii_digit());
    let unit = after.unwrap_or_default();
    let is_measured =
        ["bytes", "ms"].iter().any(|measure| unit.starts_with(measure)) || unit.ends_with("_events");
    if is_number && (is_measured || before == Some("byte")) {
        return "N".to_owned();
    }
    if is_number && word.len() == 36 && word.split('-').count() == 5 {
        return "ID".to_owned();
    }
    match word.split_once('T') {
        Some((day, time)) if is_day(day) && time.starts_with(|c: char| c.is_ascii_digit()) => {
            "TIME".to_owned()
        }
        _ => {
            let starts = (0..word.len()).filter(|at| word.get(*at..at + 10).is_some_and(is_day));
            starts.fold(word.to_owned(), |word, at| format!("{}YYYY-MM-DD{}", &word[..at], &word[at + 10..]))
        }
    }
}

fn is_day(text: &str) -> bool {
    let digit = |at: usize, c: char| if at == 4 || at == 7 { c == '-' } else { c.is_ascii_digit() };
    text.len() == 10 && text.chars().enumerate().all(|(at, c)| digit(at, c))
}

#[test]
fn an_output_is_as_shown_but_for_times_sizes_and_ids() {
    for (shown, printed, same) in [
        ("on 2025-10-13: 2 events\n", "on 2026-01-01: 2 events\n", true),
        ("on 2025-10-13: 2 events\n", "on 2026-01-01: 3 events\n", false),
        ("a 5 ms (2025-10-13 to 2025-10-14)\n", "a   71 ms  (2026-01-01 to 2026-01-02)\n", true),
        (
            "event 01a21d54-55c4-700f-ad3f-72d1c7aa21c1 at 4\n",
            "event 01a21d55-0000-700f-ad3f-72d1c7aa21c1 at 4\n",
            true,
        ),
        ("at 2025-10-13T09:00:00 byte 17\n", "at 2026-10-13T09:00:00.1+00:00 byte 18\n", true),
        ("  4711  parallel_events\n", "  1  parallel_events\n", true),
        ("  done\n", "done\n", false),
    ] {
        assert_eq!(as_shown(shown, printed), same, "{shown}{printed}");
    }
}
