//! A random world in virtual time: callers and operators who do everything that people do, and what must hold whatever
//! they do. The world keeps its own plain account of who waits and who rings, and checks each action against it.
use super::*;
use crate::queue::{Attempt, Booking, Stay};
use rand_chacha::ChaCha8Rng;
use rand_core::{Rng, SeedableRng};
use std::collections::BTreeMap;

/// More with `HOTLINE_SEEDS=10000`.
const SEEDS: u64 = 60;
const ARRIVALS_FOR: Duration = Duration::from_secs(1500);
/// Long enough for every `max_wait`, talk and ring to end.
const QUIET_AFTER: Duration = Duration::from_secs(4 * 3600);

struct Caller {
    joined_at: Instant,
    sequence: u64,
    queue: QueueName,
    class: Class,
    skills: BTreeSet<Skill>,
    phones: BTreeSet<OfferId>,
    /// The offer that was bridged.
    with: Option<OfferId>,
    /// Came back, moved, or has a credit: its age is not that of its joining, or its place is the head.
    out_of_line: bool,
}

struct World {
    dispatcher: Dispatcher,
    settings: PoolSettings,
    now: Now,
    dice: ChaCha8Rng,
    plans: BTreeMap<(Instant, u64), Event>,
    planned: u64,
    seats: u64,
    /// Seats that are open, as the world sees it.
    callers: BTreeMap<SeatId, Caller>,
    /// Claims, as the world sees them.
    claims: BTreeMap<OperatorId, OfferId>,
    offers: BTreeMap<OfferId, (SeatId, OperatorId)>,
    withdrawn: BTreeMap<OfferId, Instant>,
    /// Q2, counted anew.
    others: u32,
    last_starved: Instant,
    turn: Option<SeatId>,
    /// Q12, counted anew: offered, connected, hung up, left and exits.
    counted: BTreeMap<(QueueName, Class), [i64; 4]>,
    /// What a store would hold.
    stays: BTreeMap<(SeatId, u32), Stay>,
    attempts: BTreeMap<OfferId, Attempt>,
}

impl World {
    fn new(seed: u64) -> World {
        let mut dice = ChaCha8Rng::seed_from_u64(seed);
        let strategies = [
            Strategy::LongestIdle,
            Strategy::RingAll,
            Strategy::Progressive,
            Strategy::RoundRobin,
            Strategy::FewestCalls,
            Strategy::LeastTalk,
            Strategy::Random,
            Strategy::Linear,
        ];
        let mut settings =
            PoolSettings { starvation_limit: seconds(60 + dice.next_u64() % 300), ..PoolSettings::default() };
        let queues = [WALLET, SECURITY, "terminals"];
        for name in queues {
            let queue = QueueSettings {
                class: (name == SECURITY).then_some(Class::Security),
                strategy: strategies[(dice.next_u64() % 8) as usize],
                max_wait: seconds(200 + dice.next_u64() % 900),
                max_len: 5 + (dice.next_u64() % 20) as usize,
                wrap_up: seconds(dice.next_u64() % 30),
                ..QueueSettings::default()
            };
            settings.queues.insert(name.into(), queue);
        }
        for n in 0..1 + dice.next_u64() % 7 {
            let mut serves: Vec<_> = queues.iter().copied().filter(|_| dice.next_u64() % 3 > 0).collect();
            if serves.is_empty() {
                serves.push(WALLET);
            }
            let mut operator = super::serves(&serves);
            if dice.next_u64().is_multiple_of(2) {
                operator.skills = skills(&["english"]);
            }
            if dice.next_u64().is_multiple_of(3) {
                operator.contact = None;
            }
            settings.operators.insert(id(&format!("{}", 101 + n)), operator);
        }
        let mut world = World {
            dispatcher: Dispatcher::new(settings.clone(), seed),
            settings,
            now: Now { mono: Instant::ZERO + seconds(1), ..Now::default() },
            dice,
            plans: BTreeMap::new(),
            planned: 0,
            seats: 0,
            callers: BTreeMap::new(),
            claims: BTreeMap::new(),
            offers: BTreeMap::new(),
            withdrawn: BTreeMap::new(),
            others: 0,
            last_starved: Instant::ZERO,
            turn: None,
            counted: BTreeMap::new(),
            stays: BTreeMap::new(),
            attempts: BTreeMap::new(),
        };
        world.plan_people();
        world
    }

