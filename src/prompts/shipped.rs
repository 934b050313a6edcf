//! The shipped recordings, texts and flows fit together.
use super::*;
use crate::class::Class;
use crate::digit::Digit;
use crate::flow::{Effect, Environment, Event, Facts, FlowSet, Interpreter, Lookup, QueueExit};
use crate::ids::{CallId, QueueName};
use crate::machine::Now;
use crate::media::codec::SAMPLE_RATE;
use crate::media::{dtmf, wav};
use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

fn root(folder: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(folder)
}

fn dir() -> PathBuf {
    root("prompts")
}

#[test]
fn every_prompt_and_every_piece_is_recorded_well() {
    let catalogue = Catalogue::load(&dir()).unwrap_or_else(|findings| panic!("{findings:?}"));
    let findings: String = check(&dir(), &catalogue).iter().map(ToString::to_string).collect();
    assert!(findings.is_empty(), "\n{findings}");
}

/// Callers' phones send our voice back as echo, and people record announcements from a loudspeaker.
#[test]
fn no_recording_sounds_like_a_key() {
    for folder in ["ru", "en", "music"] {
        for entry in std::fs::read_dir(dir().join(folder)).unwrap() {
            let file = entry.unwrap().path();
            let samples = wav::load_8k_mono(&file).unwrap();
            let keys = dtmf::detect_file(&samples, SAMPLE_RATE).unwrap();
            assert!(keys.is_empty(), "{}: {keys:?}", file.display());
        }
    }
}

fn environment(catalogue: &Catalogue) -> Environment {
    let names: BTreeSet<PromptName> = catalogue.entries().map(|(name, _)| name.clone()).collect();
    Environment {
        queues: ["terminals", "wallet", "security", "agents"].map(QueueName::from).into(),
        prompts: Some(Language::ALL.map(|language| (language, names.clone())).into()),
        ..Environment::default()
    }
}

#[test]
fn the_flows_are_clean_and_name_only_prompts_that_there_are() {
    let catalogue = Catalogue::load(&dir()).unwrap();
    let (set, findings) = FlowSet::load(&root("call-flows"), &environment(&catalogue));
    let found: String = findings.iter().map(ToString::to_string).collect();
    assert!(findings.is_empty(), "\n{found}");
    for line in set.unwrap().lines() {
        println!("{}: {:?}", line.flow, line.worst);
    }
}

/// One call through a shipped line, where everything that is asked is answered at once.
struct Caller {
    flows: FlowSet,
    interpreter: Interpreter,
    now: Now,
    payments: BTreeMap<&'static str, (&'static str, &'static str)>,
    /// What was heard, as text; queues as `→ wallet`, tickets as `ticket topic {fields}`.
    heard: Vec<String>,
    catalogue: Catalogue,
}

impl Caller {
    fn dials(line: &str) -> Caller {
        let catalogue = Catalogue::load(&dir()).unwrap();
        let (flows, _) = FlowSet::load(&root("call-flows"), &environment(&catalogue));
        let flows = flows.unwrap();
        let facts = Facts {
            call: CallId(1),
            caller: "79150000001".into(),
            verified: true,
            class: Class::Standard,
            name: None,
            called: String::new(),
        };
        let interpreter = Interpreter::new(&flows, &line.into(), facts, 1).unwrap();
        let payments = BTreeMap::from([
            ("1000000001", ("1500.00", "done")),
            ("1000000002", ("300.00", "processing")),
            ("1000000003", ("21.50", "done")),
        ]);
        let now = Now::default();
        let mut caller = Caller { flows, interpreter, now, payments, heard: Vec::new(), catalogue };
        caller.tell(Event::Started);
        caller
    }

    /// Presses the keys one by one, each after what is being said; a space is a silence until the step gives up.
    fn presses(mut self, keys: &str) -> Caller {
        for key in keys.chars() {
            match Digit::from_char(key) {
                Some(digit) => self.tell(Event::Digit(digit)),
                None => self.waits(),
            }
        }
        self
    }

    fn waits(&mut self) {
        if let Some(at) = self.interpreter.next_timeout() {
            self.now.mono = self.now.mono.max(at);
            let mut out = Vec::new();
            self.interpreter.handle_timeout(&self.flows, self.now, &mut out);
            self.answer(out);
        }
    }

    fn tell(&mut self, event: Event) {
        let mut out = Vec::new();
        self.interpreter.handle(&self.flows, event, self.now, &mut out);
        self.answer(out);
    }

    fn answer(&mut self, effects: Vec<Effect>) {
        for effect in effects {
            match effect {
                Effect::Say { play, language, items, .. } => {
                    self.heard.push(self.catalogue.words(language, &items));
                    self.tell(Event::Said { play });
                }
                Effect::Lookup { request, what: Lookup::Payment { number, .. }, .. } => {
                    let reply = match self.payments.get(number.as_str()) {
                        Some((amount, status)) => {
                            let row = [("amount", *amount), ("status", *status)];
                            let row = row.map(|(k, v)| (k.to_string(), v.to_string())).into();
                            Event::Found { request, row }
                        }
                        None => Event::NotFound { request },
                    };
                    self.tell(reply);
                }
                Effect::Lookup { request, what: Lookup::Agent { id }, .. } => self.tell(match id.as_str() {
                    "100234" => {
                        let row = [("id".to_string(), id), ("active".to_string(), "true".to_string())].into();
                        Event::Found { request, row }
                    }
                    _ => Event::NotFound { request },
                }),
                Effect::OpenTicket { request, topic, fields } => {
                    self.heard.push(format!("ticket {topic} {fields:?}"));
                    self.tell(Event::TicketOpened { request, number: "1042".into() });
                }
                Effect::Record { request, .. } => {
                    let duration = Duration::from_secs(20);
                    self.tell(Event::Recorded { request, name: "message-1".into(), duration });
                }
                Effect::Enqueue { queue, .. } => self.heard.push(format!("→ {queue}")),
                Effect::Hangup { .. } => self.heard.push("hung up".into()),
                _ => {}
            }
        }
    }

