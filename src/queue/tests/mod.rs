//! The rules of the queue as situations, in virtual time.
use super::*;
use crate::class::Class;
use crate::ids::{CallId, OfferId, OperatorId, QueueName, SeatId, Skill};
use crate::machine::{Instant, Machine, Now};
use crate::number::Number;
use std::collections::BTreeSet;
use std::time::Duration;

mod callbacks;
mod cut_off;
mod exits;
mod floor;
mod operators;
mod order;
mod passed_on;
mod reload;
mod reserve;
mod ringing;
mod world;

/// A pool and its clock.
struct Pool {
    dispatcher: Dispatcher,
    now: Now,
    /// Every action since the beginning.
    trace: Vec<(Instant, Action)>,
}

const WALLET: &str = "wallet";
const SECURITY: &str = "security";

fn seconds(s: u64) -> Duration {
    Duration::from_secs(s)
}

fn millis(ms: u64) -> Duration {
    Duration::from_millis(ms)
}

fn id(operator: &str) -> OperatorId {
    OperatorId::from(operator)
}

fn skills(names: &[&str]) -> BTreeSet<Skill> {
    names.iter().map(|name| Skill::from(*name)).collect()
}

fn break_for(reason: &str) -> Choice {
    Choice::Paused { reason: reason.into() }
}

/// Operators with a static contact, who serve both queues.
fn settings(operators: &[&str]) -> PoolSettings {
    let mut settings = PoolSettings::default();
    settings.queues.insert(WALLET.into(), QueueSettings::default());
    settings
        .queues
        .insert(SECURITY.into(), QueueSettings { class: Some(Class::Security), ..QueueSettings::default() });
    for operator in operators {
        settings.operators.insert(id(operator), serves(&[WALLET, SECURITY]));
    }
    settings
}

fn serves(queues: &[&str]) -> OperatorSettings {
    OperatorSettings {
        queues: queues.iter().map(|name| QueueName::from(*name)).collect(),
        contact: Some("sip:phone@10.0.0.12:5060".into()),
        ..OperatorSettings::default()
    }
}

/// What is kept for reports is looked at in `world.rs`, for all of it at once.
fn is_no_booking(action: &Action) -> bool {
    !matches!(action, Action::Booked(_))
}

impl Pool {
    fn of(operators: &[&str]) -> Pool {
        Pool::with(settings(operators))
    }

    fn with(settings: PoolSettings) -> Pool {
        let now = Now { mono: Instant::ZERO + seconds(1000), ..Now::default() };
        Pool { dispatcher: Dispatcher::new(settings, 7), now, trace: Vec::new() }
    }

    fn does(&mut self, event: Event) -> Vec<Action> {
        let mut out = Vec::new();
        self.dispatcher.handle(event, self.now, &mut out);
        out.retain(is_no_booking);
        self.trace.extend(out.iter().map(|action| (self.now.mono, action.clone())));
        out
    }

    /// Time passes, every deadline on its own moment.
    fn pass(&mut self, by: Duration) -> Vec<Action> {
        let end = self.now.later(by);
        let mut all = Vec::new();
        while let Some(at) = self.dispatcher.next_timeout().filter(|at| *at <= end.mono) {
            self.now = self.now.later(at.since(self.now.mono));
            let mut out = Vec::new();
            self.dispatcher.handle_timeout(self.now, &mut out);
            out.retain(is_no_booking);
            self.trace.extend(out.iter().map(|action| (at, action.clone())));
            all.extend(out);
        }
        self.now = end;
        all
    }

    fn join(&mut self, seat: u64, class: Class) -> Vec<Action> {
        self.join_queue(seat, WALLET, class, &[])
    }

    fn join_queue(&mut self, seat: u64, queue: &str, class: Class, skilled: &[&str]) -> Vec<Action> {
        self.does(Event::Joined {
            seat: SeatId(seat),
            call: CallId(seat),
            caller: None,
            queue: queue.into(),
            class,
            skills: skills(skilled),
            exits: BTreeSet::new(),
            test: false,
        })
    }

    fn join_as(&mut self, seat: u64, caller: &str) -> Vec<Action> {
        self.does(Event::Joined {
            seat: SeatId(seat),
            call: CallId(seat),
            caller: Number::parse(caller),
            queue: WALLET.into(),
            class: Class::Standard,
            skills: BTreeSet::new(),
            exits: BTreeSet::new(),
            test: false,
        })
    }