    fn below(&mut self, n: u64) -> u64 {
        self.dice.next_u64() % n
    }

    fn plan(&mut self, after: Duration, event: Event) {
        self.planned += 1;
        self.plans.insert((self.now.mono + after, self.planned), event);
    }

    /// Everything that does not depend on what the dispatcher does.
    fn plan_people(&mut self) {
        let gap = 2_000 + self.below(20_000);
        let mut at = Duration::ZERO;
        while at < ARRIVALS_FOR {
            at += millis(self.below(2 * gap));
            self.seats += 1;
            let seat = SeatId(self.seats);
            let class = if self.below(3) == 0 { Class::Priority } else { Class::Standard };
            let queue = [WALLET, SECURITY, "terminals"][self.below(3) as usize];
            let needed = if self.below(5) == 0 { skills(&["english"]) } else { BTreeSet::new() };
            let caller = (self.below(2) == 0)
                .then(|| Number::parse(&format!("7916000{:04}", self.seats % 20)).unwrap());
            self.plan(
                at,
                Event::Joined {
                    seat,
                    call: CallId(seat.0),
                    caller,
                    queue: queue.into(),
                    class,
                    skills: needed.clone(),
                    exits: BTreeSet::new(),
                    test: false,
                },
            );
            let later = at + millis(self.below(400_000));
            match self.below(8) {
                0 => self.plan(later, Event::Left { seat, why: Leave::ByFlow }),
                1 => self.plan(at + seconds(1), Event::ClassChanged { seat, class: Class::Priority }),
                2 => {
                    let to: QueueName = [WALLET, "terminals"][self.below(2) as usize].into();
                    self.plan(
                        later,
                        Event::Moved { seat, queue: to, skills: needed, exits: BTreeSet::new() },
                    );
                }
                3..6 => self.plan(later, Event::Left { seat, why: Leave::HungUp }),
                _ => {}
            }
        }
        for operator in self.settings.operators.keys().cloned().collect::<Vec<_>>() {
            self.plan(millis(10), Event::SignedIn { operator: operator.clone() });
            for _ in 0..self.below(12) {
                let at = millis(self.below(ARRIVALS_FOR.as_millis() as u64));
                let back = at + millis(self.below(200_000));
                let operator = operator.clone();
                let [first, second] = match self.below(5) {
                    0 => [Event::SignedOut { operator: operator.clone() }, Event::SignedIn { operator }],
                    1 => [
                        Event::Occupied { operator: operator.clone(), busy: true },
                        Event::Occupied { operator, busy: false },
                    ],
                    2 => [Event::EndWrapUp { operator: operator.clone() }, Event::ExtendWrapUp { operator }],
                    _ => [
                        Event::Chose { operator: operator.clone(), choice: break_for("tea") },
                        Event::Chose { operator, choice: Choice::Ready },
                    ],
                };
                self.plan(at, first);
                self.plan(back, second);
            }
            self.plan(ARRIVALS_FOR, Event::Chose { operator, choice: Choice::Ready });
        }
    }

    /// What a phone does when it is called.
    fn plan_phone(&mut self, offer: OfferId) {
        let rings = millis(self.below(1_700));
        if self.below(10) > 0 {
            self.plan(rings, Event::Ringing { offer });
        }
        let then = rings + millis(self.below(18_000));
        match self.below(10) {
            0 => self.plan(then, Event::OfferFailed { offer, why: OfferFailure::Rejected }),
            1 => self.plan(rings, Event::OfferFailed { offer, why: OfferFailure::Unreachable }),
            2 => {}
            _ => self.plan(then, Event::Accepted { offer }),
        }
    }

    fn plan_talk(&mut self, offer: OfferId) {
        let speaks = millis(self.below(1_500));
        match self.below(12) {
            0 => self.plan(speaks, Event::OperatorGone { offer }),
            1 => self.plan(speaks, Event::CallerGone { offer }),
            2 => {
                let late = millis(self.below(9_000));
                self.plan(late, Event::Flowing { offer });
            }
            _ => self.plan(speaks, Event::Flowing { offer }),
        }
        let end = seconds(8 + self.below(200));
        if self.below(4) == 0 {
            self.plan(end / 3, Event::Held { offer, held: true });
            self.plan(end / 2, Event::Held { offer, held: false });
        }
        let (caller, operator) = (millis(self.below(300)), millis(self.below(300)));
        self.plan(end + caller, Event::CallerGone { offer });
        self.plan(end + operator, Event::OperatorGone { offer });
    }

