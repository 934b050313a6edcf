//! One flow test, played: a world of its own for one caller, and the verdict on what he heard.
//!
//! An expectation looks at everything since the last key or pause, then lets time pass until it is met, the call has ended, or
//! [`PATIENCE`] is over.
use super::coverage::Coverage;
use super::script::{Does, Given, Script, Service as Mocked, Store, Verb};
use crate::call::{Happened, Outbound};
use crate::clock;
use crate::digit::Digit;
use crate::flow::finding::Span;
use crate::flow::yaml::tree::{Node, Value as Tree};
use crate::flow::{Finding, FlowSet, Method};
use crate::ids::{FlowName, LegId, PromptName, QueueName};
use crate::machine::{Instant, Now};
use crate::number::Number;
use crate::queue::{Choice, OperatorSettings};
use crate::say::{Language, Piece, text_prompt};
use crate::sim::world::{AtPhone, Behaviour, Heard, Service, World};
use crate::switchboard::{Admin, Settings, Switchboard};
use serde_json::Value;
use std::collections::BTreeMap;
use std::fmt::Write;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

/// How long an expectation waits for what does not come. The longest text of the shipped flows lasts half of it.
const PATIENCE: Duration = Duration::from_secs(90);
/// From one key to the next: a fast typist.
const KEY: Duration = Duration::from_millis(150);
/// A caller speaks until he presses a key; this is longer than any recording.
const ON_AND_ON: Duration = Duration::from_secs(3600);
/// Lines of the story that a failure shows.
const SHOWN_MAX: usize = 8;

/// How long a prompt sounds; many worlds ask the same.
type Lasts = Arc<dyn Fn(Language, &PromptName) -> Duration + Send + Sync>;

/// The installation in which tests are played.
pub struct Stage<'a> {
    pub flows: Arc<FlowSet>,
    pub settings: Settings,
    /// What a prompt says.
    pub text: &'a dyn Fn(Language, &PromptName) -> Option<String>,
    /// How long it takes to say it.
    pub lasts: Lasts,
}

#[derive(Clone, Debug, PartialEq)]
pub struct Verdict {
    pub name: String,
    pub file: String,
    /// The first line that did not hold.
    pub failure: Option<Finding>,
    /// Of the call, in virtual time.
    pub lasted: Duration,
    /// Everything that happened, with times.
    pub story: String,
}

