//! The legacy event system, which is being strangled. Built only with the cargo feature `legacy`.
//!
//! | old part | new part | can be deleted when |
//! |---|---|---|
//! | `events.json`, read by [`crate::application::import`] | `EventRepository` | every configured file is imported, and exported back byte for byte |
//! | global dispatcher, registry, queue, watchers | not built yet | the flag has been on for the days that the gate asks for |
