//! Races of signalling and queue, as seeds in virtual time.
use crate::exchange::{Exchange, Network};
use crate::worlds::seeds;
use hotline::sip::{self, Command};
use std::time::Duration;

/// Whether of all these seeds enough went the one way and enough the other: else the race is not one. A few seeds tell nothing.
pub fn is_race(one_way: u64, seeds: std::ops::Range<u64>) -> bool {
    let all = seeds.end - seeds.start;
    all < 100 || (one_way > all / 40 && one_way < all - all / 40)
}

pub fn states(exchange: &Exchange) -> Vec<(String, &'static str)> {
    let view = exchange.switchboard.view(exchange.now);
    let main = view.operators.into_iter().filter(|operator| operator.pool == "main");
    main.map(|operator| (operator.id.to_string(), operator.state)).collect()
}

#[test]
fn two_phones_answer_together_and_one_is_bridged_the_other_released() {
    let mut crossed = 0;
    for seed in seeds(1000) {
        let mut exchange = Exchange::new(seed, 2, Network { delay_ms: (1, 40), loss_percent: seed % 4 });
        exchange.subscriber("79161234567", "priority");
        // The second phone rings four seconds after the first; both are picked up at nearly the same moment.
        let first = exchange.dice(4_500, 6_000);
        let second = first - 4_000 + exchange.dice(0, 160) - 80;
        exchange.phones[1].picks_up = Some(Duration::from_millis(first));
        exchange.phones[2].picks_up = Some(Duration::from_millis(second));
        exchange.dial("79161234567", "88007077759");
        assert!(
            exchange.run_until(Duration::from_secs(60), |e| !e.phones[0].talking.is_empty()),
            "seed {seed}"
        );
        exchange.run(Duration::from_secs(1));
        exchange.press('0');
        exchange.run(Duration::from_secs(60));
        assert_eq!(exchange.bridges.len(), 1, "seed {seed}: bridges");
        let talking = exchange.phones[1].talking.len() + exchange.phones[2].talking.len();
        assert_eq!(talking, 1, "seed {seed}: phones in a talk");
        let both_answered = exchange.phones[1..]
            .iter()
            .all(|phone| phone.events.iter().any(|(_, event)| matches!(event, sip::Event::Confirmed { .. })));
        crossed += u64::from(both_answered);
        let states = states(&exchange);
        assert_eq!(
            states.iter().filter(|(_, state)| *state == "talking").count(),
            1,
            "seed {seed}: {states:?}"
        );
        assert_eq!(
            states.iter().filter(|(_, state)| *state == "ready").count(),
            1,
            "seed {seed}: {states:?}"
        );
    }
    assert!(is_race(crossed, seeds(1000)), "{crossed} seeds had two 200 OK: the race is not one");
}

#[test]
fn the_caller_hangs_up_while_the_phone_rings_and_the_phone_stops_within_50_ms() {
    for seed in seeds(300) {
        let mut exchange = Exchange::new(seed, 1, Network { delay_ms: (1, 10), loss_percent: 0 });
        let leg = exchange.dial("79990000001", "88007077759");
        assert!(
            exchange.run_until(Duration::from_secs(30), |e| !e.phones[0].talking.is_empty()),
            "seed {seed}"
        );
        exchange.run(Duration::from_secs(1));
        exchange.press('0');
        let wait = exchange.dice(0, 3_000);
        exchange.run(Duration::from_millis(wait));
        let at = exchange.now.mono;
        exchange.phone_command(0, Command::Hangup { leg, reason: None });
        exchange.run(Duration::from_secs(40));
        let rang =
            exchange.phones[1].events.iter().any(|(_, event)| matches!(event, sip::Event::Incoming(_)));
        let stopped = exchange.phones[1].events.iter().find_map(|(at, event)| match event {
            sip::Event::Ended { how: sip::Ended::Cancelled, .. } => Some(*at),
            _ => None,
        });
        if rang {
            // Two network delays (BYE here, CANCEL there) are at most 20 ms of it.
            let took = stopped.unwrap_or_else(|| panic!("seed {seed}: the phone rings on")).since(at);
            assert!(took <= Duration::from_millis(50), "seed {seed}: {took:?}");
        }
        assert_eq!(states(&exchange), [("101".to_string(), "ready")], "seed {seed}");
        assert_eq!(exchange.switchboard.calls(), 0, "seed {seed}");
    }
}

#[test]
fn the_caller_is_gone_in_the_instant_of_the_answer_and_the_operator_is_ready_again() {
    for seed in seeds(1000) {
        let mut exchange = Exchange::new(seed, 1, Network { delay_ms: (1, 30), loss_percent: 0 });
        exchange.phones[1].picks_up = Some(Duration::from_millis(2_000));
        let leg = exchange.dial("79990000001", "88007077759");
        assert!(
            exchange.run_until(Duration::from_secs(30), |e| !e.phones[0].talking.is_empty()),
            "seed {seed}"
        );
        exchange.run(Duration::from_secs(1));
        exchange.press('0');
        let wait = exchange.dice(1_950, 2_080);
        exchange.run(Duration::from_millis(wait));
        exchange.phone_command(0, Command::Hangup { leg, reason: None });
        exchange.run(Duration::from_secs(1));
        exchange.run(Duration::from_secs(60));
        assert!(exchange.phones[1].talking.is_empty(), "seed {seed}: the operator sits on a dead line");
        assert_eq!(states(&exchange), [("101".to_string(), "ready")], "seed {seed}");
        assert_eq!(exchange.switchboard.calls(), 0, "seed {seed}");
    }
}
