//! A day of the dispatcher alone, with the same people as in [`super::day`]: no calls, no flows, no phones but their
//! events. For tables of hundreds of runs; what the rest of the machine adds to a wait (legs that open, whispers,
//! round trips) is added as constants.
use super::day::{QUIET_AFTER, SAMPLE_EVERY, operator, staff, standing};
use super::ledger::{Ledger, Outcome};
use super::population::{self, BACK_AFTER, Caller, Callers, Hands, Plan};
use crate::ids::{CallId, OfferId, OperatorId, SeatId};
use crate::machine::{Instant, Machine, Now, earlier};
use crate::number::Number;
use crate::queue::{Action, Alert, Choice, Dispatcher, Event, Leave, PoolSettings};
use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

/// From the offer to 180, and from the bridge to the operator's first packet, as in [`super::world`].
const RINGS_AFTER: Duration = Duration::from_millis(50);
const SPEAKS_AFTER: Duration = Duration::from_millis(20);

enum Act {
    Calls(Box<Caller>),
    CallsAgain(Box<Caller>),
    GivesUp(SeatId),
    Event(Event),
    PicksUp(OfferId),
    /// Both legs end.
    TalkEnds(OfferId),
}

struct Bare<'a> {
    plan: &'a Plan,
    /// Heard by the operator before the bridge.
    whisper: Duration,
    dispatcher: Dispatcher,
    now: Now,
    callers: Callers,
    hands: Hands,
    agenda: BTreeMap<(Instant, u64), Act>,
    sequence: u64,
    waiting: BTreeMap<SeatId, Box<Caller>>,
    /// Phones that ring.
    ringing: BTreeSet<OfferId>,
    talks: BTreeMap<OfferId, Duration>,
    ledger: Ledger,
    out: Vec<Action>,
}

/// Runs the plan to its end on a pool with these queues and rules; the operators are the plan's.
pub fn run(mut settings: PoolSettings, plan: &Plan, whisper: Duration) -> Ledger {
    staff(&mut settings, plan);
    let mut bare = Bare {
        plan,
        whisper,
        dispatcher: Dispatcher::new(settings, plan.seed),
        now: Now { mono: plan.starts_at(), ..Now::default() },
        callers: Callers::new(plan),
        hands: Hands::new(plan),
        agenda: BTreeMap::new(),
        sequence: 0,
        waiting: BTreeMap::new(),
        ringing: BTreeSet::new(),
        talks: BTreeMap::new(),
        ledger: Ledger::new(plan),
        out: Vec::new(),
    };
    for n in 0..plan.operators as usize {
        bare.plan_act(plan.starts_at(), Act::Event(Event::SignedIn { operator: operator(n) }));
    }
    for (from, until, n) in population::breaks(plan) {
        let pause = Choice::Paused { reason: "break".into() };
        bare.plan_act(from, Act::Event(Event::Chose { operator: operator(n), choice: pause }));
        bare.plan_act(until, chooses_ready(operator(n)));
    }
    bare.next_caller();
    bare.run();
    bare.ledger
}

fn chooses_ready(operator: OperatorId) -> Act {
    Act::Event(Event::Chose { operator, choice: Choice::Ready })
}

