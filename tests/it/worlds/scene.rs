//! A pool and the people around it, drawn from a seed: callers who join, move, rise, give up and come back; operators who
//! sign in and out, take breaks, reject, are not there, pick up together, are never heard; callers who hang up and are
//! called back, or are not reached; a configuration that changes.
//!
//! Every person has dice of his own, so that leaving somebody out changes nothing about the others: a failing world can
//! be made smaller.
use hotline::class::Class;
use hotline::ids::{CallId, OfferId, OperatorId, QueueName, SeatId, Skill};
use hotline::machine::{Instant, Machine, Now, earlier};
use hotline::number::Number;
use hotline::queue::{
    Action, Booking, Choice, Event, Leave, OfferFailure, OperatorSettings, PoolSettings, QueueSettings,
    SignIn, Strategy, Widening,
};
use hotline::sim::dice::Dice;
use hotline::sim::invariants::{Broken, Invariants, Rule, Seen};
use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::time::Duration;

const QUEUES: [&str; 3] = ["wallet", "terminals", "security"];
const STRATEGIES: [Strategy; 8] = [
    Strategy::LongestIdle,
    Strategy::RingAll,
    Strategy::Progressive,
    Strategy::RoundRobin,
    Strategy::FewestCalls,
    Strategy::LeastTalk,
    Strategy::Random,
    Strategy::Linear,
];
/// People come and change their minds in this time; then everything is let run out.
const DAY: Duration = Duration::from_secs(1_500);
/// Who was paused for not answering is back after so long, when the day is over.
const RECOVERS_AFTER: Duration = Duration::from_secs(120);
/// Longer than every `max_wait`, ring and talk together.
const QUIET_AFTER: Duration = Duration::from_secs(3 * 3600);
/// Callers of the largest world.
pub const CALLERS: u64 = 150;
/// A caller who comes back has a seat of another name, so much higher.
const BACK: u64 = 1 << 20;
/// Who is cut off comes back so often at most.
const RETURNS_MAX: u64 = 3;
/// Longer than any call of a foreseen world: whoever is near his turn is dialled.
const FORESEEN_REACH: Duration = Duration::from_secs(3600);

/// What may be left out of a world, to see whether it breaks without it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Part {
    Breaks,
    /// Phones that reject, ring on or are not there.
    Troubles,
    /// Two hands at once, a caller who hangs up with the answer, an operator who drops at once.
    Races,
    Moves,
    Classes,
    Skills,
    Strategies,
    WrapUps,
    Reload,
    Returns,
    HangUps,
    Callbacks,
}

impl Part {
    pub const ALL: [Part; 12] = [
        Part::Breaks,
        Part::Troubles,
        Part::Races,
        Part::Moves,
        Part::Classes,
        Part::Skills,
        Part::Strategies,
        Part::WrapUps,
        Part::Reload,
        Part::Returns,
        Part::HangUps,
        Part::Callbacks,
    ];

    pub fn name(self) -> String {
        format!("{self:?}").to_lowercase()
    }
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Recipe {
    pub seed: u64,
    pub callers: u64,
    pub without: BTreeSet<Part>,
    /// Everybody serves every queue and nobody does what cannot be foreseen, but for how long he rings and talks; whoever
    /// is dialled presses the key before anything else happens.
    pub foreseen: bool,
}

impl Recipe {
    pub fn of(seed: u64) -> Recipe {
        Recipe { seed, callers: CALLERS, without: BTreeSet::new(), foreseen: false }
    }

    pub fn foreseen(seed: u64) -> Recipe {
        let kept = [Part::Classes, Part::Strategies, Part::WrapUps, Part::HangUps, Part::Callbacks];
        let without = Part::ALL.into_iter().filter(|part| !kept.contains(part)).collect();
        Recipe { without, foreseen: true, ..Recipe::of(seed) }
    }

    fn has(&self, part: Part) -> bool {
        !self.without.contains(&part)
    }
}

/// A dispatcher, or something that claims to be one.
pub trait Pool: Machine<Event = Event, Action = Action> + Seen {}
impl<T: Machine<Event = Event, Action = Action> + Seen> Pool for T {}

/// What happened in a world, to see that it was worth running.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Seens {
    pub steps: u64,
    pub connected: u64,
    pub exits: u64,
    pub hung_up: u64,
    pub returned: u64,
    pub yielded: u64,
    /// A 200 for an offer that had been taken back.
    pub too_late: u64,
    /// Seats that became callbacks, and those of them who were reached.
    pub converted: u64,
    pub confirmed: u64,
    /// Callbacks that were given up.
    pub not_reached: u64,
    /// Callers who were cut off and came back in time.
    pub came_back: u64,
}

