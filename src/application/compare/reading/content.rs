//! What an event says, apart from its envelope: the canonical form that is compared.
//!
//! The envelope (id, type, time, aggregate) is compared by rules of its own. Of the rest, the optional
//! fields, which a profile names, are kept each on its own, so that they can be left out of a comparison;
//! all others are one canonical object, the shared content. Where a profile declares a time, the instant stands
//! in the place of a text that is one, and how it is spelled is a part of the fingerprint.

use crate::wire::json::{
    Canonicalizer, FormPiece, Member, MemberValue, PaddedBytes, ScanError, ShapeTable, canonical_form,
    write_plain_string, write_tagged,
};
use crate::wire::mapping::{FieldPath, Mapping};
use crate::wire::record::{Record, RecordReader, Shape};
use crate::wire::zone::Zone;

use crate::application::compare::profile::Profile;
use crate::application::compare::reading::scalars::{
    Body, count_scalars, is_text, lexical_fingerprint, scalar_at, scalars,
};
use crate::application::compare::reading::times::{Times, as_time, declared_times, times_in};
use crate::application::compare::rules::field_set::FieldSet;

/// Where the optional fields stand. The first is the `event_id` of a legacy record, which
/// is no identity.
pub(crate) const LEGACY_EVENT_ID: usize = 0;

/// Which fields a comparison looks at apart.
#[derive(Debug, Clone)]
pub(crate) struct Fields {
    /// The names of the optional fields.
    pub optional_fields: Vec<String>,
    /// How many of them, after the first, one side alone may carry; the others are ignored.
    pub one_sided: usize,
    /// The canonical forms of their declared defaults.
    pub defaults: Vec<Option<Vec<u8>>>,
    /// The one-sided fields are others than the built-in profile's: a record of the control may lack them whatever its
    /// shape, and records that were read through a mapping are of the side that may lack them.
    pub are_declared: bool,
    /// Which fields hold times.
    pub times: Vec<FieldPath>,
    /// Which of them are in one-sided fields.
    pub one_sided_times: FieldSet,
    /// The zone of times without an offset.
    pub zone: Zone,
}

impl Fields {
    /// The fields of a profile; times without an offset are those of `zone`.
    ///
    /// # Errors
    /// A default that is no JSON value.
    pub fn new(profile: &Profile, zone: &Zone) -> Result<Self, ScanError> {
        let is_ignored = |field: &str| profile.ignore.iter().any(|rule| rule.field == field);
        let mut optional_fields = vec!["event_id".to_owned()];
        let mut defaults = vec![None];
        for expected in profile.one_sided.iter().filter(|expected| !is_ignored(&expected.field)) {
            optional_fields.push(expected.field.clone());
            let is_time = profile.times.contains(&expected.field);
            let default =
                expected.default.as_ref().map(|text| canonical_form(text.as_bytes())).transpose()?;
            defaults.push(default.map(|form| if is_time { as_time(form, zone) } else { form }));
        }
        let one_sided = optional_fields.len() - 1;
        optional_fields.extend(profile.ignore.iter().map(|rule| rule.field.clone()));
        let are_declared = !profile.expects_as_built_in();
        // One that is no path names no field, as a report says.
        let times: Vec<FieldPath> = profile.times.iter().filter_map(|path| path.parse().ok()).collect();
        let one_sided_times = times_in(&optional_fields[1..=one_sided], &times);
        let zone = zone.clone();
        Ok(Self { optional_fields, one_sided, defaults, are_declared, times, one_sided_times, zone })
    }

    /// The first ignored field.
    pub fn ignored_from(&self) -> usize {
        1 + self.one_sided
    }
}

/// The content of one record, written into memory that is used again for the next one.
#[derive(Default)]
pub(crate) struct Content {
    /// The canonical object of all fields that are not optional.
    pub shared_content: Vec<u8>,
    /// The optional fields in their order: length (`u32`, `u32::MAX` where it is absent) and canonical form.
    pub optional_fields: Vec<u8>,
    /// Zero where every number and string is in its plain spelling; else a hash of the other ones.
    pub lexical_fingerprint: u64,
    /// The record is of a side that may lack one-sided fields.
    pub legacy_shape: bool,
    /// A declared time is a local time that comes twice.
    pub has_repeated_time: bool,
}