impl Stage<'_> {
    pub fn play(&self, script: &Script, coverage: &mut Coverage) -> Verdict {
        let mut verdict = Verdict {
            name: script.name.clone(),
            file: script.file.display().to_string(),
            failure: None,
            lasted: Duration::ZERO,
            story: String::new(),
        };
        let mut run = match self.set_up(script) {
            Ok(run) => run,
            Err(failure) => {
                verdict.failure = Some(*failure);
                return verdict;
            }
        };
        let begin = run.world.now.mono;
        run.until(|heard| matches!(heard, Heard::Step { .. } | Heard::Refused { .. }));
        run.from = 0;
        for (verb, at) in &script.steps {
            if let Err(why) = run.act(verb) {
                let heard = run.since();
                let help = match heard.is_empty() {
                    true => "nothing was heard and nothing happened".to_string(),
                    false => format!("instead: {heard}"),
                };
                verdict.failure = Some(script.fault(*at, why, &help));
                break;
            }
        }
        // What goes by itself to its end belongs to the test.
        run.world.run(Duration::from_millis(100));
        verdict.lasted = run.world.now.mono.since(begin);
        verdict.story = run.story(begin);
        let mut walk = coverage.walk(&run.flows);
        for (_, heard) in &run.world.log {
            match heard {
                Heard::Step { flow, step } => walk.entered(flow, step),
                Heard::Happened(Happened::Exited { exit, .. }) => walk.exited(exit),
                _ => {}
            }
        }
        walk.ended();
        verdict
    }

    fn set_up(&self, script: &Script) -> Result<Run<'_>, Box<Finding>> {
        let given = &script.given;
        let fault = |at: Span, message: String, help: &str| Box::new(script.fault(at, message, help));
        let start = Span { line: 1, column: 1, len: 1 };
        let flows =
            match given.outbound.is_none() && given.settings.is_empty() {
                true => self.flows.clone(),
                false => {
                    let settings = given.settings.iter().map(|(flow, values)| {
                        let values = values.iter().map(|(key, value)| (key.clone(), value.text.clone()));
                        (FlowName::from(flow.as_str()), values.collect())
                    });
                    let other = self.flows.elsewhere(given.outbound, &settings.collect());
                    let help = "look at the names and types under `given.settings`";
                    Arc::new(other.ok_or_else(|| {
                        fault(start, "the flows have errors with these settings".into(), help)
                    })?)
                }
            };
        let to = Number::parse(&script.call.to).filter(|number| flows.line(number).is_some());
        let Some(to) = to else {
            let known: Vec<String> = flows.lines().map(|line| line.number.to_string()).collect();
            let message = format!("no line has the number {}", script.call.to.value);
            return Err(fault(script.call.to.at, message, &format!("lines have: {}", known.join(", "))));
        };
        let settings = self.settings_for(given, script)?;
        let zone = settings.rules.zone.clone();
        let Some(wall) = clock::parse(&script.call.at, &zone) else {
            let message = format!("expected a time, got `{}`", script.call.at.value);
            return Err(fault(script.call.at.at, message, "write it like 2026-11-22T23:10+03:00"));
        };
        let switchboard = Switchboard::new(settings, flows.clone(), 1);
        let mut world = World::new(switchboard, Now { mono: Instant::from_nanos(1), wall });
        let lasts = self.lasts.clone();
        world.lasts = Box::new(move |language, prompt| lasts(language, prompt));
        world.speaks = given.speaks.map_or(ON_AND_ON, |speaks| speaks.0);
        world.library.subscribers = rows(&given.subscribers, "number", &[("class", "standard")]);
        world.library.payments = rows(&given.payments, "number", &[("amount", "0.00"), ("status", "done")]);
        world.library.agents = rows(&given.agents, "id", &[("active", "true")]);
        world.library.away = given.store == Store::Away;
        world.services = given.http.iter().filter_map(service).collect();
        for person in &given.operators {
            let behaviour = Behaviour {
                answers_after: person.answers_after.map(|after| after.0),
                talks: person.talks.map(|talks| talks.0),
                ..Behaviour::default()
            };
            world.register(&person.id, behaviour);
        }
        world.run(Duration::from_millis(10));
        let leg = world.dial(&script.call.from, &to.to_string(), IpAddr::V4(Ipv4Addr::LOCALHOST));
        let texts = flows.texts().into_iter().map(|(_, text)| (text_prompt(&text), text)).collect();
        Ok(Run { world, flows, leg, from: 0, text: self.text, texts })
    }

    /// Nobody works here but those whom the test names.
    fn settings_for(&self, given: &Given, script: &Script) -> Result<Settings, Box<Finding>> {
        let mut settings = self.settings.clone();
        settings.caller_rules.clear();
        settings.test_sources.push(ipnet::IpNet::from(IpAddr::V4(Ipv4Addr::LOCALHOST)));
        settings.pools.iter_mut().for_each(|pool| pool.operators.clear());
        for person in &given.operators {
            let queues: Vec<QueueName> =
                person.queues.iter().map(|queue| QueueName::from(queue.as_str())).collect();
            let serves =
                |queue: &QueueName| settings.pools.iter().position(|pool| pool.queues.contains_key(queue));
            let unknown =
                person.queues.iter().find(|queue| serves(&QueueName::from(queue.as_str())).is_none());
            if let Some(unknown) = unknown {
                let known: Vec<&str> = settings
                    .pools
                    .iter()
                    .flat_map(|pool| pool.queues.keys().map(QueueName::as_str))
                    .collect();
                let help = crate::flow::finding::suggest(unknown, known.iter().copied());
                let message = format!("no queue `{}` in config.yaml", unknown.value);
                return Err(Box::new(script.fault(unknown.at, message, &help)));
            }
            let Some(pool) = queues.first().and_then(serves).and_then(|at| settings.pools.get_mut(at)) else {
                continue;
            };
            let operator = OperatorSettings {
                name: person.id.clone(),
                queues,
                skills: person.skills.iter().map(|skill| skill.as_str().into()).collect(),
                ..OperatorSettings::default()
            };
            pool.operators.insert(person.id.as_str().into(), operator);
        }
        for (name, limits) in &given.queues {
            let name = QueueName::from(name.as_str());
            for pool in &mut settings.pools {
                if limits.closed {
                    pool.queues.remove(&name);
                }
                let Some(queue) = pool.queues.get_mut(&name) else { continue };
                queue.max_len = limits.max_len.map_or(queue.max_len, usize::from);
                queue.max_wait = limits.max_wait.map_or(queue.max_wait, |wait| wait.0);
                queue.all_paused_grace =
                    limits.all_paused_grace.map_or(queue.all_paused_grace, |wait| wait.0);
            }
        }
        if let Some(outbound) = given.outbound {
            settings.rules.outbound = outbound.then(|| Outbound {
                host: "trunk.invalid".into(),
                address: SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), 5060),
                allow: vec!["*".into()],
            });
        }
        Ok(settings)
    }
}

