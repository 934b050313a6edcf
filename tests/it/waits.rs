//! Waiting, hanging up and being called, through the shipped lines, in virtual time: what callers hear and what becomes of
//! their seats (queue rules Q8–Q10, and the edge cases that cross from the queue into the call).
use hotline::call::CallRecord;
use hotline::cause::{CallResult, Cause};
use hotline::class::Class;
use hotline::cli::installation::Installation;
use hotline::config::Config;
use hotline::digit::Digit;
use hotline::flow::FlowSet;
use hotline::ids::{LegId, PromptName};
use hotline::machine::{Instant, Now, Wall};
use hotline::say::Piece;
use hotline::sim::world::{Behaviour, Heard, World};
use hotline::sip;
use hotline::switchboard::{Admin, Event, Switchboard};
use std::collections::BTreeMap;
use std::net::{IpAddr, Ipv4Addr};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

const WALLET_LINE: &str = "88007077759";
const AGENT_LINE: &str = "88003336900";
const ANNA: &str = "79160000001";
const BORIS: &str = "79160000002";
const BUSY: &str = "79990000000";
const PRIORITY: &str = "79161234567";

const OPERATORS: &str = r#"
operators:
  - {id: "101", name: One, queues: [wallet, terminals, security], password: secret}
  - {id: "201", name: Agents, queues: [agents], password: secret}
queues: {wallet: {wrap_up: 0s}, agents: {wrap_up: 0s}}
"#;
const ROUTE: &str = r#"
trunks: [{name: provider, peers: ["192.0.2.7/32"]}]
outbound: {trunk: provider, allow: ["7916*"]}
"#;

fn seconds(s: u64) -> Duration {
    Duration::from_secs(s)
}

fn installation(config: &str) -> Installation {
    let (file, data) = (Path::new("config.yaml"), Path::new("data"));
    let mut config = Config::parse(file, config, data, &BTreeMap::new()).unwrap_or_else(|f| panic!("{f:?}"));
    let root = PathBuf::from(env!("CARGO_MANIFEST_DIR"));
    config.flows.dir = root.join("call-flows");
    config.prompts.dir = root.join("prompts");
    Installation { config, data_dir: data.to_path_buf(), config_file: None }
}

fn world_with(config: &str, flows: impl FnOnce(&Installation) -> Arc<FlowSet>) -> World {
    let installation = installation(config);
    let flows = flows(&installation);
    let switchboard = Switchboard::new(installation.switchboard_settings(), flows, 7);
    let now = Now { mono: Instant::from_nanos(1_000_000_000), wall: Wall(1_795_370_000_000) };
    World::new(switchboard, now)
}

fn shipped(installation: &Installation) -> Arc<FlowSet> {
    Arc::new(installation.flows(None).unwrap_or_else(|failure| panic!("{}", failure.message)))
}

fn world() -> World {
    world_with(&format!("{OPERATORS}{ROUTE}"), shipped)
}

fn picks_up(talks: u64) -> Behaviour {
    Behaviour {
        rings_after: Some(Duration::from_millis(20)),
        answers_after: Some(Duration::from_millis(500)),
        talks: Some(seconds(talks)),
        ..Behaviour::default()
    }
}

fn key(c: char) -> Digit {
    Digit::from_char(c).unwrap()
}

trait Caller {
    fn calls(&mut self, from: &str) -> LegId;
    fn waits_for_a_specialist(&mut self, from: &str) -> LegId;
    fn said(&self, leg: LegId) -> Vec<String>;
    fn said_since(&self, leg: LegId, at: Instant) -> Vec<String>;
    fn record(&self, from: &str) -> &CallRecord;
    fn stage(&self, from: &str) -> Option<&'static str>;
    fn operator(&self, id: &str) -> &'static str;
    fn dialled(&self) -> Vec<(Instant, LegId, String)>;
    fn mute(&mut self);
}

