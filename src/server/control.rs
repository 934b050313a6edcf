//! The control loop: the one thread that owns the SIP stack and the Switchboard, and carries what they want to the shells.
//!
//! ```text
//! wire, shards, store, HTTP, people, deadlines ─▶ (one event at a time) ─▶ Stack, Switchboard ─▶ actions ─▶ shells
//! ```
//! Nothing here waits for a shell: what is asked comes back as an event. Every input of the Switchboard is numbered and
//! journalled with a digest of what it came to.
use super::alerts::{self, Alerts, Change, Name};
use super::disk::Disk;
use super::flows::Failure;
use super::ladder::Ladder;
use crate::call::{Ask, Happened, Keep};
use crate::clock::Clock;
use crate::flow::FlowSet;
use crate::ids::{CallId, RequestId};
use crate::machine::{Instant, Machine, Now, earlier};
use crate::media::{LegCommand, LegEvent, RecordingEnd};
use crate::outbound::Outbound;
use crate::queue::OperatorState;
use crate::shard::{self, Shards};
use crate::sip::{self, Hop, Output, Stack};
use crate::store::answer::ANSWER_WITHIN;
use crate::store::{JournalEntry, Shared, Snapshot, Writer};
use crate::switchboard::arms;
use crate::switchboard::view::AlertView;
use crate::switchboard::{Action, Admin, Adopted, Event, Outcome, Switchboard, View, replay};
use crate::telemetry::{DiskStats, Metrics};
use crate::web::AdminRequest;
use crate::wire::{Capacity, Inbound, Wire};
use serde::Serialize;
use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::{mpsc, oneshot, watch};

/// Answers of the store and of HTTP requests on their way to the control loop. Full: the asking task waits, which holds
/// only that answer.
pub const REPLIES_MAX: usize = 4096;
/// The pages see a change within this time; more often would only cost.
const PUBLISH_EVERY: Duration = Duration::from_millis(250);
/// An idle house's times are this fresh.
const REFRESH_EVERY: Duration = Duration::from_secs(1);
/// A snapshot of the Switchboard's state, from which the journal can be replayed.
const SNAPSHOT_EVERY: Duration = Duration::from_secs(600);
/// Calls that are on when the process stops have this long to close their legs.
const STOPS_WITHIN: Duration = Duration::from_secs(2);
/// Messages handled before the loop looks at deadlines again.
const BURST_MAX: usize = 64;

/// The shells that the loop works with.
pub struct Parts {
    pub clock: Clock,
    pub stack: Stack,
    pub switchboard: Switchboard,
    pub wire: Wire,
    pub inbound: mpsc::Receiver<Inbound>,
    pub capacity: Capacity,
    pub shards: Shards,
    pub store: Shared,
    pub writer: Writer,
    pub outbound: Outbound,
    pub metrics: Arc<Metrics>,
    pub disk: Disk,
    /// Where alerts are sent (`alerts.webhook`), beside the log.
    pub alerts: Option<String>,
    /// Who sends them by mail.
    pub mail_alerts: Option<MailAlert>,
    /// The last reload of the flows, if it was refused.
    pub flow_failure: watch::Receiver<Option<Arc<Failure>>>,
    pub admin: mpsc::Receiver<AdminRequest>,
    pub commands: mpsc::Receiver<Order>,
    pub view: watch::Sender<Arc<View>>,
    /// The main runtime: questions are asked there, so that a slow store never holds the loop.
    pub runtime: tokio::runtime::Handle,
    /// The last number of the journal.
    pub journal_seq: u64,
}

/// Takes a subject and a text, and returns at once.
pub type MailAlert = Box<dyn Fn(&str, &str) + Send>;

/// What the program itself orders.
pub enum Order {
    /// New calls begin with these flows; told when they do.
    Adopt(Arc<FlowSet>, oneshot::Sender<()>),
    /// Refuse new calls; `Drained` comes when the last call has ended.
    Drain(oneshot::Sender<()>),
}