impl Bare<'_> {
    fn plan_act(&mut self, at: Instant, act: Act) {
        self.sequence += 1;
        self.agenda.insert((at, self.sequence), act);
    }

    fn after(&mut self, wait: Duration, act: Act) {
        self.plan_act(self.now.mono + wait, act);
    }

    fn next_caller(&mut self) {
        if let Some((at, caller)) = self.callers.next() {
            self.plan_act(at, Act::Calls(Box::new(caller)));
        }
    }

    fn run(&mut self) {
        let ends = self.plan.ends_at();
        let mut sample_at = self.plan.starts_at();
        loop {
            let act = self.agenda.first_key_value().map(|((at, _), _)| *at);
            let Some(next) = earlier(act, self.dispatcher.next_timeout()) else { break };
            while sample_at <= next && sample_at < ends {
                let (reserve, missing) = standing(&self.dispatcher);
                self.ledger.sample(reserve, missing, sample_at);
                sample_at += SAMPLE_EVERY;
            }
            if next >= ends && self.now.mono < ends {
                let all = self.dispatcher.operators(self.now);
                self.ledger.book_operators(all.iter().filter_map(|operator| operator.occupancy));
            }
            if next > ends + QUIET_AFTER || next >= ends && self.ledger.open() == 0 {
                break;
            }
            self.now = self.now.later(next.since(self.now.mono));
            if act == Some(next)
                && let Some((_, act)) = self.agenda.pop_first()
            {
                self.does(act);
            } else {
                self.ledger.events += 1;
                let mut out = std::mem::take(&mut self.out);
                self.dispatcher.handle_timeout(self.now, &mut out);
                self.carry_out(out);
            }
        }
    }

    fn tell(&mut self, event: Event) {
        self.ledger.events += 1;
        let mut out = std::mem::take(&mut self.out);
        self.dispatcher.handle(event, self.now, &mut out);
        self.carry_out(out);
    }

    fn does(&mut self, act: Act) {
        match act {
            Act::Calls(caller) => {
                self.next_caller();
                self.joins(caller);
            }
            Act::CallsAgain(caller) => self.joins(caller),
            Act::GivesUp(seat) => {
                if self.ledger.is_open(seat.0) {
                    self.tell(Event::Left { seat, why: Leave::HungUp });
                }
            }
            Act::Event(event) => self.tell(event),
            Act::PicksUp(offer) => {
                if self.ringing.remove(&offer) {
                    self.tell(Event::Accepted { offer });
                }
            }
            Act::TalkEnds(offer) => {
                self.tell(Event::CallerGone { offer });
                self.tell(Event::OperatorGone { offer });
            }
        }
    }

    /// The menu is left out: whoever calls is in the queue.
    fn joins(&mut self, caller: Box<Caller>) {
        self.ledger.calls += 1;
        let seat = SeatId(self.ledger.calls);
        self.ledger.joined(seat.0, caller.class, self.now.mono);
        if let Some(patience) = caller.patience {
            self.after(patience, Act::GivesUp(seat));
        }
        let joined = Event::Joined {
            seat,
            call: CallId(seat.0),
            caller: Number::parse(&caller.number),
            queue: caller.queue.into(),
            class: caller.class,
            skills: BTreeSet::new(),
            exits: BTreeSet::new(),
            test: false,
        };
        self.waiting.insert(seat, caller);
        self.tell(joined);
    }

    fn carry_out(&mut self, mut out: Vec<Action>) {
        let now = self.now.mono;
        for action in out.drain(..) {
            match action {
                Action::Offer { offer, .. } => {
                    self.after(RINGS_AFTER, Act::Event(Event::Ringing { offer }));
                    if let Some(after) = self.hands.rung() {
                        self.ringing.insert(offer);
                        self.after(after, Act::PicksUp(offer));
                    }
                }
                Action::Withdraw { offer, .. } => {
                    self.ringing.remove(&offer);
                    self.after(SPEAKS_AFTER, Act::Event(Event::OperatorGone { offer }));
                }
                Action::Connect { offer, seat } => {
                    let heard = self.whisper + SPEAKS_AFTER;
                    self.after(
                        Duration::ZERO,
                        Act::Event(Event::BridgeDue { offer, at: now + self.whisper }),
                    );
                    self.after(heard, Act::Event(Event::Flowing { offer }));
                    if let Some(caller) = self.waiting.get(&seat) {
                        self.talks.insert(offer, caller.talk);
                    }
                }
                Action::Connected { offer, seat, .. } => {
                    self.ledger.ended(seat.0, Outcome::Connected, now);
                    self.waiting.remove(&seat);
                    if let Some(talk) = self.talks.remove(&offer) {
                        self.after(talk, Act::TalkEnds(offer));
                    }
                }
                Action::Exit { seat, .. } => {
                    self.ledger.ended(seat.0, Outcome::Exit, now);
                    self.waiting.remove(&seat);
                }
                Action::Closed { seat, .. } => {
                    self.ledger.ended(seat.0, Outcome::HungUp, now);
                    let Some(caller) = self.waiting.remove(&seat) else { continue };
                    if let Some(after) = caller.calls_again {
                        let again = self.callers.tries_again(&caller);
                        self.after(after, Act::CallsAgain(Box::new(again)));
                    }
                }
                Action::Alert(Alert::OperatorPaused { operator, .. }) => {
                    self.after(BACK_AFTER, chooses_ready(operator));
                }
                _ => {}
            }
        }
        self.out = out;
    }
}
