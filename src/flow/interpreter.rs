//! The interpreter of one call: walks it through its flow, step by step, as events come in.
//!
//! ```text
//!  New ──Started──▶ a step waits for something:
//!    Playing · Menu · Collect · Asking · Recording · Consenting · Survey · Callback · Transferring
//!    Waiting (seat held, music) ──Connected──▶ Talking ──TalkEnded──▶ the step's `answered`
//!  Goodbye (saying the last words) ──▶ Ended
//! ```
//! While a seat is held, the steps of a `while_waiting` sub-flow run as everywhere else. A flow that passed the
//! checker cannot get stuck: in every state something is pending that ends it. Late and unexpected events change
//! nothing. Should a flow run round without waiting, a bound ends it with an apology.
use super::called_back::CalledBack;
use super::environment::prompt;
use super::event::{Effect, Event, Facts, QueueExit};
use super::keys::{self, Keys};
use super::model::{FlowIx, FlowSet, StepIx, Target};
use super::node::Kind;
use super::node::ask::AskRun;
use super::node::callback::CallbackRun;
use super::node::collect::CollectRun;
use super::node::consent::ConsentRun;
use super::node::menu::MenuRun;
use super::node::record::RecordRun;
use super::node::split::Arm;
use super::node::survey::SurveyRun;
use super::standing::{Standing, Told};
use super::turn::Turn;
use super::vars::{Var, Vars};
use crate::cause::Cause;
use crate::digit::Digit;
use crate::ids::{FlowName, PlayId, PromptName, RequestId, StepName};
use crate::machine::{Instant, Now, Wall, earlier};
use crate::say::Language;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

/// Steps entered and keys taken without waiting for an event. A flow that needs more runs round.
const STEPS_PER_EVENT: usize = 1_000;
/// Sub-flows within each other; the checker refuses recursion, so this is the longest chain of files.
const DEPTH_MAX: usize = 32;
/// Keys typed ahead; what comes behind is dropped. Nobody knows so much of a menu by heart.
const KEYS_MAX: usize = 32;

/// The state of one call in its flow. It holds no reference to the flows: the set is passed in, always the same one
/// (its hash is kept by the call).
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Interpreter {
    call: Body,
    state: State,
}

/// What a call carries from step to step.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Body {
    pub facts: Facts,
    /// For choices by chance, where the caller has no number to be recognised by.
    pub seed: u64,
    pub language: Language,
    /// The line's flow and the sub-flows within each other, the running one last.
    pub frames: Vec<Frame>,
    /// Keys pressed and not yet taken by a step.
    pub keys: Keys,
    /// An end key that came too late to end anything, until when it is ignored.
    pub stray: Option<(Digit, Instant)>,
    /// What is being said, and when it counts as heard in any case.
    pub saying: Option<(PlayId, Instant)>,
    /// The seat that is held.
    pub seat: Option<Seat>,
    /// The `queue` step of the last seat.
    pub queue_step: Option<(FlowIx, StepIx)>,
    /// As it was last heard of.
    pub standing: Option<Standing>,
    pub told: Told,
    /// Whether a callback can be offered to this caller.
    pub callback: bool,
    /// When this caller was last asked by a `survey`.
    #[serde(default)]
    pub surveyed: Option<Wall>,
    /// Arms of `split`s that take nobody at present.
    #[serde(default)]
    pub withdrawn: BTreeSet<Arm>,
    pub heard: BTreeSet<(FlowIx, StepIx)>,
    pub last_play: PlayId,
    pub last_request: RequestId,
    pub here: (FlowName, StepName),
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Frame {
    pub flow: FlowIx,
    pub step: StepIx,
    pub vars: Vars,
    /// The menu to which `stay` goes back.
    pub menu: Option<StepIx>,
}

/// A seat in a queue, held by the step of frame `depth`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Seat {
    pub depth: usize,
}