struct Control {
    parts: Parts,
    replies_in: mpsc::Sender<Event>,
    outputs: Vec<Output>,
    actions: Vec<Action>,
    /// Inputs of the Switchboard that were caused while another was carried out.
    inputs: VecDeque<Event>,
    waiting_admins: BTreeMap<RequestId, oneshot::Sender<Outcome>>,
    next_admin: RequestId,
    /// The last snapshot's place in the journal.
    snapshot_at: Option<u64>,
    drained: Vec<oneshot::Sender<()>>,
    spans: BTreeMap<CallId, tracing::Span>,
    published: u64,
    published_at: Instant,
    watched: Alerts,
    ladder: Ladder,
}

/// Runs until every sender of events is gone or the process is told to stop.
pub async fn run(mut parts: Parts, mut legs: shard::Events, mut stop: oneshot::Receiver<()>) {
    let (replies_in, mut replies) = mpsc::channel(REPLIES_MAX);
    let clock = parts.clock;
    let mut inbound = std::mem::replace(&mut parts.inbound, mpsc::channel(1).1);
    let mut admin = std::mem::replace(&mut parts.admin, mpsc::channel(1).1);
    let mut commands = std::mem::replace(&mut parts.commands, mpsc::channel(1).1);
    let mut control = Control {
        parts,
        replies_in,
        outputs: Vec::new(),
        actions: Vec::new(),
        inputs: VecDeque::new(),
        waiting_admins: BTreeMap::new(),
        next_admin: RequestId(0),
        snapshot_at: None,
        drained: Vec::new(),
        spans: BTreeMap::new(),
        published: u64::MAX,
        published_at: Instant::ZERO,
        watched: Alerts::default(),
        ladder: Ladder::default(),
    };
    control.keep_states();
    let mut publish = tokio::time::interval(PUBLISH_EVERY);
    publish.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Skip);
    // Before the first input: every replay has a beginning.
    control.snapshot();
    let mut snapshot = tokio::time::interval(SNAPSHOT_EVERY);
    snapshot.reset();
    let mut events: Vec<LegEvent> = Vec::new();
    let mut stopping = None;
    loop {
        // Whoever is still on the line is told, and the records of those calls are written.
        if stopping.is_some_and(|until| control.parts.switchboard.calls() == 0 || clock.mono() >= until) {
            break;
        }
        let deadline = earlier(control.parts.stack.next_timeout(), control.parts.switchboard.next_timeout());
        let deadline = earlier(deadline, stopping);
        let sleep = async {
            match deadline {
                Some(at) => tokio::time::sleep_until(clock.deadline(at).into()).await,
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            biased;
            _ = &mut stop, if stopping.is_none() => {
                stopping = Some(clock.mono() + STOPS_WITHIN);
                let request = control.next_admin.take();
                control.input(Event::Admin { request, what: Admin::Stop });
            }
            came = legs.recv(&mut events) => {
                if let Err(error) = came {
                    tracing::error!(%error, "the media threads cannot be heard");
                    break;
                }
                for event in events.drain(..) {
                    control.input(Event::Leg(event));
                }
            }
            Some(message) = inbound.recv() => {
                control.inbound(message);
                for _ in 1..BURST_MAX {
                    let Ok(message) = inbound.try_recv() else { break };
                    control.inbound(message);
                }
            }
            Some(reply) = replies.recv() => control.input(reply),
            Some(request) = admin.recv() => control.admin(request),
            Some(order) = commands.recv() => control.order(order),
            _ = sleep => {}
            _ = publish.tick() => control.publish(),
            _ = snapshot.tick() => control.snapshot_if_changed(),
        }
        control.timeouts();
        control.settle();
    }
    control.settle();
}

impl Control {
    fn now(&self) -> Now {
        self.parts.clock.now()
    }

    /// Phones that never register are there from the start on, and nothing else would say so to the records.
    fn keep_states(&self) {
        let now = self.now();
        for operator in self.parts.switchboard.view(now).operators {
            let state = OperatorState::parse(operator.state, operator.reason.as_deref());
            if let Some(state) = state.filter(|state| *state != OperatorState::Offline) {
                self.parts.writer.keep(Keep::OperatorState { operator: operator.id, state, at: now.wall });
            }
        }
    }

