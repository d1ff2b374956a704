//! Damaged logs that are read in several steps, while they grow, and at once.

use proptest::collection::vec;
use proptest::sample::Index;

use super::wrapper_object::under_records;
use super::*;
use crate::application::log_source::{LogFormat, ResumePoint};
use crate::property_cases::cases;

#[path = "../../../../tests/damaged_logs/mod.rs"]
mod damaged_logs;

use damaged_logs::damaged_log;

/// A record or a reject, with all of its bytes.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Item {
    line: u64,
    offset: u64,
    bytes: String,
    is_event: bool,
    what: String,
}

/// What is known of a log after some of it was read: as a store knows it.
#[derive(Default)]
struct Known {
    items: Vec<Item>,
    read_to: Option<(LogFormat, ResumePoint)>,
}

impl Known {
    /// Reads what the log has grown by.
    fn read_on(&mut self, log: &[u8], mapping: &Mapping) {
        let content = Trickle { bytes: io::Cursor::new(log.to_vec()), step: 61 };
        let window = ByteWindow::new(Path::new("log"), Box::new(content));
        // As long as an object goes on that holds all of its lines, they can be those of an indented log.
        let Ok(mut source) = read_log(window, None, mapping) else { return };
        let known_to = match &self.read_to {
            None => 0,
            Some((format, point)) => {
                assert!(*format == source.format() || point.offset == 0, "it is written otherwise");
                assert!(source.resume_at(point).unwrap());
                point.offset
            }
        };
        let read_again = self.items.iter().position(|item| item.offset >= known_to);
        let read_again = self.items.split_off(read_again.unwrap_or(self.items.len()));
        assert!(read_again.iter().all(|item| !item.is_event), "an event is for ever: {read_again:#?}");

        let zone = Zone::utc();
        let mut reader = RecordReader::with_mapping(&zone, DstPolicy::Resolve, mapping);
        let mut offset = known_to;
        while let Some(piece) = source.next_piece(&mut reader).unwrap() {
            assert_eq!(piece.place.offset, offset);
            assert_eq!(piece.bytes, &log[offset as usize..][..piece.bytes.len()]);
            offset += piece.bytes.len() as u64;
            let (is_event, what) = match piece.content {
                PieceContent::Record(record) => (true, record.event_type.into_owned()),
                PieceContent::Reject(reject) => {
                    (false, format!("{}: {}", reject.reason(), reject.sentence()))
                }
                PieceContent::RejectContinued => {
                    self.items.last_mut().unwrap().bytes += &String::from_utf8_lossy(piece.bytes);
                    continue;
                }
                PieceContent::Layout => continue,
            };
            self.items.push(Item {
                line: piece.place.line,
                offset: piece.place.offset,
                bytes: String::from_utf8_lossy(piece.bytes).into_owned(),
                is_event,
                what,
            });
        }
        assert_eq!(offset, log.len() as u64);
        self.read_to = Some((source.format(), source.resume_point()));
    }
}

/// What the log holds, read at once; `None` where it is no log.
fn at_once(log: &[u8], mapping: &Mapping) -> Option<Vec<Item>> {
    let mut known = Known::default();
    known.read_on(log, mapping);
    known.read_to.map(|_| known.items)
}

proptest! {
    #[test]
    fn a_log_that_is_read_while_it_grows_is_what_it_is_when_it_is_read_at_once(
        (log, is_held) in damaged_log(),
        steps in prop_oneof![vec(any::<Index>(), 1), vec(any::<Index>(), 2), vec(any::<Index>(), 5)],
    ) {
        let mapping = if is_held { under_records() } else { Mapping::BuiltIn };
        let Some(at_once) = at_once(&log, &mapping) else { return Ok(()) };
        let mut lengths: Vec<usize> = steps.iter().map(|step| step.index(log.len() + 1)).collect();
        lengths.sort_unstable();
        let mut in_steps = Known::default();
        for length in lengths {
            in_steps.read_on(&log[..length], &mapping);
        }
        in_steps.read_on(&log, &mapping);
        prop_assert_eq!(in_steps.items, at_once);
    }
}

proptest! {
    // A case is as many readings as the log has bytes.
    #![proptest_config(cases(32))]

    /// Every length once: what one step gets wrong shows.
    #[test]
    fn a_log_that_is_read_whenever_it_has_a_byte_more_is_what_it_is_when_it_is_read_at_once(
        (log, is_held) in damaged_log(),
    ) {
        let mapping = if is_held { under_records() } else { Mapping::BuiltIn };
        let Some(at_once) = at_once(&log, &mapping) else { return Ok(()) };
        let mut in_steps = Known::default();
        for length in 0..=log.len() {
            in_steps.read_on(&log[..length], &mapping);
        }
        prop_assert_eq!(in_steps.items, at_once);
    }
}