pub struct Ended {
    pub broken: Vec<Broken>,
    pub seen: Seens,
    /// Seats in the order in which their waits ended with an operator.
    pub served: Vec<SeatId>,
    pub trace: Vec<String>,
}

pub struct Scene<P> {
    recipe: Recipe,
    settings: PoolSettings,
    pool: P,
    invariants: Invariants,
    now: Now,
    agenda: BTreeMap<(Instant, u64), Event>,
    sequence: u64,
    offers: BTreeMap<OfferId, SeatId>,
    withdrawn: BTreeSet<OfferId>,
    /// As he joined.
    joined: BTreeMap<SeatId, Event>,
    /// Those who are to be called, and whether they have hung up; the tries to reach each.
    away: BTreeMap<SeatId, Line>,
    tries: BTreeMap<SeatId, u64>,
    /// To be handled before anything else happens.
    at_once: VecDeque<Event>,
    served: Vec<SeatId>,
    /// A talk has ended: from now on there is something to foresee with.
    knows_handling: bool,
    seen: Seens,
    traced: bool,
    trace: Vec<String>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Line {
    Up,
    Down,
}

fn seconds(s: u64) -> Duration {
    Duration::from_secs(s)
}

fn millis(ms: u64) -> Duration {
    Duration::from_millis(ms)
}

/// The dice of one person or thing.
fn dice(seed: u64, kind: u64, number: u64) -> Dice {
    let mut dice = Dice::new(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) ^ (kind << 56) ^ number);
    dice.bits();
    dice
}

fn skills(names: &[&str]) -> BTreeSet<Skill> {
    names.iter().map(|name| Skill::from(*name)).collect()
}

/// The pool of a recipe.
pub fn settings(recipe: &Recipe) -> PoolSettings {
    let mut dice = dice(recipe.seed, 1, 0);
    let mut settings = PoolSettings {
        starvation_limit: seconds(60 + dice.below(300)),
        max_share: if dice.chance(0.5) { 0.5 } else { 0.2 },
        ..PoolSettings::default()
    };
    for name in QUEUES {
        let strategy = STRATEGIES[dice.below(8) as usize];
        let (wrap_up, widens, max_wait) = (dice.below(40), dice.chance(0.5), 200 + dice.below(900));
        let mut queue = QueueSettings {
            class: (name == "security").then_some(Class::Security),
            max_wait: seconds(max_wait),
            max_len: 5 + dice.below(40) as usize,
            ..QueueSettings::default()
        };
        if recipe.has(Part::Strategies) {
            queue.strategy = strategy;
        }
        queue.wrap_up = if recipe.has(Part::WrapUps) { seconds(wrap_up) } else { Duration::ZERO };
        if recipe.has(Part::Skills) && widens {
            queue.widen = vec![Widening { after: seconds(45), forgo: skills(&["english"]) }];
        }
        settings.queues.insert(name.into(), queue);
    }
    for n in 0..1 + dice.below(8) {
        let queues: Vec<QueueName> =
            QUEUES.iter().filter(|_| dice.chance(0.7)).map(|name| QueueName::from(*name)).collect();
        let (english, contact, manual) = (dice.chance(0.5), dice.chance(0.7), dice.chance(0.1));
        let operator = OperatorSettings {
            queues: if queues.is_empty() { vec!["wallet".into()] } else { queues },
            skills: if english { skills(&["english"]) } else { BTreeSet::new() },
            contact: contact.then(|| "sip:phone@10.0.0.12".to_string()),
            sign_in: if manual && !contact { SignIn::Manual } else { SignIn::OnRegister },
            ..OperatorSettings::default()
        };
        settings.operators.insert(OperatorId::from(format!("{}", 101 + n)), operator);
    }
    if recipe.foreseen {
        foresee(&mut settings);
    }
    settings
}

