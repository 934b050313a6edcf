//! A day of the whole machines: the production Switchboard with its calls, flows and dispatchers, and a population that
//! dials the shipped line, presses keys, waits, gives up, talks; in virtual time.
use super::faults::Faults;
use super::ledger::{Ledger, Outcome};
use super::population::{self, BACK_AFTER, Caller, Callers, Hands, Plan};
use super::world::{Behaviour, Heard, Lasts, World};
use crate::call::Happened;
use crate::cause::CallResult;
use crate::class::Class;
use crate::digit::Digit;
use crate::flow::FlowSet;
use crate::ids::{CallId, LegId, OperatorId, QueueName};
use crate::machine::{Instant, Now, Wall, earlier};
use crate::queue::{Alert, Choice, Dispatcher, OperatorSettings, PoolSettings};
use crate::switchboard::{self, Admin, Switchboard};
use std::collections::{BTreeMap, VecDeque};
use std::net::{IpAddr, Ipv4Addr};
use std::sync::Arc;
use std::time::Duration;

/// The shipped line that everybody dials.
pub const LINE: &str = "88007077759";
/// A queue to which it leads; its pool is the one that is staffed.
pub const QUEUE: &str = "wallet";
/// A call's peer, which the settings must trust: the numbers decide the class.
const TRUNK: IpAddr = IpAddr::V4(Ipv4Addr::new(127, 0, 0, 1));
/// Between two keys of a caller who knows where he goes.
const BETWEEN_KEYS: Duration = Duration::from_millis(1_500);
/// How often the reserve and the queue's length are looked at.
pub const SAMPLE_EVERY: Duration = Duration::from_secs(15);
/// After the last arrival: longer than `max_wait`, a ring and a talk together. Whoever still waits then was forgotten.
pub const QUIET_AFTER: Duration = Duration::from_secs(3 * 3600);
/// Midnight of a Monday in Moscow.
const BEGINS: Wall = Wall(1_795_381_200_000);

/// What the day runs on.
pub struct House {
    pub settings: switchboard::Settings,
    pub flows: Arc<FlowSet>,
    /// How long each prompt lasts; the whispers to operators are part of every wait.
    pub lasts: Lasts,
}

/// The operators of a plan, in a pool that has the house's queues: all serve all of them.
pub fn staff(pool: &mut PoolSettings, plan: &Plan) {
    let queues: Vec<QueueName> = pool.queues.keys().cloned().collect();
    for settings in pool.queues.values_mut() {
        settings.wrap_up = plan.wrap_up;
        // A full queue is another question than this one.
        settings.max_len = settings.max_len.max(10_000);
    }
    if plan.reserve.is_some() {
        pool.reserve_max = plan.reserve;
    }
    pool.operators = (0..plan.operators)
        .map(|n| {
            let settings = OperatorSettings { queues: queues.clone(), ..OperatorSettings::default() };
            (operator(n as usize), settings)
        })
        .collect();
}

pub fn operator(n: usize) -> OperatorId {
    OperatorId::from(format!("{:04}", 1001 + n))
}

/// What somebody is going to do.
#[derive(Debug)]
enum Act {
    /// The first call of somebody; the next one's follows from it.
    Calls(Box<Caller>),
    CallsAgain(Box<Caller>),
    Presses(LegId),
    GivesUp(LegId, CallId),
    /// The operator hangs up his leg.
    EndsTalk(LegId),
    Chooses(OperatorId, Choice),
}

struct OnTheLine {
    caller: Box<Caller>,
    keys: VecDeque<Digit>,
}

struct Day<'a> {
    plan: &'a Plan,
    world: World,
    /// Which of the Switchboard's pools serves the line.
    pool: usize,
    callers: Callers,
    agenda: BTreeMap<(Instant, u64), Act>,
    sequence: u64,
    on_the_line: BTreeMap<LegId, OnTheLine>,
    legs: BTreeMap<CallId, LegId>,
    ledger: Ledger,
    heard: Vec<(Instant, Heard)>,
}

