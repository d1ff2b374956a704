//! Numbers by their exact values: every spelling of one value has one form.

use super::tagged::write_tagged;

/// Writes the exact value of a number token, whatever its length.
pub(super) fn write_number(token: &[u8], scratch: &mut Vec<u8>, out: &mut Vec<u8>) {
    // Most numbers are whole, and written as their form is.
    if let [b'1'..=b'9', ..] = token
        && token.last() != Some(&b'0')
        && token.iter().all(u8::is_ascii_digit)
    {
        return write_tagged(b'd', token, out);
    }
    let (sign, unsigned) = match token {
        [b'-', rest @ ..] => (true, rest),
        _ => (false, token),
    };
    let exponent_at = unsigned.iter().position(|byte| matches!(byte, b'e' | b'E'));
    let (mantissa, exponent) = match exponent_at {
        Some(at) => (&unsigned[..at], &unsigned[at + 1..]),
        None => (unsigned, &b"0"[..]),
    };
    let point = mantissa.iter().position(|&byte| byte == b'.').unwrap_or(mantissa.len());
    let decimals = mantissa.len().saturating_sub(point + 1);

    scratch.clear();
    if sign {
        scratch.push(b'-');
    }
    let digits_start = scratch.len();
    scratch.extend(mantissa.iter().filter(|&&byte| byte != b'.').skip_while(|&&byte| byte == b'0'));
    let before = scratch.len();
    while scratch.len() > digits_start && scratch.last() == Some(&b'0') {
        scratch.pop();
    }
    if scratch.len() == digits_start {
        return write_tagged(b'd', b"0", out);
    }
    let trailing_zeros = before - scratch.len();
    match parse_exponent(exponent) {
        None => write_tagged(b'D', token, out),
        Some(written) => {
            let exponent = written + trailing_zeros as i128 - decimals as i128;
            if exponent != 0 {
                scratch.push(b'e');
                scratch.extend_from_slice(exponent.to_string().as_bytes());
            }
            write_tagged(b'd', scratch, out);
        }
    }
}

/// The exponent, or `None` where it has so many digits that sums of it could overflow.
fn parse_exponent(text: &[u8]) -> Option<i128> {
    let (negative, digits) = match text {
        [b'-', rest @ ..] => (true, rest),
        [b'+', rest @ ..] => (false, rest),
        _ => (false, text),
    };
    let significant = &digits[digits.iter().take_while(|&&byte| byte == b'0').count()..];
    if significant.len() > 30 {
        return None;
    }
    let value = significant.iter().fold(0_i128, |sum, byte| sum * 10 + i128::from(byte - b'0'));
    Some(if negative { -value } else { value })
}
