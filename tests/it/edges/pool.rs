//! The dispatcher alone, and what it offers.
use super::*;

pub struct Pool {
    pub dispatcher: Dispatcher,
    pub now: Now,
    pub operators: Vec<(OfferId, String)>,
}

impl Pool {
    pub fn of(operators: &[&str]) -> Pool {
        Pool::with(operators, |_| {})
    }

    /// Operators with a static contact; nobody wraps up.
    pub fn with(operators: &[&str], change: impl Fn(&mut PoolSettings)) -> Pool {
        let mut settings = PoolSettings::default();
        for name in ["wallet", "terminals", "security"] {
            let class = (name == "security").then_some(Class::Security);
            settings.queues.insert(name.into(), QueueSettings { class, ..QueueSettings::default() });
        }
        for id in operators {
            let operator = OperatorSettings {
                queues: settings.queues.keys().cloned().collect(),
                contact: Some("sip:phone@10.0.0.12:5060".into()),
                ..OperatorSettings::default()
            };
            settings.operators.insert(OperatorId::from(*id), operator);
        }
        change(&mut settings);
        let now = Now { mono: Instant::ZERO + seconds(1_000), ..Now::default() };
        Pool { dispatcher: Dispatcher::new(settings, 7), now, operators: Vec::new() }
    }

    pub fn does(&mut self, event: Event) -> Vec<Action> {
        let mut out = Vec::new();
        self.dispatcher.handle(event, self.now, &mut out);
        self.note(&out);
        out
    }

    pub fn note(&mut self, out: &[Action]) {
        for action in out {
            if let Action::Offer { offer, operator, .. } = action {
                self.operators.push((*offer, operator.to_string()));
            }
        }
    }

    pub fn pass(&mut self, by: Duration) -> Vec<Action> {
        let mut all = Vec::new();
        let end = self.now.later(by);
        while let Some(at) = self.dispatcher.next_timeout().filter(|at| *at <= end.mono) {
            self.now = self.now.later(at.since(self.now.mono));
            let mut out = Vec::new();
            self.dispatcher.handle_timeout(self.now, &mut out);
            self.note(&out);
            all.append(&mut out);
        }
        self.now = end;
        all
    }

    pub fn joined(&self, seat: u64, queue: &str, class: Class, skills: &[&str]) -> Event {
        Event::Joined {
            seat: SeatId(seat),
            call: CallId(seat),
            caller: None,
            queue: queue.into(),
            class,
            skills: skills.iter().map(|name| Skill::from(*name)).collect(),
            exits: BTreeSet::new(),
            test: false,
        }
    }

    pub fn joins(&mut self, seat: u64, queue: &str, class: Class) -> Vec<(OfferId, u64)> {
        let joined = self.joined(seat, queue, class, &[]);
        offers(&self.does(joined))
    }

    /// Rings, picks up, speaks.
    pub fn connects(&mut self, offer: OfferId) {
        self.does(Event::Ringing { offer });
        self.does(Event::Accepted { offer });
        self.does(Event::Flowing { offer });
    }

    /// The talk ends, and so does the wrap-up.
    pub fn is_free_again(&mut self, operator: &str) -> Vec<(OfferId, u64)> {
        let talk =
            self.dispatcher.operators(self.now).into_iter().find(|known| known.id.as_str() == operator);
        let offer = talk.and_then(|known| known.offer).expect("he talks");
        let mut out = self.does(Event::CallerGone { offer });
        out.extend(self.does(Event::OperatorGone { offer }));
        out.extend(self.does(Event::EndWrapUp { operator: operator.into() }));
        offers(&out)
    }

    pub fn operator_of(&self, offer: OfferId) -> &str {
        &self.operators.iter().find(|(known, _)| *known == offer).unwrap().1
    }

    pub fn state(&self, operator: &str) -> OperatorState {
        let all = self.dispatcher.operators(self.now);
        all.into_iter().find(|known| known.id.as_str() == operator).unwrap().state
    }
}

pub fn offers(actions: &[Action]) -> Vec<(OfferId, u64)> {
    let offer = |action: &Action| match action {
        Action::Offer { offer, seat, .. } => Some((*offer, seat.0)),
        _ => None,
    };
    actions.iter().filter_map(offer).collect()
}