/// Runs the plan to its end. `progress` is told the share that is done, a hundred times at most.
pub fn run(house: House, plan: &Plan, faults: Faults, mut progress: impl FnMut(f64)) -> Ledger {
    let mut settings = house.settings;
    let pool = settings.pools.iter().position(|pool| pool.queues.contains_key(QUEUE)).unwrap_or(0);
    if let Some(pool) = settings.pools.get_mut(pool) {
        staff(pool, plan);
    }
    settings.test_sources.push(TRUNK.into());
    let switchboard = Switchboard::new(settings, house.flows, plan.seed);
    let mut world = World::new(switchboard, Now { mono: plan.starts_at(), wall: BEGINS });
    world.lasts = house.lasts;
    world.faults = faults;
    let mut hands = Hands::new(plan);
    world.behave = Some(Box::new(move |_| Behaviour { answers_after: hands.rung(), ..Behaviour::default() }));
    for n in 0..plan.operators as usize {
        world.register(operator(n).as_str(), Behaviour::default());
    }
    let mut day = Day {
        plan,
        world,
        pool,
        callers: Callers::new(plan),
        agenda: BTreeMap::new(),
        sequence: 0,
        on_the_line: BTreeMap::new(),
        legs: BTreeMap::new(),
        ledger: Ledger::new(plan),
        heard: Vec::new(),
    };
    for (from, until, n) in population::breaks(plan) {
        day.plan_act(from, Act::Chooses(operator(n), Choice::Paused { reason: "break".into() }));
        day.plan_act(until, Act::Chooses(operator(n), Choice::Ready));
    }
    day.next_caller();
    day.run(&mut progress);
    day.ledger
}