    fn step(&self) -> String {
        self.interpreter.position().1.to_string()
    }

    #[track_caller]
    fn hears(self, part: &str) -> Caller {
        assert!(self.heard.iter().any(|said| said.contains(part)), "{part:?} is not in {:#?}", self.heard);
        self
    }

    /// The queue that was joined last.
    fn queue(&self) -> Option<&str> {
        self.heard.iter().rev().find_map(|said| said.strip_prefix("→ "))
    }
}

#[test]
fn every_reason_to_call_has_its_keys() {
    let map = [
        ("0", "wallet"),
        ("20", "wallet"),
        ("21", "wallet"),
        ("22", "wallet"),
        ("231", "security"),
        ("241", "wallet"),
        ("31", "security"),
        ("32#1", "security"),
        ("10", "terminals"),
        ("15", "terminals"),
        ("12123456#1", "terminals"),
        ("13123456#1", "terminals"),
        ("1177#", "terminals"),
        ("1177777#1", "terminals"),
        ("40", "wallet"),
        ("50", "wallet"),
        ("9999", "wallet"),
    ];
    for (keys, queue) in map {
        // Too short a number needs a few silences until the step gives up.
        let caller = Caller::dials("qiwi-hotline").presses(keys).presses("      ");
        assert_eq!(caller.queue(), Some(queue), "{keys}: {:#?}", caller.heard);
    }
    assert_eq!(Caller::dials("qiwi-hotline").presses("1*2*3*5*4").step(), "answers");
}

#[test]
fn failing_operations_and_fraud_hear_no_ready_answer() {
    for keys in ["22", "31"] {
        let caller = Caller::dials("qiwi-hotline").presses(keys);
        let before = caller.heard.iter().take_while(|said| !said.starts_with("→ ")).count();
        assert_eq!(before, 3, "a greeting and two menus: {:#?}", caller.heard);
    }
}

#[test]
fn a_payment_is_said_with_its_status_and_sum() {
    let check = |number: &str| Caller::dials("qiwi-hotline").presses(&format!("11{number}#1"));
    check("1000000001").hears("«Выполнен». Сумма: тысяча пятьсот рублей");
    check("1000000002").hears("«В обработке». Сумма: триста рублей");
    check("1000000003").hears("двадцать один рубль пятьдесят копеек");
    let missing = check("5555").hears("не найден");
    assert_eq!(missing.queue(), Some("terminals"));
}

#[test]
fn a_mistaken_payment_needs_two_numbers_and_the_receipt() {
    let caller = Caller::dials("qiwi-hotline")
        .presses("141")
        .presses("791612345671")
        .presses("79161234567") // the same number is no wrong one
        .hears("Номер набран неверно")
        .presses("791612345681")
        .presses("123456#1");
    let caller = caller
        .hears("ticket mistaken_payment {\"intended\": \"79161234567\", \"payment\": \"123456\", \"wrong\": \"79161234568\"}")
        .hears("Ответ придёт на электронную почту.")
        .hears("Мы позвоним, только если нужно что-то уточнить.");
    assert_eq!(caller.queue(), None, "nobody need wait for it");
    Caller::dials("qiwi-hotline").presses("142").hears("Без чека деньги, к сожалению, не вернуть");
}

#[test]
fn an_agent_is_known_by_his_number_and_never_meets_a_public_queue() {
    for keys in ["1", "2", "0"] {
        let caller = Caller::dials("agent-line").presses("100234#").presses(keys);
        assert_eq!(caller.queue(), Some("agents"));
    }
    let refused = Caller::dials("agent-line").presses("111111#222222#333333#").hears("qiwi.ru");
    assert_eq!((refused.queue(), refused.heard.last().map(String::as_str)), (None, Some("hung up")));
}

#[test]
fn every_exit_of_a_queue_ends_in_a_message() {
    use QueueExit::{AllPaused, Closed, Full, MaxWait, NobodySignedIn};
    for exit in [MaxWait, Full, NobodySignedIn, AllPaused, Closed] {
        for (line, keys, queue) in [
            ("qiwi-hotline", "0", "wallet"),
            ("qiwi-hotline", "31", "security"),
            ("agent-line", "100234#1", "agents"),
        ] {
            let mut caller = Caller::dials(line).presses(keys);
            caller.tell(Event::QueueExited { exit });
            let ticket = format!("ticket message {{\"message\": \"message-1\", \"queue\": \"{queue}\"}}");
            let caller = caller.presses("#1").hears("ответить не может").hears(&ticket);
            let caller = caller.hears("Номер обращения: один ноль четыре два. Ответ придёт");
            assert_eq!(caller.heard.last().map(String::as_str), Some("hung up"), "{:#?}", caller.heard);
        }
    }
}
