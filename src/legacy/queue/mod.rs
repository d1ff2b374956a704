//! The queue: what is to be handled, the smallest number first, then the oldest; and how much is let in.
//!
//! The API, for the dispatcher (owner: queue):
//!
//! ```text
//! EventQueue::open(path: &Path /* data/legacy/queue.jsonl */, clock) -> Result<EventQueue, QueueError>
//!   .push(NewEntry { definition_id, event_type, data, priority }) -> Result<QueueEntry, QueueError>   durable when it returns
//!   .refuse(NewEntry)                     counted, kept as `rate_limited`
//!   .next(&self) -> Option<QueueEntry>    marks it as processing; entries whose retry is not due are passed over
//!   .done(&entry) / .retry_at(&entry, DateTime) / .failed(&entry)
//!   .entries(&self) -> Vec<QueueEntry>    for `legacy queue`
//! BatchWindow: an OccurrenceSink that merges, asks the token bucket of the definition, and pushes
//! ```
