//! Which position an id has: 24 bytes an event, whatever the ids look like.

use std::collections::HashMap;
use std::hash::{BuildHasherDefault, Hasher};

use xxhash_rust::xxh3::{xxh3_64, xxh3_128};

use crate::domain::repository::StoredEvent;
use crate::domain::value_objects::{EventId, Position};

/// Positions by the hash of the id. A hash only finds: the line at the position decides.
pub(super) struct IdTable {
    hash: fn(&EventId) -> Key,
    first: HashMap<Key, Position, BuildHasherDefault<Hashed>>,
    /// Positions of ids that share the hash of another id.
    further: HashMap<Key, Vec<Position>>,
}

type Key = (u64, u64);

/// What a table says about an id.
pub(super) enum Lookup {
    Absent,
    Found(StoredEvent),
    /// The line at a position of the table is not the one that the table was made from.
    Stale,
}

fn xxh3(id: &EventId) -> Key {
    let hash = xxh3_128(id.as_str().as_bytes());
    (hash as u64, (hash >> 64) as u64)
}

impl Default for IdTable {
    fn default() -> Self {
        Self { hash: xxh3, first: HashMap::default(), further: HashMap::new() }
    }
}

impl IdTable {
    pub(super) fn clear(&mut self) {
        self.first.clear();
        self.further.clear();
    }

    /// Adds an id that [`find`](Self::find) did not find.
    pub(super) fn insert(&mut self, id: &EventId, position: Position) {
        let key = (self.hash)(id);
        let first = *self.first.entry(key).or_insert(position);
        if first != position {
            let further = self.further.entry(key).or_default();
            if !further.contains(&position) {
                further.push(position);
            }
        }
    }

    /// The event of that id, read with `event_at` from where the table says that it is.
    pub(super) fn find<E>(
        &self,
        id: &EventId,
        mut event_at: impl FnMut(Position) -> Result<Option<StoredEvent>, E>,
    ) -> Result<Lookup, E> {
        let wanted = (self.hash)(id);
        let Some(&first) = self.first.get(&wanted) else { return Ok(Lookup::Absent) };
        let further = self.further.get(&wanted).into_iter().flatten().copied();
        for position in std::iter::once(first).chain(further) {
            match event_at(position)? {
                Some(stored) if stored.event.event_id() == id => return Ok(Lookup::Found(stored)),
                Some(stored) if (self.hash)(stored.event.event_id()) == wanted => {}
                _ => return Ok(Lookup::Stale),
            }
        }
        Ok(Lookup::Absent)
    }
}

/// Keys are hashes already.
#[derive(Default)]
struct Hashed(u64);

impl Hasher for Hashed {
    fn write(&mut self, bytes: &[u8]) {
        self.0 ^= xxh3_64(bytes);
    }

    fn write_u64(&mut self, number: u64) {
        self.0 ^= number;
    }

    fn finish(&self) -> u64 {
        self.0
    }
}

#[cfg(test)]
mod tests {
    use std::convert::Infallible;

    use super::*;
    use crate::domain::event::DomainEvent;
    use crate::wire::zone::Zone;

    fn stored(id: &str, position: i64) -> StoredEvent {
        let text =
            format!(r#"{{"event_id": "{id}", "event_type": "T", "timestamp": "2025-10-25T10:00:00Z"}}"#);
        let event = DomainEvent::from_json(&text, &Zone::utc()).unwrap();
        StoredEvent {
            position: Position::new(position),
            origin: crate::domain::repository::EventOrigin::Saved,
            event,
        }
    }

    #[test]
    fn ids_that_share_a_hash_are_told_apart() {
        let mut table = IdTable { hash: |_| (0, 0), ..IdTable::default() };
        let lines = [stored("e1", 1), stored("e2", 2), stored("e3", 3)];
        let event_at =
            |position| Ok::<_, Infallible>(lines.iter().find(|stored| stored.position == position).cloned());
        for line in &lines {
            assert!(matches!(table.find(line.event.event_id(), event_at), Ok(Lookup::Absent)));
            table.insert(line.event.event_id(), line.position);
        }
        for line in &lines {
            let Ok(Lookup::Found(found)) = table.find(line.event.event_id(), event_at) else {
                panic!("{} is there", line.event.event_id());
            };
            assert_eq!(found, *line);
        }
    }

    #[test]
    fn a_line_that_is_not_what_it_was_makes_the_table_stale() {
        let mut table = IdTable::default();
        let (one, other) = (stored("e1", 1), stored("e2", 1));
        table.insert(one.event.event_id(), one.position);
        let find = |line: Option<StoredEvent>| {
            table.find(one.event.event_id(), |_| Ok::<_, Infallible>(line.clone())).unwrap()
        };
        assert!(matches!(find(Some(one.clone())), Lookup::Found(_)));
        assert!(matches!(find(Some(other)), Lookup::Stale));
        assert!(matches!(find(None), Lookup::Stale));
    }
}
