//! The Switchboard: the whole control plane of a node as one pure machine.
//!
//! ```text
//!   sip::Event ─▶┐                        ┌─▶ sip::Command
//!     LegEvent ─▶┤  calls ⇄ dispatchers   ├─▶ LegCommand (for a shard)
//! store, HTTP ──▶┤                        ├─▶ questions and records for the store
//!        Admin ─▶┘                        └─▶ what happened, for metrics and the log
//! ```
//! It holds the calls, one dispatcher per pool, and the maps that lead from a leg, seat, offer or request to its call.
//! What a call and a dispatcher say to each other is carried to and fro until both are quiet, all within one `handle`.
mod admit;
mod adopted;
pub mod arms;
mod calls_out;
pub mod event;
mod feature;
mod handover;
pub mod orders;
pub mod replay;
mod routes;
pub mod rules;
mod seats;
pub mod settings;
pub mod view;
mod why;

pub use crate::call::Happened;
pub use adopted::Adopted;
pub use event::{Action, Admin, Destination, Event, Outcome};
pub use feature::FeatureCodes;
pub use rules::{CallerLimits, CallerRule, RuleAction};
pub use settings::{AllowAnonymous, Settings, Trust};
pub use view::View;

use crate::call::out::CallOut;
use crate::call::{self, Call, CallbackPlan, Ids};
use crate::flow::FlowSet;
use crate::ids::*;
use crate::machine::{Instant, Machine, Now, earlier};
use crate::queue::{self, Dispatcher};
use crate::sip::Hop;
use rand_chacha::ChaCha8Rng;
use rand_core::SeedableRng;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// Written down, it is complete: settings and flows are in it, so a reader needs nothing else (see [`replay`]).
#[derive(Serialize, Deserialize)]
pub struct Switchboard {
    settings: Settings,
    /// The set that new calls begin with, and those that running calls began with.
    #[serde(serialize_with = "replay::write_flows", deserialize_with = "replay::read_flows")]
    flows: BTreeMap<FlowSetHash, Arc<FlowSet>>,
    current: FlowSetHash,
    pools: Vec<Dispatcher>,
    pool_of_queue: BTreeMap<QueueName, usize>,
    operators: BTreeMap<OperatorId, Presence>,
    calls: BTreeMap<CallId, Call>,
    legs: BTreeMap<LegId, CallId>,
    seats: BTreeMap<SeatId, CallId>,
    /// Callers who are called back, and where their calls go on.
    callbacks: BTreeMap<SeatId, CallbackPlan>,
    /// Those of them whose first call is still on.
    on_the_line: BTreeMap<CallId, (usize, SeatId)>,
    /// Seats that the store knows, by the call under which it does.
    kept: BTreeMap<SeatId, CallId>,
    offers: BTreeMap<OfferId, CallId>,
    requests: BTreeMap<RequestId, CallId>,
    pings: BTreeMap<RequestId, (usize, OperatorId)>,
    /// Phones whose CANCEL or BYE is under way; their operators are free when it is done.
    releasing: BTreeMap<LegId, (usize, OfferId)>,
    /// Operators who dialled a feature code.
    features: BTreeMap<LegId, feature::Feature>,
    #[serde(default)]
    calls_out: BTreeMap<CallId, CallOut>,
    /// Each call's deadline, and all deadlines in order.
    deadline_of: BTreeMap<CallId, Instant>,
    deadlines: BTreeSet<(Instant, CallId)>,
    habits: rules::Habits,
    #[serde(default)]
    orders: orders::Orders,
    #[serde(default)]
    arms: arms::Arms,
    ids: Ids,
    calls_begun: u64,
    calls_per_shard: Vec<usize>,
    draining: bool,
    /// Nobody's hang-up is his own from now on.
    stopping: bool,
    version: u64,
    random: ChaCha8Rng,
}

/// Where an operator's phone is.
#[derive(Clone, Debug, Serialize, Deserialize)]
struct Presence {
    pool: usize,
    hop: Option<Hop>,
    /// The last pause that was written down, so that each change is written once.
    paused: Option<String>,
}

