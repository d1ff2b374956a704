//! Contents of one side that may be anchors.
//!
//! Anchors are contents that occur exactly once on each side: the content alone tells which two events
//! belong together. Of many, a part is enough, if both sides choose the same one: each keeps the contents
//! with the smallest digests, whatever their order.

use std::collections::HashMap;

use foldhash::fast::RandomState;

/// What one side knows of possible anchors.
#[derive(Clone)]
pub(crate) struct AnchorSample {
    capacity: usize,
    /// Contents with a digest above are not looked at.
    pub threshold: u128,
    /// The time of each content, in microseconds; `None` where it came more than once, or its
    /// time is not sure.
    pub contents: HashMap<u128, Option<i64>, RandomState>,
}

impl AnchorSample {
    /// A sample of at most so many contents.
    pub fn new(capacity: usize) -> Self {
        Self { capacity, threshold: u128::MAX, contents: HashMap::default() }
    }

    /// Takes note of an event; its time is `None` where it is not sure.
    #[inline]
    pub fn observe(&mut self, content: u128, at: Option<i64>) {
        if content > self.threshold {
            return;
        }
        self.contents.entry(content).and_modify(|time| *time = None).or_insert(at);
        self.shrink();
    }

    /// Takes over what another part of the same side has shown.
    pub fn add(&mut self, other: Self) {
        self.threshold = self.threshold.min(other.threshold);
        for (content, at) in other.contents {
            self.contents.entry(content).and_modify(|time| *time = None).or_insert(at);
        }
        let threshold = self.threshold;
        self.contents.retain(|content, _| *content <= threshold);
        self.shrink();
    }

    fn shrink(&mut self) {
        while self.contents.len() > self.capacity {
            self.threshold /= 2;
            let threshold = self.threshold;
            self.contents.retain(|content, _| *content <= threshold);
        }
    }
}