/// What the active step waits for.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum State {
    New,
    Playing {
        barge_in: bool,
    },
    Menu(MenuRun),
    Collect(CollectRun),
    Asking(AskRun),
    Recording(RecordRun),
    Consenting(ConsentRun),
    Survey(SurveyRun),
    Callback(CallbackRun),
    /// A person was called back and is asked whether he is there.
    CalledBack(CalledBack),
    Transferring {
        until: Instant,
    },
    /// In a queue, with nothing to say.
    Waiting,
    /// With an operator or a transfer's party.
    Talking,
    /// The last words, then the end.
    Goodbye {
        cause: Cause,
    },
    Ended,
}

impl State {
    fn deadline(&self) -> Option<Instant> {
        match self {
            State::Menu(run) => run.deadline(),
            State::Collect(run) => run.deadline(),
            State::Asking(run) => run.deadline(),
            State::Recording(run) => run.deadline(),
            State::Consenting(run) => run.deadline(),
            State::Survey(run) => run.deadline(),
            State::Callback(run) => run.deadline(),
            State::CalledBack(run) => run.deadline(),
            State::Transferring { until } => Some(*until),
            State::New
            | State::Playing { .. }
            | State::Waiting
            | State::Talking
            | State::Goodbye { .. }
            | State::Ended => None,
        }
    }

    fn request(&self) -> Option<RequestId> {
        match self {
            State::Asking(run) => Some(run.request),
            State::Recording(run) => run.request(),
            _ => None,
        }
    }

    /// Whether the step takes keys now; elsewhere they are kept for the next input.
    fn takes_keys(&self) -> bool {
        match self {
            State::Playing { barge_in } => *barge_in,
            State::Menu(_) | State::Collect(_) | State::Recording(_) | State::Survey(_) => true,
            State::Callback(_) | State::CalledBack(_) => true,
            _ => false,
        }
    }

    /// Whether keys pressed now are meant for the flow at all.
    fn hears_keys(&self) -> bool {
        match self {
            State::Playing { barge_in } => *barge_in,
            State::New | State::Talking | State::Waiting | State::Transferring { .. } => false,
            State::Goodbye { .. } | State::Ended => false,
            State::Menu(_)
            | State::Collect(_)
            | State::Asking(_)
            | State::Recording(_)
            | State::Callback(_)
            | State::CalledBack(_)
            | State::Survey(_)
            | State::Consenting(_) => true,
        }
    }
}

/// What a step is told.
#[derive(Clone, Debug)]
pub enum Input {
    /// At least one key is there to be taken.
    Key,
    /// Everything was heard.
    Said,
    Timeout,
    Found(BTreeMap<String, String>),
    NotFound,
    Failed,
    Reply {
        status: u16,
        body: serde_json::Value,
    },
    Ticket(String),
    Recorded {
        name: String,
        duration: Duration,
    },
    /// The consent's `refuse` key.
    Refused,
    Exited(QueueExit),
    /// The seat waits for a callback.
    Kept,
    TalkEnded,
    /// A sub-flow came back.
    Returned,
}

/// What a step decides.
#[derive(Clone, Debug)]
pub enum Next {
    Wait(State),
    Go(Target),
    Run { flow: FlowIx, vars: Vars },
}

impl Interpreter {
    /// A call that has not begun: `Event::Started` begins it. `None` when the set has no such flow.
    pub fn new(flows: &FlowSet, flow: &FlowName, facts: Facts, seed: u64) -> Option<Interpreter> {
        let ix = *flows.names.get(flow)?;
        let flow = flows.flow(ix);
        let frame = Frame { flow: ix, step: flow.start, vars: Vars::new(), menu: None };
        Some(Interpreter {
            call: Body {
                facts,
                seed,
                language: flow.language.unwrap_or(flows.language),
                frames: vec![frame],
                keys: Keys::default(),
                stray: None,
                saying: None,
                seat: None,
                queue_step: None,
                standing: None,
                told: Told::default(),
                callback: false,
                surveyed: None,
                withdrawn: BTreeSet::new(),
                heard: BTreeSet::new(),
                last_play: PlayId::default(),
                last_request: RequestId::default(),
                here: (flow.name.clone(), flow.start().clone()),
            },
            state: State::New,
        })
    }

