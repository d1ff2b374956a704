//! Two-pointer pairing: the most pairs that two sorted lists of events can have within a window.

use crate::application::compare::clock::timed_event::TimedEvent;
use crate::application::compare::feed::CompareError;

/// How many events after the next one are looked at where that one is no partner.
const AHEAD: usize = 4;

/// Events of one side in the order of key and time. Places are counted from the first one that was not taken.
pub(crate) trait Queue {
    /// The key and the time of the event at a place.
    fn rank(&mut self, place: usize) -> Result<Option<(&[u8], i64)>, CompareError>;

    /// The event at a place whose rank was asked for, and whether several events of the other side are near.
    fn event(&self, place: usize) -> Option<(TimedEvent<'_>, bool)>;

    /// Takes the event at a place out, with or without a partner.
    fn take(&mut self, place: usize, is_paired: bool) -> Result<(), CompareError>;
}

/// Takes a pair of events, or refuses it; with whether there was more than one possible partner.
pub(crate) type Accept<'a> =
    dyn FnMut(&TimedEvent<'_>, &TimedEvent<'_>, bool) -> Result<bool, CompareError> + 'a;

/// How two events that come next in their queues stand to each other.
enum Standing {
    Near,
    /// The control's is too early for any event that comes next on the other side.
    ControlIsBefore,
    CandidateIsBefore,
    /// One of them is not there.
    Ended,
}

/// Pairs events of equal keys whose times, in one unit, are at most `window` apart.
///
/// Where every pair is accepted, no other pairing has more pairs: of the two earliest events that are left,
/// the earlier one either can be paired with the other, and then may be, because every later partner of it
/// would suit a later event at least as well; or it can be paired with none. Of an event whose pair is
/// refused, the first accepted partner is looked for among a few events that follow.
pub(crate) fn pair_sorted<Q: Queue>(
    control: &mut Q,
    candidate: &mut Q,
    window: i64,
    accept: &mut Accept<'_>,
) -> Result<(), CompareError> {
    loop {
        match standing(control, 0, candidate, 0, window)? {
            Standing::ControlIsBefore => control.take(0, false)?,
            Standing::CandidateIsBefore => candidate.take(0, false)?,
            Standing::Ended => break,
            Standing::Near => {
                let found = partners(control, candidate, window, accept)?;
                let (one, other) = found.unwrap_or((0, 0));
                control.take(one, found.is_some())?;
                candidate.take(other, found.is_some())?;
            }
        }
    }
    for queue in [control, candidate] {
        while queue.rank(0)?.is_some() {
            queue.take(0, false)?;
        }
    }
    Ok(())
}

/// The places of the first accepted pair that has one of the next two events, which are near each other.
fn partners<Q: Queue>(
    control: &mut Q,
    candidate: &mut Q,
    window: i64,
    accept: &mut Accept<'_>,
) -> Result<Option<(usize, usize)>, CompareError> {
    let mut is_pair = |control: &mut Q, one, candidate: &mut Q, other| {
        if !matches!(standing(control, one, candidate, other, window)?, Standing::Near) {
            return Ok(false);
        }
        match (control.event(one), candidate.event(other)) {
            (Some((one, is_crowded)), Some((other, is_crowded_too))) => {
                accept(&one, &other, is_crowded || is_crowded_too)
            }
            _ => Ok(false),
        }
    };
    if is_pair(control, 0, candidate, 0)? {
        return Ok(Some((0, 0)));
    }
    for place in 1..=AHEAD {
        if is_pair(control, 0, candidate, place)? {
            return Ok(Some((0, place)));
        }
        if is_pair(control, place, candidate, 0)? {
            return Ok(Some((place, 0)));
        }
    }
    Ok(None)
}

fn standing<Q: Queue>(
    control: &mut Q,
    one: usize,
    candidate: &mut Q,
    other: usize,
    window: i64,
) -> Result<Standing, CompareError> {
    let (Some((key, at)), Some((other_key, other_at))) = (control.rank(one)?, candidate.rank(other)?) else {
        return Ok(Standing::Ended);
    };
    let apart = i128::from(other_at) - i128::from(at);
    let order = key.cmp(other_key).then_with(|| match apart {
        apart if apart.abs() <= i128::from(window) => std::cmp::Ordering::Equal,
        apart => 0.cmp(&apart),
    });
    Ok(match order {
        std::cmp::Ordering::Equal => Standing::Near,
        std::cmp::Ordering::Less => Standing::ControlIsBefore,
        std::cmp::Ordering::Greater => Standing::CandidateIsBefore,
    })
}

/// Tells of ascending times whether several of the other side's, which ascend too, are near.
#[derive(Default)]
pub(crate) struct CrowdWindow {
    /// The first two times of the other side that are not too early.
    first: Option<i64>,
    second: Option<i64>,
    is_begun: bool,
}

impl CrowdWindow {
    /// Whether more than one time of the other side is within `tolerance` of `at`; `next` gives them in turn.
    pub fn is_crowded(
        &mut self,
        at: i64,
        tolerance: i64,
        next: &mut dyn FnMut() -> Result<Option<i64>, CompareError>,
    ) -> Result<bool, CompareError> {
        if !std::mem::replace(&mut self.is_begun, true) {
            (self.first, self.second) = (next()?, next()?);
        }
        while self.first.is_some_and(|first| first < at.saturating_sub(tolerance)) {
            (self.first, self.second) = (self.second, next()?);
        }
        Ok(self.second.is_some_and(|second| second <= at.saturating_add(tolerance)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::application::compare::reading::content::Content;
    use crate::application::compare::reading::packed_event::{EventHead, PackedEvent};
    use proptest::prelude::*;

    /// Events of these times, their numbers being their places.
    struct Times {
        events: Vec<(usize, i64, Vec<u8>)>,
        left: Vec<usize>,
        paired: Vec<usize>,
    }

    impl Times {
        fn new(times: &[i64]) -> Self {
            let packed = |at: i64| {
                let mut packed = Vec::new();
                let head = EventHead {
                    hash: 0,
                    at,
                    offset: 0,
                    line: 0,
                    feed: 0,
                    event_type: 0,
                    lexical_fingerprint: 0,
                    flags: 0,
                };
                PackedEvent::pack(&head, b"", None, &Content::default(), &mut packed);
                packed
            };
            let events = times.iter().enumerate().map(|(number, at)| (number, *at, packed(*at)));
            Self { events: events.collect(), left: Vec::new(), paired: Vec::new() }
        }
    }

    impl Queue for Times {
        fn rank(&mut self, place: usize) -> Result<Option<(&[u8], i64)>, CompareError> {
            Ok(self.events.get(place).map(|(_, at, _)| (&[][..], *at)))
        }

        fn event(&self, place: usize) -> Option<(TimedEvent<'_>, bool)> {
            let (_, at, packed) = self.events.get(place)?;
            let entry = PackedEvent::unpack(packed)?.0;
            Some((TimedEvent { entry, at: *at, other_reading: None }, false))
        }

        fn take(&mut self, place: usize, is_paired: bool) -> Result<(), CompareError> {
            let (number, ..) = self.events.remove(place);
            if is_paired {
                self.paired.push(number)
            } else {
                self.left.push(number)
            }
            Ok(())
        }
    }

    /// The most pairs there can be, by trying everything.
    fn most_pairs(control: &[i64], candidate: &[i64], window: i64, used: u32) -> usize {
        let Some((first, rest)) = control.split_first() else { return 0 };
        let with = (0..candidate.len())
            .filter(|at| used & 1 << at == 0 && (candidate[*at] - first).abs() <= window)
            .map(|at| 1 + most_pairs(rest, candidate, window, used | 1 << at))
            .max();
        with.unwrap_or(0).max(most_pairs(rest, candidate, window, used))
    }

    fn times() -> impl Strategy<Value = Vec<i64>> {
        proptest::collection::vec(0_i64..20, 0..7).prop_map(|mut times| {
            times.sort_unstable();
            times
        })
    }

    /// The pairs that are made where those of which `accepts` says so are accepted.
    fn pairs(
        control: &[i64],
        candidate: &[i64],
        window: i64,
        accepts: impl Fn(i64, i64) -> bool,
    ) -> Vec<(i64, i64)> {
        let (mut one, mut other) = (Times::new(control), Times::new(candidate));
        let mut pairs = Vec::new();
        pair_sorted(&mut one, &mut other, window, &mut |one, other, _| {
            assert!((one.at - other.at).abs() <= window);
            let is_accepted = accepts(one.at, other.at);
            pairs.extend(is_accepted.then_some((one.at, other.at)));
            Ok(is_accepted)
        })
        .unwrap();
        for (queue, events) in [(one, control), (other, candidate)] {
            let mut given = [queue.left, queue.paired.clone()].concat();
            given.sort_unstable();
            assert_eq!(given, (0..events.len()).collect::<Vec<_>>(), "each is given once");
            assert_eq!(queue.paired.len(), pairs.len());
        }
        pairs
    }

    proptest! {
        #[test]
        fn no_other_pairing_has_more_pairs(
            (control, candidate) in (times(), times()),
            window in 0_i64..6,
        ) {
            let found = pairs(&control, &candidate, window, |_, _| true);
            prop_assert_eq!(found.len(), most_pairs(&control, &candidate, window, 0));
        }

        #[test]
        fn several_are_near_where_counting_says_so(
            (control, candidate) in (times(), times()),
            tolerance in 0_i64..6,
        ) {
            let mut crowd = CrowdWindow::default();
            let mut others = candidate.iter().copied();
            for at in control {
                let near = candidate.iter().filter(|other| (*other - at).abs() <= tolerance).count();
                let found = crowd.is_crowded(at, tolerance, &mut || Ok(others.next())).unwrap();
                prop_assert_eq!(found, near > 1);
            }
        }
    }

    #[test]
    fn an_event_that_is_no_partner_does_not_stand_between_two_that_are() {
        // Even times go with even ones.
        let accepts = |one: i64, other: i64| (one - other) % 2 == 0;
        assert_eq!(pairs(&[10], &[7, 9, 12], 5, accepts), [(10, 12)]);
        assert_eq!(pairs(&[7, 9, 12], &[10], 5, accepts), [(12, 10)]);
        assert_eq!(pairs(&[10, 13], &[11, 12], 5, accepts), [(10, 12), (13, 11)]);
        assert_eq!(pairs(&[10, 12], &[11, 13], 5, accepts), []);
    }
}
