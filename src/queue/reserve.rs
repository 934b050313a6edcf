//! Rule Q3: operators held back for Priority.
//!
//! > A non-priority seat is offered only if more than `r` operators are ready (security: more than min(r, 1)). `r` is
//! > the least value in 0…r_max whose predicted share of Priority misses is ≤ 5 %.
//!
//! ```text
//!   estimates ─▶ rounded demand ─▶ predict, or what it said before ─▶ wanted r ─▶ falls at once, rises after 30 s ─▶ r
//!                                                                  └▶ misses at r_max > 5 % for 30 s ─▶ promise_at_risk
//! ```
//! A prediction is a function of its rounded input, which is kept, so that most reviews are a look into a small table.
//!
//! The reserve is the pool's. In a lane that only part of the pool may serve it is no greater than that part's own r_max, so
//! that callers whom two operators can help are never held back from both; but the pool's own count holds for them too.
use super::dispatcher::Dispatcher;
use super::estimates::{ARRIVALS_KEPT, Estimates, PRIORITY_FORGOTTEN};
use super::event::{Action, Alert};
use super::lane::Lane;
use super::pick_up;
use super::predict::{Demand, Outlook, Phones, Pool, keeps_the_promise, reserve_max};
use super::seat::Seat;
use super::timers::Timer;
use crate::class::Class;
use crate::ids::SeatId;
use crate::machine::{Instant, earlier};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::time::Duration;

/// Q3: "recomputed on every state change and every 5 s".
const REVIEW_EVERY: Duration = Duration::from_secs(5);
/// Q3: "rises with 30 s hysteresis".
const RISES_AFTER: Duration = Duration::from_secs(30);
/// An alert, and its end, must have held for so long: those on duty cannot act on a flicker.
const RISK_AFTER: Duration = Duration::from_secs(30);
const CALM_AFTER: Duration = Duration::from_secs(60);
/// Steps in which a doubling is rounded: about 2 % for rates, 1 % for the handling time, 9 % for patience.
const RATE_STEPS: f64 = 32.0;
const HANDLING_STEPS: f64 = 64.0;
const PATIENCE_STEPS: f64 = 8.0;
/// Pick-up is taken anew when its curve has moved by this much anywhere.
const CURVE_MOVED: f64 = 0.01;
/// Predictions kept; beyond it all are forgotten. A pool of a thousand that varies by a fifth needs a few hundred.
const KEPT_MAX: usize = 1024;
/// Nobody asks for more operators than this.
const MISSING_MAX: u32 = 4096;

#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct Reserve {
    held: u32,
    /// More is wanted since then.
    rising_since: Option<Instant>,
    verdict: Verdict,
    key: Option<Key>,
    reviewed_at: Instant,
    phones: Phones,
    curve: u32,
    risk: Risk,
    /// Of what `misses` and `wait_s` tell.
    shown: Option<(Key, u32)>,
    misses: f64,
    wait_s: f64,
    #[serde(skip)]
    known: BTreeMap<Key, Verdict>,
    pub deadline: Option<Instant>,
}

/// Rounded input of a prediction: operators, greatest reserve, rates, handling, patience, and which pick-up curve.
type Key = (u32, u32, [i32; 5], u32);

