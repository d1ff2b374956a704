//! What routing promises.
