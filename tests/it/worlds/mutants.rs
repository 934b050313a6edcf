//! Broken dispatchers, to prove that the checkers see: the production machine between two liars. One gives it wrong
//! settings, keeps events from it or tells it others; one forges what it says. Nothing of this is in the product.
//!
//! Where a decision is to fall on somebody else, two seats exchange their names: the dispatcher believes that it rings for
//! the oldest caller, and the phone rings for another. From outside that is a dispatcher that ranks wrongly.
use hotline::class::Class;
use hotline::ids::{OfferId, OperatorId, QueueName, SeatId, Skill};
use hotline::machine::{Instant, Machine, Now};
use hotline::number::Number;
use hotline::queue::{
    Action, Age, Choice, Dispatcher, Event, Leave, Measures, OfferFailure, OperatorState, OperatorStatus,
    PoolSettings, Strategy,
};
use hotline::sim::dice::Dice;
use hotline::sim::invariants::{Rule, Seen};
use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// The youngest of equals first.
    OrderReversed,
    /// Of two who joined in the same instant, whom a coin names.
    TiesByChance,
    /// The old wait of a caller who was cut off counts twice.
    CreditTwice,
    /// A second caller is rung for at an operator who is claimed.
    ClaimSkipped,
    /// Operators are shown as held back, and are not.
    ReserveIgnored,
    /// Priority never loses its place.
    ShareIgnored,
    /// Nobody is ever due.
    StarvationIgnored,
    /// A 200 that comes after the CANCEL is bridged.
    LateAnswerConnected,
    WrapUpSkipped,
    /// A caller whose phone was not answered goes to the end.
    PlaceLost,
    /// A class that is known late restarts the clock.
    ClassChangeRestartsClock,
    /// Every tenth seat is counted twice.
    CountedTwice,
    /// Whoever takes an exit is not told.
    ExitForgotten,
    /// Who hung up is rung for all the same.
    GoneCallerRung,
    /// A new caller is looked at with the next event only.
    DispatchSkipped,
    /// Every phone rings for everybody.
    AllPhonesRing,
    /// Who rejected is rung again at once.
    RejectForgotten,
    /// An operator on a break is rung.
    BreakForgotten,
    /// A Priority caller is anybody.
    PriorityForgotten,
    /// Two calls to the same person at once.
    DialledTwice,
    /// Whoever has hung up is called at once, however far his turn is.
    DialledTooSoon,
    /// Who is dialled is rung for before he has pressed the key.
    KeyNotAwaited,
    /// Who was not reached is not tried again.
    NotTriedAgain,
}

impl Fault {
    pub const ALL: [Fault; 23] = [
        Fault::OrderReversed,
        Fault::TiesByChance,
        Fault::CreditTwice,
        Fault::ClaimSkipped,
        Fault::ReserveIgnored,
        Fault::ShareIgnored,
        Fault::StarvationIgnored,
        Fault::LateAnswerConnected,
        Fault::WrapUpSkipped,
        Fault::PlaceLost,
        Fault::ClassChangeRestartsClock,
        Fault::CountedTwice,
        Fault::ExitForgotten,
        Fault::GoneCallerRung,
        Fault::DispatchSkipped,
        Fault::AllPhonesRing,
        Fault::RejectForgotten,
        Fault::BreakForgotten,
        Fault::PriorityForgotten,
        Fault::DialledTwice,
        Fault::DialledTooSoon,
        Fault::KeyNotAwaited,
        Fault::NotTriedAgain,
    ];

    /// The rules by which it must be caught.
    pub fn breaks(self) -> &'static [Rule] {
        match self {
            Fault::OrderReversed
            | Fault::TiesByChance
            | Fault::CreditTwice
            | Fault::PriorityForgotten
            | Fault::ShareIgnored
            | Fault::PlaceLost => &[Rule::Order],
            Fault::ReserveIgnored => &[Rule::Reserve],
            Fault::StarvationIgnored => &[Rule::Due],
            Fault::ClaimSkipped | Fault::WrapUpSkipped | Fault::RejectForgotten | Fault::BreakForgotten => {
                &[Rule::TwoCallers]
            }
            Fault::LateAnswerConnected => &[Rule::TwoOperators],
            Fault::ClassChangeRestartsClock => &[Rule::Clock],
            Fault::CountedTwice => &[Rule::Measures],
            Fault::ExitForgotten => &[Rule::Exit, Rule::Lost],
            Fault::GoneCallerRung => &[Rule::Lost],
            Fault::DispatchSkipped => &[Rule::Idle],
            Fault::AllPhonesRing => &[Rule::Phones],
            Fault::DialledTwice | Fault::DialledTooSoon | Fault::KeyNotAwaited => &[Rule::Callback],
            Fault::NotTriedAgain => &[Rule::Callback, Rule::Lost],
        }
    }
}

