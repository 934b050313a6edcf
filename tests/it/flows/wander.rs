//! Random walks: a flow that the checker accepts never leaves a call stuck, whatever happens to it.
use super::*;
use proptest::prelude::*;
use std::sync::LazyLock;

/// What the world does next, as far as it fits.
#[derive(Clone, Debug)]
enum Act {
    Press(char),
    Heard,
    /// Milliseconds.
    Wait(u32),
    Answer(u8),
    Exit(u8),
    Connect,
    TalkEnds,
    Standing(u8),
    /// The answer to a callback that was asked for.
    Callback(bool),
    Late(u8),
}

fn act() -> impl Strategy<Value = Act> {
    prop_oneof![
        4 => proptest::sample::select("0123456789*#".chars().collect::<Vec<_>>()).prop_map(Act::Press),
        4 => Just(Act::Heard),
        3 => (0u32..20_000).prop_map(Act::Wait),
        3 => any::<u8>().prop_map(Act::Answer),
        1 => any::<u8>().prop_map(Act::Exit),
        1 => Just(Act::Connect),
        1 => Just(Act::TalkEnds),
        1 => any::<u8>().prop_map(Act::Standing),
        1 => any::<bool>().prop_map(Act::Callback),
        1 => any::<u8>().prop_map(Act::Late),
    ]
}

const EXITS: [QueueExit; 6] = [
    QueueExit::MaxWait,
    QueueExit::Full,
    QueueExit::NobodySignedIn,
    QueueExit::AllPaused,
    QueueExit::EwtOver,
    QueueExit::Closed,
];

/// Every kind of step, leading into each other in many ways.
const LINE: &str = r#"
flow: line
entry: {number: "8-800-000-00-01", start: notice}
settings: {digits: 2..4}
steps:
  notice: {consent: {say: [notice], next: hours}}
  hours: {hours: {calendar: office, open: main, closed: leave}}
  main:
    menu:
      say: [main_menu, {if: caller.class == "priority", say: [{text: "{{ caller.name }}"}]}]
      short: [main_menu_short]
      keys: {"1": ask, "2": wait, "3": leave, "4": sub, "5": web, "6": out, "7": english, "8": trial, star: repeat, "0": wait}
      invalid: {say: [no_such_item], go: repeat}
      timeout: {say: [nothing_pressed], go: repeat}
      exhausted: wait
  ask: {collect: {say: [enter], save: code, digits: settings.digits, confirm: true, check: vars.code != "00", next: look, failed: wait}}
  look: {lookup: {payment: {number: vars.code}, save: {status: status, amount: amount}, filler: [checking], next: by, not_found: main, on_error: wait}}
  by: {switch: {value: vars.status, cases: {done: tell, processing: main}, default: wait}}
  tell: {play: {say: [done, {money: vars.amount}, {digits: vars.code}], barge_in: false, next: main}}
  web: {http: {get: "https://a.example/{{ caller.number }}", save: {x: /x}, on_status: {404: main}, next: case, on_error: wait}}
  case: {ticket: {topic: t, fields: {x: vars.x, day: now.date}, save: ticket, next: said, on_error: wait}}
  said: {play: {say: [opened, {digits: vars.ticket}, {number: vars.x}], next: main}}
  sub: {run: {flow: sub, with: {n: queue.position + 1}, next: main}}
  out: {transfer: {to: "7495{{ now.minute }}", answered: main, failed: told}}
  told: {notify: {to: "https://b.example", body: "{{ caller.class }}", next: wait}}
  trial: {split: {arms: {a: {share: 60, go: sub}, b: {share: 40, go: web}}}}
  english: {language: {to: en, next: main}}
  wait: {queue: {name: wallet, class: caller.class, while_waiting: hold, exits: {max_wait: leave, full: leave}, answered: rate}}
  rate: {survey: {say: [again], once_per: 24h, next: again}}
  again: {menu: {say: [again], keys: {"1": main}, invalid: repeat, timeout: end, exhausted: end}}
  leave: {record: {say: [leave_message], save: message, next: end, failed: end}}
  end: {hangup: {}}
