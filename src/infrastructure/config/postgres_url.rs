//! The URL of a store in PostgreSQL. It is shown, recorded as evidence and compared like the path of a file: it has no
//! password.

use std::fmt;
#[cfg(feature = "postgres")]
use std::path::Path;

use thiserror::Error;

/// A URL `postgres://…` without a password, which names one store once it names the schema.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PostgresUrl(String);

/// The name of a schema that can be a store's.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SchemaName(String);

impl SchemaName {
    /// The longest name, in bytes: PostgreSQL cuts others off.
    const LONGEST: usize = 63;

    /// The name; `None` where PostgreSQL has none such, or keeps it for itself.
    pub fn new(name: &str) -> Option<Self> {
        let is_one =
            (1..=Self::LONGEST).contains(&name.len()) && !name.contains('\0') && !name.starts_with("pg_");
        is_one.then(|| Self(name.to_owned()))
    }

    /// As it is written.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// Why a text is no such URL. It is shown without its password.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum BadPostgresUrl {
    /// It is no URL of PostgreSQL.
    #[error("expected postgres://USER@HOST:PORT/DATABASE, got {0}")]
    NotOne(String),
    /// It holds a password.
    #[error(
        "{0} holds a password, and would be shown with it in lists of processes, in `status` and in evidence: give the password in the environment variable PGPASSWORD, or in the file that PGPASSFILE names"
    )]
    HasPassword(String),
}

const SCHEMES: [&str; 2] = ["postgres://", "postgresql://"];
const SCHEMA: &str = "schema=";
const HIDDEN: &str = "***";

impl PostgresUrl {
    /// Whether a text is meant as one.
    pub fn is_meant(text: &str) -> bool {
        SCHEMES.iter().any(|scheme| text.starts_with(scheme))
    }

    /// The URL that a text is.
    ///
    /// # Errors
    /// It is none, or has a password.
    pub fn parse(text: &str) -> Result<Self, BadPostgresUrl> {
        let shown = without_password(text);
        match Self::is_meant(text) {
            false => Err(BadPostgresUrl::NotOne(shown)),
            true if shown != text => Err(BadPostgresUrl::HasPassword(shown)),
            true => Ok(Self(shown)),
        }
    }

    /// The schema that it names; an empty text where it names none.
    #[cfg(feature = "postgres")]
    pub fn schema(&self) -> String {
        let query = self.0.split_once('?').map_or("", |(_, query)| query);
        query
            .split('&')
            .filter_map(|pair| pair.strip_prefix(SCHEMA))
            .next_back()
            .map(decoded)
            .unwrap_or_default()
    }

    /// The same where the schema is that one, unless the URL names one.
    #[must_use]
    pub fn in_schema(self, schema: &str) -> Self {
        let query = self.0.split_once('?').map(|(_, query)| query);
        if query.is_some_and(|query| query.split('&').any(|pair| pair.starts_with(SCHEMA))) {
            return self;
        }
        let separator = if query.is_some() { '&' } else { '?' };
        // What means something in a query is written as a code.
        let coded = schema.replace('%', "%25").replace('&', "%26");
        Self(format!("{}{separator}{SCHEMA}{coded}", self.0))
    }

    /// Its text.
    #[cfg(any(test, feature = "postgres"))]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Its text in the place of the path of a store.
    #[cfg(feature = "postgres")]
    pub fn as_path(&self) -> &Path {
        Path::new(&self.0)
    }
}

impl fmt::Display for PostgresUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// A value of a URL's query: `%2F` is `/`. What is no such code stands for itself.
#[cfg(feature = "postgres")]
pub fn decoded(value: &str) -> String {
    let bytes = value.as_bytes();
    let mut text = Vec::with_capacity(bytes.len());
    let mut at = 0;
    while let Some(&byte) = bytes.get(at) {
        let code = value.get(at + 1..at + 3).filter(|_| byte == b'%');
        match code.and_then(|code| u8::from_str_radix(code, 16).ok()) {
            Some(decoded) => {
                text.push(decoded);
                at += 3;
            }
            None => {
                text.push(byte);
                at += 1;
            }
        }
    }
    String::from_utf8_lossy(&text).into_owned()
}