/// A seat as the liar knows it.
#[derive(Clone, Debug)]
struct Known {
    queue: QueueName,
    class: Class,
    joined_at: Instant,
    rung: bool,
    /// To be called back.
    away: bool,
    credit: Duration,
    event: Event,
}

impl Known {
    fn skills(&self) -> Option<&BTreeSet<Skill>> {
        match &self.event {
            Event::Joined { skills, .. } => Some(skills),
            _ => None,
        }
    }

    fn number(&self) -> Option<&Number> {
        match &self.event {
            Event::Joined { caller, .. } => caller.as_ref(),
            _ => None,
        }
    }
}

pub struct Mutant {
    fault: Fault,
    inner: Dispatcher,
    /// Outside name → inside name, where they differ, and back.
    inside: BTreeMap<SeatId, SeatId>,
    outside: BTreeMap<SeatId, SeatId>,
    seats: BTreeMap<SeatId, Known>,
    offers: BTreeMap<OfferId, (SeatId, OperatorId)>,
    over: BTreeSet<OfferId>,
    /// Q10: what is owed to whom, since when.
    owed: BTreeMap<(Number, QueueName), (Duration, Instant)>,
    /// Where each wants to be called.
    wanted: BTreeMap<SeatId, Number>,
    coin: Dice,
    forged: u64,
    delayed: Option<Event>,
}

/// Q10.
const CREDIT_WITHIN: Duration = Duration::from_secs(120);
/// Names that nobody else gives.
const FORGED: u64 = 1 << 40;

impl Mutant {
    pub fn new(fault: Fault, mut settings: PoolSettings, seed: u64) -> Mutant {
        lie(fault, &mut settings);
        Mutant {
            fault,
            inner: Dispatcher::new(settings, seed),
            inside: BTreeMap::new(),
            outside: BTreeMap::new(),
            seats: BTreeMap::new(),
            offers: BTreeMap::new(),
            over: BTreeSet::new(),
            owed: BTreeMap::new(),
            wanted: BTreeMap::new(),
            coin: Dice::new(seed),
            forged: FORGED,
            delayed: None,
        }
    }

    fn inside(&self, seat: SeatId) -> SeatId {
        self.inside.get(&seat).copied().unwrap_or(seat)
    }

    fn outside(&self, seat: SeatId) -> SeatId {
        self.outside.get(&seat).copied().unwrap_or(seat)
    }

    fn is_called(&mut self, outside: SeatId, inside: SeatId) {
        self.inside.insert(outside, inside);
        self.outside.insert(inside, outside);
    }

    /// Two callers change places.
    fn swap(&mut self, a: SeatId, b: SeatId) {
        let (inside_a, inside_b) = (self.inside(a), self.inside(b));
        self.is_called(a, inside_b);
        self.is_called(b, inside_a);
    }

    /// The same event with the seat's name inside.
    fn translated(&self, mut event: Event) -> Event {
        match &mut event {
            Event::Joined { seat, .. }
            | Event::ClassChanged { seat, .. }
            | Event::Left { seat, .. }
            | Event::CallbackWanted { seat, .. }
            | Event::LineFree { seat }
            | Event::CallbackConfirmed { seat }
            | Event::CallbackFailed { seat, .. }
            | Event::Moved { seat, .. } => *seat = self.inside(*seat),
            Event::Configured(settings) => lie(self.fault, settings),
            _ => {}
        }
        event
    }

    /// Does it without anybody hearing of it, but for operators' states.
    fn silently(&mut self, event: Event, now: Now, out: &mut Vec<Action>) {
        let mut said = Vec::new();
        self.inner.handle(event, now, &mut said);
        out.extend(said.into_iter().filter(|action| matches!(action, Action::OperatorChanged { .. })));
    }

