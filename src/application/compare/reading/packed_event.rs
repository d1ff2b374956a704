//! An event as the comparison holds it: packed, so that millions of them can be spilled as bytes.

pub(crate) use crate::application::compare::input::Side;
use crate::application::compare::reading::content::Content;

/// What is known of an event apart from its texts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct EventHead {
    /// The beginning of the digest of type, aggregate and content: only sorts and groups.
    pub hash: u64,
    /// Microseconds since the epoch, by the clock of its side.
    pub at: i64,
    /// Where it stands.
    pub offset: u64,
    pub line: u64,
    /// Which feed of its side it is from.
    pub feed: u32,
    /// The number of its type.
    pub event_type: u32,
    /// See [`Content::lexical_fingerprint`].
    pub lexical_fingerprint: u64,
    pub flags: u8,
}

impl EventHead {
    const OFFSET_BITS: u32 = 44;
    /// See [`Content::legacy_shape`].
    pub const LEGACY_SHAPE: u8 = 1;
    /// Outside the range, but so near that its partner may be within.
    pub const NEAR_BOUNDARY: u8 = 2;
    /// Its local time came twice.
    pub const AMBIGUOUS: u8 = 4;
    /// Left over, with an identical sibling within the tolerance.
    pub const SIBLING: u8 = 8;
    /// A repair has put it into its store: the system of its side did not write it.
    pub const REPAIRED: u8 = 16;
    /// See [`Content::has_repeated_time`].
    pub const REPEATED_TIME: u8 = 32;

    pub fn is(&self, flag: u8) -> bool {
        self.flags & flag != 0
    }

    /// The place of an event in the order of its side. No file is as long as 16 TiB.
    pub fn ordinal(&self) -> u64 {
        u64::from(self.feed) << Self::OFFSET_BITS | self.offset
    }

    /// The same, from which the place can be told; `None` where it is too large for that.
    pub fn exact_ordinal(&self) -> Option<u64> {
        let is_exact = self.offset >> Self::OFFSET_BITS == 0 && self.feed >> (64 - Self::OFFSET_BITS) == 0;
        is_exact.then(|| self.ordinal())
    }

    /// Feed and offset of an ordinal.
    pub fn place_of(ordinal: u64) -> (u32, u64) {
        ((ordinal >> Self::OFFSET_BITS) as u32, ordinal & ((1 << Self::OFFSET_BITS) - 1))
    }
}

/// An event, borrowed from packed bytes.
#[derive(Debug, Clone, Copy)]
pub(crate) struct PackedEvent<'b> {
    pub head: EventHead,
    /// The id that it carries; empty where it carries none.
    pub id: &'b [u8],
    /// `None` where it has none.
    pub aggregate: Option<&'b [u8]>,
    pub shared_content: &'b [u8],
    pub optional_fields: &'b [u8],
    /// The whole of it, packed.
    pub packed: &'b [u8],
}

/// Where the lengths of id, aggregate, content and optional fields stand, which follow the head.
const LENGTHS: std::ops::Range<usize> = 48..64;
const FLAGS: usize = LENGTHS.end;
const HEAD: usize = FLAGS + 1;
const NONE: u32 = u32::MAX;

impl<'b> PackedEvent<'b> {
    /// Packs an event after others.
    pub fn pack(head: &EventHead, id: &[u8], aggregate: Option<&[u8]>, content: &Content, out: &mut Vec<u8>) {
        let length = |bytes: &[u8]| (bytes.len() as u32).to_le_bytes();
        let mut packed = [0; HEAD];
        let mut at = 0;
        let mut put = |bytes: &[u8]| {
            packed[at..at + bytes.len()].copy_from_slice(bytes);
            at += bytes.len();
        };
        put(&head.hash.to_le_bytes());
        put(&head.at.to_le_bytes());
        put(&head.offset.to_le_bytes());
        put(&head.line.to_le_bytes());
        put(&head.lexical_fingerprint.to_le_bytes());
        put(&head.feed.to_le_bytes());
        put(&head.event_type.to_le_bytes());
        put(&length(id));
        put(&aggregate.map_or(NONE.to_le_bytes(), length));
        put(&length(&content.shared_content));
        put(&length(&content.optional_fields));
        put(&[head.flags]);
        out.extend_from_slice(&packed);
        out.extend_from_slice(id);
        out.extend_from_slice(aggregate.unwrap_or_default());
        out.extend_from_slice(&content.shared_content);
        out.extend_from_slice(&content.optional_fields);
    }

    /// The first event of packed bytes, and the rest.
    #[inline]
    pub fn unpack(bytes: &'b [u8]) -> Option<(Self, &'b [u8])> {
        let (packed, mut rest) = bytes.split_first_chunk::<HEAD>()?;
        let u64_at = |at: usize| u64::from_le_bytes(std::array::from_fn(|byte| packed[at + byte]));
        let u32_at = |at: usize| u32::from_le_bytes(std::array::from_fn(|byte| packed[at + byte]));
        let head = EventHead {
            hash: u64_at(0),
            at: u64_at(8) as i64,
            offset: u64_at(16),
            line: u64_at(24),
            lexical_fingerprint: u64_at(32),
            feed: u32_at(40),
            event_type: u32_at(44),
            flags: packed[FLAGS],
        };
        let lengths: [u32; 4] = std::array::from_fn(|length| u32_at(LENGTHS.start + 4 * length));
        let mut text = |length: u32| {
            let (text, after) = rest.split_at_checked(length as usize)?;
            rest = after;
            Some(text)
        };
        let [id, aggregate, shared_content, optional_fields] = lengths;
        let id = text(id)?;
        let aggregate = if aggregate == NONE { None } else { Some(text(aggregate)?) };
        let (shared_content, optional_fields) = (text(shared_content)?, text(optional_fields)?);
        let packed = &bytes[..bytes.len() - rest.len()];
        Some((Self { head, id, aggregate, shared_content, optional_fields, packed }, rest))
    }