    fn run(&mut self) {
        let end = self.now.mono + QUIET_AFTER;
        loop {
            let plan = self.plans.first_key_value().map(|((at, _), _)| *at);
            let timer = self.dispatcher.next_timeout();
            let Some(at) = crate::machine::earlier(plan, timer).filter(|at| *at <= end) else { break };
            self.now = self.now.later(at.since(self.now.mono));
            let mut out = Vec::new();
            if plan == Some(at)
                && let Some((_, event)) = self.plans.pop_first()
            {
                self.before(&event);
                self.dispatcher.handle(event, self.now, &mut out);
            } else {
                self.dispatcher.handle_timeout(self.now, &mut out);
            }
            for action in out {
                self.check(action);
            }
            self.invariants();
        }
        assert!(self.dispatcher.seats.is_empty(), "seats are left: {:?}", self.dispatcher.seats.keys());
        assert!(self.dispatcher.offers.is_empty(), "offers are left: {:?}", self.dispatcher.offers);
        assert!(self.callers.is_empty(), "seats were lost: {:?}", self.callers.keys());
        self.measures_equal_the_trace();
        self.records_equal_the_measures();
    }

    /// What the event means in the world, whether or not the dispatcher understands it.
    fn before(&mut self, event: &Event) {
        match event {
            Event::Joined { seat, caller, queue, class, skills, .. } => {
                let class = self.class_in(queue, *class);
                self.count(queue.clone(), class, 0, 1);
                let has_credit = caller.as_ref().is_some_and(|caller| {
                    self.dispatcher.credits.owed(caller, queue, self.now.mono).is_some()
                });
                let caller = Caller {
                    joined_at: self.now.mono,
                    sequence: seat.0,
                    queue: queue.clone(),
                    class,
                    skills: skills.clone(),
                    phones: BTreeSet::new(),
                    with: None,
                    out_of_line: has_credit,
                };
                self.callers.insert(*seat, caller);
            }
            Event::ClassChanged { seat, class } => {
                let Some(queue) = self.callers.get(seat).map(|caller| caller.queue.clone()) else { return };
                let class = self.class_in(&queue, *class);
                if self.is_connected(*seat) {
                    return;
                }
                let Some(caller) = self.callers.get_mut(seat) else { return };
                let before = std::mem::replace(&mut caller.class, class);
                self.count(queue.clone(), before, 0, -1);
                self.count(queue, class, 0, 1);
            }
            Event::Moved { seat, queue, skills, .. } => {
                let Some(class) = self.callers.get(seat).map(|caller| caller.class) else { return };
                let class = self.class_in(queue, class);
                self.count(queue.clone(), class, 0, 1);
                let Some(caller) = self.callers.get_mut(seat) else { return };
                caller.queue = queue.clone();
                caller.class = class;
                caller.skills = skills.clone();
                caller.with = None;
                caller.phones.clear();
                caller.out_of_line = true;
                self.turn.take_if(|turn| turn == seat);
            }
            Event::OfferFailed { offer, .. } | Event::OperatorGone { offer } => self.phone_ends(*offer),
            Event::CallerGone { offer } => {
                // The talk is over; before the connection the dispatcher says `Closed`.
                let Some((seat, _)) = self.offers.get(offer).cloned() else { return };
                if self.callers.get(&seat).is_some_and(|caller| caller.with == Some(*offer)) {
                    self.talk_ends(seat);
                }
            }
            Event::Left { seat, .. } => self.talk_ends(*seat),
            _ => {}
        }
    }

    /// The caller has hung up; his operator's leg is hung up too.
    fn talk_ends(&mut self, seat: SeatId) {
        if self.is_connected(seat)
            && let Some(Caller { with: Some(offer), .. }) = self.callers.remove(&seat)
        {
            let ends = millis(self.below(900));
            self.plan(ends, Event::OperatorGone { offer });
        }
    }

    fn is_connected(&self, seat: SeatId) -> bool {
        use crate::queue::seat::Stage;
        self.dispatcher.seats.get(&seat).is_some_and(|s| matches!(s.stage, Stage::Talking { .. }))
    }

    fn class_in(&self, queue: &QueueName, class: Class) -> Class {
        let of_queue = self.settings.queues.get(queue).and_then(|queue| queue.class);
        if class == Class::Priority { class } else { of_queue.unwrap_or(class) }
    }