/// Makes the content of records.
pub(crate) struct ContentReader<'p> {
    /// How the content of records of each layout is written.
    templates: ShapeTable<Template>,
    templater: Templater<'p>,
    /// The numbers of the fields in which a time was read.
    times_read: FieldSet,
}

/// Makes templates.
struct Templater<'p> {
    fields: &'p Fields,
    /// Where the envelope stands in records that are read through a mapping.
    mapped: Vec<Vec<String>>,
    canonicalizer: Canonicalizer,
}

/// How the content of records of one layout is written.
struct Template {
    shape: Shape,
    shared_content: Vec<Step<PaddedBytes>>,
    /// The optional fields in their order; `None` where one is absent.
    optional_fields: Vec<Option<Vec<Step<PaddedBytes>>>>,
}

enum Step<B> {
    Text(B),
    /// The scalar value of this number, counted from 0 in the order of the text.
    Scalar(usize),
    /// The same, in the field of that number among those that hold times.
    Time {
        scalar: usize,
        field: usize,
    },
    /// The second name of the aggregate: content only where it says something else.
    UnlessAggregate {
        name: B,
        scalar: usize,
    },
}

/// Steps to which others can be added.
type Draft = Vec<Step<Vec<u8>>>;

#[derive(Clone, Copy, PartialEq, Eq)]
enum Part {
    Base,
    Optional(usize),
    Aggregate,
}

impl<'p> ContentReader<'p> {
    pub fn new(fields: &'p Fields, mapping: &Mapping) -> Self {
        let mapped = match mapping {
            Mapping::BuiltIn => Vec::new(),
            Mapping::Declared(declared) => {
                let paths = [
                    Some(&declared.event_type),
                    Some(&declared.timestamp),
                    declared.event_id.as_ref(),
                    declared.aggregate.as_ref(),
                ];
                paths.into_iter().flatten().map(|path| path.names().to_vec()).collect()
            }
        };
        let canonicalizer = Canonicalizer::default();
        let templater = Templater { fields, mapped, canonicalizer };
        Self { templates: ShapeTable::default(), templater, times_read: FieldSet::default() }
    }

    /// The numbers of the fields in which a time was read.
    pub fn times_read(self) -> FieldSet {
        self.times_read
    }

    /// Writes the content of the record that `reader` has read last.
    ///
    /// # Errors
    /// None for a record that was scanned.
    pub fn read(
        &mut self,
        record: &Record<'_>,
        reader: &RecordReader<'_>,
        into: &mut Content,
    ) -> Result<(), ScanError> {
        into.legacy_shape = match record.shape {
            Shape::New => false,
            Shape::Legacy => true,
            Shape::Mapped => self.templater.fields.are_declared,
        };
        let body = Body { text: record.body.as_bytes(), start: reader.body_start() };
        let Self { templates, templater, times_read } = self;
        let Fields { zone, one_sided_times, .. } = templater.fields;
        let times = Times { zone, one_sided: one_sided_times, read: times_read, comes_twice: false };
        let Some((layout, scalars)) = reader.layout() else {
            let template = templater.template(record.shape, reader.members().0, body)?;
            let (scalars, lexical_fingerprint) = scalars(body.text)?;
            let body = Body { start: 0, ..body };
            template.write(&scalars, body, record, &mut templater.canonicalizer, times, into)?;
            into.lexical_fingerprint = into.lexical_fingerprint.wrapping_add(lexical_fingerprint);
            return Ok(());
        };
        let template = match templates.get_mut(layout) {
            Some(template) if template.shape == record.shape => template,
            unknown => unknown.insert(templater.template(record.shape, reader.members().0, body)?),
        };
        template.write(scalars, body, record, &mut templater.canonicalizer, times, into)
    }
}