/// A text in which no password stands, whether it is a URL that can be used or not.
pub(super) fn without_password(text: &str) -> String {
    let text = without_passwords_in_pairs(text);
    match text.split_once("://") {
        // A password may hold any of `:`, `/`, `?` and `@`, though it ought not to.
        Some((scheme, rest)) => {
            match rest.rsplit_once('@').and_then(|(user, rest)| Some((user.split_once(':')?.0, rest))) {
                Some((user, rest)) => format!("{scheme}://{user}:{HIDDEN}@{rest}"),
                None => text,
            }
        }
        // Settings with spaces between them, which are no URL.
        None if text.to_ascii_lowercase().contains("pass") => HIDDEN.to_owned(),
        None => text,
    }
}

/// The text without what follows `password=`.
fn without_passwords_in_pairs(text: &str) -> String {
    let mut shown = String::with_capacity(text.len());
    for pair in text.split_inclusive(['?', '&']) {
        let (pair, end) = match pair.strip_suffix(['?', '&']) {
            Some(without) => (without, &pair[without.len()..]),
            None => (pair, ""),
        };
        match pair.split_once('=') {
            Some((key, _)) if key.to_ascii_lowercase().contains("pass") => {
                shown.push_str(&format!("{key}={HIDDEN}"));
            }
            _ => shown.push_str(pair),
        }
        shown.push_str(end);
    }
    shown
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_url_with_a_password_is_refused_and_shown_without_it() {
        for (text, shown) in [
            ("postgres://me:sesame@one/db", "postgres://me:***@one/db"),
            ("postgresql://me:se:s/a@me@one,two/db?a=b", "postgresql://me:***@one,two/db?a=b"),
            ("postgres://me@one/db?password=sesame&schema=s", "postgres://me@one/db?password=***&schema=s"),
            ("postgres://me@one/db?schema=s&password=ses@me", "postgres://me@one/db?schema=s&password=***"),
            ("postgres://me:se?same@one/db?schema=s", "postgres://me:***@one/db?schema=s"),
            ("postgres://:sesame@/db", "postgres://:***@/db"),
        ] {
            assert_eq!(
                PostgresUrl::parse(text),
                Err(BadPostgresUrl::HasPassword(shown.to_owned())),
                "{text}"
            );
        }
        for (text, shown) in [
            ("mysql://me:sesame@one/db", "mysql://me:***@one/db"),
            ("host=one password=sesame", "***"),
            ("data/events.db", "data/events.db"),
        ] {
            assert_eq!(PostgresUrl::parse(text), Err(BadPostgresUrl::NotOne(shown.to_owned())), "{text}");
        }
        let refusal = PostgresUrl::parse("postgres://me:sesame@one/db").unwrap_err();
        assert!(!format!("{refusal} {refusal:?}").contains("sesame"), "{refusal:?}");
    }

    #[test]
    fn a_url_names_its_schema_or_gets_one() {
        for (text, whole) in [
            ("postgres://one/db", "postgres://one/db?schema=s"),
            (
                "postgres://me@one:5432/db?sslmode=disable",
                "postgres://me@one:5432/db?sslmode=disable&schema=s",
            ),
            ("postgres://one/db?schema=own", "postgres://one/db?schema=own"),
        ] {
            assert_eq!(PostgresUrl::parse(text).unwrap().in_schema("s").as_str(), whole);
        }
        let coded = PostgresUrl::parse("postgres://one/db").unwrap().in_schema("a&b%20");
        assert_eq!(coded.as_str(), "postgres://one/db?schema=a%26b%2520");
    }
}