    /// Leaves the queue inside and joins it anew, under another name inside and the same outside.
    fn joins_anew(&mut self, seat: SeatId, class: Option<Class>, now: Now, out: &mut Vec<Action>) {
        let Some(Event::Joined { call, caller, queue, class: before, skills, exits, test, seat: _ }) =
            self.seats.get(&seat).map(|known| known.event.clone())
        else {
            return;
        };
        let gone = self.inside(seat);
        self.silently(Event::Left { seat: gone, why: Leave::ByFlow }, now, out);
        self.forged += 1;
        let inside = SeatId(self.forged);
        self.is_called(seat, inside);
        let class = class.unwrap_or(before);
        let joined = Event::Joined { seat: inside, call, caller, queue, class, skills, exits, test };
        let mut said = Vec::new();
        self.inner.handle(joined, now, &mut said);
        self.say(said, now, out);
    }

    fn note(&mut self, event: &Event, now: Instant) {
        match event {
            Event::Joined { seat, queue, class, caller, .. } => {
                let key = caller.clone().map(|number| (number, queue.clone()));
                let owed = key.and_then(|key| self.owed.remove(&key));
                let owed = owed.filter(|(_, since)| now.since(*since) <= CREDIT_WITHIN);
                let known = Known {
                    queue: queue.clone(),
                    class: *class,
                    joined_at: now,
                    rung: false,
                    away: false,
                    credit: owed.map_or(Duration::ZERO, |(age, _)| age),
                    event: event.clone(),
                };
                self.seats.insert(*seat, known);
            }
            Event::ClassChanged { seat, class } => {
                if let Some(known) = self.seats.get_mut(seat) {
                    known.class = *class;
                }
            }
            Event::CallbackWanted { seat, number } => {
                self.wanted.insert(*seat, number.clone());
            }
            Event::CallbackConfirmed { seat } => {
                if let Some(known) = self.seats.get_mut(seat) {
                    known.away = false;
                }
            }
            Event::OfferFailed { offer, .. } | Event::OperatorGone { offer } => {
                self.over.insert(*offer);
            }
            _ => {}
        }
    }

    /// Hands on what was said, after the second liar has seen it.
    fn say(&mut self, said: Vec<Action>, now: Now, out: &mut Vec<Action>) {
        for action in said {
            match action {
                Action::Offer { offer, seat, operator, queue, class, waited } => {
                    let mut seat = self.outside(seat);
                    if let Some(other) = self.instead(seat) {
                        self.swap(seat, other);
                        seat = other;
                    }
                    if let Some(known) = self.seats.get_mut(&seat) {
                        known.rung = true;
                    }
                    self.offers.insert(offer, (seat, operator.clone()));
                    let again = self
                        .seats
                        .iter()
                        .find(|(_, known)| !known.rung && !known.away && known.queue == queue);
                    let again = again.map(|(seat, _)| *seat);
                    out.push(Action::Offer {
                        offer,
                        seat,
                        operator: operator.clone(),
                        queue: queue.clone(),
                        class,
                        waited,
                    });
                    if self.fault == Fault::ClaimSkipped
                        && let Some(seat) = again
                    {
                        self.forged += 1;
                        let offer = OfferId(self.forged);
                        out.push(Action::Offer { offer, seat, operator, queue, class, waited });
                    }
                }
                Action::Withdraw { offer, why } => {
                    self.over.insert(offer);
                    out.push(Action::Withdraw { offer, why });
                }
                Action::Connect { offer, seat } => {
                    out.push(Action::Connect { offer, seat: self.outside(seat) })
                }
                Action::Connected { offer, seat, operator, waited, silent_operator } => {
                    let seat = self.outside(seat);
                    self.seats.remove(&seat);
                    out.push(Action::Connected { offer, seat, operator, waited, silent_operator });
                }
                Action::Return { offer, seat } => {
                    out.push(Action::Return { offer, seat: self.outside(seat) })
                }
                Action::Exit { seat, exit } => {
                    let seat = self.outside(seat);
                    self.seats.remove(&seat);
                    if self.fault != Fault::ExitForgotten {
                        out.push(Action::Exit { seat, exit });
                    }
                }
                Action::Closed { seat, why, waited } => {
                    let seat = self.outside(seat);
                    if let Some(known) = self.seats.remove(&seat)
                        && let (Leave::HungUp, Some(number)) = (why, known.number())
                    {
                        self.owed
                            .insert((number.clone(), known.queue.clone()), (waited + known.credit, now.mono));
                    }
                    out.push(Action::Closed { seat, why, waited });
                }
                Action::CallbackKept { seat } => {
                    let seat = self.outside(seat);
                    if let Some(known) = self.seats.get_mut(&seat) {
                        (known.away, known.rung) = (true, false);
                    }
                    out.push(Action::CallbackKept { seat });
                }
                Action::CallbackRefused { seat } => {
                    out.push(Action::CallbackRefused { seat: self.outside(seat) })
                }
                Action::Dial { seat, number, queue, class } => {
                    let (inside, seat) = (seat, self.outside(seat));
                    let dial = Action::Dial { seat, number, queue, class };
                    if self.fault == Fault::DialledTwice {
                        out.push(dial.clone());
                    }
                    out.push(dial);
                    if self.fault == Fault::KeyNotAwaited {
                        let mut said = Vec::new();
                        self.inner.handle(Event::CallbackConfirmed { seat: inside }, now, &mut said);
                        self.say(said, now, out);
                    }
                }
                Action::OperatorChanged { operator, state } => {
                    let on_break = matches!(&state, OperatorState::Paused { reason } if reason == "tea");
                    out.push(Action::OperatorChanged { operator: operator.clone(), state });
                    if self.fault == Fault::BreakForgotten && on_break {
                        let mut said = Vec::new();
                        self.inner.handle(Event::Chose { operator, choice: Choice::Ready }, now, &mut said);
                        self.say(said, now, out);
                    }
                }
                other => out.push(other),
            }
        }
    }