"#;
const SUB: &str = r#"
flow: sub
args: {n: number}
steps:
  pin: {collect: {say: [pin], save: pin, digits: 4, secret: true, next: count, failed: return}}
  count: {set: {n: vars.n + 1, next: loop}}
  loop: {switch: {when: [{if: vars.n > 3, go: return}], default: pin}}
"#;
const HOLD: &str = r#"
flow: hold
steps:
  hold:
    menu: {say: [please_wait, {if: queue.position > 0, say: [{ordinal: queue.position}]}], keys: {"1": leave, "2": news, "3": ask, "4": call_me}, every: 20s, exhausted: stay}
  news: {play: {say: [news], next: stay}}
  ask: {collect: {say: [enter], save: code, digits: 2, next: find, failed: stay}}
  find: {lookup: {agent: {id: vars.code}, next: news, not_found: return, on_error: stay}}
  leave: {record: {say: [leave_message], next: return, failed: return}}
  call_me: {callback: {next: kept, failed: stay}}
  kept: {play: {say: [news], next: end}}
  end: {hangup: {}}
"#;

impl Call {
    fn act(&mut self, act: &Act) {
        match act {
            Act::Press(key) => self.press(&key.to_string()),
            Act::Heard => {
                if let Some(play) = self.last_play() {
                    self.tell(Event::Said { play });
                }
            }
            Act::Wait(millis) => self.pass(Duration::from_millis(u64::from(*millis))),
            Act::Answer(which) => self.answer(*which),
            Act::Exit(which) => {
                let exit = EXITS[usize::from(*which) % EXITS.len()];
                self.tell(Event::QueueExited { exit });
            }
            Act::Connect => self.tell(Event::Connected),
            Act::TalkEnds => self.tell(Event::TalkEnded),
            Act::Standing(position) => {
                self.tell(Event::QueueStanding(Standing {
                    position: u32::from(*position),
                    ..Standing::default()
                }));
            }
            Act::Callback(true) => self.tell(Event::CallbackKept),
            Act::Callback(false) => self.tell(Event::CallbackRefused),
            Act::Late(which) => match which % 3 {
                0 => self.tell(Event::Said { play: PlayId(u64::from(*which)) }),
                1 => self.tell(Event::Failed { request: RequestId(u64::from(*which)) }),
                _ => self.tell(Event::ClassKnown { class: Class::Priority, name: Some("A".into()) }),
            },
        }
    }

    fn answer(&mut self, which: u8) {
        let asked = self.effects.iter().rev().find_map(|effect| match effect {
            Effect::Lookup { request, .. } => Some((*request, 'l')),
            Effect::Http { request, .. } => Some((*request, 'h')),
            Effect::OpenTicket { request, .. } => Some((*request, 't')),
            Effect::Record { request, .. } => Some((*request, 'r')),
            Effect::Transfer { .. } => Some((RequestId(0), 'x')),
            _ => None,
        });
        let Some((request, kind)) = asked else { return };
        let event = match (kind, which % 4) {
            ('x', 0) => Event::TransferFailed,
            ('x', _) => Event::Connected,
            (_, 0) => Event::Failed { request },
            ('l', 1) => Event::NotFound { request },
            ('l', n) => {
                let status = if n == 2 { "done" } else { "odd" };
                let row = [("status", status), ("amount", "not a sum")];
                Event::Found { request, row: row.map(|(k, v)| (k.to_string(), v.to_string())).into() }
            }
            ('h', 1) => Event::HttpReply { request, status: 404, body: serde_json::Value::Null },
            ('h', n) => Event::HttpReply { request, status: 200, body: serde_json::json!({ "x": n }) },
            ('t', _) => Event::TicketOpened { request, number: "1042".into() },
            (_, n) => Event::Recorded {
                request,
                name: "m".into(),
                duration: Duration::from_millis(700 * u64::from(n)),
            },
        };
        self.tell(event);
    }
}