#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
struct Verdict {
    wanted: u32,
    /// Operators who are missing to keep the promise; 0: it is kept.
    missing: u32,
    misses: f64,
    wait_s: f64,
    /// With nobody held back.
    free_wait_s: f64,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
enum Risk {
    #[default]
    Calm,
    Doubtful {
        since: Instant,
    },
    Alerted,
    Easing {
        since: Instant,
    },
}

/// Q3 as people see it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize)]
pub struct ReserveStatus {
    /// Operators on duty (`c`), and those of them who are ready.
    pub on_duty: usize,
    pub ready: usize,
    /// Operators held back.
    pub reserve: u32,
    /// How many more operators keep the promise, by the model; 0: it is kept.
    pub missing: u32,
    /// Those on duty have been told that the promise is at risk.
    pub at_risk: bool,
    /// The predicted share of Priority callers who wait longer than the promise.
    pub misses: f64,
    /// The predicted mean wait of everybody else for an operator, and what of it is the reserve's.
    pub ordinary_wait: Duration,
    pub cost_to_others: Duration,
    /// Measured over the latest 200 of them: the operator time per ordinary caller that was kept from him while he waited.
    pub withheld: Duration,
}

impl Default for Reserve {
    fn default() -> Self {
        Reserve {
            held: 0,
            rising_since: None,
            verdict: Verdict::default(),
            key: None,
            reviewed_at: Instant::ZERO,
            phones: Phones { unanswered: pick_up::PickUp::default().unanswered(), added: Vec::new() },
            curve: 0,
            risk: Risk::Calm,
            shown: None,
            misses: 0.0,
            wait_s: 0.0,
            known: BTreeMap::new(),
            deadline: None,
        }
    }
}

impl Reserve {
    /// Operators held back now.
    pub fn held(&self) -> u32 {
        self.held
    }

    /// Whether more is wanted, or those on duty wait for a word.
    fn unsettled(&self) -> bool {
        self.rising_since.is_some() || self.risk != Risk::Calm
    }

    fn review(
        &mut self,
        servers: u32,
        setting: Option<u32>,
        added: &[Duration],
        estimates: &Estimates,
        now: Instant,
    ) -> Option<Alert> {
        let most = reserve_max(servers, setting);
        let same_pool = self.key.is_some_and(|key| (key.0, key.1) == (servers, most));
        let predicted = estimates.priority_until(now).is_some();
        if !predicted {
            (self.verdict, self.key) = (Verdict::default(), None);
        } else if !same_pool || now.since(self.reviewed_at) >= REVIEW_EVERY {
            self.reviewed_at = now;
            let unanswered = estimates.pick_up.unanswered();
            let moved = |(a, b): (&f64, &f64)| (a - b).abs() > CURVE_MOVED;
            if self.phones.added != added || unanswered.iter().zip(&self.phones.unanswered).any(moved) {
                self.phones = Phones { unanswered, added: added.to_vec() };
                self.curve += 1;
                self.known.clear();
            }
            let (rounded, demand) = round(&estimates.demand(now));
            let key = (servers, most, rounded, self.curve);
            if self.key != Some(key) {
                self.key = Some(key);
                self.verdict = self.judge(key, &demand);
            }
        }
        self.settle(now);
        self.show();
        self.weigh_risk(now)
    }

    /// What the reserve that is held now comes to. For people only; the rules go by the verdict.
    fn show(&mut self) {
        let shown = self.key.map(|key| (key, self.held));
        if shown == self.shown {
            return;
        }
        self.shown = shown;
        (self.misses, self.wait_s) = (self.verdict.misses, self.verdict.wait_s);
        if let Some(((servers, _, rounded, _), held)) = shown
            && held != self.verdict.wanted
        {
            let demand = unround(rounded);
            let pool = Pool::new(servers, &demand, &self.phones);
            let (now, free) = (pool.outlook(held), pool.outlook(0));
            (self.misses, self.wait_s) = (of_all(&demand, now.misses, free.misses), now.ordinary_wait_s);
        }
    }

    fn settle(&mut self, now: Instant) {
        if self.verdict.wanted <= self.held {
            self.held = self.verdict.wanted;
            self.rising_since = None;
            return;
        }
        let since = *self.rising_since.get_or_insert(now);
        if now.since(since) >= RISES_AFTER {
            self.held = self.verdict.wanted;
            self.rising_since = None;
        }
    }

