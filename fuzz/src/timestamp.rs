//! Any text as a timestamp.

use std::str::from_utf8;
use std::sync::LazyLock;

use mission_events::internals::infrastructure::zones::load_zone;
use mission_events::internals::wire::instant::Instant;
use mission_events::internals::wire::local_time::{DstPolicy, LocalTimeResolver};
use mission_events::internals::wire::timestamp::WrittenTimestamp;
use mission_events::internals::wire::zone::Zone;

static ZONES: LazyLock<Vec<Zone>> = LazyLock::new(|| {
    let zone = |name| load_zone(name).expect("the zone is bundled");
    ["UTC", "Europe/Berlin", "Australia/Lord_Howe", "America/Sao_Paulo", "Pacific/Apia"].map(zone).into()
});

/// No zone was ever farther from UTC; a local time that does not exist is moved by the gap, which is a day in Samoa.
const FARTHEST_SECONDS: i64 = (16 + 24) * 3600;

/// Panics where the text is read otherwise than it should be.
pub fn check(bytes: &[u8]) {
    let Ok(text) = from_utf8(bytes) else { return };
    let written = match WrittenTimestamp::parse(text) {
        Ok(written) => written,
        Err(error) => {
            // What an error repeats of the text is bounded.
            assert!(error.to_string().len() < 600, "{error}");
            return;
        }
    };
    assert!(text.is_ascii() && text.len() >= 10, "{text}");
    assert_eq!(WrittenTimestamp::parse(text), Ok(written), "twice is the same");
    assert!(Instant::is_written(text), "{text}");
    for zone in &*ZONES {
        let resolved = LocalTimeResolver::new(zone, DstPolicy::Resolve).resolve(&written);
        let Ok((instant, _)) = resolved else { continue };
        let apart = (instant.timestamp_micros() - written.civil_micros()).abs() / 1_000_000;
        match written.offset_seconds() {
            Some(offset) => {
                assert_eq!(Ok(instant), written.at_offset(offset));
                assert_eq!(apart, i64::from(offset).abs());
            }
            None => assert!(apart <= FARTHEST_SECONDS, "{text} is {instant} in {zone:?}"),
        }
        // What is printed is read as the same instant, whatever the zone.
        let printed = instant.to_rfc3339();
        let again = WrittenTimestamp::parse(&printed).expect("what is printed is read");
        let again =
            LocalTimeResolver::new(zone, DstPolicy::Reject).resolve(&again).expect("it has an offset");
        assert_eq!(again.0, instant, "{printed}");
        if let Ok((strict, _)) = LocalTimeResolver::new(zone, DstPolicy::Reject).resolve(&written) {
            assert_eq!(strict, instant);
        }
    }
}
