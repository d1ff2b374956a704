//! Durations as people read them: `2s`, `4ms`, `1h 30m`.

use jiff::SignedDuration;

/// A duration as precise as it matters, without its sign: to the second from a minute on, to the millisecond from
/// a second on.
pub fn rounded(micros: i64) -> String {
    let micros = micros.unsigned_abs();
    let unit = match micros {
        0..1_000_000 => 1,
        1_000_000..60_000_000 => 1_000,
        _ => 1_000_000,
    };
    let micros = micros / unit * unit;
    format!("{:#}", SignedDuration::from_micros(i64::try_from(micros).unwrap_or(i64::MAX)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_duration_is_shown_in_the_units_that_it_fills() {
        for (micros, text) in [
            (0, "0s"),
            (999, "999µs"),
            (-4_000, "4ms"),
            (1_500_000, "1s 500ms"),
            (10_800_000_000, "3h"),
            (90_061_000_000, "25h 1m 1s"),
        ] {
            assert_eq!(rounded(micros), text);
        }
    }

    #[test]
    fn a_long_duration_is_rounded_down_to_what_matters() {
        for (micros, text) in [
            (4_321, "4ms 321µs"),
            (1_234_567, "1s 234ms"),
            (7_203_123_456, "2h 3s"),
            (i64::MIN, "2562047788h 54s"),
        ] {
            assert_eq!(rounded(micros), text);
        }
    }
}
