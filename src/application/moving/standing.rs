//! What a store is while it is moved, and afterwards.

/// What a store is to those that open it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Standing {
    /// The store itself: events are appended to it.
    Own,
    /// A copy that a move makes of another store. Nothing is appended to it but what the move copies.
    Copy {
        /// Where the store is.
        of: String,
        /// It has been proved to be the store of one moment; before that, nothing reads it.
        is_whole: bool,
    },
    /// It was moved, and nothing is appended to it any more.
    Moved {
        /// Where the store is now.
        to: String,
    },
}