impl Switchboard {
    pub fn new(settings: Settings, flows: Arc<FlowSet>, seed: u64) -> Switchboard {
        let mut random = ChaCha8Rng::seed_from_u64(seed);
        let mut pools = Vec::new();
        let mut pool_of_queue = BTreeMap::new();
        let mut operators = BTreeMap::new();
        for (index, pool) in settings.pools.iter().enumerate() {
            pool_of_queue.extend(pool.queues.keys().map(|queue| (queue.clone(), index)));
            for operator in pool.operators.keys() {
                operators.insert(operator.clone(), Presence { pool: index, hop: None, paused: None });
            }
            let seed = rand_core::Rng::next_u64(&mut random);
            pools.push(Dispatcher::new(pool.clone(), seed).numbered(index as u16));
        }
        let current = flows.hash();
        Switchboard {
            calls_per_shard: vec![0; usize::from(settings.shards.max(1))],
            settings,
            flows: BTreeMap::from([(current, flows)]),
            current,
            pools,
            pool_of_queue,
            operators,
            calls: BTreeMap::new(),
            legs: BTreeMap::new(),
            seats: BTreeMap::new(),
            callbacks: BTreeMap::new(),
            on_the_line: BTreeMap::new(),
            kept: BTreeMap::new(),
            offers: BTreeMap::new(),
            requests: BTreeMap::new(),
            pings: BTreeMap::new(),
            releasing: BTreeMap::new(),
            features: BTreeMap::new(),
            calls_out: BTreeMap::new(),
            deadline_of: BTreeMap::new(),
            deadlines: BTreeSet::new(),
            habits: rules::Habits::default(),
            orders: orders::Orders::default(),
            arms: arms::Arms::default(),
            ids: Ids::default(),
            calls_begun: 0,
            draining: false,
            stopping: false,
            version: 0,
            random,
        }
    }

    /// What an operator had chosen before a restart (Q7).
    pub fn restore_choice(&mut self, operator: &OperatorId, paused: Option<String>) {
        if let Some(presence) = self.operators.get_mut(operator) {
            presence.paused.clone_from(&paused);
            self.pools[presence.pool].restore_choice(operator, paused);
        }
    }

    /// The dispatchers, in the order of the settings' pools.
    pub fn pools(&self) -> &[Dispatcher] {
        &self.pools
    }

    pub fn calls(&self) -> usize {
        self.calls.len() + self.calls_out.len()
    }

    pub fn is_draining(&self) -> bool {
        self.draining
    }

    /// The flows that new calls begin with.
    pub fn flow_set(&self) -> FlowSetHash {
        self.current
    }

    /// A number that grows whenever something that people see may have changed.
    pub fn version(&self) -> u64 {
        self.version
    }

    /// Whether a digit of this leg is, or may be, one of a secret step: it is then written down nowhere.
    pub fn hides_keys(&self, leg: LegId) -> bool {
        let call = self.legs.get(&leg).and_then(|call| self.calls.get(call));
        call.is_some_and(|call| self.flows.get(&call.flows()).is_some_and(|flows| call.hides_keys(flows)))
    }

    /// Whose leg it is, and in which call: for the SIP ladder.
    pub fn party(&self, leg: LegId) -> Option<(CallId, String)> {
        if let Some(call) = self.call_out_of(leg) {
            return self.calls_out.get(&call).map(|out| (call, out.party(leg)));
        }
        let call = self.calls.get(self.legs.get(&leg)?)?;
        Some((call.id(), call.party(leg)))
    }

    /// A variable of the flow in which this leg's call is.
    pub fn flow_var(&self, leg: LegId, name: &str) -> Option<&crate::flow::Var> {
        self.legs.get(&leg).and_then(|call| self.calls.get(call)).and_then(|call| call.flow_var(name))
    }