/// Rules that turn the order over between a dial and its key are left out (Q2, Q1's share), and so is the reserve: how many
/// are held back in a minute's time nobody foresees.
fn foresee(settings: &mut PoolSettings) {
    settings.starvation_limit = QUIET_AFTER;
    settings.max_share = 1.0;
    settings.reserve_max = Some(0);
    for queue in settings.queues.values_mut() {
        queue.max_wait = QUIET_AFTER;
        queue.max_len = usize::MAX;
        queue.callback_reach = FORESEEN_REACH;
    }
    for operator in settings.operators.values_mut() {
        operator.queues = settings.queues.keys().cloned().collect();
        operator.contact = Some("sip:phone@10.0.0.12".to_string());
        operator.sign_in = SignIn::OnRegister;
    }
}

/// Runs a world to its end, or until one of the rules that are minded is broken; `&[]`: any.
pub fn run<P: Pool>(
    recipe: &Recipe,
    traced: bool,
    minded: &[Rule],
    pool: impl FnOnce(PoolSettings, u64) -> P,
) -> Ended {
    let settings = settings(recipe);
    let now = Now { mono: Instant::ZERO + seconds(1), ..Now::default() };
    let pool = pool(settings.clone(), recipe.seed);
    let invariants = Invariants::new(settings.clone(), &pool, now);
    let mut scene = Scene {
        recipe: recipe.clone(),
        settings,
        pool,
        invariants,
        now,
        agenda: BTreeMap::new(),
        sequence: 0,
        offers: BTreeMap::new(),
        withdrawn: BTreeSet::new(),
        joined: BTreeMap::new(),
        away: BTreeMap::new(),
        tries: BTreeMap::new(),
        at_once: VecDeque::new(),
        served: Vec::new(),
        knows_handling: false,
        seen: Seens::default(),
        traced,
        trace: Vec::new(),
    };
    scene.plan_callers();
    scene.plan_operators();
    scene.plan_reload();
    scene.run(minded);
    let broken = scene.invariants.broken().iter().filter(|broken| minds(minded, broken));
    Ended { broken: broken.cloned().collect(), seen: scene.seen, served: scene.served, trace: scene.trace }
}

fn minds(minded: &[Rule], broken: &Broken) -> bool {
    minded.is_empty() || minded.contains(&broken.rule)
}

impl<P: Pool> Scene<P> {
    fn at(&mut self, at: Duration, event: Event) {
        self.sequence += 1;
        self.agenda.insert((Instant::ZERO + seconds(1) + at, self.sequence), event);
    }

    fn after(&mut self, wait: Duration, event: Event) {
        self.sequence += 1;
        self.agenda.insert((self.now.mono + wait, self.sequence), event);
    }

    fn dice(&self, kind: u64, number: u64) -> Dice {
        dice(self.recipe.seed, kind, number)
    }

    fn plan_callers(&mut self) {
        // Some worlds are crowded, some are idle; in some, callers come in bursts of one instant.
        let mut world = self.dice(2, 0);
        let (gap, bursts) = (2_000 + world.below(20_000), world.chance(0.3));
        let mut arrivals = self.dice(3, 0);
        let mut at = Duration::ZERO;
        for n in 1..=self.recipe.callers {
            let together = bursts && arrivals.chance(0.5);
            let wait = millis(arrivals.below(2 * gap));
            at += if together { Duration::ZERO } else { wait };
            if at > DAY {
                break;
            }
            self.plan_caller(SeatId(n), at);
        }
    }

