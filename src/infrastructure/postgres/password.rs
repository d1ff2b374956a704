//! The password where the URL has none: `PGPASSWORD`, or a line of the file that `PGPASSFILE` names, which is `~/.pgpass`
//! where it names none, as PostgreSQL's own programs find it.

use std::path::PathBuf;

use tokio_postgres::Config;
use tokio_postgres::config::Host;

const VARIABLE: &str = "PGPASSWORD";
const VARIABLE_OF_FILE: &str = "PGPASSFILE";
const FILE_AT_HOME: &str = ".pgpass";

/// The password that the environment has for the first host of an address; `None` where it has none.
pub(super) fn password_of(config: &Config) -> Option<Vec<u8>> {
    if let Some(password) = std::env::var_os(VARIABLE).filter(|password| !password.is_empty()) {
        return Some(password.into_encoded_bytes());
    }
    let of_home = || std::env::home_dir().map(|home| home.join(FILE_AT_HOME));
    let file = std::env::var_os(VARIABLE_OF_FILE).map(PathBuf::from).or_else(of_home)?;
    // A file that is not there or cannot be read has no password: the server says whether it needs one.
    let lines = std::fs::read_to_string(&file).ok()?;
    if is_read_by_others(&file) {
        tracing::warn!(
            "{} can be read by other users, and is not used: allow it to yours alone",
            file.display()
        );
        return None;
    }
    let host = match config.get_hosts().first() {
        Some(Host::Tcp(name)) => name.clone(),
        _ => "localhost".to_owned(),
    };
    let port = config.get_ports().first().copied().unwrap_or(5432).to_string();
    let user = config.get_user().unwrap_or_default();
    let wanted = [host.as_str(), &port, config.get_dbname().unwrap_or(user), user];
    lines.lines().find_map(|line| password_in(line, wanted)).map(String::into_bytes)
}

#[cfg(unix)]
fn is_read_by_others(file: &std::path::Path) -> bool {
    use std::os::unix::fs::PermissionsExt;
    file.metadata().is_ok_and(|file| file.permissions().mode() & 0o077 != 0)
}

#[cfg(not(unix))]
fn is_read_by_others(_: &std::path::Path) -> bool {
    false
}

/// The password of a line `host:port:database:user:password`, where the line is for what is wanted: `*` is for all, and
/// a backslash takes the meaning from what follows it.
fn password_in(line: &str, wanted: [&str; 4]) -> Option<String> {
    if line.starts_with('#') {
        return None;
    }
    let (mut fields, mut field) = (Vec::new(), String::new());
    let mut characters = line.chars();
    while let Some(character) = characters.next() {
        match character {
            '\\' => field.extend(characters.next()),
            ':' if fields.len() < wanted.len() => fields.push(std::mem::take(&mut field)),
            _ => field.push(character),
        }
    }
    let is_for = fields.len() == wanted.len()
        && fields.iter().zip(wanted).all(|(field, wanted)| field == "*" || field == wanted);
    is_for.then_some(field)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_line_for_host_port_database_and_user_has_the_password() {
        let wanted = ["one", "5432", "db", "me"];
        for (line, expected) in [
            ("one:5432:db:me:sesame", Some("sesame")),
            ("*:*:*:*:sesame", Some("sesame")),
            ("one:5432:db:me:ses:a\\:me\\\\", Some("ses:a:me\\")),
            ("two:5432:db:me:sesame", None),
            ("one:5433:db:me:sesame", None),
            ("one:5432:db:you:sesame", None),
            ("#one:5432:db:me:sesame", None),
            ("one:5432:db", None),
            ("", None),
        ] {
            assert_eq!(password_in(line, wanted).as_deref(), expected, "{line}");
        }
    }
}
