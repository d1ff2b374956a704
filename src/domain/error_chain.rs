//! An error with all its causes, on one line.

use std::error::Error;

/// The error and its causes, the outermost first: `could not read a.log: permission denied`.
pub fn error_chain(error: &(dyn Error + 'static)) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        text.push_str(": ");
        text.push_str(&error.to_string());
        cause = error.source();
    }
    text
}

#[cfg(test)]
mod tests {
    use std::io;

    use super::*;
    use crate::domain::repository::RepositoryError;

    #[test]
    fn every_cause_follows_the_error_that_it_caused() {
        let error = RepositoryError::storage("read the store", io::Error::other("the disk is gone"));
        assert_eq!(error_chain(&error), "could not read the store: the disk is gone");
        assert_eq!(error_chain(&io::Error::other("alone")), "alone");
    }
}