type Row = BTreeMap<String, String>;

/// Rows by their key; columns that a test does not care for get a value.
fn rows(
    given: &[BTreeMap<String, crate::flow::yaml::Scalar>],
    key: &str,
    usual: &[(&str, &str)],
) -> BTreeMap<String, Row> {
    let row = |columns: &BTreeMap<String, crate::flow::yaml::Scalar>| -> Row {
        let usual = usual.iter().map(|(name, value)| (name.to_string(), value.to_string()));
        usual.chain(columns.iter().map(|(name, value)| (name.clone(), value.text.clone()))).collect()
    };
    given.iter().map(row).filter_map(|row| Some((row.get(key)?.clone(), row))).collect()
}

fn service(mocked: &Mocked) -> Option<Service> {
    let (method, url) = match (&mocked.get, &mocked.post) {
        (Some(url), _) => (Method::Get, url),
        (None, Some(url)) => (Method::Post, url),
        (None, None) => return None,
    };
    Some(Service {
        method,
        url: url.clone(),
        status: mocked.status.unwrap_or(200),
        body: mocked.json.as_ref().map_or(Value::Null, json),
        after: mocked.after.map_or(Duration::from_millis(50), |after| after.0),
    })
}

fn json(node: &Node) -> Value {
    match &node.value {
        Tree::Null => Value::Null,
        Tree::Scalar { text, quoted: true } => Value::String(text.clone()),
        Tree::Scalar { text, quoted: false } => match serde_json::from_str(text) {
            Ok(value @ (Value::Bool(_) | Value::Number(_) | Value::Null)) => value,
            _ => Value::String(text.clone()),
        },
        Tree::List(items) => Value::Array(items.iter().map(json).collect()),
        Tree::Map(entries) => {
            let entry = |(key, value): &(Node, Node)| (key.as_text().unwrap_or("").to_string(), json(value));
            Value::Object(entries.iter().map(entry).collect())
        }
    }
}

struct Run<'a> {
    world: World,
    flows: Arc<FlowSet>,
    leg: LegId,
    /// The first entry of the log at which the next expectation looks.
    from: usize,
    text: &'a dyn Fn(Language, &PromptName) -> Option<String>,
    /// What is not in the catalogue: texts that flows say.
    texts: BTreeMap<PromptName, String>,
}

