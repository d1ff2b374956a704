//! How long dispatches took, as a histogram.

use std::io::Cursor;
use std::time::Duration;

use data_encoding::BASE64;
use hdrhistogram::Histogram;
use hdrhistogram::serialization::{Deserializer, Serializer, V2Serializer};
use thiserror::Error;

/// Latencies differ by less than 0.1 % from what was recorded.
const DIGITS: u8 = 3;
/// What took longer is recorded as an hour, in microseconds.
const LONGEST: u64 = 3_600_000_000;

/// Latencies in whole microseconds, at least 1; those of several processes and minutes can be added. The values that it
/// tells are exact to three digits.
#[derive(Debug, Clone, Default)]
pub struct Latencies {
    /// `None` until the first one is recorded.
    histogram: Option<Histogram<u64>>,
}

/// Why a text is no histogram.
#[derive(Debug, Error)]
#[error("expected a histogram in the V2 form of HdrHistogram, in base64: {0}")]
pub struct InvalidHistogram(String);

impl Latencies {
    /// Adds one.
    pub fn record(&mut self, latency: Duration) {
        if self.histogram.is_none() {
            // These bounds are valid ones, so that there is one from here on.
            self.histogram = Histogram::new_with_bounds(1, LONGEST, DIGITS).ok();
        }
        if let Some(histogram) = &mut self.histogram {
            let micros = u64::try_from(latency.as_micros()).unwrap_or(u64::MAX);
            histogram.saturating_record(micros.max(1));
        }
    }

    /// Adds those of another one.
    pub fn add(&mut self, other: &Self) {
        match (&mut self.histogram, &other.histogram) {
            (_, None) => {}
            (None, Some(other)) => {
                let mut all = other.clone();
                all.auto(true);
                self.histogram = Some(all);
            }
            (Some(all), Some(other)) => {
                all.auto(true);
                // One that grows takes every value.
                let _ = all.add(other);
            }
        }
    }

    /// How many there are.
    pub fn count(&self) -> u64 {
        self.histogram.as_ref().map_or(0, Histogram::len)
    }

    /// The latency that this share of them, from 0 to 1, does not exceed, in microseconds; `None` where there is none.
    pub fn quantile(&self, share: f64) -> Option<u64> {
        self.if_any(|histogram| histogram.value_at_quantile(share))
    }

    /// The longest one, in microseconds.
    pub fn max(&self) -> Option<u64> {
        self.if_any(Histogram::max)
    }

    /// Their mean, in whole microseconds.
    pub fn mean(&self) -> Option<u64> {
        #[allow(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "a mean of microseconds up to an hour"
        )]
        self.if_any(|histogram| histogram.mean().round() as u64)
    }

    fn if_any<T>(&self, of: impl FnOnce(&Histogram<u64>) -> T) -> Option<T> {
        self.histogram.as_ref().filter(|histogram| !histogram.is_empty()).map(of)
    }

    /// The V2 form of HdrHistogram in base64, which its implementations in other languages read; `None` where there is no latency.
    pub fn to_base64(&self) -> Option<String> {
        let mut bytes = Vec::new();
        let written =
            self.if_any(|histogram| V2Serializer::new().serialize(histogram, &mut bytes).is_ok())?;
        written.then(|| BASE64.encode(&bytes))
    }

    /// Reads that form.
    ///
    /// # Errors
    /// It is something else, or followed by something else.
    pub fn from_base64(text: &str) -> Result<Self, InvalidHistogram> {
        let invalid = |detail: String| InvalidHistogram(detail);
        let bytes = BASE64.decode(text.as_bytes()).map_err(|error| invalid(error.to_string()))?;
        let mut cursor = Cursor::new(&bytes[..]);
        let histogram: Histogram<u64> =
            Deserializer::new().deserialize(&mut cursor).map_err(|error| invalid(format!("{error:?}")))?;
        match bytes.len() as u64 - cursor.position() {
            0 => Ok(Self { histogram: Some(histogram) }),
            more => Err(invalid(format!("{more} bytes follow it"))),
        }
    }
}

impl PartialEq for Latencies {
    fn eq(&self, other: &Self) -> bool {
        let of = |latencies: &Self| latencies.histogram.clone().filter(|histogram| !histogram.is_empty());
        of(self) == of(other)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn latencies(micros: impl IntoIterator<Item = u64>) -> Latencies {
        let mut latencies = Latencies::default();
        micros.into_iter().for_each(|micros| latencies.record(Duration::from_micros(micros)));
        latencies
    }

    #[test]
    fn quantiles_are_exact_to_three_digits() {
        let found = latencies(1..=100_000);
        for (share, expected) in [(0.5, 50_000.0), (0.99, 99_000.0), (1.0, 100_000.0)] {
            let off = (found.quantile(share).unwrap() as f64 - expected).abs() / expected;
            assert!(off < 0.001, "{share}: {off}");
        }
        assert!(found.mean().unwrap().abs_diff(50_000) < 50);
        assert_eq!(found.count(), 100_000);
    }

    #[test]
    fn where_nothing_was_recorded_there_is_nothing_to_tell() {
        let none = Latencies::default();
        assert_eq!((none.count(), none.quantile(0.5), none.max(), none.mean()), (0, None, None, None));
        assert_eq!(none.to_base64(), None);
    }

    #[test]
    fn what_is_added_is_what_would_have_been_recorded_together() {
        let mut sum = Latencies::default();
        for part in [latencies([3, 7_000]), Latencies::default(), latencies([90_000_000, 12])] {
            sum.add(&part);
        }
        assert_eq!(sum, latencies([3, 12, 7_000, 90_000_000]));
    }

    #[test]
    fn no_latency_is_too_short_or_too_long_to_be_counted() {
        let mut found = latencies([0, 1]);
        found.record(Duration::MAX);
        assert_eq!((found.count(), found.quantile(0.5)), (3, Some(1)));
        assert!(found.max().unwrap().abs_diff(LONGEST) <= LONGEST / 1_000);
    }

    #[test]
    fn its_text_gives_it_back_and_any_other_text_is_refused() {
        let found = latencies([1, 480, 480, 12_345, 90_000_000]);
        let text = found.to_base64().unwrap();
        assert_eq!(Latencies::from_base64(&text).unwrap(), found);
        let bytes = BASE64.decode(text.as_bytes()).unwrap();
        let refused = [
            String::new(),
            "no base64!".to_owned(),
            BASE64.encode(&bytes[..bytes.len() - 1]),
            BASE64.encode(&[&bytes[..], b"x"].concat()),
            BASE64.encode(b"a text that is longer than the header of a histogram is, by far"),
        ];
        for text in refused {
            assert!(Latencies::from_base64(&text).is_err(), "{text}");
        }
    }
}
