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

impl std::fmt::Display for Standing {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Own => write!(f, "the store itself"),
            Self::Copy { of, is_whole: true } => write!(f, "a copy of {of}"),
            Self::Copy { of, is_whole: false } => write!(f, "a copy of {of} that is not complete"),
            Self::Moved { to } => write!(f, "moved to {to}"),
        }
    }
}

#[cfg(feature = "postgres")]
impl Standing {
    /// Fails where a store that is to stand as this stands as something else.
    ///
    /// # Errors
    /// It does.
    pub fn ensure_is(
        &self,
        found: &Self,
        place: &str,
    ) -> Result<(), crate::domain::repository::RepositoryError> {
        if self == found {
            return Ok(());
        }
        Err(crate::domain::repository::RepositoryError::storage(
            "change what a store stands as",
            format!(
                "expected {place} to be {self}, found that it is {found} by now: something else has changed it; look, and move again"
            ),
        ))
    }
}
