//! The times in the content of records, where a profile says that a field holds some.

use xxhash_rust::xxh3::xxh3_64;

use crate::application::compare::reading::canonical_values::payload;
use crate::application::compare::reading::scalars::{Body, scalars_at};
use crate::application::compare::rules::field_set::FieldSet;
use crate::wire::instant::Instant;
use crate::wire::json::MemberValue;
use crate::wire::mapping::FieldPath;
use crate::wire::zone::Zone;

/// The scalars of a member that are declared to be times, counted within it, each with the number of its field.
pub(crate) fn declared_times(
    declared: &[FieldPath],
    name: &[u8],
    value: MemberValue,
    body: Body<'_>,
) -> Vec<(usize, usize)> {
    let mut found = Vec::new();
    for (field, path) in declared.iter().enumerate() {
        let Some((top, within)) = path.names().split_first() else { continue };
        if top.as_bytes() != name {
            continue;
        }
        let scalars = match value {
            MemberValue::Array(span) | MemberValue::Object(span) => scalars_at(body.of(span), within),
            _ if within.is_empty() => vec![0],
            _ => Vec::new(),
        };
        found.extend(scalars.into_iter().map(|scalar| (scalar, field)));
    }
    found
}

/// The numbers of the times that are in some of these top-level fields.
pub(crate) fn times_in(fields: &[String], times: &[FieldPath]) -> FieldSet {
    let mut found = FieldSet::default();
    for (number, path) in times.iter().enumerate() {
        if path.names().first().is_some_and(|top| fields.contains(top)) {
            found.insert(number);
        }
    }
    found
}

/// The form of a value in a field that holds times.
pub(crate) fn as_time(form: Vec<u8>, zone: &Zone) -> Vec<u8> {
    let text = form.starts_with(b"s").then(|| std::str::from_utf8(payload(&form)).ok()).flatten();
    let Some(instant) = text.and_then(|text| Instant::read(text, zone)) else { return form };
    let mut time = Vec::new();
    instant.write(&mut time);
    time
}

/// Reads the times in the content of records.
pub(crate) struct Times<'t> {
    pub zone: &'t Zone,
    /// The numbers of the fields that one side alone may have.
    pub one_sided: &'t FieldSet,
    /// The numbers of the fields in which one was read.
    pub read: &'t mut FieldSet,
    /// One is a local time that comes twice.
    pub comes_twice: bool,
}

impl Times<'_> {
    /// Writes the instant that a value of a field is, and gives its spelling; `None`, and nothing is written, where it
    /// is no time, or not one for certain.
    // Few fields hold times: within the loop over all scalars, it would slow down the others.
    #[inline(never)]
    pub fn write(
        &mut self,
        field: usize,
        value: MemberValue,
        body: Body<'_>,
        out: &mut Vec<u8>,
    ) -> Option<u64> {
        let MemberValue::String(text) = value else { return None };
        let decoded = text.moved_back(body.start).decode(body.text)?;
        let Some(instant) = Instant::read(&decoded, self.zone) else {
            // What is a time, and not one instant for certain, needs the declaration all the same.
            if Instant::is_written(&decoded) {
                self.read.insert(field);
            }
            return None;
        };
        instant.write(out);
        self.comes_twice |= instant.comes_twice();
        self.read.insert(field);
        // Where one side alone has the field, there is nothing that it would be another spelling of.
        let is_one_sided = self.one_sided.contains(field);
        Some(if is_one_sided { 0 } else { xxh3_64(body.of(text.span)) })
    }
}