    fn on_sip(&mut self, event: crate::sip::Event, now: Now, out: &mut Vec<Action>) {
        use crate::sip::Event as S;
        match event {
            S::Incoming(invite) => self.admit(invite, now, out),
            S::Registered { user, hop, .. } => {
                if let Some(presence) = self.operators.get_mut(&user) {
                    presence.hop = Some(hop);
                    let pool = presence.pool;
                    self.tell_pool(pool, queue::Event::SignedIn { operator: user.clone() }, now, out);
                    self.resume_for(&user, now, out);
                }
            }
            S::Unregistered { user } => {
                if let Some(presence) = self.operators.get_mut(&user) {
                    presence.hop = None;
                    let pool = presence.pool;
                    self.tell_pool(pool, queue::Event::SignedOut { operator: user }, now, out);
                }
            }
            S::Pong { request, alive } => {
                if let Some((pool, operator)) = self.pings.remove(&request) {
                    self.tell_pool(pool, queue::Event::Pong { request, operator, alive }, now, out);
                }
            }
            S::Confirmed { leg, .. }
            | S::Ended { leg, .. }
            | S::Progress { leg, .. }
            | S::Answered { leg, .. }
            | S::Failed { leg, .. }
            | S::Offered { leg, .. }
            | S::Reanswered { leg, .. }
            | S::Digit { leg, .. }
            | S::Referred { leg, .. }
            | S::ReferTold { leg, .. }
            | S::FlowLost { leg } => {
                if self.features.contains_key(&leg) {
                    return self.feature_sip(leg, &event, now, out);
                }
                if let Some(call) = self.call_out_of(leg) {
                    return self.tell_call_out(call, call::Event::Sip(event), now, out);
                }
                match event {
                    S::Referred { to, replaces, .. } => return self.referred(leg, &to, replaces, now, out),
                    S::FlowLost { .. } => return self.flow_lost(leg, now, out),
                    _ => {}
                }
                if let S::Ended { .. } | S::Failed { .. } = &event
                    && let Some((pool, offer)) = self.releasing.remove(&leg)
                {
                    self.offers.remove(&offer);
                    self.tell_pool(pool, queue::Event::OperatorGone { offer }, now, out);
                } else if let Some(call) = self.legs.get(&leg).copied() {
                    self.tell_call(call, call::Event::Sip(event), now, out);
                }
            }
        }
    }

    fn on_admin(&mut self, request: RequestId, what: Admin, now: Now, out: &mut Vec<Action>) {
        let outcome = match what {
            Admin::SetOperator { operator, choice } => {
                let paused = match &choice {
                    queue::Choice::Ready => None,
                    queue::Choice::Paused { reason } => Some(reason.clone()),
                };
                self.write_choice(&operator, paused, now, out);
                self.tell_operator(operator.clone(), queue::Event::Chose { operator, choice }, now, out)
            }
            Admin::EndWrapUp { operator } => {
                self.tell_operator(operator.clone(), queue::Event::EndWrapUp { operator }, now, out)
            }
            Admin::HangUp { call } if self.calls.contains_key(&call) => {
                self.tell_call(call, call::Event::HangUp, now, out);
                Outcome::Done
            }
            Admin::HangUp { call } if self.calls_out.contains_key(&call) => {
                self.tell_call_out(call, call::Event::HangUp, now, out);
                Outcome::Done
            }
            Admin::HangUp { .. } => Outcome::NoSuchCall,
            Admin::Transfer { call, to, mode } => self.transfer(call, to, mode, now, out),
            Admin::CompleteTransfer { call } => {
                self.end_transfer(call, call::Event::CompleteTransfer, now, out)
            }
            Admin::CancelTransfer { call } => self.end_transfer(call, call::Event::CancelTransfer, now, out),
            Admin::Supervise { call, phone, mode } => self.supervise(call, &phone, mode, now, out),
            Admin::EndSupervision { call } => self.end_supervision(call, now, out),
            Admin::PauseRecording { call, paused } => self.pause_recording(call, paused, now, out),
            Admin::CallOut { operator, to, ticket } => self.call_out(&operator, to, ticket, now, out),
            Admin::SetClass { number, class } => {
                let theirs =
                    self.calls.values().filter(|call| call.is_verified_caller(&number)).map(Call::id);
                for call in theirs.collect::<Vec<_>>() {
                    self.tell_call(call, call::Event::Class { class }, now, out);
                }
                self.set_class_of_callbacks(&number, class, now, out);
                Outcome::Done
            }
            Admin::Move { call, queue } => self.move_caller(call, queue, now, out),
            Admin::Raise { call, class } => self.raise_caller(call, class, now, out),
            Admin::SignOut { operator } => {
                self.tell_operator(operator.clone(), queue::Event::SignedOut { operator }, now, out)
            }
            Admin::Order { order } => self.give_order(*order, now, out),
            Admin::Revoke { key } => self.revoke_order(&key, now, out),
            Admin::SetArm { arm, withdrawn, reason, by } => {
                self.set_arm(arm, withdrawn, reason, by, now, out)
            }
            Admin::Adopt { flows } => {
                self.adopt(flows.0, now, out);
                Outcome::Done
            }
            Admin::Drain => {
                self.drain(out);
                Outcome::Done
            }
            Admin::Stop => {
                self.stopping = true;
                self.drain(out);
                for call in self.calls.keys().copied().collect::<Vec<_>>() {
                    self.tell_call(call, call::Event::Stop, now, out);
                }
                for call in self.calls_out.keys().copied().collect::<Vec<_>>() {
                    self.tell_call_out(call, call::Event::Stop, now, out);
                }
                Outcome::Done
            }
        };
        out.push(Action::AdminDone { request, outcome });
    }

