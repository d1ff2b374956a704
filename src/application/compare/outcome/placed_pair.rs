//! A pair by its places in the two logs, as the analysis of order needs it.

/// A pair by its places in the two logs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct PlacedPair {
    /// The hash of the aggregate.
    pub aggregate: u64,
    /// The ordinals of both events.
    pub control: u64,
    pub candidate: u64,
    /// The control's time, in microseconds.
    pub at: i64,
}

impl PlacedPair {
    /// Its length, packed.
    pub const PACKED: usize = 32;

    pub fn packed(&self) -> [u8; Self::PACKED] {
        let mut packed = [0; Self::PACKED];
        let fields = [self.aggregate, self.control, self.candidate, self.at as u64];
        for (into, field) in packed.as_chunks_mut::<8>().0.iter_mut().zip(fields) {
            *into = field.to_le_bytes();
        }
        packed
    }

    pub fn unpacked(packed: &[u8; Self::PACKED]) -> Self {
        let (fields, _) = packed.as_chunks::<8>();
        let field = |index: usize| u64::from_le_bytes(fields[index]);
        Self { aggregate: field(0), control: field(1), candidate: field(2), at: field(3) as i64 }
    }
}
