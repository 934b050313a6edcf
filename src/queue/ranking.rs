//! Who is next (Q1, Q2), and who serves him (Q4).
//!
//! The order, best first:
//! 1. the oldest starving seat, when its start is due;
//! 2. seats whose connection failed: they have been promised an operator once already;
//! 3. Priority without a phone, then Priority that wants another phone, unless Priority is over its share;
//! 4. everybody else, and Priority over its share, by age and boost;
//! 5. seats whose phones ring and who want another one.
//!
//! A seat without a phone goes before a second phone for a seat of the same rule: the second one only makes an answer
//! that is already coming a little likelier.
use super::dispatcher::Dispatcher;
use super::event::{Action, Alert};
use super::lane::Lane;
use super::operator::{Operator, Standing};
use super::reserve::reserve;
use super::seat::Place;
use super::settings::Strategy;
use super::status::{Reason, Why};
use crate::ids::{OperatorId, SeatId};
use crate::machine::{Instant, Now};
use rand_core::Rng;

/// The seat to be served next and how it came to that.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Next {
    lane: usize,
    seat: SeatId,
    /// It is the oldest starving seat that can be served.
    starving: bool,
    /// Q2 put it before the seat that Q1 would have chosen.
    yielded: bool,
}

impl Dispatcher {
    /// Hands out ready operators until none is ready or nobody waits for one.
    pub(super) fn dispatch(&mut self, now: Instant, out: &mut Vec<Action>) {
        self.share.forget(now);
        while let Some(next) = self.next_start(now) {
            let Some(operator) = self.choose(next, now) else { break };
            if next.starving {
                self.starvation.rings(next.seat);
            }
            if next.yielded {
                out.push(Action::Alert(Alert::PromiseYielded { seat: next.seat }));
            }
            self.offer(next.seat, &operator, now, out);
        }
    }

    fn next_start(&self, now: Instant) -> Option<Next> {
        // Only lanes with enough candidates: a seat nobody is ready for does not block those behind it.
        let first_if = |kept_back: usize, head: &dyn Fn(&Lane) -> Option<Place>| {
            let open = self.lanes.iter().enumerate().filter(|(_, lane)| lane.ready.len() > kept_back);
            open.filter_map(|(index, lane)| head(lane).map(|place| (place, index))).min()
        };
        let first = |head: &dyn Fn(&Lane) -> Option<Place>| first_if(0, head);
        let limit = self.settings.starvation_limit;
        let starving = first(&Lane::oldest_ordinary).filter(|(place, _)| place.age(now) >= limit);
        let over_share = self.share.is_over(self.settings.max_share)
            && self.lanes.iter().any(|lane| lane.oldest_ordinary().is_some());
        let by_rule_one =
            || if over_share { None } else { first(&Lane::priority).or_else(|| first(&Lane::priority_more)) };
        let by_order = first(&Lane::returned)
            .or_else(by_rule_one)
            .or_else(|| first_if(reserve() as usize, &|lane| lane.ordinary(over_share)))
            .or_else(|| first_if(reserve() as usize, &Lane::any_more));
        let due = starving.filter(|(place, _)| {
            let since = now - (place.age(now) - limit);
            self.starvation.is_due(since, now)
        });
        let (place, lane) = due.or(by_order)?;
        Some(Next {
            lane,
            seat: place.seat,
            starving: starving.is_some_and(|(oldest, _)| oldest.seat == place.seat),
            yielded: due.is_some() && by_order.is_some_and(|(other, _)| other.seat != place.seat),
        })
    }

    fn choose(&mut self, next: Next, now: Instant) -> Option<OperatorId> {
        if let Some(operator) = self.spoke_last(next.seat, next.lane, now) {
            return Some(operator.clone());
        }
        let lane = &self.lanes[next.lane];
        let best = lane.ready.first()?;
        if self.queue_settings(&lane.queue).map(|settings| settings.strategy) != Some(Strategy::Random) {
            return Some(best.operator.clone());
        }
        let equals =
            || lane.ready.iter().take_while(|other| (other.tier, other.slow) == (best.tier, best.slow));
        // A fair draw: the upper half of the product has no bias worth naming for a few thousand operators.
        let drawn = (u128::from(self.dice.next_u64()) * equals().count() as u128) >> 64;
        equals().nth(drawn as usize).map(|standing| standing.operator.clone())
    }

