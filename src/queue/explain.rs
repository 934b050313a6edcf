//! "Why he, and why did it take so long?": the state of a seat and the decisions about it, in code words for programs and in
//! English for people. It says what the dispatcher did; nothing here decides.
use super::decisions::{Decision, RANKED_MAX};
use super::dispatcher::Dispatcher;
use super::lane::{Ahead, Lane};
use super::operator::{Operator, Standing};
use super::seat::Stage;
use super::settings::Strategy;
use super::status::{Reason, Rule, Why};
use crate::class::Class;
use crate::ids::{OfferId, OperatorId, QueueName, SeatId};
use crate::machine::{Instant, Now};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::fmt;
use std::time::Duration;

/// Seats that are named among those before one.
const NEXT_SHOWN: usize = 10;

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Explanation {
    pub seat: SeatId,
    /// `None`: the seat is closed.
    pub standing: Option<SeatNow>,
    /// Phones rung for it, the oldest first, as far as they are remembered.
    pub decisions: Vec<Decision>,
}

/// An open seat at this moment.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct SeatNow {
    pub queue: QueueName,
    pub class: Class,
    pub stage: SeatStage,
    pub waited: Duration,
    /// Seats before it in its own queue, and the first of them in the order of service.
    pub ahead: Ahead,
    pub next: Vec<Before>,
    pub meanwhile: BTreeMap<Rule, u64>,
    pub reserve: u32,
    pub ready: usize,
    /// Operators are ready and held back for Priority (Q3).
    pub held_back: bool,
    pub withheld: Duration,
    /// Q2: by then at the latest it goes before Priority, if it is the oldest.
    pub due_in: Option<Duration>,
    /// A reason for every operator of the pool, the candidates first and in their order.
    pub operators: Vec<Reason>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SeatStage {
    Waiting,
    Ringing,
    Connecting,
    Talking,
    /// To be called back: passed over until the person is there.
    Callback,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Before {
    pub seat: SeatId,
    pub class: Class,
    pub age: Duration,
}

impl Dispatcher {
    /// Q4: every decision can be explained, while the seat is open and, as long as it is remembered, afterwards. `None`: such
    /// a seat was never heard of, or it was long ago.
    pub fn explain(&self, seat: SeatId, now: Now) -> Option<Explanation> {
        let standing = self.seat_now(seat, now.mono);
        let decisions: Vec<Decision> =
            self.decisions.iter().filter(|decision| decision.seat == seat).cloned().collect();
        let known = standing.is_some() || !decisions.is_empty();
        known.then_some(Explanation { seat, standing, decisions })
    }

    /// The pool's latest decisions, the newest first.
    pub fn latest_decisions(&self) -> impl Iterator<Item = &Decision> {
        self.decisions.iter().rev()
    }

    fn seat_now(&self, id: SeatId, now: Instant) -> Option<SeatNow> {
        let seat = self.seats.get(&id)?;
        let lane = &self.lanes[seat.lane];
        let (_, meanwhile, withheld) = self.decisions.since_opened(id);
        let withheld = withheld + self.withheld_since_last_step(now);
        let stage = match &seat.stage {
            Stage::Waiting { phones } if phones.is_empty() => SeatStage::Waiting,
            Stage::Waiting { .. } => SeatStage::Ringing,
            Stage::Bridging { .. } => SeatStage::Connecting,
            Stage::Callback(_) => SeatStage::Callback,
            Stage::Talking { .. } | Stage::PassedOn => SeatStage::Talking,
        };
        let waits = stage == SeatStage::Waiting;
        let ahead = match waits && !seat.returned {
            true => lane.ahead(seat.class, seat.place(), self.priority_over_share()),
            false => Ahead::default(),
        };
        let due = self.settings.starvation_limit.saturating_sub(seat.place().age(now));
        Some(SeatNow {
            queue: seat.queue.clone(),
            class: seat.class,
            stage,
            waited: match seat.stage {
                Stage::Talking { waited, .. } => waited,
                _ => seat.waited(now),
            },
            next: self.next_before(lane, id, ahead.all(), now),
            ahead,
            meanwhile,
            reserve: self.reserve.held(),
            ready: self.strength.ready,
            held_back: waits && !seat.returned && !lane.ready.is_empty() && !self.is_open(lane, seat.class),
            withheld,
            due_in: (waits && seat.class != Class::Priority).then_some(due),
            operators: self.reasons(id, usize::MAX, now),
        })
    }

    fn next_before(&self, lane: &Lane, seat: SeatId, ahead: usize, now: Instant) -> Vec<Before> {
        let over_share = self.priority_over_share();
        let mut heads = Vec::new();
        for (class, row) in lane.waiting() {
            let by_class = class == Class::Priority && !over_share;
            for place in row.iter().take(NEXT_SHOWN) {
                let order = if by_class { place } else { place.boosted(class) };
                heads.push((!by_class, order, class, place));
            }
        }
        heads.sort_by_key(|(later, order, ..)| (*later, *order));
        let others = heads.into_iter().filter(|(.., place)| place.seat != seat);
        let before =
            others.map(|(_, _, class, place)| Before { seat: place.seat, class, age: place.age(now) });
        before.take(ahead.min(NEXT_SHOWN)).collect()
    }

    /// A phone is about to ring: what is worth remembering of why. Called before the operator is claimed.
    pub(super) fn decide(
        &self,
        seat: SeatId,
        rule: Rule,
        operator: &OperatorId,
        now: Instant,
    ) -> Option<Decision> {
        let waiting = self.seats.get(&seat)?;
        let (ahead_at_first, meanwhile, withheld) = self.decisions.since_opened(seat);
        Some(Decision {
            at: now,
            offer: OfferId(self.last_offer.0 + 1),
            seat,
            queue: waiting.queue.clone(),
            class: waiting.class,
            operator: operator.clone(),
            rule,
            waited: waiting.waited(now),
            ahead_at_first,
            meanwhile,
            withheld,
            reserve: self.reserve.held(),
            ready: self.strength.ready,
            priority_over_share: self.priority_over_share(),
            candidates: self.lanes[waiting.lane].ready.len(),
            ranked: self.reasons(seat, RANKED_MAX, now),
        })
    }

    /// The operators of the pool, the candidates first and in their order, each with a reason; as many as there is room for.
    fn reasons(&self, seat: SeatId, room: usize, now: Instant) -> Vec<Reason> {
        let Some(waiting) = self.seats.get(&seat) else { return Vec::new() };
        let lane = &self.lanes[waiting.lane];
        let strategy =
            self.queue_settings(&lane.queue).map_or(Strategy::default(), |settings| settings.strategy);
        let spoke_last = self.spoke_last(seat, waiting.lane, now);
        let familiar = lane.ready.iter().filter(|standing| Some(&standing.operator) == spoke_last);
        let strangers = lane.ready.iter().filter(|standing| Some(&standing.operator) != spoke_last);
        let candidates = familiar.chain(strangers).enumerate().map(|(n, standing)| Reason {
            operator: standing.operator.clone(),
            rank: Some(n + 1),
            why: match Some(&standing.operator) == spoke_last {
                true => Why::SpokeLast,
                false => self.why_candidate(standing, strategy, now),
            },
        });
        let mut reasons: Vec<Reason> = candidates.take(room).collect();
        let others = self.operators.values().filter_map(|operator| {
            let why = match (operator.is_ready(), lane.tier_of(&operator.settings)) {
                (true, Some(_)) => return None,
                (true, None) if !operator.settings.queues.contains(&lane.queue) => Why::OtherQueue,
                (true, None) => Why::LacksSkills { skills: lane.lacks(&operator.settings) },
                (false, _) => self.why_not(operator, seat),
            };
            Some(Reason { operator: operator.id.clone(), rank: None, why })
        });
        let room = room - reasons.len();
        reasons.extend(others.take(room));
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
}

/// A few sentences of English.
impl fmt::Display for Explanation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for decision in &self.decisions {
            writeln!(f, "{decision}")?;
        }
        match &self.standing {
            Some(standing) => write!(f, "{standing}"),
            None => write!(f, "Seat {} is closed.", self.seat),
        }
    }
}

