//! Call flows from outside: what the checker says about broken files, and how calls walk through good ones.
use hotline::cause::Cause;
use hotline::class::Class;
use hotline::clock::Zone;
use hotline::digit::Digit;
use hotline::flow::{
    Calendar, Effect, Environment, Event, Facts, FlowSet, HttpRequest, Interpreter, Lookup, QueueExit,
    Standing, prompt,
};
use hotline::ids::{CallId, FlowName, PlayId, PromptName, QueueName, RequestId, Skill};
use hotline::machine::{Instant, Now, Wall};
use hotline::say::{Item, Language};
use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

mod answers;
mod broken;
mod shipped;
mod steps;
mod waiting;
mod walk;
mod wander;

/// An installation with two queues, a calendar and an outbound route.
fn environment() -> Environment {
    Environment {
        queues: ["wallet", "security"].into_iter().map(QueueName::from).collect(),
        skills: ["english"].into_iter().map(Skill::from).collect(),
        calendars: BTreeMap::from([("office".to_string(), Calendar::always_open(Zone::utc()))]),
        outbound: true,
        zone: Zone::named("Europe/Moscow").unwrap(),
        ..Environment::default()
    }
}

fn facts() -> Facts {
    Facts {
        call: CallId(1),
        caller: "79161234567".into(),
        verified: true,
        class: Class::Standard,
        name: None,
        called: "78007077759".into(),
    }
}

/// The set of one file; panics with its findings if it has any.
fn flow(text: &str) -> FlowSet {
    flows(&[("test.yaml", text)])
}

fn flows(files: &[(&str, &str)]) -> FlowSet {
    let files = files.iter().map(|(name, text)| (PathBuf::from(name), text.to_string())).collect();
    let (set, findings) = FlowSet::parse(files, &environment());
    let findings: Vec<String> = findings.iter().map(ToString::to_string).collect();
    set.unwrap_or_else(|| panic!("\n{}", findings.join("\n")))
}

/// One call in virtual time: every effect is kept until it is looked at.
struct Call {
    flows: Arc<FlowSet>,
    interpreter: Interpreter,
    now: Now,
    effects: Vec<Effect>,
}

impl Call {
    fn new(flows: impl Into<Arc<FlowSet>>) -> Call {
        let flows = flows.into();
        let line = flows.lines().next().expect("a line").flow.clone();
        Call::of(flows, line)
    }

    fn of(flows: Arc<FlowSet>, line: FlowName) -> Call {
        let interpreter = Interpreter::new(&flows, &line, facts(), 7).expect("the line's flow");
        let now = Now { mono: Instant::from_nanos(1_000_000_000), wall: Wall(1_795_370_000_000) };
        Call { flows, interpreter, now, effects: Vec::new() }
    }

    fn started(text: &str) -> Call {
        let mut call = Call::new(flow(text));
        call.tell(Event::Started);
        call
    }

    fn tell(&mut self, event: Event) {
        self.interpreter.handle(&self.flows, event, self.now, &mut self.effects);
    }

    /// Presses keys: `12#`.
    fn press(&mut self, keys: &str) {
        for key in keys.chars() {
            self.tell(Event::Digit(Digit::from_char(key).expect("a key")));
        }
    }

    /// The last thing said was heard to its end.
    fn heard(&mut self) {
        let play = self.last_play().expect("something was said");
        self.tell(Event::Said { play });
    }

    fn last_play(&self) -> Option<PlayId> {
        self.effects.iter().rev().find_map(|effect| match effect {
            Effect::Say { play, .. } => Some(*play),
            _ => None,
        })
    }

    fn last_request(&self) -> RequestId {
        let request = self.effects.iter().rev().find_map(|effect| match effect {
            Effect::Lookup { request, .. }
            | Effect::Http { request, .. }
            | Effect::OpenTicket { request, .. }
            | Effect::Record { request, .. } => Some(*request),
            _ => None,
        });
        request.expect("a request")
    }

    /// Lets time pass, calling `handle_timeout` whenever it is due.
    fn pass(&mut self, time: Duration) {
        let end = self.now.later(time);
        while let Some(at) = self.interpreter.next_timeout().filter(|at| *at <= end.mono) {
            self.now = self.now.later(at.since(self.now.mono));
            self.interpreter.handle_timeout(&self.flows, self.now, &mut self.effects);
        }
        self.now = end;
    }

    fn step(&self) -> String {
        self.interpreter.position().1.to_string()
    }

    /// The prompts of the last `Say`; other items by their Debug text.
    fn said(&self) -> Vec<String> {
        let items = self.effects.iter().rev().find_map(|effect| match effect {
            Effect::Say { items, .. } => Some(items.clone()),
            _ => None,
        });
        let name = |item: &Item| match item {
            Item::Prompt(name) => name.to_string(),
            other => format!("{other:?}"),
        };
        items.unwrap_or_default().iter().map(name).collect()
    }

    fn says(&self) -> usize {
        self.effects.iter().filter(|effect| matches!(effect, Effect::Say { .. })).count()
    }

    fn hangup(&self) -> Option<Cause> {
        self.effects.iter().find_map(|effect| match effect {
            Effect::Hangup { cause } => Some(*cause),
            _ => None,
        })
    }

    fn has(&self, wanted: impl Fn(&Effect) -> bool) -> bool {
        self.effects.iter().any(wanted)
    }
}
