//! Who is next (Q1, Q2), and who serves him (Q4).
//!
//! The order, best first:
//! 1. the oldest starving seat, when its start is due;
//! 2. seats whose connection failed: they have been promised an operator once already;
//! 3. Priority without a phone, then Priority that wants another phone, unless Priority is over its share;
//! 4. everybody else, and Priority over its share, by age and boost;
//! 5. seats whose phones ring and who want another one.
//!
//! In 4 and 5 seats are passed over for which the reserve (Q3) keeps the ready operators. A returned seat is not: an operator
//! had answered it already.
//!
//! A seat without a phone goes before a second phone for a seat of the same rule: the second one only makes an answer
//! that is already coming a little likelier.
use super::dispatcher::Dispatcher;
use super::event::{Action, Alert};
use super::lane::Lane;
use super::seat::Place;
use super::settings::Strategy;
use super::status::Rule;
use crate::ids::{OperatorId, SeatId};
use crate::machine::Instant;
use rand_core::Rng;

/// The seat to be served next and how it came to that.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Next {
    lane: usize,
    seat: SeatId,
    rule: Rule,
    /// It is the oldest starving seat that can be served.
    starving: bool,
    /// Q2 put it before the seat that Q1 would have chosen.
    yielded: bool,
}

impl Dispatcher {
    /// Hands out ready operators until nobody waits for one who may have one.
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
            let decision = self.decide(next.seat, next.rule, &operator, now);
            self.offer(next.seat, &operator, now, out);
            if let Some(decision) = decision {
                out.push(Action::Explained(Box::new(decision.clone())));
                self.decisions.made(decision);
            }
        }
    }

    fn next_start(&self, now: Instant) -> Option<Next> {
        if self.strength.ready == 0 {
            return None;
        }
        // Only lanes with a candidate: a seat nobody is ready for does not block those behind it.
        let first = |head: &dyn Fn(&Lane) -> Option<Place>| {
            let open = self.lanes.iter().enumerate().filter(|(_, lane)| !lane.ready.is_empty());
            open.filter_map(|(index, lane)| head(lane).map(|place| (place, index))).min()
        };
        let by = |rule: Rule| move |(place, lane): (Place, usize)| (place, lane, rule);
        let limit = self.settings.starvation_limit;
        let starving = first(&Lane::oldest_ordinary).filter(|(place, _)| place.age(now) >= limit);
        let over_share = self.priority_over_share();
        let by_rule_one = || match over_share {
            true => None,
            false => first(&Lane::priority)
                .map(by(Rule::Priority))
                .or_else(|| first(&Lane::priority_more).map(by(Rule::PriorityAgain))),
        };
        // Priority over its share is not in rule (1) any more, and still never held back.
        let ordinary = || first(&|lane| lane.ordinary(|class| self.is_open(lane, class)));
        let more = || first(&|lane| lane.any_more(|class| self.is_open(lane, class)));
        let by_order = first(&Lane::returned)
            .map(by(Rule::Returned))
            .or_else(by_rule_one)
            .or_else(|| ordinary().map(by(Rule::Order)))
            .or_else(|| more().map(by(Rule::OrderAgain)));
        let due = starving.filter(|(place, _)| {
            let since = now - (place.age(now) - limit);
            self.starvation.is_due(since, now)
        });
        let (place, lane, rule) = due.map(by(Rule::Due)).or(by_order)?;
        Some(Next {
            lane,
            seat: place.seat,
            rule,
            starving: starving.is_some_and(|(oldest, _)| oldest.seat == place.seat),
            yielded: due.is_some() && by_order.is_some_and(|(other, ..)| other.seat != place.seat),
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
    pub(super) fn spoke_last(&self, seat: SeatId, lane: usize, now: Instant) -> Option<&OperatorId> {
        let caller = self.seats.get(&seat)?.caller.as_ref()?;
        let operator = self.operators.get(self.last_spoke.with(caller, now)?)?;
        operator.standings.iter().any(|(at, _)| *at == lane).then_some(&operator.id)
    }

    /// Whether a seat that is not Priority starves, in any lane.
    pub(super) fn somebody_starves(&self, now: Instant) -> bool {
        let limit = self.settings.starvation_limit;
        self.lanes.iter().filter_map(Lane::oldest_ordinary).any(|place| place.age(now) >= limit)
    }
}