    fn weigh_risk(&mut self, now: Instant) -> Option<Alert> {
        let missing = self.verdict.missing;
        let (next, alert) = match (self.risk, missing > 0) {
            (Risk::Calm, true) => (Risk::Doubtful { since: now }, None),
            (Risk::Doubtful { since }, true) if now.since(since) >= RISK_AFTER => {
                (Risk::Alerted, Some(Alert::PromiseAtRisk { missing }))
            }
            (Risk::Doubtful { .. }, false) => (Risk::Calm, None),
            (Risk::Alerted, false) => (Risk::Easing { since: now }, None),
            (Risk::Easing { .. }, true) => (Risk::Alerted, None),
            (Risk::Easing { since }, false) if now.since(since) >= CALM_AFTER => {
                (Risk::Calm, Some(Alert::PromiseSafe))
            }
            (risk, _) => (risk, None),
        };
        self.risk = next;
        alert
    }

    /// What the model says of this input, or said before.
    fn judge(&mut self, key: Key, demand: &Demand) -> Verdict {
        if let Some(known) = self.known.get(&key) {
            return *known;
        }
        let (servers, most, ..) = key;
        let pool = Pool::new(servers, demand, &self.phones);
        let free = pool.outlook(0);
        let (wanted, there) = least(&pool, free, most);
        let misses = of_all(demand, there.misses, free.misses);
        let verdict = Verdict {
            wanted,
            missing: match keeps_the_promise(misses) {
                true => 0,
                false => missing(servers, most, self.verdict.missing, demand, &self.phones),
            },
            misses,
            wait_s: there.ordinary_wait_s,
            free_wait_s: free.ordinary_wait_s,
        };
        if self.known.len() >= KEPT_MAX {
            self.known.clear();
        }
        self.known.insert(key, verdict);
        verdict
    }
}

/// The least reserve that keeps the promise, or the greatest there may be, and what comes of it. Doubling first: it is
/// small even where `most` is not.
fn least(pool: &Pool, free: Outlook, most: u32) -> (u32, Outlook) {
    let (mut low, mut high) = (0, 0);
    let mut there = free;
    while !there.keeps_the_promise() && high < most {
        low = high + 1;
        high = (high * 2 + 1).min(most);
        there = pool.outlook(high);
    }
    // The answer is in low..=high, and `there` is high's.
    while low < high {
        let middle = low.midpoint(high);
        let between = pool.outlook(middle);
        if between.keeps_the_promise() {
            (high, there) = (middle, between);
        } else {
            low = middle + 1;
        }
    }
    (high, there)
}

/// The misses of all Priority callers. Those who come after half an hour without one find nobody held back (Q3: `r` is 0
/// then), which where Priority is rare is many of them.
fn of_all(demand: &Demand, held_back: f64, free: f64) -> f64 {
    let first = (-demand.priority * PRIORITY_FORGOTTEN.as_secs_f64()).exp();
    held_back + first * (free - held_back)
}

/// Rates that may be higher than they seem by a standard error: a count that is forgotten with time constant τ knows as
/// much as the calls of 2τ. In a pool of five that is an eighth, and half of the answers would be one operator short
/// without it; in a pool of a hundred it is nothing.
fn at_worst(demand: &Demand) -> Demand {
    let per_second = demand.priority + demand.security + demand.ordinary;
    let calls = (2.0 * ARRIVALS_KEPT.as_secs_f64() * per_second).max(1.0);
    let higher = 1.0 + 1.0 / calls.sqrt();
    Demand {
        priority: demand.priority * higher,
        security: demand.security * higher,
        ordinary: demand.ordinary * higher,
        ..*demand
    }
}

/// Q3: "the +N with which the simulation meets 95 %". It is looked for near the last answer.
fn missing(servers: u32, most: u32, last: u32, demand: &Demand, phones: &Phones) -> u32 {
    let worst = at_worst(demand);
    let setting = if most == reserve_max(servers, None) { None } else { Some(most) };
    let enough = |more: u32| {
        let servers = servers + more;
        let pool = Pool::new(servers, &worst, phones);
        let held_back = pool.outlook(reserve_max(servers, setting)).misses;
        keeps_the_promise(held_back) && keeps_the_promise(of_all(demand, held_back, pool.outlook(0).misses))
    };
    // With fewer than Priority alone keeps at work it is hopeless.
    let hopeless = (worst.priority * worst.handling_s).ceil() as u32;
    let mut low = hopeless.saturating_sub(servers).clamp(1, MISSING_MAX);
    let mut high = last.max(low);
    let mut step = 1;
    while high < MISSING_MAX && !enough(high) {
        low = high + 1;
        high = (high + step).min(MISSING_MAX);
        step *= 2;
    }
    // The answer is in low..=high, and near high if it was found at once.
    step = 1;
    while low < high {
        let middle = (high - step.min(high - low)).max(low.midpoint(high));
        if enough(middle) {
            high = middle
        } else {
            low = middle + 1
        }
        step *= 2;
    }
    high
}

const STEPS: [f64; 5] = [RATE_STEPS, RATE_STEPS, RATE_STEPS, HANDLING_STEPS, PATIENCE_STEPS];
/// Rates below one in three hours are none.
const RATE_MIN: f64 = 1e-4;

fn round(demand: &Demand) -> ([i32; 5], Demand) {
    let values = [demand.priority, demand.security, demand.ordinary, demand.handling_s, demand.patience_s];
    let mut rounded = [i32::MIN; 5];
    for ((to, value), steps) in rounded.iter_mut().zip(values).zip(STEPS) {
        if value > RATE_MIN {
            *to = (value.log2() * steps).round() as i32;
        }
    }
    (rounded, unround(rounded))
}

fn unround(rounded: [i32; 5]) -> Demand {
    let mut values = [0.0; 5];
    for ((to, from), steps) in values.iter_mut().zip(rounded).zip(STEPS) {
        if from != i32::MIN {
            *to = (f64::from(from) / steps).exp2();
        }
    }
    let [priority, security, ordinary, handling_s, patience_s] = values;
    Demand { priority, security, ordinary, handling_s, patience_s }
}

impl Dispatcher {
    /// Takes note of the time that has passed in the state before this step.
    pub(super) fn pass_time(&mut self, now: Instant) {
        let busy = self.strength.on_duty.saturating_sub(self.strength.ready);
        let waiting: usize = self.lanes.iter().map(Lane::others_waiting).sum();
        let withheld = self.withheld();
        if withheld > 0 {
            self.decisions.withheld(now.since(self.estimates.seen_until()));
        }
        self.estimates.pass(busy, waiting, withheld, now);
    }

