//! The criteria, over facts in memory.