impl Caller for World {
    fn calls(&mut self, from: &str) -> LegId {
        let leg = self.dial(from, WALLET_LINE, IpAddr::V4(Ipv4Addr::LOCALHOST));
        self.run(Duration::from_millis(100));
        leg
    }

    fn waits_for_a_specialist(&mut self, from: &str) -> LegId {
        let leg = self.calls(from);
        self.press(leg, key('0'));
        self.run(Duration::from_millis(10));
        leg
    }

    fn said(&self, leg: LegId) -> Vec<String> {
        self.said_since(leg, Instant::ZERO)
    }

    /// Prompts and pieces by name, each sentence by itself.
    fn said_since(&self, leg: LegId, since: Instant) -> Vec<String> {
        let sentences = self.log.iter().filter(|(at, _)| *at >= since).filter_map(|(_, heard)| match heard {
            Heard::Said { leg: to, pieces, .. } if *to == leg => Some(pieces),
            _ => None,
        });
        let name = |piece: &Piece| match piece {
            Piece::Prompt(name) => Some(name.to_string()),
            Piece::Pause(_) => None,
        };
        sentences.map(|pieces| pieces.iter().filter_map(name).collect::<Vec<_>>().join(" ")).collect()
    }

    fn record(&self, from: &str) -> &CallRecord {
        self.records().filter(|record| record.caller == from).last().unwrap_or_else(|| panic!("{from}"))
    }

    fn stage(&self, from: &str) -> Option<&'static str> {
        let calls = self.switchboard.view(self.now).calls;
        calls.iter().find(|call| call.caller.ends_with(&from[7..])).map(|call| call.stage)
    }

    fn operator(&self, id: &str) -> &'static str {
        let operators = self.switchboard.view(self.now).operators;
        operators.iter().find(|operator| operator.id.as_str() == id).unwrap().state
    }

    /// Calls to the outside.
    fn dialled(&self) -> Vec<(Instant, LegId, String)> {
        let outside = |(at, heard): &(Instant, Heard)| match heard {
            Heard::Dialled { leg, uri, .. } if uri.contains("192.0.2.7") => Some((*at, *leg, uri.clone())),
            _ => None,
        };
        self.log.iter().filter_map(outside).collect()
    }

    /// Operators' phones talk until somebody hangs up.
    fn mute(&mut self) {
        for phone in self.phones.values_mut() {
            phone.talks = None;
        }
    }
}

/// One operator who had a talk of 200 s and is in his second; so the next one begins 200 s later.
fn busy() -> (World, LegId) {
    let mut world = world();
    world.register("101", picks_up(200));
    let first = world.waits_for_a_specialist(BUSY);
    world.run(seconds(205));
    world.hang_up(first);
    world.run(seconds(1));
    let second = world.waits_for_a_specialist(BUSY);
    world.run(seconds(1));
    assert_eq!(world.operator("101"), "talking");
    (world, second)
}

#[test]
fn place_and_wait_are_said_at_entry_and_then_only_as_they_get_better() {
    let (mut world, _) = busy();
    world.lasts = Box::new(|_, _| Duration::from_millis(50));
    let anna = world.waits_for_a_specialist(ANNA);
    let boris = world.waits_for_a_specialist(BORIS);
    world.run(seconds(1));
    let entry = world.said(anna).last().unwrap().clone();
    assert!(entry.starts_with("please_wait you_are word-pervyy in_the_queue expected_wait word-"), "{entry}");
    assert!(entry.ends_with(" callback_offer waiting_menu"), "{entry}");
    let entry = world.said(boris).last().unwrap().clone();
    assert!(entry.contains("you_are word-vtoroy in_the_queue expected_wait word-"), "{entry}");
    let at = world.now.mono;
    world.run(seconds(125));
    let later = world.said_since(anna, at);
    assert_eq!(later.len(), 2, "every minute: {later:#?}");
    assert!(later.iter().all(|said| !said.contains("you_are")), "the place is the same: {later:#?}");
    let waits: Vec<&String> = later.iter().filter(|said| said.contains("expected_wait")).collect();
    assert!(waits.windows(2).all(|two| two[0] != two[1]), "never the same twice: {later:#?}");
    world.hang_up(anna);
    let at = world.now.mono;
    world.run(seconds(65));
    let better = world.said_since(boris, at).join(" | ");
    assert!(better.contains("please_wait you_are word-pervyy in_the_queue expected_wait"), "{better}");
}