    fn count(&mut self, queue: QueueName, class: Class, what: usize, by: i64) {
        self.counted.entry((queue, class)).or_default()[what] += by;
    }

    /// The operator's phone is out of this offer.
    fn phone_ends(&mut self, offer: OfferId) {
        let Some((seat, operator)) = self.offers.get(&offer).cloned() else { return };
        self.claims.retain(|claimed, by| !(*claimed == operator && *by == offer));
        let connected = self.is_connected(seat);
        let Some(caller) = self.callers.get_mut(&seat) else { return };
        caller.phones.remove(&offer);
        if caller.with == Some(offer) && connected {
            self.callers.remove(&seat);
        } else {
            self.silent(seat);
        }
    }

    fn silent(&mut self, seat: SeatId) {
        if self.callers.get(&seat).is_none_or(|caller| caller.phones.is_empty() && caller.with.is_none()) {
            self.turn.take_if(|turn| *turn == seat);
        }
    }

    fn may_serve(&self, operator: &OperatorId, caller: &Caller) -> bool {
        self.settings.operators.get(operator).is_some_and(|settings| {
            settings.queues.contains(&caller.queue) && caller.skills.is_subset(&settings.skills)
        })
    }

    /// The oldest seat without a phone that is not Priority, is starving, and could be served by this operator.
    fn starving(&self, operator: Option<&OperatorId>) -> Option<(Instant, SeatId)> {
        self.callers
            .iter()
            .filter(|(_, caller)| {
                caller.class != Class::Priority
                    && caller.phones.is_empty()
                    && caller.with.is_none()
                    && !caller.out_of_line
                    && self.now.mono.since(caller.joined_at) >= self.settings.starvation_limit
                    && operator.is_none_or(|operator| self.may_serve(operator, caller))
            })
            .min_by_key(|(_, caller)| (caller.joined_at, caller.sequence))
            .map(|(seat, caller)| (caller.joined_at, *seat))
    }

    fn check(&mut self, action: Action) {
        match action {
            Action::Offer { offer, seat, operator, .. } => {
                assert_eq!(self.claims.insert(operator.clone(), offer), None, "{operator} has two callers");
                self.offers.insert(offer, (seat, operator.clone()));
                let caller = &self.callers[&seat];
                assert!(self.may_serve(&operator, caller));
                assert_eq!(caller.with, None, "rung for a caller who talks");
                if caller.phones.is_empty() {
                    self.check_order(seat, &operator);
                }
                self.callers.get_mut(&seat).unwrap().phones.insert(offer);
                self.plan_phone(offer);
            }
            Action::Withdraw { offer, .. } => {
                self.withdrawn.insert(offer, self.now.mono);
                let Some((seat, operator)) = self.offers.get(&offer).cloned() else { return };
                self.claims.retain(|claimed, by| !(*claimed == operator && *by == offer));
                if let Some(caller) = self.callers.get_mut(&seat) {
                    caller.phones.remove(&offer);
                    self.silent(seat);
                }
                let stops = millis(self.below(900));
                match self.below(3) {
                    0 => self.plan(stops, Event::OperatorGone { offer }),
                    1 => self.plan(stops, Event::OfferFailed { offer, why: OfferFailure::NoAnswer }),
                    _ => {}
                }
            }
            Action::Connect { offer, seat } => {
                assert!(!self.withdrawn.contains_key(&offer));
                let caller = self.callers.get_mut(&seat).expect("connected to nobody");
                assert_eq!(caller.with.replace(offer), None, "two operators for one caller");
                caller.phones.clear();
                self.plan_talk(offer);
            }
            Action::Connected { seat, waited, .. } => {
                let caller = &self.callers[&seat];
                if !caller.out_of_line {
                    assert_eq!(waited, self.now.mono.since(caller.joined_at));
                }
                let (queue, class) = (caller.queue.clone(), caller.class);
                self.count(queue, class, 1, 1);
                if self.turn == Some(seat) {
                    (self.others, self.last_starved, self.turn) = (0, self.now.mono, None);
                } else if self.turn.is_some() || self.somebody_starves() {
                    self.others += 1;
                } else {
                    self.others = 0;
                }
            }
            Action::Return { offer, seat } => {
                let (_, operator) = self.offers[&offer].clone();
                self.claims.retain(|claimed, by| !(*claimed == operator && *by == offer));
                let caller = self.callers.get_mut(&seat).unwrap();
                caller.with = None;
                caller.out_of_line = true;
                let (queue, class) = (caller.queue.clone(), caller.class);
                let tally = self.dispatcher.measures().of(&queue, class);
                let booked = self.counted[&(queue.clone(), class)][1] - tally.connected as i64;
                self.count(queue, class, 1, -booked);
                self.silent(seat);
            }
            Action::Closed { seat, why, .. } => {
                let caller = self.callers.remove(&seat).expect("closed twice");
                self.count(caller.queue, caller.class, if why == Leave::HungUp { 2 } else { 3 }, 1);
                self.turn.take_if(|turn| *turn == seat);
            }
            Action::Exit { seat, .. } => {
                let caller = self.callers.remove(&seat).expect("exited twice");
                assert!(caller.phones.is_empty(), "a ring is let finish");
                self.count(caller.queue, caller.class, 3, 1);
                self.turn.take_if(|turn| *turn == seat);
            }
            Action::Ping { request, operator } => {
                let alive = self.below(3) > 0;
                self.plan(millis(50), Event::Pong { request, operator, alive });
            }
            Action::Served { .. } => {}
            Action::CallbackKept { .. } | Action::CallbackRefused { .. } | Action::Dial { .. } => {}
            Action::Booked(booking) => self.book(*booking),
            Action::OperatorChanged { .. } | Action::Alert(_) | Action::Explained(_) => {}
        }
    }