    fn inbound(&mut self, message: Inbound) {
        let now = self.now();
        let (stack, out) = (&mut self.parts.stack, &mut self.outputs);
        match message {
            Inbound::Message { hop, bytes } => {
                self.ladder.heard(hop, &bytes, now.wall);
                stack.receive(hop, &bytes, now, out);
            }
            Inbound::Unsendable(hop) => stack.unsendable(hop, now, out),
            Inbound::Disconnected(hop) => stack.disconnected(hop, now, out),
        }
        self.drain_stack();
    }

    fn timeouts(&mut self) {
        let now = self.now();
        if self.parts.stack.next_timeout().is_some_and(|at| at <= now.mono) {
            self.parts.stack.handle_timeout(now, &mut self.outputs);
            self.drain_stack();
        }
        if self.parts.switchboard.next_timeout().is_some_and(|at| at <= now.mono) {
            self.input(Event::Tick);
        }
    }

    /// One input of the Switchboard: written to the journal, handled, carried out.
    fn input(&mut self, event: Event) {
        self.inputs.push_back(event);
        while let Some(event) = self.inputs.pop_front() {
            let now = self.now();
            self.parts.journal_seq += 1;
            let input = replay::write(&self.parts.switchboard, &event);
            let begun = match &event {
                Event::Sip(sip::Event::Incoming(invite)) => Some((invite.leg, invite.call_id.clone())),
                _ => None,
            };
            self.parts.switchboard.handle(event, now, &mut self.actions);
            if let Some((leg, call_id)) = begun
                && let Some((call, who)) = self.parts.switchboard.party(leg)
            {
                self.ladder.belongs(&call_id, call, &who);
            }
            self.journal(now, input);
            self.carry_out();
        }
    }

    /// With what the input came to, so that a replay can tell whether it comes to the same.
    fn journal(&mut self, now: Now, input: serde_json::Result<String>) {
        let (seq, decisions) = (self.parts.journal_seq, replay::digest(&self.actions));
        match input {
            Ok(input) => self.parts.writer.append(JournalEntry { seq, now, input, decisions }),
            Err(error) => {
                // A replay would miss it: it can begin again after the snapshot.
                tracing::error!(seq, %error, "an input cannot be written to the journal");
                self.snapshot();
            }
        }
    }

    fn drain_stack(&mut self) {
        let mut outputs = std::mem::take(&mut self.outputs);
        for output in outputs.drain(..) {
            match output {
                Output::Send { hop, bytes } => self.send(hop, bytes),
                Output::Event(event) => self.inputs.push_back(Event::Sip(event)),
            }
        }
        self.outputs = outputs;
        self.settle();
    }

    fn send(&mut self, hop: Hop, bytes: Vec<u8>) {
        self.ladder.sent(hop, &bytes, Clock::wall());
        self.parts.wire.send(hop, bytes);
    }

    /// Handles what was caused on the way, until nothing is left.
    fn settle(&mut self) {
        while let Some(event) = self.inputs.pop_front() {
            self.input(event);
        }
        for event in self.ladder.take() {
            self.parts.writer.keep(Keep::Event(event));
        }
    }

    fn carry_out(&mut self) {
        let mut actions = std::mem::take(&mut self.actions);
        for action in actions.drain(..) {
            self.carry_out_one(action);
        }
        self.actions = actions;
    }

