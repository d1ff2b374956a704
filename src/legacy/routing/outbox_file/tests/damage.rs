//! Lines that are not whole, or are missing.

use super::*;

/// An outbox of three lines, and where the last one begins.
fn three_lines() -> (TestOutbox, usize) {
    let test = TestOutbox::new();
    append(&test.handle(), 1..=2);
    let start = test.text().len();
    append(&test.handle(), 3..=3);
    (test, start)
}

#[test]
fn a_last_line_that_was_cut_off_at_any_byte_is_set_aside_by_the_next_append_and_its_number_is_given_again() {
    let (whole, start) = three_lines();
    let text = whole.text();
    for length in start..text.len() {
        let test = TestOutbox::new();
        let known = test.handle();
        append(&known, 1..=2);
        fs::write(test.path(), &text[..length]).unwrap();
        for outbox in [known, test.handle()] {
            assert_eq!((outbox.head().unwrap(), outbox.last().unwrap()), (2, Some(line(2))), "{length}");
            assert_eq!(outbox.read_after(0, 9).unwrap(), [line(1), line(2)]);
            assert_eq!(outbox.read_after(2, 9).unwrap(), []);
        }
        let outbox = test.handle();
        append(&outbox, 3..=4);
        assert_eq!(outbox.read_after(2, 9).unwrap(), [line(3), line(4)]);
        let torn = &text[start..length];
        assert_eq!(test.torn().concat(), torn);
        assert_eq!(test.torn().len(), usize::from(!torn.is_empty()));
    }
}

#[test]
fn zeros_in_the_last_line_as_after_a_power_cut_are_a_torn_line() {
    let (whole, start) = three_lines();
    let text = whole.text();
    for zeros in [start..start + 1, start + 40..text.len(), text.len() - 2..text.len() - 1, start..text.len()]
    {
        let test = TestOutbox::new();
        append(&test.handle(), 1..=1);
        let mut damaged = text.clone();
        damaged[zeros].fill(0);
        fs::write(test.path(), &damaged).unwrap();
        assert_eq!(test.handle().head().unwrap(), 2);
        assert_eq!(test.handle().read_after(1, 9).unwrap(), [line(2)]);
        assert_eq!(test.handle().read_after(2, 9).unwrap(), []);
        append(&test.handle(), 3..=3);
        assert_eq!(test.text(), text);
        assert_eq!(test.torn(), [damaged[start..].to_vec()]);
    }
}

#[test]
fn a_first_line_that_was_cut_off_is_set_aside_too() {
    let test = TestOutbox::new();
    append(&test.handle(), 1..=1);
    let text = test.text();
    fs::write(test.path(), &text[..50]).unwrap();
    assert_eq!((test.handle().head().unwrap(), test.handle().read_after(0, 9).unwrap()), (0, Vec::new()));
    append(&test.handle(), 1..=1);
    assert_eq!((test.text(), test.torn()), (text.clone(), vec![text[..50].to_vec()]));
}

#[test]
fn damage_before_other_lines_is_an_error_with_its_line_and_byte_after_the_lines_before_it() {
    let (test, _) = three_lines();
    let mut text = test.text();
    let second = text.iter().position(|byte| *byte == b'\n').unwrap() + 1;
    text[second + 20] = b'?';
    fs::write(test.path(), &text).unwrap();
    let outbox = test.handle();
    assert_eq!(outbox.read_after(0, 9).unwrap(), [line(1)]);
    for outbox in [outbox, test.handle()] {
        let error = outbox.read_after(1, 9).unwrap_err().to_string();
        let expected = format!("line 2 of {} is damaged at byte {}", test.path().display(), second + 17);
        assert!(error.starts_with(&expected), "{error}");
        assert!(error.contains("move the file away"), "{error}");
    }
    assert_eq!(test.handle().head().unwrap(), 3, "what is dispatched is noted all the same");
    append(&test.handle(), 4..=4);
}

#[test]
fn a_number_that_does_not_follow_is_damage() {
    let (test, start) = three_lines();
    let text = test.text();
    let first = text.iter().position(|byte| *byte == b'\n').unwrap() + 1;
    fs::write(test.path(), [&text[..first], &text[start..]].concat()).unwrap();
    let error = test.handle().read_after(1, 9).unwrap_err().to_string();
    assert!(error.contains("expected \"the line of number 2\", found"), "{error}");
}

#[test]
fn lines_that_were_there_and_are_not_are_an_error() {
    let (test, _) = three_lines();
    let outbox = test.handle();
    assert_eq!(numbers(&outbox.read_after(0, 9).unwrap()), [1, 2, 3]);
    for (after, said) in [(4, "the line of number 4 is not in"), (9, "where the nearest one is 3")] {
        let error = outbox.read_after(after, 9).unwrap_err().to_string();
        assert!(error.contains(said), "{error}");
    }
    fs::remove_file(test.path()).unwrap();
    let error = outbox.read_after(3, 9).unwrap_err().to_string();
    assert!(error.contains("which has no lines: put the file back"), "{error}");
    append(&outbox, 1..=1);
    assert!(outbox.read_after(3, 9).is_err());
    assert_eq!(outbox.read_after(0, 9).unwrap(), [line(1)]);
}