    fn plan_caller(&mut self, seat: SeatId, at: Duration) {
        let mut dice = self.dice(4, seat.0);
        let class = if dice.chance(0.3) { Class::Priority } else { Class::Standard };
        let queue = QUEUES[dice.below(3) as usize];
        let english = dice.chance(0.2) && self.recipe.has(Part::Skills);
        let needed = if english { skills(&["english"]) } else { BTreeSet::new() };
        // A few numbers call again and again; some are withheld.
        let number =
            format!("7916000{:04}", if self.recipe.has(Part::Returns) { dice.below(30) } else { seat.0 });
        let caller = if dice.chance(0.7) { Number::parse(&number) } else { None };
        let joined = Event::Joined {
            seat,
            call: CallId(seat.0),
            caller,
            queue: queue.into(),
            class,
            skills: needed.clone(),
            exits: BTreeSet::new(),
            test: false,
        };
        self.joined.insert(seat, joined.clone());
        self.at(at, joined);
        for (wait, event) in self.callback_plan(seat) {
            self.at(at + wait, event);
        }
        let patience = dice.exponential(seconds(150));
        let (does, soon, to) = (dice.below(10), dice.below(3_000), dice.below(2));
        let mut events = Vec::new();
        match does {
            0 if self.recipe.has(Part::HangUps) => {
                events.push((patience, Event::Left { seat, why: Leave::ByFlow }))
            }
            1 | 2 if self.recipe.has(Part::Classes) => {
                let class = if class == Class::Priority { Class::Standard } else { Class::Priority };
                events.push((millis(soon), Event::ClassChanged { seat, class }));
            }
            3 if self.recipe.has(Part::Moves) => {
                let queue = QueueName::from(["wallet", "terminals"][to as usize]);
                events.push((patience, Event::Moved { seat, queue, skills: needed, exits: BTreeSet::new() }));
            }
            _ => {}
        }
        if self.recipe.has(Part::HangUps) && dice.chance(0.6) {
            events.push((dice.exponential(seconds(120)), Event::Left { seat, why: Leave::HungUp }));
        }
        for (wait, event) in events {
            self.at(at + wait, event);
        }
    }

    /// Some have enough of the music, and a few of those once more.
    fn callback_plan(&self, seat: SeatId) -> Vec<(Duration, Event)> {
        let mut dice = self.dice(11, seat.0);
        let asks = match dice.below(10) {
            _ if !self.recipe.has(Part::Callbacks) => 0,
            0..=2 => 1,
            3 => 2,
            _ => 0,
        };
        // Some are to be called where somebody else is to be called too.
        let number = match (self.joined.get(&seat), dice.chance(0.8) || self.recipe.foreseen) {
            (Some(Event::Joined { caller: Some(number), .. }), true) if !self.recipe.foreseen => {
                number.clone()
            }
            (_, true) => Number::parse(&format!("7917{:07}", seat.0)).expect("a number"),
            (_, false) => Number::parse(&format!("7916000{:04}", dice.below(30))).expect("a number"),
        };
        let ask = |_| (dice.exponential(seconds(60)), Event::CallbackWanted { seat, number: number.clone() });
        (0..asks).map(ask).collect()
    }

    fn plan_operators(&mut self) {
        let operators: Vec<OperatorId> = self.settings.operators.keys().cloned().collect();
        for (n, operator) in operators.into_iter().enumerate() {
            let mut dice = self.dice(5, n as u64);
            self.at(millis(10), Event::SignedIn { operator: operator.clone() });
            self.at(millis(20), Event::Chose { operator: operator.clone(), choice: Choice::Ready });
            if !self.recipe.has(Part::Breaks) {
                continue;
            }
            for _ in 0..dice.below(12) {
                let at = dice.between(Duration::ZERO, DAY);
                let back = at + dice.between(Duration::ZERO, seconds(200));
                let id = operator.clone();
                let tea = Choice::Paused { reason: "tea".into() };
                let [first, second] = match dice.below(6) {
                    0 => [Event::SignedOut { operator: id.clone() }, Event::SignedIn { operator: id }],
                    1 => [
                        Event::Occupied { operator: id.clone(), busy: true },
                        Event::Occupied { operator: id, busy: false },
                    ],
                    2 => [Event::EndWrapUp { operator: id.clone() }, Event::ExtendWrapUp { operator: id }],
                    // Thought better of.
                    3 => [
                        Event::Chose { operator: id.clone(), choice: tea.clone() },
                        Event::Chose { operator: id, choice: tea },
                    ],
                    _ => [
                        Event::Chose { operator: id.clone(), choice: tea },
                        Event::Chose { operator: id, choice: Choice::Ready },
                    ],
                };
                self.at(at, first);
                self.at(back, second);
            }
            for wait in [DAY, DAY + seconds(600)] {
                self.at(wait, Event::SignedIn { operator: operator.clone() });
                self.at(wait, Event::Occupied { operator: operator.clone(), busy: false });
                self.at(wait, Event::Chose { operator: operator.clone(), choice: Choice::Ready });
            }
        }
    }