    fn carry_out_one(&mut self, action: Action) {
        match action {
            Action::Sip(command) => {
                let now = self.now();
                let dialled = match &command {
                    sip::Command::Invite(invite) => self.parts.switchboard.party(invite.leg),
                    _ => None,
                };
                self.parts.stack.command(command, now, &mut self.outputs);
                for output in std::mem::take(&mut self.outputs) {
                    match output {
                        Output::Send { hop, bytes } => {
                            self.send(hop, bytes);
                            if let Some((call, who)) = &dialled {
                                self.ladder.last_belongs(*call, who);
                            }
                        }
                        Output::Event(event) => self.inputs.push_back(Event::Sip(event)),
                    }
                }
            }
            // As if the recorder could not write it: the flow takes its `failed` edge, and the caller hears an answer.
            Action::Leg { command: LegCommand::Record { leg, name, .. }, .. }
                if !self.parts.disk.takes_recording() =>
            {
                let (duration, why) = (Duration::ZERO, RecordingEnd::Failed);
                self.inputs.push_back(Event::Leg(LegEvent::Recorded { leg, name, duration, why }));
            }
            Action::Leg { command: LegCommand::RecordTalk { leg, name }, .. }
                if !self.parts.disk.takes_recording() =>
            {
                let duration = Duration::ZERO;
                self.inputs.push_back(Event::Leg(LegEvent::TalkRecorded { leg, name, duration }));
            }
            Action::Leg { shard, command } => {
                // A shard that is this far behind opens no leg within its time, and the call ends for that reason.
                if let Err(error) = self.parts.shards.send(shard, command) {
                    tracing::error!(%error, "a media command was lost");
                }
            }
            Action::Ask(ask) => self.ask(ask),
            Action::Keep(keep) => self.parts.writer.keep(keep),
            Action::Http { request, ask } => {
                let (outbound, replies) = (self.parts.outbound.clone(), self.replies_in.clone());
                self.parts.runtime.spawn(async move {
                    let event = match outbound.http(ask).await {
                        Ok(reply) => Event::HttpReply { request, status: reply.status, body: reply.body },
                        Err(error) => {
                            tracing::warn!(%error, "a flow's request failed");
                            Event::HttpFailed { request }
                        }
                    };
                    let _ = replies.send(event).await;
                });
            }
            Action::Notify { to, body } => self.parts.outbound.notify(&to, body),
            Action::AdminDone { request, outcome } => {
                if let Some(answer) = self.waiting_admins.remove(&request) {
                    let _ = answer.send(outcome);
                }
            }
            // Told with hysteresis, by the figures (`watch`).
            Action::Alert(crate::queue::Alert::PromiseAtRisk { missing }) => {
                tracing::warn!(missing, "the promise is at risk");
            }
            Action::Alert(crate::queue::Alert::PromiseSafe) => tracing::info!("the promise is safe"),
            Action::Alert(alert) => self.alert(&alert, "alert.raised"),
            Action::Happened(happened) => self.happened(&happened),
        }
    }

    /// For those on duty: into the log, and to whom the configuration names.
    fn alert(&self, alert: &impl Serialize, event: &'static str) {
        let (store, data) = (self.parts.store.clone(), serde_json::json!(alert));
        let at = Clock::wall();
        let message = format!("{event}.{}.{}", at.as_millis(), self.parts.journal_seq);
        self.parts.runtime.spawn(async move {
            if let Err(error) = store.tell(event, &message, data, at).await {
                tracing::warn!(%error, "an alert was not put into the outbox of webhooks");
            }
        });
        let alert = serde_json::to_string(alert).unwrap_or_default();
        tracing::warn!(alert, "alert");
        if let Some(to) = &self.parts.alerts {
            self.parts.outbound.notify(to, alert);
        }
    }

    fn look_at_disk(&mut self) {
        let (nearly_full, free) = (self.parts.disk.is_nearly_full(), self.parts.disk.free());
        self.parts.metrics.set_disk(DiskStats { free, nearly_full, refused: self.parts.disk.refused() });
    }

