//! What can be wrong with the legacy side: findings for `doctor`.

use crate::application::doctor::{Check, Finding};
use crate::legacy::events_json::{InspectedContent, Inspection};
use crate::legacy::watchers::FolderNeeds;

/// The legacy log: whole, and written by this program alone, where `writes` says that it is this one that writes it.
pub fn events_json(path: &str, found: Option<Inspection>, writes: bool) -> Vec<Finding> {
    let Some(Inspection { content, is_of_another_program }) = found else { return Vec::new() };
    let finding = |detail: String, remedy: &str| Finding::new(Check::EventsJson, path, detail, remedy);
    let mut findings = Vec::new();
    match content {
        InspectedContent::Whole => {}
        InspectedContent::Torn { sound, rest } => findings.push(finding(
            format!("the array is sound up to byte {sound}, where it should end; {rest} bytes follow: a write was cut off, or goes on"),
            "the next append of this program sets aside what is torn and closes the array; `import-legacy` reads what is sound",
        )),
        InspectedContent::NoArray { offset } => findings.push(finding(
            format!("expected the `[` of an array of events at byte {offset}, found something else"),
            "name the legacy log in legacy.events_json, or move this file away",
        )),
    }
    if is_of_another_program && writes {
        findings.push(finding(
            "another program has written it since this one did: what this one writes between its reading and its writing is lost".to_owned(),
            "set legacy.writer = \"other\" while the other program runs, or end that program",
        ));
    }
    findings
}

/// Definitions whose files are not there, or are on a file system that tells nothing of what other machines change.
pub fn watched_folders(needs: &[FolderNeeds]) -> Vec<Finding> {
    let mut findings = Vec::new();
    for FolderNeeds { definition_id, path, exists, network, polls } in needs {
        let path = path.display();
        let finding =
            |detail, remedy: &str| Finding::new(Check::WatchedFolders, definition_id, detail, remedy);
        if !exists {
            let detail = format!("{path} does not exist, or may not be looked at: nothing happens there");
            findings.push(finding(detail, "make it, or correct `source.path` in `legacy definitions`"));
        }
        if let (Some(kind), false) = (network, polls) {
            let detail = format!(
                "{path} is on {kind}, which tells nothing of changes by other machines: it is listed every 2 seconds"
            );
            findings.push(
                finding(detail, "\"poll_seconds\" in the source of the definition sets how often")
                    .into_note(),
            );
        }
    }
    findings
}

/// The limits of Linux for watched folders, against what is watched: an instance and a watch for each definition. `read` answers the present
/// value of a limit by its name.
pub fn inotify(needs: &[FolderNeeds], read: impl Fn(&str) -> std::io::Result<String>) -> Vec<Finding> {
    let needed = needs.iter().filter(|needs| needs.is_native()).count() as u64;
    if needed == 0 {
        return Vec::new();
    }
    let mut findings = Vec::new();
    for limit in ["fs.inotify.max_user_instances", "fs.inotify.max_user_watches"] {
        match read(limit)
            .map_err(|error| error.to_string())
            .and_then(|value| value.parse::<u64>().map_err(|_| format!("expected a number, found {value:?}")))
        {
            // Other programs of this user take of it too.
            Ok(value) if needed * 2 > value => {
                let detail = format!(
                    "{needed} definitions are watched, and all programs of this user may have {value}"
                );
                let remedy = format!("raise it (sysctl -w {limit}=...), or set legacy.watcher = \"poll\"");
                findings.push(Finding::new(Check::Inotify, limit, detail, remedy));
            }
            Ok(_) => {}
            Err(reason) => findings.push(Finding::unread(Check::Inotify, limit, reason)),
        }
    }
    findings
}

#[cfg(test)]
mod tests {
    use std::io;

    use super::*;
    use crate::application::doctor::Severity;

    fn needs(network: Option<&'static str>, polls: bool) -> FolderNeeds {
        FolderNeeds { definition_id: "d".to_owned(), path: "data/x".into(), exists: true, network, polls }
    }

    #[test]
    fn a_log_that_another_program_writes_is_found_where_this_one_is_to_write_it() {
        let found = |content, is_of_another_program| Some(Inspection { content, is_of_another_program });
        let whole = InspectedContent::Whole;
        assert_eq!(events_json("e", None, true), []);
        assert_eq!(events_json("e", found(whole, false), true), []);
        assert_eq!(events_json("e", found(whole, true), false), [], "legacy.writer is `other`");
        assert!(events_json("e", found(whole, true), true)[0].remedy.contains("legacy.writer = \"other\""));
    }

    #[test]
    fn a_torn_log_and_one_that_is_no_array_are_found() {
        for content in [InspectedContent::Torn { sound: 3, rest: 4 }, InspectedContent::NoArray { offset: 0 }]
        {
            let found = Some(Inspection { content, is_of_another_program: false });
            assert_eq!(events_json("e", found, true).len(), 1, "{content:?}");
        }
    }

    #[test]
    fn a_folder_that_is_not_there_is_a_finding_and_a_network_file_system_a_note() {
        assert_eq!(watched_folders(&[needs(None, false), needs(Some("NFS"), true)]), []);
        let on_network = watched_folders(&[needs(Some("NFS"), false)]);
        assert_eq!(on_network[0].severity, Severity::Note);
        let absent = watched_folders(&[FolderNeeds { exists: false, ..needs(None, false) }]);
        assert_eq!(absent[0].severity, Severity::Finding);
    }

    #[test]
    fn limits_are_compared_with_what_the_system_is_asked_to_watch() {
        let watched = vec![needs(None, false); 5];
        let limits = |value: &'static str| move |_: &str| Ok(value.to_owned());
        assert_eq!(inotify(&watched, limits("10")), []);
        assert_eq!(inotify(&watched, limits("9")).len(), 2);
        assert_eq!(
            inotify(&[needs(None, true), needs(Some("NFS"), false)], limits("0")),
            [],
            "they are listed"
        );
    }

    #[test]
    fn a_limit_that_cannot_be_read_is_a_finding_where_something_is_watched() {
        let refused = |_: &str| Err(io::Error::other("no such file"));
        assert!(inotify(&[needs(None, false)], refused).iter().all(|finding| finding.could_not_look));
        assert_eq!(inotify(&[], refused), []);
        assert!(
            inotify(&[needs(None, false)], |_| Ok("many".to_owned()))[0].detail.contains("found \"many\"")
        );
    }
}
