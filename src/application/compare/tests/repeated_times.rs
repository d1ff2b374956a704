//! Declared times about the nights in which the clocks are set: against a model that tries every offset of the zone.

use jiff::Timestamp;
use jiff::tz::TimeZone;
use proptest::prelude::*;

use super::*;
use crate::property_cases::cases;

/// A zone, its two offsets in seconds, and the instants in 2025 at which it goes from one to the other.
#[derive(Debug, Clone, Copy)]
struct Setting {
    zone: &'static str,
    offsets: [i64; 2],
    switches: [i64; 2],
}

const SETTINGS: [Setting; 2] = [
    Setting { zone: "Europe/Berlin", offsets: [3600, 7200], switches: [1_743_296_400, 1_761_440_400] },
    Setting {
        zone: "America/New_York",
        offsets: [-18_000, -14_400],
        switches: [1_741_503_600, 1_762_063_200],
    },
];

impl Setting {
    fn rules(self) -> TimeZone {
        TimeZone::get(self.zone).unwrap()
    }

    /// The instants at which clocks show a local second: each offset is tried.
    fn readings(self, local: i64) -> Vec<i64> {
        let holds = |offset: &i64| {
            let at = Timestamp::from_second(local - offset).unwrap();
            i64::from(self.rules().to_offset(at).seconds()) == *offset
        };
        let mut readings: Vec<i64> = self.offsets.iter().filter(|o| holds(o)).map(|o| local - o).collect();
        readings.sort_unstable();
        readings
    }

    fn local(self, at: i64) -> i64 {
        at + i64::from(self.rules().to_offset(Timestamp::from_second(at).unwrap()).seconds())
    }
}

/// How a time is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Spelling {
    Local,
    LocalWithSpace,
    /// The local time with the offset of that number.
    Offset(usize),
    Utc(usize),
    Day,
    LeapSecond,
}

fn shown(local: i64) -> String {
    Timestamp::from_second(local).unwrap().to_string().replace('Z', "")
}

impl Spelling {
    fn text(self, setting: Setting, local: i64) -> String {
        match self {
            Self::Local => shown(local),
            Self::LocalWithSpace => shown(local).replace('T', " "),
            Self::Offset(number) => {
                let offset = setting.offsets[number];
                let sign = if offset < 0 { '-' } else { '+' };
                format!("{}{sign}{:02}:00", shown(local), offset.abs() / 3600)
            }
            Self::Utc(number) => format!("{}Z", shown(local - setting.offsets[number])),
            Self::Day => shown(local)[..10].to_owned(),
            Self::LeapSecond => "2016-12-31T23:59:60Z".to_owned(),
        }
    }

    /// Every instant that the text can be; none where it is not one for certain.
    fn instants(self, setting: Setting, local: i64) -> Vec<i64> {
        match self {
            Self::Local | Self::LocalWithSpace => setting.readings(local),
            Self::Offset(number) | Self::Utc(number) => vec![local - setting.offsets[number]],
            Self::Day | Self::LeapSecond => Vec::new(),
        }
    }
}

/// The reading that the rule takes: the one nearer to the time of the event, and the earlier one in the middle.
fn nearest(readings: &[i64], at: i64) -> Option<i64> {
    readings.iter().copied().min_by_key(|reading| (reading.abs_diff(at), *reading))
}

fn spelling() -> impl Strategy<Value = Spelling> {
    prop_oneof![
        4 => Just(Spelling::Local),
        2 => Just(Spelling::LocalWithSpace),
        2 => (0..2_usize).prop_map(Spelling::Offset),
        2 => (0..2_usize).prop_map(Spelling::Utc),
        1 => Just(Spelling::Day),
        1 => Just(Spelling::LeapSecond),
    ]
}