    /// Who is rung for instead of this one.
    fn instead(&mut self, seat: SeatId) -> Option<SeatId> {
        let chosen = self.seats.get(&seat)?;
        let equals = self.seats.iter().filter(|(other, known)| {
            **other != seat
                && !known.rung
                && !known.away
                && !chosen.rung
                && (&known.queue, known.class) == (&chosen.queue, chosen.class)
        });
        match self.fault {
            Fault::OrderReversed => equals.max_by_key(|(_, known)| known.joined_at).map(|(seat, _)| *seat),
            Fault::TiesByChance => {
                // Whoever may serve one may serve the other, so that nothing but the tie decides between them.
                let equal = |other: &Known| {
                    (other.joined_at, other.credit, other.skills())
                        == (chosen.joined_at, chosen.credit, chosen.skills())
                };
                let together = equals.filter(|(_, known)| equal(known));
                together.map(|(seat, _)| *seat).next().filter(|_| self.coin.chance(0.5))
            }
            _ => None,
        }
    }
}

/// What the dispatcher is made to believe.
fn lie(fault: Fault, settings: &mut PoolSettings) {
    match fault {
        Fault::ReserveIgnored => settings.reserve_max = Some(0),
        Fault::ShareIgnored => settings.max_share = 1.0,
        Fault::StarvationIgnored => settings.starvation_limit = Duration::from_secs(1_000_000),
        _ => {}
    }
    for queue in settings.queues.values_mut() {
        match fault {
            Fault::WrapUpSkipped => queue.wrap_up = Duration::ZERO,
            Fault::AllPhonesRing => queue.strategy = Strategy::RingAll,
            _ => {}
        }
    }
}

/// The same caller, who brings this age along.
fn with_age(event: Event, age: Age) -> Event {
    match event {
        Event::Joined { seat, call, caller, queue, class, skills, exits, test } => {
            let callback = None;
            Event::Brought { seat, call, caller, queue, class, skills, exits, age, callback, test }
        }
        other => other,
    }
}

impl Machine for Mutant {
    type Event = Event;
    type Action = Action;