    /// The operator who spoke with this caller last, if he is a candidate.
    fn spoke_last(&self, seat: SeatId, lane: usize, now: Instant) -> Option<&OperatorId> {
        let caller = self.seats.get(&seat)?.caller.as_ref()?;
        let operator = self.operators.get(self.last_spoke.with(caller, now)?)?;
        operator.standings.iter().any(|(at, _)| *at == lane).then_some(&operator.id)
    }

    /// Q4: every operator of the pool, the candidates first and in their order, each with a reason. Empty for a seat
    /// that does not wait.
    pub fn explain(&self, seat: SeatId, now: Now) -> Vec<Reason> {
        let Some(waiting) = self.seats.get(&seat) else { return Vec::new() };
        let lane = &self.lanes[waiting.lane];
        let strategy =
            self.queue_settings(&lane.queue).map_or(Strategy::default(), |settings| settings.strategy);
        let spoke_last = self.spoke_last(seat, waiting.lane, now.mono);
        let mut candidates: Vec<&Standing> = lane.ready.iter().collect();
        candidates.sort_by_key(|standing| Some(&standing.operator) != spoke_last);
        let mut reasons: Vec<Reason> = candidates
            .iter()
            .enumerate()
            .map(|(n, standing)| Reason {
                operator: standing.operator.clone(),
                rank: Some(n + 1),
                why: if Some(&standing.operator) == spoke_last {
                    Why::SpokeLast
                } else {
                    self.why_candidate(standing, strategy, now.mono)
                },
            })
            .collect();
        for operator in self.operators.values().filter(|operator| !operator.is_ready()) {
            reasons.push(Reason {
                operator: operator.id.clone(),
                rank: None,
                why: self.why_not(operator, seat),
            });
        }
        let unfit = self.operators.values().filter(|operator| operator.is_ready());
        for operator in unfit.filter(|operator| lane.tier_of(&operator.settings).is_none()) {
            let skills = lane.lacks(&operator.settings);
            let serves = operator.settings.queues.contains(&lane.queue);
            let why = if serves { Why::LacksSkills { skills } } else { Why::OtherQueue };
            reasons.push(Reason { operator: operator.id.clone(), rank: None, why });
        }
        reasons
    }

    fn why_candidate(&self, standing: &Standing, strategy: Strategy, now: Instant) -> Why {
        if standing.slow {
            return Why::Slow;
        }
        if standing.tier > 0 {
            return Why::Tier { tier: standing.tier };
        }
        let Some(operator) = self.operators.get(&standing.operator) else { return Why::Drawn };
        match strategy {
            Strategy::LongestIdle | Strategy::RingAll | Strategy::Progressive => {
                Why::Idle { idle: now.since(operator.idle_since) }
            }
            Strategy::RoundRobin => Why::LastTurn { turn: operator.turn },
            Strategy::FewestCalls => Why::Calls { calls: operator.calls },
            Strategy::LeastTalk => Why::Talked { talked: operator.talked },
            Strategy::Random => Why::Drawn,
            Strategy::Linear => {
                let position = self.operators.keys().take_while(|id| **id != standing.operator).count();
                Why::Position { position: position as u64 + 1 }
            }
        }
    }

    fn why_not(&self, operator: &Operator, seat: SeatId) -> Why {
        let rings =
            |offer| self.offers.get(offer).is_some_and(|o| o.seat == seat && o.operator == operator.id);
        if self.seats.get(&seat).is_some_and(|waiting| waiting.phones().iter().any(rings)) {
            return Why::RingsAlready;
        }
        Why::Not { state: operator.state() }
    }

    /// Whether a seat that is not Priority starves, in any lane.
    pub(super) fn somebody_starves(&self, now: Instant) -> bool {
        let limit = self.settings.starvation_limit;
        self.lanes.iter().filter_map(Lane::oldest_ordinary).any(|place| place.age(now) >= limit)
    }
}