#[test]
fn an_announcement_is_cut_at_the_answer_and_the_music_goes_on_after_one() {
    let (mut world, talk) = busy();
    let anna = world.waits_for_a_specialist(ANNA);
    world.run(seconds(1));
    assert!(world.said(anna).last().unwrap().starts_with("please_wait"));
    world.run(seconds(30));
    let music =
        world.log.iter().rev().find(|(_, heard)| matches!(heard, Heard::Music { leg } if *leg == anna));
    let said =
        world.log.iter().rev().find(|(_, heard)| matches!(heard, Heard::Said { leg, .. } if *leg == anna));
    assert!(music.unwrap().0 > said.unwrap().0, "music after the words");

    world.run(seconds(55));
    let at = world.now.mono;
    world.phones.get_mut("101").unwrap().answers_after = Some(seconds(6));
    world.hang_up(talk);
    world.run(seconds(4));
    assert_eq!(world.stage(ANNA), Some("ringing"));
    // He rings for four seconds: an announcement may be on now, and one would come.
    world.run(seconds(30));
    assert_eq!(world.stage(ANNA), Some("talking"));
    let bridged = world.log.iter().find(|(_, heard)| matches!(heard, Heard::Bridged { a, .. } if *a == anna));
    let after: Vec<_> = world.log.iter().filter(|(when, _)| *when > bridged.unwrap().0).collect();
    assert!(
        !after.iter().any(
            |(_, heard)| matches!(heard, Heard::Said { leg, .. } | Heard::Music { leg } if *leg == anna)
        )
    );
    assert!(world.said_since(anna, at).len() <= 1);
}

#[test]
fn nothing_begins_while_an_offer_is_fresh_and_a_priority_caller_hears_nothing_before_his_first() {
    let mut world = world();
    subscribe(&mut world);
    world.register("101", Behaviour { answers_after: None, ..picks_up(60) });
    let anna = world.waits_for_a_specialist(ANNA);
    let at = world.now.mono;
    world.run(Duration::from_millis(2_900));
    assert_eq!(world.said_since(anna, at), [""; 0], "he is being connected");
    world.run(seconds(2));
    assert!(world.said_since(anna, at)[0].starts_with("please_wait"), "or so it seemed");
    world.hang_up(anna);
    world.run(seconds(1));
    world.phones.insert("101".into(), picks_up(500));
    world.waits_for_a_specialist(BUSY);
    world.run(seconds(2));
    let priority = world.waits_for_a_specialist(PRIORITY);
    let at = world.now.mono;
    world.run(seconds(200));
    assert_eq!(world.stage(PRIORITY), Some("waiting"));
    assert_eq!(world.said_since(priority, at), [""; 0]);
}

#[test]
fn without_announcements_the_menu_of_the_wait_acts_all_the_same() {
    let config = format!("{OPERATORS}{ROUTE}")
        .replace("{wrap_up: 0s}, agents", "{wrap_up: 0s, announce_every: 0s}, agents");
    let mut world = world_with(&config, shipped);
    world.register("101", picks_up(1000));
    world.waits_for_a_specialist(BUSY);
    world.run(seconds(2));
    let anna = world.waits_for_a_specialist(ANNA);
    let at = world.now.mono;
    world.run(seconds(300));
    assert_eq!(world.said_since(anna, at), [""; 0]);
    world.press(anna, key('1'));
    world.run(seconds(1));
    assert!(world.said_since(anna, at)[0].contains("leave_message"));
}