    fn handle(&mut self, event: Event, now: Now, out: &mut Vec<Action>) {
        if let Some(delayed) = self.delayed.take() {
            let mut said = Vec::new();
            self.inner.handle(delayed, now, &mut said);
            self.say(said, now, out);
        }
        self.note(&event, now.mono);
        let mut said = Vec::new();
        match (self.fault, &event) {
            (Fault::LateAnswerConnected, Event::Accepted { offer }) if self.over.contains(offer) => {
                if let Some((seat, _)) = self.offers.get(offer) {
                    out.push(Action::Connect { offer: *offer, seat: *seat });
                }
                return;
            }
            (Fault::ClassChangeRestartsClock, Event::ClassChanged { seat, class })
                if self.seats.get(seat).is_some_and(|known| !known.rung && !known.away) =>
            {
                return self.joins_anew(*seat, Some(*class), now, out);
            }
            (Fault::GoneCallerRung, Event::Left { seat, why: Leave::HungUp })
                if self.seats.get(seat).is_some_and(|known| !known.rung) =>
            {
                let waited =
                    self.seats.get(seat).map_or(Duration::ZERO, |known| now.mono.since(known.joined_at));
                out.push(Action::Closed { seat: *seat, why: Leave::HungUp, waited });
                return;
            }
            (Fault::CreditTwice, Event::Joined { seat, .. })
                if self.seats.get(seat).is_some_and(|known| !known.credit.is_zero()) =>
            {
                let credit = self.seats.get(seat).map_or(Duration::ZERO, |known| known.credit);
                let age = Age { credit: 2 * credit, ..Age::default() };
                self.inner.handle(with_age(event, age), now, &mut said);
                return self.say(said, now, out);
            }
            (Fault::NotTriedAgain, Event::CallbackFailed { seat, tried: true }) => {
                let seat = self.inside(*seat);
                return self.silently(Event::Left { seat, why: Leave::NotReached }, now, out);
            }
            (Fault::DispatchSkipped, Event::Joined { .. }) => {
                self.delayed = Some(event);
                return;
            }
            (Fault::PriorityForgotten, Event::Joined { class: Class::Priority, .. }) => {
                let mut event = event;
                if let Event::Joined { class, .. } = &mut event {
                    *class = Class::Standard;
                }
                self.inner.handle(event, now, &mut said);
                return self.say(said, now, out);
            }
            _ => {}
        }
        let counted_again = match &event {
            Event::Joined { seat, .. } if self.fault == Fault::CountedTwice && seat.0 % 10 == 0 => {
                Some(event.clone())
            }
            _ => None,
        };
        let line_free = match &event {
            Event::LineFree { seat } if self.fault == Fault::DialledTooSoon => Some(*seat),
            _ => None,
        };
        let failed = match &event {
            Event::OfferFailed { offer, why } => {
                self.offers.get(offer).map(|(seat, id)| (*seat, id.clone(), *why))
            }
            _ => None,
        };
        let event = self.translated(event);
        self.inner.handle(event, now, &mut said);
        self.say(said, now, out);
        if let Some(seat) = line_free
            && let Some(known) = self.seats.get(&seat).filter(|known| known.away)
            && let Some(number) = self.wanted.get(&seat)
            && !out.iter().any(|action| matches!(action, Action::Dial { seat: other, .. } if *other == seat))
        {
            let (number, queue, class) = (number.clone(), known.queue.clone(), known.class);
            out.push(Action::Dial { seat, number, queue, class });
        }
        if let Some(Event::Joined { call, queue, class, exits, .. }) = counted_again {
            self.forged += 1;
            let seat = SeatId(self.forged);
            let skills = BTreeSet::from(["no such skill".into()]);
            let joined = Event::Joined { seat, call, caller: None, queue, class, skills, exits, test: false };
            self.silently(joined, now, out);
        }
        if let Some((seat, operator, why)) = failed {
            match self.fault {
                Fault::PlaceLost => self.joins_anew(seat, None, now, out),
                Fault::RejectForgotten if why == OfferFailure::Rejected => {
                    let mut said = Vec::new();
                    self.inner.handle(Event::Chose { operator, choice: Choice::Ready }, now, &mut said);
                    self.say(said, now, out);
                }
                _ => {}
            }
        }
    }

    fn handle_timeout(&mut self, now: Now, out: &mut Vec<Action>) {
        let mut said = Vec::new();
        self.inner.handle_timeout(now, &mut said);
        self.say(said, now, out);
    }

    fn next_timeout(&self) -> Option<Instant> {
        self.inner.next_timeout()
    }
}

impl Seen for Mutant {
    fn operators(&self, now: Now) -> Vec<OperatorStatus> {
        Seen::operators(&self.inner, now)
    }

    fn reserve(&self) -> u32 {
        let held = Seen::reserve(&self.inner);
        if self.fault == Fault::ReserveIgnored { held.max(1) } else { held }
    }

    fn measures(&self) -> &Measures {
        Seen::measures(&self.inner)
    }
}