    /// What those on duty should look at, by the same figures that they see.
    fn watch(&mut self, view: &mut View, now: Now) {
        let mut holds = BTreeMap::new();
        let mut pools = BTreeSet::new();
        for queue in &view.queues {
            let waiting: usize = queue.waiting.values().sum();
            if waiting > 0 && queue.operators.ready == 0 && queue.operators.talking == 0 {
                let (name, longest) = (&queue.name, queue.longest_wait_s);
                let text =
                    format!("{waiting} wait in {name}, the longest for {longest:.0} s, and nobody is ready");
                holds.insert((Name::NobodyReady, name.clone()), text);
            }
            if queue.missing > 0 && pools.insert(queue.pool.clone()) {
                let (pool, missing) = (&queue.pool, queue.missing);
                let text = format!("pool {pool} lacks {missing} operators to keep the promise to Priority");
                holds.insert((Name::PromiseAtRisk, pool.clone()), text);
            }
        }
        if let Some(failure) = self.parts.flow_failure.borrow().as_ref() {
            holds.insert((Name::FlowReloadFailed, String::new()), failure.text());
        }
        for arm in &view.arms {
            // Who took an arm out himself need not be told.
            if let Some(withdrawn) = arm.withdrawn.as_ref().filter(|withdrawn| withdrawn.by == arms::BY) {
                let subject = format!("{}/{}/{}", arm.flow, arm.step, arm.arm);
                holds.insert((Name::ArmWithdrawn, subject), withdrawn.reason.clone());
            }
        }
        if view.disk_nearly_full {
            let free = self.parts.disk.free() >> 20;
            let text = format!("{free} MiB are free for recordings: no new one begins");
            holds.insert((Name::DiskNearlyFull, String::new()), text);
        }
        for change in self.watched.look(&holds, now) {
            let (word, event, alert) = match &change {
                Change::Raised(alert) => ("raised", "alert.raised", alert),
                Change::Cleared(alert) => ("cleared", "alert.cleared", alert),
            };
            let (name, subject, text) = (alert.name.as_str(), &alert.subject, &alert.text);
            let body = serde_json::json!({
                "alert": word, "name": name, "subject": subject, "text": text, "since_ms": alert.since,
            });
            self.alert(&body, event);
            if let Some(mail) = &self.parts.mail_alerts {
                mail(&format!("Hotline: {name} {subject} {word}"), text);
            }
        }
        let zone = self.parts.switchboard.zone();
        let shown = |alert: &alerts::Alert| AlertView {
            name: alert.name.as_str(),
            subject: alert.subject.clone(),
            since_at: zone.rfc3339(alert.since),
            cleared_at: alert.until.map(|until| zone.rfc3339(until)),
            text: alert.text.clone(),
        };
        view.alerts = self.watched.active().map(shown).collect();
        view.alerts_recent = self.watched.recent().map(shown).collect();
    }

    fn ask(&self, ask: Ask) {
        let (store, replies) = (self.parts.store.clone(), self.replies_in.clone());
        self.parts.runtime.spawn(async move {
            let answer = crate::store::answer(&*store, ask, ANSWER_WITHIN).await;
            let _ = replies.send(Event::Store(answer)).await;
        });
    }

    fn admin(&mut self, request: AdminRequest) {
        match request {
            AdminRequest::Do(what, answer) => {
                let request = self.next_admin.take();
                self.waiting_admins.insert(request, answer);
                self.input(Event::Admin { request, what });
            }
            AdminRequest::Pass(user, ha1, lasts, answer) => {
                let now = self.now();
                let command = sip::Command::AddPass { user, ha1, until: now.mono + lasts };
                self.parts.stack.command(command, now, &mut self.outputs);
                let _ = answer.send(());
            }
            AdminRequest::Orders(answer) => {
                let orders = self.parts.switchboard.orders().map(|(_, order)| order.clone());
                let _ = answer.send(orders.collect());
            }
            AdminRequest::Why(call, answer) => {
                // Whoever asked may have gone meanwhile.
                let _ = answer.send(self.parts.switchboard.why(call, self.now()));
            }
        }
    }

    fn order(&mut self, order: Order) {
        match order {
            Order::Adopt(flows, done) => {
                let request = self.next_admin.take();
                self.input(Event::Admin { request, what: Admin::Adopt { flows: Adopted(flows) } });
                // Whoever ordered it may have gone meanwhile.
                let _ = done.send(());
            }
            Order::Drain(done) => {
                self.drained.push(done);
                let request = self.next_admin.take();
                self.input(Event::Admin { request, what: Admin::Drain });
            }
        }
    }

