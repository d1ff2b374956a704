//! Text as it may be shown to people. A log can hold anything, and must not speak to the operator's terminal; and two
//! names that look the same are to be the same.

use std::borrow::Cow;

/// The text with escapes for what would steer a terminal, reorder the line, or not be seen. Joiners and variants stay
/// where they belong: between the parts of an emoji, and in scripts that are written with them.
pub fn visible(text: &str) -> Cow<'_, str> {
    if text.is_ascii() && !text.bytes().any(|byte| byte.is_ascii_control()) {
        return Cow::Borrowed(text);
    }
    let mut shown = None;
    let mut before = None;
    for (at, character) in text.char_indices() {
        let after = || text[at + character.len_utf8()..].chars().next();
        if is_hidden(character) && !is_at_home(before, character, after()) {
            shown.get_or_insert_with(|| text[..at].to_owned()).extend(character.escape_default());
        } else if let Some(shown) = &mut shown {
            shown.push(character);
        }
        before = Some(character);
    }
    shown.map_or(Cow::Borrowed(text), Cow::Owned)
}

/// Control characters, separators of lines, marks that reorder bidirectional text, and what has no width and no sign.
fn is_hidden(character: char) -> bool {
    character.is_control()
        || matches!(
            character,
            '\u{ad}'
                | '\u{34f}'
                | '\u{61c}'
                | '\u{115f}'
                | '\u{1160}'
                | '\u{17b4}'
                | '\u{17b5}'
                | '\u{180b}'..='\u{180f}'
                | '\u{200b}'..='\u{200f}'
                | '\u{2028}'..='\u{202e}'
                | '\u{2060}'..='\u{206f}'
                | '\u{2800}'
                | '\u{3164}'
                | '\u{fe00}'..='\u{fe0f}'
                | '\u{feff}'
                | '\u{ffa0}'
                | '\u{fff0}'..='\u{fffb}'
                | '\u{1bca0}'..='\u{1bca3}'
                | '\u{1d173}'..='\u{1d17a}'
                | '\u{e0000}'..='\u{e0fff}'
        )
}

/// Whether a hidden character is where a writer needs it.
fn is_at_home(before: Option<char>, character: char, after: Option<char>) -> bool {
    let (Some(before), after) = (before, after.unwrap_or(' ')) else { return false };
    match character {
        // The zero width joiner and its opposite.
        '\u{200d}' if is_of_emoji(before) && is_of_emoji(after) => true,
        '\u{200c}' | '\u{200d}' => is_joined(before) && is_joined(after),
        // The variants for text and for emoji; a digit and its key cap.
        '\u{fe0e}' | '\u{fe0f}' => {
            is_of_emoji(before) && before != character
                || matches!(before, '0'..='9' | '#' | '*') && after == '\u{20e3}'
        }
        _ => false,
    }
}

/// Whether a character is a part of an emoji.
fn is_of_emoji(character: char) -> bool {
    matches!(
        character,
        '\u{a9}' | '\u{ae}' | '\u{203c}' | '\u{2049}' | '\u{2122}' | '\u{2139}' | '\u{2190}'..='\u{21ff}'
            | '\u{2300}'..='\u{27bf}' | '\u{2900}'..='\u{297f}' | '\u{2b00}'..='\u{2bff}' | '\u{3030}' | '\u{303d}'
            | '\u{3297}' | '\u{3299}' | '\u{fe0f}' | '\u{1f000}'..='\u{1faff}'
    )
}

/// Whether a character is of a script in which it matters how letters are joined: Arabic and its kin, those of India and
/// its neighbours, Mongolian.
fn is_joined(character: char) -> bool {
    matches!(
        character,
        '\u{600}'..='\u{8ff}' | '\u{900}'..='\u{109f}' | '\u{1780}'..='\u{18af}' | '\u{1b00}'..='\u{1bff}'
            | '\u{a980}'..='\u{a9df}' | '\u{fb50}'..='\u{fdff}' | '\u{fe70}'..='\u{fefc}'
    ) && !is_hidden(character)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_steers_a_terminal_is_shown_as_an_escape() {
        for (text, shown) in [
            ("\u{1b}[2J", "\\u{1b}[2J"),
            ("a\nb\tc\rd", "a\\nb\\tc\\rd"),
            ("\u{7f}\u{9b}31m", "\\u{7f}\\u{9b}31m"),
            ("\u{202e}gpj.exe", "\\u{202e}gpj.exe"),
            ("a\u{2028}b", "a\\u{2028}b"),
        ] {
            assert_eq!(visible(text), shown);
        }
    }

    #[test]
    fn what_is_not_seen_is_shown_as_an_escape() {
        for hidden in "\u{200b}\u{feff}\u{ad}\u{180e}\u{115f}\u{1160}\u{3164}\u{ffa0}\u{2060}\u{2064}\u{34f}\u{e0041}\u{e0100}\u{fe00}\u{2800}\u{200d}\u{200c}\u{fe0f}".chars() {
            let text = format!("é{hidden}x");
            let code = u32::from(hidden);
            assert_eq!(visible(&text), format!("é\\u{{{code:x}}}x"));
            assert_ne!(visible(&format!("T1{hidden}")), "T1");
            assert_ne!(visible(&format!("{hidden}T1")), "T1");
        }
    }

    #[test]
    fn all_other_text_is_shown_as_it_is() {
        for text in [
            "",
            "Zürich \\n \"quoted\"",
            "👩\u{200d}🚀",
            "❤\u{fe0f}\u{200d}🔥 1\u{fe0f}\u{20e3}",
            "日本語",
            "שלום",
            "می\u{200c}خواهم",
            "क्\u{200d}ष",
            "e\u{301}",
        ] {
            assert!(matches!(visible(text), Cow::Borrowed(shown) if shown == text), "{text}");
        }
    }
}