    /// A call to a person who wanted to be called back: it goes on in the `queue` step in which he waited. `None` when the
    /// set has no such step any more. `Event::Started` begins it, when he has picked up.
    pub fn called_back(
        flows: &FlowSet,
        flow: &FlowName,
        step: &StepName,
        language: Language,
        facts: Facts,
        seed: u64,
    ) -> Option<Interpreter> {
        let mut interpreter = Interpreter::new(flows, flow, facts, seed)?;
        let frame = interpreter.call.frames.last_mut()?;
        let at = flows.flow(frame.flow).steps.iter().position(|known| known.name == *step)?;
        frame.step = StepIx(u16::try_from(at).ok()?);
        interpreter.call.language = language;
        interpreter.call.here = (flow.clone(), step.clone());
        interpreter.state = State::CalledBack(CalledBack::default());
        matches!(interpreter.kind(flows), Some(Kind::Queue(_))).then_some(interpreter)
    }

    /// The `queue` step in which the caller waits, or waited last.
    pub fn queue_step(&self, flows: &FlowSet) -> Option<(FlowName, StepName)> {
        let (flow, step) = self.call.queue_step?;
        let flow = flows.flow(flow);
        Some((flow.name.clone(), flow.step(step).name.clone()))
    }

    /// What the operator of this `queue` step hears first, and for what he is asked.
    pub fn whisper(&self, flows: &FlowSet) -> Option<PromptName> {
        match self.kind(flows) {
            Some(Kind::Queue(queue)) => queue.whisper().cloned(),
            _ => None,
        }
    }

    /// Whether a callback can be offered to this caller: `queue.callback`.
    pub fn offer_callback(&mut self, offered: bool) {
        self.call.callback = offered;
    }

    /// Arms of `split`s that take nobody at present.
    pub fn withdraw(&mut self, arms: &BTreeSet<Arm>) {
        self.call.withdrawn.clone_from(arms);
    }

    /// When this caller was last asked by a `survey`.
    pub fn surveyed(&mut self, at: Option<Wall>) {
        self.call.surveyed = at;
    }

