//! The rights of who owns, writes to and reads a store.

/// The SQL that gives owner, writer and reader their rights on the store of a schema.
pub fn grants(schema: &str, roles: [&str; 3]) -> String {
    let [owner, writer, reader] = roles.map(quoted);
    let schema = quoted(schema);
    format!(
        "-- To be run by a superuser. The roles are there: CREATE ROLE name LOGIN PASSWORD '...'.\n\
         -- The store itself is made by the first command that writes to it as {owner}; run this again after that.\n\
         CREATE SCHEMA IF NOT EXISTS {schema} AUTHORIZATION {owner};\n\
         GRANT USAGE ON SCHEMA {schema} TO {writer}, {reader};\n\
         GRANT SELECT ON ALL TABLES IN SCHEMA {schema} TO {writer}, {reader};\n\
         ALTER DEFAULT PRIVILEGES FOR ROLE {owner} IN SCHEMA {schema} GRANT SELECT ON TABLES TO {writer}, {reader};\n\
         -- No other way to append than functions: a role that may execute them can neither insert rows itself nor change any.\n\
         GRANT EXECUTE ON ALL FUNCTIONS IN SCHEMA {schema} TO {writer};\n"
    )
}

/// A name as SQL takes any.
pub(super) fn quoted(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_quoted_whatever_stands_in_them() {
        let sql = grants("a\"b", ["o", "w; DROP", "r"]);
        assert!(sql.contains("GRANT USAGE ON SCHEMA \"a\"\"b\" TO \"w; DROP\", \"r\";"), "{sql}");
    }
}