    /// Ready operators whom somebody who waits would have, were they not held back.
    fn withheld(&self) -> usize {
        let lanes = self.lanes.iter().filter(|lane| !lane.ready.is_empty());
        lanes.map(Lane::others_waiting).sum::<usize>().min(self.strength.ready)
    }

    /// For how long that has been so since the last step.
    pub(super) fn withheld_since_last_step(&self, now: Instant) -> Duration {
        if self.withheld() > 0 { now.since(self.estimates.seen_until()) } else { Duration::ZERO }
    }

    /// A seat was opened, if it is one.
    pub(super) fn arrived(&mut self, seat: SeatId, now: Instant) {
        let Some(opened) = self.seats.get(&seat).filter(|seat| seat.sequence == self.sequence) else {
            return;
        };
        let ahead = self.lanes[opened.lane].ahead(opened.class, opened.place(), self.priority_over_share());
        self.estimates.arrived(opened.class, now);
        self.decisions.opened(seat, ahead);
    }

    /// A seat is closed. One that talks has got its operator.
    pub(super) fn gone(&mut self, seat: &Seat) {
        self.decisions.closed(seat.id);
        if seat.class != Class::Priority && !seat.has_talked() {
            self.estimates.stopped_waiting(true);
        }
    }

    pub(super) fn review_reserve(&mut self, now: Instant, out: &mut Vec<Action>) {
        let servers = u32::try_from(self.strength.on_duty).unwrap_or(u32::MAX);
        let added =
            self.settings.queues.values().map(|queue| &queue.progressive).min_by_key(|added| added.len());
        let added = added.map_or(&[][..], Vec::as_slice);
        let setting = self.settings.reserve_max;
        if let Some(alert) = self.reserve.review(servers, setting, added, &self.estimates, now) {
            out.push(Action::Alert(alert));
        }
    }