    /// In the end everybody is there and works, again and again, so that nobody has to wait for ever.
    fn everybody_works(&mut self) {
        for operator in self.settings.operators.keys().cloned().collect::<Vec<_>>() {
            self.after(RECOVERS_AFTER, Event::SignedIn { operator: operator.clone() });
            self.after(RECOVERS_AFTER, Event::Occupied { operator: operator.clone(), busy: false });
            self.after(RECOVERS_AFTER, Event::Chose { operator, choice: Choice::Ready });
        }
    }

    /// Other strategies, another ring time, an operator more or less, a queue taken away and given back.
    fn plan_reload(&mut self) {
        let mut dice = self.dice(6, 0);
        if !self.recipe.has(Part::Reload) || !dice.chance(0.3) {
            return;
        }
        let mut changed = self.settings.clone();
        for queue in changed.queues.values_mut() {
            queue.strategy = STRATEGIES[dice.below(8) as usize];
            queue.ring_timeout = seconds(10 + dice.below(10));
        }
        if dice.chance(0.5) {
            changed.queues.remove(&QueueName::from("terminals"));
            for operator in changed.operators.values_mut() {
                operator.queues.retain(|queue| queue.as_str() != "terminals");
            }
        }
        if dice.chance(0.5) && changed.operators.len() > 1 {
            changed.operators.pop_first();
        }
        let at = dice.between(Duration::ZERO, DAY);
        self.at(at, Event::Configured(Box::new(changed)));
        let back = dice.between(at, DAY);
        self.at(back, Event::Configured(Box::new(self.settings.clone())));
    }

    fn run(&mut self, minded: &[Rule]) {
        let end = self.now.mono + DAY + QUIET_AFTER;
        let (mut out, mut known) = (Vec::new(), 0);
        loop {
            if self.agenda.is_empty() {
                if self.invariants.open() == 0 {
                    break;
                }
                self.everybody_works();
            }
            let plan = self.agenda.first_key_value().map(|((at, _), _)| *at);
            let Some(at) = earlier(plan, self.pool.next_timeout()).filter(|at| *at <= end) else { break };
            self.now = self.now.later(at.since(self.now.mono));
            let event = if plan == Some(at) { self.agenda.pop_first().map(|(_, event)| event) } else { None };
            match event {
                Some(event) => self.at_once.extend(self.as_things_are(event)),
                None => self.step(None, &mut out),
            }
            while let Some(event) = self.at_once.pop_front() {
                self.step(Some(event), &mut out);
            }
            let broken = self.invariants.broken();
            if broken.len() > known && broken[known..].iter().any(|broken| minds(minded, broken)) {
                return;
            }
            known = broken.len();
        }
        self.invariants.end(&self.pool, self.now.mono);
    }

    /// What a plan comes to when its time is there: who has hung up cannot do so again.
    fn as_things_are(&self, event: Event) -> Option<Event> {
        match &event {
            Event::Left { seat, why } => match (self.away.get(seat), why) {
                (None, _) => Some(event),
                (Some(_), _) if self.recipe.foreseen => Some(Event::Left { seat: *seat, why: Leave::Admin }),
                (Some(Line::Up), Leave::HungUp) => Some(Event::LineFree { seat: *seat }),
                (Some(_), _) => None,
            },
            Event::Moved { seat, .. } if self.away.contains_key(seat) => None,
            // Who hears a phone ring for him has his turn already.
            Event::CallbackWanted { seat, .. }
                if self.recipe.foreseen && (self.is_rung_for(*seat) || !self.knows_handling) =>
            {
                None
            }
            _ => Some(event),
        }
    }

    fn is_rung_for(&self, seat: SeatId) -> bool {
        self.offers.iter().any(|(offer, of)| *of == seat && !self.withdrawn.contains(offer))
    }

    fn step(&mut self, event: Option<Event>, out: &mut Vec<Action>) {
        self.seen.steps += 1;
        self.invariants.before(event.as_ref(), self.now.mono);
        if self.traced {
            let at = self.now.mono.as_millis() as f64 / 1000.0;
            self.trace.push(match &event {
                Some(event) => format!("{at:>10.3} ─▶ {event:?}"),
                None => format!("{at:>10.3} ─▶ time passes"),
            });
        }
        match event {
            Some(event) => {
                self.note(&event);
                self.pool.handle(event, self.now, out);
            }
            None => self.pool.handle_timeout(self.now, out),
        }
        if self.traced {
            self.trace.extend(out.iter().map(|action| format!("{:>14} {action:?}", "")));
        }
        self.invariants.after(out, &self.pool, self.now);
        for action in out.drain(..) {
            self.carry_out(action);
        }
    }