    fn somebody_starves(&self) -> bool {
        let limit = self.settings.starvation_limit;
        self.dispatcher.seats.values().any(|seat| {
            seat.class != Class::Priority
                && !seat.returned
                && matches!(&seat.stage, seat::Stage::Waiting { phones } if phones.is_empty())
                && seat.place().age(self.now.mono) >= limit
        })
    }

    /// The first phone of a seat: nobody was passed over.
    fn check_order(&mut self, seat: SeatId, operator: &OperatorId) {
        let chosen = &self.callers[&seat];
        let starving = self.starving(Some(operator));
        if let Some((joined_at, oldest)) = starving {
            let since = (joined_at + self.settings.starvation_limit).max(self.last_starved);
            let due = self.turn.is_none() && (self.others >= 2 || self.now.mono.since(since) >= seconds(60));
            assert!(!due || oldest == seat || chosen.out_of_line, "a due start was withheld from {oldest}");
        }
        if chosen.out_of_line {
            // May be starving by an age that the world does not follow.
            self.turn = self.dispatcher_turn();
            return;
        }
        for (other, waiting) in &self.callers {
            let same_lane = (&waiting.queue, waiting.class, &waiting.skills)
                == (&chosen.queue, chosen.class, &chosen.skills);
            let passed_over = same_lane
                && waiting.phones.is_empty()
                && waiting.with.is_none()
                && !waiting.out_of_line
                && (waiting.joined_at, waiting.sequence) < (chosen.joined_at, chosen.sequence);
            assert!(!passed_over, "{other} is older than {seat}");
        }
        self.turn = self.dispatcher_turn();
    }

    /// Whose turn is being kept; the keeping itself is proved in `starts.rs`.
    fn dispatcher_turn(&self) -> Option<SeatId> {
        self.dispatcher.starvation.turn()
    }

    fn invariants(&mut self) {
        let ready = |caller: Option<&Caller>| {
            let all = self.dispatcher.operators(self.now);
            let ready = all.iter().filter(|operator| operator.state == OperatorState::Ready);
            ready.filter(|operator| caller.is_none_or(|caller| self.may_serve(&operator.id, caller))).count()
        };
        let reserve = self.dispatcher.reserve_status().reserve as usize;
        for operator in self.dispatcher.operators(self.now) {
            if operator.state != OperatorState::Ready {
                continue;
            }
            assert!(!self.claims.contains_key(&operator.id), "{} is claimed and ready", operator.id);
            for (seat, caller) in &self.callers {
                if !caller.phones.is_empty() || caller.with.is_some() || !self.may_serve(&operator.id, caller)
                {
                    continue;
                }
                let kept = match caller.class {
                    Class::Priority => 0,
                    Class::Security => reserve.min(1),
                    _ => reserve,
                };
                // Q3; in a part of the pool no more is held back than 15 % of it, or none of two.
                let of_lane = match self.fitting_on_duty(caller) {
                    0..3 => 0,
                    fitting => kept.min((fitting * 15).div_ceil(100)),
                };
                let held_back = ready(None) <= kept || ready(Some(caller)) <= of_lane;
                assert!(held_back && kept > 0, "{} is idle while {seat} waits", operator.id);
                assert!(!self.is_due(*seat, &operator.id), "{seat} is due and {} ready", operator.id);
            }
        }
        for (seat, caller) in &self.callers {
            let known = self.dispatcher.seats.get(seat).unwrap_or_else(|| panic!("{seat} is lost"));
            assert_eq!((&known.queue, known.class), (&caller.queue, caller.class));
            assert_eq!(known.phones().iter().copied().collect::<BTreeSet<_>>(), caller.phones);
        }
        assert_eq!(self.callers.len(), self.dispatcher.seats.len());
        for (_, _, tally) in self.dispatcher.measures().by_queue() {
            assert!(tally.balances(), "{tally:?}");
        }
    }

