//! What the dispatcher promises. That withdrawing and taking exclude each other is tested in `request.rs`.

mod batches;
pub mod doubles;
mod limits;
mod service;
