//! Who may be rung for now, and who must: rules Q1, Q2, Q3, Q5 and Q11 over the checkers' own account.
use super::Rule;
use super::callers::{Caller, Callers, Stage};
use super::desks::Desks;
use crate::class::Class;
use crate::ids::{OperatorId, SeatId};
use crate::machine::Instant;
use crate::queue::{PoolSettings, Strategy};
use std::collections::{BTreeSet, VecDeque};
use std::time::Duration;

/// Q1.
const SHARE_WINDOW: Duration = Duration::from_secs(15 * 60);
const SHARE_STARTS_MIN: usize = 20;
/// Q3: "⌈0.15·c⌉".
const RESERVE_PERCENT: usize = 15;
/// Q2.
const STARTS_BEFORE_DUE: u32 = 2;
const WAIT_BEFORE_DUE: Duration = Duration::from_secs(60);

/// Service starts of the pool.
#[derive(Clone, Debug, Default)]
pub(super) struct Starts {
    /// Of others, while somebody starved, since the last start of one who did.
    others: u32,
    last: Instant,
    /// The starving seat whose phone rings: its turn is being kept.
    turn: Option<SeatId>,
    recent: VecDeque<(Instant, bool)>,
}

impl Starts {
    /// Whether the oldest starving seat, starving since then, is due.
    fn is_due(&self, since: Instant, now: Instant) -> bool {
        let long = now.since(since.max(self.last)) >= WAIT_BEFORE_DUE;
        self.turn.is_none() && (self.others >= STARTS_BEFORE_DUE || long)
    }

    /// A phone rings for this seat.
    pub fn rings(&mut self, seat: SeatId, starving: bool) {
        if starving {
            self.turn.get_or_insert(seat);
        }
    }

    /// If no phone rings for this seat any more, its turn is given back.
    pub fn silent(&mut self, seat: SeatId, callers: &Callers) {
        if self.turn == Some(seat) && callers.seats.get(&seat).is_none_or(Caller::is_unrung) {
            self.turn = None;
        }
    }

    pub fn started(
        &mut self,
        seat: SeatId,
        priority: bool,
        callers: &Callers,
        limit: Duration,
        now: Instant,
    ) {
        self.recent.push_back((now, priority));
        while self.recent.front().is_some_and(|(at, _)| now.since(*at) > SHARE_WINDOW) {
            self.recent.pop_front();
        }
        let others_starve = callers.seats.values().any(|caller| starves(caller, limit, now));
        if self.turn == Some(seat) {
            (self.others, self.last, self.turn) = (0, now, None);
        } else if others_starve || self.turn.is_some() {
            self.others += 1;
        } else {
            self.others = 0;
        }
    }

    fn priority_is_over(&self, max_share: f64, now: Instant) -> bool {
        let recent = self.recent.iter().filter(|(at, _)| now.since(*at) <= SHARE_WINDOW);
        let (all, priority) =
            recent.fold((0usize, 0usize), |(all, of), (_, priority)| (all + 1, of + usize::from(*priority)));
        all >= SHARE_STARTS_MIN && priority as f64 > max_share * all as f64
    }
}

fn is_ordinary(caller: &Caller) -> bool {
    caller.class != Class::Priority && caller.waits_unrung() && !caller.returned
}

fn starves(caller: &Caller, limit: Duration, now: Instant) -> bool {
    is_ordinary(caller) && caller.age(now) >= limit
}

/// The queue at the moment of a decision.
pub(super) struct Room<'a> {
    pub settings: &'a PoolSettings,
    pub callers: &'a Callers,
    pub desks: &'a Desks,
    pub ready: &'a BTreeSet<OperatorId>,
    /// Q3's `r` at the decision: it may have changed in the same step, so what was allowed is judged by the lesser of two,
    /// and what was owed by the greater.
    pub reserve: (u32, u32),
    pub now: Instant,
}

/// The better is the less: the rule by which a seat stands in the order, then its age there.
type Rank = (u8, i128, u64);