    fn note(&mut self, event: &Event) {
        match event {
            Event::Accepted { offer } => self.seen.too_late += u64::from(self.withdrawn.contains(offer)),
            Event::LineFree { seat } => {
                if let Some(line) = self.away.get_mut(seat) {
                    *line = Line::Down;
                }
            }
            Event::CallbackConfirmed { seat } => {
                self.seen.confirmed += u64::from(self.away.remove(seat).is_some());
            }
            _ => {}
        }
    }

    fn carry_out(&mut self, action: Action) {
        match action {
            Action::Booked(booking) => {
                if let Booking::Attempt(attempt) = *booking {
                    self.knows_handling |= attempt.ended_by.is_some();
                }
            }
            Action::Offer { offer, seat, .. } => {
                self.offers.insert(offer, seat);
                self.rings(offer);
            }
            Action::Withdraw { offer, .. } => {
                self.withdrawn.insert(offer);
                let mut dice = self.dice(7, offer.0);
                let stops = millis(dice.below(900));
                match dice.below(3) {
                    0 => self.after(stops, Event::OperatorGone { offer }),
                    1 => self.after(stops, Event::OfferFailed { offer, why: OfferFailure::NoAnswer }),
                    // Nothing is heard of it any more.
                    _ => {}
                }
            }
            Action::Connect { offer, seat } => self.talks(offer, seat),
            Action::Connected { seat, .. } => {
                self.seen.connected += 1;
                self.served.push(seat);
            }
            Action::CallbackKept { seat } => self.says_goodbye(seat),
            Action::Dial { seat, .. } => self.is_dialled(seat),
            Action::Return { .. } => self.seen.returned += 1,
            Action::Exit { .. } => self.seen.exits += 1,
            Action::Closed { seat, why, .. } => {
                self.away.remove(&seat);
                match why {
                    Leave::NotReached => self.seen.not_reached += 1,
                    _ => self.seen.hung_up += 1,
                }
                if why == Leave::HungUp && self.recipe.has(Part::Returns) {
                    self.comes_back(seat);
                }
            }
            Action::Ping { request, operator } => {
                let alive = self.dice(8, request.0).chance(0.7);
                self.after(millis(50), Event::Pong { request, operator, alive });
            }
            Action::Alert(alert) => {
                self.seen.yielded += u64::from(matches!(alert, hotline::queue::Alert::PromiseYielded { .. }));
            }
            _ => {}
        }
    }

    /// His seat is kept; he hears so, and hangs up.
    fn says_goodbye(&mut self, seat: SeatId) {
        self.seen.converted += 1;
        self.away.insert(seat, Line::Up);
        let free = Event::LineFree { seat };
        if self.recipe.foreseen {
            return self.at_once.push_back(free);
        }
        let hears = millis(self.dice(12, seat.0).below(9_000));
        self.after(hears, free);
    }

    /// What a person does who is called back.
    fn is_dialled(&mut self, seat: SeatId) {
        let confirmed = Event::CallbackConfirmed { seat };
        if self.recipe.foreseen {
            return self.at_once.push_back(confirmed);
        }
        let tries = self.tries.entry(seat).or_default();
        *tries += 1;
        let mut dice = dice(self.recipe.seed, 13, seat.0 * 64 + *tries);
        let rings = millis(2_000 + dice.below(18_000));
        let failed = |tried| Event::CallbackFailed { seat, tried };
        // Some are never there.
        if self.dice(15, seat.0).chance(0.15) {
            return self.after(rings, failed(true));
        }
        match dice.below(12) {
            0 => self.after(rings * 3, confirmed),
            1 | 2 => self.after(rings * 2, failed(true)),
            3 => self.after(Duration::ZERO, failed(false)),
            // Cut off with the key, or a little later.
            4 => {
                self.after(rings, confirmed);
                let later = [0, dice.below(2_000)][dice.below(2) as usize];
                self.after(rings + millis(later), Event::Left { seat, why: Leave::HungUp });
            }
            // The leg's end is told as well, before the key or after it.
            5 => {
                self.after(rings, confirmed);
                self.after(rings, failed(true));
            }
            6 => {
                self.after(rings, failed(true));
                self.after(rings, confirmed);
            }
            // Together with the operators' hands: on the full second.
            7 | 8 if self.recipe.has(Part::Races) => {
                let together = Instant::ZERO + seconds((self.now.mono + rings).as_millis() / 1_000 + 1);
                self.after(together.since(self.now.mono), confirmed);
            }
            _ => self.after(rings, confirmed),
        }
        if dice.chance(0.3) {
            let patience = dice.exponential(seconds(60));
            self.after(rings + patience, Event::Left { seat, why: Leave::HungUp });
        }
    }