impl Day<'_> {
    fn plan_act(&mut self, at: Instant, act: Act) {
        self.sequence += 1;
        self.agenda.insert((at, self.sequence), act);
    }

    fn after(&mut self, wait: Duration, act: Act) {
        self.plan_act(self.world.now.mono + wait, act);
    }

    fn next_caller(&mut self) {
        if let Some((at, caller)) = self.callers.next() {
            self.plan_act(at, Act::Calls(Box::new(caller)));
        }
    }

    fn run(&mut self, progress: &mut impl FnMut(f64)) {
        let ends = self.plan.ends_at();
        let (mut sample_at, mut told) = (self.plan.starts_at(), 0);
        loop {
            let act = self.agenda.first_key_value().map(|((at, _), _)| *at);
            let Some(next) = earlier(act, self.world.next()).filter(|at| *at <= ends + QUIET_AFTER) else {
                break;
            };
            while sample_at <= next && sample_at < ends {
                self.sample(sample_at);
                sample_at += SAMPLE_EVERY;
                let done = sample_at.as_nanos() * 100 / ends.as_nanos();
                if done > told {
                    told = done;
                    progress(done as f64 / 100.0);
                }
            }
            if next >= ends && self.world.now.mono < ends {
                self.book_operators();
            }
            if next >= ends && self.world.switchboard.calls() == 0 {
                break;
            }
            self.ledger.events += 1;
            if act == Some(next)
                && let Some((_, act)) = self.agenda.pop_first()
            {
                self.world.now = self.world.now.later(next.since(self.world.now.mono));
                self.does(act);
            } else {
                self.world.step(next);
                self.listen();
            }
        }
    }

    fn does(&mut self, act: Act) {
        match act {
            Act::Calls(caller) => {
                self.next_caller();
                self.calls(caller);
            }
            Act::CallsAgain(caller) => self.calls(caller),
            Act::Presses(leg) => {
                let Some(key) = self.on_the_line.get_mut(&leg).and_then(|line| line.keys.pop_front()) else {
                    return;
                };
                self.world.press(leg, key);
                self.after(BETWEEN_KEYS, Act::Presses(leg));
            }
            Act::GivesUp(leg, call) if self.ledger.is_open(call.0) => self.world.hang_up(leg),
            Act::GivesUp(..) => {}
            Act::EndsTalk(leg) => self.world.hang_up(leg),
            Act::Chooses(operator, choice) => self.world.admin(Admin::SetOperator { operator, choice }),
        }
    }

    fn calls(&mut self, caller: Box<Caller>) {
        self.ledger.calls += 1;
        if caller.class == Class::Priority {
            let row = [("number", caller.number.as_str()), ("class", caller.class.as_str())];
            let row = row.into_iter().map(|(key, value)| (key.to_string(), value.to_string())).collect();
            self.world.library.subscribers.insert(caller.number.clone(), row);
        }
        let leg = self.world.dial(&caller.number, LINE, TRUNK);
        let keys = caller.keys.chars().filter_map(Digit::from_char).collect();
        self.after(caller.listens, Act::Presses(leg));
        self.on_the_line.insert(leg, OnTheLine { caller, keys });
    }

    /// What the last step brought.
    fn listen(&mut self) {
        std::mem::swap(&mut self.heard, &mut self.world.log);
        let mut heard = std::mem::take(&mut self.heard);
        for (_, what) in heard.drain(..) {
            self.hears(what);
        }
        self.heard = heard;
    }

    fn hears(&mut self, what: Heard) {
        let now = self.world.now.mono;
        match what {
            Heard::Record(record) if record.ended_at.is_none() => {
                if let Some(leg) = World::leg_of(&record) {
                    self.legs.insert(record.id, leg);
                }
            }
            Heard::Record(record) => {
                self.ledger.ended(record.id.0, Outcome::Exit, now);
                let Some(line) = self.legs.remove(&record.id).and_then(|leg| self.on_the_line.remove(&leg))
                else {
                    return;
                };
                self.world.library.subscribers.remove(&line.caller.number);
                if let (Some(CallResult::Abandoned), Some(after)) = (record.result, line.caller.calls_again) {
                    let caller = self.callers.tries_again(&line.caller);
                    self.after(after, Act::CallsAgain(Box::new(caller)));
                }
            }
            Heard::Happened(Happened::Enqueued { call, class, .. }) => {
                self.ledger.joined(call.0, class, now);
                let Some(leg) = self.legs.get(&call).copied() else { return };
                if let Some(patience) = self.on_the_line.get(&leg).and_then(|line| line.caller.patience) {
                    self.after(patience, Act::GivesUp(leg, call));
                }
            }
            Heard::Happened(Happened::Connected { call, .. }) => {
                self.ledger.ended(call.0, Outcome::Connected, now);
            }
            Heard::Happened(Happened::Abandoned { call, .. }) => {
                self.ledger.ended(call.0, Outcome::HungUp, now);
            }
            Heard::Happened(Happened::Exited { call, .. }) => {
                self.ledger.ended(call.0, Outcome::Exit, now);
            }
            Heard::Bridged { a, b } => {
                if let Some(line) = self.on_the_line.get(&a) {
                    self.after(line.caller.talk, Act::EndsTalk(b));
                }
            }
            Heard::Alert(Alert::OperatorPaused { operator, .. }) => {
                self.after(BACK_AFTER, Act::Chooses(operator, Choice::Ready));
            }
            _ => {}
        }
    }

    fn dispatcher(&self) -> Option<&Dispatcher> {
        self.world.switchboard.pools().get(self.pool)
    }

    fn sample(&mut self, at: Instant) {
        let (reserve, missing) = self.dispatcher().map_or((0, 0), standing);
        self.ledger.sample(reserve, missing, at);
    }

    /// Before the day's end lets them all become idle.
    fn book_operators(&mut self) {
        let now = self.world.now;
        let all = self.dispatcher().map(|pool| pool.operators(now)).unwrap_or_default();
        self.ledger.book_operators(all.iter().filter_map(|operator| operator.occupancy));
    }
}

/// The reserve of a pool, and how many operators it has told those on duty are missing.
pub(super) fn standing(pool: &Dispatcher) -> (u32, u32) {
    let status = pool.reserve_status();
    (status.reserve, if status.at_risk { status.missing.max(1) } else { 0 })
}
