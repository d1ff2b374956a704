//! What does not fit into memory goes to the temporary file; and the threads that work on its parts.
//!
//! # Locks
//!
//! The lock of the temporary file ([`partitions::SharedScratch`]) is the last one: a thread that holds it
//! takes no other. It is taken while a set of partitions is locked that spills (leftovers of a stage,
//! events of a join, the log of pairs), for one write or one read. A thread holds the lock of one such set
//! at a time; only the join takes its pairs before (see [`streaming_join`](super::shortcuts::streaming_join)).

pub(crate) mod memory_budget;
pub(crate) mod partitions;
pub(crate) mod run;
pub(crate) mod sorter;
pub(crate) mod threads;