/// A half-hour step within three hours of a switch, give or take a little: where the rule has something to decide.
fn about_switch() -> impl Strategy<Value = i64> {
    (-6..=6_i64, prop_oneof![2 => Just(0_i64), 1 => -2..=2_i64, 1 => -1800..1800_i64])
        .prop_map(|(half_hours, more)| half_hours * 1800 + more)
}

/// Two events of one title at one time, with a declared time each.
#[derive(Debug, Clone)]
struct Two {
    setting: Setting,
    /// When it occurred, and how much later the candidate says that it did.
    at: i64,
    later: i64,
    /// The control says so in local time.
    is_local: bool,
    due: [(Spelling, i64); 2],
}

fn two() -> impl Strategy<Value = Two> {
    (
        (0..2_usize, 0..2_usize, any::<bool>()),
        (about_switch(), prop_oneof![Just(0_i64), -2..=2_i64]),
        (spelling(), about_switch()),
        (spelling(), prop_oneof![3 => Just(None), 1 => about_switch().prop_map(Some)]),
    )
        .prop_map(|((zone, switch, is_local), (at, later), (one, due), (other, other_due))| {
            let setting = SETTINGS[zone];
            let about = setting.switches[switch];
            let local = |seconds: i64| about + setting.offsets[0] + seconds;
            let due = [(one, local(due)), (other, local(other_due.unwrap_or(due)))];
            Two { setting, at: about + at, later, is_local, due }
        })
}

impl Two {
    fn texts(&self) -> [String; 2] {
        self.due.map(|(spelling, local)| spelling.text(self.setting, local))
    }

    fn compared(&self) -> Comparison {
        let Self { setting, later, is_local, .. } = *self;
        let at = |at: i64| format!("{}Z", shown(at));
        let own = if is_local { shown(setting.local(self.at)) } else { at(self.at) };
        let [one, other] = self.texts();
        let control =
            format!(r#"{{"type": "A", "task_id": "T", "title": "t", "timestamp": "{own}", "due": "{one}"}}"#);
        let candidate = format!(
            r#"{{"event_id": "e", "event_type": "A", "aggregate_id": "T", "title": "t", "timestamp": "{}", "due": "{other}"}}"#,
            at(self.at + later)
        );
        let profile = Profile { times: ["due".to_owned()].into(), ..Profile::default() };
        let zone = Zone::new(setting.zone, setting.rules());
        compared_with(&Settings { profile, zone, ..settings() }, &[control], &[candidate])
    }

    /// Whether the declared times are the same by the rule.
    fn are_same(&self) -> bool {
        let [one, other] = self.texts();
        let [left, right] = self.due.map(|(spelling, local)| spelling.instants(self.setting, local));
        if left.is_empty() || right.is_empty() {
            return one == other;
        }
        let own = self.setting.readings(self.setting.local(self.at));
        let candidate_at = self.at + self.later;
        let control_at = if self.is_local { nearest(&own, candidate_at) } else { Some(self.at) };
        left == right || nearest(&left, control_at.unwrap()) == nearest(&right, candidate_at)
    }
}

proptest! {
    #![proptest_config(cases(500))]

    #[test]
    fn a_declared_time_is_the_same_as_another_one_where_the_rule_says_so(two in two()) {
        let found = two.compared();
        let expected = two.are_same();
        let texts = two.texts();
        prop_assert_eq!(found.matched, u64::from(expected), "{:?}", texts);
        // Of two that are not the same, one whose own time came twice may be too far from the other one to be its partner.
        prop_assert_eq!(found.changed + found.missing, u64::from(!expected), "{:?}", texts);
        prop_assert_eq!(found.verdict == Verdict::Consistent, expected);
        prop_assert_eq!(found.representation, u64::from(expected && texts[0] != texts[1]));
        let fields: Vec<&str> =
            found.differences.iter().flat_map(|found| &found.fields).map(|field| field.path.as_str()).collect();
        prop_assert_eq!(fields, if found.changed == 0 { vec![] } else { vec!["due"] });
    }
}