#[test]
fn edge_18_a_key_during_an_announcement_acts() {
    let (mut world, _) = busy();
    let anna = world.waits_for_a_specialist(ANNA);
    world.run(seconds(1));
    assert!(world.said(anna).last().unwrap().starts_with("please_wait"));
    world.press(anna, key('9'));
    world.run(Duration::from_millis(5));
    let (_, last) = world.log.last().unwrap();
    assert_eq!(*last, Heard::Music { leg: anna }, "no such key: music in place of the words that it cut");
    world.press(anna, key('1'));
    world.run(seconds(1));
    assert_eq!(world.stage(ANNA), Some("menu"));
    assert!(world.said(anna).last().unwrap().contains("leave_message"));
}

#[test]
fn edge_19_a_hang_up_during_an_announcement_closes_the_seat_and_nothing_is_said_to_nobody() {
    let (mut world, talk) = busy();
    let anna = world.waits_for_a_specialist(ANNA);
    world.run(seconds(1));
    assert!(world.said(anna).last().unwrap().starts_with("please_wait"));
    let at = world.now.mono;
    world.hang_up(anna);
    world.run(seconds(1));
    world.hang_up(talk);
    world.run(seconds(300));
    assert_eq!(world.said_since(anna, at), [""; 0]);
    assert_eq!(world.record(ANNA).cause, Some(Cause::Abandoned));
    assert_eq!(world.operator("101"), "ready");
    assert!(world.seats.is_empty());
}

#[test]
fn a_caller_hangs_up_and_is_called_when_it_is_his_turn() {
    let (mut world, talk) = busy();
    let anna = world.waits_for_a_specialist(ANNA);
    let boris = world.waits_for_a_specialist(BORIS);
    let joined = world.now.mono;
    world.run(seconds(20));
    world.press(anna, key('2'));
    world.run(seconds(1));
    assert_eq!(world.said(anna).last().unwrap().split(' ').next(), Some("callback_number"));
    world.press(anna, key('1'));
    world.run(seconds(1));
    assert!(world.said(anna).last().unwrap().contains("callback_kept"));
    world.run(seconds(20));
    let kept = world.record(ANNA);
    assert_eq!((kept.result, kept.cause), (Some(CallResult::Callback), Some(Cause::Callback)));
    assert_eq!(world.stage(ANNA), None);
    assert_eq!(world.seats.values().filter(|seat| seat.callback.is_some()).count(), 1);

    world
        .phones
        .insert(ANNA.into(), Behaviour { talks: None, answers_after: Some(seconds(5)), ..picks_up(0) });
    world.run(seconds(110));
    assert_eq!(world.dialled(), [], "it is too early");
    world.run(seconds(36));
    let (dialled_at, leg, uri) = world.dialled().pop().unwrap();
    assert!(uri.contains(ANNA));
    let waited = dialled_at.since(joined);
    assert!((seconds(175)..seconds(185)).contains(&waited), "20 s before his turn: {waited:?}");
    assert_eq!(world.said(leg), ["callback_greeting"]);
    world.press(leg, key('1'));
    world.run(seconds(1));
    world.hang_up(talk);
    world.mute();
    world.run(seconds(5));
    assert_eq!((world.stage(ANNA), world.stage(BORIS)), (Some("talking"), Some("waiting")));
    world.hang_up(leg);
    world.run(seconds(5));
    let called = world.record(ANNA);
    assert_eq!(
        (called.result, called.operator.as_ref().map(|o| o.as_str())),
        (Some(CallResult::Connected), Some("101"))
    );
    assert!(called.wait_ms.unwrap() > 180_000, "from the moment when he joined: {:?}", called.wait_ms);
    assert_eq!(world.stage(BORIS), Some("talking"));
    world.hang_up(boris);
    world.run(seconds(5));
    assert!(world.seats.is_empty());
}

