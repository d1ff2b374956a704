//! The files of a day: the one that is appended to, and those of it that were archived before. One after the other
//! they are the content of the day, on which positions are counted.

pub(super) mod equal_content;
pub(super) mod file_cursor;
pub(super) mod file_state;
pub(super) mod frame_reader;
pub(super) mod last_line;
pub(super) mod measure;
pub(super) mod open_day;
pub(super) mod part_reader;
pub(super) mod seek_table;