impl Templater<'_> {
    fn template(&mut self, shape: Shape, members: &[Member], body: Body<'_>) -> Result<Template, ScanError> {
        let mut placed: Vec<(Vec<u8>, Part, Draft)> = Vec::new();
        let mut scalars = 0;
        for member in members {
            let name = body.name(member.key);
            let part = self.part(shape, &name);
            let hidden = self.hidden(shape, &name, member.value, body);
            let times = declared_times(&self.fields.times, &name, member.value, body);
            let steps = self.steps(member.value, body, (&hidden, &times), &mut scalars)?;
            if !steps.is_empty() {
                placed.extend(part.map(|part| (name, part, steps)));
            }
        }
        // A stable sort: the members of one name stay in the order of the text.
        placed.sort_by(|one, other| one.0.cmp(&other.0));
        // An optional field stands once; where a name stands twice, both are content.
        for at in 1..placed.len() {
            if placed[at].0 == placed[at - 1].0 {
                placed[at].1 = Part::Base;
                placed[at - 1].1 = Part::Base;
            }
        }
        let mut shared_content = vec![Step::Text(b"{".to_vec())];
        let mut optional_fields: Vec<Option<Vec<Step<PaddedBytes>>>> =
            self.fields.optional_fields.iter().map(|_| None).collect();
        for (name, part, mut steps) in placed {
            let mut tagged = Vec::new();
            write_tagged(b's', &name, &mut tagged);
            match (part, &*steps) {
                (Part::Optional(field), _) => optional_fields[field] = Some(joined(steps)),
                (Part::Aggregate, &[Step::Scalar(scalar)]) => {
                    shared_content.push(Step::UnlessAggregate { name: tagged, scalar });
                }
                (Part::Base | Part::Aggregate, _) => {
                    shared_content.push(Step::Text(tagged));
                    shared_content.append(&mut steps);
                }
            }
        }
        shared_content.push(Step::Text(b"}".to_vec()));
        Ok(Template { shape, shared_content: joined(shared_content), optional_fields })
    }

    /// The scalars of a member that belong to the envelope; counted within it.
    fn hidden(&self, shape: Shape, name: &[u8], value: MemberValue, body: Body<'_>) -> Vec<usize> {
        let MemberValue::Object(span) = value else { return Vec::new() };
        let paths = self.mapped.iter().filter(|path| shape == Shape::Mapped && path[0].as_bytes() == name);
        paths.filter_map(|path| scalar_at(body.of(span), &path[1..])).collect()
    }

    /// How a value is written whose first scalar has the number `scalars`; not at all where it holds
    /// nothing but the envelope, whose scalars are `hidden`.
    fn steps(
        &mut self,
        value: MemberValue,
        body: Body<'_>,
        (hidden, times): (&[usize], &[(usize, usize)]),
        scalars: &mut usize,
    ) -> Result<Draft, ScanError> {
        let first = *scalars;
        let pieces = match value {
            MemberValue::Array(span) | MemberValue::Object(span) => {
                let text = body.of(span);
                *scalars += count_scalars(text)?;
                self.canonicalizer.pieces(text, hidden)?
            }
            _ => {
                *scalars += 1;
                vec![FormPiece::Scalar(0)]
            }
        };
        let steps = pieces.into_iter().map(|piece| match piece {
            FormPiece::Text(text) => Step::Text(text),
            FormPiece::Scalar(number) => match times.iter().find(|(time, _)| *time == number) {
                Some((_, field)) => Step::Time { scalar: first + number, field: *field },
                None => Step::Scalar(first + number),
            },
        });
        Ok(steps.collect())
    }

    /// `None` for the envelope.
    fn part(&self, shape: Shape, name: &[u8]) -> Option<Part> {
        let optional_fields = |from: usize| {
            let found =
                self.fields.optional_fields.iter().skip(from).position(|field| field.as_bytes() == name);
            Some(found.map_or(Part::Base, |at| Part::Optional(at + from)))
        };
        match (shape, name) {
            (Shape::New, b"event_id" | b"event_type" | b"timestamp" | b"aggregate_id") => None,
            (Shape::New, b"task_id") => match optional_fields(1) {
                Some(Part::Base) => Some(Part::Aggregate),
                ignored => ignored,
            },
            (Shape::Legacy, b"type" | b"timestamp" | b"task_id") => None,
            (Shape::Legacy, _) => optional_fields(LEGACY_EVENT_ID),
            (Shape::Mapped, name)
                if self.mapped.iter().any(|path| path.len() == 1 && path[0].as_bytes() == name) =>
            {
                None
            }
            (Shape::New | Shape::Mapped, _) => optional_fields(1),
        }
    }
}