#[test]
fn a_voicemail_is_connected_to_nobody_and_the_others_do_not_wait_for_it() {
    let (mut world, talk) = busy();
    let anna = world.waits_for_a_specialist(ANNA);
    world.run(seconds(1));
    world.press(anna, key('2'));
    world.run(seconds(1));
    world.press(anna, key('1'));
    world.run(seconds(30));
    let boris = world.waits_for_a_specialist(BORIS);
    world
        .phones
        .insert(ANNA.into(), Behaviour { talks: None, answers_after: Some(seconds(1)), ..picks_up(0) });
    world.mute();
    world.run(seconds(150));
    assert_eq!(world.dialled().len(), 1, "20 s before his turn");
    world.hang_up(talk);
    world.run(seconds(60));
    let (_, leg, _) = world.dialled().pop().unwrap();
    assert_eq!(world.said(leg), ["callback_greeting"; 2]);
    assert_eq!(world.bridges_of(leg), 0);
    assert_eq!(world.record(ANNA).result, Some(CallResult::NotReached));
    assert_eq!(world.stage(BORIS), Some("talking"));
    world.hang_up(boris);
    world.phones.remove(ANNA);
    world.run(seconds(320));
    assert_eq!(world.dialled().len(), 2, "again after five minutes");
    world.run(seconds(960));
    assert_eq!(world.dialled().len(), 3, "and after fifteen");
    world.run(seconds(3600));
    assert_eq!(world.dialled().len(), 3);
    assert!(world.seats.is_empty(), "the seat is closed");
}

#[test]
fn where_nothing_may_be_dialled_no_callback_is_offered() {
    for (route, from) in [("", ANNA), (ROUTE, "74950000001")] {
        let mut world = world_with(&format!("{OPERATORS}{route}"), shipped);
        world.register("101", picks_up(1000));
        world.waits_for_a_specialist(BUSY);
        world.run(seconds(2));
        let caller = world.waits_for_a_specialist(from);
        world.run(seconds(1));
        assert!(!world.said(caller).last().unwrap().contains("callback_offer"));
        world.press(caller, key('2'));
        world.run(seconds(5));
        assert_eq!(world.stage(from), Some("waiting"));
        assert!(!world.said(caller).last().unwrap().contains("callback"));
    }
}

#[test]
fn one_number_has_one_open_callback_in_all_queues() {
    let (mut world, _) = busy();
    let wants = |world: &mut World| {
        let leg = world.waits_for_a_specialist(ANNA);
        world.run(seconds(1));
        world.press(leg, key('2'));
        world.run(seconds(1));
        world.press(leg, key('1'));
        world.run(seconds(1));
        world.said(leg).last().unwrap().clone()
    };
    assert_eq!(wants(&mut world), "callback_kept");
    assert_eq!(wants(&mut world), "callback_refused");
    assert_eq!(world.stage(ANNA), Some("waiting"), "he waits on");
}

#[test]
fn a_priority_subscriber_is_offered_a_callback_where_nobody_is_there() {
    let mut world = world();
    subscribe(&mut world);
    let ordinary = world.waits_for_a_specialist(ANNA);
    world.run(seconds(1));
    assert!(world.said(ordinary).last().unwrap().contains("nobody_can_answer"));
    let caller = world.waits_for_a_specialist(PRIORITY);
    world.run(seconds(1));
    assert_eq!(world.said(caller).last().unwrap(), "callback_first");
    world.press(caller, key('1'));
    world.run(seconds(1));
    world.press(caller, key('1'));
    world.run(seconds(60));
    assert_eq!(world.record(PRIORITY).result, Some(CallResult::Callback));
    let seat = world.seats.values().find(|seat| seat.callback.is_some()).unwrap();
    assert_eq!(seat.class, Class::Priority);
    world.phones.insert(PRIORITY.into(), Behaviour { talks: None, ..picks_up(0) });
    world.register("101", picks_up(60));
    world.run(seconds(3));
    let (_, leg, _) = world.dialled().pop().expect("called as soon as somebody is there");
    world.press(leg, key('1'));
    world.run(seconds(3));
    assert_eq!(world.stage(PRIORITY), Some("talking"));
}

