use std::fs::{File, OpenOptions};
use std::io::Write;
use std::time::{Duration, SystemTime};

use super::*;

/// Reads a log to its end; `meanwhile` happens when it is open.
fn read_while(name: &str, text: &[u8], meanwhile: impl FnOnce(&Path)) -> Result<usize, SourceError> {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join(name);
    std::fs::write(&path, text).unwrap();
    let mut source = open(&path);
    meanwhile(&path);
    let zone = Zone::utc();
    let mut reader = RecordReader::new(&zone, DstPolicy::Resolve);
    let mut records = 0;
    while let Some(piece) = source.next_piece(&mut reader)? {
        records += usize::from(matches!(piece.content, PieceContent::Record(_)));
    }
    Ok(records)
}

fn append(path: &Path) {
    let mut file = OpenOptions::new().append(true).open(path).unwrap();
    file.write_all(format!("{}\n", event("Late")).as_bytes()).unwrap();
}

fn touch(path: &Path) {
    let later = SystemTime::now() + Duration::from_secs(10);
    File::options().write(true).open(path).unwrap().set_modified(later).unwrap();
}

fn array() -> String {
    format!("[{}, {}]", event("A"), event("B"))
}

fn jsonl() -> String {
    format!("{}\n{}\n", event("A"), event("B"))
}

#[test]
fn a_log_that_is_not_written_to_is_not_changing() {
    assert_eq!(read_while("a.json", array().as_bytes(), |_| {}).unwrap(), 2);
    assert_eq!(read_while("a.jsonl", jsonl().as_bytes(), |_| {}).unwrap(), 2);
}

#[test]
fn what_is_appended_to_jsonl_while_it_is_read_is_left_for_the_next_time() {
    // More than is read when the log is opened.
    let long = jsonl().repeat(20_000);
    assert_eq!(read_while("a.jsonl", long.as_bytes(), append).unwrap(), 40_000);
}

#[test]
fn an_array_that_is_truncated_rewritten_or_touched_is_changing() {
    let text = array();
    let truncate = |path: &Path| drop(File::create(path).unwrap());
    let grow = |path: &Path| std::fs::write(path, format!("[{}, {0}, {0}]", event("A"))).unwrap();
    for (meanwhile, ended) in [
        (&truncate as &dyn Fn(&Path), None),
        (&grow, Some(event("A").len() * 3 + 6)),
        (&touch, Some(text.len())),
    ] {
        match read_while("a.json", text.as_bytes(), meanwhile) {
            Err(SourceError::Changing { opened, ended: now, .. }) => {
                assert_eq!(opened, text.len() as u64);
                assert_eq!(now, ended.unwrap_or(0) as u64);
            }
            other => panic!("{other:?}"),
        }
    }
}

#[test]
fn a_jsonl_log_that_shrinks_or_is_touched_is_changing() {
    let long = jsonl().repeat(20_000);
    let shrink = |path: &Path| OpenOptions::new().write(true).open(path).unwrap().set_len(10).unwrap();
    assert!(matches!(read_while("a.jsonl", long.as_bytes(), shrink), Err(SourceError::Changing { .. })));
    assert!(matches!(read_while("a.jsonl", jsonl().as_bytes(), touch), Err(SourceError::Changing { .. })));
}

#[test]
fn a_log_that_came_out_shorter_than_it_was_is_changing_even_if_it_has_grown_back() {
    let long = jsonl().repeat(20_000);
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.jsonl");
    std::fs::write(&path, &long).unwrap();
    let mut source = open(&path);
    File::options().write(true).open(&path).unwrap().set_len(10).unwrap();
    let zone = Zone::utc();
    let mut reader = RecordReader::new(&zone, DstPolicy::Resolve);
    let error = loop {
        match source.next_piece(&mut reader) {
            Ok(Some(piece)) if matches!(piece.content, PieceContent::Reject(_)) => {
                std::fs::write(&path, jsonl().repeat(30_000)).unwrap();
            }
            Ok(Some(_)) => {}
            Ok(None) => panic!("expected an error"),
            Err(error) => break error,
        }
    };
    assert!(matches!(error, SourceError::Changing { opened, .. } if opened == long.len() as u64));
}

#[cfg(unix)]
#[test]
fn a_log_in_whose_place_another_file_was_put_is_changing() {
    let replace = |path: &Path| {
        let modified = std::fs::metadata(path).unwrap().modified().unwrap();
        let copy = path.with_extension("new");
        std::fs::copy(path, &copy).unwrap();
        File::options().write(true).open(&copy).unwrap().set_modified(modified).unwrap();
        std::fs::rename(&copy, path).unwrap();
    };
    let replace_by_more = |path: &Path| {
        replace(path);
        append(path);
    };
    for meanwhile in [&replace as &dyn Fn(&Path), &replace_by_more] {
        for text in [jsonl(), array()] {
            assert!(matches!(
                read_while("log", text.as_bytes(), meanwhile),
                Err(SourceError::Changing { .. })
            ));
        }
    }
}

#[test]
fn a_compressed_log_may_not_grow_while_it_is_read() {
    let stored = zstd::encode_all(jsonl().as_bytes(), 0).unwrap();
    assert_eq!(read_while("a.jsonl.zst", &stored, |_| {}).unwrap(), 2);
    let grow = |path: &Path| {
        let again = zstd::encode_all(jsonl().as_bytes(), 0).unwrap();
        OpenOptions::new().append(true).open(path).unwrap().write_all(&again).unwrap();
    };
    assert!(matches!(read_while("a.jsonl.zst", &stored, grow), Err(SourceError::Changing { .. })));
}

#[test]
fn the_message_says_what_happened_and_what_to_do() {
    let error = SourceError::Changing { path: "data/events.json".into(), opened: 120, ended: 0 };
    assert_eq!(
        error.to_string(),
        "data/events.json is changing: it was 120 bytes when opened and 0 when read to its end; import it again when its writer is done"
    );
}

#[test]
fn what_is_no_log_is_said_to_be_what_it_is() {
    let folder = tempfile::tempdir().unwrap();
    for (bytes, said) in [
        (&b"SQLite format 3\0"[..], "it is a SQLite database: expected a JSON array or JSONL"),
        (
            b"\xff\xfe[\0",
            "it is UTF-16 from byte 0 on: expected UTF-8; convert it first (iconv -f UTF-16 -t UTF-8)",
        ),
    ] {
        let path = folder.path().join("log");
        std::fs::write(&path, bytes).unwrap();
        let Err(SourceError::NotALog { source, .. }) = open_log(&path, &Mapping::BuiltIn) else {
            panic!("{said}");
        };
        assert!(source.to_string().starts_with(said), "{source}");
    }
    let opened = |path: &Path| open_log(path, &Mapping::BuiltIn).err();
    assert!(matches!(opened(folder.path()), Some(SourceError::NotALog { .. })));
    assert!(matches!(opened(&folder.path().join("missing")), Some(SourceError::Io { action: "open", .. })));
    #[cfg(unix)]
    assert!(matches!(opened(Path::new("/dev/null")), Some(SourceError::NotALog { .. })));
}
