//! A file that is put in the place of another one.

use super::*;

#[test]
fn a_rotation_keeps_the_last_line_and_its_number_and_every_handle_goes_on() {
    let test = TestOutbox::new();
    let handles = [test.handle(), test.handle()];
    append(&handles[0], 1..=5);
    for handle in &handles {
        assert_eq!(numbers(&handle.read_after(0, 9).unwrap()), [1, 2, 3, 4, 5]);
    }
    handles[1].cross_out(5).unwrap();
    handles[0].rotate(5).unwrap();
    let last = OutboxLine { is_crossed_out: true, ..line(5) };
    for handle in handles.iter().chain([&test.handle()]) {
        assert_eq!((handle.head().unwrap(), handle.last().unwrap()), (5, Some(last.clone())));
        assert_eq!(handle.read_after(5, 9).unwrap(), []);
        assert_eq!(handle.read_after(4, 9).unwrap(), std::slice::from_ref(&last));
        let error = handle.read_after(3, 9).unwrap_err().to_string();
        assert!(error.contains("the line of number 4 is not in"), "{error}");
    }
    append(&handles[1], 6..=6);
    append(&handles[0], 7..=7);
    assert_eq!(handles[1].read_after(5, 9).unwrap(), [line(6), line(7)]);
}

#[test]
fn a_new_file_that_is_longer_than_the_former_one_is_noticed_too() {
    let test = TestOutbox::new();
    let (writer, other, reader) = (test.handle(), test.handle(), test.handle());
    append(&writer, 1..=2);
    append(&other, 3..=3);
    assert_eq!(numbers(&reader.read_after(0, 9).unwrap()), [1, 2, 3]);
    writer.rotate(3).unwrap();
    append(&writer, 4..=9);
    assert_eq!(reader.read_after(3, 9).unwrap(), (4..=9).map(line).collect::<Vec<_>>());
    append(&other, 10..=10);
    assert_eq!(writer.read_after(9, 9).unwrap(), [line(10)]);
}

#[test]
fn nothing_is_rotated_that_is_short_or_has_lines_that_are_left() {
    let test = TestOutbox::new();
    let outbox = test.handle();
    append(&outbox, 1..=1);
    let text = test.text();
    outbox.rotate(1).unwrap();
    assert_eq!(test.text(), text, "it is short");
    append(&outbox, 2..=5);
    let text = test.text();
    for up_to in [0, 4, 6] {
        outbox.rotate(up_to).unwrap();
        assert_eq!(test.text(), text, "{up_to}");
    }
}

#[test]
fn a_reader_of_the_former_file_reads_all_lines_of_the_new_one() {
    let test = TestOutbox::new();
    let (writer, reader) = (test.handle(), test.handle());
    let mut read = 0;
    for number in 1..=60 {
        append(&writer, number..=number);
        if number % 4 == 0 {
            for line in reader.read_after(read, 3).unwrap() {
                read += 1;
                assert_eq!(line.number, read);
            }
        }
        if number % 10 == 0 {
            while read < number {
                read += reader.read_after(read, 3).unwrap().len() as u64;
            }
            writer.rotate(read).unwrap();
            assert!(writer.bytes().unwrap() < 300);
        }
    }
}

#[test]
fn a_rotation_that_was_cut_off_before_the_new_file_was_in_place_leaves_the_old_one() {
    let test = TestOutbox::new();
    append(&test.handle(), 1..=5);
    let text = test.text();
    let last = text[..text.len() - 1].iter().rposition(|byte| *byte == b'\n').unwrap() + 1;
    let new = test.path().with_file_name("outbox.jsonl.new");
    for length in [0, 10, text.len() - last] {
        fs::write(&new, &text[last..last + length]).unwrap();
        assert_eq!(test.handle().read_after(0, 9).unwrap(), (1..=5).map(line).collect::<Vec<_>>());
    }
    let outbox = test.handle();
    outbox.rotate(5).unwrap();
    assert_eq!(test.text(), text[last..]);
    assert!(!new.exists());
}

#[test]
fn a_rotation_that_fails_leaves_the_file_as_it_was() {
    let test = TestOutbox::new();
    let outbox = test.handle();
    append(&outbox, 1..=5);
    let text = test.text();
    fs::create_dir(test.path().with_file_name("outbox.jsonl.new")).unwrap();
    let error = outbox.rotate(5).unwrap_err().to_string();
    assert!(error.starts_with("could not write "), "{error}");
    assert_eq!(test.text(), text);
    append(&outbox, 6..=6);
    assert_eq!(numbers(&outbox.read_after(4, 9).unwrap()), [5, 6]);
}
