//! A record that a search has found, and the names by which an object shows that it was written as one.

use std::ops::ControlFlow;

use memchr::memmem::Finder;

use crate::wire::json::ScannedObject;
use crate::wire::mapping::Mapping;
use crate::wire::record::RecordReader;

/// Takes a record; breaks where the search is to stop.
pub(super) type Take<'t> = dyn FnMut(&FoundRecord<'_>) -> ControlFlow<()> + 't;

/// An object that was found.
pub(super) struct FoundRecord<'f> {
    pub text: &'f [u8],
    pub object: ScannedObject,
    /// What has read it.
    pub reader: &'f RecordReader<'f>,
}

impl FoundRecord<'_> {
    /// Its text.
    pub fn bytes(&self) -> &[u8] {
        self.object.span.of(self.text)
    }

    /// Whether it has a field of that name at its top level.
    pub fn has_field(&self, name: &str) -> bool {
        let (members, _) = self.reader.members();
        members.iter().any(|member| member.key.says(name, self.text))
    }
}

/// The names by which an object at the top shows that it was written as a record.
pub(super) struct RecordNames {
    names: Vec<String>,
    quoted: Vec<Finder<'static>>,
    escaped: Vec<Finder<'static>>,
}

impl RecordNames {
    pub fn of(mapping: &Mapping) -> Self {
        let names: Vec<String> = match mapping {
            Mapping::BuiltIn => ["event_type", "type", "timestamp"].map(str::to_owned).to_vec(),
            Mapping::Declared(declared) => [&declared.event_type, &declared.timestamp]
                .into_iter()
                .filter_map(|path| path.names().first().cloned())
                .collect(),
        };
        let finders = |quote: &str| {
            let finder = |name: &String| Finder::new(&format!("{quote}{name}{quote}")).into_owned();
            names.iter().map(finder).collect()
        };
        Self { quoted: finders("\""), escaped: finders("\\\""), names }
    }

    /// Whether that is one of them.
    pub fn have(&self, name: &str) -> bool {
        self.names.iter().any(|known| known == name)
    }

    /// Whether an object has one of them at its top level.
    pub fn are_in(&self, found: &FoundRecord<'_>) -> bool {
        self.names.iter().any(|name| found.has_field(name))
    }

    /// Whether one of them stands in a text as the name of a field does.
    pub fn stand_in(&self, text: &[u8]) -> bool {
        self.quoted.iter().any(|name| name.find(text).is_some())
    }

    /// The same within a string.
    pub fn stand_escaped_in(&self, text: &[u8]) -> bool {
        self.escaped.iter().any(|name| name.find(text).is_some())
    }
}