    /// Whether a ready operator of this lane may be rung for this class.
    pub(super) fn is_open(&self, lane: &Lane, class: Class) -> bool {
        if lane.ready.is_empty() {
            return false;
        }
        let kept = self.kept_from(class);
        let of_lane = self.kept_in(lane, class);
        self.strength.ready > kept as usize && lane.ready.len() > of_lane as usize
    }

    /// Ready operators of the pool that this class must leave.
    pub(super) fn kept_from(&self, class: Class) -> u32 {
        match class {
            Class::Priority => 0,
            Class::Security => self.reserve.held().min(1),
            Class::AgentLine | Class::Standard => self.reserve.held(),
        }
    }

    /// The next review: soon while somebody waits or a word to those on duty is outstanding; at the end of the prediction
    /// when operators are held back and all is quiet; and when a seat that is held back starves, or is due (Q2).
    pub(super) fn rearm_review(&mut self, now: Instant) {
        let predicted = self.estimates.priority_until(now);
        let waits = || self.lanes.iter().any(Lane::somebody_waits);
        let next = match predicted {
            _ if self.reserve.unsettled() => Some(now + REVIEW_EVERY),
            Some(_) if self.reserve.held() > 0 && waits() => Some(now + REVIEW_EVERY),
            Some(until) if self.reserve.held() > 0 => Some(until),
            _ => None,
        };
        let at = earlier(next, self.withheld_until(now));
        // A review that is near already stays where it is: events must not put it off.
        let set = self.reserve.deadline.filter(|set| *set > now && at.is_some_and(|at| *set <= at));
        self.timers.set(&mut self.reserve.deadline, set.or(at), Timer::Review);
    }

    /// When Q2 next has something to say about a seat for which an operator is ready.
    fn withheld_until(&self, now: Instant) -> Option<Instant> {
        let held_back = self.lanes.iter().filter(|lane| !lane.ready.is_empty());
        let age = held_back.filter_map(Lane::oldest_ordinary).min()?.age(now);
        let limit = self.settings.starvation_limit;
        match age < limit {
            true => Some(now + (limit - age)),
            false => Some(self.starvation.due_at(now - (age - limit))).filter(|at| *at > now),
        }
    }

    /// Whether Priority has lost its place in rule (1) of Q1.
    pub(super) fn priority_over_share(&self) -> bool {
        self.share.is_over(self.settings.max_share)
            && self.lanes.iter().any(|lane| lane.oldest_ordinary().is_some())
    }

    /// Q3 as people see it.
    pub fn reserve_status(&self) -> ReserveStatus {
        let seconds = |s: f64| Duration::try_from_secs_f64(s.max(0.0)).unwrap_or_default();
        ReserveStatus {
            on_duty: self.strength.on_duty,
            ready: self.strength.ready,
            reserve: self.reserve.held,
            missing: self.reserve.verdict.missing,
            at_risk: matches!(self.reserve.risk, Risk::Alerted | Risk::Easing { .. }),
            misses: self.reserve.misses,
            ordinary_wait: seconds(self.reserve.wait_s),
            cost_to_others: seconds(self.reserve.wait_s - self.reserve.verdict.free_wait_s),
            withheld: seconds(self.estimates.withheld_s()),
        }
    }
}