impl fmt::Display for Decision {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Decision { class, operator, rule, .. } = self;
        write!(f, "After {} {operator} was rung: {}", seconds(self.waited), rule.words())?;
        match self.ranked.first() {
            Some(Reason { operator: first, why, .. }) if first == operator && self.candidates > 1 => {
                write!(f, "; he was the first of {} ready: {why}", self.candidates)?;
            }
            Some(Reason { why: Why::Drawn, .. }) => write!(f, "; drawn among {} ready", self.candidates)?,
            _ => f.write_str("; nobody else was ready")?,
        }
        f.write_str(".")?;
        if rule.is_first() {
            passed(f, &self.meanwhile, self.withheld, *class)?;
        }
        Ok(())
    }
}

impl fmt::Display for SeatNow {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let stage = match self.stage {
            SeatStage::Waiting => "has waited",
            SeatStage::Ringing => "phones ring, after",
            SeatStage::Connecting => "an operator has answered, after",
            SeatStage::Callback => "waits for a callback, after",
            SeatStage::Talking => {
                return write!(f, "Now: talking, after {} of waiting.", seconds(self.waited));
            }
        };
        write!(f, "Now: {} in {}, {stage} {}.", self.class, self.queue, seconds(self.waited))?;
        if self.stage != SeatStage::Waiting {
            return Ok(());
        }
        let Ahead { returned, priority, others } = self.ahead;
        match self.ahead.all() {
            0 => f.write_str(" It is the first of its queue.")?,
            all => write!(f, " {all} before it: {priority} Priority, {others} others, {returned} returned.")?,
        }
        if self.held_back {
            write!(f, " {} ready, {} held back for Priority.", self.ready, self.reserve)?;
        } else if self.ready == 0 {
            f.write_str(" Nobody is ready.")?;
        }
        passed(f, &self.meanwhile, self.withheld, self.class)
    }
}

