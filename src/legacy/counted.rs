//! Numbers of things, for people.

/// `1 line`, `2 lines`: of a noun with a regular plural.
pub fn counted(count: u64, noun: &str) -> String {
    format!("{count} {noun}{}", if count == 1 { "" } else { "s" })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_is_singular_and_all_others_are_plural() {
        assert_eq!(
            [0, 1, 2, 11].map(|count| counted(count, "line")),
            ["0 lines", "1 line", "2 lines", "11 lines"]
        );
    }
}
