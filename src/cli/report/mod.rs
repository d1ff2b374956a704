//! The HTML report: one file that needs neither a network nor anything beside it.
//!
//! A [`Page`] is what is shown, in words and numbers; the templates in `templates/report/` say where it stands. What comes
//! from data is text there: templates escape it, and [`difference_table`] escapes what the script of the page reads. The
//! policy in the page lets no browser load anything, or run another script than its own.

mod day_table;
mod difference_table;
mod facts;
mod file;
mod gate_view;
mod heat_map;
mod limits;
mod numbers;
mod of_comparison;
mod of_gate;
mod offsets;
mod outcome;
mod page;
mod record_summary;
#[cfg(test)]
mod tests;

pub use file::begin;
pub use of_comparison::Told;
pub use page::Page;