fn passed(
    f: &mut fmt::Formatter<'_>,
    meanwhile: &BTreeMap<Rule, u64>,
    withheld: Duration,
    class: Class,
) -> fmt::Result {
    if !meanwhile.is_empty() {
        let counts: Vec<String> =
            meanwhile.iter().map(|(rule, count)| format!("{count} {}", rule.short())).collect();
        write!(f, " Since it joined were served: {}.", counts.join(", "))?;
    }
    if !withheld.is_zero() && class != Class::Priority {
        write!(f, " For {} of it an operator was held back for Priority.", seconds(withheld))?;
    }
    Ok(())
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(rank) = self.rank {
            write!(f, "{rank}. ")?;
        }
        write!(f, "{}: {}", self.operator, self.why)
    }
}

impl fmt::Display for Why {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Why::SpokeLast => f.write_str("he spoke with this caller last"),
            Why::Idle { idle } => write!(f, "idle for {}", seconds(*idle)),
            Why::LastTurn { turn: 0 } => f.write_str("he had no turn yet"),
            Why::LastTurn { .. } => f.write_str("his last turn was longest ago"),
            Why::Calls { calls } => write!(f, "{calls} calls so far"),
            Why::Talked { talked } => write!(f, "talked {} so far", seconds(*talked)),
            Why::Drawn => f.write_str("drawn at random"),
            Why::Position { position } => write!(f, "number {position} of the pool"),
            Why::Slow => f.write_str("slow: last of his tier"),
            Why::Tier { tier } => write!(f, "fits since the skills were widened (step {tier})"),
            Why::OtherQueue => f.write_str("does not serve this queue"),
            Why::LacksSkills { skills } => {
                let skills: Vec<&str> = skills.iter().map(|skill| skill.as_str()).collect();
                write!(f, "lacks {}", skills.join(", "))
            }
            Why::Not { state } => f.write_str(state.as_str()),
            Why::RingsAlready => f.write_str("his phone rings for this caller already"),
        }
    }
}

fn seconds(duration: Duration) -> String {
    format!("{:.1} s", duration.as_secs_f64())
}
