//! What a profile declares and no event or pair has needed: it may be misspelled.

use std::collections::BTreeSet;

use crate::application::compare::context::Context;
use crate::application::compare::profile::Profile;
use crate::application::compare::report::{RuleKind, UnusedRule};
use crate::application::compare::rules::field_set::FieldSet;

/// What was used of the profile of a comparison.
pub(crate) struct UsedRules<'u> {
    /// The numbers of the one-sided fields that an event lacked and its partner had.
    pub one_sided: &'u FieldSet,
    /// The numbers of the fields in which a time was read.
    pub times: FieldSet,
    /// The types of the events that took part.
    pub event_types: &'u dyn Fn(&str) -> bool,
}

/// What was not, one-sided fields first; nothing of the built-in profile, which is not written for these logs. Ignored
/// fields have counts of their own.
pub(crate) fn unused_rules(context: &Context<'_>, used: &UsedRules<'_>) -> Vec<UnusedRule> {
    let Context { settings, fields, .. } = context;
    let Profile { one_sided, times, event_types, .. } = &settings.profile;
    let rule = |kind, name: &String| UnusedRule { kind, name: name.clone() };
    let mut unused = Vec::new();
    if fields.are_declared {
        let needed: BTreeSet<&String> = (1..=fields.one_sided)
            .filter(|field| used.one_sided.contains(*field))
            .map(|field| &fields.optional_fields[field])
            .collect();
        let not_needed =
            one_sided.iter().map(|expected| &expected.field).filter(|field| !needed.contains(field));
        unused.extend(not_needed.map(|field| rule(RuleKind::OneSided, field)));
    }
    if fields.are_declared || *times != Profile::default().times {
        let read: BTreeSet<String> = (fields.times.iter().enumerate())
            .filter(|(field, _)| used.times.contains(*field))
            .map(|(_, path)| path.to_string())
            .collect();
        unused
            .extend(times.iter().filter(|path| !read.contains(*path)).map(|path| rule(RuleKind::Time, path)));
    }
    let absent = event_types.iter().filter(|name| !(used.event_types)(name));
    unused.extend(absent.map(|name| rule(RuleKind::EventType, name)));
    unused
}