static WANDERING: LazyLock<Arc<FlowSet>> =
    LazyLock::new(|| Arc::new(flows(&[("line.yaml", LINE), ("sub.yaml", SUB), ("hold.yaml", HOLD)])));
/// The shipped set, in an installation that can dial out.
static SHIPPED: LazyLock<Arc<FlowSet>> = LazyLock::new(|| {
    let mut env = environment();
    env.queues = ["terminals", "wallet", "security", "agents"].into_iter().map(QueueName::from).collect();
    let dir = Path::new(env!("CARGO_MANIFEST_DIR")).join("call-flows");
    let (set, findings) = FlowSet::load(&dir, &env);
    Arc::new(set.unwrap_or_else(|| panic!("{findings:?}")))
});

/// A call that has begun, on a line of either set.
fn begun(line: u8) -> Call {
    let lines = SHIPPED.lines().map(|line| (SHIPPED.clone(), line.flow.clone()));
    let all: Vec<_> = std::iter::once((WANDERING.clone(), FlowName::from("line"))).chain(lines).collect();
    let (set, line) = all[usize::from(line) % all.len()].clone();
    let mut call = Call::of(set, line);
    call.tell(Event::Started);
    call
}

/// `HOTLINE_WALKS=1000000` walks that often.
fn walks() -> u32 {
    std::env::var("HOTLINE_WALKS").ok().and_then(|text| text.parse().ok()).unwrap_or(2_000)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: walks(), ..ProptestConfig::default() })]
    #[test]
    fn no_call_gets_stuck(line in 0u8..3, acts in proptest::collection::vec(act(), 1..120)) {
        let mut call = begun(line);
        for act in &acts {
            call.act(act);
            prop_assert!(call.interpreter.is_pending(), "stuck after {act:?} at {}", call.step());
            prop_assert_ne!(call.hangup(), Some(Cause::Internal));
            let hangups = call.effects.iter().filter(|effect| matches!(effect, Effect::Hangup { .. })).count();
            prop_assert!(hangups <= 1);
            prop_assert_eq!(hangups == 1, call.interpreter.has_ended());
            if hangups == 1 {
                prop_assert!(matches!(call.effects.last(), Some(Effect::Hangup { .. })), "something after the end");
            }
        }
        // A seat has its exits; with the queue closed, even a caller who does nothing comes to an end.
        for _ in 0..200 {
            if call.interpreter.has_ended() {
                break;
            }
            call.tell(Event::QueueExited { exit: QueueExit::Closed });
            call.tell(Event::TalkEnded);
            call.pass(Duration::from_secs(300));
        }
        prop_assert!(call.interpreter.has_ended(), "still at {}", call.step());
    }

    #[test]
    fn the_same_events_give_the_same_effects(acts in proptest::collection::vec(act(), 1..40)) {
        let mut calls = [Call::new(WANDERING.clone()), Call::new(WANDERING.clone())];
        for call in &mut calls {
            call.tell(Event::Started);
            acts.iter().for_each(|act| call.act(act));
        }
        prop_assert_eq!(&calls[0].effects, &calls[1].effects);
    }
}

proptest! {
    /// Files are written by people and found on disks: whatever stands in them, the answer is a set or findings.
    #[test]
    fn no_file_makes_the_checker_panic(
        cuts in proptest::collection::vec((0usize..4000, 0usize..12, "[ -~\\n\\ta-zЖ]{0,6}"), 1..6),
    ) {
        let mut text: Vec<char> = LINE.chars().collect();
        for (at, len, insert) in cuts {
            let at = at % text.len().max(1);
            let end = (at + len).min(text.len());
            text.splice(at..end, insert.chars());
        }
        let files = vec![
            (PathBuf::from("line.yaml"), text.into_iter().collect()),
            (PathBuf::from("sub.yaml"), SUB.to_string()),
            (PathBuf::from("hold.yaml"), HOLD.to_string()),
        ];
        let (set, findings) = FlowSet::parse(files, &environment());
        prop_assert!(set.is_some() || !findings.is_empty());
        for finding in findings {
            prop_assert!(!finding.to_string().is_empty() && !finding.help.is_empty());
        }
    }
}
