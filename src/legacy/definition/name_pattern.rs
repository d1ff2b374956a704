//! Patterns of file names: `*`, `?` and `[...]`, and nothing else.

use glob::Pattern;

/// Whether a pattern is of another syntax.
type IsOther = fn(&str) -> bool;

/// What a pattern that could be read as one of another program is: it would be taken for the name of a file, and match none.
const OTHER_SYNTAX: [(IsOther, &str); 6] = [
    (str::is_empty, "it matches no name; without `patterns`, each name matches"),
    (|pattern| pattern.contains('/'), "a / is in no name, and folders are watched without those in them"),
    (
        has_alternatives,
        "{a,b} does not mean one of several: list a pattern for each, as \"*.md\", \"*.txt\"; a brace in a name is spelled [{]",
    ),
    (
        |pattern| outside_of_brackets(pattern).contains('|') || is_list(pattern),
        "one pattern cannot say several: list a pattern for each, as \"*.md\", \"*.txt\"; a | in a name is spelled [|]",
    ),
    (|pattern| pattern.contains("[^"), "[^...] does not mean other characters than those: spell it [!...]"),
    (
        |pattern| ["\\*", "\\?", "\\[", "\\]"].iter().any(|escape| pattern.contains(escape)),
        "\\ does not take the meaning of the next character away: a * in a name is spelled [*], a ? is [?], a [ is [[]",
    ),
];

/// The pattern.
///
/// # Errors
/// It is none, or one that no name can match; or it is in the syntax of other programs. Why, and what helps.
pub fn name_pattern(pattern: &str) -> Result<Pattern, String> {
    match OTHER_SYNTAX.iter().find(|(is_other, _)| is_other(pattern)) {
        Some((_, reason)) => Err((*reason).to_owned()),
        None => glob_of(pattern),
    }
}

/// As [`name_pattern`], though no name may match it.
pub(super) fn glob_of(pattern: &str) -> Result<Pattern, String> {
    Pattern::new(pattern).map_err(|error| format!("{}, at character {}", error.msg, error.pos))
}

/// What stands outside of `[...]`.
fn outside_of_brackets(pattern: &str) -> String {
    let mut outside = String::new();
    let mut rest = pattern;
    while let Some(open) = rest.find('[') {
        outside.push_str(&rest[..open]);
        // A bracket that closes at once is a character of the class.
        let class = rest[open + 1..].strip_prefix('!').unwrap_or(&rest[open + 1..]);
        let first = class.chars().next().map_or(0, char::len_utf8);
        rest = match class[first..].find(']') {
            Some(close) => &class[first + close + 1..],
            None => "",
        };
    }
    outside + rest
}

/// `{md,txt}` or `{1..3}`.
fn has_alternatives(pattern: &str) -> bool {
    let outside = outside_of_brackets(pattern);
    let inside = outside.split_once('{').and_then(|(_, rest)| rest.rsplit_once('}'));
    inside.is_some_and(|(inside, _)| inside.contains(',') || inside.contains(".."))
}

/// `*.md,*.txt`, and the same with semicolons or blanks.
fn is_list(pattern: &str) -> bool {
    let mut elements = pattern.split([',', ';', ' ']).filter(|element| !element.is_empty()).peekable();
    elements.next().is_some_and(|first| first.starts_with('*'))
        && elements.peek().is_some()
        && elements.all(|element| element.starts_with("*."))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patterns_of_names_are_read() {
        for (pattern, name) in [
            ("*.md", "a.md"),
            ("?.md", "\u{e4}.md"),
            ("[!.]*", "a"),
            ("[0-9]*.md", "7.md"),
            ("{draft}.md", "{draft}.md"),
            ("[{]a,b}", "{a,b}"),
            ("a[|]b", "a|b"),
            ("a, b*.md", "a, b, c.md"),
            ("*, final.md", "a, final.md"),
            ("[]|]", "|"),
            ("a\\b", "a\\b"),
        ] {
            assert!(name_pattern(pattern).expect(pattern).matches(name), "{pattern}");
        }
    }

    #[test]
    fn what_would_never_match_is_refused_with_the_way_out() {
        for (pattern, way_out) in [
            ("", "without `patterns`"),
            ("daily/*.md", "a / is in no name"),
            ("*.{md,txt}", "list a pattern for each"),
            ("{a,b}", "list a pattern for each"),
            ("log.{1..3}", "list a pattern for each"),
            ("*.@(md|txt)", "list a pattern for each"),
            ("*.md|*.txt", "list a pattern for each"),
            ("*.md,*.txt", "list a pattern for each"),
            ("*.md; *.txt", "list a pattern for each"),
            ("*.md *.txt", "list a pattern for each"),
            ("[^a]*", "spell it [!...]"),
            ("\\*.md", "is spelled [*]"),
            ("[a-", "invalid range pattern, at character 0"),
            ("a***", "at character"),
        ] {
            let refused = name_pattern(pattern).expect_err(pattern);
            assert!(refused.contains(way_out), "{pattern}: {refused}");
        }
    }
}