    fn happened(&mut self, happened: &Happened) {
        self.parts.metrics.happened(happened);
        match happened {
            Happened::CallStarted { call, line } => {
                let span = tracing::info_span!("call", %call, %line);
                span.in_scope(|| tracing::info!("begun"));
                self.spans.insert(*call, span);
                self.count_calls();
            }
            Happened::CallEnded { call, result, cause, .. } => {
                if let Some(span) = self.spans.remove(call) {
                    span.in_scope(|| {
                        tracing::info!(result = result.as_str(), cause = cause.as_str(), "ended")
                    });
                }
                self.count_calls();
            }
            Happened::Enqueued { call, queue, class } => {
                self.within(call, || tracing::info!(%queue, %class, "waits"));
            }
            Happened::Offered { call, operator } => {
                self.within(call, || tracing::info!(%operator, "offered"))
            }
            Happened::Connected { call, operator, queue, waited, .. } => {
                let waited_ms = waited.as_millis() as u64;
                self.within(call, || tracing::info!(%operator, %queue, waited_ms, "connected"));
            }
            Happened::Abandoned { call, queue, waited, .. } => {
                let waited_ms = waited.as_millis() as u64;
                self.within(call, || tracing::info!(%queue, waited_ms, "left the queue"));
            }
            Happened::Exited { call, queue, exit, .. } => {
                self.within(call, || tracing::info!(%queue, %exit, "queue exit"));
            }
            Happened::OperatorChanged { operator, state } => tracing::info!(%operator, %state, "operator"),
            Happened::ArmWithdrawn { arm, why } => {
                tracing::warn!(%arm, why, "an arm of a split is withdrawn: its callers go to the others");
            }
            Happened::Digit { .. } | Happened::SeatOpened { .. } | Happened::SeatClosed { .. } => {}
        }
    }

    fn within(&self, call: &CallId, log: impl FnOnce()) {
        match self.spans.get(call) {
            Some(span) => span.in_scope(log),
            None => log(),
        }
    }

    fn count_calls(&mut self) {
        self.parts.capacity.set_active(self.parts.switchboard.calls());
    }

    fn publish(&mut self) {
        self.count_calls();
        self.look_at_disk();
        let switchboard = &self.parts.switchboard;
        self.parts.metrics.set_flow_sets(switchboard.flow_sets());
        if switchboard.is_draining() && switchboard.calls() == 0 {
            for done in self.drained.drain(..) {
                let _ = done.send(());
            }
        }
        // Times grow by themselves: the view is fresh at least once a second, and four times while anybody is on the line.
        let now = self.parts.clock.mono();
        let changed = switchboard.version() != self.published || switchboard.calls() > 0;
        if changed || now.since(self.published_at) >= REFRESH_EVERY {
            (self.published, self.published_at) = (switchboard.version(), now);
            let disk_nearly_full = self.parts.disk.is_nearly_full();
            let now = self.now();
            let mut view = View { disk_nearly_full, ..self.parts.switchboard.view(now) };
            self.watch(&mut view, now);
            self.parts.view.send_replace(Arc::new(view));
        }
        if self.parts.writer.take_journal_gap() {
            self.snapshot();
        }
    }

    /// Through a quiet night one snapshot is enough.
    fn snapshot_if_changed(&mut self) {
        if self.snapshot_at != Some(self.parts.journal_seq) {
            self.snapshot();
        }
    }

    fn snapshot(&mut self) {
        let now = self.now();
        self.snapshot_at = Some(self.parts.journal_seq);
        let flow_set = self.parts.switchboard.flow_set().to_string();
        match serde_json::to_vec(&self.parts.switchboard) {
            Ok(state) => {
                self.parts.writer.snapshot(Snapshot { seq: self.parts.journal_seq, now, flow_set, state })
            }
            Err(error) => tracing::error!(%error, "the state could not be written as a snapshot"),
        }
    }
}
