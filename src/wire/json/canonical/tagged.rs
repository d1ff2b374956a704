//! Bytes with their kind and length.

/// Writes bytes with their kind and length, as the form of a string or of a number is written.
pub fn write_tagged(tag: u8, bytes: &[u8], out: &mut Vec<u8>) {
    write_head(tag, bytes.len(), out);
    out.extend_from_slice(bytes);
}

/// Writes what stands before the bytes: their kind and their length.
#[inline(always)]
pub fn write_head(tag: u8, length: usize, out: &mut Vec<u8>) {
    let digit = |number: usize| b'0' + (number % 10) as u8;
    let (head, head_length) = match length {
        0..10 => ([tag, digit(length), b':', 0], 3),
        10..100 => ([tag, digit(length / 10), digit(length), b':'], 4),
        _ => return write_long_head(tag, length, out),
    };
    let end = out.len() + head_length;
    out.extend_from_slice(&head);
    out.truncate(end);
}

#[cold]
fn write_long_head(tag: u8, length: usize, out: &mut Vec<u8>) {
    out.push(tag);
    out.extend_from_slice(length.to_string().as_bytes());
    out.push(b':');
}