impl Room<'_> {
    /// Whether ringing `operator` for `seat` breaks a rule.
    pub fn judge(&self, seat: SeatId, operator: &OperatorId, starts: &Starts) -> Option<(Rule, String)> {
        let chosen = self.callers.seats.get(&seat)?;
        if !self.callers.may_serve(self.settings, operator, chosen, self.now) {
            return Some((Rule::Order, format!("{operator} may not serve seat {seat}")));
        }
        if let Some(due) = self.due(starts) {
            let withheld = || (Rule::Due, format!("{operator} is rung for seat {seat}; seat {due} was due"));
            return (due != seat).then(withheld);
        }
        if !self.may_be_offered(
            self.candidates(chosen),
            self.kept(chosen, self.reserve.0, self.desks.on_duty_at_least()),
            0,
        ) {
            let how = format!(
                "{operator} is rung for {} seat {seat}; {} are held back",
                chosen.class, self.reserve.0
            );
            return Some((Rule::Reserve, how));
        }
        let over = self.priority_is_over(starts);
        let rank = self.rank(chosen, over);
        let before = self
            .callers
            .seats
            .iter()
            .filter(|(other, caller)| **other != seat && caller.waits_unrung() && self.is_open_to(caller))
            .find(|(_, caller)| self.rank(caller, over) < rank);
        before.map(|(other, caller)| {
            let how = format!(
                "{operator} is rung for {} seat {seat}, {:?} old, before {} seat {other}, {:?} old",
                chosen.class,
                chosen.age(self.now),
                caller.class,
                caller.age(self.now)
            );
            (Rule::Order, how)
        })
    }

    /// Q1: over its share, and somebody else waits.
    fn priority_is_over(&self, starts: &Starts) -> bool {
        starts.priority_is_over(self.settings.max_share, self.now)
            && self.callers.seats.values().any(is_ordinary)
    }

    fn rank(&self, caller: &Caller, priority_is_over: bool) -> Rank {
        let nanos = |duration: Duration| duration.as_nanos() as i128;
        let since = i128::from((caller.joined_at + caller.absence).as_nanos()) - nanos(caller.credit);
        let priority = caller.class == Class::Priority && !priority_is_over;
        let rung = !caller.phones.is_empty();
        match (caller.returned && !rung, priority, rung) {
            (true, _, _) => (0, since, caller.sequence),
            (_, true, false) => (1, since, caller.sequence),
            (_, true, true) => (2, since, caller.sequence),
            (_, false, false) => (3, since - nanos(caller.class.boost()), caller.sequence),
            (_, false, true) => (4, since - nanos(caller.class.boost()), caller.sequence),
        }
    }

    /// Q3: how many ready operators are kept from this caller, in the whole pool and of those who may serve him. Of that
    /// part no more are kept than a pool of that size would keep.
    pub fn kept<'b>(
        &self,
        caller: &Caller,
        reserve: u32,
        on_duty: impl Iterator<Item = &'b OperatorId>,
    ) -> (usize, usize) {
        let kept = match caller.class {
            Class::Priority => 0,
            _ if caller.returned => 0,
            Class::Security => reserve.min(1),
            Class::AgentLine | Class::Standard => reserve,
        } as usize;
        let serve = on_duty.filter(|id| self.callers.could_serve(self.settings, id, caller)).count();
        let most = match (self.settings.reserve_max, serve) {
            (_, 0..3) => 0,
            (Some(most), _) => (most as usize).min(serve.saturating_sub(1)),
            (None, serve) => (serve * RESERVE_PERCENT).div_ceil(100),
        };
        (kept, kept.min(most))
    }

    /// Whether more operators are ready than are kept from this caller, `taken` of them for others.
    fn may_be_offered(&self, candidates: usize, (kept, kept_of_these): (usize, usize), taken: usize) -> bool {
        self.ready_to_serve() > kept + taken && candidates > kept_of_these + taken
    }

    /// Who serves no queue is no part of the pool's strength.
    pub fn ready_to_serve(&self) -> usize {
        self.ready.iter().filter(|id| self.callers.serves_any(self.settings, id)).count()
    }

    fn candidates(&self, caller: &Caller) -> usize {
        let serves = |id: &&OperatorId| self.callers.may_serve(self.settings, id, caller, self.now);
        self.ready.iter().filter(serves).count()
    }

    /// The same a moment ago: what falls due in this very instant may be seen to in the next step.
    fn candidates_before(&self, caller: &Caller) -> usize {
        let before = self.now - Duration::from_nanos(1);
        let serves = |id: &&OperatorId| self.callers.may_serve(self.settings, id, caller, before);
        self.ready.iter().filter(serves).count()
    }

    fn is_open_to(&self, caller: &Caller) -> bool {
        self.is_open_beyond(caller, 0)
    }

    /// Whether somebody is ready for this caller when `taken` others have had one each.
    pub fn is_open_beyond(&self, caller: &Caller, taken: usize) -> bool {
        let candidates = self.candidates_before(caller);
        let kept = self.kept(caller, self.reserve.1, self.desks.on_duty_at_most());
        candidates > 0 && self.may_be_offered(candidates, kept, taken)
    }

    /// The oldest starving seat that a ready operator may serve, and since when it starves.
    pub fn oldest_starving(&self) -> Option<(Instant, SeatId)> {
        let limit = self.settings.starvation_limit;
        let starving = self.callers.seats.iter().filter(|(_, caller)| starves(caller, limit, self.now));
        starving
            .filter(|(_, caller)| self.candidates(caller) > 0)
            .max_by_key(|(_, caller)| (caller.age(self.now), std::cmp::Reverse(caller.sequence)))
            .map(|(seat, caller)| (self.now - (caller.age(self.now) - limit), *seat))
    }

    fn due(&self, starts: &Starts) -> Option<SeatId> {
        let (since, seat) = self.oldest_starving()?;
        starts.is_due(since, self.now).then_some(seat)
    }

    pub fn due_withheld(&self, starts: &Starts) -> Option<String> {
        let seat = self.due(starts)?;
        // It may have become due in this instant, by the clock.
        let (since, _) = self.oldest_starving()?;
        let before = self.now - Duration::from_nanos(1);
        let caller = self.callers.seats.get(&seat)?;
        let already = starts.is_due(since, before) && self.candidates_before(caller) > 0;
        already.then(|| format!("seat {seat} is due, and somebody is ready for it"))
    }

    pub fn somebody_idles(&self) -> Option<String> {
        let waits = self.callers.seats.iter().filter(|(_, caller)| caller.waits_unrung());
        let (seat, caller) = waits.into_iter().find(|(_, caller)| self.is_open_to(caller))?;
        let ready: Vec<&str> = self
            .ready
            .iter()
            .filter(|id| self.callers.may_serve(self.settings, id, caller, self.now))
            .map(|id| id.as_str())
            .collect();
        let (idle, held) = (ready.join(", "), self.reserve.1);
        Some(format!("{idle} idle while {} seat {seat} waits; {held} are held back", caller.class))
    }

    /// Q11: who waits on though an exit applies.
    pub fn overstayed(&self) -> Option<String> {
        let waits = self.callers.seats.iter().filter(|(_, caller)| caller.waits_unrung());
        for (seat, caller) in waits {
            let queue = self.callers.queue(self.settings, &caller.queue)?;
            if caller.on_the_line_since + queue.max_wait < self.now {
                return Some(format!("seat {seat} waits beyond max_wait"));
            }
            let mut there = self.desks.all().filter(|id| self.desks.is_signed_in(id));
            let somebody = there.any(|id| self.callers.could_serve(self.settings, id, caller));
            if !somebody {
                return Some(format!("seat {seat} waits though nobody who could serve it is signed in"));
            }
        }
        None
    }
}

/// Q5: more phones for a seat than its queue and class allow by now; asked before another one is added.
pub(super) fn too_many_phones(
    settings: &PoolSettings,
    callers: &Callers,
    seat: SeatId,
    now: Instant,
) -> Option<String> {
    let caller = callers.seats.get(&seat)?;
    let queue = callers.queue(settings, &caller.queue)?;
    let allowed = match queue.strategy {
        Strategy::RingAll => return None,
        strategy if caller.class == Class::Priority || strategy == Strategy::Progressive => {
            let first = caller.first_rung_at.unwrap_or(now);
            1 + queue.progressive.iter().filter(|after| first + **after <= now).count()
        }
        _ => 1,
    };
    let rings = caller.phones.len();
    debug_assert!(caller.stage == Stage::Waits);
    (rings >= allowed)
        .then(|| format!("{} phones for {} seat {seat}, {allowed} allowed", rings + 1, caller.class))
}
