//! Copies of few bytes. A call to copy them would cost more than the copy, so they are copied in steps of
//! fixed length, beyond their end, and what was too much is cut off again.

use super::span::Span;

const STEP: usize = 16;

/// Few bytes that are appended again and again.
#[derive(Debug, Clone)]
pub struct PaddedBytes {
    length: usize,
    /// The bytes, and zeros after them.
    steps: Box<[[u8; STEP]]>,
}

impl PaddedBytes {
    /// Those bytes.
    pub fn new(bytes: &[u8]) -> Self {
        let step = |bytes: &[u8]| std::array::from_fn(|at| bytes.get(at).copied().unwrap_or(0));
        Self { length: bytes.len(), steps: bytes.chunks(STEP).map(step).collect() }
    }

    /// Appends them.
    #[inline(always)]
    pub fn append_to(&self, out: &mut Vec<u8>) {
        let end = out.len() + self.length;
        for step in &self.steps {
            out.extend_from_slice(step);
        }
        out.truncate(end);
    }
}

/// Appends the bytes of a span, which mostly are few.
#[inline(always)]
pub(super) fn append(span: Span, text: &[u8], out: &mut Vec<u8>) {
    const FEW: usize = 128;
    if span.end - span.start > FEW {
        return out.extend_from_slice(span.of(text));
    }
    let end = out.len() + (span.end - span.start);
    let mut at = span.start;
    while out.len() < end {
        let Some(step) = text.get(at..).and_then(|rest| rest.first_chunk::<STEP>()) else {
            return out.extend_from_slice(&text[at..span.end]);
        };
        out.extend_from_slice(step);
        at += STEP;
    }
    out.truncate(end);
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn few_bytes_are_appended_as_they_are(
            before in proptest::collection::vec(any::<u8>(), 0..20),
            text in proptest::collection::vec(any::<u8>(), 0..300),
            ends in any::<[proptest::sample::Index; 2]>(),
        ) {
            let mut ends = ends.map(|end| end.index(text.len() + 1));
            ends.sort_unstable();
            let span = Span { start: ends[0], end: ends[1] };
            let expected = [&*before, span.of(&text)].concat();
            let mut out = before.clone();
            append(span, &text, &mut out);
            prop_assert_eq!(&out, &expected);
            let mut out = before;
            PaddedBytes::new(span.of(&text)).append_to(&mut out);
            prop_assert_eq!(out, expected);
        }
    }
}