    fn fitting_on_duty(&self, caller: &Caller) -> usize {
        let on_duty = |operator: &&super::super::operator::Operator| {
            operator.duty == super::super::operator::Duty::On && self.may_serve(&operator.id, caller)
        };
        self.dispatcher.operators.values().filter(on_duty).count()
    }

    /// Q2: a due start is never withheld.
    fn is_due(&self, seat: SeatId, operator: &OperatorId) -> bool {
        let Some((joined_at, oldest)) = self.starving(Some(operator)) else { return false };
        let since = (joined_at + self.settings.starvation_limit).max(self.last_starved);
        oldest == seat
            && self.turn.is_none()
            && (self.others >= 2 || self.now.mono.since(since) >= seconds(60))
    }

    /// As a store keeps them: a later telling replaces an earlier one.
    fn book(&mut self, booking: Booking) {
        match booking {
            Booking::Opened(stay) | Booking::Reclassed(stay) | Booking::Closed(stay) => {
                let key = (stay.seat, stay.moves);
                let before = self.stays.insert(key, stay);
                assert!(before.is_none_or(|before| before.outcome.is_none()), "{key:?} has two outcomes");
            }
            Booking::Attempt(attempt) => {
                self.attempts.insert(attempt.offer, attempt);
            }
        }
    }

    /// What a report reckons from the records is what the live page shows, to the nanosecond.
    fn records_equal_the_measures(&self) {
        let mut of: BTreeMap<(Option<QueueName>, Class), Tally> = BTreeMap::new();
        for stay in self.stays.values() {
            let cells = [Some(stay.queue.clone())].into_iter().chain(stay.in_total.then_some(None));
            for queue in cells {
                of.entry((queue, stay.class)).or_default().count(stay);
            }
        }
        for attempt in self.attempts.values() {
            for queue in [Some(attempt.queue.clone()), None] {
                of.entry((queue, attempt.class)).or_default().attempted(attempt);
            }
        }
        for ((queue, class), tally) in of {
            let live = match &queue {
                Some(queue) => self.dispatcher.measures().of(queue, class),
                None => self.dispatcher.measures().total(class),
            };
            // A connection that was taken back may have been the longest.
            let live = Tally { connected_wait_max: tally.connected_wait_max, ..live };
            assert_eq!(live, tally, "{queue:?} {class}");
        }
        let rung = self.attempts.len();
        assert_eq!(rung, self.offers.len(), "each offer is kept");
    }

    fn measures_equal_the_trace(&self) {
        for ((queue, class), [offered, connected, hung_up, other]) in &self.counted {
            let tally = self.dispatcher.measures().of(queue, *class);
            let left = tally.left + tally.exits.values().sum::<u64>();
            let got = [tally.offered, tally.connected, tally.hung_up(), left].map(|n| n as i64);
            assert_eq!(got, [*offered, *connected, *hung_up, *other], "{queue} {class}");
            assert_eq!(tally.open, 0);
        }
    }
}

#[test]
fn whatever_people_do_the_promises_hold() {
    let seeds = std::env::var("HOTLINE_SEEDS").ok().and_then(|text| text.parse().ok()).unwrap_or(SEEDS);
    for seed in 0..seeds {
        let run = std::panic::catch_unwind(|| World::new(seed).run());
        assert!(run.is_ok(), "seed {seed}");
    }
}

#[test]
fn the_same_seed_gives_the_same_trace() {
    let play = |seed| {
        let mut world = World::new(seed);
        world.run();
        serde_json::to_string(&world.dispatcher).unwrap()
    };
    assert_eq!(play(3), play(3));
}