    pub fn handle(&mut self, flows: &FlowSet, event: Event, now: Now, out: &mut Vec<Effect>) {
        match event {
            Event::Started => {
                if let State::CalledBack(_) = self.state {
                    return self.input(Input::Returned, flows, now, out);
                }
                if let (State::New, Some(frame)) = (&self.state, self.call.frames.last()) {
                    let start = Target::Step(frame.step);
                    self.drive(Next::Go(start), flows, now, out);
                }
            }
            Event::Digit(digit) => self.digit(digit, flows, now, out),
            Event::Said { play } => {
                if self.call.saying.is_some_and(|(current, _)| current == play) {
                    self.said(flows, now, out);
                }
            }
            Event::Found { request, row } => self.answer(request, Input::Found(row), flows, now, out),
            Event::NotFound { request } => self.answer(request, Input::NotFound, flows, now, out),
            Event::Failed { request } => self.answer(request, Input::Failed, flows, now, out),
            Event::HttpReply { request, status, body } => {
                self.answer(request, Input::Reply { status, body }, flows, now, out);
            }
            Event::TicketOpened { request, number } => {
                self.answer(request, Input::Ticket(number), flows, now, out)
            }
            Event::Recorded { request, name, duration } => {
                self.answer(request, Input::Recorded { name, duration }, flows, now, out);
            }
            Event::QueueStanding(standing) => {
                if self.call.seat.is_some() {
                    self.call.standing = Some(standing);
                }
            }
            Event::CallbackKept => {
                if matches!(self.state, State::Callback(_)) {
                    // The seat is not this call's any more: nobody will answer it here.
                    self.call.seat = None;
                    self.input(Input::Kept, flows, now, out);
                }
            }
            Event::CallbackRefused => {
                if matches!(self.state, State::Callback(_)) {
                    self.input(Input::Failed, flows, now, out);
                }
            }
            Event::QueueExited { exit } => {
                if self.leave_seat() {
                    self.state = State::Waiting;
                    self.input(Input::Exited(exit), flows, now, out);
                }
            }
            Event::Connected => {
                if self.leave_seat() || matches!(self.state, State::Transferring { .. }) {
                    if self.call.saying.take().is_some() {
                        out.push(Effect::Hush);
                    }
                    self.state = State::Talking;
                }
            }
            Event::TalkEnded => {
                if self.state == State::Talking {
                    self.input(Input::TalkEnded, flows, now, out);
                }
            }
            Event::TransferFailed => {
                if matches!(self.state, State::Transferring { .. }) {
                    self.input(Input::Failed, flows, now, out);
                }
            }
            Event::PassedOn => {
                if self.state == State::Talking
                    && let Some(Kind::Queue(queue)) = self.kind(flows)
                {
                    let next = queue.wait(&mut Turn { flows, call: &mut self.call, now, out });
                    self.drive(next, flows, now, out);
                }
            }
            Event::ClassKnown { class, name } => {
                self.call.facts.class = class;
                if name.is_some() {
                    self.call.facts.name = name;
                }
            }
        }
    }

    pub fn handle_timeout(&mut self, flows: &FlowSet, now: Now, out: &mut Vec<Effect>) {
        if self.call.saying.is_some_and(|(_, until)| until <= now.mono) {
            self.said(flows, now, out);
        }
        if self.state.deadline().is_some_and(|at| at <= now.mono) {
            self.input(Input::Timeout, flows, now, out);
        }
    }

    pub fn next_timeout(&self) -> Option<Instant> {
        earlier(self.state.deadline(), self.call.saying.map(|(_, until)| until))
    }

    /// The active step.
    pub fn position(&self) -> (FlowName, StepName) {
        self.call.here.clone()
    }

    /// Whether a secret step takes the keys now.
    pub fn listens_secretly(&self) -> bool {
        matches!(&self.state, State::Collect(run) if run.is_secret())
    }

    /// Whether a key that comes now is, or may be, one of a secret step: it is then written down nowhere.
    pub fn hides_keys(&self, flows: &FlowSet) -> bool {
        match self.state {
            State::Collect(_) => self.listens_secretly(),
            State::Playing { .. } | State::Asking(_) | State::Consenting(_) => {
                keys::secret_ahead(flows, &self.call.frames, self.call.keys.len())
            }
            _ => false,
        }
    }

    /// A variable of the running flow.
    pub fn var(&self, name: &str) -> Option<&Var> {
        self.call.frames.last().and_then(|frame| frame.vars.get(name))
    }

    pub fn language(&self) -> Language {
        self.call.language
    }

    pub fn facts(&self) -> &Facts {
        &self.call.facts
    }

    pub fn has_ended(&self) -> bool {
        self.state == State::Ended
    }

    /// Whether the call waits for somebody or something that ends by itself or by an event of the call layer.
    pub fn is_pending(&self) -> bool {
        self.next_timeout().is_some()
            || self.call.seat.is_some()
            || matches!(self.state, State::Talking | State::Ended)
    }

    fn digit(&mut self, digit: Digit, flows: &FlowSet, now: Now, out: &mut Vec<Effect>) {
        if let Some((stray, until)) = self.call.stray.take()
            && stray == digit
            && now.mono <= until
        {
            return;
        }
        if let State::Consenting(run) = &self.state
            && run.refuse == digit
        {
            return self.input(Input::Refused, flows, now, out);
        }
        if !self.state.hears_keys() || self.call.keys.len() >= KEYS_MAX {
            return;
        }
        let secret = self.hides_keys(flows);
        self.call.keys.push(digit, secret);
        if self.state.takes_keys() {
            self.input(Input::Key, flows, now, out);
        }
    }

