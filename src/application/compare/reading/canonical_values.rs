//! The values within a canonical form, which are slices of it.

/// How many levels of a content are looked into: each is gone through once more. What is deeper is taken
/// as the container at this level.
pub(crate) const LEVELS: usize = 64;

/// The payload of a tagged value: what follows its length.
pub(crate) fn payload(value: &[u8]) -> &[u8] {
    let colon = value.iter().position(|byte| *byte == b':').map_or(value.len(), |colon| colon + 1);
    &value[colon..]
}

/// The members of a canonical object, sorted by their names.
pub(crate) fn members(object: &[u8]) -> impl Iterator<Item = (&[u8], &[u8])> {
    let mut values = elements(object);
    std::iter::from_fn(move || {
        let name = values.next()?;
        Some((payload(name), values.next()?))
    })
}

/// The values of a canonical array, in their order; of an object, names and values in turn.
pub(crate) fn elements(container: &[u8]) -> impl Iterator<Item = &[u8]> {
    let mut at = 1;
    std::iter::from_fn(move || {
        container.get(at).filter(|byte| !matches!(byte, b'}' | b']'))?;
        let start = at;
        at = value_end(container, start);
        Some(&container[start..at])
    })
}

/// The end of the canonical value that begins at `start`.
pub(crate) fn value_end(bytes: &[u8], start: usize) -> usize {
    let (mut at, mut depth) = (start, 0_usize);
    while let Some(tag) = bytes.get(at) {
        match tag {
            b'{' | b'[' => {
                depth += 1;
                at += 1;
            }
            b'}' | b']' => {
                depth = depth.saturating_sub(1);
                at += 1;
            }
            b'n' | b't' | b'f' => at += 1,
            _ => {
                let digits = bytes[at + 1..].iter().take_while(|byte| byte.is_ascii_digit());
                let (count, length) = digits.fold((0, 0), |(count, length), digit| {
                    (count + 1, length * 10 + usize::from(digit - b'0'))
                });
                at = (at + 1 + count + 1 + length).min(bytes.len());
            }
        }
        if depth == 0 {
            break;
        }
    }
    at
}
