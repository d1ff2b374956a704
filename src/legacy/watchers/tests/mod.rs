//! What watchers tell, as a specification.

mod file_changes;
mod folders;
mod known_files;
mod limits;
mod notices;
mod own_paths;
mod polled;
mod saves;
mod support;
mod times;
mod watching;