#[test]
fn open_seats_and_callbacks_survive_the_node() {
    let (mut world, _) = busy();
    let anna = world.waits_for_a_specialist(ANNA);
    world.run(seconds(1));
    world.press(anna, key('2'));
    world.run(seconds(1));
    world.press(anna, key('1'));
    world.run(seconds(30));
    world.waits_for_a_specialist(BORIS);
    world.run(seconds(40));
    let seats: Vec<_> = world.seats.values().cloned().collect();
    assert_eq!(seats.len(), 3, "one talks, one is to be called, one waits");
    let wall = world.now.later(seconds(10)).wall;

    let mut next = self::world();
    next.now = Now { mono: Instant::from_nanos(1), wall };
    next.switchboard.restore_seats(seats, next.now);
    next.phones.insert(ANNA.into(), Behaviour { talks: None, ..picks_up(0) });
    next.register("101", Behaviour { answers_after: Some(seconds(30)), ..picks_up(60) });
    next.run(seconds(2));
    let (_, leg, uri) = next.dialled().pop().expect("the callback is due");
    assert!(uri.contains(ANNA));
    next.waits_for_a_specialist("79990000009");
    next.press(leg, key('1'));
    next.run(seconds(1));
    next.waits_for_a_specialist(BORIS);
    assert_eq!(next.operator("101"), "ringing", "for the newcomer, who was alone for a moment");
    next.run(seconds(10));
    let seat = |number: &str| next.seats.values().find(|seat| seat.number.as_str() == number).unwrap();
    assert!(seat(ANNA).since < seat(BORIS).since);
    assert!(seat(BORIS).since < seat("79990000009").since, "older than who came first");
}

#[test]
fn edge_22_and_34_without_the_store_callers_wait_with_music_in_the_default_class() {
    let mut world = world();
    world.library.away = true;
    world.register("101", picks_up(60));
    let caller = world.waits_for_a_specialist(PRIORITY);
    world.run(seconds(5));
    assert_eq!(world.stage(PRIORITY), Some("talking"));
    assert!(world.log.iter().any(|(_, heard)| *heard == Heard::Music { leg: caller }));
    world.hang_up(caller);
    world.run(seconds(1));
    assert_eq!(world.record(PRIORITY).class, Class::Standard);
}

#[test]
fn edge_24_the_same_caller_on_both_lines_has_a_seat_in_each() {
    let mut world = world();
    world.library.agents.insert("100234".into(), [("active".to_string(), "true".to_string())].into());
    world.register("101", picks_up(2000));
    world.register("201", picks_up(2000));
    world.waits_for_a_specialist(BUSY);
    let agent = |world: &mut World, from: &str| {
        let leg = world.dial(from, AGENT_LINE, IpAddr::V4(Ipv4Addr::LOCALHOST));
        world.run(seconds(3));
        for c in "100234#".chars() {
            world.press(leg, key(c));
        }
        world.run(seconds(1));
        world.press(leg, key('0'));
        world.run(seconds(1));
        leg
    };
    agent(&mut world, BUSY);
    let [one, other] = [world.waits_for_a_specialist(ANNA), agent(&mut world, ANNA)];
    world.run(seconds(30));
    let queues = |world: &World| -> Vec<String> {
        let open = world.seats.values().filter(|seat| seat.number.as_str() == ANNA);
        open.map(|seat| seat.queue.to_string()).collect()
    };
    assert_eq!(queues(&world), ["wallet", "agents"]);
    world.hang_up(one);
    world.hang_up(other);
    world.run(seconds(1));
    let back = world.waits_for_a_specialist(ANNA);
    let twice = world.waits_for_a_specialist(ANNA);
    let mut ages: Vec<i64> = world
        .seats
        .values()
        .filter(|seat| seat.number.as_str() == ANNA)
        .map(|seat| (world.now.wall.0 - seat.since.0) / 1000)
        .collect();
    ages.sort_unstable();
    assert_eq!((ages[0], ages[1] >= 30), (0, true), "the credit is given once: {ages:?} {back} {twice}");
}

