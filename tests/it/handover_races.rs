//! Races around transfers and supervision, as seeds in virtual time: whoever answers, hangs up or takes back at whatever
//! moment, nobody is left on a dead line and no caller is lost.
use crate::exchange::{Exchange, Network};
use crate::races::{seeds, states};
use hotline::call::TransferMode;
use hotline::ids::{CallId, LegId, OperatorId, RequestId};
use hotline::media::Supervision;
use hotline::sip::{self, Command};
use hotline::switchboard::{Admin, Destination, Event};
use std::time::Duration;

fn colleague() -> Destination {
    Destination::Operator(OperatorId::from("102"))
}

/// A caller who talks with operator 101, while 102 picks up after `second`; the caller's leg and the call.
fn talking(exchange: &mut Exchange, seed: u64, second: Option<Duration>) -> (LegId, CallId) {
    exchange.phones[1].picks_up = Some(Duration::from_millis(500));
    exchange.phones[2].picks_up = second;
    // Only the first is there while the caller is offered.
    set(exchange, "102", "break");
    let leg = exchange.dial("79990000001", "88007077759");
    assert!(exchange.run_until(Duration::from_secs(30), |e| !e.phones[0].talking.is_empty()), "seed {seed}");
    exchange.run(Duration::from_secs(1));
    exchange.press('0');
    // Two INVITEs lost in a row, and his phone is taken to be away until it answers an OPTIONS again.
    assert!(exchange.run_until(Duration::from_secs(90), |e| !e.phones[1].talking.is_empty()), "seed {seed}");
    exchange.run(Duration::from_secs(2));
    let call = exchange.switchboard.view(exchange.now).calls[0].id;
    (leg, call)
}

fn set(exchange: &mut Exchange, operator: &str, reason: &str) {
    let choice = match reason {
        "" => hotline::queue::Choice::Ready,
        reason => hotline::queue::Choice::Paused { reason: reason.into() },
    };
    admin(exchange, Admin::SetOperator { operator: OperatorId::from(operator), choice });
}

fn admin(exchange: &mut Exchange, what: Admin) {
    exchange.input(Event::Admin { request: RequestId(1), what });
}

/// Everybody has hung up who ever will: nobody is in a talk, and the operators are what they were.
fn nothing_is_left(exchange: &mut Exchange, seed: u64) {
    exchange.run(Duration::from_secs(120));
    for (index, phone) in exchange.phones.iter().enumerate() {
        assert!(phone.talking.is_empty(), "seed {seed}: phone {index} sits on a dead line");
    }
    assert_eq!(exchange.switchboard.calls(), 0, "seed {seed}");
    let states = states(exchange);
    let wanted = [("101".to_string(), "ready"), ("102".to_string(), "paused")];
    assert_eq!(states, wanted, "seed {seed}");
}

#[test]
fn the_caller_hangs_up_while_the_colleague_picks_up() {
    let mut answered = 0;
    for seed in seeds(400) {
        let mut exchange = Exchange::new(seed, 2, Network { delay_ms: (1, 30), loss_percent: seed % 3 });
        let picks_up = exchange.dice(1_000, 1_400);
        let (leg, call) = talking(&mut exchange, seed, Some(Duration::from_millis(picks_up)));
        let mode = if seed % 2 == 0 { TransferMode::Blind } else { TransferMode::Attended };
        admin(&mut exchange, Admin::Transfer { call, to: colleague(), mode });
        let wait = exchange.dice(950, 1_500);
        exchange.run(Duration::from_millis(wait));
        answered += u64::from(!exchange.phones[2].talking.is_empty());
        exchange.phone_command(0, Command::Hangup { leg, reason: None });
        nothing_is_left(&mut exchange, seed);
    }
    if seeds(400).end >= 400 {
        assert!((40..360).contains(&answered), "{answered} of 400 were answered first: the race is not one");
    }
}

#[test]
fn the_operator_hangs_up_while_the_colleague_rings_and_the_caller_is_never_lost() {
    let mut waited_again = 0;
    for seed in seeds(400) {
        let mut exchange = Exchange::new(seed, 2, Network { delay_ms: (1, 30), loss_percent: 0 });
        // Every other colleague never picks up.
        let picks_up = (seed % 2 == 0).then(|| Duration::from_millis(exchange.dice(300, 900)));
        let (leg, call) = talking(&mut exchange, seed, picks_up);
        let mode = if seed % 4 < 2 { TransferMode::Blind } else { TransferMode::Attended };
        admin(&mut exchange, Admin::Transfer { call, to: colleague(), mode });
        let wait = exchange.dice(100, 1_100);
        exchange.run(Duration::from_millis(wait));
        let own = exchange.phones[1].talking.first().copied();
        if let Some(leg) = own {
            exchange.phone_command(1, Command::Hangup { leg, reason: None });
        }
        // Twenty seconds of ringing, a wrap-up, a ring: by then he talks with somebody.
        exchange.run(Duration::from_secs(90));
        let talks = exchange.phones[1].talking.len() + exchange.phones[2].talking.len();
        assert_eq!(talks, 1, "seed {seed}: the caller talks with {talks}");
        assert_eq!(exchange.phones[0].talking.len(), 1, "seed {seed}: the caller is gone");
        waited_again += u64::from(picks_up.is_none());
        exchange.phone_command(0, Command::Hangup { leg, reason: None });
        nothing_is_left(&mut exchange, seed);
    }
    assert!(waited_again > 0 || seeds(400).end < 2);
}