    /// The events of packed bytes.
    pub fn all(mut bytes: &'b [u8]) -> impl Iterator<Item = Self> {
        std::iter::from_fn(move || {
            let (entry, rest) = Self::unpack(bytes)?;
            bytes = rest;
            Some(entry)
        })
    }

    /// The same with other flags, packed after others.
    pub fn repack(&self, flags: u8, out: &mut Vec<u8>) {
        let start = out.len();
        out.extend_from_slice(self.packed);
        out[start + FLAGS] = flags;
    }

    /// All optional fields.
    pub fn fields(&self) -> impl Iterator<Item = Option<&'b [u8]>> + use<'b> {
        let mut rest = self.optional_fields;
        std::iter::from_fn(move || {
            let length = take::<4>(&mut rest).map(u32::from_le_bytes)?;
            if length == NONE {
                return Some(None);
            }
            let (value, after) = rest.split_at_checked(length as usize)?;
            rest = after;
            Some(Some(value))
        })
    }

    /// Whether type, shape, id, aggregate, content and optional fields are the same bytes.
    pub fn has_the_same_bytes(&self, other: &Self) -> bool {
        self.head.event_type == other.head.event_type
            && self.is_legacy_shape() == other.is_legacy_shape()
            && self.packed[LENGTHS] == other.packed[LENGTHS]
            && self.packed[HEAD..] == other.packed[HEAD..]
    }

    pub fn is_legacy_shape(&self) -> bool {
        self.head.is(EventHead::LEGACY_SHAPE)
    }
}

fn take<const N: usize>(rest: &mut &[u8]) -> Option<[u8; N]> {
    let (taken, after) = rest.split_first_chunk()?;
    *rest = after;
    Some(*taken)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn packed(
        head: EventHead,
        id: &[u8],
        aggregate: Option<&[u8]>,
        [shared_content, optional_fields]: [&[u8]; 2],
    ) -> Vec<u8> {
        let content = Content {
            shared_content: shared_content.to_vec(),
            optional_fields: optional_fields.to_vec(),
            ..Content::default()
        };
        let mut out = Vec::new();
        PackedEvent::pack(&head, id, aggregate, &content, &mut out);
        out
    }

    fn head() -> EventHead {
        EventHead {
            hash: 1,
            at: -2,
            offset: 3,
            line: 4,
            feed: 5,
            event_type: 6,
            lexical_fingerprint: 7,
            flags: EventHead::NEAR_BOUNDARY,
        }
    }

    #[test]
    fn an_event_is_unpacked_as_it_was_packed() {
        let mut bytes = packed(head(), b"id", None, [b"shared", b""]);
        bytes.extend(packed(
            EventHead { flags: EventHead::LEGACY_SHAPE, ..head() },
            b"",
            Some(b"a"),
            [b"", b"optional"],
        ));
        let all: Vec<PackedEvent<'_>> = PackedEvent::all(&bytes).collect();
        assert_eq!(all.len(), 2);
        assert_eq!((all[0].head, all[0].id, all[0].aggregate), (head(), &b"id"[..], None));
        assert_eq!((all[0].shared_content, all[0].optional_fields), (&b"shared"[..], &b""[..]));
        assert_eq!(
            (all[1].is_legacy_shape(), all[1].id, all[1].aggregate),
            (true, &b""[..], Some(&b"a"[..]))
        );
        assert_eq!((all[1].shared_content, all[1].optional_fields), (&b""[..], &b"optional"[..]));
        assert_eq!([all[0].packed, all[1].packed].concat(), bytes);
        for end in 0..all[0].packed.len() {
            assert!(PackedEvent::unpack(&bytes[..end]).is_none(), "cut at {end}");
        }
    }

    #[test]
    fn events_have_the_same_bytes_where_nothing_but_time_place_and_spelling_differs() {
        let one = packed(head(), b"ab", Some(b"c"), [b"de", b"f"]);
        let has_the_same_bytes = |other: Vec<u8>| {
            let (one, other) = (PackedEvent::unpack(&one).unwrap().0, PackedEvent::unpack(&other).unwrap().0);
            one.has_the_same_bytes(&other)
        };
        let elsewhere =
            EventHead { at: 20, offset: 30, line: 40, feed: 50, lexical_fingerprint: 70, flags: 0, ..head() };
        assert!(has_the_same_bytes(packed(elsewhere, b"ab", Some(b"c"), [b"de", b"f"])));
        for (head, id, aggregate, content) in [
            (EventHead { event_type: 9, ..head() }, &b"ab"[..], Some(&b"c"[..]), [&b"de"[..], &b"f"[..]]),
            (EventHead { flags: EventHead::LEGACY_SHAPE, ..head() }, b"ab", Some(b"c"), [b"de", b"f"]),
            (head(), b"xb", Some(b"c"), [b"de", b"f"]),
            (head(), b"ab", Some(b"x"), [b"de", b"f"]),
            (head(), b"ab", Some(b"c"), [b"dx", b"f"]),
            (head(), b"ab", Some(b"c"), [b"de", b"x"]),
            // The same bytes, of other fields.
            (head(), b"a", Some(b"bc"), [b"de", b"f"]),
            (head(), b"ab", None, [b"cde", b"f"]),
            (head(), b"ab", Some(b""), [b"cde", b"f"]),
            (head(), b"ab", Some(b"c"), [b"d", b"ef"]),
        ] {
            assert!(
                !has_the_same_bytes(packed(head, id, aggregate, content)),
                "{id:?} {aggregate:?} {content:?}"
            );
        }
    }
}