    fn age(&self, seat: u64) -> Option<Duration> {
        self.dispatcher.seat(SeatId(seat), self.now.mono).map(|seat| seat.age)
    }

    fn hangs_up(&mut self, seat: u64) -> Vec<Action> {
        self.does(Event::Left { seat: SeatId(seat), why: Leave::HungUp })
    }

    fn status(&self, operator: &str) -> OperatorStatus {
        let all = self.dispatcher.operators(self.now);
        all.into_iter().find(|status| status.id == id(operator)).unwrap()
    }

    fn state(&self, operator: &str) -> OperatorState {
        self.status(operator).state
    }

    /// The offer that this operator's phone is in.
    fn offer(&self, operator: &str) -> OfferId {
        self.status(operator).offer.unwrap_or_else(|| panic!("{operator} has no offer"))
    }

    /// The seat for which this operator rings or talks.
    fn seat(&self, operator: &str) -> Option<u64> {
        self.status(operator).seat.map(|seat| seat.0)
    }

    fn rings(&mut self, operator: &str) -> Vec<Action> {
        let offer = self.offer(operator);
        self.does(Event::Ringing { offer })
    }

    fn accepts(&mut self, operator: &str) -> Vec<Action> {
        let offer = self.offer(operator);
        self.does(Event::Accepted { offer })
    }

    fn fails(&mut self, operator: &str, why: OfferFailure) -> Vec<Action> {
        let offer = self.offer(operator);
        self.does(Event::OfferFailed { offer, why })
    }

    /// Rings, picks up, speaks.
    fn answers(&mut self, operator: &str) -> Vec<Action> {
        let offer = self.offer(operator);
        let mut out = self.does(Event::Ringing { offer });
        out.extend(self.does(Event::Accepted { offer }));
        out.extend(self.does(Event::Flowing { offer }));
        out
    }

    /// The talk ends and both legs are gone; wrap-up follows.
    fn talk_ends(&mut self, operator: &str) -> Vec<Action> {
        let offer = self.offer(operator);
        let mut out = self.does(Event::CallerGone { offer });
        out.extend(self.does(Event::OperatorGone { offer }));
        out
    }

    /// The talk ends, and so does the wrap-up.
    fn is_free_again(&mut self, operator: &str) -> Vec<Action> {
        let mut out = self.talk_ends(operator);
        out.extend(self.does(Event::EndWrapUp { operator: id(operator) }));
        out
    }

    fn chooses(&mut self, operator: &str, choice: Choice) -> Vec<Action> {
        self.does(Event::Chose { operator: id(operator), choice })
    }

    fn measures(&self, class: Class) -> Tally {
        self.dispatcher.measures().of(&WALLET.into(), class)
    }
}

/// Who is rung for whom, in order.
fn offers(actions: &[Action]) -> Vec<(u64, String)> {
    let offer = |action: &Action| match action {
        Action::Offer { seat, operator, .. } => Some((seat.0, operator.to_string())),
        _ => None,
    };
    actions.iter().filter_map(offer).collect()
}

fn withdrawals(actions: &[Action]) -> Vec<(OfferId, Withdrawal)> {
    let withdrawal = |action: &Action| match action {
        Action::Withdraw { offer, why } => Some((*offer, *why)),
        _ => None,
    };
    actions.iter().filter_map(withdrawal).collect()
}

fn exits(actions: &[Action]) -> Vec<(u64, Exit)> {
    let exit = |action: &Action| match action {
        Action::Exit { seat, exit } => Some((seat.0, *exit)),
        _ => None,
    };
    actions.iter().filter_map(exit).collect()
}

fn connects(actions: &[Action]) -> Vec<u64> {
    let connect = |action: &Action| match action {
        Action::Connect { seat, .. } => Some(seat.0),
        _ => None,
    };
    actions.iter().filter_map(connect).collect()
}

fn alerts(actions: &[Action]) -> Vec<Alert> {
    let alert = |action: &Action| match action {
        Action::Alert(alert) => Some(alert.clone()),
        _ => None,
    };
    actions.iter().filter_map(alert).collect()
}

fn paused_for(operator: &str, reason: &str) -> Alert {
    Alert::OperatorPaused { operator: id(operator), reason: reason.into() }
}
