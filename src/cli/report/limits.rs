//! What a comparison cannot see, as `docs/comparison.md` publishes it.

const PAGE: &str = include_str!("../../../docs/comparison.md");
const HEADING: &str = "\n## Cannot\n";

/// A limit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Limit {
    /// What is not seen.
    pub unseen: String,
    /// What is reported instead.
    pub instead: String,
}

/// Every published limit.
pub fn limits() -> Vec<Limit> {
    let (_, after) = PAGE.split_once(HEADING).unwrap_or_default();
    let table =
        after.lines().skip_while(|line| !line.starts_with('|')).take_while(|line| line.starts_with('|'));
    // The first two lines are the headings and the rule under them.
    table.skip(2).filter_map(limit).collect()
}

fn limit(row: &str) -> Option<Limit> {
    let mut cells = row.trim_matches('|').split(" | ").map(|cell| cell.trim().replace('`', ""));
    Some(Limit { unseen: cells.next()?, instead: cells.next()? })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_row_of_the_published_table_is_a_limit() {
        let limits = limits();
        let (_, table) = PAGE.split_once(HEADING).unwrap();
        let tests = table.split("\nContents are evidence").next().unwrap().matches("::limits::").count();
        assert!(limits.len() > tests && tests > 5, "{} limits", limits.len());
        assert_eq!(
            limits.iter().find(|limit| limit.unseen == "what neither system wrote"),
            Some(&Limit { unseen: "what neither system wrote".into(), instead: "consistent".into() })
        );
        assert!(limits.iter().all(|limit| !limit.unseen.is_empty() && !limit.instead.contains("::")));
    }
}
