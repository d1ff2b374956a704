//! Numbers of things, for people.

/// `1 event`, `2 events`; with the verb, where it differs: `1 event is`, `2 events are`.
pub fn counted(count: u64, one: &str, several: &str) -> String {
    format!("{count} {}", if count == 1 { one } else { several })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_is_singular_and_all_others_are_plural() {
        let said = [0, 1, 2, 11].map(|count| counted(count, "line is", "lines are"));
        assert_eq!(said, ["0 lines are", "1 line is", "2 lines are", "11 lines are"]);
    }
}
