//! What people write into tasks: umlauts, quotes, backslashes, line breaks and emoji included.

use fastrand::Rng;

use super::workload::{Text, pick};

const TITLES: [&str; 24] = [
    "Write the weekly briefing for {project}",
    "Review pull request #{number} of {person}",
    "Call {person} about {project} and agree on the next steps",
    "Answer the \"{topic}\" mail from {person}",
    "Find out why the {component} test is flaky on Windows",
    "Prepare the {project} demo for {customer} 🚀",
    "Übergabe an {person} vorbereiten ({project})",
    "Book the train to {city} for the workshop with {customer}",
    "Rotate the credentials of the {component}",
    "Order coffee ☕ and oat milk for the {city} office",
    "Upgrade the {component} to version 4.{number}",
    "Draft an offer for {customer}: {topic}",
    "Write down the decision on \"{topic}\"",
    "Restore the {component} backup and time it",
    "Rückfrage von {customer} klären: {topic}",
    "Plan {person}'s first week with {project}",
    "Move C:\\reports\\{number} to the shared drive",
    "Pay invoice {number} of {customer}",
    "Delete the old {component} once {project} is live",
    "Measure {component} latency under load",
    "Invite {person} and {customer} to the {topic} round table",
    "Translate the {project} guide into German and 日本語",
    "Collect feedback on {project} from {customer} 📋",
    "Clean up the {topic} board before the review",
];
const PEOPLE: [&str; 8] = [
    "Jürgen Müller",
    "Mara Lindqvist",
    "Aiko Tanaka",
    "Ben O'Neill",
    "Zoë Dupré",
    "Søren Krog",
    "Priya Nair",
    "Łukasz Nowak",
];
const PROJECTS: [&str; 7] = [
    "Apollo",
    "Event Horizon",
    "Größenwahn",
    "the migration",
    "Lighthouse",
    "Nightly Reports",
    "Mission Control",
];
const CUSTOMERS: [&str; 6] =
    ["Bäckerei Krüger", "Northwind", "Café Zürich", "Stadtwerke Köln", "Acme & Sons", "Fjord AS"];
const COMPONENTS: [&str; 6] =
    ["event dispatcher", "login page", "mail gateway", "scheduler", "search index", "backup job"];
const CITIES: [&str; 5] = ["München", "Köln", "Zürich", "Oslo", "Malmö"];
const TOPICS: [&str; 6] =
    ["data retention", "holiday cover", "pricing 2026", "urgent!!", "single sign-on", "who owns what?"];

const NOTES: [&str; 12] = [
    "Done!",
    "Done, see the notes in {project} for what is left to do next week",
    "Merged after {person} approved; released to {customer}",
    "Fixed: the {component} read the clock twice 🎉",
    "Erledigt, {person} übernimmt den Rest",
    "Sent to {person}.\nWaiting for nothing else.",
    "Took longer than planned because of the {component}",
    "",
    "Agreed with {customer}: \"{topic}\" comes first",
    "Paid, receipt is in folder {number}",
    "Closed together with {person} ✅ — tests are green on every machine",
    "Measured: 4.{number} ms at the 99th percentile, down from 9.{number} ms",
];
const REASONS: [&str; 8] = [
    "duplicate",
    "Duplicate of T{number}",
    "No longer needed, {customer} cancelled",
    "created by mistake",
    "{person} does it within {project}",
    "Hat sich erledigt – {customer} möchte es doch nicht",
    "out of scope for {project}",
    "merged into \"{topic}\"",
];

const TITLE_ADDITIONS: [&str; 5] =
    [" (by Friday)", " – bis Freitag, spätestens Montag", " with {person}", " [{customer}]", " ‼️"];

pub fn title(rng: &mut Rng) -> Text {
    fill(rng, &TITLES)
}

/// What is appended to a title when a task is renamed.
pub fn title_addition(rng: &mut Rng) -> Text {
    fill(rng, &TITLE_ADDITIONS)
}

pub fn completion_notes(rng: &mut Rng) -> Text {
    fill(rng, &NOTES)
}

pub fn reason(rng: &mut Rng) -> Text {
    fill(rng, &REASONS)
}

/// Picks a template and fills its blanks.
fn fill(rng: &mut Rng, templates: &[&'static str]) -> Text {
    let mut rest = pick(rng, templates);
    if !rest.contains('{') {
        return rest.into();
    }
    let mut text = String::with_capacity(96);
    while let Some((before, (blank, after))) =
        rest.split_once('{').and_then(|(before, tail)| Some((before, tail.split_once('}')?)))
    {
        text.push_str(before);
        match blank {
            "person" => text.push_str(pick(rng, &PEOPLE)),
            "project" => text.push_str(pick(rng, &PROJECTS)),
            "customer" => text.push_str(pick(rng, &CUSTOMERS)),
            "component" => text.push_str(pick(rng, &COMPONENTS)),
            "city" => text.push_str(pick(rng, &CITIES)),
            "topic" => text.push_str(pick(rng, &TOPICS)),
            _ => text.push_str(&rng.u32(10..1000).to_string()),
        }
        rest = after;
    }
    text.push_str(rest);
    text.into()
}