const TWO_POOLS: &str = r#"
flow: line
entry: {number: "8-800-707-77-59", start: wait}
steps:
  wait:
    queue: {name: wallet, while_waiting: hold, exits: {max_wait: agents}, answered: end}
  agents:
    queue: {name: agents, answered: end}
  end:
    hangup: {}
"#;
const TWO_POOLS_HOLD: &str = r#"
flow: hold
steps:
  hold:
    menu: {keys: {"1": agents}, exhausted: stay}
  agents:
    queue: {name: agents, answered: end}
  end:
    hangup: {}
"#;

#[test]
fn edge_26_a_move_to_a_queue_of_another_pool_takes_age_and_class_along() {
    let config = format!("{OPERATORS}{ROUTE}")
        .replace("wallet: {wrap_up: 0s}", "wallet: {wrap_up: 0s, max_wait: 300s}");
    let mut world = world_with(&config, |installation| {
        let files = [("line.yaml", TWO_POOLS), ("hold.yaml", TWO_POOLS_HOLD)];
        let files = files.map(|(name, text)| (PathBuf::from(name), text.to_string())).to_vec();
        let (flows, findings) = FlowSet::parse(files, &installation.config.environment());
        Arc::new(flows.unwrap_or_else(|| panic!("{findings:?}")))
    });
    subscribe(&mut world);
    world.register("101", picks_up(2000));
    world.register("201", Behaviour { answers_after: None, ..picks_up(60) });
    world.admin(Admin::SetOperator {
        operator: "201".into(),
        choice: hotline::queue::Choice::Paused { reason: "tea".into() },
    });
    world.calls(BUSY);
    world.run(seconds(2));
    let priority = world.calls(PRIORITY);
    world.run(seconds(40));
    world.press(priority, key('1'));
    world.run(seconds(1));
    let seat = world.seats.values().find(|seat| seat.number.as_str() == PRIORITY).unwrap();
    assert_eq!((seat.queue.as_str(), seat.class), ("agents", Class::Priority));
    let age = |world: &World| {
        let seat = world.seats.values().find(|seat| seat.number.as_str() == PRIORITY);
        (world.now.wall.0 - seat.unwrap().since.0) / 1000
    };
    assert_eq!(age(&world), 41);
    assert_eq!(world.seats.len(), 2, "one seat, not two");
    world.hang_up(priority);
    world.run(seconds(200));

    // An exit that leads to another queue: who waited five minutes has waited five minutes there too.
    let late = world.calls(PRIORITY);
    world.run(seconds(301));
    let seat = world.seats.values().find(|seat| seat.number.as_str() == PRIORITY).unwrap();
    assert_eq!((seat.queue.as_str(), age(&world) >= 300), ("agents", true));
    world.hang_up(late);
    world.run(seconds(1));
    assert_eq!(world.seats.len(), 1);
}

#[test]
fn edge_28_the_operator_is_free_at_once_while_the_caller_hears_the_end_of_the_flow() {
    let mut world = world();
    world.lasts = Box::new(
        |_, prompt: &PromptName| if prompt.as_str() == "goodbye" { seconds(30) } else { seconds(1) },
    );
    world.register("101", picks_up(10));
    let anna = world.waits_for_a_specialist(ANNA);
    world.run(seconds(13));
    assert!(world.said(anna).last().unwrap().contains("goodbye"));
    assert_eq!(world.stage(ANNA), Some("menu"));
    assert_eq!(world.operator("101"), "ready");
}

#[test]
fn edge_32_a_re_invite_in_the_queue_keeps_music_and_place() {
    let (mut world, _) = busy();
    let anna = world.waits_for_a_specialist(ANNA);
    world.run(seconds(30));
    let before = (world.stage(ANNA), world.log.len());
    world.soon(Duration::ZERO, Event::Sip(sip::Event::Offered { leg: anna, sdp: "v=0".into() }));
    let reanswer = hotline::media::LegEvent::Reanswer { leg: anna, sdp: Some("v=0".into()), held: false };
    world.soon(Duration::from_millis(1), Event::Leg(reanswer));
    world.run(Duration::from_millis(100));
    assert_eq!((world.stage(ANNA), world.log.len()), before, "nothing was said, stopped or begun");
}