    fn drain(&mut self, out: &mut Vec<Action>) {
        self.draining = true;
        out.push(Action::Sip(crate::sip::Command::Drain));
    }

    fn tell_operator(
        &mut self,
        operator: OperatorId,
        event: queue::Event,
        now: Now,
        out: &mut Vec<Action>,
    ) -> Outcome {
        let Some(pool) = self.operators.get(&operator).map(|presence| presence.pool) else {
            return Outcome::NoSuchOperator;
        };
        self.tell_pool(pool, event, now, out);
        Outcome::Done
    }
}

impl Machine for Switchboard {
    type Event = Event;
    type Action = Action;

    fn handle(&mut self, event: Event, now: Now, out: &mut Vec<Action>) {
        self.version += 1;
        match event {
            Event::Sip(event) => self.on_sip(event, now, out),
            Event::Leg(event) => {
                let leg = event.leg();
                if self.features.contains_key(&leg) {
                    return self.feature_leg(event, now, out);
                }
                if let Some(call) = self.call_out_of(leg) {
                    return self.tell_call_out(call, call::Event::Leg(event), now, out);
                }
                if let Some(call) = self.legs.get(&leg).copied() {
                    match event {
                        crate::media::LegEvent::Closed { .. } => {
                            self.legs.remove(&leg);
                        }
                        // What the key leads to may speak of the place.
                        crate::media::LegEvent::Digit { .. } => self.tell_standing(call, now, out),
                        _ => {}
                    }
                    self.tell_call(call, call::Event::Leg(event), now, out);
                }
            }
            Event::Store(answer) => {
                if let Some(call) = self.requests.remove(&answer.request()) {
                    self.tell_call(call, call::Event::Store(answer), now, out);
                }
            }
            Event::HttpReply { request, status, body } => {
                if let Some(call) = self.requests.remove(&request) {
                    self.tell_call(call, call::Event::HttpReply { request, status, body }, now, out);
                }
            }
            Event::HttpFailed { request } => {
                if let Some(call) = self.requests.remove(&request) {
                    self.tell_call(call, call::Event::HttpFailed { request }, now, out);
                }
            }
            Event::Admin { request, what } => self.on_admin(request, what, now, out),
            Event::Tick => self.handle_timeout(now, out),
        }
    }

    fn handle_timeout(&mut self, now: Now, out: &mut Vec<Action>) {
        self.version += 1;
        self.feature_timeouts(now, out);
        self.calls_out_timeouts(now, out);
        self.end_orders(now, out);
        while let Some((at, call)) = self.deadlines.first().copied()
            && at <= now.mono
        {
            self.call_timeout(call, now, out);
        }
        for pool in 0..self.pools.len() {
            if self.pools[pool].next_timeout().is_some_and(|at| at <= now.mono) {
                self.pool_timeout(pool, now, out);
            }
        }
    }

    fn next_timeout(&self) -> Option<Instant> {
        let calls = self.deadlines.first().map(|(at, _)| *at);
        let calls = earlier(calls, self.next_feature_timeout());
        let calls = earlier(calls, self.next_call_out_timeout());
        let calls = earlier(calls, self.orders.deadline());
        self.pools.iter().map(|pool| pool.next_timeout()).fold(calls, earlier)
    }
}
