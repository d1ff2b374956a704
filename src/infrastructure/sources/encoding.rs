//! Text in UTF-16 and UTF-32, known by where its zero bytes stand, with and without a byte order mark.

/// How a text is encoded that is no UTF-8.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Encoding {
    /// With a byte order mark, which says which of the two.
    Utf16,
    Utf16Le,
    Utf16Be,
    /// Likewise.
    Utf32,
    Utf32Le,
    Utf32Be,
}

/// So many characters in a row tell an encoding: fewer zero bytes between others stand in damaged text too.
const CHARACTERS: usize = 4;

impl Encoding {
    /// The name that `iconv` knows it by.
    pub fn name(self) -> &'static str {
        match self {
            Self::Utf16 => "UTF-16",
            Self::Utf16Le => "UTF-16LE",
            Self::Utf16Be => "UTF-16BE",
            Self::Utf32 => "UTF-32",
            Self::Utf32Le => "UTF-32LE",
            Self::Utf32Be => "UTF-32BE",
        }
    }

    /// What a log is encoded in that begins so; `None` for UTF-8, and where it is too short to tell.
    pub fn of_log(beginning: &[u8]) -> Option<Self> {
        match beginning {
            [0xFF, 0xFE, 0, 0, ..] | [0, 0, 0xFE, 0xFF, ..] => Some(Self::Utf32),
            [0xFF, 0xFE, ..] | [0xFE, 0xFF, ..] => Some(Self::Utf16),
            // Text in UTF-8 can stand after a few such characters.
            _ => Self::of_text(beginning).filter(|_| are_mostly_wide(beginning)),
        }
    }

    /// What a text is encoded in that begins with a few characters of ASCII.
    fn of_text(text: &[u8]) -> Option<Self> {
        // Of each, how many bytes a character has.
        let encodings = [(Self::Utf32Le, 4), (Self::Utf32Be, 4), (Self::Utf16Le, 2), (Self::Utf16Be, 2)];
        let stands = |(encoding, width): &(Self, usize)| {
            let (width, place) = (*width, encoding.first_byte());
            let Some(characters) = text.get(..width * CHARACTERS) else { return false };
            characters.chunks(width).all(|bytes| {
                bytes
                    .iter()
                    .enumerate()
                    .all(|(at, byte)| if at == place { is_text(*byte) } else { *byte == 0 })
            })
        };
        encodings.into_iter().find(stands).map(|(encoding, _)| encoding)
    }

    /// Which byte of a character of ASCII is not zero.
    fn first_byte(self) -> usize {
        match self {
            Self::Utf16Be => 1,
            Self::Utf32Be => 3,
            _ => 0,
        }
    }

    /// Where in a text another encoding begins, and which one.
    pub fn find(text: &[u8]) -> Option<(usize, Self)> {
        let mut from = 0;
        while let Some(zero) = memchr::memchr(0, text.get(from..)?) {
            // A character begins at the zero byte, or right before it. Where it could be both, a record begins there.
            let zero = from + zero;
            let starts = [zero.checked_sub(1).filter(|start| *start >= from), Some(zero)];
            let found =
                starts.map(|start| start.and_then(|start| Some((start, Self::of_text(&text[start..])?))));
            let begins_record = |(start, encoding): &(usize, Self)| {
                matches!(text.get(start + encoding.first_byte()), Some(b'{' | b'['))
            };
            let mut found = found.into_iter().flatten();
            let first = found.next();
            if let Some(found) = first.into_iter().chain(found).find(begins_record).or(first) {
                return Some(found);
            }
            from = zero + 1;
        }
        None
    }
}

/// Whether at least a quarter of the bytes are zero: half of them are in UTF-16, but for letters of other scripts.
fn are_mostly_wide(beginning: &[u8]) -> bool {
    memchr::memchr_iter(0, beginning).count() * 4 >= beginning.len()
}

/// Whether a byte is a character of text in ASCII.
fn is_text(byte: u8) -> bool {
    matches!(byte, b' '..=b'~' | b'\n' | b'\r' | b'\t')
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = r#"{"type": "é"}"#;

    fn utf_16(big: bool) -> Vec<u8> {
        let bytes = |unit: u16| if big { unit.to_be_bytes() } else { unit.to_le_bytes() };
        TEXT.encode_utf16().flat_map(bytes).collect()
    }

    fn utf_32(big: bool) -> Vec<u8> {
        let bytes =
            |char: char| if big { u32::from(char).to_be_bytes() } else { u32::from(char).to_le_bytes() };
        TEXT.chars().flat_map(bytes).collect()
    }

    #[test]
    fn an_encoding_is_known_with_and_without_its_mark() {
        assert_eq!(Encoding::of_log(&utf_16(false)), Some(Encoding::Utf16Le));
        assert_eq!(Encoding::of_log(&utf_16(true)), Some(Encoding::Utf16Be));
        assert_eq!(Encoding::of_log(&utf_32(false)), Some(Encoding::Utf32Le));
        assert_eq!(Encoding::of_log(&utf_32(true)), Some(Encoding::Utf32Be));
        for (mark, encoding) in [
            (&b"\xff\xfe"[..], Encoding::Utf16),
            (b"\xfe\xff", Encoding::Utf16),
            (b"\xff\xfe\0\0", Encoding::Utf32),
            (b"\0\0\xfe\xff", Encoding::Utf32),
        ] {
            assert_eq!(Encoding::of_log(mark), Some(encoding));
        }
    }

    #[test]
    fn zero_bytes_alone_and_a_few_in_a_text_are_no_encoding() {
        for text in
            [&b""[..], b"{", b"{\0\"\0", b"\0\0\0\0\0\0\0\0\0\0\0\0", b"{\0\0\"a\": 1}", TEXT.as_bytes()]
        {
            assert_eq!((Encoding::of_log(text), Encoding::find(text)), (None, None), "{text:?}");
        }
        assert_eq!(Encoding::of_log(b"\0\0\0\0\0\0{\"a\": 1}"), None);
    }

    #[test]
    fn an_encoding_is_found_in_the_middle_of_a_text() {
        let found = |before: &[u8], text: Vec<u8>| Encoding::find(&[before, &text].concat());
        assert_eq!(found(b"{\"v\":", utf_16(false)), Some((5, Encoding::Utf16Le)));
        assert_eq!(found(b"\0\0\xc3", utf_16(false)), Some((3, Encoding::Utf16Le)));
        assert_eq!(found(b"\xff\xfe", utf_16(false)), Some((2, Encoding::Utf16Le)));
        assert_eq!(found(b"", utf_16(true)), Some((0, Encoding::Utf16Be)));
        assert_eq!(found(b"\0", utf_16(false)), Some((0, Encoding::Utf16Be)), "it could be both");
        assert_eq!(found(b"{\"v\": ", utf_16(true)), Some((6, Encoding::Utf16Be)), "the blank is none of it");
    }
}
