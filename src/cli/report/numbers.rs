//! Numbers as people read them.

/// A number with a comma before each third digit from its end.
pub fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut shown = String::with_capacity(digits.len() + digits.len() / 3);
    for (place, digit) in digits.char_indices() {
        if place > 0 && (digits.len() - place).is_multiple_of(3) {
            shown.push(',');
        }
        shown.push(digit);
    }
    shown
}

/// How long a bar is, of a hundred, with a tenth of precision; what is not nothing is seen.
pub fn percent(part: u64, whole: u64) -> String {
    const LEAST: f64 = 0.5;
    match (part, whole) {
        (0, _) | (_, 0) => "0".to_owned(),
        (part, whole) => format!("{:.1}", (part as f64 * 100.0 / whole as f64).max(LEAST)),
    }
}

/// The text, or so many characters of it and a mark that it goes on.
pub fn shortened(text: &str, longest: usize) -> String {
    match text.char_indices().nth(longest) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_is_grouped_by_three_digits() {
        for (number, shown) in [(0, "0"), (999, "999"), (1_000, "1,000"), (12_345_678, "12,345,678")] {
            assert_eq!(grouped(number), shown);
        }
        assert_eq!(grouped(u64::MAX), "18,446,744,073,709,551,615");
    }

    #[test]
    fn a_bar_is_never_longer_than_all_and_never_too_short_to_be_seen() {
        for (part, whole, shown) in
            [(0, 0, "0"), (1, 0, "0"), (0, 5, "0"), (1, 3, "33.3"), (5, 5, "100.0"), (1, 1_000_000, "0.5")]
        {
            assert_eq!(percent(part, whole), shown, "{part} of {whole}");
        }
    }

    #[test]
    fn a_long_text_is_cut_between_characters() {
        assert_eq!(shortened("éé", 2), "éé");
        assert_eq!(shortened("ééé", 2), "éé…");
    }
}