    /// He was cut off, and dials again: mostly within the time in which his old wait counts.
    fn comes_back(&mut self, seat: SeatId) {
        let mut dice = self.dice(14, seat.0);
        let back = SeatId(seat.0 + BACK);
        let (wait, patience) = (millis(dice.below(150_000)), dice.exponential(seconds(120)));
        let comes = dice.chance(0.4) && back.0 / BACK <= RETURNS_MAX;
        let Some(mut joined) = self.joined.get(&seat).filter(|_| comes).cloned() else { return };
        if let Event::Joined { seat, call, .. } = &mut joined {
            (*seat, *call) = (back, CallId(back.0));
        }
        self.seen.came_back += 1;
        self.joined.insert(back, joined.clone());
        self.after(wait, joined);
        for (later, event) in self.callback_plan(back) {
            self.after(wait + later, event);
        }
        if dice.chance(0.5) {
            self.after(wait + patience, Event::Left { seat: back, why: Leave::HungUp });
        }
    }

    /// What a phone does when it is called.
    fn rings(&mut self, offer: OfferId) {
        let mut dice = self.dice(9, offer.0);
        let rings = millis(dice.below(1_400));
        let hand = dice.between(millis(500), seconds(17));
        let (trouble, silent) = (dice.below(10), dice.chance(0.1));
        if !self.recipe.has(Part::Troubles) {
            self.after(rings, Event::Ringing { offer });
            return self.after(rings + hand.min(seconds(8)), Event::Accepted { offer });
        }
        if !silent {
            self.after(rings, Event::Ringing { offer });
        }
        match trouble {
            0 => self.after(rings + hand, Event::OfferFailed { offer, why: OfferFailure::Rejected }),
            1 => self.after(rings, Event::OfferFailed { offer, why: OfferFailure::Unreachable }),
            2 => {}
            // Hands that pick up together: on the full second.
            3 | 4 if self.recipe.has(Part::Races) => {
                let at = self.now.mono + rings + hand;
                let together = Instant::ZERO + seconds(at.as_millis() / 1_000 + 1);
                self.after(together.since(self.now.mono), Event::Accepted { offer });
            }
            _ => self.after(rings + hand, Event::Accepted { offer }),
        }
    }

    fn talks(&mut self, offer: OfferId, seat: SeatId) {
        let mut dice = self.dice(10, offer.0);
        let speaks = millis(dice.below(1_500));
        let race = if self.recipe.has(Part::Races) { dice.below(14) } else { 13 };
        match race {
            0 => self.after(speaks, Event::OperatorGone { offer }),
            1 => self.after(speaks, Event::CallerGone { offer }),
            2 => self.after(Duration::ZERO, Event::Left { seat, why: Leave::HungUp }),
            // Late, or never.
            3 => self.after(seconds(dice.below(12)), Event::Flowing { offer }),
            4 => {
                let at = self.now.mono + speaks;
                self.after(Duration::ZERO, Event::BridgeDue { offer, at });
                self.after(speaks, Event::Flowing { offer });
            }
            _ => self.after(speaks, Event::Flowing { offer }),
        }
        let end = seconds(8 + dice.below(200));
        let (caller, operator) = (millis(dice.below(300)), millis(dice.below(300)));
        self.after(end + caller, Event::CallerGone { offer });
        self.after(end + operator, Event::OperatorGone { offer });
        if self.recipe.has(Part::Moves) && dice.chance(0.05) {
            let queue = QueueName::from("wallet");
            let on = seconds(3 + dice.below(5));
            self.after(on, Event::Moved { seat, queue, skills: BTreeSet::new(), exits: BTreeSet::new() });
        }
    }
}
