//! The limits of the system, by name.

use std::io;
use std::path::Path;

use crate::legacy::watchers::WatchError;

fn message(kind: notify::ErrorKind) -> String {
    WatchError::of_notify(Path::new("/srv/notes"), notify::Error::new(kind), |name| {
        Ok(format!("8192 of {name}"))
    })
    .to_string()
}

#[test]
fn the_limit_of_watches_is_named_with_its_present_value() {
    let text = message(notify::ErrorKind::MaxFilesWatch);
    let expected = "cannot watch /srv/notes: the system's limit fs.inotify.max_user_watches is reached, which is 8192 of \
                    fs.inotify.max_user_watches at present; raise it";
    assert!(text.starts_with(expected), "{text}");
}

#[test]
fn the_limit_of_instances_is_named_with_its_present_value() {
    let text = message(notify::ErrorKind::Io(io::Error::from_raw_os_error(24)));
    assert!(text.contains("fs.inotify.max_user_instances is reached, which is 8192"), "{text}");
}

#[test]
fn another_error_names_the_folder_and_polling_as_the_way_out() {
    let text = message(notify::ErrorKind::Io(io::ErrorKind::PermissionDenied.into()));
    assert!(text.contains("/srv/notes") && text.contains("poll_seconds"), "{text}");
    assert!(!text.contains("sysctl"), "{text}");
}