    fn said(&mut self, flows: &FlowSet, now: Now, out: &mut Vec<Effect>) {
        self.call.saying = None;
        match self.state {
            State::Goodbye { cause } => {
                self.state = State::Ended;
                out.push(Effect::Hangup { cause });
            }
            _ => self.input(Input::Said, flows, now, out),
        }
    }

    fn answer(&mut self, request: RequestId, input: Input, flows: &FlowSet, now: Now, out: &mut Vec<Effect>) {
        if self.state.request() == Some(request) {
            self.input(input, flows, now, out);
        }
    }

    /// Gives up the bookkeeping of a seat that the queue has closed. False when none was held.
    fn leave_seat(&mut self) -> bool {
        let Some(seat) = self.call.seat.take() else { return false };
        self.call.frames.truncate(seat.depth);
        // Keys pressed while waiting were for the menu of the wait.
        self.call.keys.clear();
        true
    }

    fn input(&mut self, input: Input, flows: &FlowSet, now: Now, out: &mut Vec<Effect>) {
        if self.state == State::Ended {
            return;
        }
        let state = std::mem::replace(&mut self.state, State::Ended);
        let Some(kind) = self.kind(flows) else { return };
        let mut turn = Turn { flows, call: &mut self.call, now, out };
        let was_asking = matches!(state, State::Asking(_));
        let next = match state {
            State::CalledBack(run) => run.on(input, kind, &mut turn),
            state => kind.on(state, input, &mut turn),
        };
        if was_asking && !matches!(next, Next::Wait(State::Asking(_))) {
            // The filler has done its work.
            turn.hush();
        }
        self.drive(next, flows, now, out);
    }

    fn kind<'a>(&self, flows: &'a FlowSet) -> Option<&'a Kind> {
        let frame = self.call.frames.last()?;
        Some(&flows.flow(frame.flow).step(frame.step).kind)
    }

    /// Walks until a step waits.
    fn drive(&mut self, mut next: Next, flows: &FlowSet, now: Now, out: &mut Vec<Effect>) {
        for _ in 0..STEPS_PER_EVENT {
            let mut turn = Turn { flows, call: &mut self.call, now, out };
            next = match next {
                Next::Wait(state) => {
                    if !state.takes_keys() || turn.call.keys.is_empty() {
                        self.state = state;
                        return;
                    }
                    match turn.kind() {
                        Some(kind) => match state {
                            State::CalledBack(run) => run.on(Input::Key, kind, &mut turn),
                            state => kind.on(state, Input::Key, &mut turn),
                        },
                        None => return,
                    }
                }
                Next::Run { flow, vars } => {
                    if turn.call.frames.len() >= DEPTH_MAX {
                        turn.last_words(prompt::APOLOGY, Cause::Internal)
                    } else {
                        let start = flows.flow(flow).start;
                        turn.call.frames.push(Frame { flow, step: start, vars, menu: None });
                        turn.enter()
                    }
                }
                Next::Go(Target::Step(step)) => {
                    if let Some(frame) = turn.call.frames.last_mut() {
                        frame.step = step;
                    }
                    turn.enter()
                }
                Next::Go(Target::Repeat) => turn.enter(),
                Next::Go(Target::Stay) => turn.stay(),
                Next::Go(Target::Return) => turn.come_back(),
            };
        }
        if let Next::Wait(state @ (State::Ended | State::Goodbye { .. })) = next {
            self.state = state;
            return;
        }
        let mut turn = Turn { flows, call: &mut self.call, now, out };
        if let Next::Wait(state) = turn.last_words(prompt::APOLOGY, Cause::Internal) {
            self.state = state;
        }
    }
}