impl Template {
    /// Writes the content of a record with these scalar values.
    fn write(
        &self,
        scalars: &[MemberValue],
        body: Body<'_>,
        record: &Record<'_>,
        canonicalizer: &mut Canonicalizer,
        mut times: Times<'_>,
        into: &mut Content,
    ) -> Result<(), ScanError> {
        into.shared_content.clear();
        into.optional_fields.clear();
        into.lexical_fingerprint = 0;
        let aggregate = record.aggregate.as_deref();
        let mut spelled = 0_u64;
        let mut write = |steps: &[Step<PaddedBytes>], out: &mut Vec<u8>| -> Result<(), ScanError> {
            for step in steps {
                let scalar = match step {
                    Step::Text(text) => {
                        text.append_to(out);
                        continue;
                    }
                    Step::UnlessAggregate { scalar, .. } if is_text(scalars[*scalar], body, aggregate) => {
                        continue;
                    }
                    Step::UnlessAggregate { name, scalar } => {
                        name.append_to(out);
                        scalars[*scalar]
                    }
                    Step::Scalar(scalar) => scalars[*scalar],
                    Step::Time { scalar, field } => {
                        let value = scalars[*scalar];
                        if let Some(spelling) = times.write(*field, value, body, out) {
                            spelled = spelled.wrapping_add(spelling);
                            continue;
                        }
                        value
                    }
                };
                match scalar.moved_back(body.start) {
                    MemberValue::String(text) if !text.escaped => {
                        write_plain_string(text.span, body.text, out);
                    }
                    unusual => {
                        spelled = spelled.wrapping_add(lexical_fingerprint(scalar, body));
                        canonicalizer.append(unusual, body.text, out)?;
                    }
                }
            }
            Ok(())
        };
        write(&self.shared_content, &mut into.shared_content)?;
        for steps in &self.optional_fields {
            let start = into.optional_fields.len();
            into.optional_fields.extend_from_slice(&u32::MAX.to_le_bytes());
            if let Some(steps) = steps {
                write(steps, &mut into.optional_fields)?;
                let value = &mut into.optional_fields[start..];
                let length = (value.len() - size_of::<u32>()) as u32;
                value[..size_of::<u32>()].copy_from_slice(&length.to_le_bytes());
            }
        }
        into.lexical_fingerprint = spelled;
        into.has_repeated_time = times.comes_twice;
        Ok(())
    }
}

/// The same with texts that follow each other made one.
fn joined(steps: Draft) -> Vec<Step<PaddedBytes>> {
    let mut joined = Draft::new();
    for step in steps {
        match (joined.last_mut(), step) {
            (Some(Step::Text(text)), Step::Text(more)) => text.extend_from_slice(&more),
            (_, step) => joined.push(step),
        }
    }
    let few = |step: Step<Vec<u8>>| match step {
        Step::Text(text) => Step::Text(PaddedBytes::new(&text)),
        Step::Scalar(scalar) => Step::Scalar(scalar),
        Step::Time { scalar, field } => Step::Time { scalar, field },
        Step::UnlessAggregate { name, scalar } => {
            Step::UnlessAggregate { name: PaddedBytes::new(&name), scalar }
        }
    };
    joined.into_iter().map(few).collect()
}