impl Run<'_> {
    fn act(&mut self, verb: &Verb) -> Result<(), String> {
        match verb {
            Verb::Press(keys) => return self.press(&keys.text),
            Verb::Wait(time) => {
                self.forget();
                self.world.run(time.0);
            }
            Verb::Hangup(_) => {
                self.forget();
                self.world.hang_up(self.leg);
                self.world.run(Duration::from_secs(1));
            }
            Verb::Operator(operator) => {
                self.forget();
                let does = match operator.does {
                    Does::Answer => AtPhone::Answer,
                    Does::Reject => AtPhone::Reject,
                    Does::HangUp => AtPhone::HangUp,
                    Does::Pause | Does::Ready => {
                        let choice = match operator.does {
                            Does::Pause => Choice::Paused { reason: "break".into() },
                            _ => Choice::Ready,
                        };
                        self.world
                            .admin(Admin::SetOperator { operator: operator.id.as_str().into(), choice });
                        self.world.run(KEY);
                        return Ok(());
                    }
                };
                // His phone begins to ring in its own time.
                if !self.world.at_phone(&operator.id, does) {
                    let id = operator.id.clone();
                    self.until(move |heard| {
                        matches!(heard, Heard::Dialled { operator: Some(of), .. } if of.as_str() == id)
                    });
                    if !self.world.at_phone(&operator.id, does) {
                        let who = &operator.id;
                        return Err(format!("operator {who}: his phone neither rings nor is in a talk"));
                    }
                }
                self.world.run(KEY);
            }
            Verb::Expect(step) => return self.expect_step(step),
            Verb::ExpectSay(wanted) => {
                let found = self.look(|run, heard| run.says(heard, wanted));
                return found.ok_or_else(|| format!("expected to hear `{wanted}`"));
            }
            Verb::ExpectQueue(wanted) => {
                let found = self.look(|_, heard| match heard {
                    Heard::Happened(Happened::Enqueued { queue, class, .. }) => {
                        *queue == wanted.name && wanted.class.as_ref().is_none_or(|of| of == class.as_str())
                    }
                    _ => false,
                });
                let class = wanted.class.as_ref().map_or(String::new(), |class| format!(" as {class}"));
                return found.ok_or_else(|| format!("expected the queue `{}`{class}", wanted.name));
            }
            Verb::ExpectConnected(wanted) => {
                let found = self.look(|_, heard| match heard {
                    Heard::Happened(Happened::Connected { operator, waited, .. }) => {
                        wanted.operator.as_ref().is_none_or(|of| of == operator.as_str())
                            && wanted.within.is_none_or(|within| *waited <= within.0)
                    }
                    _ => false,
                });
                let who =
                    wanted.operator.as_ref().map_or("an operator".into(), |id| format!("operator {id}"));
                let within = wanted.within.map_or(String::new(), |within| format!(" within {within}"));
                return found.ok_or_else(|| format!("expected to be connected with {who}{within}"));
            }
            Verb::ExpectExit(exit) => {
                let wanted = exit.as_str();
                let found = self.look(
                    |_, heard| matches!(heard, Heard::Happened(Happened::Exited { exit, .. }) if exit == wanted),
                );
                return found.ok_or_else(|| format!("expected the queue to be left by `{wanted}`"));
            }
            Verb::ExpectTicket(wanted) => {
                let found = self.look(|_, heard| match heard {
                    Heard::Ticket { topic, fields } => {
                        wanted.topic.as_ref().is_none_or(|of| of == topic)
                            && wanted.fields.iter().all(|(name, value)| fields.get(name) == Some(&value.text))
                    }
                    _ => false,
                });
                let topic = wanted.topic.as_deref().unwrap_or("any topic");
                let fields: Vec<String> =
                    wanted.fields.iter().map(|(name, value)| format!("{name}: {}", value.text)).collect();
                return found.ok_or_else(|| format!("expected a ticket: {topic} {{{}}}", fields.join(", ")));
            }
            Verb::ExpectMessage(_) => {
                let found =
                    self.look(|_, heard| matches!(heard, Heard::Noted { kind, .. } if kind == "message"));
                return found.ok_or_else(|| "expected a recorded message to be kept".into());
            }
            Verb::ExpectHttp(wanted) => {
                let found = self.look(|_, heard| match heard {
                    Heard::Http { method, url, body } => {
                        wanted.method.as_ref().is_none_or(|of| of.eq_ignore_ascii_case(word(*method)))
                            && wanted.url.as_ref().is_none_or(|of| of == url)
                            && wanted.body.as_ref().is_none_or(|of| body.as_ref() == Some(of))
                    }
                    _ => false,
                });
                return found.ok_or_else(|| {
                    format!("expected a request to {}", wanted.url.as_deref().unwrap_or("any service"))
                });
            }
            Verb::ExpectNotice(wanted) => {
                let found = self.look(|_, heard| match heard {
                    Heard::Notified { to, body } => {
                        wanted.to.as_ref().is_none_or(|of| of == to)
                            && wanted.body.as_ref().is_none_or(|of| body.contains(of.as_str()))
                    }
                    _ => false,
                });
                return found.ok_or_else(|| {
                    format!("expected a notice to {}", wanted.to.as_deref().unwrap_or("anybody"))
                });
            }
            Verb::ExpectVar(wanted) => {
                for (name, value) in wanted {
                    let is = self.world.switchboard.flow_var(self.leg, name).map(crate::flow::Var::text);
                    if is.as_ref() != Some(&value.text) {
                        let is = is.map_or("is not set".to_string(), |is| format!("is `{is}`"));
                        return Err(format!("expected vars.{name} to be `{}`, but it {is}", value.text));
                    }
                }
            }
            Verb::ExpectEnd(wanted) => {
                let found = self.look(|_, heard| match heard {
                    Heard::Record(record) if record.ended_at.is_some() => wanted
                        .cause
                        .as_ref()
                        .is_none_or(|of| record.cause.is_some_and(|cause| cause.as_str() == of)),
                    _ => false,
                });
                let cause = wanted.cause.as_ref().map_or(String::new(), |cause| format!(" with `{cause}`"));
                return found.ok_or_else(|| format!("expected the call to end{cause}"));
            }
        }
        Ok(())
    }

    fn press(&mut self, keys: &str) -> Result<(), String> {
        let keys: Option<Vec<Digit>> = match Digit::from_name(keys) {
            Some(key) => Some(vec![key]),
            None => keys.chars().map(Digit::from_char).collect(),
        };
        let Some(keys) = keys.filter(|keys| !keys.is_empty()) else {
            return Err("expected keys: digits, `star` or `hash`".into());
        };
        if self.has_ended() {
            return Err("a key is pressed, but the call has ended".into());
        }
        self.forget();
        for key in keys {
            self.world.press(self.leg, key);
            self.world.run(KEY);
        }
        Ok(())
    }

    fn expect_step(&mut self, wanted: &str) -> Result<(), String> {
        let is_it = |heard: &Heard| match heard {
            Heard::Step { flow, step } => step == wanted || format!("{flow}/{step}") == wanted,
            _ => false,
        };
        let last = self.world.log.iter().rposition(|(_, heard)| matches!(heard, Heard::Step { .. }));
        if last.and_then(|at| self.world.log.get(at)).is_some_and(|(_, heard)| is_it(heard)) {
            return Ok(());
        }
        self.look(|_, heard| is_it(heard)).ok_or_else(|| format!("expected the step `{wanted}`"))
    }

    /// Finds what is wanted since the last act of the caller, or waits for it. The next expectation looks from there on.
    fn look(&mut self, wanted: impl Fn(&Self, &Heard) -> bool) -> Option<()> {
        let until = self.world.now.mono + PATIENCE;
        let mut at = self.from;
        loop {
            while let Some((_, heard)) = self.world.log.get(at) {
                if wanted(self, heard) {
                    self.from = at;
                    return Some(());
                }
                at += 1;
            }
            if !self.world.step(until) || self.is_over(at) {
                return None;
            }
        }
    }

    /// Ended, and everything of it was looked at.
    fn is_over(&self, at: usize) -> bool {
        at >= self.world.log.len() && self.has_ended() && self.world.is_idle()
    }

    fn until(&mut self, done: impl Fn(&Heard) -> bool) {
        let from = self.from;
        self.world.run_until(PATIENCE, |world| world.log[from..].iter().any(|(_, heard)| done(heard)));
    }

    fn forget(&mut self) {
        self.from = self.world.log.len();
    }

    fn has_ended(&self) -> bool {
        self.world.records().next().is_some()
    }

    fn says(&self, heard: &Heard, wanted: &str) -> bool {
        let Heard::Said { leg, language, pieces } = heard else { return false };
        let is_id = |piece: &Piece| matches!(piece, Piece::Prompt(name) if name.as_str() == wanted);
        *leg == self.leg && (pieces.iter().any(is_id) || self.words(*language, pieces).contains(wanted))
    }

    fn words(&self, language: Language, pieces: &[Piece]) -> String {
        let word = |piece: &Piece| match piece {
            Piece::Prompt(name) => {
                let text = (self.text)(language, name).or_else(|| self.texts.get(name).cloned());
                Some(text.unwrap_or_else(|| format!("[{name}]")))
            }
            Piece::Pause(_) => None,
        };
        pieces.iter().filter_map(word).collect::<Vec<_>>().join(" ")
    }

    /// What has happened since the caller's last act, in one line.
    fn since(&self) -> String {
        let log = self.world.log.get(self.from..).unwrap_or(&[]);
        let mut lines: Vec<String> = log.iter().filter_map(|(_, heard)| self.line(heard)).collect();
        let hidden = lines.len().saturating_sub(SHOWN_MAX);
        lines.truncate(SHOWN_MAX);
        if hidden > 0 {
            lines.push(format!("and {hidden} more"));
        }
        lines.join("; ")
    }

    fn story(&self, begin: Instant) -> String {
        let mut story = String::new();
        for (at, heard) in &self.world.log {
            if let Some(line) = self.line(heard) {
                let ms = at.since(begin).as_millis();
                let _ = writeln!(story, "{:>4}.{:03} {line}", ms / 1000, ms % 1000);
            }
        }
        story
    }

    fn line(&self, heard: &Heard) -> Option<String> {
        Some(match heard {
            Heard::Step { flow, step } => format!("step {flow}/{step}"),
            Heard::Said { leg, language, pieces } if *leg == self.leg => {
                format!("heard «{}»", self.words(*language, pieces))
            }
            Heard::Refused { status, .. } => format!("refused with {status}"),
            Heard::Happened(Happened::Enqueued { queue, class, .. }) => {
                format!("queue {queue} as {}", class.as_str())
            }
            Heard::Happened(Happened::Exited { queue, exit, .. }) => format!("queue {queue} left by {exit}"),
            Heard::Happened(Happened::Connected { operator, waited, .. }) => {
                format!("connected with {operator} after {} ms", waited.as_millis())
            }
            Heard::Dialled { operator: Some(operator), .. } => format!("the phone of {operator} rings"),
            Heard::Ticket { topic, fields } => {
                let fields: Vec<String> =
                    fields.iter().map(|(name, value)| format!("{name}: {value}")).collect();
                format!("ticket {topic} {{{}}}", fields.join(", "))
            }
            Heard::Noted { kind, .. } if kind == "message" => "a message is kept".into(),
            Heard::Http { method, url, .. } => format!("request {} {url}", word(*method)),
            Heard::Notified { to, .. } => format!("notice to {to}"),
            Heard::Record(record) if record.ended_at.is_some() => {
                format!("the call has ended: {}", record.cause.map_or("", |cause| cause.as_str()))
            }
            _ => return None,
        })
    }
}

fn word(method: Method) -> &'static str {
    match method {
        Method::Get => "GET",
        Method::Post => "POST",
    }
}