fn ruled(rules: &str) -> World {
    world_with(&format!("{OPERATORS}{ROUTE}{rules}"), shipped)
}

fn refusals(world: &World) -> Vec<u16> {
    let refused = world.log.iter().filter_map(|(_, heard)| match heard {
        Heard::Refused { status, .. } => Some(*status),
        _ => None,
    });
    refused.collect()
}

#[test]
fn caller_rules_refuse_hold_down_and_lead_elsewhere_until_their_date() {
    let mut world = ruled(
        r#"
caller_rules:
  - {number: "7495*", action: reject, until: 2027-01-01}
  - {number: "79161234567", action: standard}
  - {number: "7499*", action: {flow: agent-line}}
"#,
    );
    world.register("101", picks_up(60));
    world.calls("84951112233");
    assert_eq!(refusals(&world), [603]);
    subscribe(&mut world);
    let priority = world.waits_for_a_specialist(PRIORITY);
    let seat = world.seats.values().next().unwrap();
    assert_eq!(seat.class, Class::Standard, "never more than the standard class");
    world.admin(Admin::SetClass { number: seat.number.clone(), class: Class::Priority });
    world.run(seconds(1));
    assert_eq!(world.seats.values().next().unwrap().class, Class::Standard);
    world.hang_up(priority);
    let other = world.calls("84991112233");
    assert!(world.said(other)[0].contains("agents_welcome"), "another flow than the line's");
    world.now.wall = Wall(1_798_800_000_000);
    world.calls("84951112233");
    assert_eq!(refusals(&world), [603], "the rule has ended");
}

fn subscribe(world: &mut World) {
    let row = [("number", PRIORITY), ("class", "priority")].map(|(k, v)| (k.into(), v.into()));
    world.library.subscribers.insert(PRIORITY.into(), row.into());
}

#[test]
fn one_number_has_twenty_calls_in_an_hour_and_three_messages() {
    let mut world = ruled("caller_limits: {test_sources: true, calls_per_source: 100}\n");
    for message in 1..=4 {
        let leg = world.waits_for_a_specialist(ANNA);
        world.run(seconds(2));
        let asked = world.said(leg).join(" ").contains("leave_message");
        assert!(asked, "nobody is there: a message");
        world.run(seconds(60));
        let kept = world.said(leg).join(" ").contains("message_kept");
        assert_eq!(kept, message <= 3, "message {message}: {:?}", world.said(leg));
        world.hang_up(leg);
        world.run(seconds(1));
    }
    for _ in 4..20 {
        let leg = world.calls(ANNA);
        world.hang_up(leg);
        world.run(seconds(1));
    }
    assert_eq!(refusals(&world), [0u16; 0]);
    world.calls(ANNA);
    assert_eq!(refusals(&world), [480], "the twenty-first");
    world.calls(BORIS);
    assert_eq!(refusals(&world).len(), 1);
    world.run(seconds(3600));
    world.calls(ANNA);
    assert_eq!(refusals(&world).len(), 1, "an hour later");
}

#[test]
fn a_source_that_is_no_trunk_has_ten_calls_at_once_and_a_trunk_as_many_as_it_likes() {
    let mut world = ruled("");
    let stranger = IpAddr::from([10, 1, 2, 3]);
    let legs: Vec<LegId> =
        (0..11).map(|n| world.dial(&format!("7999100000{n}"), WALLET_LINE, stranger)).collect();
    world.run(seconds(1));
    assert_eq!(refusals(&world), [486]);
    world.hang_up(legs[0]);
    world.run(seconds(2));
    world.dial("79991000099", WALLET_LINE, stranger);
    for n in 0..30 {
        world.dial(&format!("7999200{n:04}"), WALLET_LINE, IpAddr::from([192, 0, 2, 7]));
    }
    world.run(seconds(1));
    assert_eq!(refusals(&world), [486]);
}