#[test]
fn a_transfer_is_taken_back_or_completed_in_the_instant_of_the_answer() {
    for seed in seeds(400) {
        let mut exchange = Exchange::new(seed, 2, Network { delay_ms: (1, 30), loss_percent: seed % 2 });
        let picks_up = exchange.dice(1_000, 1_200);
        let (leg, call) = talking(&mut exchange, seed, Some(Duration::from_millis(picks_up)));
        admin(&mut exchange, Admin::Transfer { call, to: colleague(), mode: TransferMode::Attended });
        let wait = exchange.dice(950, 1_300);
        exchange.run(Duration::from_millis(wait));
        let takes_back = seed % 3 == 0;
        admin(
            &mut exchange,
            match takes_back {
                true => Admin::CancelTransfer { call },
                false => Admin::CompleteTransfer { call },
            },
        );
        exchange.run(Duration::from_secs(40));
        let (own, other) = (exchange.phones[1].talking.len(), exchange.phones[2].talking.len());
        let wanted = if takes_back { (1, 0) } else { (0, 1) };
        assert_eq!((own, other), wanted, "seed {seed}");
        exchange.phone_command(0, Command::Hangup { leg, reason: None });
        nothing_is_left(&mut exchange, seed);
    }
}

#[test]
fn a_supervisor_joins_while_the_call_ends() {
    let mut joined = 0;
    for seed in seeds(400) {
        let mut exchange = Exchange::new(seed, 2, Network { delay_ms: (1, 30), loss_percent: seed % 3 });
        let picks_up = exchange.dice(500, 700);
        let (leg, call) = talking(&mut exchange, seed, Some(Duration::from_millis(picks_up)));
        let phone = OperatorId::from("102");
        admin(&mut exchange, Admin::Supervise { call, phone, mode: Supervision::Barge });
        let wait = exchange.dice(450, 900);
        exchange.run(Duration::from_millis(wait));
        joined += u64::from(!exchange.phones[2].talking.is_empty());
        // Every other time it is the operator who ends it.
        let ends = if seed % 2 == 0 { (0, leg) } else { (1, exchange.phones[1].talking[0]) };
        exchange.phone_command(ends.0, Command::Hangup { leg: ends.1, reason: None });
        nothing_is_left(&mut exchange, seed);
    }
    if seeds(400).end >= 400 {
        assert!((40..390).contains(&joined), "{joined} of 400 had joined: the race is not one");
    }
}

/// The connection of operator 101's page closes.
fn page_closes(exchange: &mut Exchange) {
    let (_, _, leg) = *exchange.bridges.last().unwrap();
    exchange.input(Event::Sip(sip::Event::FlowLost { leg }));
}

#[test]
fn a_page_is_lost_and_the_caller_hangs_up_while_it_comes_back() {
    let mut resumed = 0;
    for seed in seeds(400) {
        let mut exchange = Exchange::new(seed, 2, Network { delay_ms: (1, 30), loss_percent: seed % 3 });
        let (leg, _) = talking(&mut exchange, seed, None);
        page_closes(&mut exchange);
        let wait = exchange.dice(450, 700);
        exchange.run(Duration::from_millis(wait));
        resumed += u64::from(exchange.bridges.len() > 1);
        exchange.phone_command(0, Command::Hangup { leg, reason: None });
        nothing_is_left(&mut exchange, seed);
    }
    if seeds(400).end >= 400 {
        assert!((40..390).contains(&resumed), "{resumed} of 400 were back: the race is not one");
    }
}

#[test]
fn a_page_that_does_not_come_back_leaves_its_caller_to_the_next_operator() {
    for seed in seeds(50) {
        let mut exchange = Exchange::new(seed, 2, Network { delay_ms: (1, 30), loss_percent: 0 });
        let (leg, _) = talking(&mut exchange, seed, Some(Duration::from_millis(700)));
        exchange.phones[1].picks_up = None;
        page_closes(&mut exchange);
        set(&mut exchange, "102", "");
        exchange.run(Duration::from_secs(50));
        assert!(exchange.phones[2].talking.is_empty(), "seed {seed}: the caller is still the other's");
        assert_eq!(exchange.switchboard.view(exchange.now).queues[0].waiting, Default::default());
        exchange.run(Duration::from_secs(12));
        assert_eq!(exchange.phones[2].talking.len(), 1, "seed {seed}: nobody has the caller");
        set(&mut exchange, "102", "break");
        exchange.phone_command(0, Command::Hangup { leg, reason: None });
        nothing_is_left(&mut exchange, seed);
    }
}
